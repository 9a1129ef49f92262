// The types of path attributes we know by name.

/// The type of a path attribute.
public struct AttributeCode: RawRepresentable, Hashable, Comparable, Sendable {
    /// The type octet.
    public var rawValue: UInt8
    /// Any type octet.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ORIGIN.
    public static let origin = AttributeCode(rawValue: 1)
    /// AS_PATH.
    public static let asPath = AttributeCode(rawValue: 2)
    /// NEXT_HOP.
    public static let nextHop = AttributeCode(rawValue: 3)
    /// MULTI_EXIT_DISC.
    public static let med = AttributeCode(rawValue: 4)
    /// LOCAL_PREF.
    public static let localPref = AttributeCode(rawValue: 5)
    /// ATOMIC_AGGREGATE.
    public static let atomicAggregate = AttributeCode(rawValue: 6)
    /// AGGREGATOR.
    public static let aggregator = AttributeCode(rawValue: 7)
    /// COMMUNITIES (RFC 1997).
    public static let communities = AttributeCode(rawValue: 8)
    /// ORIGINATOR_ID (RFC 4456).
    public static let originatorID = AttributeCode(rawValue: 9)
    /// CLUSTER_LIST (RFC 4456).
    public static let clusterList = AttributeCode(rawValue: 10)
    /// MP_REACH_NLRI (RFC 4760).
    public static let mpReach = AttributeCode(rawValue: 14)
    /// MP_UNREACH_NLRI (RFC 4760).
    public static let mpUnreach = AttributeCode(rawValue: 15)
    /// EXTENDED COMMUNITIES (RFC 4360).
    public static let extendedCommunities = AttributeCode(rawValue: 16)
    /// AS4_PATH (RFC 6793).
    public static let as4Path = AttributeCode(rawValue: 17)
    /// AS4_AGGREGATOR (RFC 6793).
    public static let as4Aggregator = AttributeCode(rawValue: 18)
    /// LARGE_COMMUNITY (RFC 8092).
    public static let largeCommunities = AttributeCode(rawValue: 32)
    /// ONLY_TO_CUSTOMER (RFC 9234).
    public static let onlyToCustomer = AttributeCode(rawValue: 35)

    /// By number.
    public static func < (a: AttributeCode, b: AttributeCode) -> Bool { a.rawValue < b.rawValue }
}

extension AttributeCode: CustomStringConvertible {
    /// The name of the RFC, or `attribute 99`.
    public var description: String {
        switch rawValue {
        case 1: "ORIGIN"
        case 2: "AS_PATH"
        case 3: "NEXT_HOP"
        case 4: "MULTI_EXIT_DISC"
        case 5: "LOCAL_PREF"
        case 6: "ATOMIC_AGGREGATE"
        case 7: "AGGREGATOR"
        case 8: "COMMUNITIES"
        case 9: "ORIGINATOR_ID"
        case 10: "CLUSTER_LIST"
        case 14: "MP_REACH_NLRI"
        case 15: "MP_UNREACH_NLRI"
        case 16: "EXTENDED_COMMUNITIES"
        case 17: "AS4_PATH"
        case 18: "AS4_AGGREGATOR"
        case 32: "LARGE_COMMUNITY"
        case 35: "ONLY_TO_CUSTOMER"
        default: "attribute \(rawValue)"
        }
    }
}

/// The flag bits of a path attribute.
enum AttributeFlags {
    static let optional: UInt8 = 0x80
    static let transitive: UInt8 = 0x40
    static let partial: UInt8 = 0x20
    static let extendedLength: UInt8 = 0x10
}
