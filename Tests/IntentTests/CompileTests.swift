import Net
import Testing

@testable import Intent

@Suite struct CompileTests {
    private static func device(_ text: String) -> InterfaceName {
        guard let name = InterfaceName(text) else { preconditionFailure("\(text) is a name") }
        return name
    }
    private static func address(_ text: String) -> InterfaceAddress {
        guard let address = InterfaceAddress(text) else {
            preconditionFailure("\(text) is an address")
        }
        return address
    }
    private static func vlan(_ id: UInt16) -> VLANID {
        guard let vlan = VLANID(rawValue: id) else { preconditionFailure("\(id) is a VLAN") }
        return vlan
    }
    private static func prefix(_ text: String) -> Prefix {
        guard let prefix = Prefix(text) else { preconditionFailure("\(text) is a prefix") }
        return prefix
    }

    private let settings = Settings(
        edge: "ord1", routerID: IPv4Address(192, 0, 2, 1), asn: ASN(64600),
        ports: [
            "ecx": Port(name: "ecx", device: device("bond0"), mtu: 9000, outerTag: .dot1ad),
            "campus": Port(name: "campus", device: device("eth3")),
        ])
    private let acme = Tenant(
        name: "acme", space: .vrf(TableID(1001)),
        networks: [Tenant.Network(prefix("10.20.0.0/16"))])

    private func wire(
        _ tags: Encapsulation, role: String = "main", edge: String? = nil, port: String = "ecx",
        mtu: UInt32? = nil
    ) -> CircuitLink {
        CircuitLink(
            role: role, edge: edge, port: port, encapsulation: tags, mtu: mtu,
            addresses: [Self.address("10.0.0.1/30"), Self.address("fd00::1/126")],
            peers: [.v4(IPv4Address(10, 0, 0, 2)), .v4(IPv4Address(10, 0, 0, 3))])
    }

    private func compiled(
        _ links: [CircuitLink], peering: String = "", routing: Peering.Routing = .bgp,
        routes: [Prefix] = []
    ) -> CircuitShare {
        let circuit = Circuit(
            name: "x", provider: "dedicated",
            peerings: [
                Peering(
                    name: peering, tenant: "acme", routing: routing, routes: routes, links: links)
            ])
        return Compile.share(of: circuit, tenants: ["acme": acme], settings: settings)
    }

    @Test func `a VLAN stands on its port, in the tenant's VRF, parents first`() {
        let share = compiled([wire(.vlan(Self.vlan(310)), mtu: 1400)])
        #expect(
            share.links == [
                Link(
                    name: Self.device("vrf-acme"), kind: .vrf(table: TableID(1001)),
                    alias: "circuitd:acme"),
                Link(name: Self.device("bond0"), kind: .port, mtu: 9000),
                Link(
                    name: Self.device("ecx-310"),
                    kind: .vlan(
                        parent: Self.device("bond0"), tag: VLANTag(.dot1q, Self.vlan(310))),
                    master: Self.device("vrf-acme"), mtu: 1400, alias: "circuitd:x/main"),
            ])
        #expect(
            share.addresses == [
                LinkAddress(Self.device("ecx-310"), Self.address("10.0.0.1/30")),
                LinkAddress(Self.device("ecx-310"), Self.address("fd00::1/126")),
            ])
        #expect(share.localLinks.first?.device == Self.device("ecx-310"))
        #expect(share.localLinks.first?.port == Self.device("bond0"))
    }

    @Test func `an inner tag stands on a shared outer device with the port's tag protocol and MTU`()
    {
        let tags = Encapsulation.qinq(outer: Self.vlan(1010), inner: Self.vlan(100))
        let share = compiled([wire(tags, role: "primary")], peering: "azure-private")
        #expect(
            Array(share.links.dropFirst(2)) == [
                Link(
                    name: Self.device("ecx-s1010"),
                    kind: .vlan(
                        parent: Self.device("bond0"), tag: VLANTag(.dot1ad, Self.vlan(1010))),
                    mtu: 9000, alias: "circuitd:ecx/1010"),
                Link(
                    name: Self.device("ecx-1010-100"),
                    kind: .vlan(
                        parent: Self.device("ecx-s1010"), tag: VLANTag(.dot1q, Self.vlan(100))),
                    master: Self.device("vrf-acme"), alias: "circuitd:x/azure-private/primary"),
            ])
    }

    @Test func `an untagged link puts the port itself into the VRF`() {
        let share = compiled([wire(.untagged, port: "campus")])
        #expect(
            share.links.last
                == Link(name: Self.device("eth3"), kind: .port, master: Self.device("vrf-acme")))
        #expect(share.localLinks.first?.device == Self.device("eth3"))
    }

    @Test func `a port that carries an untagged and a tagged link keeps its VRF`() {
        let links = [
            wire(.untagged, role: "a", port: "campus"),
            wire(.vlan(Self.vlan(7)), role: "b", port: "campus"),
        ]
        let share = compiled(links.reversed())
        #expect(share.links.count == 3)
        #expect(
            share.links.first { $0.name == Self.device("eth3") }?.master
                == Self.device("vrf-acme"))
    }

    @Test func `two shares' words on a port are put together in either order`() {
        let plain = Link(name: Self.device("eth3"), kind: .port, mtu: 1500)
        let master = Link(
            name: Self.device("eth3"), kind: .port, master: Self.device("vrf-acme"), mtu: 9000)
        #expect(Compile.joined(plain, master) == master)
        #expect(Compile.joined(master, plain) == master)
    }

    @Test func `another edge's link is words, and makes nothing`() {
        let share = compiled(
            [
                wire(.vlan(Self.vlan(1)), role: "primary", edge: "ord1"),
                wire(.vlan(Self.vlan(2)), role: "secondary", edge: "ord2"),
            ])
        #expect(share.localLinks.map(\.role) == ["primary"])
        #expect(share.remoteLinks == ["secondary on ord2"])
        #expect(!share.links.contains { $0.name == Self.device("ecx-2") })
    }

    @Test func `static routes go to the first peer of their family, where there is one`() {
        let routes = [Self.prefix("172.16.0.0/12"), Self.prefix("fd99::/48")]
        let link = compiled([wire(.vlan(Self.vlan(1)))], routing: .static, routes: routes)
            .localLinks.first
        #expect(link?.gateways == [.v4(IPv4Address(10, 0, 0, 2))])
        #expect(link?.routes == [Self.prefix("172.16.0.0/12")])
    }

    @Test func `a BGP peering has no static gateways, a static one no sessions`() {
        var session = wire(.vlan(Self.vlan(1)))
        session.sessions = [
            SessionSettings(
                local: .v4(IPv4Address(10, 0, 0, 1)), peer: .v4(IPv4Address(10, 0, 0, 2)),
                localASN: ASN(1), peerASN: ASN(2), families: [.ipv4])
        ]
        let bgp = compiled([session]).localLinks.first
        #expect(bgp?.gateways == [])
        #expect(bgp?.sessions.count == 1)
        #expect(compiled([session], routing: .static).localLinks.first?.sessions == [])
        let both = compiled([session], routing: .both).localLinks.first
        #expect(both?.gateways.count == 1)
        #expect(both?.sessions.count == 1)
    }

    @Test func `a peering whose tenant is not applied is left out`() {
        let circuit = Circuit(
            name: "x", provider: "dedicated",
            peerings: [
                Peering(name: "", tenant: "gone", links: [wire(.vlan(Self.vlan(1)))])
            ])
        #expect(
            Compile.share(of: circuit, tenants: [:], settings: settings)
                == CircuitShare(circuit: "x"))
    }

    @Test func `a tenant's share has its VRF, both defaults and its networks unreachable`() {
        let share = Compile.share(of: acme, settings: settings, hasLocalCircuits: true)
        #expect(share?.vrf?.kind == .vrf(table: TableID(1001)))
        #expect(
            share?.unreachable.map(\.description) == ["0.0.0.0/0", "::/0", "10.20.0.0/16"])
    }

    @Test func `a tenant without links here has no share`() {
        #expect(Compile.share(of: acme, settings: settings, hasLocalCircuits: false) == nil)
    }

    @Test func `a tenant in the main table has no VRF, and the main table keeps its default`() {
        let tenant = Tenant(
            name: "t", space: .main, networks: [Tenant.Network(Self.prefix("10.1.0.0/16"))])
        let share = Compile.share(of: tenant, settings: settings, hasLocalCircuits: true)
        #expect(share?.vrf == nil)
        #expect(share?.unreachable == [Self.prefix("10.1.0.0/16")])
    }
}
