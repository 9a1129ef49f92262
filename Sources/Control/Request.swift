// What may be asked of the daemon over its sockets, as one enum: the API's list of paths is the
// switch in `Request+Path.swift`, and nothing else knows them.

public import Net

/// A request to the daemon.
public enum Request: Hashable, Sendable {
    /// Which part of health is asked for.
    public enum HealthScope: Hashable, Sendable {
        /// The daemon and all circuits.
        case all
        /// The daemon alone.
        case daemon
        /// One circuit.
        case circuit(String)
    }

    /// What an operator does to a link.
    public enum LinkAction: String, Hashable, CaseIterable, Sendable {
        /// Move the traffic away.
        case drain
        /// Take the traffic back.
        case undrain
    }

    /// A link, or the links, of a circuit.
    public struct LinkName: Hashable, Sendable, CustomStringConvertible {
        /// The circuit.
        public var circuit: String
        /// The peering; nil means every peering that has the link.
        public var peering: String?
        /// The link.
        public var role: String
        /// A name.
        public init(circuit: String, peering: String? = nil, role: String) {
            self.circuit = circuit
            self.peering = peering
            self.role = role
        }
        /// `acme-azure/primary`, or `acme-azure/azure-private/primary`.
        public var description: String {
            [circuit, peering, role].compactMap(\.self).joined(separator: "/")
        }
    }

    /// Which routes are asked for. Replies are pages, so that no question holds the loop up.
    public struct RouteQuery: Hashable, Sendable {
        /// The most rows that one reply carries.
        public static let highestLimit = 10_000
        /// The number of rows when nobody says.
        public static let usualLimit = 1_000

        /// What is looked at.
        public var view: RouteView
        /// Only this link's, by role.
        public var link: String?
        /// Only this family's.
        public var family: Family?
        /// Only this prefix and what lies inside it.
        public var prefix: Prefix?
        /// Only rows after this one: `next` of the reply before.
        public var after: String?
        /// The most rows wanted, 1 to `highestLimit`.
        public var limit: Int

        /// All of it.
        public init(
            view: RouteView = .accepted, link: String? = nil, family: Family? = nil,
            prefix: Prefix? = nil, after: String? = nil, limit: Int = usualLimit
        ) {
            self.view = view
            self.link = link
            self.family = family
            self.prefix = prefix
            self.after = after
            self.limit = limit
        }
    }

    /// `GET /healthz`, `?level=daemon`, `?circuit=NAME`.
    case health(HealthScope)
    /// `GET /v1/status`.
    case status
    /// `GET /v1/circuits`.
    case circuits
    /// `GET /v1/circuits/NAME`.
    case circuit(String)
    /// `GET /v1/circuits/NAME/routes`.
    case circuitRoutes(String, RouteQuery)
    /// `GET /v1/tenants/NAME/routes`; the view is always the accepted one.
    case tenantRoutes(String, RouteQuery)
    /// `GET /v1/routes?why=PREFIX`, also of a tenant or a circuit.
    case why(WhyScope, Prefix)
    /// `GET /v1/circuits/NAME/policy`.
    case policy(String)
    /// `GET /v1/plan`.
    case plan
    /// `GET /v1/events`, streamed; `?circuit=NAME` leaves other circuits out.
    case events(circuit: String?)
    /// `GET /metrics`.
    case metrics
    /// `POST /v1/reload`.
    case reload
    /// `POST /v1/confirm`.
    case confirm
    /// `POST /v1/shutdown`.
    case shutdown
    /// `POST /v1/circuits/NAME/links/ROLE/{drain,undrain}`, `?peering=NAME`.
    case link(LinkName, LinkAction)
    /// `POST /v1/circuits/NAME/clear` or `/v1/circuits/NAME/links/ROLE/clear`, with `peering`,
    /// `peer`, `soft` and `reason`.
    case clear(Clear)

    /// Whether only the administrators' group and root may ask it.
    public var needsAdmin: Bool {
        switch self {
        case .reload, .confirm, .shutdown, .link, .clear: true
        case .health, .status, .circuits, .circuit, .circuitRoutes, .tenantRoutes, .why, .policy,
            .plan, .events, .metrics:
            false
        }
    }
}

/// Which of a circuit's routes are looked at.
public enum RouteView: String, Hashable, CaseIterable, Codable, Sendable {
    /// As the peer announced them.
    case received
    /// What policy let in.
    case accepted
    /// What we announce.
    case advertised
}

/// A refused request: the HTTP status, and one sentence for the person who asked.
public struct RequestError: Error, Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// One sentence.
    public var sentence: String

    /// A refusal.
    public init(status: Int, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// 404 for a circuit that nobody knows, with the name that was probably meant.
    public static func unknownCircuit(_ name: String, known: some Sequence<String>) -> RequestError
    {
        unknown("circuit", name, known)
    }

    /// 404 for a tenant that nobody knows, with the name that was probably meant.
    public static func unknownTenant(_ name: String, known: some Sequence<String>) -> RequestError {
        unknown("tenant", name, known)
    }

    /// 404 for a link that a circuit does not have on this edge.
    public static func unknownLink(_ name: Request.LinkName, known: some Sequence<String>)
        -> RequestError
    {
        unknown("link", name.description, known)
    }

    private static func unknown(_ kind: String, _ name: String, _ known: some Sequence<String>)
        -> RequestError
    {
        let guess = nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
        return RequestError(status: 404, "there is no \(kind) \(name) here\(guess)")
    }
}
