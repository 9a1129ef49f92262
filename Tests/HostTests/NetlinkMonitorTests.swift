// What the monitor tells of foreign changes, what it keeps to itself, and that losses are an event.
import Glibc
import Host
import Net
import Testing

/// Collects a monitor's events.
private final class Watch {
    let monitor: KernelMonitor
    var events: [KernelEvent] = []

    init(_ bench: KernelBench, bufferBytes: Int32 = 16 << 20) throws {
        monitor = try KernelMonitor(
            marks: bench.marks, worker: bench.kernel.port, bufferBytes: bufferBytes)
    }

    func drain() {
        while monitor.read(into: &events, limit: 64) {}
    }

    /// Whether an event that `matches` comes within ten seconds.
    func sees(_ matches: (KernelEvent) -> Bool) -> Bool {
        for _ in 0..<1_000 {
            drain()
            if events.contains(where: matches) { return true }
            usleep(10_000)
        }
        return false
    }

    func sees(_ event: KernelEvent) -> Bool { sees { $0 == event } }
}

@Suite struct `Netlink monitor` {
    @Test func `a foreign delete of our route is told`() throws {
        try inNamespace { bench in
            let route = try bench.route("10.20.0.0/16", .unreachable)
            let watch = try Watch(bench)
            try bench.build(.putRoute(route, replacing: false))
            try execute("ip route del unreachable 10.20.0.0/16 table 100 metric 20")
            #expect(watch.sees(.routeGone(route.key)))
        }
    }

    @Test(arguments: ["10.20.0.0/16", "fd00:20::/32"])
    func `a foreign route that takes the place of ours is told as our loss`(_ prefix: String)
        throws
    {
        try inNamespace { bench in
            let route = try bench.route(prefix, .unreachable)
            let watch = try Watch(bench)
            try bench.build(.putRoute(route, replacing: false))
            try execute("ip route replace prohibit \(prefix) table 100 metric 20 proto static")
            #expect(try bench.kernel.dump().routes == [])
            #expect(watch.sees(.routeGone(route.key)))
        }
    }

    @Test func `foreign routes are not told`() throws {
        try inNamespace { bench in
            let watch = try Watch(bench)
            try execute("ip route add unreachable 10.30.0.0/16 metric 20 proto static")
            try execute("ip route replace prohibit 10.30.0.0/16 metric 30 proto static")
            try execute("ip route del unreachable 10.30.0.0/16 metric 20 proto static")
            try execute("ip address add 10.99.0.1/32 dev lo")
            #expect(
                watch.sees {
                    if case .address = $0 { true } else { false }
                })
            #expect(
                !watch.events.contains {
                    switch $0 {
                    case .route, .routeGone: true
                    default: false
                    }
                })
        }
    }

    @Test func `routes and nexthops of our own worker are not told, foreign nexthops are`()
        throws
    {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let watch = try Watch(bench)
            let hop = NextHop(
                NextHopID(1), .gateway(try address("10.0.1.2"), device: index, onlink: false))
            let route = try bench.route("10.20.0.0/16", .nextHop(hop.id))
            try bench.build(
                .putNextHop(hop, replacing: false), .putRoute(route, replacing: false),
                .deleteRoute(route.key), .deleteNextHop(hop.id))
            try execute("ip nexthop add id 9 via 10.0.1.9 dev a0 proto 3")
            try execute("ip nexthop del id 9")
            #expect(watch.sees(.nextHopGone(NextHopID(9))))
            let told = watch.events.filter {
                switch $0 {
                case .route, .routeGone, .nextHop, .nextHopGone: true
                default: false
                }
            }
            let foreign = NextHop(
                NextHopID(9), .gateway(try address("10.0.1.9"), device: index, onlink: false))
            #expect(
                told == [
                    .nextHop(ObservedNextHop(foreign, routeProtocol: 3)),
                    .nextHopGone(foreign.id),
                ])
        }
    }

    @Test func `links and addresses of our own worker are told`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let watch = try Watch(bench)
            let added = try pair("10.0.5.1/24")
            try bench.build(
                .changeLink(index, LinkChange(alias: "circuitd:x")), .addAddress(index, added))
            #expect(try watch.sees(.link(bench.link("a0"))))
            #expect(watch.sees(.address(ObservedAddress(link: index, address: added))))
        }
    }

    @Test func `lost carrier and a device's end are told`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let watch = try Watch(bench)
            try execute("ip link set a1 down")
            #expect(
                watch.sees {
                    if case .link(let link) = $0 {
                        link.index == index && link.isUp && !link.hasCarrier
                    } else {
                        false
                    }
                })
            try execute("ip link del a0")
            #expect(watch.sees(.linkGone(index)))
        }
    }

    @Test func `a device that leaves its bridge is not told as gone`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip link add br0 type bridge && ip link set a0 master br0")
            let watch = try Watch(bench)
            try execute("ip link set a0 nomaster")
            try execute("ip link set a0 alias left")
            #expect(
                watch.sees {
                    if case .link(let link) = $0 { link.alias == "left" } else { false }
                })
            #expect(!watch.events.contains(.linkGone(index)))
        }
    }

    @Test func `an IPv6 address is told tentative, then ready`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let watch = try Watch(bench)
            let added = try pair("fd00:9::1/64")
            try bench.build(.addAddress(index, added))
            #expect(
                watch.sees(
                    .address(ObservedAddress(link: index, address: added, state: .tentative))))
            #expect(
                watch.sees(.address(ObservedAddress(link: index, address: added, state: .ready))))
        }
    }

    @Test func `messages beyond the buffer become one overflow, and reading goes on`() throws {
        try inNamespace { bench in
            let watch = try Watch(bench, bufferBytes: 4096)
            for _ in 0..<20 { try execute("ip link set lo down && ip link set lo up") }
            watch.drain()
            #expect(watch.events.count { $0 == .overflow } == 1)
            watch.events = []
            try execute("ip address add 10.99.0.1/32 dev lo")
            let added = try pair("10.99.0.1/32")
            #expect(watch.sees(.address(ObservedAddress(link: InterfaceIndex(1), address: added))))
        }
    }

    @Test func `one call reads no more datagrams than its limit`() throws {
        try inNamespace { bench in
            let watch = try Watch(bench)
            try execute("ip address add 10.99.0.1/32 dev lo && ip address add 10.99.0.2/32 dev lo")
            try execute("ip address add 10.99.0.3/32 dev lo")
            var events: [KernelEvent] = []
            #expect(watch.monitor.read(into: &events, limit: 1))
            #expect(events.count <= 1)
            var calls = 1
            while watch.monitor.read(into: &events, limit: 1) { calls += 1 }
            #expect(calls >= 3)
            #expect(
                events.count {
                    if case .address = $0 { true } else { false }
                } == 3)
        }
    }
}
