// What a session's policy is written from: the resolved keys of its file and what its tenant gives
// out. Plain values, filled by whoever knows the files.

public import Net

/// The keys of one session, resolved.
public struct PolicyTerms: Hashable, Sendable {
    /// A circuit whose routes pass to this one.
    public struct Exchange: Hashable, Sendable {
        /// The circuit.
        public var circuit: String
        /// Which of its routes; nil for all.
        public var prefixes: PrefixFilter?
        /// An entry of `exchange`.
        public init(circuit: String, prefixes: PrefixFilter? = nil) {
            self.circuit = circuit
            self.prefixes = prefixes
        }
    }

    /// The peering, "" for the only one.
    public var peering = ""
    /// The link.
    public var link: String
    /// The tenant.
    public var tenant: String
    /// The peer's address.
    public var peer: IPAddress
    /// The peer's AS.
    public var peerASN: ASN
    /// Our AS towards it.
    public var localASN: ASN
    /// The families carried.
    public var families: Set<Family>
    /// The other end is public, where private space is refused.
    public var isPublic = false
    /// The link is drained.
    public var isDrained = false
    /// The session is kept down, with this text; nil runs.
    public var shutdown: String?
    /// Our role.
    public var role: PeeringRole?
    /// A peer without a role is refused.
    public var isRoleStrict = false
    /// The peer is our route reflector's client.
    public var isReflectorClient = false

    /// `enforce-first-as`.
    public var enforcesFirstAS = true
    /// `accept`, as the file has it, with the default routes that `default-route` adds.
    public var accept: PrefixFilter?
    /// A default route may enter.
    public var acceptsDefault = false
    /// `allow-own-as`.
    public var allowOwnAS: UInt8 = 0
    /// `import`.
    public var importRules: [RouteRule] = []
    /// `local-pref`.
    public var localPref: UInt32?
    /// `multipath`.
    public var multipath = Multipath.off
    /// `max-prefixes: in`.
    public var limitIn: UInt32?
    /// `max-prefixes: warn`.
    public var warn: UInt8 = 80
    /// `max-prefixes: hold-down`.
    public var holdDown = Duration.seconds(900)

    /// The tenant's networks.
    public var networks: [Prefix] = []
    /// The circuits whose routes pass here.
    public var exchange: [Exchange] = []
    /// `advertise`.
    public var advertise: PrefixFilter?
    /// A default route may leave.
    public var advertisesDefault = false
    /// `remove-private-as`.
    public var removesPrivateAS = false
    /// `as-override`.
    public var overridesAS = false
    /// `prepend`.
    public var prepend: UInt8 = 0
    /// `med`.
    public var med: UInt32?
    /// `communities`.
    public var communities: [AnyCommunity] = []
    /// `next-hop-self`.
    public var isNextHopSelf = true
    /// `export`.
    public var exportRules: [RouteRule] = []
    /// `max-prefixes: out`.
    public var limitOut: UInt32?

    /// Terms with every default.
    public init(
        link: String, tenant: String, peer: IPAddress, peerASN: ASN, localASN: ASN,
        families: Set<Family>
    ) {
        self.link = link
        self.tenant = tenant
        self.peer = peer
        self.peerASN = peerASN
        self.localASN = localASN
        self.families = families
    }

    /// The peer is in our own AS.
    public var isInternal: Bool { peerASN == localASN }
}
