// What the forwarding sets rely on, proved on the kernel that runs the test: the placeholder keeps a
// group and its routes when a carrier goes, without it they are lost, and nobody is told.
import Glibc
import Host
import Net
import Testing

@Suite struct `Netlink forwarding sets` {
    private struct Sets {
        let placeholder = NextHopID(0x4300_0001)
        let active = NextHopID(0x4300_0002)
        let other = NextHopID(0x4300_0003)
        let guarded = NextHopID(0x4310_0001)
        let bare = NextHopID(0x4310_0002)
        let guardedRoute: Route
        let bareRoute: Route
    }

    /// Group {P, A} and group {A}, with a route each; B on another pair.
    private func makeSets(_ bench: KernelBench) throws -> Sets {
        try execute("sysctl -qw net.ipv4.nexthop_compat_mode=0")
        let a = try bench.makePair("a", "10.0.1.1/24")
        let b = try bench.makePair("b", "10.0.2.1/24")
        try bench.build(.createPlaceholder(try name("circuitd0")))
        let device = try bench.link("circuitd0").index
        let sets = Sets(
            guardedRoute: try bench.route("10.20.0.0/16", .nextHop(NextHopID(0x4310_0001))),
            bareRoute: try bench.route("10.30.0.0/16", .nextHop(NextHopID(0x4310_0002))))
        let nowhere = try address("192.0.2.1")
        try bench.build(
            .changeLink(device, LinkChange(isUp: true, alias: "circuitd:placeholder")),
            .silenceNeighbours(device),
            .putNeighbour(Neighbour(link: device, address: nowhere, purpose: .placeholder)))
        #expect(try eventually { try bench.link("circuitd0").isUsable })
        try bench.build(
            .putNextHop(
                NextHop(sets.placeholder, .gateway(nowhere, device: device, onlink: true)),
                replacing: false),
            .putNextHop(
                NextHop(
                    sets.active, .gateway(try address("10.0.1.2"), device: a, onlink: false)),
                replacing: false),
            .putNextHop(
                NextHop(sets.other, .gateway(try address("10.0.2.2"), device: b, onlink: false)),
                replacing: false),
            .putNextHop(
                group(sets.guarded, [(sets.placeholder, 1), (sets.active, 255)]), replacing: false),
            .putNextHop(group(sets.bare, [(sets.active, 255)]), replacing: false),
            .putRoute(sets.guardedRoute, replacing: false),
            .putRoute(sets.bareRoute, replacing: false))
        return sets
    }

    private func group(_ id: NextHopID, _ members: [(NextHopID, UInt16)]) -> NextHop {
        NextHop(id, .group(members.map { NextHop.Member($0.0, weight: $0.1) }))
    }

    @Test func `without carrier a guarded group keeps its routes, a bare one loses them silently`()
        throws
    {
        try inNamespace { bench in
            let sets = try makeSets(bench)
            let monitor = try KernelMonitor(marks: bench.marks, worker: bench.kernel.port)
            try execute("ip link set a1 down")
            #expect(try eventually { try bench.kernel.dump().routes == [sets.guardedRoute] })
            let hops = try bench.kernel.dump().nextHops.map(\.nextHop)
            #expect(!hops.contains { $0.id == sets.active || $0.id == sets.bare })
            #expect(hops.contains(group(sets.guarded, [(sets.placeholder, 1)])))
            // Only the link's loss is told: the model has to derive the rest.
            var events: [KernelEvent] = []
            while monitor.read(into: &events, limit: 64) {}
            let told = events.filter {
                switch $0 {
                case .route, .routeGone, .nextHop, .nextHopGone, .overflow: true
                default: false
                }
            }
            #expect(told == [])
            #expect(
                events.contains {
                    if case .link(let link) = $0 { !link.hasCarrier } else { false }
                })
        }
    }

    @Test func `one replace moves a guarded group's routes to the other link`() throws {
        try inNamespace { bench in
            let sets = try makeSets(bench)
            try execute("ip link set a1 down")
            #expect(try eventually { try bench.kernel.dump().routes == [sets.guardedRoute] })
            let moved = group(sets.guarded, [(sets.placeholder, 1), (sets.other, 255)])
            try bench.build(.putNextHop(moved, replacing: true))
            #expect(try bench.kernel.dump().routes == [sets.guardedRoute])
            let found = try execute(
                "ip rule add pref 10 table 100 && ip route get fibmatch 10.20.0.1")
            #expect(found.contains("nhid \(sets.guarded)"))
            #expect(try execute("ip route get 10.20.0.1").contains("dev b0"))
        }
    }

    @Test func `a nexthop on a device without carrier is refused with a reason`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip link set a1 down")
            #expect(try eventually { try !bench.link("a0").hasCarrier })
            let hop = NextHop(
                NextHopID(1), .gateway(try address("10.0.1.2"), device: index, onlink: false))
            let error = try bench.apply(.putNextHop(hop, replacing: false))
            #expect(
                error == KernelError(code: ENETDOWN, text: "Carrier for nexthop device is down"))
        }
    }

    @Test func `the placeholder takes no traffic while the active link is good`() throws {
        try inNamespace { bench in
            _ = try makeSets(bench)
            try execute("ip neigh replace 10.0.1.2 dev a0 lladdr 02:00:00:00:00:02 nud permanent")
            try execute("ip rule add pref 10 table 100")
            let answers = try execute(
                "for i in $(seq 100); do echo route get 10.20.0.$i; done | ip -batch -")
            #expect(answers.split(separator: "\n").count { $0.contains("dev a0") } == 100)
        }
    }
}
