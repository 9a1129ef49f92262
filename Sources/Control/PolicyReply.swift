// The answer of /v1/circuits/NAME/policy: what a session's keys come to, both ways, in the order in
// which it is applied. Each step is a sentence for people with the values behind it for programs.

import Net

/// The resolved policy of a circuit.
public struct PolicyReply: Hashable, Codable, Sendable {
    /// The circuit.
    public var circuit: String
    /// The provider's profile.
    public var provider: String
    /// The sessions on this edge.
    public var sessions: [SessionPolicy]

    /// All of it.
    public init(circuit: String, provider: String, sessions: [SessionPolicy]) {
        self.circuit = circuit
        self.provider = provider
        self.sessions = sessions
    }
}

/// The policy of one session: `SessionPolicy(terms)` writes it.
public struct SessionPolicy: Hashable, Codable, Sendable {
    /// The peering, "" for the only one.
    public var peering: String
    /// The link.
    public var link: String
    /// The tenant.
    public var tenant: String
    /// The peer's address.
    public var peer: String
    /// The peer's AS.
    public var peerASN: UInt32
    /// Our AS towards it.
    public var localASN: UInt32
    /// The families carried.
    public var families: [String]
    /// What the peer announces, step by step, until it is a route of ours.
    public var inbound: [PolicyStep]
    /// What the peer hears, step by step.
    public var outbound: [PolicyStep]
}

/// One step of a policy.
public struct PolicyStep: Hashable, Codable, Sendable {
    /// Which step.
    public enum Name: String, Hashable, CaseIterable, Codable, Sendable {
        /// How many prefixes; `number`.
        case limit
        /// Paths must begin with the peer's AS.
        case firstAS = "first-as"
        /// Our AS in paths; `number` times at most.
        case ownAS = "own-as"
        /// Where routes may lead, or what peers hear as next hop.
        case nextHop = "next-hop"
        /// What never passes; `prefixes`.
        case never
        /// Whether a default route passes.
        case defaultRoute = "default-route"
        /// The list of `accept`; `prefixes`, nil where there is none.
        case accept
        /// The list of `advertise`; `prefixes`, nil where there is none.
        case advertise
        /// Networks of the tenant's own; `prefixes`.
        case networks
        /// Routes of another circuit; `circuit`, and `prefixes` where not all pass.
        case exchange
        /// Reflection between peers of our own AS.
        case reflection
        /// Roles and ONLY_TO_CUSTOMER (RFC 9234).
        case role
        /// A rule of `import` or `export`; `rule`.
        case rule
        /// LOCAL_PREF; `number`.
        case localPref = "local-pref"
        /// What the AS path becomes.
        case asPath = "as-path"
        /// MULTI_EXIT_DISC; `number`.
        case med
        /// Communities added, or obeyed; `communities`.
        case communities
        /// Which equal paths share the traffic.
        case multipath
        /// The link is drained.
        case drained
        /// The session is kept down.
        case shutdown
    }

    /// Which step.
    public var name: Name
    /// The step in a sentence.
    public var sentence: String
    /// The prefixes that it names.
    public var prefixes: [PolicyPrefix]?
    /// The number that it names.
    public var number: UInt32?
    /// The circuit that it names.
    public var circuit: String?
    /// The communities that it names.
    public var communities: [String]?
    /// The rule that it is.
    public var rule: PolicyRule?

    init(
        _ name: Name, _ sentence: String, prefixes: PrefixFilter? = nil, number: UInt32? = nil,
        circuit: String? = nil, communities: [String]? = nil, rule: PolicyRule? = nil
    ) {
        self.name = name
        self.sentence = sentence
        self.prefixes = prefixes.map { $0.rules.map(PolicyPrefix.init) }
        self.number = number
        self.circuit = circuit
        self.communities = communities
        self.rule = rule
    }
}

/// An entry of a prefix list.
public struct PolicyPrefix: Hashable, Codable, Sendable {
    /// `10.0.0.0/8`.
    public var prefix: String
    /// The shortest length that passes.
    public var from: Int
    /// The longest length that passes.
    public var upto: Int

    init(_ rule: PrefixRule) {
        prefix = rule.prefix.description
        from = Int(rule.from)
        upto = Int(rule.upto)
    }
}

/// A rule of `import` or `export`, with the names of the file.
public struct PolicyRule: Hashable, Codable, Sendable {
    /// Counted from 1.
    public var position: Int
    /// Only these prefixes.
    public var prefixes: [PolicyPrefix]?
    /// Only paths that contain any of these.
    public var asPathContains: [UInt32]
    /// Only longer paths.
    public var asPathLongerThan: Int?
    /// Only shorter paths.
    public var asPathShorterThan: Int?
    /// Only routes that began in any of these.
    public var originAS: [UInt32]
    /// Only routes with any of these communities.
    public var communities: [String]
    /// The route does not pass.
    public var refuse: Bool
    /// LOCAL_PREF from now on.
    public var localPref: UInt32?
    /// MED from now on.
    public var med: UInt32?
    /// How many more times an AS stands in front.
    public var prepend: Int
    /// Communities that come.
    public var addCommunities: [String]
    /// Communities that go.
    public var removeCommunities: [String]

    init(_ rule: RouteRule, position: Int) {
        self.position = position
        prefixes = rule.prefixes.map { $0.rules.map(PolicyPrefix.init) }
        asPathContains = rule.pathContains.map(\.rawValue)
        asPathLongerThan = rule.pathLongerThan.map { Int($0) }
        asPathShorterThan = rule.pathShorterThan.map { Int($0) }
        originAS = rule.originAS.map(\.rawValue)
        communities = rule.communities.map(\.description)
        refuse = rule.isRefusal
        localPref = rule.localPref
        med = rule.med
        prepend = Int(rule.prepend)
        addCommunities = rule.adds.map(\.description)
        removeCommunities = rule.removes.map(\.description)
    }
}
