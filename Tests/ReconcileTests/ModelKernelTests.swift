// The model kernel keeps the rules measured on the real one, since everything else is proved
// against it.

import Net
import Simulation
import Testing

@Suite struct `Model kernel` {
    /// Two ports that can carry packets, one nexthop on each, and a route.
    struct Host {
        var kernel = ModelKernel()
        let a: InterfaceIndex
        let b: InterfaceIndex
        let key = RouteKey(
            table: TableID(1001),
            prefix: .v4(Prefix4(IPv4Address(10, 0, 0, 0), length: 8)), metric: 20)

        init() throws {
            a = try kernel.addDevice(name("a"), isUp: true)
            b = try kernel.addDevice(name("b"), isUp: true)
            try kernel.apply(.addAddress(a, address("192.0.2.1/30")))
            try kernel.apply(.addAddress(b, address("192.0.2.5/30")))
            try kernel.apply(.putNextHop(single(1, "192.0.2.2", a), replacing: false))
            try kernel.apply(.putNextHop(single(2, "192.0.2.6", b), replacing: false))
            _ = kernel.takeEvents()
        }

        func single(_ id: UInt32, _ gateway: String, _ device: InterfaceIndex) -> NextHop {
            guard let gateway = IPAddress(gateway) else { preconditionFailure("bad gateway") }
            return NextHop(NextHopID(id), .gateway(gateway, device: device, onlink: false))
        }

        func group(_ id: UInt32, _ members: [UInt32]) -> NextHop {
            NextHop(
                NextHopID(id),
                .group(
                    members.enumerated().map {
                        .init(NextHopID($0.element), weight: $0.offset == 0 ? 1 : 255)
                    }))
        }

        func route(_ id: UInt32) -> Route { Route(key, .nextHop(NextHopID(id))) }

        /// The kernel's sentence, if it refuses.
        mutating func refusal(_ step: Step) -> String? {
            do throws(KernelError) {
                try kernel.apply(step)
                return nil
            } catch {
                return error.text
            }
        }
    }

    private static let destination = IPAddress("10.1.2.3") ?? .v4(IPv4Address(raw: 0))

    @Test func `a lost carrier takes nexthops, groups and routes without a word`() throws {
        var host = try Host()
        try host.kernel.apply(.putNextHop(host.group(10, [1]), replacing: false))
        try host.kernel.apply(.putRoute(host.route(10), replacing: false))
        host.kernel.setCable(name("a"), false)
        #expect(host.kernel.allNextHops.map(\.nextHop.id.rawValue) == [2])
        #expect(host.kernel.allRoutes.isEmpty)
        let events = host.kernel.takeEvents()
        #expect(events.count == 1)
        guard case .link(let link) = events.first else { return #expect(Bool(false)) }
        #expect(!link.hasCarrier)
    }

    @Test func `a group with a member left keeps its routes`() throws {
        var host = try Host()
        try host.kernel.apply(.putNextHop(host.group(10, [2, 1]), replacing: false))
        try host.kernel.apply(.putRoute(host.route(10), replacing: false))
        let before = host.kernel.forwarding(TableID(1001), Self.destination)
        #expect(before?.device == name("a"))
        host.kernel.setCable(name("a"), false)
        #expect(host.kernel.allRoutes.count == 1)
        let after = host.kernel.forwarding(TableID(1001), Self.destination)
        #expect(after == .init(device: name("b"), gateway: IPAddress("192.0.2.6")))
    }

    @Test func `a placeholder whose neighbour never answers forwards nothing`() throws {
        var host = try Host()
        try host.kernel.apply(.createPlaceholder(name("circuitd0")))
        let index = host.kernel.link(name("circuitd0"))?.index ?? .none
        let gateway = try #require(IPAddress("192.0.2.1"))
        try host.kernel.apply(.silenceNeighbours(index))
        try host.kernel.apply(.changeLink(index, LinkChange(isUp: true)))
        let placeholder = NextHop(
            NextHopID(9), .gateway(gateway, device: index, onlink: true))
        try host.kernel.apply(.putNextHop(placeholder, replacing: false))
        try host.kernel.apply(
            .putNeighbour(Neighbour(link: index, address: gateway, purpose: .placeholder)))
        try host.kernel.apply(.putNextHop(host.group(10, [9, 1]), replacing: false))
        try host.kernel.apply(.putRoute(host.route(10), replacing: false))
        #expect(
            host.kernel.forwarding(TableID(1001), Self.destination)?.device == name("a"))
        host.kernel.setCable(name("a"), false)
        #expect(host.kernel.forwarding(TableID(1001), Self.destination) == nil)
        #expect(host.kernel.allRoutes.count == 1)
    }

    @Test func `nexthops are refused with the kernel's sentences`() throws {
        var host = try Host()
        try host.kernel.apply(.putNextHop(host.group(10, [1]), replacing: false))
        let onB = host.single(3, "192.0.2.6", host.b)
        #expect(host.refusal(.putNextHop(host.group(10, [2]), replacing: false)) == "File exists")
        #expect(
            host.refusal(.putNextHop(host.group(1, [2]), replacing: true))
                == "Can not replace a nexthop with a nexthop group.")
        #expect(
            host.refusal(.putNextHop(host.single(10, "192.0.2.6", host.b), replacing: true))
                == "Can not replace a nexthop group with a nexthop.")
        #expect(
            host.refusal(.putNextHop(host.group(11, [7]), replacing: false))
                == "Invalid nexthop id.")
        #expect(
            host.refusal(.putNextHop(host.group(11, [10]), replacing: false))
                == "Hash-threshold group can not be a nexthop within a group.")
        #expect(
            host.refusal(.putNextHop(host.single(3, "198.51.100.1", host.b), replacing: false))
                == "Nexthop has invalid gateway.")
        #expect(
            host.refusal(.putRoute(host.route(99), replacing: false))
                == "Nexthop id does not exist.")
        host.kernel.setCable(name("b"), false)
        #expect(
            host.refusal(.putNextHop(onB, replacing: false))
                == "Carrier for nexthop device is down.")
        try host.kernel.interfere(.changeLink(host.b, LinkChange(isUp: false)))
        #expect(host.refusal(.putNextHop(onB, replacing: false)) == "Nexthop device is not up.")
    }

    @Test func `IPv6 routes cannot use an IPv4 nexthop`() throws {
        var host = try Host()
        let key = RouteKey(table: .main, prefix: .default(.ipv6), metric: 20)
        try host.kernel.apply(.putNextHop(host.group(10, [1]), replacing: false))
        #expect(
            host.refusal(.putRoute(Route(key, .nextHop(NextHopID(10))), replacing: false))
                == "IPv6 routes can not use an IPv4 nexthop.")
    }

    @Test func `EXCL notices a foreign route and REPLACE overwrites it`() throws {
        var host = try Host()
        let gateway = try #require(IPAddress("192.0.2.2"))
        try host.kernel.addGatewayRoute(host.key, through: gateway, device: name("a"))
        #expect(host.refusal(.putRoute(host.route(2), replacing: false)) == "File exists")
        #expect(host.refusal(.deleteRoute(host.key)) == "No such process")
        #expect(host.refusal(.putRoute(host.route(2), replacing: true)) == nil)
        #expect(host.kernel.allRoutes.map(\.routeProtocol) == [67])
    }

    @Test func `a stranger's delete of a nexthop tells of groups and not of routes`() throws {
        var host = try Host()
        try host.kernel.apply(.putNextHop(host.group(10, [1]), replacing: false))
        try host.kernel.apply(.putNextHop(host.group(11, [1, 2]), replacing: false))
        try host.kernel.apply(.putRoute(host.route(10), replacing: false))
        try host.kernel.interfere(.deleteNextHop(NextHopID(1)))
        let shrunk = ObservedNextHop(
            NextHop(NextHopID(11), .group([.init(NextHopID(2), weight: 255)])), routeProtocol: 67)
        #expect(
            host.kernel.takeEvents() == [
                .nextHop(shrunk), .nextHopGone(NextHopID(1)), .nextHopGone(NextHopID(10)),
            ])
        #expect(host.kernel.allRoutes.isEmpty)
    }

    @Test func `deleting a VRF first leaves its member in main with its address`() throws {
        var host = try Host()
        try host.kernel.apply(.createVRF(name("vrf"), TableID(1001)))
        let vrf = host.kernel.link(name("vrf"))?.index ?? .none
        try host.kernel.apply(.changeLink(host.a, LinkChange(master: vrf)))
        try host.kernel.apply(.deleteLink(vrf))
        #expect(host.kernel.link(name("a"))?.master == InterfaceIndex.none)
        #expect(host.kernel.addresses(on: name("a")).count == 1)
    }

    @Test func `joining a VRF costs nexthops and IPv6 addresses`() throws {
        var host = try Host()
        try host.kernel.apply(.addAddress(host.a, address("fd00::1/64")))
        try host.kernel.apply(.createVRF(name("vrf"), TableID(1001)))
        let vrf = host.kernel.link(name("vrf"))?.index ?? .none
        try host.kernel.apply(.changeLink(host.a, LinkChange(master: vrf)))
        #expect(host.kernel.addresses(on: name("a")).map(\.address) == [address("192.0.2.1/30")])
        #expect(host.kernel.allNextHops.map(\.nextHop.id.rawValue) == [2])
        #expect(host.kernel.link(name("a"))?.isUp == true)
    }

    @Test func `deleting a port's outer VLAN takes what stands on it`() throws {
        var host = try Host()
        try host.kernel.apply(.createVLAN(name("o"), parent: host.a, tag(1), mtu: nil))
        let outer = host.kernel.link(name("o"))?.index ?? .none
        try host.kernel.apply(.createVLAN(name("i"), parent: outer, tag(2), mtu: nil))
        _ = host.kernel.takeEvents()
        let inner = host.kernel.link(name("i"))?.index ?? .none
        try host.kernel.apply(.deleteLink(outer))
        #expect(host.kernel.takeEvents() == [.linkGone(inner), .linkGone(outer)])
        #expect(
            host.refusal(.createVLAN(name("x"), parent: outer, tag(2), mtu: nil))
                == "No such device")
    }

    @Test func `a VLAN's tag is taken once on a port and its MTU fits the port's`() throws {
        var host = try Host()
        try host.kernel.apply(.createVLAN(name("o"), parent: host.a, tag(1), mtu: 1400))
        let index = host.kernel.link(name("o"))?.index ?? .none
        #expect(
            host.refusal(.createVLAN(name("p"), parent: host.a, tag(1), mtu: nil))
                == "VLAN device already exists")
        #expect(
            host.refusal(.changeLink(index, LinkChange(mtu: 9000)))
                == "Numerical result out of range")
        try host.kernel.apply(.changeLink(host.a, LinkChange(mtu: 1300)))
        #expect(host.kernel.link(name("o"))?.mtu == 1300)
    }

    @Test func `carriers reach 100 VLANs a second`() throws {
        var host = try Host()
        for number in 1...150 {
            try host.kernel.apply(
                .createVLAN(name("v\(number)"), parent: host.a, tag(UInt16(number)), mtu: nil))
            let index = host.kernel.link(name("v\(number)"))?.index ?? .none
            try host.kernel.apply(.changeLink(index, LinkChange(isUp: true)))
        }
        host.kernel.setCable(name("a"), false)
        let counts = (0..<3).map { _ in
            let count = host.kernel.allLinks.filter { $0.parent == host.a && $0.hasCarrier }.count
            host.kernel.passSecond()
            return count
        }
        #expect(counts == [150, 50, 0])
    }

    @Test func `a deleted IPv4 address takes the later ones of its subnet along`() throws {
        var host = try Host()
        try host.kernel.apply(.addAddress(host.a, address("192.0.2.2/30")))
        try host.kernel.apply(.deleteAddress(host.a, address("192.0.2.1/30")))
        #expect(host.kernel.addresses(on: name("a")).isEmpty)
    }

    @Test func `forwarding takes the longest prefix, then the lowest metric`() throws {
        var host = try Host()
        let gateway = try #require(IPAddress("192.0.2.6"))
        var key = host.key
        try host.kernel.apply(.putRoute(host.route(1), replacing: false))
        key.metric = 10
        try host.kernel.addGatewayRoute(key, through: gateway, device: name("b"))
        #expect(
            host.kernel.forwarding(TableID(1001), Self.destination)?.device == name("b"))
        key.prefix = .v4(Prefix4(IPv4Address(10, 1, 0, 0), length: 16))
        try host.kernel.apply(.putRoute(Route(key, .unreachable), replacing: false))
        #expect(host.kernel.forwarding(TableID(1001), Self.destination) == nil)
        #expect(host.kernel.forwarding(.main, Self.destination) == nil)
    }

    @Test func `a dump holds our routes and everybody's nexthops`() throws {
        var host = try Host()
        let gateway = try #require(IPAddress("192.0.2.2"))
        try host.kernel.addGatewayRoute(host.key, through: gateway, device: name("a"))
        try host.kernel.interfere(
            .putNextHop(host.single(5, "192.0.2.6", host.b), replacing: false), routeProtocol: 11)
        let dump = host.kernel.dump()
        let state = try #require(dump)
        #expect(state.routes.isEmpty)
        #expect(state.nextHops.map(\.routeProtocol) == [67, 67, 11])
        #expect(state.links.count == 2)
    }

    @Test func `the same seed gives the same numbers`() {
        var first = SeededGenerator(seed: 7)
        var second = SeededGenerator(seed: 7)
        #expect((0..<9).map { _ in first.next() } == (0..<9).map { _ in second.next() })
    }
}
