// Methods, paths and queries to requests. What is not understood is refused with a sentence that
// says what would be; unknown query keys are refused too, since a misspelt filter that is ignored
// shows the wrong routes.

public import Net

extension Request {
    /// Parses a request. `path` and `query` are as they stood in the request line, still
    /// percent-encoded; `query` is without its question mark. No request has a body yet.
    public static func parse(
        method: String, path: String, query: String = "", body: [UInt8] = []
    ) -> Result<Request, RequestError> {
        do throws(RequestError) {
            return .success(try Request(method: method, path: path, query: query))
        } catch {
            return .failure(error)
        }
    }

    private init(method: String, path: String, query: String) throws(RequestError) {
        // curl users write `?` into the path of a socket request at times; one question mark ends it.
        let halves = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var segments: [String] = []
        for raw in (halves.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst()
        {
            guard let segment = percentDecoded(raw) else {
                throw RequestError(status: 400, "the path is not percent-encoded UTF-8: \(path)")
            }
            segments.append(segment)
        }
        // One slash at the end is nothing.
        if segments.count > 1, segments.last == "" { segments.removeLast() }
        guard let expected = Request.method(of: segments) else {
            throw RequestError(status: 404, "there is no \(path); see /v1/status and /v1/circuits")
        }
        guard expected == method || (expected == "GET" && method == "HEAD") else {
            throw RequestError(status: 405, "\(path) answers \(expected), not \(method)")
        }
        var fields = try QueryFields(halves.count > 1 ? String(halves[1]) : query)
        self = try Request.make(segments, &fields)
        try fields.end(path)
    }

    /// The method that a path answers, nil for an unknown path.
    private static func method(of segments: [String]) -> String? {
        guard segments.allSatisfy({ !$0.isEmpty }) else { return nil }
        switch segments.count {
        case 1 where ["healthz", "metrics"].contains(segments[0]): return "GET"
        case 2 where segments[0] == "v1":
            switch segments[1] {
            case "status", "circuits", "plan", "events", "routes": return "GET"
            case "reload", "confirm", "shutdown": return "POST"
            default: return nil
            }
        case 3 where segments[0] == "v1" && segments[1] == "circuits": return "GET"
        case 4
        where segments[0] == "v1" && ["circuits", "tenants"].contains(segments[1])
            && segments[3] == "routes":
            return "GET"
        case 4 where segments[0] == "v1" && segments[1] == "circuits":
            switch segments[3] {
            case "policy": return "GET"
            case "clear": return "POST"
            default: return nil
            }
        case 6
        where segments[0] == "v1" && segments[1] == "circuits" && segments[3] == "links"
            && (LinkAction(rawValue: segments[5]) != nil || segments[5] == "clear"):
            return "POST"
        default: return nil
        }
    }

    private static func make(
        _ segments: [String], _ fields: inout QueryFields
    ) throws(RequestError) -> Request {
        switch segments[0] {
        case "healthz": return .health(try healthScope(&fields))
        case "metrics": return .metrics
        default: break
        }
        switch (segments[1], segments.count) {
        case ("status", _): return .status
        case ("plan", _): return .plan
        case ("reload", _): return .reload
        case ("confirm", _): return .confirm
        case ("shutdown", _): return .shutdown
        case ("events", _): return .events(circuit: fields.take("circuit"))
        case ("circuits", 2): return .circuits
        case ("circuits", 3): return .circuit(segments[2])
        case ("routes", _):
            guard let why = try why(&fields) else {
                throw RequestError(
                    status: 400, "/v1/routes needs why=PREFIX; see /v1/circuits/NAME/routes")
            }
            return .why(.all, why)
        case ("circuits", 4) where segments[3] == "policy": return .policy(segments[2])
        case ("circuits", 4) where segments[3] == "clear":
            return .clear(try Clear(circuit: segments[2], role: nil, &fields))
        case ("circuits", 4):
            if let why = try why(&fields) { return .why(.circuit(segments[2]), why) }
            return .circuitRoutes(segments[2], try routeQuery(&fields))
        case ("tenants", 4):
            if let why = try why(&fields) { return .why(.tenant(segments[2]), why) }
            let query = try routeQuery(&fields)
            guard query.view == .accepted else {
                throw RequestError(
                    status: 400, "a tenant's routes are the accepted ones; ask a circuit for others"
                )
            }
            return .tenantRoutes(segments[2], query)
        case (_, 6) where segments[5] == "clear":
            return .clear(try Clear(circuit: segments[2], role: segments[4], &fields))
        default:
            guard let action = LinkAction(rawValue: segments[5]) else {
                throw RequestError(status: 404, "there is no action \(segments[5])")
            }
            let name = LinkName(
                circuit: segments[2], peering: fields.take("peering"), role: segments[4])
            return .link(name, action)
        }
    }

    private static func healthScope(_ fields: inout QueryFields) throws(RequestError) -> HealthScope
    {
        let level = fields.take("level")
        let circuit = fields.take("circuit")
        switch (level, circuit) {
        case (nil, nil): return .all
        case ("daemon", nil): return .daemon
        case (nil, let name?): return .circuit(name)
        case (_?, _?):
            throw RequestError(status: 400, "level and circuit exclude each other")
        case (let level?, nil):
            throw RequestError(status: 400, "level is daemon or absent, not \(level)")
        }
    }

    private static func why(_ fields: inout QueryFields) throws(RequestError) -> Prefix? {
        guard let text = fields.take("why") else { return nil }
        guard let prefix = Prefix(orAddress: text) else {
            throw RequestError(
                status: 400, "\(text) is not a prefix such as 10.0.0.0/8, and no address")
        }
        return prefix
    }

    private static func routeQuery(_ fields: inout QueryFields) throws(RequestError) -> RouteQuery {
        var query = RouteQuery()
        if let text = fields.take("view") {
            guard let view = RouteView(rawValue: text) else {
                throw RequestError(
                    status: 400, "view is received, accepted or advertised, not \(text)")
            }
            query.view = view
        }
        query.link = fields.take("link")
        query.after = fields.take("after")
        if let text = fields.take("family") {
            guard let family = Family.allCases.first(where: { $0.description == text }) else {
                throw RequestError(status: 400, "family is ipv4 or ipv6, not \(text)")
            }
            query.family = family
        }
        if let text = fields.take("prefix") {
            guard let prefix = Prefix(text) else {
                throw RequestError(status: 400, "\(text) is not a prefix such as 10.0.0.0/8")
            }
            query.prefix = prefix
        }
        if let text = fields.take("limit") {
            guard let limit = decimal(text, below: UInt64(RouteQuery.highestLimit) + 1), limit > 0
            else {
                throw RequestError(
                    status: 400, "limit is 1 to \(RouteQuery.highestLimit), not \(text)")
            }
            query.limit = Int(limit)
        }
        return query
    }

    /// The method, path and query of the request, as a client sends them: `parse` reads it back.
    public var target: (method: String, path: String, query: String) {
        func name(_ text: String) -> String { percentEncoded(text) }
        func query(_ pairs: [(String, String?)]) -> String {
            pairs.compactMap { key, value in value.map { "\(key)=\(percentEncoded($0))" } }
                .joined(separator: "&")
        }
        func routes(_ routes: RouteQuery) -> String {
            let usual = RouteQuery()
            return query([
                ("view", routes.view == usual.view ? nil : routes.view.rawValue),
                ("link", routes.link), ("family", routes.family?.description),
                ("prefix", routes.prefix?.description), ("after", routes.after),
                ("limit", routes.limit == usual.limit ? nil : String(routes.limit)),
            ])
        }
        switch self {
        case .health(.all): return ("GET", "/healthz", "")
        case .health(.daemon): return ("GET", "/healthz", "level=daemon")
        case .health(.circuit(let circuit)):
            return ("GET", "/healthz", query([("circuit", circuit)]))
        case .status: return ("GET", "/v1/status", "")
        case .circuits: return ("GET", "/v1/circuits", "")
        case .circuit(let circuit): return ("GET", "/v1/circuits/\(name(circuit))", "")
        case .circuitRoutes(let circuit, let rows):
            return ("GET", "/v1/circuits/\(name(circuit))/routes", routes(rows))
        case .tenantRoutes(let tenant, let rows):
            return ("GET", "/v1/tenants/\(name(tenant))/routes", routes(rows))
        case .why(let scope, let prefix):
            let why = query([("why", prefix.description)])
            switch scope {
            case .all: return ("GET", "/v1/routes", why)
            case .tenant(let tenant): return ("GET", "/v1/tenants/\(name(tenant))/routes", why)
            case .circuit(let circuit): return ("GET", "/v1/circuits/\(name(circuit))/routes", why)
            }
        case .policy(let circuit): return ("GET", "/v1/circuits/\(name(circuit))/policy", "")
        case .plan: return ("GET", "/v1/plan", "")
        case .events(let circuit): return ("GET", "/v1/events", query([("circuit", circuit)]))
        case .metrics: return ("GET", "/metrics", "")
        case .reload: return ("POST", "/v1/reload", "")
        case .confirm: return ("POST", "/v1/confirm", "")
        case .shutdown: return ("POST", "/v1/shutdown", "")
        case .link(let link, let action):
            let path = "/v1/circuits/\(name(link.circuit))/links/\(name(link.role))"
            return ("POST", "\(path)/\(action.rawValue)", query([("peering", link.peering)]))
        case .clear(let clear):
            let link = clear.role.map { "/links/\(name($0))" } ?? ""
            return (
                "POST", "/v1/circuits/\(name(clear.circuit))\(link)/clear",
                query([
                    ("peering", clear.peering), ("peer", clear.peer?.description),
                    ("soft", clear.kind.soft),
                    ("reason", clear.reason.isEmpty ? nil : clear.reason),
                ])
            )
        }
    }
}

extension Prefix {
    /// `10.0.0.0/8`, or an address, which means itself at full length.
    public init?(orAddress text: String) {
        if let prefix = Prefix(text) {
            self = prefix
        } else if let address = IPAddress(text) {
            self.init(address, length: UInt8(address.family.addressBits))
        } else {
            return nil
        }
    }
}
