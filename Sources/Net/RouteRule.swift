// The rules of a circuit's policy, shared by whoever reads the files and whoever filters routes.
// A list of rules is applied in order to what the prefix lists let through: a rule whose
// conditions all hold refuses the route and ends, or changes it and goes on to the next.

/// One rule of `import` or `export`.
public struct RouteRule: Hashable, Sendable {
    /// Only these prefixes; nil for all.
    public var prefixes: PrefixFilter?
    /// Only paths that contain any of these AS numbers; empty for all.
    public var pathContains: [ASN]
    /// Only paths longer than this, as selection counts.
    public var pathLongerThan: UInt16?
    /// Only paths shorter than this.
    public var pathShorterThan: UInt16?
    /// Only routes that began in one of these AS; empty for all.
    public var originAS: [ASN]
    /// Only routes with a community that any of these means; empty for all.
    public var communities: [CommunityPattern]

    /// The route does not pass, and no later rule is asked.
    public var isRefusal: Bool
    /// LOCAL_PREF from now on.
    public var localPref: UInt32?
    /// MULTI_EXIT_DISC from now on.
    public var med: UInt32?
    /// How many more times an AS stands in front: ours in what leaves, the peer's in what enters.
    public var prepend: UInt8
    /// Communities that go, before others come.
    public var removes: [CommunityPattern]
    /// Communities that come.
    public var adds: [AnyCommunity]

    /// A rule that holds for all and changes nothing.
    public init() {
        pathContains = []
        originAS = []
        communities = []
        isRefusal = false
        prepend = 0
        removes = []
        adds = []
    }
}

/// Which equal paths share the traffic of a prefix.
public enum Multipath: String, Hashable, CaseIterable, Sendable, CustomStringConvertible {
    /// None: the best path alone.
    case off
    /// Those of the links of one circuit.
    case links
    /// Those of all circuits of the tenant that say so.
    case circuits

    /// The word in files.
    public var description: String { rawValue }
}

/// Our role towards a peer (RFC 9234), with its number on the wire.
public enum PeeringRole: UInt8, Hashable, CaseIterable, Sendable, CustomStringConvertible {
    /// The peer is our customer.
    case provider = 0
    /// We are a route server.
    case routeServer = 1
    /// The peer is a route server.
    case routeServerClient = 2
    /// The peer is our provider.
    case customer = 3
    /// Neither pays the other.
    case peer = 4

    /// The word in files.
    public var description: String {
        switch self {
        case .provider: "provider"
        case .routeServer: "rs"
        case .routeServerClient: "rs-client"
        case .customer: "customer"
        case .peer: "peer"
        }
    }

    /// The role that the other side must have.
    public var counterpart: PeeringRole {
        switch self {
        case .provider: .customer
        case .customer: .provider
        case .routeServer: .routeServerClient
        case .routeServerClient: .routeServer
        case .peer: .peer
        }
    }
}

/// Directions in which a session carries several paths of a prefix (RFC 7911).
public struct AddPath: OptionSet, Hashable, Sendable {
    /// The bits, as on the wire.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// We take several.
    public static let receive = AddPath(rawValue: 1)
    /// We send several.
    public static let send = AddPath(rawValue: 2)
}
