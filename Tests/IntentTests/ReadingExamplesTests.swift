// The worked examples of etc/circuitd, each against the model that it must become.

import Intent
import Net
import Testing

@Suite struct ReadingExamplesTests {
    private func read(_ file: String) throws -> Circuit {
        let document = Reader.circuit(
            try Example.bytes(file), file: file, settings: edge, keys: Example.keys)
        #expect(document.sentences == [])
        return try #require(document.value)
    }

    @Test func `circuitd_yaml becomes settings`() throws {
        let document = Reader.settings(
            try Example.bytes("circuitd.yaml"), file: "circuitd.yaml", hostName: "x")
        #expect(document.sentences == [])
        let place = [
            "site": "ORD30", "cage": "12.4", "panel": "PP:0410", "position": "17/18",
        ]
        #expect(
            document.value
                == Settings(
                    edge: "ord1", routerID: RouterID(203, 0, 113, 7), asn: ASN(64600),
                    ports: [
                        "ecx-a": Port(
                            name: "ecx-a", device: name("bond0"), mtu: 9000, outerTag: .dot1q,
                            place: place),
                        "campus": Port(name: "campus", device: name("eth3")),
                    ],
                    marks: KernelMarks(routeProtocol: 67, metric: 20)))
    }

    @Test func `tenants_acme_yaml becomes a tenant`() throws {
        let file = "tenants/acme.yaml"
        let document = Reader.tenant(try Example.bytes(file), file: file)
        #expect(document.sentences == [])
        #expect(
            document.value
                == Tenant(
                    name: "acme", space: .vrf(TableID(1001)),
                    networks: [.init(try prefix("10.20.0.0/16"))],
                    exchange: [
                        .init(from: "acme-azure", to: "acme-inside"),
                        .init(
                            from: "acme-inside", to: "acme-azure",
                            prefixes: try filter("10.20.0.0/16 upto 24")),
                    ]))
        #expect(document.places["exchange.0.from"] == Place(line: 6, column: 13))
        #expect(document.places["vrf.table"] == Place(line: 3, column: 15))
    }

    @Test func `the inside circuit has a session for each of its peers`() throws {
        var sessions: [SessionSettings] = []
        for peer in ["10.20.0.2", "10.20.0.3"] {
            var session = SessionSettings(
                local: try address("10.20.0.1"), peer: try address(peer), localASN: ASN(64600),
                peerASN: ASN(64710), families: [.ipv4])
            session.accept = try filter("10.20.0.0/16 upto 24")
            session.advertise = try filter("10.30.0.0/16 upto 24")
            sessions.append(session)
        }
        let link = CircuitLink(
            role: "main", port: "campus", encapsulation: .vlan(try vlan(310)),
            addresses: [try subnet("10.20.0.1/24")],
            peers: [try address("10.20.0.2"), try address("10.20.0.3")], sessions: sessions)
        #expect(
            try read("circuits/acme-inside.yaml")
                == Circuit(
                    name: "acme-inside", provider: "inside",
                    peerings: [Peering(name: "", tenant: "acme", links: [link])]))
    }

    @Test func `the static circuit has a gateway and no session`() throws {
        let link = CircuitLink(
            role: "main", port: "campus", encapsulation: .untagged,
            addresses: [try subnet("192.0.2.1/30")], peers: [try address("192.0.2.2")])
        #expect(
            try read("circuits/acme-dc.yaml")
                == Circuit(
                    name: "acme-dc", provider: "dedicated", bandwidth: 200_000_000,
                    peerings: [
                        Peering(
                            name: "", tenant: "acme", routing: .static,
                            routes: [try prefix("172.16.0.0/12")], links: [link])
                    ]))
    }

    @Test func `direct-connect has the second host as ours, and a link's keys over the circuit's`()
        throws
    {
        func link(_ role: String, _ tag: UInt16, _ ends: (String, String), _ key: UInt64) throws
            -> CircuitLink
        {
            let ours = try subnet(ends.0)
            var session = SessionSettings(
                local: ours.address, peer: try address(ends.1), localASN: ASN(64600),
                peerASN: ASN(64512), families: [.ipv4])
            session.password = .init(file: "keys/acme-aws-\(role)", digest: key)
            session.accept = try filter("10.40.0.0/16 upto 24")
            session.advertise = try filter("10.20.0.0/16")
            session.limits.outbound = 100
            session.prepend = role == "b" ? 2 : 0
            return CircuitLink(
                role: role, port: "ecx-a", encapsulation: .vlan(try vlan(tag)), mtu: 1500,
                addresses: [ours], peers: [try address(ends.1)], sessions: [session])
        }
        let links = [
            try link("a", 1401, ("169.254.96.2/30", "169.254.96.1"), 2),
            try link("b", 1402, ("169.254.96.6/30", "169.254.96.5"), 3),
        ]
        #expect(
            try read("circuits/acme-aws.yaml")
                == Circuit(
                    name: "acme-aws", provider: "direct-connect",
                    peerings: [Peering(name: "", tenant: "acme", links: links)]))
    }

    @Test func `a carrier has a role, rules, limits and two links that share the traffic`() throws {
        let circuit = try read("circuits/acme-transit.yaml")
        let sessions = circuit.peerings.flatMap(\.links).flatMap(\.sessions)
        #expect(sessions.map(\.peer.description) == ["192.0.2.10", "192.0.2.14"])
        for session in sessions {
            #expect(session.role == .customer)
            #expect(session.multipath == .links)
            #expect(session.importRules.map(\.isRefusal) == [true, true, false, false])
            #expect(session.importRules.map(\.localPref) == [nil, nil, 120, nil])
            #expect(session.importRules.last?.removes == [.standard(64600)])
            #expect(session.exportRules.map(\.adds) == [[.standard(Community(64496, 3000))]])
            #expect(session.limits.holdDown == .seconds(1800))
            #expect(session.longLived == .seconds(3600))
            #expect(session.acceptsDefault && !session.advertisesDefault)
        }
    }

    @Test func `expressroute has two peerings under one outer tag, and a session a family`() throws
    {
        let circuit = try read("circuits/acme-azure.yaml")
        func session(_ ours: String, _ theirs: String) throws -> SessionSettings {
            let local = try address(ours)
            var session = SessionSettings(
                local: local, peer: try address(theirs), localASN: ASN(64600),
                peerASN: ASN(12076), families: [local.family])
            session.holdTime = 180
            session.password = .init(file: "keys/acme-azure", digest: 1)
            session.accept = try filter("10.30.0.0/16 upto 24", "fd30::/16 upto 48")
            session.advertise = try filter("10.20.0.0/16")
            session.limits = .init(
                inbound: 1000, outbound: local.family == .ipv4 ? 4000 : 100)
            session.bfd = .init(interval: .milliseconds(300), multiplier: 3)
            session.multipath = .links
            return session
        }
        func link(_ role: String, _ edge: String, _ ends: [(String, String)]) throws -> CircuitLink
        {
            CircuitLink(
                role: role, edge: edge, port: "ecx-a",
                encapsulation: .qinq(outer: try vlan(1010), inner: try vlan(100)), mtu: 1500,
                addresses: try ends.map {
                    try subnet($0.0.contains(":") ? $0.0 + "/126" : $0.0 + "/30")
                },
                peers: try ends.map { try address($0.1) },
                sessions: try ends.map { try session($0.0, $0.1) })
        }
        #expect(circuit.bandwidth == 1_000_000_000)
        #expect(circuit.serviceKey == "3a5c1f0e-0000-4000-8000-1d2e3f405162")
        #expect(circuit.peerings.map(\.name) == ["azure-private", "azure-microsoft"])
        #expect(
            circuit.peerings.first
                == Peering(
                    name: "azure-private", tenant: "acme",
                    links: [
                        try link(
                            "primary", "ord1",
                            [("169.254.10.1", "169.254.10.2"), ("fd00:a::1", "fd00:a::2")]),
                        try link(
                            "secondary", "ord2",
                            [("169.254.10.5", "169.254.10.6"), ("fd00:a::5", "fd00:a::6")]),
                    ]))
        let microsoft = try #require(circuit.peerings.last)
        #expect(microsoft.tenant == "acme-public")
        let session2 = try #require(microsoft.links.first?.sessions.first)
        #expect(session2.isPublic)
        #expect(session2.minPrefixes == 0)
        #expect(session2.limits.outbound == 200)
        #expect(session2.password == nil)
        #expect(session2.accept == (try filter("0.0.0.0/0 from 8 upto 24")))
    }

    @Test func `places name where what holds for a link stands, also when it is inherited`() throws
    {
        let file = "circuits/acme-azure.yaml"
        let document = Reader.circuit(
            try Example.bytes(file), file: file, settings: edge, keys: Example.keys)
        let base = "peerings.azure-private"
        #expect(document.places["\(base).tenant"] == Place(line: 9, column: 13))
        #expect(document.places["\(base).links.primary.vlan.outer"] == Place(line: 6, column: 16))
        #expect(document.places["\(base).links.primary.vlan.inner"] == Place(line: 10, column: 20))
        #expect(document.places["\(base).links.primary.port"] == Place(line: 12, column: 38))
    }

    @Test(arguments: Example.files)
    func `an example that ends anywhere never traps`(_ file: String) throws {
        let bytes = try Example.bytes(file)
        for end in 0..<bytes.count {
            let faults = Check.directory(
                files: [file: Array(bytes[..<end])], keys: [:], hostName: "ord1")
            #expect(faults.allSatisfy { $0.file != file || $0.line >= 1 && $0.column >= 1 })
        }
    }

    @Test(arguments: Example.files)
    func `an example with any of its bytes changed never traps`(_ file: String) throws {
        let bytes = try Example.bytes(file)
        let marks = Array(":-[]{},&*#\"'!|> \n\t0/9".utf8)
        var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        func random(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: seed >> 33) % max(limit, 1)
        }
        for _ in 0..<300 {
            var changed = bytes
            for _ in 0...random(3) { changed[random(changed.count)] = marks[random(marks.count)] }
            let faults = Check.directory(files: [file: changed], keys: [:], hostName: "ord1")
            #expect(faults.allSatisfy { $0.file != file || $0.line >= 1 && $0.column >= 1 })
        }
    }
}

func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

func subnet(_ text: String) throws -> InterfaceAddress { try #require(InterfaceAddress(text)) }

func vlan(_ number: UInt16) throws -> VLANID { try #require(VLANID(rawValue: number)) }

func filter(_ rules: String...) throws -> PrefixFilter {
    PrefixFilter(try rules.map { try #require(PrefixRule($0)) })
}
