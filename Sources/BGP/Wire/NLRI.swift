// Prefixes as UPDATE carries them: a length in bits and as many bytes as it takes, behind a path
// identifier where that was agreed on (RFC 7911 §3). Bits behind the length are ignored
// (RFC 4271 §4.3); `Prefix4` and `Prefix6` clear them.

import Net

extension [Prefix4] {
    /// Appends the prefixes of a field; false when one is too long or runs past the end.
    mutating func append(decoding field: RawSpan) -> Bool {
        let end = field.byteCount
        var position = 0
        while position < end {
            let length = field[position]
            let size = (Int(length) + 7) >> 3
            position += 1
            guard length <= 32, end - position >= size else { return false }
            var raw: UInt32 = 0
            if end - position >= 4 {
                // In bounds: four bytes are left. What is behind the prefix gets masked off.
                raw = unsafe UInt32(
                    bigEndian: field.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: position, as: UInt32.self))
            } else {
                for index in 0..<size {
                    raw |= UInt32(field[position + index]) << UInt32(24 - 8 * index)
                }
            }
            append(Prefix4(IPv4Address(raw: raw), length: length))
            position += size
        }
        return true
    }
}

extension [Prefix4] {
    /// Appends the prefixes of a field with their path identifiers; false as above.
    mutating func append(decoding field: RawSpan, ids: inout [UInt32]) -> Bool {
        var reader = Reader(field)
        while !reader.isAtEnd {
            guard let id = try? reader.u32(), let length = try? reader.u8(), length <= 32,
                let bytes = try? reader.take((Int(length) + 7) >> 3)
            else { return false }
            var raw: UInt32 = 0
            for index in 0..<bytes.byteCount {
                raw |= UInt32(bytes[index]) << UInt32(24 - 8 * index)
            }
            append(Prefix4(IPv4Address(raw: raw), length: length))
            ids.append(id)
        }
        return true
    }
}

extension [Prefix6] {
    /// Appends the prefixes of a field; false when one is too long or runs past the end.
    mutating func append(decoding field: RawSpan) -> Bool {
        let end = field.byteCount
        var position = 0
        while position < end {
            let length = field[position]
            let size = (Int(length) + 7) >> 3
            position += 1
            guard length <= 128, end - position >= size else { return false }
            append(Prefix6(field.extracting(position..<position + size), length: length))
            position += size
        }
        return true
    }

    /// Appends the prefixes of a field with their path identifiers; false as above.
    mutating func append(decoding field: RawSpan, ids: inout [UInt32]) -> Bool {
        var reader = Reader(field)
        while !reader.isAtEnd {
            guard let id = try? reader.u32(), let length = try? reader.u8(), length <= 128,
                let bytes = try? reader.take((Int(length) + 7) >> 3)
            else { return false }
            append(Prefix6(bytes, length: length))
            ids.append(id)
        }
        return true
    }
}

extension Prefix6 {
    /// From at most 16 bytes.
    fileprivate init(_ bytes: RawSpan, length: UInt8) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<bytes.byteCount {
            let byte = UInt64(bytes[index])
            if index < 8 {
                high |= byte << UInt64(56 - 8 * index)
            } else {
                low |= byte << UInt64(120 - 8 * index)
            }
        }
        self.init(IPv6Address(high: high, low: low), length: length)
    }
}

extension [UInt8] {
    mutating func put(_ prefix: Prefix4) {
        append(prefix.length)
        for index in 0..<(Int(prefix.length) + 7) >> 3 {
            append(UInt8(truncatingIfNeeded: prefix.raw >> UInt32(24 - 8 * index)))
        }
    }

    mutating func put(_ prefix: Prefix6) {
        append(prefix.length)
        for index in 0..<(Int(prefix.length) + 7) >> 3 {
            let word = index < 8 ? prefix.address.high : prefix.address.low
            append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7))))
        }
    }
}
