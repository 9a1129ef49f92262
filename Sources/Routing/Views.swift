// What the control API and health read: snapshots, sorted, never live state.

public import Net

/// Numbers of prefixes, per family.
public struct PrefixCounts: Hashable, Sendable {
    /// IPv4.
    public var ipv4: UInt32
    /// IPv6.
    public var ipv6: UInt32

    /// Two numbers.
    public init(ipv4: UInt32 = 0, ipv6: UInt32 = 0) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }

    /// One of them.
    public subscript(family: Family) -> UInt32 {
        get { family == .ipv4 ? ipv4 : ipv6 }
        set { if family == .ipv4 { ipv4 = newValue } else { ipv6 = newValue } }
    }

    /// Both.
    public var total: UInt32 { ipv4 &+ ipv6 }
}

/// Which paths of a source to show.
public enum PathView: Hashable, Sendable {
    /// All that the peer announces.
    case received
    /// Those that entered.
    case accepted
}

/// Why a path stands behind the one before it.
public enum SelectionReason: UInt8, Hashable, Sendable, CustomStringConvertible {
    /// It stands first, alone.
    case only
    /// Originated before static before BGP.
    case kind
    /// Kept over a long restart (RFC 9494).
    case longLived
    /// Lower LOCAL_PREF.
    case localPref
    /// Longer AS_PATH.
    case pathLength
    /// Worse ORIGIN.
    case origin
    /// Higher MULTI_EXIT_DISC from the same neighbour AS.
    case med
    /// Internal behind external.
    case `internal`
    /// Higher BGP identifier.
    case routerID
    /// Longer CLUSTER_LIST (RFC 4456 §9).
    case clusterLength
    /// Higher peer address.
    case peerAddress
    /// All equal: the later source, and of one source the higher path identifier.
    case source
    /// Equal as far as it matters: it shares the traffic with the best.
    case multipath

    /// A few words for people.
    public var description: String {
        switch self {
        case .only: "only path"
        case .kind: "kind of source"
        case .longLived: "long-lived stale"
        case .localPref: "local preference"
        case .pathLength: "AS path length"
        case .origin: "origin"
        case .med: "MED"
        case .internal: "external before internal"
        case .routerID: "router id"
        case .clusterLength: "cluster list length"
        case .peerAddress: "peer address"
        case .source: "order of sources"
        case .multipath: "shares the traffic"
        }
    }
}

/// One path as people see it.
public struct PathEntry: Hashable, Sendable {
    /// The prefix.
    public var prefix: Prefix
    /// Who gave it.
    public var source: SourceID
    /// What tells paths of one source apart (RFC 7911); 0 where it gives one only.
    public var pathID: UInt32
    /// The BGP next hop, if there is one.
    public var nextHop: IPAddress?
    /// Canonical path attributes (`PathAttributes(canonical:)`): in the view of what is received
    /// as the peer said them, else as they became.
    public var attributes: [UInt8]
    /// What selection compares: LOCAL_PREF, or what the operator says in its place.
    public var localPref: UInt32
    /// Where packets go.
    public var gateway: GatewayID?
    /// Why it did not enter; nil when accepted.
    public var refusal: Refusal?
    /// Kept from before the peer's restart.
    public var isStale: Bool
    /// Stale for so long that it is the last choice (RFC 9494).
    public var isLongLived: Bool
    /// Whether it is the best of its prefix.
    public var isBest: Bool
    /// Whether it is one of several that share the traffic of the prefix, the best included.
    public var isMultipath = false
    /// Whether the kernel's route for the prefix leads to its gateway, alone or among others.
    public var isActive = false
    /// For a best path: the step that put the first one behind it that does not share its
    /// traffic; else the step that put it behind the one before.
    public var reason: SelectionReason?
    /// For a best path: whether the kernel acknowledged a route for the prefix.
    public var isInKernel: Bool
}

/// One announcement as people see it.
public struct AdvertisedEntry: Hashable, Sendable {
    /// The prefix.
    public var prefix: Prefix
    /// Who gave it to us.
    public var source: SourceID
    /// What tells it from other paths of the prefix (RFC 7911); 0 where there is one only.
    public var pathID: UInt32
    /// Canonical path attributes as they leave.
    public var attributes: [UInt8]
    /// The next hop as it leaves.
    public var nextHop: IPAddress
}

/// What is between us and the kernel, for health and metrics.
public struct ForwardingStatus: Hashable, Sendable {
    /// Routes that the kernel acknowledged, the unreachable ones included.
    public var installed = 0
    /// Rows that wait to be written.
    public var queued = 0
    /// Steps that were handed out and not answered.
    public var inFlight = 0
    /// Rows that failed and wait for their time.
    public var failing = 0
    /// Rows shadowed by a foreign route.
    public var conflicts = 0
    /// Nexthop groups of ours in the kernel.
    public var groups = 0
    /// Single nexthops of ours in the kernel.
    public var singles = 0
    /// The last refusal of the kernel, for people.
    public var lastError: KernelError?

    /// Nothing at all.
    public init() {}

    /// Nothing is queued, in flight or failing.
    public var isSettled: Bool { queued == 0 && inFlight == 0 && failing == 0 }
}
