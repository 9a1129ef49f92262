// What holds for a session when keys stand on several levels, and what providers fill in.

import Intent
import Net
import Testing

@Suite struct ReadingLevelsTests {
    private func sessions(_ text: String) throws -> [SessionSettings] {
        let document = circuit(text)
        #expect(document.faults.filter { $0.severity == .fault } == [])
        return try #require(document.value).peerings.flatMap(\.links).flatMap(\.sessions)
    }

    /// A dedicated circuit with a link for both families; `bgp` stands at the top, `own` in the link.
    private func sessions(bgp: String, own: String = "{}", peers: String = "peer: 10.0.0.2")
        throws -> [SessionSettings]
    {
        try sessions(
            """
            circuit: c
            tenant: t
            provider: dedicated
            vlan: 5
            bgp: \(bgp)
            links:
              a:
                port: campus
                address: 10.0.0.1/29
                address6: fd00::1/64
                peer6: fd00::2
                \(peers)
                bgp: \(own)
            """)
    }

    @Test func `maps merge by key down to the single peer`() throws {
        let all = try sessions(
            bgp: "{ peer-asn: 65001, med: 1, prepend: 1, max-prefixes: { in: 10, warn: 50% } }",
            own: "{ med: 2, max-prefixes: { in: 20 } }",
            peers: "peers: { 10.0.0.2: , 10.0.0.3: { bgp: { med: 3, passive: on } } }")
        #expect(all.map(\.peer.description) == ["10.0.0.2", "10.0.0.3", "fd00::2"])
        #expect(all.map(\.med) == [2, 3, 2])
        #expect(all.map(\.prepend) == [1, 1, 1])
        #expect(all.map(\.limits.inbound) == [20, 20, 20])
        #expect(all.map(\.limits.warn) == [50, 50, 50])
        #expect(all.map(\.isPassive) == [false, true, false])
    }

    @Test func `a peering and a link stand between the circuit and the session`() throws {
        let document = circuit(
            """
            circuit: c
            provider: dedicated
            tenant: t
            port: campus
            vlan: { outer: 9 }
            bgp: { peer-asn: 65001, hold-time: 30s }
            peerings:
              one:
                vlan: { inner: 1 }
                links: { x: { address: 10.0.0.1/30, peer: 10.0.0.2 } }
              two:
                tenant: u
                vlan: 7
                mtu: 1400
                bgp: { hold-time: 60s }
                links: { x: { address: 10.0.0.1/30, peer: 10.0.0.2, bgp: { peer-asn: 65002 } } }
            """)
        #expect(document.sentences == [])
        let peerings = try #require(document.value).peerings
        let links = peerings.flatMap(\.links)
        #expect(peerings.map(\.tenant) == ["t", "u"])
        #expect(links.map(\.mtu) == [nil, 1400])
        #expect(
            links.map(\.encapsulation) == [
                .qinq(outer: try vlan(9), inner: try vlan(1)), .vlan(try vlan(7)),
            ])
        #expect(links.flatMap(\.sessions).map(\.holdTime) == [30, 60])
        #expect(links.flatMap(\.sessions).map(\.peerASN) == [ASN(65001), ASN(65002)])
    }

    @Test(arguments: [
        ("{ peer-asn: 1 }", ["10.0.0.2 ipv4", "fd00::2 ipv6"]),
        ("{ peer-asn: 1, families: [ipv4, ipv6] }", ["10.0.0.2 ipv4 ipv6"]),
        ("{ peer-asn: 1, families: [ipv6, ipv4] }", ["10.0.0.2 ipv4 ipv6"]),
        ("{ peer-asn: 1, families: [ipv6] }", ["fd00::2 ipv6"]),
        ("{ peer-asn: 1, families: [ipv4] }", ["10.0.0.2 ipv4"]),
    ])
    func `each family has its session, unless families puts both on one`(
        _ bgp: String, _ expected: [String]
    ) throws {
        let said = try sessions(bgp: bgp).map { session in
            ([session.peer.description] + session.families.sorted().map(\.description))
                .joined(separator: " ")
        }
        #expect(said == expected)
    }

    @Test(arguments: [
        ("{ peer-asn: 1 }", "{}", nil),
        (
            "{ peer-asn: 1, bfd: on }", "{}",
            SessionSettings.BFD(interval: .milliseconds(300), multiplier: 3)
        ),
        ("{ peer-asn: 1, bfd: on }", "{ bfd: off }", nil),
        (
            "{ peer-asn: 1, bfd: on }", "{ bfd: { interval: 1s } }",
            .init(interval: .seconds(1), multiplier: 3)
        ),
        (
            "{ peer-asn: 1, bfd: { multiplier: 5, strict: yes } }", "{ bfd: { interval: 50ms } }",
            .init(interval: .milliseconds(50), multiplier: 5, isStrict: true)
        ),
        (
            "{ peer-asn: 1, bfd: { multiplier: 5 } }", "{ bfd: on }",
            .init(interval: .milliseconds(300), multiplier: 3)
        ),
    ])
    func `bfd takes the profile's timers where none are said`(
        _ bgp: String, _ own: String, _ bfd: SessionSettings.BFD?
    ) throws {
        #expect(try sessions(bgp: bgp, own: own).map(\.bfd) == [bfd, bfd])
    }

    @Test(arguments: [
        ("", nil, nil, false, false),
        ("accept: [10.0.0.0/8]", "[10.0.0.0/8]", nil, false, false),
        ("default-route: accept", "[0.0.0.0/0]", nil, true, false),
        ("default-route: advertise", nil, nil, false, true),
        (
            "default-route: both, accept: [0.0.0.0/0], advertise: [10.0.0.0/8]", "[0.0.0.0/0]",
            "[10.0.0.0/8, 0.0.0.0/0]", true, true
        ),
        ("accept: [0.0.0.0/0 upto 24]", "[0.0.0.0/0 upto 24]", nil, false, false),
        ("accept: []", "[]", nil, false, false),
    ])
    func `the default passes only where default-route says so`(
        _ keys: String, _ accept: String?, _ advertise: String?, _ enters: Bool, _ leaves: Bool
    ) throws {
        let all = try sessions(bgp: "{ peer-asn: 1, \(keys) }")
        let session = try #require(all.first)
        #expect(session.accept?.description == accept)
        #expect(session.advertise?.description == advertise)
        #expect(session.acceptsDefault == enters)
        #expect(session.advertisesDefault == leaves)
    }

    @Test(arguments: [
        ("expressroute", "10.0.0.0/30", "10.0.0.1/30", "10.0.0.2"),
        ("direct-connect", "10.0.0.0/30", "10.0.0.2/30", "10.0.0.1"),
        ("direct-connect", "10.0.0.8/29", "10.0.0.10/29", "10.0.0.9"),
        ("direct-connect", "10.0.0.0/31", "10.0.0.1/31", "10.0.0.0"),
        ("expressroute", "fd00::4/126", "fd00::5/126", "fd00::6"),
        ("direct-connect", "fd00::4/127", "fd00::5/127", "fd00::4"),
    ])
    func `the provider says which host of a subnet is ours`(
        _ provider: String, _ subnet: String, _ ours: String, _ theirs: String
    ) throws {
        let key = subnet.contains(":") ? "subnet6" : "subnet"
        let links = ["primary", "secondary"].map {
            "  \($0): { edge: \($0), port: ecx-a, \(key): \"\(subnet)\" }"
        }
        let document = circuit(
            """
            circuit: c
            tenant: t
            provider: \(provider)
            vlan: 5
            bgp: { peer-asn: \(provider == "expressroute" ? 12076 : 64512), password-file: keys/acme-azure }
            links:
            \(links.joined(separator: "\n"))
            """)
        #expect(document.sentences == [])
        let link = try #require(document.value?.peerings.first?.links.first)
        #expect(link.addresses.map(\.description) == [ours])
        #expect(link.peers.map(\.description) == [theirs])
    }

    @Test func `what a file leaves out is filled in, so that equal meanings are equal`() throws {
        let short = try sessions(bgp: "{ peer-asn: 65001 }")
        let long = try sessions(
            bgp: """
                { peer-asn: "65001", local-asn: 64600, hold-time: 90s, port: 179, passive: no, \
                bfd: false, prepend: 0, communities: [], allow-own-as: 0, as-override: off, \
                remove-private-as: off, graceful-restart: on, ttl-security: off, min-prefixes: 1, \
                max-prefixes: { warn: 80, hold-down: 15m }, default-route: off, import: [], \
                export: [], add-path: off, extended-next-hop: off, multipath: off, \
                next-hop-self: on, route-reflector-client: off, identify: off, \
                enforce-first-as: on, extended-messages: on, shutdown: off }
                """)
        #expect(short == long)
    }

    @Test func `graceful restart rests beside BFD where the provider asks for it`() throws {
        func restart(_ keys: String) throws -> [Bool] {
            try sessions(
                """
                circuit: c
                tenant: t
                provider: direct-connect
                bgp: { peer-asn: 64512, \(keys) }
                links: { a: { port: ecx-a, vlan: 5, subnet: 10.0.0.0/30 } }
                """
            ).map(\.hasGracefulRestart)
        }
        #expect(try restart("") == [true])
        #expect(try restart("bfd: on") == [false])
        #expect(try restart("bfd: on, graceful-restart: on") == [true])
    }

    @Test func `a key that every lower level overrides is faulted all the same`() {
        let document = circuit(
            """
            circuit: c
            tenant: t
            provider: dedicated
            vlan: 4096
            mtu: big
            bgp: { peer-asn: 65001, med: low }
            links:
              a: { port: campus, vlan: 5, mtu: 1500, address: 10.0.0.1/30, peer: 10.0.0.2, bgp: { med: 1 } }
            """)
        #expect(
            document.sentences == [
                "c.yaml:4:7: vlan \"4096\" is not a VLAN from 1 to 4094, { outer, inner }, or untagged",
                "c.yaml:5:6: mtu \"big\" is not a number from 576 to 65535",
                "c.yaml:6:30: med \"low\" is not a number from 0 to 4294967295",
            ])
    }

    @Test(arguments: [
        ("expressroute", "abcDEF123", nil), ("dedicated", "s3cret!", nil),
        ("expressroute", "abc-123", "the password may hold letters and digits only"),
        (
            "expressroute", "abcdefghijklmnopqrstuvwxyz",
            "the password has 26 bytes; at most 25 are taken"
        ),
        ("dedicated", "", "the password is empty"),
        ("dedicated", "a b", "the password may hold printable characters only"),
    ])
    func `a provider says what a password may be`(
        _ provider: String, _ password: String, _ fault: String?
    ) throws {
        let profile = try #require(Profile.named(provider))
        #expect(profile.password.fault(in: PasswordForm(of: password.utf8)) == fault)
    }
}
