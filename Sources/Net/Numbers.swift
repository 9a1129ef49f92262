// Integers that must not be mixed up.

/// An address family that BGP carries and the kernel routes.
public enum Family: UInt8, Hashable, Comparable, CaseIterable, Sendable, CustomStringConvertible {
    /// IPv4 unicast.
    case ipv4 = 4
    /// IPv6 unicast.
    case ipv6 = 6

    /// IPv4 before IPv6.
    public static func < (a: Family, b: Family) -> Bool { a.rawValue < b.rawValue }

    /// `ipv4` or `ipv6`, as in files and replies.
    public var description: String { self == .ipv4 ? "ipv4" : "ipv6" }

    /// Bits of an address.
    public var addressBits: Int { self == .ipv4 ? 32 : 128 }
}

/// An autonomous system number.
public struct ASN: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public var rawValue: UInt32
    /// The number as it is; 0 is representable because a peer may say it.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The number as it is.
    public init(_ value: UInt32) { rawValue = value }
    /// Parses `64600` (asplain) or `1.10` (asdot).
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 2, let high = decimal(parts[0], below: 0x1_0000),
            let low = decimal(parts[1], below: 0x1_0000)
        {
            rawValue = UInt32(high << 16 | low)
        } else if parts.count == 1, let value = decimal(parts[0], below: 0x1_0000_0000) {
            rawValue = UInt32(value)
        } else {
            return nil
        }
    }
    /// What a 2-octet speaker sees in place of a 4-octet number.
    public static let transition = ASN(23456)
    /// Whether the number is reserved for private use (RFC 6996).
    public var isPrivate: Bool {
        (64512...65534).contains(rawValue) || (4_200_000_000...4_294_967_294).contains(rawValue)
    }
    /// Decimal.
    public var description: String { String(rawValue) }
    /// Numeric order.
    public static func < (a: ASN, b: ASN) -> Bool { a.rawValue < b.rawValue }
}

/// A BGP identifier, written like an IPv4 address.
public typealias RouterID = IPv4Address

/// A VLAN's number, 1 to 4094.
public struct VLANID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: UInt16
    /// Refuses what cannot be a VLAN.
    public init?(rawValue: UInt16) {
        guard (1...4094).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }
    /// Decimal.
    public var description: String { String(rawValue) }
    /// Numeric order.
    public static func < (a: VLANID, b: VLANID) -> Bool { a.rawValue < b.rawValue }
}

/// The EtherType of a VLAN tag that the kernel can make.
public enum TagProtocol: UInt16, Hashable, Sendable, CustomStringConvertible {
    /// 802.1Q.
    case dot1q = 0x8100
    /// 802.1ad.
    case dot1ad = 0x88A8

    /// The name used in files.
    public var description: String { self == .dot1q ? "802.1q" : "802.1ad" }
}

/// One VLAN tag.
public struct VLANTag: Hashable, Sendable, CustomStringConvertible {
    /// Its EtherType.
    public var tagProtocol: TagProtocol
    /// Its number.
    public var id: VLANID
    /// A tag.
    public init(_ tagProtocol: TagProtocol, _ id: VLANID) {
        self.tagProtocol = tagProtocol
        self.id = id
    }
    /// `802.1q 100`.
    public var description: String { "\(tagProtocol) \(id)" }
}

/// A kernel routing table.
public struct TableID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public var rawValue: UInt32
    /// The number as it is.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The number as it is.
    public init(_ value: UInt32) { rawValue = value }
    /// The main table.
    public static let main = TableID(254)
    /// Decimal.
    public var description: String { String(rawValue) }
    /// Numeric order.
    public static func < (a: TableID, b: TableID) -> Bool { a.rawValue < b.rawValue }
}

/// The kernel's number of a device, in one network namespace.
public struct InterfaceIndex: RawRepresentable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    /// The number; 0 is none.
    public var rawValue: Int32
    /// The number as it is.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// The number as it is.
    public init(_ value: Int32) { rawValue = value }
    /// No device.
    public static let none = InterfaceIndex(0)
    /// Decimal.
    public var description: String { String(rawValue) }
    /// Numeric order.
    public static func < (a: InterfaceIndex, b: InterfaceIndex) -> Bool {
        a.rawValue < b.rawValue
    }
}

/// The kernel's number of a nexthop object.
public struct NextHopID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number; 0 is none.
    public var rawValue: UInt32
    /// The number as it is.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The number as it is.
    public init(_ value: UInt32) { rawValue = value }
    /// No object.
    public static let none = NextHopID(0)
    /// Decimal, as `ip nexthop` prints it.
    public var description: String { String(rawValue) }
    /// Numeric order.
    public static func < (a: NextHopID, b: NextHopID) -> Bool { a.rawValue < b.rawValue }
}

/// A plain decimal number below `limit`: no sign, no spaces, no empty text.
public func decimal(_ text: some StringProtocol, below limit: UInt64) -> UInt64? {
    guard !text.isEmpty, text.utf8.count <= 19 else { return nil }
    var value: UInt64 = 0
    for byte in text.utf8 {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + UInt64(byte - 0x30)
    }
    return value < limit ? value : nil
}
