// Addresses as integers, with strict parsing and canonical printing.

/// An IPv4 address.
public struct IPv4Address: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Host byte order.
    public var raw: UInt32

    /// From host byte order.
    public init(raw: UInt32) { self.raw = raw }

    /// From four octets.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        raw = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Parses four decimal octets; leading zeros are refused, since some read them as octal.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let octet = decimal(part, below: 256), part.utf8.count == 1 || part.first != "0"
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        raw = value
    }

    /// Dotted.
    public var description: String {
        "\(raw >> 24).\(raw >> 16 & 255).\(raw >> 8 & 255).\(raw & 255)"
    }

    /// Numeric order.
    public static func < (a: IPv4Address, b: IPv4Address) -> Bool { a.raw < b.raw }
}

/// An IPv6 address.
public struct IPv6Address: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The first eight bytes.
    public var high: UInt64
    /// The last eight bytes.
    public var low: UInt64

    /// From two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Parses RFC 4291 text (no zone).
    public init?(_ text: String) {
        guard text.utf8.count <= 45, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var text = text
        // An embedded IPv4 tail becomes two groups.
        if let colon = text.lastIndex(of: ":"), text[colon...].contains(".") {
            guard let tail = IPv4Address(String(text[text.index(after: colon)...])) else {
                return nil
            }
            text = text[...colon] + hex(tail.raw >> 16) + ":" + hex(tail.raw & 0xFFFF)
        }
        let halves = text.ranges(of: "::")
        guard halves.count <= 1 else { return nil }
        func groups(_ part: Substring) -> [UInt64]? {
            if part.isEmpty { return [] }
            var result: [UInt64] = []
            for group in part.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(group.utf8.count), group.allSatisfy(\.isHexDigit),
                    let value = UInt64(group, radix: 16)
                else { return nil }
                result.append(value)
            }
            return result
        }
        var words: [UInt64]
        if let gap = halves.first {
            guard let head = groups(text[..<gap.lowerBound]),
                let tail = groups(text[gap.upperBound...]), head.count + tail.count <= 7
            else { return nil }
            words = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let all = groups(text[...]), all.count == 8 else { return nil }
            words = all
        }
        high = words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3]
        low = words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7]
    }

    /// The eight 16-bit groups.
    public var groups: [UInt16] {
        (0..<8).map { position in
            let word = position < 4 ? high : low
            return UInt16(truncatingIfNeeded: word >> UInt64(48 - 16 * (position & 3)))
        }
    }

    /// RFC 5952: lower case, the longest run of two or more zero groups shortened.
    public var description: String {
        let words = groups
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:\(IPv4Address(raw: UInt32(truncatingIfNeeded: low)))"
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, words[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            words[range].map { hex(UInt32($0)) }.joined(separator: ":")
        }
        if best.isEmpty { return text(0..<8) }
        return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }

    /// fe80::/10.
    public var isLinkLocal: Bool { high >> 54 == 0x3FA }

    /// Numeric order.
    public static func < (a: IPv6Address, b: IPv6Address) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}

private func hex(_ value: UInt32) -> String { String(value, radix: 16) }

/// An address of either family.
public enum IPAddress: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// IPv4.
    case v4(IPv4Address)
    /// IPv6.
    case v6(IPv6Address)

    /// Parses either family.
    public init?(_ text: String) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The family.
    public var family: Family {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// The canonical text.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// The bytes in network order: 4 or 16.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let address):
            stride(from: 24, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: address.raw >> UInt32($0))
            }
        case .v6(let address):
            [address.high, address.low].flatMap { word in
                stride(from: 56, through: 0, by: -8).map {
                    UInt8(truncatingIfNeeded: word >> UInt64($0))
                }
            }
        }
    }

    /// From 4 or 16 bytes in network order.
    public init?(bytes: some Collection<UInt8>) {
        func word(_ slice: some Collection<UInt8>) -> UInt64 {
            slice.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4: self = .v4(IPv4Address(raw: UInt32(word(bytes))))
        case 16: self = .v6(IPv6Address(high: word(bytes.prefix(8)), low: word(bytes.suffix(8))))
        default: return nil
        }
    }

    /// IPv4 before IPv6, then numeric.
    public static func < (a: IPAddress, b: IPAddress) -> Bool {
        switch (a, b) {
        case (.v4(let a), .v4(let b)): a < b
        case (.v6(let a), .v6(let b)): a < b
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}
