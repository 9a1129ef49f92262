import Control
import Net
import Testing

private func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

private func parse(_ line: String) -> Result<Request, RequestError> {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    let halves = words[1].split(separator: "?", maxSplits: 1).map(String.init)
    return Request.parse(
        method: words[0], path: halves[0], query: halves.count > 1 ? halves[1] : "")
}

@Suite struct `Parsing requests` {
    @Test(arguments: [
        ("GET /healthz", Request.health(.all)),
        ("HEAD /healthz", .health(.all)),
        ("GET /healthz?level=daemon", .health(.daemon)),
        ("GET /healthz?circuit=acme-dc", .health(.circuit("acme-dc"))),
        ("GET /v1/status", .status),
        ("GET /v1/circuits", .circuits),
        ("GET /v1/circuits/", .circuits),
        ("GET /v1/circuits/acme-dc", .circuit("acme-dc")),
        ("GET /v1/circuits/a%20b%2fc", .circuit("a b/c")),
        ("GET /v1/circuits/routes", .circuit("routes")),
        ("GET /v1/circuits/a/routes", .circuitRoutes("a", .init())),
        ("GET /v1/circuits/a/routes?view=received", .circuitRoutes("a", .init(view: .received))),
        (
            "GET /v1/circuits/a/routes?link=primary&family=ipv6&limit=10&after=2001:db8::%2F32",
            .circuitRoutes(
                "a", .init(link: "primary", family: .ipv6, after: "2001:db8::/32", limit: 10))
        ),
        ("GET /v1/tenants/acme/routes", .tenantRoutes("acme", .init())),
        ("GET /v1/plan", .plan),
        ("GET /v1/events", .events(circuit: nil)),
        ("GET /v1/events?circuit=a+b", .events(circuit: "a b")),
        ("GET /metrics", .metrics),
        ("POST /v1/reload", .reload),
        ("POST /v1/confirm", .confirm),
        ("POST /v1/shutdown", .shutdown),
        ("POST /v1/circuits/a/links/b/drain", .link(.init(circuit: "a", role: "b"), .drain)),
        ("POST /v1/circuits/a/links/b/undrain", .link(.init(circuit: "a", role: "b"), .undrain)),
        ("GET /v1/circuits/a/policy", .policy("a")),
        (
            "POST /v1/circuits/a/links/b/clear?peering=p",
            .clear(.init(circuit: "a", peering: "p", role: "b"))
        ),
        ("POST /v1/circuits/a/clear", .clear(.init(circuit: "a"))),
        (
            "POST /v1/circuits/a/clear?peer=10.0.0.2&soft=in",
            .clear(.init(circuit: "a", peer: .v4(IPv4Address(10, 0, 0, 2)), kind: .softIn))
        ),
        (
            "POST /v1/circuits/a/clear?soft=out",
            .clear(.init(circuit: "a", kind: .softOut))
        ),
        (
            "POST /v1/circuits/a/clear?reason=new+key,+ask+Ann",
            .clear(.init(circuit: "a", reason: "new key, ask Ann"))
        ),
    ])
    func `a path of the list is its request`(line: String, expected: Request) {
        #expect(parse(line) == .success(expected))
    }

    @Test func `a prefix narrows routes`() throws {
        let query = Request.RouteQuery(prefix: try prefix("10.0.0.0/8"))
        #expect(
            parse("GET /v1/circuits/a/routes?prefix=10.0.0.0/8")
                == .success(.circuitRoutes("a", query)))
    }

    @Test(arguments: [
        ("GET /v1/routes?why=10.0.0.0/8", Request.WhyScope.all, "10.0.0.0/8"),
        ("GET /v1/tenants/acme/routes?why=10.0.0.0/8", .tenant("acme"), "10.0.0.0/8"),
        ("GET /v1/circuits/a/routes?why=::/0", .circuit("a"), "::/0"),
        ("GET /v1/routes?why=10.1.2.3", .all, "10.1.2.3/32"),
        ("GET /v1/routes?why=fd00::1", .all, "fd00::1/128"),
    ])
    func `why is asked of a prefix, or of an address`(
        line: String, scope: Request.WhyScope, text: String
    ) throws {
        #expect(parse(line) == .success(.why(scope, try prefix(text))))
    }

    @Test(arguments: [
        (
            "GET /v1/routes", 400,
            "/v1/routes needs why=PREFIX; see /v1/circuits/NAME/routes"
        ),
        (
            "GET /v1/routes?why=10.0.0.1/8", 400,
            "10.0.0.1/8 is not a prefix such as 10.0.0.0/8, and no address"
        ),
        (
            "GET /v1/circuits/a/routes?why=10.0.0.0/8&view=received", 400,
            "/v1/circuits/a/routes takes no view"
        ),
        ("GET /v1/circuits/a/policy?x=1", 400, "/v1/circuits/a/policy takes no x"),
        ("POST /v1/circuits/a/policy", 405, "/v1/circuits/a/policy answers GET, not POST"),
        ("GET /v1/circuits/a/clear", 405, "/v1/circuits/a/clear answers POST, not GET"),
        ("POST /v1/circuits/a/clear?peer=x", 400, "peer is an address, not x"),
        ("POST /v1/circuits/a/clear?soft=both", 400, "soft is in or out, not both"),
        (
            "POST /v1/circuits/a/clear?soft=in&reason=x", 400,
            "a soft clear ends no session, so no peer hears a reason"
        ),
        (
            "POST /v1/circuits/a/clear?reason=\(String(repeating: "x", count: 256))", 400,
            "a peer is told 255 bytes at most, and the reason has 256"
        ),
        (
            "POST /v1/circuits/a/clear?reason=a%0Ab", 400, "the reason is not one line of text"
        ),
        ("GET /", 404, "there is no /; see /v1/status and /v1/circuits"),
        ("GET /v1", 404, "there is no /v1; see /v1/status and /v1/circuits"),
        ("GET /v2/status", 404, "there is no /v2/status; see /v1/status and /v1/circuits"),
        ("GET /v1//status", 404, "there is no /v1//status; see /v1/status and /v1/circuits"),
        (
            "GET /v1/circuits/a/b/c", 404,
            "there is no /v1/circuits/a/b/c; see /v1/status and /v1/circuits"
        ),
        (
            "POST /v1/circuits/a/links/b/explode", 404,
            "there is no /v1/circuits/a/links/b/explode; see /v1/status and /v1/circuits"
        ),
        ("POST /v1/status", 405, "/v1/status answers GET, not POST"),
        ("GET /v1/confirm", 405, "/v1/confirm answers POST, not GET"),
        ("HEAD /v1/confirm", 405, "/v1/confirm answers POST, not HEAD"),
        ("GET /v1/circuits/%zz", 400, "the path is not percent-encoded UTF-8: /v1/circuits/%zz"),
        ("GET /v1/circuits/%4", 400, "the path is not percent-encoded UTF-8: /v1/circuits/%4"),
        ("GET /v1/circuits/%FF", 400, "the path is not percent-encoded UTF-8: /v1/circuits/%FF"),
        ("GET /v1/circuits/a%00", 400, "the path is not percent-encoded UTF-8: /v1/circuits/a%00"),
        ("GET /v1/status?%=1", 400, "the query is not percent-encoded UTF-8: %=1"),
        ("GET /v1/status?x=1", 400, "/v1/status takes no x"),
        ("GET /healthz?level=deep", 400, "level is daemon or absent, not deep"),
        ("GET /healthz?level=daemon&circuit=a", 400, "level and circuit exclude each other"),
        ("GET /healthz?circuit=a&circuit=b", 400, "circuit is said twice"),
        (
            "GET /v1/circuits/a/routes?view=all", 400,
            "view is received, accepted or advertised, not all"
        ),
        ("GET /v1/circuits/a/routes?family=4", 400, "family is ipv4 or ipv6, not 4"),
        ("GET /v1/circuits/a/routes?limit=0", 400, "limit is 1 to 10000, not 0"),
        ("GET /v1/circuits/a/routes?limit=10001", 400, "limit is 1 to 10000, not 10001"),
        (
            "GET /v1/circuits/a/routes?prefix=10.0.0.1/8", 400,
            "10.0.0.1/8 is not a prefix such as 10.0.0.0/8"
        ),
        (
            "GET /v1/tenants/a/routes?view=received", 400,
            "a tenant's routes are the accepted ones; ask a circuit for others"
        ),
    ])
    func `what is not understood is refused in a sentence`(
        line: String, status: Int, sentence: String
    ) {
        #expect(parse(line) == .failure(RequestError(status: status, sentence)))
    }

    static let all: [Request] = [
        .health(.all), .health(.daemon), .health(.circuit("a/b ü")), .status, .circuits,
        .circuit("a%b"),
        .circuitRoutes(
            "a",
            .init(
                view: .advertised, link: "x y", family: .ipv4, prefix: .default(.ipv6),
                after: "&=+", limit: 7)),
        .tenantRoutes("a?b", .init()), .plan, .events(circuit: nil), .events(circuit: "a&b"),
        .metrics, .reload, .confirm, .shutdown,
        .link(.init(circuit: "c", peering: "p/q", role: "r"), .drain),
        .clear(.init(circuit: "c", peering: "p/q", role: "r", reason: "a&b=c ü")),
        .clear(.init(circuit: "c/d", peer: .v6(IPv6Address(high: 1, low: 2)), kind: .softOut)),
        .policy("a/b"), .why(.all, .default(.ipv6)), .why(.tenant("a b"), .default(.ipv4)),
        .why(.circuit("a?b"), .default(.ipv4)),
    ]

    @Test(arguments: all)
    func `what a client sends is read back as it was meant`(request: Request) {
        let (method, path, query) = request.target
        #expect(Request.parse(method: method, path: path, query: query) == .success(request))
    }

    @Test(arguments: all)
    func `whoever changes something needs the administrators' group`(request: Request) {
        #expect(request.needsAdmin == (request.target.method == "POST"))
    }
}

@Suite struct `Refusing names` {
    @Test func `a misspelt circuit is answered with the one that was meant`() {
        let error = RequestError.unknownCircuit("acme-azur", known: ["acme-aws", "acme-azure"])
        #expect(error.status == 404)
        #expect(error.sentence == "there is no circuit acme-azur here; did you mean acme-azure?")
    }

    @Test func `a name like no other is answered without a guess`() {
        let error = RequestError.unknownTenant("globex", known: ["acme"])
        #expect(error.sentence == "there is no tenant globex here")
    }

    @Test func `a link is named with its circuit`() {
        let name = Request.LinkName(circuit: "acme-azure", role: "primry")
        let error = RequestError.unknownLink(name, known: ["acme-azure/primary"])
        #expect(
            error.sentence
                == "there is no link acme-azure/primry here; did you mean acme-azure/primary?")
    }

    @Test(arguments: [
        ("stauts", "status"), ("circut", "circuit"), ("x", nil), ("", nil), ("statusstatus", nil),
    ])
    func `only what is near is guessed`(word: String, expected: String?) {
        #expect(nearest(to: word, among: ["status", "circuit", "routes"]) == expected)
    }
}
