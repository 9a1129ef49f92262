// Path attributes as one value, for policy, origination and display. The hot path keeps the
// canonical bytes instead: attributes ascending by type, without next hops, AS_PATH with 4-octet
// numbers, the shortest length field for what we know. Equal sets have equal bytes.

public import Net

/// ORIGIN: how the route came into BGP; lower is better.
public enum Origin: UInt8, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Originated by an interior protocol or configuration.
    case igp = 0
    /// Learned from EGP.
    case egp = 1
    /// Otherwise.
    case incomplete = 2

    /// Lower is better.
    public static func < (a: Origin, b: Origin) -> Bool { a.rawValue < b.rawValue }
    /// The usual name.
    public var description: String {
        switch self {
        case .igp: "igp"
        case .egp: "egp"
        case .incomplete: "incomplete"
        }
    }
}

/// The path attributes of a route, without its next hop.
public struct PathAttributes: Hashable, Sendable {
    /// ORIGIN.
    public var origin: Origin
    /// AS_PATH.
    public var asPath: ASPath
    /// MULTI_EXIT_DISC.
    public var med: UInt32?
    /// LOCAL_PREF.
    public var localPref: UInt32?
    /// ATOMIC_AGGREGATE.
    public var atomicAggregate: Bool
    /// AGGREGATOR.
    public var aggregator: Aggregator?
    /// COMMUNITIES, in the order received.
    public var communities: [Community]
    /// ORIGINATOR_ID.
    public var originatorID: RouterID?
    /// CLUSTER_LIST.
    public var clusterList: [RouterID]
    /// Extended communities, in the order received.
    public var extendedCommunities: [ExtendedCommunity]
    /// Large communities, in the order received.
    public var largeCommunities: [LargeCommunity]
    /// ONLY_TO_CUSTOMER (RFC 9234).
    public var onlyToCustomer: ASN?
    /// Transitive attributes of other types, ascending by type, whole as they go to the wire.
    public var unknown: [RawAttribute]
    /// Types among the optional transitive ones above that somebody passed on without knowing.
    public var partial: Set<AttributeCode>

    /// Who aggregated the route.
    public struct Aggregator: Hashable, Sendable {
        /// Its AS.
        public var asn: ASN
        /// Its identifier.
        public var id: RouterID
        /// An aggregator.
        public init(asn: ASN, id: RouterID) {
            self.asn = asn
            self.id = id
        }
    }

    /// An attribute nobody looks into: flags, type, length and value.
    public struct RawAttribute: Hashable, Sendable {
        /// The whole attribute.
        public let bytes: [UInt8]
        /// Its type.
        public var code: AttributeCode { AttributeCode(rawValue: bytes.count > 1 ? bytes[1] : 0) }
        init(bytes: [UInt8]) { self.bytes = bytes }
    }

    /// Attributes of a route that begins here.
    public init(origin: Origin = .igp, asPath: ASPath = ASPath()) {
        self.origin = origin
        self.asPath = asPath
        atomicAggregate = false
        communities = []
        clusterList = []
        extendedCommunities = []
        largeCommunities = []
        unknown = []
        partial = []
    }
}
