// The prefixes of the test: every case has its own, so that the good peers can tell what became of
// each while hundreds run at once.

/// A prefix as a key: its family and bits, masked.
struct Route: Hashable, Sendable, CustomStringConvertible {
    var isV6: Bool
    var length: UInt8
    var high: UInt64
    var low: UInt64

    /// Reads one prefix of a field, or nothing when it does not stand there whole.
    init?(reading bytes: ArraySlice<UInt8>, isV6: Bool, used: inout Int) {
        guard let length = bytes.first, length <= (isV6 ? 128 : 32) else { return nil }
        let size = (Int(length) + 7) / 8
        guard bytes.count > size else { return nil }
        self.isV6 = isV6
        self.length = length
        high = 0
        low = 0
        for (index, byte) in bytes.dropFirst().prefix(size).enumerated() {
            if index < 8 {
                high |= UInt64(byte) << UInt64(56 - 8 * index)
            } else {
                low |= UInt64(byte) << UInt64(120 - 8 * index)
            }
        }
        used += 1 + size
    }

    /// From the bytes of one prefix.
    init(_ bytes: Bytes, isV6: Bool = false) {
        var used = 0
        guard let route = Route(reading: bytes[...], isV6: isV6, used: &used) else {
            preconditionFailure("not a prefix: \(bytes)")
        }
        self = route
    }

    var isHost: Bool { !isV6 && length == 32 }
    /// The second octet.
    var block: Int { Int(high >> 48 & 255) }

    var description: String {
        if !isV6 {
            let octets = [56, 48, 40, 32].map { String(high >> $0 & 255) }
            return octets.joined(separator: ".") + "/\(length)"
        }
        let words = [48, 32, 16, 0].map { String(high >> $0 & 0xFFFF, radix: 16) }
        return words.joined(separator: ":") + "::/\(length)"
    }
}

/// Where one case stands: its address and its prefixes.
struct Place: Sendable {
    /// From 0.
    let number: Int
    /// The hostile peer's own address.
    var address: Bytes
    /// The daemon's on the same link.
    let edge: Bytes

    init(_ number: Int, _ link: HostileLink) {
        self.number = number
        edge = [10, link.block, 0, 1]
        address = [10, edge[1], UInt8(4 + number / 200), UInt8(10 + number % 200)]
    }

    /// 10.(100 + n / 256).(n % 256).0/24, as in a field.
    var field: Bytes { [24, 10, UInt8(100 + number / 256), UInt8(number & 255)] }
    /// fd10:n::/32
    var field6: Bytes { [32, 0xFD, 0x10] + u16(number) }
    /// What is announced last, to see that all before it was read.
    var probe: Bytes { [24, 10, UInt8(110 + number / 256), UInt8(number & 255)] }

    var route: Route { Route(field) }
    var route6: Route { Route(field6, isV6: true) }
}
