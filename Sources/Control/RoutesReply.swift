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
    /// As people write them.
    public var communities: [String]
    /// Chosen for forwarding, alone or among others.
    public var best: Bool
    /// Left from before a restart, and not confirmed yet.
    public var stale: Bool
    /// The kernel's side of the best row; nil where the row is not for the kernel.
    public var kernel: KernelState?
    /// Why it is not accepted, not best, or not in the kernel.
    public var reason: String?

    /// All of it.
    public init(
        prefix: String, family: String, circuit: String = "", link: String = "",
        peer: String? = nil, nextHop: String? = nil, asPath: String = "", origin: String = "igp",
        med: UInt32? = nil, localPref: UInt32? = nil, communities: [String] = [],
        best: Bool = false, stale: Bool = false, kernel: KernelState? = nil, reason: String? = nil
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
        self.best = best
        self.stale = stale
        self.kernel = kernel
        self.reason = reason
    }
}
