// The answer of `?why=PREFIX`: all paths of a prefix in the order of selection, what became of each,
// and what the kernel has. Everything stands there twice, as values for programs and as sentences for
// people; the sentences follow from the values.

/// Why a prefix is routed as it is, in each table that was asked for.
public struct WhyReply: Hashable, Codable, Sendable {
    /// As asked.
    public var asked: String
    /// One for each tenant.
    public var tables: [WhyTable]

    /// An answer.
    public init(asked: String, tables: [WhyTable]) {
        self.asked = asked
        self.tables = tables
    }
}

/// A prefix in one tenant's table.
public struct WhyTable: Hashable, Codable, Sendable {
    /// The tenant.
    public var tenant: String
    /// The table's number.
    public var table: UInt32
    /// The tenant's VRF device; nil in the main table.
    public var vrf: String?
    /// What is explained: what was asked for, else the longest prefix that covers it; nil where
    /// nothing does.
    public var prefix: String?
    /// All its paths in the order of selection; those that were refused stand behind.
    public var candidates: [WhyPath]
    /// What the kernel has for it; nil where nothing is for the kernel.
    public var kernel: KernelRoute?
    /// The whole in sentences: what there is, where the traffic goes and why, what the kernel has.
    public var sentences: [String]

    /// A table's part; the sentences here and in the candidates are written from the rest.
    public init(
        tenant: String, table: UInt32, vrf: String? = nil, asked: String, prefix: String?,
        candidates: [WhyPath] = [], kernel: KernelRoute? = nil
    ) {
        self.tenant = tenant
        self.table = table
        self.vrf = vrf
        self.prefix = prefix
        self.candidates = candidates
        self.kernel = kernel
        sentences = []
        explain(asked)
    }
}

/// One path of an explained prefix.
public struct WhyPath: Hashable, Codable, Sendable {
    /// What became of it.
    public enum Verdict: String, Hashable, Codable, Sendable {
        /// It goes first.
        case best
        /// It shares the traffic with the best.
        case shares
        /// It stands behind the one before it.
        case behind
        /// It did not enter.
        case refused
    }

    /// Who gives it.
    public enum Kind: String, Hashable, Codable, Sendable {
        /// A network of the tenant's own.
        case network
        /// The circuit's file.
        case `static`
        /// A peer of another AS.
        case external
        /// A peer of our own AS.
        case `internal`
    }

    /// The path with its attributes.
    public var route: RouteRow
    /// Who gives it.
    public var kind: Kind
    /// The preference that selection uses: the file's, the peer's or a rule's; 0 while drained.
    public var preference: UInt32
    /// The identifier that selection uses: the peer's, or the originator's of a reflected path.
    public var routerID: String?
    /// What became of it.
    public var verdict: Verdict
    /// For the best: the step that put the next one behind. For one behind: the step that did.
    public var step: SelectionStep?
    /// Why it was refused, in words such as `not in accept`.
    public var refusal: String?
    /// The verdict with its reason.
    public var sentence: String

    /// A path; its sentence is written by the table it stands in.
    public init(
        _ route: RouteRow, kind: Kind, preference: UInt32 = 100, routerID: String? = nil,
        verdict: Verdict, step: SelectionStep? = nil, refusal: String? = nil
    ) {
        self.route = route
        self.kind = kind
        self.preference = preference
        self.routerID = routerID
        self.verdict = verdict
        self.step = step
        self.refusal = refusal
        sentence = ""
    }
}

/// The step of selection that decided, RFC 4271 §9.1 and around it.
public enum SelectionStep: String, Hashable, CaseIterable, Codable, Sendable {
    /// There is no other.
    case only
    /// A network of the tenant's before static before BGP.
    case kind
    /// Fresh before long-lived stale (RFC 9494).
    case longLived = "long-lived-stale"
    /// Higher LOCAL_PREF.
    case localPref = "local-pref"
    /// Shorter AS_PATH.
    case pathLength = "as-path-length"
    /// Lower ORIGIN.
    case origin
    /// Lower MULTI_EXIT_DISC of one neighbour AS.
    case med
    /// External before internal.
    case external
    /// Lower BGP identifier.
    case routerID = "router-id"
    /// Shorter CLUSTER_LIST (RFC 4456).
    case clusterLength = "cluster-list-length"
    /// Lower address of the peer.
    case peerAddress = "peer-address"
    /// All equal: who was there first, or the lower path identifier.
    case order
}

/// What the kernel has for a prefix.
public struct KernelRoute: Hashable, Codable, Sendable {
    /// Where it stands.
    public enum State: String, Hashable, Codable, Sendable {
        /// Acknowledged.
        case installed
        /// On its way.
        case pending
        /// Refused by the kernel.
        case refused
        /// Somebody else's route stands in its place.
        case foreign
        /// Acknowledged, and packets are answered with unreachable.
        case unreachable
        /// Not there.
        case absent
    }

    /// One way out.
    public struct Hop: Hashable, Codable, Sendable {
        /// The neighbour.
        public var gateway: String
        /// The device.
        public var device: String
        /// A way out.
        public init(gateway: String, device: String) {
            self.gateway = gateway
            self.device = device
        }
    }

    /// Where it stands.
    public var state: State
    /// The ways out; several share the traffic.
    public var hops: [Hop]
    /// The kernel's reason, or whose route stands there.
    public var detail: String?

    /// What the kernel has.
    public init(_ state: State, hops: [Hop] = [], detail: String? = nil) {
        self.state = state
        self.hops = hops
        self.detail = detail
    }
}
