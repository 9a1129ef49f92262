import Net
import Testing

@testable import Intent

@Suite struct CatalogImpactTests {
    /// A change of one circuit, with its name for the test's output.
    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let apply: @Sendable (inout Circuit) -> Void
        var testDescription: String { name }

        static func session(
            _ name: String, _ apply: @escaping @Sendable (inout SessionSettings) -> Void
        ) -> Change {
            Change(name: name) { apply(&$0.peerings[0].links[0].sessions[0]) }
        }
        static func link(
            _ name: String, _ apply: @escaping @Sendable (inout CircuitLink) -> Void
        ) -> Change {
            Change(name: name) { apply(&$0.peerings[0].links[0]) }
        }
    }

    private static let circuit = Circuit(
        name: "x", provider: "dedicated",
        peerings: [
            Peering(
                name: "", tenant: "acme",
                links: [
                    CircuitLink(
                        role: "main", edge: "ord1", port: "p", encapsulation: .untagged,
                        addresses: [], peers: [],
                        sessions: [
                            SessionSettings(
                                local: .v4(IPv4Address(10, 0, 0, 1)),
                                peer: .v4(IPv4Address(10, 0, 0, 2)), localASN: ASN(1),
                                peerASN: ASN(2), families: [.ipv4])
                        ])
                ])
        ])

    private static func impact(_ change: Change, on edge: String? = nil) -> Impact {
        var changed = circuit
        change.apply(&changed)
        return Catalog.impact(from: circuit, to: changed, on: edge)
    }

    @Test(arguments: [
        Change(name: "nothing") { _ in },
        Change(name: "note") { $0.note = "call Ann first" },
        Change(name: "bandwidth") { $0.bandwidth = 1_000_000_000 },
        Change(name: "service key") { $0.serviceKey = "k" },
    ])
    func `what is for people has no impact`(change: Change) {
        #expect(Self.impact(change) == .none)
    }

    @Test(arguments: [
        Change.session("accept") { $0.accept = PrefixFilter() },
        .session("advertise") { $0.advertise = PrefixFilter() },
        .session("med") { $0.med = 1 },
        .session("prepend") { $0.prepend = 1 },
        .session("local-pref") { $0.localPref = 1 },
        .session("max-prefixes") { $0.limits.inbound = 9 },
        .session("min-prefixes") { $0.minPrefixes = 9 },
        .session("hold-down") { $0.limits.holdDown = .seconds(1) },
        .session("multipath") { $0.multipath = .links },
        .session("next-hop-self") { $0.isNextHopSelf = false },
        .session("route-reflector-client") { $0.isReflectorClient = true },
        .session("import") { $0.importRules = [RouteRule()] },
        .session("export") { $0.exportRules = [RouteRule()] },
        .session("communities") { $0.communities = [.standard(Community(1, 1))] },
        .session("bfd") { $0.bfd = .init(interval: .milliseconds(300), multiplier: 3) },
        Change(name: "routes") { $0.peerings[0].routes = [.default(.ipv4)] },
        Change(name: "routing both") { $0.peerings[0].routing = .both },
    ])
    func `policy is soft`(change: Change) {
        #expect(Self.impact(change) == .soft)
    }

    @Test(arguments: [
        Change.session("password") { $0.password = .init(file: "keys/k", digest: 1) },
        .session("role") { $0.role = .customer },
        .session("strict role") { $0.isRoleStrict = true },
        .session("add-path") { $0.addPath = .send },
        .session("extended-next-hop") { $0.hasExtendedNextHop = true },
        .session("restart time") { $0.restartTime = 60 },
        .session("long-lived") { $0.longLived = .seconds(60) },
        .session("identify") { $0.identifies = true },
        .session("enforce-first-as") { $0.enforcesFirstAS = false },
        .session("extended-messages") { $0.hasExtendedMessages = false },
        .session("shutdown") { $0.shutdown = "" },
        .session("hold time") { $0.holdTime = 30 },
        .session("peer's AS") { $0.peerASN = ASN(9) },
        .session("families") { $0.families = [.ipv4, .ipv6] },
        .session("peer") { $0.peer = .v4(IPv4Address(10, 0, 0, 9)) },
        .session("strict BFD") {
            $0.bfd = .init(interval: .milliseconds(300), multiplier: 3, isStrict: true)
        },
        .link("a session more") { $0.sessions += $0.sessions },
        .link("no session") { $0.sessions = [] },
        Change(name: "routing static") { $0.peerings[0].routing = .static },
    ])
    func `what two speakers agree on resets the session`(change: Change) {
        #expect(Self.impact(change) == .session)
    }

    @Test(arguments: [
        Change.link("mtu") { $0.mtu = 1400 },
        .link("port") { $0.port = "q" },
        .link("addresses") { link in
            link.addresses = [InterfaceAddress("10.0.0.1/30")].compactMap(\.self)
        },
        .link("vlan") { link in
            if let id = VLANID(rawValue: 9) { link.encapsulation = .vlan(id) }
        },
        .link("role") { $0.role = "other" },
        Change(name: "tenant") { $0.peerings[0].tenant = "other" },
        Change(name: "a peering more") { circuit in
            circuit.peerings.append(circuit.peerings[0])
            circuit.peerings[1].name = "more"
        },
        Change(name: "mtu and policy") {
            $0.peerings[0].links[0].mtu = 1400
            $0.peerings[0].links[0].sessions[0].med = 1
        },
    ])
    func `what a device is made of touches the interface`(change: Change) {
        #expect(Self.impact(change) == .interface)
    }

    @Test(arguments: [
        Change.session("med") { $0.med = 1 }, .session("default") { $0.acceptsDefault = true },
        .session("role") { $0.role = .peer }, .session("nothing") { _ in },
    ])
    func `a session by itself has the impact that it has in its circuit`(change: Change) throws {
        var changed = Self.circuit
        change.apply(&changed)
        let before = try #require(Self.circuit.peerings.first?.links.first?.sessions.first)
        let after = try #require(changed.peerings.first?.links.first?.sessions.first)
        #expect(Catalog.impact(from: before, to: after) == Self.impact(change))
    }

    @Test func `links of other edges do not count`() {
        let change = Change.link("mtu") { $0.mtu = 1400 }
        #expect(Self.impact(change, on: "ord2") == .none)
        #expect(Self.impact(change, on: "ord1") == .interface)
    }

    @Test func `every field of the model has a declared impact`() {
        let circuit = Self.circuit
        func fields(_ value: some Any) -> Set<String> {
            Set(Mirror(reflecting: value).children.compactMap(\.label))
        }
        #expect(fields(circuit) == Set(CircuitFields.circuit.map(\.name)))
        #expect(fields(circuit.peerings[0]) == Set(CircuitFields.peering.map(\.name)))
        #expect(fields(circuit.peerings[0].links[0]) == Set(CircuitFields.link.map(\.name)))
        #expect(
            fields(circuit.peerings[0].links[0].sessions[0])
                == Set(CircuitFields.session.map(\.name)))
    }
}
