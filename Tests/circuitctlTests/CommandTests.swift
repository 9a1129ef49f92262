import Control
import Testing

@testable import circuitctl

/// What a command line wrote and how it ended.
struct Ending {
    var code: ExitCode
    var out: String
    var err: String
}

final class Capture {
    var out = ""
    var err = ""
}

func ending(
    _ arguments: [String], typing: String? = nil, width: Int? = nil, patience: Int32 = 5000
) -> Ending {
    let capture = Capture()
    let output = Output(
        width: width, height: width.map { _ in 24 }, inColour: false,
        write: { capture.out += $0 }, warn: { capture.err += $0 }, readLine: { typing })
    let code = run(arguments, output: output, patience: patience)
    return Ending(code: code, out: capture.out, err: capture.err)
}

func text(_ reply: some Encodable) -> String { String(decoding: JSON.encode(reply), as: UTF8.self) }

@Suite struct `Command words` {
    @Test(arguments: [
        ("status", "status"), ("st", "status"), ("s", nil), ("circuit", "circuit"),
        ("circ", "circuit"), ("circuits", "circuits"), ("ch", "check"), ("co", "confirm"),
        ("c", nil), ("r", nil), ("ro", "routes"), ("re", "reload"), ("e", "events"),
        ("statuses", nil), ("", nil),
    ])
    func `a beginning means a command when no other has it`(word: String, expected: String?) {
        let found = Result { () throws(Failure) in try command(meantBy: word, in: commands) }
        #expect((try? found.get())?.name == expected)
    }

    @Test(arguments: [
        ([], ""),
        (["stauts"], "there is no command stauts; did you mean status?"),
        (["c"], "c may be check, circuit, circuits, clear or confirm"),
        (["status", "x"], "status does not take x"),
        (["circuit", "a", "b"], "circuit does not take b"),
        (["status", "--jsn"], "there is no option --jsn of status; did you mean --json?"),
        (["status", "-j"], "there is no option -j of status"),
        (["status", "--view", "x"], "there is no option --view of status"),
        (["routes", "a", "--view"], "--view needs VIEW"),
        (["status", "--json=1"], "--json takes no value"),
        (["routes", "a", "--view", "all"], "--view is received, accepted or advertised, not all"),
        (["routes", "a", "--family", "4"], "--family is ipv4 or ipv6, not 4"),
        (["routes", "a", "--prefix", "10.1/8"], "10.1/8 is not a prefix such as 10.0.0.0/8"),
        (["routes"], "routes needs a circuit's NAME or --tenant NAME"),
        (["routes", "a", "--tenant", "b"], "routes needs a circuit's NAME or --tenant NAME"),
        (
            ["routes", "a", "--tenant", "b", "--why", "10.0.0.0/8"],
            "a NAME and --tenant exclude each other"
        ),
        (
            ["routes", "--why", "10.0.0.1/8"],
            "10.0.0.1/8 is not a prefix such as 10.0.0.0/8, and no address"
        ),
        (
            ["routes", "a", "--why", "10.0.0.0/8", "--view", "received"],
            "--why explains one prefix; it takes no --view"
        ),
        (["circuit", "--policy"], "--policy goes with a circuit's NAME"),
        (["drain"], "drain needs CIRCUIT"),
        (["drain", "a"], "drain needs a LINK of a"),
        (["undrain", "a"], "undrain needs a LINK of a"),
        (["clear"], "clear needs CIRCUIT"),
        (["clear", "a//b"], "a//b is not CIRCUIT LINK or CIRCUIT PEERING/LINK"),
        (["clear", "a", "b/c/d"], "a b/c/d is not CIRCUIT LINK or CIRCUIT PEERING/LINK"),
        (["clear", "a", "--peer", "b"], "--peer is an address, not b"),
        (["clear", "a", "--soft", "both"], "--soft is in or out, not both"),
        (
            ["clear", "a", "--soft", "in", "--reason", "x"],
            "a soft clear ends no session, so no peer hears a reason"
        ),
        (
            ["clear", "a", "--reason", String(repeating: "x", count: 256)],
            "a peer is told 255 bytes at most, and the reason has 256"
        ),
        (["st\u{1B}[31m"], "there is no command st\\u{1b}[31m"),
    ])
    func `what is not understood ends with 2 and a sentence`(words: [String], sentence: String) {
        let end = ending(words)
        #expect(end.code == .usage)
        #expect(end.out == "")
        #expect(words.isEmpty || end.err == "circuitctl: \(sentence)\nTry: circuitctl --help\n")
    }

    @Test func `global options stand anywhere and two dashes end options`() throws {
        let words = try parse(
            ["--run=/x", "circuit", "--json", "--", "--odd"], table: commands)
        var expected = Words()
        expected.run = "/x"
        expected.isJSON = true
        expected.command = "circuit"
        expected.operands = ["--odd"]
        #expect(words == expected)
    }

    @Test func `the version is printed`() {
        let end = ending(["--version"])
        #expect(end.out == "circuitctl \(circuitdVersion)\n")
        #expect(end.code == .fine)
    }

    @Test func `help names every command and fits 80 columns`() {
        let end = ending(["--help"])
        #expect(end.code == .fine)
        for command in commands { #expect(end.out.contains("\n  \(command.name)")) }
        #expect(end.out.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: commands.map(\.name))
    func `each command's help tells usage and fits 80 columns`(name: String) {
        let end = ending([name, "--help"])
        #expect(end.code == .fine)
        #expect(end.out.hasPrefix("usage: circuitctl \(name)"))
        #expect(end.out.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}

@Suite struct `Asking the daemon` {
    private func served(
        _ answers: [ScriptedServer.Answer], _ arguments: [String], socket: String = "control.sock",
        typing: String? = nil, width: Int? = nil, patience: Int32 = 5000
    ) throws -> (end: Ending, requests: [String], directory: String) {
        let server = try ScriptedServer(answers, socket: socket)
        defer { server.end() }
        let end = ending(
            arguments + ["--run", server.directory], typing: typing, width: width,
            patience: patience)
        return (end, server.requests, server.directory)
    }

    @Test func `a request is one line and four headers`() throws {
        let reply = text(CircuitsReply(circuits: [healthyCircuit]))
        let (end, requests, _) = try served([.pieces([response("200 OK", reply)])], ["circuits"])
        #expect(end.code == .fine)
        #expect(
            requests == [
                "GET /v1/circuits HTTP/1.1\r\nHost: circuitd\r\nConnection: close\r\n"
                    + "Content-Length: 0\r\n\r\n"
            ])
        #expect(end.out.contains("acme-inside  healthy"))
    }

    @Test func `a body in chunks and single bytes is read`() throws {
        let body = Array(text(crossConnect).utf8).map { String(UnicodeScalar($0)) }
        let pieces =
            ["HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n"]
            + body.map { "1\r\n\($0)\r\n" } + ["0\r\n\r\n"]
        let (end, _, _) = try served([.pieces(pieces)], ["circuit", "acme-dc"])
        #expect(end.code == .fine)
        #expect(end.out.hasPrefix("acme-dc  healthy for 1m 30s\n"))
    }

    @Test func `status asks for circuits too, and an unhealthy edge ends with 1`() throws {
        let (end, requests, _) = try served(
            [
                .pieces([response("200 OK", text(badNight))]),
                .pieces([response("200 OK", text(CircuitsReply(circuits: [downCircuit])))]),
            ], ["status"])
        #expect(end.code == .refused)
        #expect(requests.count == 2)
        #expect(end.out.contains("zeta-aws  down"))
    }

    @Test func `JSON is the reply as it came, with what we do not know`() throws {
        let reply = text(quietDay).replacing("{\"asn\"", with: "{\"aNewKey\":[1],\"asn\"")
        let (end, requests, _) = try served(
            [.pieces([response("200 OK", reply)])], ["status", "--json"])
        #expect(end.code == .fine)
        #expect(requests.count == 1)
        #expect(end.out.hasPrefix("{\n  \"aNewKey\": [\n    1\n  ],\n  \"asn\": 64600,\n"))
    }

    @Test(arguments: [
        (HealthReply(.ok), "200 OK", ExitCode.fine),
        (HealthReply(.degraded, reasons: ["x"]), "200 OK", .fine),
        (HealthReply(.unhealthy, reasons: ["x"]), "503 Service Unavailable", .refused),
    ])
    func `health is asked on its own socket and is the exit code`(
        reply: HealthReply, status: String, code: ExitCode
    ) throws {
        let (end, requests, _) = try served(
            [.pieces([response(status, text(reply))])], ["health", "acme"], socket: "health.sock")
        #expect(end.code == code)
        #expect(end.out.hasPrefix(reply.status.rawValue))
        #expect(requests.first?.hasPrefix("GET /healthz?circuit=acme HTTP/1.1\r\n") == true)
    }

    @Test func `a missing socket is a daemon that is not running`() {
        let end = ending(["status", "--run", "/nonexistent"])
        #expect(end.code == .unreachable)
        #expect(
            end.err
                == "circuitctl: circuitd is not running here: no socket /nonexistent/control.sock\n"
        )
    }

    @Test func `a socket that nobody listens at is a daemon that is not running`() throws {
        let server = try ScriptedServer([])
        server.endListening()
        defer { server.removeDirectory() }
        let directory = server.directory
        let end = ending(["status", "--run", directory])
        #expect(end.code == .unreachable)
        #expect(
            end.err
                == "circuitctl: circuitd is not running here: nobody listens at "
                + "\(directory)/control.sock\n")
    }

    @Test func `a name too long for a socket is not understood`() {
        let end = ending(["status", "--run", "/" + String(repeating: "x", count: 200)])
        #expect(end.code == .usage)
        #expect(end.err.contains("is too long for the name of a socket"))
    }

    @Test(arguments: [
        (
            "403 Forbidden", #"{"error":"only root and members of group circuitd may ask this"}"#,
            ExitCode.refused, "only root and members of group circuitd may ask this"
        ),
        (
            "404 Not Found", #"{"error":"there is no circuit a here; did you mean b?"}"#, .refused,
            "there is no circuit a here; did you mean b?"
        ),
        ("404 Not Found", "<html>", .refused, "circuitd answers with HTTP status 404"),
        ("500 Oops", "", .refused, "circuitd answers with HTTP status 500"),
        (
            "503 Busy", #"{"error":"the loop has not moved for 12 s"}"#, .unreachable,
            "the loop has not moved for 12 s"
        ),
    ])
    func `a refusal is the daemon's own sentence`(
        status: String, body: String, code: ExitCode, sentence: String
    ) throws {
        let (end, _, _) = try served([.pieces([response(status, body)])], ["circuit", "a"])
        #expect(end.code == code)
        #expect(end.err == "circuitctl: \(sentence)\n")
        #expect(end.out == "")
    }

    @Test func `an answer of another version says so`() throws {
        let (end, _, directory) = try served(
            [.pieces([response("200 OK", "{\"circuits\":7}")])], ["circuits"])
        #expect(end.code == .unreachable)
        #expect(
            end.err
                == "circuitctl: \(directory)/control.sock: the answer is not understood by "
                + "circuitctl \(circuitdVersion); are circuitd and circuitctl of one version?\n")
    }

    @Test(arguments: [
        (["SSH-2.0-x\r\n"], "what answers there does not speak HTTP"),
        ([], "it closed without an answer"),
        (["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"], "the answer ends in its middle"),
    ])
    func `garbage is told with the socket's name`(pieces: [String], sentence: String) throws {
        let (end, _, directory) = try served([.pieces(pieces)], ["circuits"])
        #expect(end.code == .unreachable)
        #expect(end.err == "circuitctl: \(directory)/control.sock: \(sentence)\n")
    }

    @Test func `a daemon that says nothing is given up`() throws {
        let (end, _, directory) = try served([.silence], ["circuits"], patience: 100)
        #expect(end.code == .unreachable)
        #expect(
            end.err
                == "circuitctl: circuitd does not answer at \(directory)/control.sock within 0.1 s\n"
        )
    }

    @Test func `routes follow their pages`() throws {
        let row = RouteRow(prefix: "10.0.0.0/8", family: "ipv4", best: true)
        let first = RoutesReply(view: .received, routes: [row], total: 2, next: "10.0.0.0/8")
        let second = RoutesReply(view: .received, routes: [row], total: 2)
        let (end, requests, _) = try served(
            [
                .pieces([response("200 OK", text(first))]),
                .pieces([response("200 OK", text(second))]),
            ], ["routes", "a b", "--view", "rec", "--family", "ipv4"])
        #expect(end.code == .fine)
        #expect(
            requests.map { $0.prefix { $0 != "\r\n" } } == [
                "GET /v1/circuits/a%20b/routes?view=received&family=ipv4 HTTP/1.1",
                "GET /v1/circuits/a%20b/routes?view=received&family=ipv4&after=10.0.0.0%2F8 "
                    + "HTTP/1.1",
            ])
        #expect(end.out.hasSuffix("\n2 received routes\n"))
    }

    @Test func `events are lines until the daemon ends them`() throws {
        let event = Event(number: 1, time: "T", kind: "link", circuit: "a", link: "b", text: "up")
        let line = text(event)
        let pieces = [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n",
            "5\r\n{\"odd\r\n3\r\n\"}\n\r\n", "0\r\n\r\n",
        ]
        let (end, _, _) = try served([.pieces(pieces)], ["events"])
        #expect(end.out == "T link a/b: up\n{\"odd\"}\n")
        #expect(end.code == .unreachable)
        #expect(end.err == "circuitctl: circuitd has ended the stream of events\n")
    }

    @Test(arguments: [
        (["reload"], "POST /v1/reload"), (["drain", "a/b"], "POST /v1/circuits/a/links/b/drain"),
        (["drain", "a", "b"], "POST /v1/circuits/a/links/b/drain"),
        (["undrain", "a/b"], "POST /v1/circuits/a/links/b/undrain"),
        (["undrain", "a", "p/b"], "POST /v1/circuits/a/links/b/undrain?peering=p"),
        (["clear", "a/p/b"], "POST /v1/circuits/a/links/b/clear?peering=p"),
        (["clear", "a"], "POST /v1/circuits/a/clear"),
        (
            ["clear", "a", "b", "--peer", "10.0.0.2", "--soft", "in"],
            "POST /v1/circuits/a/links/b/clear?peer=10.0.0.2&soft=in"
        ),
        (["clear", "a", "--soft=out"], "POST /v1/circuits/a/clear?soft=out"),
        (["clear", "a", "--reason", "new key"], "POST /v1/circuits/a/clear?reason=new%20key"),
        (["shutdown", "--yes"], "POST /v1/shutdown"),
    ])
    func `an action says what was done`(arguments: [String], line: String) throws {
        let (end, requests, _) = try served(
            [.pieces([response("200 OK", text(ActionReply("it is done")))])], arguments)
        #expect(end.code == .fine)
        #expect(end.out == "it is done\n")
        #expect(requests.first?.hasPrefix("\(line) HTTP/1.1\r\n") == true)
    }

    @Test(arguments: [
        (["routes", "a", "--why", "10.30.0.0/16"], "GET /v1/circuits/a/routes?why=10.30.0.0%2F16"),
        (
            ["routes", "--tenant", "t", "--why", "10.30.4.7"],
            "GET /v1/tenants/t/routes?why=10.30.4.7%2F32"
        ),
        (["routes", "--why", "::/0"], "GET /v1/routes?why=%3A%3A%2F0"),
    ])
    func `why asks where it is told to`(arguments: [String], line: String) throws {
        let (end, requests, _) = try served(
            [.pieces([response("200 OK", text(whyReply))])], arguments)
        #expect(end.code == .fine)
        #expect(end.out.contains("the kernel has it"))
        #expect(requests.first?.hasPrefix("\(line) HTTP/1.1\r\n") == true)
    }

    @Test func `why looks for a tenant where no circuit has the name`() throws {
        let refusal = response("404 Not Found", #"{"error":"there is no circuit acme here"}"#)
        let (end, requests, _) = try served(
            [.pieces([refusal]), .pieces([response("200 OK", text(whyReply))])],
            ["routes", "acme", "--why", "10.30.0.0/16"])
        #expect(end.code == .fine)
        #expect(requests.count == 2)
        #expect(requests.last?.hasPrefix("GET /v1/tenants/acme/routes?why=") == true)
        #expect(end.out.contains("tenant acme"))
    }

    @Test func `where neither a circuit nor a tenant has the name the circuit's answer stands`()
        throws
    {
        let circuit = response("404 Not Found", #"{"error":"there is no circuit acm here"}"#)
        let tenant = response("404 Not Found", #"{"error":"there is no tenant acm here"}"#)
        let (end, _, _) = try served(
            [.pieces([circuit]), .pieces([tenant])], ["routes", "acm", "--why", "10.30.0.0/16"])
        #expect(end.code == .refused)
        #expect(end.err == "circuitctl: there is no circuit acm here\n")
    }

    @Test func `a policy is asked of a circuit, and is JSON too`() throws {
        let (end, requests, _) = try served(
            [.pieces([response("200 OK", text(policyReply))])],
            ["circuit", "acme-azure", "--policy", "--json"])
        #expect(end.code == .fine)
        #expect(requests.first?.hasPrefix("GET /v1/circuits/acme-azure/policy HTTP/1.1") == true)
        #expect(end.out.contains("\"sentence\": \"paths with our AS 64600 are refused\""))
        #expect(end.out.contains("\"name\": \"own-as\""))
    }

    @Test(arguments: [(nil, ExitCode.usage, 1), ("no", .refused, 1), ("yes", .fine, 2)])
    func `shutdown asks first`(typing: String?, code: ExitCode, requests: Int) throws {
        let (end, asked, _) = try served(
            [
                .pieces([response("200 OK", text(quietDay))]),
                .pieces([response("200 OK", text(ActionReply("draining")))]),
            ], ["shutdown"], typing: typing)
        #expect(end.code == code)
        #expect(asked.count == requests)
        #expect(end.err.hasPrefix("This stops 1 circuit of 1 tenant on ord1"))
    }
}

@Suite struct `Text for people` {
    @Test func `no escape sequence of a peer reaches the terminal`() {
        let text = Styled("a\u{1B}[2Jb\u{9B}c\u{202E}d\ne")
        #expect(text.rendered(inColour: true) == "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d\\u{a}e")
    }

    @Test func `colours are there only when wanted`() {
        let text = Styled("ok", .good) + " " + Styled("down", .bad)
        #expect(text.rendered(inColour: false) == "ok down")
        #expect(text.rendered(inColour: true) == "\u{1B}[32mok\u{1B}[0m \u{1B}[31mdown\u{1B}[0m")
    }

    @Test(arguments: [
        (-1, "0s"), (0, "0s"), (59, "59s"), (60, "1m 0s"), (3599, "59m 59s"), (3600, "1h 0m"),
        (86_399, "23h 59m"), (86_400, "1d 0h"), (Int.max, "106,751,991,167,300d 15h"),
    ])
    func `times are two units`(seconds: Int, expected: String) {
        #expect(elapsed(seconds) == expected)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `numbers are grouped`(value: Int, expected: String) {
        #expect(grouped(value) == expected)
    }

    @Test func `pieces that touch stay together when wrapped`() {
        let text = Styled("aaaa bbbb ") + Styled("cccc", .bold) + ": dddd"
        #expect(
            text.wrapped(to: 9).map { $0.rendered(inColour: false) } == [
                "aaaa bbbb", "cccc:", "dddd",
            ])
    }
}
