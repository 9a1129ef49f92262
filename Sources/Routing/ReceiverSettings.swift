// What is known about a session that we announce to, and what may leave through it.

public import Net

/// A session that we announce to.
public struct ReceiverSettings: Hashable, Sendable {
    /// Whose routes it gets.
    public var space: SpaceID
    /// The circuit it belongs to: nothing goes back into the circuit it came from.
    public var circuit: UInt32
    /// The families negotiated.
    public var families: Set<Family>
    /// What the peer hears as next hop of IPv4 routes: our address on the link. Without one, no
    /// IPv4 route is announced.
    public var nextHop4: IPv4Address?
    /// What the peer hears as next hop of IPv6 routes. Without one, no IPv6 route is announced.
    public var nextHop6: IPv6Address?
    /// The link-local address that goes with it.
    public var linkLocal6: IPv6Address?
    /// The tenant's own networks; nil means all that are originated in the space.
    public var origin: SourceID?
    /// Whether the peer speaks 4-octet AS numbers.
    public var hasFourOctetASN: Bool
    /// The longest message that the peer takes: 4096, or 65535 with RFC 8654.
    public var messageLimit: Int
    /// What may leave.
    public var policy: ExportPolicy
    /// Families that carry several paths of a prefix (RFC 7911).
    public var addPath: Set<Family> = []
    /// IPv4 routes may leave with an IPv6 next hop (RFC 8950).
    public var hasExtendedNextHop = false
    /// Our own identifier, for CLUSTER_LIST (RFC 4456).
    public var localID = RouterID(raw: 0)
    /// The peer knows long-lived stale routes (RFC 9494).
    public var knowsLongLived = false
    /// The source of the same session. Where it is known, a route reflector passes routes on
    /// inside a circuit too: to all its sessions but the one they came from.
    public var session: SourceID?

    /// A receiver.
    public init(
        space: SpaceID, circuit: UInt32, families: Set<Family>, nextHop4: IPv4Address? = nil,
        nextHop6: IPv6Address? = nil, linkLocal6: IPv6Address? = nil, origin: SourceID? = nil,
        hasFourOctetASN: Bool = true, messageLimit: Int = 4096,
        policy: ExportPolicy
    ) {
        self.space = space
        self.circuit = circuit
        self.families = families
        self.nextHop4 = nextHop4
        self.nextHop6 = nextHop6
        self.linkLocal6 = linkLocal6
        self.origin = origin
        self.hasFourOctetASN = hasFourOctetASN
        self.messageLimit = messageLimit
        self.policy = policy
    }
}

/// What may leave, and how it is dressed.
public struct ExportPolicy: Hashable, Sendable {
    /// A circuit whose routes may pass to the receiver.
    public struct Exchange: Hashable, Sendable {
        /// The circuit whose routes pass.
        public var circuit: UInt32
        /// Which of them; nil for all.
        public var prefixes: PrefixFilter?
        /// A leave.
        public init(circuit: UInt32, prefixes: PrefixFilter? = nil) {
            self.circuit = circuit
            self.prefixes = prefixes
        }
    }

    /// Circuits whose routes may pass.
    public var exchange: [Exchange]
    /// What may leave; nil means what the tenant originates, and nothing else.
    public var advertise: PrefixFilter?
    /// Our AS towards the peer.
    public var localASN: ASN
    /// The peer's AS.
    public var peerASN: ASN
    /// Whether the peer is in our own AS.
    public var isInternal: Bool
    /// How many more times our AS stands in the path.
    public var prepend: UInt8
    /// MED of what leaves; nil sends none.
    public var med: UInt32?
    /// Communities added.
    public var communities: [AnyCommunity]
    /// Remove private AS numbers.
    public var removesPrivateAS: Bool
    /// Replace the peer's AS by ours.
    public var overridesAS: Bool
    /// The most prefixes announced, per family; further ones are held back.
    public var limit: UInt32?
    /// What is done to what `advertise` lets through; a route may still be refused. Their
    /// conditions ask what stands in the table, before our AS and all else here is added; their
    /// changes come after the keys above, so that a rule has the last word.
    public var rules: [RouteRule] = []
    /// Our role: marked routes do not leave upwards, and unmarked ones are marked (RFC 9234).
    public var role: PeeringRole?
    /// An internal peer hears our address as next hop, not the route's own.
    public var isNextHopSelf = true
    /// The peer is our route reflector's client.
    public var isReflectorClient = false
    /// The link is drained: what leaves is marked GRACEFUL_SHUTDOWN (RFC 8326).
    public var isDrained = false

    /// A policy.
    public init(
        exchange: [Exchange] = [], advertise: PrefixFilter? = nil, localASN: ASN, peerASN: ASN,
        isInternal: Bool = false, prepend: UInt8 = 0, med: UInt32? = nil,
        communities: [AnyCommunity] = [], removesPrivateAS: Bool = false, overridesAS: Bool = false,
        limit: UInt32? = nil
    ) {
        self.exchange = exchange
        self.advertise = advertise
        self.localASN = localASN
        self.peerASN = peerASN
        self.isInternal = isInternal
        self.prepend = prepend
        self.med = med
        self.communities = communities
        self.removesPrivateAS = removesPrivateAS
        self.overridesAS = overridesAS
        self.limit = limit
    }
}
