// What is known about a source of paths, and what of its paths may enter.

public import Net

/// A source of paths: a session, the static routes of a link, or a tenant's networks.
public struct SourceSettings: Hashable, Sendable {
    /// What kind of source it is. Selection prefers them in this order: originated, static, then
    /// BGP by RFC 4271.
    public enum Kind: UInt8, Hashable, Sendable {
        /// Networks of the tenant's own: announced, never forwarded by.
        case originated
        /// Routes of the files through a link.
        case `static`
        /// A session with another AS.
        case external
        /// A session with our own AS.
        case `internal`
    }

    /// Where its paths live.
    public var space: SpaceID
    /// The circuit it belongs to; 0 for none (a tenant's own networks).
    public var circuit: UInt32
    /// What kind of source it is.
    public var kind: Kind
    /// The peer's address, for a session.
    public var peer: IPAddress?
    /// The peer's BGP identifier, from its OPEN.
    public var routerID: RouterID
    /// The peer's AS.
    public var peerASN: ASN
    /// Our AS towards the peer.
    public var localASN: ASN
    /// The peer, or a static route's gateways: at most one a family. A BGP next hop that is one of
    /// them, or lies in `subnets`, is reached through that gateway's device.
    public var gateways: [GatewayID]
    /// The link's subnets.
    public var subnets: [Prefix]
    /// Our own addresses on the link, which are no next hop.
    public var locals: [IPAddress]
    /// What may enter.
    public var policy: ImportPolicy
    /// Our own identifier, which is no ORIGINATOR_ID and stands in no CLUSTER_LIST (RFC 4456).
    public var localID = RouterID(raw: 0)
    /// The peer is our route reflector's client.
    public var isReflectorClient = false

    /// A source.
    public init(
        space: SpaceID, circuit: UInt32, kind: Kind, peer: IPAddress? = nil,
        routerID: RouterID = RouterID(raw: 0), peerASN: ASN = ASN(0), localASN: ASN = ASN(0),
        gateways: [GatewayID] = [], subnets: [Prefix] = [], locals: [IPAddress] = [],
        policy: ImportPolicy = ImportPolicy()
    ) {
        self.space = space
        self.circuit = circuit
        self.kind = kind
        self.peer = peer
        self.routerID = routerID
        self.peerASN = peerASN
        self.localASN = localASN
        self.gateways = gateways
        self.subnets = subnets
        self.locals = locals
        self.policy = policy
    }
}

/// What of a session's paths may enter.
public struct ImportPolicy: Hashable, Sendable {
    /// What may enter; nil means that nobody said, and nothing enters (RFC 8212).
    public var accept: PrefixFilter?
    /// Whether a default route may enter, if `accept` lets it.
    public var acceptsDefault: Bool
    /// Whether private space is refused.
    public var isPublic: Bool
    /// How often our own AS may stand in the path.
    public var allowOwnAS: UInt8
    /// Preference of what enters; nil is 100, or what an internal peer says.
    public var localPref: UInt32?
    /// The most prefixes that the peer may announce, per family; where it gives several paths for
    /// one, each counts.
    public var limit: UInt32?
    /// What is done to what `accept` lets through; the path may still be refused. Conditions ask
    /// what the peer said; a rule's preference stands above `localPref`.
    public var rules: [RouteRule] = []
    /// Our role: leaks are refused, and unmarked routes are marked (RFC 9234).
    public var role: PeeringRole?
    /// Which equal paths share the traffic with paths of this source.
    public var multipath = Multipath.off
    /// The link is drained: its paths are the last choice.
    public var isDrained = false

    /// A policy.
    public init(
        accept: PrefixFilter? = nil, acceptsDefault: Bool = false, isPublic: Bool = false,
        allowOwnAS: UInt8 = 0, localPref: UInt32? = nil, limit: UInt32? = nil
    ) {
        self.accept = accept
        self.acceptsDefault = acceptsDefault
        self.isPublic = isPublic
        self.allowOwnAS = allowOwnAS
        self.localPref = localPref
        self.limit = limit
    }
}

/// Why a path was not accepted.
public enum Refusal: UInt8, Hashable, Sendable, CustomStringConvertible {
    /// No `accept` was given (RFC 8212).
    case noPolicy
    /// `accept` does not name it.
    case notListed
    /// A default route that nobody asked for.
    case defaultRoute
    /// Never routable: 0/8, 127/8, 169.254/16, multicast, 240/4 and their IPv6 kin.
    case martian
    /// Private space on a public peering.
    case privateSpace
    /// A subnet of a link of ours, or an address of the edge.
    case reserved
    /// Our own AS stands in the path too often.
    case ownAS
    /// The next hop is neither the peer nor in the link's subnet.
    case nextHop
    /// A rule of `import` refuses it.
    case rule
    /// A route leak by its OTC mark (RFC 9234).
    case leak
    /// Our own identifier in ORIGINATOR_ID or CLUSTER_LIST (RFC 4456).
    case loop

    /// A few words for people.
    public var description: String {
        switch self {
        case .noPolicy: "no accept given"
        case .notListed: "not in accept"
        case .defaultRoute: "default route not asked for"
        case .martian: "never routable"
        case .privateSpace: "private space on a public peering"
        case .reserved: "a link's subnet or the edge's own address"
        case .ownAS: "own AS in path"
        case .nextHop: "next hop is not on the link"
        case .rule: "refused by a rule of import"
        case .leak: "route leak: marked only-to-customer"
        case .loop: "reflected back to us"
        }
    }
}
