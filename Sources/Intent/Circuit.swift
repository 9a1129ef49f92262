// circuits/NAME.yaml, validated and resolved: every key stands where it applies, defaults of the
// provider's profile filled in, so that two circuits that mean the same are equal.

public import Net

/// A circuit.
public struct Circuit: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The provider's profile.
    public var provider: String
    /// For people; changes nothing.
    public var note: String
    /// Bits a second, if ordered.
    public var bandwidth: UInt64?
    /// The provider's or our key of the order; not a BGP password.
    public var serviceKey: String?
    /// One or more, by name in the file's order. The short form's only peering is named "".
    public var peerings: [Peering]

    /// All of it.
    public init(
        name: String, provider: String, note: String = "", bandwidth: UInt64? = nil,
        serviceKey: String? = nil, peerings: [Peering]
    ) {
        self.name = name
        self.provider = provider
        self.note = note
        self.bandwidth = bandwidth
        self.serviceKey = serviceKey
        self.peerings = peerings
    }
}

/// What one VLAN pair of a circuit carries.
public struct Peering: Hashable, Sendable {
    /// Whether routes come by BGP, from the file, or both.
    public enum Routing: String, Hashable, Sendable {
        /// BGP only.
        case bgp
        /// The file's routes only.
        case `static`
        /// Both.
        case both
    }

    /// `azure-private`, or "" for the only one.
    public var name: String
    /// The tenant.
    public var tenant: String
    /// Where routes come from.
    public var routing: Routing
    /// Static routes, through every link whose family they have.
    public var routes: [Prefix]
    /// One to eight.
    public var links: [CircuitLink]

    /// All of it.
    public init(
        name: String, tenant: String, routing: Routing = .bgp, routes: [Prefix] = [],
        links: [CircuitLink]
    ) {
        self.name = name
        self.tenant = tenant
        self.routing = routing
        self.routes = routes
        self.links = links
    }
}

/// The tags of a link.
public enum Encapsulation: Hashable, Sendable {
    /// The port itself.
    case untagged
    /// One 802.1Q tag.
    case vlan(VLANID)
    /// An outer tag (its protocol is the port's) and an inner 802.1Q tag.
    case qinq(outer: VLANID, inner: VLANID)
}

/// One subinterface on a port of one edge.
public struct CircuitLink: Hashable, Sendable {
    /// The operator's name for it, such as `primary`.
    public var role: String
    /// The edge whose link it is; nil means every edge that reads the file.
    public var edge: String?
    /// The port's name.
    public var port: String
    /// The tags.
    public var encapsulation: Encapsulation
    /// The MTU; nil leaves the parent's.
    public var mtu: UInt32?
    /// Our addresses, at most one subnet a family.
    public var addresses: [InterfaceAddress]
    /// The other ends: gateways of static routes, and peers of sessions.
    public var peers: [IPAddress]
    /// BGP towards each peer; empty when the peering is static only.
    public var sessions: [SessionSettings]

    /// All of it.
    public init(
        role: String, edge: String? = nil, port: String, encapsulation: Encapsulation,
        mtu: UInt32? = nil, addresses: [InterfaceAddress], peers: [IPAddress],
        sessions: [SessionSettings] = []
    ) {
        self.role = role
        self.edge = edge
        self.port = port
        self.encapsulation = encapsulation
        self.mtu = mtu
        self.addresses = addresses
        self.peers = peers
        self.sessions = sessions
    }
}

/// BGP towards one peer, every key resolved.
public struct SessionSettings: Hashable, Sendable {
    /// Limits on the number of prefixes of one session.
    public struct PrefixLimits: Hashable, Sendable {
        /// The most that the peer may announce, per family.
        public var inbound: UInt32?
        /// The most that we announce, per family.
        public var outbound: UInt32?
        /// Percent of `inbound` at which to warn.
        public var warn: UInt8
        /// How long the session stays down after too many.
        public var holdDown: Duration
        /// Limits.
        public init(
            inbound: UInt32? = nil, outbound: UInt32? = nil, warn: UInt8 = 80,
            holdDown: Duration = .seconds(900)
        ) {
            self.inbound = inbound
            self.outbound = outbound
            self.warn = warn
            self.holdDown = holdDown
        }
    }

    /// A BGP password: where it stands, and a hash of what stands there, so that a changed key is a
    /// changed meaning. The secret itself never enters the model.
    public struct Password: Hashable, Sendable {
        /// The file, relative to the configuration directory.
        public var file: String
        /// A hash of the contents; nil when the file is missing or too open.
        public var digest: UInt64?
        /// A password.
        public init(file: String, digest: UInt64?) {
            self.file = file
            self.digest = digest
        }
    }

    /// BFD towards the peer.
    public struct BFD: Hashable, Sendable {
        /// Wanted transmit and receive interval.
        public var interval: Duration
        /// The detection multiplier.
        public var multiplier: UInt8
        /// BGP waits for BFD.
        public var isStrict: Bool
        /// BFD settings.
        public init(interval: Duration, multiplier: UInt8, isStrict: Bool = false) {
            self.interval = interval
            self.multiplier = multiplier
            self.isStrict = isStrict
        }
    }

    /// Our end.
    public var local: IPAddress
    /// The peer's end.
    public var peer: IPAddress
    /// The port that the peer listens on, and we for it.
    public var port: UInt16
    /// Our AS towards this peer.
    public var localASN: ASN
    /// The peer's AS.
    public var peerASN: ASN
    /// Families carried.
    public var families: Set<Family>
    /// Never dial.
    public var isPassive: Bool
    /// The proposed hold time in seconds: 0, or 3 and more.
    public var holdTime: UInt16
    /// The password, if any.
    public var password: Password?
    /// RFC 5082.
    public var hasTTLSecurity: Bool
    /// RFC 4724, both roles.
    public var hasGracefulRestart: Bool
    /// What may enter; nil means that nobody said, and nothing enters (RFC 8212).
    public var accept: PrefixFilter?
    /// What may leave; nil means the tenant's networks.
    public var advertise: PrefixFilter?
    /// A default route may enter, if `accept` lets it.
    public var acceptsDefault: Bool
    /// A default route may leave, if there is one.
    public var advertisesDefault: Bool
    /// Whether the other end is public, where private space is refused.
    public var isPublic: Bool
    /// Limits.
    public var limits: PrefixLimits
    /// Fewer accepted prefixes than this is degraded.
    public var minPrefixes: UInt32
    /// BFD, if any.
    public var bfd: BFD?
    /// Preference of what enters; nil is 100.
    public var localPref: UInt32?
    /// MED of what leaves.
    public var med: UInt32?
    /// How many more times our AS stands in what leaves.
    public var prepend: UInt8
    /// Communities added to what leaves.
    public var communities: [AnyCommunity]
    /// How often our own AS may stand in what enters.
    public var allowOwnAS: UInt8
    /// Replace the peer's AS by ours in what leaves.
    public var overridesAS: Bool
    /// Remove private AS numbers from what leaves.
    public var removesPrivateAS: Bool
    /// Our role (RFC 9234), if any.
    public var role: PeeringRole?
    /// A peer without a role is refused.
    public var isRoleStrict: Bool
    /// Several paths of a prefix (RFC 7911).
    public var addPath: AddPath
    /// IPv4 routes with IPv6 next hops (RFC 8950).
    public var hasExtendedNextHop: Bool
    /// Which equal paths share the traffic.
    public var multipath: Multipath
    /// An internal peer hears our address as next hop, not the route's own.
    public var isNextHopSelf: Bool
    /// The peer is our route reflector's client (RFC 4456).
    public var isReflectorClient: Bool
    /// Seconds that a peer may keep our routes while we restart.
    public var restartTime: UInt16
    /// How long routes of a lost peer are kept as the last choice (RFC 9494); nil for not at all.
    public var longLived: Duration?
    /// Tell the peer our name and version.
    public var identifies: Bool
    /// Refuse external paths whose first AS is not the peer's.
    public var enforcesFirstAS: Bool
    /// Offer messages of up to 65535 bytes (RFC 8654).
    public var hasExtendedMessages: Bool
    /// Kept down by the operator, with this text for the peer (RFC 9003); nil runs.
    public var shutdown: String?
    /// What is done to routes that enter.
    public var importRules: [RouteRule]
    /// What is done to routes that leave.
    public var exportRules: [RouteRule]

    /// A session with every default.
    public init(
        local: IPAddress, peer: IPAddress, localASN: ASN, peerASN: ASN, families: Set<Family>
    ) {
        self.local = local
        self.peer = peer
        self.localASN = localASN
        self.peerASN = peerASN
        self.families = families
        port = 179
        isPassive = false
        holdTime = 90
        hasTTLSecurity = false
        hasGracefulRestart = true
        acceptsDefault = false
        advertisesDefault = false
        isPublic = false
        limits = PrefixLimits()
        minPrefixes = 1
        prepend = 0
        communities = []
        allowOwnAS = 0
        overridesAS = false
        removesPrivateAS = false
        isRoleStrict = false
        addPath = []
        hasExtendedNextHop = false
        multipath = .off
        isNextHopSelf = true
        isReflectorClient = false
        restartTime = 120
        identifies = false
        enforcesFirstAS = true
        hasExtendedMessages = true
        importRules = []
        exportRules = []
    }

    /// The peer is in our own AS.
    public var isInternal: Bool { localASN == peerASN }
}
