// The keys of a wider speaker: what each means for a session, and what a change of it disturbs.

import Intent
import Net
import Testing

@Suite struct ReadingPolicyTests {
    /// A key, the level below which may say more, and what the session must then be.
    struct Key: Sendable, CustomTestStringConvertible {
        let keys: String
        let impact: Impact
        let meaning: @Sendable (inout SessionSettings) -> Void
        var testDescription: String { keys }

        init(
            _ keys: String, _ impact: Impact,
            _ meaning: @escaping @Sendable (inout SessionSettings) -> Void
        ) {
            self.keys = keys
            self.impact = impact
            self.meaning = meaning
        }
    }

    private static func file(
        _ keys: String, own: String = "{}", peerASN: Int = 65001,
        ends: String = "address: 10.0.0.1/30, peer: 10.0.0.2"
    ) -> String {
        """
        circuit: c
        tenant: t
        provider: dedicated
        vlan: 5
        port: campus
        links: { a: { \(ends), bgp: \(own) } }
        bgp: { peer-asn: \(peerASN), \(keys) }
        """
    }

    private static func session(_ text: String) throws -> SessionSettings {
        let document = circuit(text)
        #expect(document.sentences == [])
        return try #require(
            document.value?.peerings.first?.links.first?.sessions.first)
    }

    private static func rule(_ fill: (inout RouteRule) -> Void) -> RouteRule {
        var rule = RouteRule()
        fill(&rule)
        return rule
    }

    @Test(arguments: [
        Key("role: customer", .session) { $0.role = .customer },
        Key("role: rs", .session) { $0.role = .routeServer },
        Key("role: { local: peer, strict: on }", .session) {
            $0.role = .peer
            $0.isRoleStrict = true
        },
        Key("add-path: receive", .session) { $0.addPath = .receive },
        Key("add-path: send", .session) { $0.addPath = .send },
        Key("add-path: both", .session) { $0.addPath = [.receive, .send] },
        Key("max-prefixes: { in: 10, hold-down: 1s }", .soft) {
            $0.limits.inbound = 10
            $0.limits.holdDown = .seconds(1)
        },
        Key("max-prefixes: { hold-down: 168h }", .soft) { $0.limits.holdDown = .seconds(604_800) },
        Key("multipath: links", .soft) { $0.multipath = .links },
        Key("multipath: circuits", .soft) { $0.multipath = .circuits },
        Key("graceful-restart: off", .session) { $0.hasGracefulRestart = false },
        Key("graceful-restart: { time: 4095s }", .session) { $0.restartTime = 4095 },
        Key("graceful-restart: { long-lived: 24h }", .session) { $0.longLived = .seconds(86_400) },
        Key("graceful-restart: { time: 1m, long-lived: 16777215s }", .session) {
            $0.restartTime = 60
            $0.longLived = .seconds(16_777_215)
        },
        Key("identify: on", .session) { $0.identifies = true },
        Key("enforce-first-as: off", .session) { $0.enforcesFirstAS = false },
        Key("extended-messages: off", .session) { $0.hasExtendedMessages = false },
        Key("shutdown: moving to rack 12", .session) { $0.shutdown = "moving to rack 12" },
        Key("shutdown: on", .session) { $0.shutdown = "" },
        Key("import: [{ refuse: on }]", .soft) {
            $0.importRules = [Self.rule { $0.isRefusal = true }]
        },
        Key("export: [{ med: 5 }]", .soft) { $0.exportRules = [Self.rule { $0.med = 5 }] },
    ])
    func `a key changes what it names, and declares its impact`(_ key: Key) throws {
        let plain = try Self.session(Self.file(""))
        var expected = plain
        key.meaning(&expected)
        let text = Self.file(key.keys)
        #expect(try Self.session(text) == expected)
        let before = try #require(circuit(Self.file("")).value)
        let after = try #require(circuit(text).value)
        #expect(Catalog.impact(from: before, to: after) == key.impact)
    }

    @Test(arguments: [
        Key("route-reflector-client: on", .soft) { $0.isReflectorClient = true },
        Key("next-hop-self: off", .soft) { $0.isNextHopSelf = false },
    ])
    func `a key for our own AS changes what it names there`(_ key: Key) throws {
        let plain = try Self.session(Self.file("", peerASN: 64600))
        var expected = plain
        key.meaning(&expected)
        #expect(try Self.session(Self.file(key.keys, peerASN: 64600)) == expected)
    }

    @Test(arguments: [
        (
            "prefixes: [10.0.0.0/8 upto 24]",
            Self.rule {
                $0.prefixes = PrefixFilter([PrefixRule("10.0.0.0/8 upto 24")].compactMap(\.self))
            }
        ),
        (
            "as-path-contains: [64512, 23456, 0]",
            Self.rule {
                $0.pathContains = [ASN(64512), ASN(23456), ASN(0)]
            }
        ),
        ("as-path-longer-than: 0", Self.rule { $0.pathLongerThan = 0 }),
        ("as-path-shorter-than: 3", Self.rule { $0.pathShorterThan = 3 }),
        ("origin-as: [65000, 1.1]", Self.rule { $0.originAS = [ASN(65000), ASN(65537)] }),
        (
            "communities: [65001:*, no-export, 1:2:*]",
            Self.rule {
                $0.communities = [.standard(65001), .one(.standard(.noExport)), .large(1, 2)]
            }
        ),
    ])
    func `a rule holds for what all its conditions mean`(
        _ condition: String, _ expected: RouteRule
    ) throws {
        var expected = expected
        expected.isRefusal = true
        let session = try Self.session(Self.file("import: [{ \(condition), refuse: on }]"))
        #expect(session.importRules == [expected])
    }

    @Test(arguments: [
        ("local-pref: 0", Self.rule { $0.localPref = 0 }),
        ("med: 7", Self.rule { $0.med = 7 }),
        ("prepend: 20", Self.rule { $0.prepend = 20 }),
        (
            "add-communities: [65000:1, 1:2:3, rt:1:2, no-peer]",
            Self.rule {
                $0.adds = ["65000:1", "1:2:3", "rt:1:2", "no-peer"].compactMap { AnyCommunity($0) }
            }
        ),
        (
            "remove-communities: [\"*\", 65001:*]",
            Self.rule {
                $0.removes = [.any, .standard(65001)]
            }
        ),
        ("refuse: off, med: 7", Self.rule { $0.med = 7 }),
    ])
    func `a rule changes what it names`(_ change: String, _ expected: RouteRule) throws {
        let session = try Self.session(Self.file("import: [{ \(change) }]"))
        #expect(session.importRules == [expected])
    }

    @Test func `rules stand in the order of the file`() throws {
        let session = try Self.session(
            Self.file("export: [{ med: 1 }, { prepend: 2 }, { refuse: on }]"))
        #expect(session.exportRules.map(\.med) == [1, nil, nil])
        #expect(session.exportRules.map(\.prepend) == [0, 2, 0])
        #expect(session.exportRules.map(\.isRefusal) == [false, false, true])
    }

    @Test(arguments: [
        ("import: [{ med: 1 }]", "{ import: [] }", Key("", .none) { $0.importRules = [] }),
        ("shutdown: on", "{ shutdown: off }", Key("", .none) { $0.shutdown = nil }),
        ("role: peer", "{ role: { local: rs } }", Key("", .none) { $0.role = .routeServer }),
        (
            "role: { local: rs }", "{ role: { strict: on } }",
            Key("", .none) {
                $0.role = .routeServer
                $0.isRoleStrict = true
            }
        ),
        (
            "graceful-restart: { long-lived: 1h }", "{ graceful-restart: { time: 9s } }",
            Key("", .none) {
                $0.longLived = .seconds(3600)
                $0.restartTime = 9
            }
        ),
        (
            "graceful-restart: { long-lived: 1h }", "{ graceful-restart: off }",
            Key("", .none) {
                $0.hasGracefulRestart = false
            }
        ),
        (
            "max-prefixes: { hold-down: 1m }", "{ max-prefixes: { in: 4 } }",
            Key("", .none) {
                $0.limits.inbound = 4
                $0.limits.holdDown = .seconds(60)
            }
        ),
    ])
    func `a link says more than the circuit, or something else`(
        _ above: String, _ own: String, _ key: Key
    ) throws {
        var expected = try Self.session(Self.file(""))
        key.meaning(&expected)
        #expect(try Self.session(Self.file(above, own: own)) == expected)
    }

    @Test func `with extended next hops an IPv6 session carries IPv4 on a link without IPv4`()
        throws
    {
        let session = try Self.session(
            Self.file(
                "extended-next-hop: on, families: [ipv4, ipv6]",
                ends: "address6: fd00::1/64, peer6: fd00::2"))
        #expect(session.hasExtendedNextHop)
        #expect(session.families == [.ipv4, .ipv6])
        #expect(session.peer.description == "fd00::2")
    }

    @Test(arguments: [
        ("azure-private", "", Multipath.links), ("azure-microsoft", "", .off),
        ("azure-private", ", multipath: off", .off),
        ("azure-microsoft", ", multipath: links", .links),
    ])
    func `the provider says which equal paths share the traffic, unless the file does`(
        _ peering: String, _ keys: String, _ expected: Multipath
    ) throws {
        let document = circuit(
            """
            circuit: c
            tenant: t
            provider: expressroute
            peering: \(peering)
            vlan: 5
            links:
              primary: { edge: ord1, port: ecx-a, subnet: 198.51.100.0/30 }
              secondary: { edge: ord2, port: ecx-a, subnet: 198.51.100.4/30 }
            bgp: { password-file: keys/acme-azure\(keys) }
            """)
        #expect(document.sentences == [])
        let sessions = try #require(document.value).peerings.flatMap(\.links).flatMap(\.sessions)
        #expect(sessions.map(\.multipath) == [expected, expected])
    }

    @Test(arguments: ["cloud-exchange", "dedicated", "direct-connect", "fastconnect", "inside"])
    func `elsewhere nothing shares the traffic unless the file says so`(_ name: String) throws {
        let profile = try #require(Profile.named(name))
        #expect(profile.rule(for: "").multipath == .off)
    }
}
