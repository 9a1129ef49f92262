// Prefixes, canonical from construction: bits behind the length are always zero.

/// An IPv4 prefix in 8 bytes.
public struct Prefix4: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The network, host byte order.
    public let raw: UInt32
    /// 0 to 32.
    public let length: UInt8

    /// Clears the bits behind `length`, which must be at most 32.
    public init(_ address: IPv4Address, length: UInt8) {
        let length = min(length, 32)
        self.raw = address.raw & Prefix4.mask(length)
        self.length = length
    }

    /// The netmask of a length.
    public static func mask(_ length: UInt8) -> UInt32 {
        length == 0 ? 0 : ~0 << (32 - UInt32(min(length, 32)))
    }

    /// The network address.
    public var address: IPv4Address { IPv4Address(raw: raw) }
    /// Whether `other` lies inside or is the same.
    public func contains(_ other: Prefix4) -> Bool {
        other.length >= length && other.raw & Prefix4.mask(length) == raw
    }
    /// `10.0.0.0/8`.
    public var description: String { "\(address)/\(length)" }
    /// By network, then shorter first.
    public static func < (a: Prefix4, b: Prefix4) -> Bool {
        (a.raw, a.length) < (b.raw, b.length)
    }
}

/// An IPv6 prefix.
public struct Prefix6: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The network.
    public let address: IPv6Address
    /// 0 to 128.
    public let length: UInt8

    /// Clears the bits behind `length`, which must be at most 128.
    public init(_ address: IPv6Address, length: UInt8) {
        let length = min(length, 128)
        let mask = Prefix6.mask(length)
        self.address = IPv6Address(high: address.high & mask.high, low: address.low & mask.low)
        self.length = length
    }

    /// The netmask of a length.
    public static func mask(_ length: UInt8) -> IPv6Address {
        func bits(_ count: Int) -> UInt64 {
            count <= 0 ? 0 : count >= 64 ? ~0 : ~0 << UInt64(64 - count)
        }
        return IPv6Address(high: bits(Int(length)), low: bits(Int(length) - 64))
    }

    /// Whether `other` lies inside or is the same.
    public func contains(_ other: Prefix6) -> Bool {
        other.length >= length && Prefix6(other.address, length: length).address == address
    }
    /// `2001:db8::/32`.
    public var description: String { "\(address)/\(length)" }
    /// By network, then shorter first.
    public static func < (a: Prefix6, b: Prefix6) -> Bool {
        (a.address, a.length) < (b.address, b.length)
    }
}

/// A prefix of either family.
public enum Prefix: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// IPv4.
    case v4(Prefix4)
    /// IPv6.
    case v6(Prefix6)

    /// The network that holds `address`; `length` is held to the family's bits.
    public init(_ address: IPAddress, length: UInt8) {
        switch address {
        case .v4(let address): self = .v4(Prefix4(address, length: length))
        case .v6(let address): self = .v6(Prefix6(address, length: length))
        }
    }

    /// Parses `ADDRESS/LENGTH`; refuses bits behind the length.
    public init?(_ text: String) {
        guard let pair = InterfaceAddress(text), pair.network.address == pair.address else {
            return nil
        }
        self = pair.network
    }

    /// The family.
    public var family: Family {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }
    /// The network address.
    public var address: IPAddress {
        switch self {
        case .v4(let prefix): .v4(prefix.address)
        case .v6(let prefix): .v6(prefix.address)
        }
    }
    /// The length.
    public var length: UInt8 {
        switch self {
        case .v4(let prefix): prefix.length
        case .v6(let prefix): prefix.length
        }
    }
    /// Whether `other` lies inside or is the same.
    public func contains(_ other: Prefix) -> Bool {
        switch (self, other) {
        case (.v4(let a), .v4(let b)): a.contains(b)
        case (.v6(let a), .v6(let b)): a.contains(b)
        default: false
        }
    }
    /// Whether `address` lies inside.
    public func contains(_ address: IPAddress) -> Bool {
        contains(Prefix(address, length: UInt8(address.family.addressBits)))
    }
    /// Whether the two share an address.
    public func overlaps(_ other: Prefix) -> Bool { contains(other) || other.contains(self) }
    /// Whether this is 0.0.0.0/0 or ::/0.
    public var isDefault: Bool { length == 0 }
    /// The default route of a family.
    public static func `default`(_ family: Family) -> Prefix {
        switch family {
        case .ipv4: .v4(Prefix4(IPv4Address(raw: 0), length: 0))
        case .ipv6: .v6(Prefix6(IPv6Address(high: 0, low: 0), length: 0))
        }
    }
    /// The canonical text.
    public var description: String { "\(address)/\(length)" }
    /// IPv4 before IPv6, then by network, then shorter first.
    public static func < (a: Prefix, b: Prefix) -> Bool {
        (a.address, a.length) < (b.address, b.length)
    }
}

/// An address with the length of its subnet, as it stands on a device.
public struct InterfaceAddress: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The address.
    public let address: IPAddress
    /// The subnet's length.
    public let length: UInt8

    /// Refuses a length longer than the family's bits.
    public init?(_ address: IPAddress, length: UInt8) {
        guard Int(length) <= address.family.addressBits else { return nil }
        self.address = address
        self.length = length
    }

    /// Parses `ADDRESS/LENGTH`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])),
            let length = decimal(parts[1], below: 129),
            parts[1].utf8.count == 1 || parts[1].first != "0"
        else { return nil }
        self.init(address, length: UInt8(length))
    }

    /// The subnet.
    public var network: Prefix { Prefix(address, length: length) }
    /// `10.0.0.1/24`.
    public var description: String { "\(address)/\(length)" }
    /// By address, then length.
    public static func < (a: InterfaceAddress, b: InterfaceAddress) -> Bool {
        (a.address, a.length) < (b.address, b.length)
    }
}
