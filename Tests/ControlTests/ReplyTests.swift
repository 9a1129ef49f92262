import Control
import Testing

private let summary = CircuitSummary(
    name: "acme", tenants: ["acme"], provider: "expressroute", health: .degraded,
    reasons: ["primary: \"odd\" \u{1B}[31m / ü"],
    links: LinkCount(forwarding: 1, here: 1, elsewhere: ["secondary on ord2"]), prefixesIn: 3,
    prefixesOut: 1, sinceSeconds: 60)

@Suite struct `Replies` {
    private func trip<Value: Codable & Equatable>(_ value: Value) -> Bool {
        JSON.decode(Value.self, from: JSON.encode(value)) == value
    }

    @Test func `a status survives the way`() {
        let status = StatusReply(
            edge: "ord1", version: "1", uptimeSeconds: 5, routerID: "203.0.113.7", asn: 64600,
            generation: 3, daemon: HealthReply(.degraded, reasons: ["x"]),
            faults: [FileFault(file: "a", line: 1, column: 2, sentence: "b", severity: .warning)],
            heldRemovals: HeldRemovals(circuits: ["a"], tenants: ["t"], sinceSeconds: 9),
            settingsWarnings: ["w"], counts: Counts(circuits: 1, down: 1),
            kernel: KernelStatus(settled: false, pendingSteps: 3, lastRefusal: "no"))
        #expect(trip(status))
    }

    @Test func `a circuit survives the way`() {
        let session = SessionReply(
            peer: "10.0.0.2", local: "10.0.0.1", peerASN: 4_294_967_295, localASN: 1,
            state: "Established", sinceSeconds: 1, holdSeconds: 90, role: "customer",
            peerRole: "provider",
            capabilities: CapabilitiesReply(
                pathsIn: ["ipv4"], restartSeconds: 120, longLivedSeconds: ["ipv4": 3600],
                hostname: "edge1"),
            families: [
                FamilyReply(
                    family: "ipv4", negotiated: true, received: 1, heldBack: 2, limitIn: 10)
            ], holdDownSeconds: 9, shutdown: "",
            lastSent: NotificationReply(code: 6, subcode: 4, name: "n", sinceSeconds: 1),
            lastReceived: NotificationReply(
                code: 6, subcode: 2, name: "n", text: "t", sinceSeconds: 1))
        let link = LinkReply(
            role: "primary", tenant: "acme", forwarding: true, state: "forwarding", port: "ecx-a",
            portDevice: "bond0", device: "c1.1010.100", tags: "802.1q 100", vrf: "vrf-acme",
            table: 1001, mtu: 1500, carrier: true,
            addresses: [AddressReply("10.0.0.1/30", .duplicate)], sessions: [session])
        #expect(trip(CircuitReply(summary: summary, bandwidth: .max, links: [link])))
        #expect(trip(CircuitsReply(circuits: [summary])))
    }

    @Test func `routes, plans, events and small replies survive the way`() {
        let row = RouteRow(
            prefix: "10.0.0.0/8", family: "ipv4", med: 0, communities: ["1:2"], best: true,
            kernel: .refused, reason: "because")
        #expect(trip(RoutesReply(view: .advertised, routes: [row], total: 9, next: "10.0.0.0/8")))
        let change = PlanReply.Change(circuit: "a", impact: .session, sentence: "s")
        #expect(trip(PlanReply(changes: [change], steps: ["one"], moreSteps: 2)))
        #expect(trip(Event(number: 1, time: "t", kind: "link", circuit: "c", text: "x")))
        #expect(trip(ConfirmReply(circuits: ["a"])))
        #expect(trip(ActionReply("done")))
    }

    @Test func `explanations and policies survive the way`() throws {
        #expect(trip(try whyExample()))
        let session = SessionPolicy(try policyExample())
        #expect(trip(PolicyReply(circuit: "a", provider: "dedicated", sessions: [session])))
    }

    @Test(arguments: [
        (0, 10, 0), (1, 10, 10), (10, 10, 100), (11, 10, 110), (999, 1000, 99), (1, 3, 33),
    ])
    func `how full a family is is a percentage of its limit`(
        count: Int, limit: Int, expected: Int
    ) {
        let reply = FamilyReply(
            family: "ipv4", negotiated: true, received: count, advertised: count, limitIn: limit,
            limitOut: limit)
        #expect(reply.percentIn == expected)
        #expect(reply.percentOut == expected)
    }

    @Test func `without a limit, or with one of none, there is no percentage`() {
        #expect(FamilyReply(family: "ipv4", negotiated: true, received: 5).percentIn == nil)
        #expect(
            FamilyReply(family: "ipv4", negotiated: true, received: 5, limitIn: 0).percentIn == nil)
        #expect(
            FamilyReply(family: "ipv4", negotiated: true, received: .max, limitIn: 1).percentIn
                == nil)
    }

    @Test func `what a peer says of itself is harmless`() {
        let reply = CapabilitiesReply(hostname: "a\u{1B}[2J", version: "b\u{202E}c\n")
        #expect(reply.hostname == "a\\u{1b}[2J")
        #expect(reply.version == "b\\u{202e}c\\u{a}")
        let parting = NotificationReply(
            code: 6, subcode: 2, name: "cease", text: "\u{9B}1m", sinceSeconds: 0)
        #expect(parting.text == "\\u{9b}1m")
        #expect(CapabilitiesReply(hostname: "", version: "").hostname == nil)
    }

    @Test(arguments: [
        (CapabilitiesReply(), ["refresh"]),
        (CapabilitiesReply(routeRefresh: false), ["no refresh"]),
        (CapabilitiesReply(fourOctetASN: false), ["2-octet AS only", "refresh"]),
        (
            CapabilitiesReply(
                enhancedRefresh: true, extendedMessages: true, extendedNextHop: true,
                pathsIn: ["ipv4", "ipv6"], pathsOut: ["ipv4"]),
            [
                "enhanced refresh", "extended messages", "extended next hop",
                "add-path in ipv4+ipv6", "add-path out ipv4",
            ]
        ),
        (
            CapabilitiesReply(
                restartSeconds: 120, restartFamilies: ["ipv4"], restartOnNotification: true,
                longLivedSeconds: ["ipv6": 5, "ipv4": 3600]),
            [
                "refresh", "graceful restart 120s ipv4 with notifications", "long-lived 3600s ipv4",
                "long-lived 5s ipv6",
            ]
        ),
        (CapabilitiesReply(restartSeconds: 9), ["refresh", "graceful restart 9s as helper"]),
    ])
    func `capabilities have names`(reply: CapabilitiesReply, names: [String]) {
        #expect(reply.names == names)
    }

    @Test func `a reply is one line of sorted keys with bare slashes`() {
        let bytes = JSON.encode(
            FileFault(file: "circuits/a.yaml", line: 3, column: 4, sentence: "s"))
        let line =
            #"{"column":4,"file":"circuits/a.yaml","line":3,"sentence":"s","severity":"fault"}"#
        #expect(String(decoding: bytes, as: UTF8.self) == line + "\n")
    }

    @Test func `bytes that are another thing decode to nothing`() {
        #expect(JSON.decode(StatusReply.self, from: Array("{}".utf8)) == nil)
        #expect(JSON.decode(StatusReply.self, from: Array("garbage".utf8)) == nil)
        #expect(JSON.decode(StatusReply.self, from: []) == nil)
    }

    @Test func `a refusal is an error with its status`() {
        let reply = Reply.refusal(RequestError(status: 404, "there is no x"))
        #expect(reply.status == 404)
        #expect(String(decoding: reply.body, as: UTF8.self) == "{\"error\":\"there is no x\"}\n")
    }

    @Test(arguments: [
        (HealthReply.Status.ok, 200), (.degraded, 200), (.unhealthy, 503),
    ])
    func `only unhealthy is 503`(status: HealthReply.Status, code: Int) {
        #expect(Reply.health(HealthReply(status, reasons: [])).status == code)
    }

    @Test func `events are lines`() {
        let event = Event(number: 1, time: "t", kind: "link", text: "x")
        let text = String(decoding: Reply.events([event, event]).body, as: UTF8.self)
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.hasSuffix("\n"))
    }

    @Test func `a stranger's health holds no names`() {
        let health = HealthReply(.unhealthy, reasons: ["acme is down", "globex is down"])
        #expect(
            health.withoutNames
                == HealthReply(.unhealthy, reasons: ["2 reasons; group circuitd sees them"]))
        #expect(HealthReply(.ok).withoutNames == HealthReply(.ok))
    }

    @Test func `the worst health sorts first`() {
        #expect(
            Health.allCases.sorted() == [.down, .degraded, .pending, .maintenance, .healthy])
    }

    @Test func `links elsewhere are told`() {
        #expect(summary.links.text == "1/1")
        #expect(summary.links.placeText == "1 of 2 here, secondary on ord2")
        #expect(LinkCount(forwarding: 1, here: 2).placeText == nil)
    }
}

@Suite struct `The edge in a word` {
    private func overall(
        _ daemon: HealthReply.Status = .ok, counts: Counts = Counts(), faults: [FileFault] = [],
        held: HeldRemovals? = nil, warnings: [String] = []
    ) -> HealthReply.Status {
        StatusReply(
            edge: "", version: "", uptimeSeconds: 0, routerID: "", asn: 0, generation: 0,
            daemon: HealthReply(daemon), faults: faults, heldRemovals: held,
            settingsWarnings: warnings, counts: counts, kernel: KernelStatus(settled: true)
        ).overall
    }

    @Test func `a circuit that is down or a sick daemon is unhealthy`() {
        #expect(overall(counts: Counts(down: 1)) == .unhealthy)
        #expect(overall(.unhealthy) == .unhealthy)
    }

    @Test func `whatever else is wrong is degraded`() {
        #expect(overall(.degraded) == .degraded)
        #expect(overall(counts: Counts(degraded: 1)) == .degraded)
        #expect(
            overall(faults: [FileFault(file: "a", line: 1, column: 1, sentence: "")]) == .degraded)
        #expect(overall(held: HeldRemovals(circuits: ["a"], sinceSeconds: 1)) == .degraded)
        #expect(overall(warnings: ["rp_filter"]) == .degraded)
    }

    @Test func `pending, maintenance and warnings of files are well`() {
        let warning = FileFault(file: "a", line: 1, column: 1, sentence: "", severity: .warning)
        #expect(overall(counts: Counts(pending: 1, maintenance: 1), faults: [warning]) == .ok)
    }
}

@Suite struct `Time stamps` {
    @Test(arguments: [
        (0 as Int64, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (1_763_614_206_123_999_999, "2025-11-20T04:50:06.123Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
        (Int64.max, "2262-04-11T23:47:16.854Z"), (Int64.min, "1677-09-21T00:12:43.145Z"),
    ])
    func `are RFC 3339 in UTC`(nanoseconds: Int64, expected: String) {
        #expect(timestamp(unixNanoseconds: nanoseconds) == expected)
    }
}
