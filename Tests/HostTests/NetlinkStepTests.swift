// Every kind of step against the real kernel, with its refusals.
import Glibc
import Host
import Net
import Testing

@Suite struct `Netlink steps` {
    @Test func `a VLAN is made marked, or refused where the kernel has none`() throws {
        try inNamespace { bench in
            let parent = try bench.makePair("a", "10.0.1.1/24")
            let id = try #require(VLANID(rawValue: 100))
            let tag = VLANTag(.dot1ad, id)
            let error = try bench.apply(
                .createVLAN(try name("a0.100"), parent: parent, tag, mtu: 1400))
            if let error {
                #expect(error.code == EOPNOTSUPP)
                #expect(error.text == "Unknown device type")
            } else {
                let link = try bench.link("a0.100")
                #expect(link.kind == .vlan(tag))
                #expect(link.parent == parent)
                #expect(link.group == bench.marks.linkGroup)
                #expect(link.mtu == 1400)
                #expect(!link.isUp)
            }
        }
    }

    @Test func `a VRF is made marked, or refused where the kernel has none`() throws {
        try inNamespace { bench in
            let error = try bench.apply(.createVRF(try name("vrf-a"), TableID(1001)))
            if let error {
                #expect(error.code == EOPNOTSUPP)
                #expect(error.text == "Unknown device type")
            } else {
                let link = try bench.link("vrf-a")
                #expect(link.kind == .vrf(TableID(1001)))
                #expect(link.group == bench.marks.linkGroup)
                #expect(!link.isUp)
            }
        }
    }

    @Test func `the placeholder has ARP and our mark, is down, and once up has carrier`() throws {
        try inNamespace { bench in
            #expect(try bench.apply(.createPlaceholder(try name("circuitd0"))) == nil)
            let made = try bench.link("circuitd0")
            #expect(made.kind == .other("dummy") || made.kind == .other("veth"))
            #expect(made.group == bench.marks.linkGroup)
            #expect(!made.isUp)
            #expect(try !execute("ip link show circuitd0").contains("NOARP"))
            #expect(try bench.apply(.changeLink(made.index, LinkChange(isUp: true))) == nil)
            #expect(try eventually { try bench.link("circuitd0").isUsable })
        }
    }

    @Test func `a placeholder of the longest name finds a name for its other end`() throws {
        try inNamespace { bench in
            let longest = try name("circuitd-45678p")
            #expect(try bench.apply(.createPlaceholder(longest)) == nil)
            #expect(try bench.link("circuitd-45678p").group == bench.marks.linkGroup)
        }
    }

    @Test func `only the placeholder itself carries our mark`() throws {
        try inNamespace { bench in
            try bench.build(.createPlaceholder(try name("circuitd0")))
            let marked = try bench.kernel.dump().links.filter {
                $0.group == bench.marks.linkGroup
            }
            #expect(marked.map(\.name.description) == ["circuitd0"])
        }
    }

    @Test func `a link that exists is not made again`() throws {
        try inNamespace { bench in
            let placeholder = Step.createPlaceholder(try name("circuitd0"))
            #expect(try bench.apply(placeholder) == nil)
            #expect(try bench.apply(placeholder)?.code == EEXIST)
        }
    }

    @Test func `a device is changed in what is asked and nothing else`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let before = try bench.link("a0")
            #expect(
                try bench.apply(
                    .changeLink(index, LinkChange(mtu: 9000, alias: "circuitd:a/primary"))) == nil)
            var expected = before
            expected.mtu = 9000
            expected.alias = "circuitd:a/primary"
            #expect(try bench.link("a0") == expected)
            #expect(try bench.apply(.changeLink(index, LinkChange(alias: ""))) == nil)
            #expect(try bench.link("a0").alias == "")
            #expect(try bench.apply(.changeLink(index, LinkChange(isUp: false))) == nil)
            #expect(try !bench.link("a0").isUp)
        }
    }

    @Test func `a device is enslaved, brought up after it, and released`() throws {
        try inNamespace { bench in
            try execute("ip link add br0 type bridge && ip link add a0 type veth peer name a1")
            let bridge = try bench.link("br0").index
            let index = try bench.link("a0").index
            #expect(
                try bench.apply(.changeLink(index, LinkChange(isUp: true, master: bridge))) == nil)
            #expect(try bench.link("a0").master == bridge)
            #expect(try bench.link("a0").isUp)
            #expect(
                try bench.apply(.changeLink(index, LinkChange(master: InterfaceIndex.none))) == nil)
            #expect(try bench.link("a0").master == .none)
        }
    }

    @Test func `an MTU that the device refuses comes back with the kernel's sentence`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let error = try bench.apply(.changeLink(index, LinkChange(mtu: 1)))
            #expect(error?.code == EINVAL)
            #expect(error?.text == "mtu less than device minimum")
        }
    }

    @Test func `an alias longer than the kernel takes is refused`() throws {
        try inNamespace { bench in
            let alias = String(repeating: "x", count: 300)
            let index = try bench.makePair("a", "10.0.1.1/24")
            #expect(try bench.apply(.changeLink(index, LinkChange(alias: alias))) != nil)
            let huge = String(repeating: "x", count: 70_000)
            #expect(try bench.apply(.changeLink(index, LinkChange(alias: huge)))?.code == EMSGSIZE)
        }
    }

    @Test func `a device is deleted, and one that is gone counts as deleted`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            #expect(try bench.apply(.deleteLink(index)) == nil)
            #expect(try !bench.kernel.dump().links.contains { $0.index == index })
            #expect(try bench.apply(.deleteLink(index)) == nil)
        }
    }

    @Test(arguments: ["10.9.0.1/30", "192.0.2.1/32", "10.9.0.0/31", "fd00:9::1/126"])
    func `an address is added once and removed once`(_ text: String) throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let address = try pair(text)
            #expect(try bench.apply(.addAddress(index, address)) == nil)
            #expect(
                try bench.kernel.dump().addresses.contains {
                    $0.link == index && $0.address == address
                })
            #expect(try bench.apply(.addAddress(index, address))?.code == EEXIST)
            #expect(try bench.apply(.deleteAddress(index, address)) == nil)
            #expect(try !bench.kernel.dump().addresses.contains { $0.address == address })
            #expect(try bench.apply(.deleteAddress(index, address)) == nil)
        }
    }

    @Test func `an IPv6 address is tentative first and ready later`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let address = try pair("fd00:9::1/64")
            func state() throws -> ObservedAddress.State? {
                try bench.kernel.dump().addresses.first { $0.address == address }?.state
            }
            #expect(try bench.apply(.addAddress(index, address)) == nil)
            #expect(try state() == .tentative)
            #expect(try eventually { try state() == .ready })
        }
    }

    @Test func `an IPv6 address that another has is reported as duplicate`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let address = try pair("fd00:9::1/64")
            try execute("ip address add \(address) dev a1 nodad")
            #expect(try bench.apply(.addAddress(index, address)) == nil)
            #expect(
                try eventually {
                    try bench.kernel.dump().addresses.contains {
                        $0.link == index && $0.address == address && $0.state == .duplicate
                    }
                })
        }
    }

    @Test func `silenced neighbours are never asked for, in both families`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            #expect(try bench.apply(.silenceNeighbours(index)) == nil)
            for family in ["ipv4", "ipv6"] {
                #expect(
                    try execute("cat /proc/sys/net/\(family)/neigh/a0/mcast_solicit") == "0\n")
            }
            #expect(try bench.apply(.silenceNeighbours(InterfaceIndex(9999)))?.code == ENOENT)
        }
    }

    @Test(arguments: ["192.0.2.1", "fe80::1"])
    func `the placeholder's neighbour is failed and learned elsewhere`(_ text: String) throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let neighbour = Neighbour(
                link: index, address: try address(text), purpose: .placeholder)
            #expect(try bench.apply(.putNeighbour(neighbour)) == nil)
            let shown = try execute("ip neigh show dev a0 to \(text) nud all")
            #expect(shown.contains("FAILED"))
            #expect(shown.contains("extern_learn"))
            #expect(try bench.apply(.putNeighbour(neighbour)) == nil)
        }
    }

    @Test func `a managed neighbour is resolved without any traffic`() throws {
        try inNamespace { bench in
            // The other end answers for its address although it lies in the same namespace.
            let index = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip address add 10.0.7.2/32 dev a1")
            try execute("sysctl -qw net.ipv4.conf.a1.accept_local=1 net.ipv4.conf.a1.rp_filter=0")
            let neighbour = Neighbour(
                link: index, address: try address("10.0.7.2"), purpose: .managed)
            #expect(try bench.apply(.putNeighbour(neighbour)) == nil)
            #expect(try execute("ip neigh show dev a0 to 10.0.7.2 nud all").contains("managed"))
            #expect(
                try eventually {
                    try execute("ip neigh show dev a0 to 10.0.7.2 nud all").contains("REACHABLE")
                })
        }
    }

    @Test func `a nexthop is made exclusively, replaced, and deleted`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let id = NextHopID(0x4300_0001)
            func gateway(_ text: String) throws -> NextHop {
                NextHop(id, .gateway(try address(text), device: index, onlink: false))
            }
            #expect(try bench.apply(.putNextHop(try gateway("10.0.1.2"), replacing: false)) == nil)
            #expect(
                try bench.apply(.putNextHop(try gateway("10.0.1.3"), replacing: false))?.code
                    == EEXIST)
            #expect(try bench.apply(.putNextHop(try gateway("10.0.1.3"), replacing: true)) == nil)
            #expect(
                try bench.kernel.dump().nextHops == [
                    ObservedNextHop(
                        try gateway("10.0.1.3"), routeProtocol: bench.marks.routeProtocol)
                ])
            #expect(try bench.apply(.deleteNextHop(id)) == nil)
            #expect(try bench.kernel.dump().nextHops == [])
            #expect(try bench.apply(.deleteNextHop(id)) == nil)
        }
    }

    @Test func `a gateway outside the subnet needs onlink`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let gateway = try address("192.0.2.1")
            func step(onlink: Bool) -> Step {
                .putNextHop(
                    NextHop(NextHopID(7), .gateway(gateway, device: index, onlink: onlink)),
                    replacing: false)
            }
            #expect(try bench.apply(step(onlink: false))?.text == "Nexthop has invalid gateway")
            #expect(try bench.apply(step(onlink: true)) == nil)
            #expect(
                try bench.kernel.dump().nextHops.map(\.nextHop.content) == [
                    .gateway(gateway, device: index, onlink: true)
                ])
        }
    }

    @Test func `a group keeps its members' order and weights, and is replaced`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let group = NextHopID(100)
            func single(_ id: UInt32) throws -> Step {
                .putNextHop(
                    NextHop(
                        NextHopID(id),
                        .gateway(try address("10.0.1.\(id)"), device: index, onlink: false)),
                    replacing: false)
            }
            try bench.build(try single(2), try single(3), try single(4))
            for members: [NextHop.Member] in [
                [.init(NextHopID(4), weight: 1), .init(NextHopID(2), weight: 255)],
                [.init(NextHopID(3), weight: 256)],
            ] {
                let hop = NextHop(group, .group(members))
                #expect(try bench.apply(.putNextHop(hop, replacing: true)) == nil)
                #expect(
                    try bench.kernel.dump().nextHops.map(\.nextHop).filter { $0.id == group }
                        == [hop])
            }
            let missing = NextHop(group, .group([.init(NextHopID(99), weight: 1)]))
            #expect(
                try bench.apply(.putNextHop(missing, replacing: true))?.text == "Invalid nexthop id"
            )
        }
    }

    @Test func `a single does not become a group`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let gateway = try address("10.0.1.2")
            try bench.build(
                .putNextHop(
                    NextHop(NextHopID(1), .gateway(gateway, device: index, onlink: false)),
                    replacing: false),
                .putNextHop(
                    NextHop(NextHopID(2), .gateway(gateway, device: index, onlink: false)),
                    replacing: false))
            let group = NextHop(NextHopID(1), .group([.init(NextHopID(2), weight: 1)]))
            #expect(
                try bench.apply(.putNextHop(group, replacing: true))?.text
                    == "Can not replace a nexthop with a nexthop group.")
        }
    }

    @Test(arguments: ["0.0.0.0/0", "10.20.0.0/16", "192.0.2.1/32", "::/0", "fd00:20::/32"])
    func `a route is put exclusively, replaced, and deleted`(_ prefix: String) throws {
        try inNamespace { bench in
            let device = try bench.makePair("a", "fd00:1::1/64")
            // An IPv6 nexthop serves routes of both families.
            let hop = NextHop(
                NextHopID(1), .gateway(try address("fd00:1::2"), device: device, onlink: false))
            let blocked = try bench.route(prefix, .unreachable)
            let open = try bench.route(prefix, .nextHop(hop.id))
            try bench.build(.putNextHop(hop, replacing: false))
            #expect(try bench.apply(.putRoute(blocked, replacing: false)) == nil)
            #expect(try bench.kernel.dump().routes == [blocked])
            #expect(try bench.apply(.putRoute(open, replacing: false))?.code == EEXIST)
            #expect(try bench.apply(.putRoute(open, replacing: true)) == nil)
            #expect(try bench.kernel.dump().routes == [open])
            #expect(try bench.apply(.deleteRoute(open.key)) == nil)
            #expect(try bench.kernel.dump().routes == [])
            #expect(try bench.apply(.deleteRoute(open.key)) == nil)
        }
    }

    @Test func `a route through an object that is not there says so`() throws {
        try inNamespace { bench in
            let error = try bench.apply(
                .putRoute(
                    try bench.route("10.20.0.0/16", .nextHop(NextHopID(5))), replacing: false))
            #expect(error == KernelError(code: EINVAL, text: "Nexthop id does not exist"))
        }
    }

    @Test func `a foreign route of the same prefix and metric is neither put over nor deleted`()
        throws
    {
        try inNamespace { bench in
            _ = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip route add 10.20.0.0/16 via 10.0.1.2 table 100 metric 20")
            let route = try bench.route("10.20.0.0/16", .unreachable)
            #expect(try bench.apply(.putRoute(route, replacing: false))?.code == EEXIST)
            #expect(try bench.apply(.deleteRoute(route.key)) == nil)
            #expect(try execute("ip route show table 100").contains("10.20.0.0/16 via 10.0.1.2"))
        }
    }
}
