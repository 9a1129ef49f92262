// The answers of /v1/circuits/NAME/routes and /v1/tenants/NAME/routes.

/// One page of routes.
public struct RoutesReply: Hashable, Codable, Sendable {
    /// What was looked at.
    public var view: RouteView
    /// The rows, in the order of prefixes.
    public var routes: [RouteRow]
    /// How many there are on all pages.
    public var total: Int
    /// `?after=` of the next page; nil on the last.
    public var next: String?

    /// A page.
    public init(view: RouteView, routes: [RouteRow], total: Int, next: String? = nil) {
        self.view = view
        self.routes = routes
        self.total = total
        self.next = next
    }
}

/// One path to one prefix.
public struct RouteRow: Hashable, Codable, Sendable {
    /// Where the kernel stands with it.
    public enum KernelState: String, Hashable, Codable, Sendable {
        /// Acknowledged.
        case installed
        /// On its way.
        case pending
        /// Refused, or a foreign route is in its place.
        case refused
    }

    /// `10.30.0.0/16`.
    public var prefix: String
    /// `ipv4` or `ipv6`.
    public var family: String
    /// The circuit that it came from or goes to; empty for what the tenant originates.
    public var circuit: String
    /// The link, with its peering before it where the circuit has several.
    public var link: String
    /// The peer; nil for static and originated routes.
    public var peer: String?
    /// The gateway.
    public var nextHop: String?
    /// `64512 12076 {64600}`, empty for our own.
    public var asPath: String
    /// `igp`, `egp`, `incomplete`, `static`, `network`.
    public var origin: String
    /// The MED.
    public var med: UInt32?
    /// The preference.
    public var localPref: UInt32?
    /// Standard communities, as people write them.
    public var communities: [String]
    /// Large communities.
    public var largeCommunities: [String]
    /// Extended communities.
    public var extendedCommunities: [String]
    /// ONLY_TO_CUSTOMER (RFC 9234).
    public var onlyToCustomer: UInt32?
    /// ORIGINATOR_ID (RFC 4456).
    public var originatorID: String?
    /// CLUSTER_LIST (RFC 4456).
    public var clusterList: [String]
    /// The path identifier (RFC 7911); nil where the peer gives one path only.
    public var pathID: UInt32?
    /// Chosen for forwarding, alone or among others.
    public var best: Bool
    /// Shares the traffic of the prefix with the best, or is the best among several that do.
    public var shares: Bool
    /// Left from before a restart, and not confirmed yet.
    public var stale: Bool
    /// Left for long by a peer that is gone, and the last choice (RFC 9494).
    public var longLived: Bool
    /// The kernel's side of the best row; nil where the row is not for the kernel.
    public var kernel: KernelState?
    /// Why it is not accepted, not best, or not in the kernel.
    public var reason: String?

    /// All of it.
    public init(
        prefix: String, family: String, circuit: String = "", link: String = "",
        peer: String? = nil, nextHop: String? = nil, asPath: String = "", origin: String = "igp",
        med: UInt32? = nil, localPref: UInt32? = nil, communities: [String] = [],
        largeCommunities: [String] = [], extendedCommunities: [String] = [],
        onlyToCustomer: UInt32? = nil, originatorID: String? = nil, clusterList: [String] = [],
        pathID: UInt32? = nil, best: Bool = false, shares: Bool = false, stale: Bool = false,
        longLived: Bool = false, kernel: KernelState? = nil, reason: String? = nil
    ) {
        self.prefix = prefix
        self.family = family
        self.circuit = circuit
        self.link = link
        self.peer = peer
        self.nextHop = nextHop
        self.asPath = asPath
        self.origin = origin
        self.med = med
        self.localPref = localPref
        self.communities = communities
        self.largeCommunities = largeCommunities
        self.extendedCommunities = extendedCommunities
        self.onlyToCustomer = onlyToCustomer
        self.originatorID = originatorID
        self.clusterList = clusterList
        self.pathID = pathID
        self.best = best
        self.shares = shares
        self.stale = stale
        self.longLived = longLived
        self.kernel = kernel
        self.reason = reason
    }
}

extension RouteRow {
    /// Communities of all kinds.
    public var allCommunities: [String] { communities + largeCommunities + extendedCommunities }
}
