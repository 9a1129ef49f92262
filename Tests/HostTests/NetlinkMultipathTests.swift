// Routing's sets of several gateways on the kernel that runs the test: equal links share the flows,
// the placeholder gets none, and a lost carrier is one replace for each set and loses no route.
import BGP
import Glibc
import Host
import Net
import Routing
import Testing

@Suite struct `Netlink multipath` {
    /// Routing with a kernel, two links `a0` and `b0` to far ends that never answer, and what was
    /// asked of the kernel.
    private struct Road {
        let bench: KernelBench
        var rib = RIB(seed: 1)
        var asked: [Step] = []
        var devices: [String: InterfaceIndex] = [:]
        let prefixes4: [Prefix4]
        let prefixes6: [Prefix6]

        init(_ bench: KernelBench) throws {
            self.bench = bench
            prefixes4 = (0..<200).map {
                Prefix4(IPv4Address(10, 20, UInt8($0), 0), length: 24)
            }
            prefixes6 = (0..<200 as Range<UInt64>).map {
                Prefix6(IPv6Address(high: 0x2001_0db8_0000_0000 | $0 << 16, low: 0), length: 48)
            }
            for setting in [
                "net.ipv4.nexthop_compat_mode=0", "net.ipv4.fib_multipath_hash_policy=1",
                "net.ipv6.fib_multipath_hash_policy=1",
            ] { try execute("sysctl -qw \(setting)") }
            try makePlaceholders()
            for (place, name) in ["a", "b"].enumerated() { try makeLink(name, UInt8(place + 1)) }
            settle()
            for name in devices.keys { try answer(name) }
        }

        private mutating func makePlaceholders() throws {
            try bench.build(.createPlaceholder(try name("circuitd0")))
            let device = try bench.link("circuitd0").index
            try bench.build(.changeLink(device, LinkChange(isUp: true)), .silenceNeighbours(device))
            #expect(try eventually { try bench.link("circuitd0").isUsable })
            for (family, id, text) in [
                (Family.ipv4, RIB.placeholder4, "192.0.2.1"),
                (Family.ipv6, RIB.placeholder6, "fe80::1"),
            ] {
                let nowhere = try address(text)
                try bench.build(
                    .putNeighbour(
                        Neighbour(link: device, address: nowhere, purpose: .placeholder)),
                    .putNextHop(
                        NextHop(id, .gateway(nowhere, device: device, onlink: true)),
                        replacing: false))
                rib.setPlaceholder(family, id)
            }
        }

        private mutating func makeLink(_ name: String, _ number: UInt8) throws {
            let device = try bench.makePair(name, "10.0.\(number).1/24")
            devices[name] = device
            try execute("ip address add fd00:\(number)::1/64 dev \(name)0 nodad")
            let peer4 = try address("10.0.\(number).2")
            let peer6 = try address("fd00:\(number)::2")
            var policy = ImportPolicy(
                accept: PrefixFilter([
                    try #require(PrefixRule("0.0.0.0/0 upto 32")),
                    try #require(PrefixRule("::/0 upto 128")),
                ]))
            policy.multipath = .links
            let source = rib.addSource(
                SourceSettings(
                    space: .main, circuit: 1, kind: .external, peer: peer4,
                    routerID: RouterID(10, 0, number, 2), peerASN: ASN(65001),
                    localASN: ASN(64600),
                    gateways: [GatewayID(device, peer4), GatewayID(device, peer6)],
                    subnets: [Prefix(peer4, length: 24), Prefix(peer6, length: 64)],
                    policy: policy))
            for gateway in [peer4, peer6] {
                rib.setGateway(GatewayID(device, gateway), isUsable: true, at: .zero)
            }
            let path = PathAttributes(origin: .igp, asPath: ASPath([ASN(65001)])).canonical()
            rib.learn(
                from: source, announced4: prefixes4, announced6: prefixes6, attributes: path,
                nextHop4: peer4, nextHop6: peer6)
        }

        /// The far end is resolved, as if it had answered.
        func answer(_ name: String) throws {
            let number = name == "a" ? 1 : 2
            for peer in ["10.0.\(number).2", "fd00:\(number)::2"] {
                try execute(
                    "ip neigh replace \(peer) dev \(name)0 lladdr 02:00:00:00:00:02 nud permanent")
            }
        }

        /// Carries out steps until nothing is to be done.
        mutating func settle() {
            var steps: [StepRequest] = []
            repeat {
                steps = []
                rib.drain(into: &steps, limit: 64, at: .zero)
                asked += steps.map(\.step)
                for outcome in bench.kernel.apply(steps.map { ($0.ticket, $0.step) }) {
                    rib.finished(outcome.ticket, error: outcome.error, at: .zero)
                }
            } while !steps.isEmpty || rib.hasSteps
        }

        mutating func carrier(_ name: String, _ isUp: Bool) throws {
            try execute("ip link set \(name)1 \(isUp ? "up" : "down")")
            #expect(try eventually { try bench.link("\(name)0").hasCarrier == isUp })
            guard let device = devices[name] else { return }
            asked = []
            if isUp {
                rib.deviceBack(device, at: .zero)
            } else {
                rib.deviceLost(device, at: .zero)
            }
            settle()
            if isUp { try answer(name) }
        }

        /// How many of many flows leave by each device, by the kernel's own word.
        func flows(_ family: Family, _ count: Int) throws -> [String: Int] {
            let answers = try execute(
                "for i in $(seq \(count)); do echo route get "
                    + (family == .ipv4
                        ? "10.20.$((i % 200)).9" : "2001:db8:$(printf %x $((i % 200)))::9")
                    + " ipproto udp sport $((i + 1024)) dport 53; done | ip -batch -")
            var result: [String: Int] = [:]
            for device in ["a0", "b0", "circuitd0"] {
                result[device] = answers.split(separator: "\n")
                    .count { $0.contains("dev \(device)") }
            }
            return result
        }

        /// Packets that have left by a device.
        func sent(_ device: String) throws -> Int {
            let text = try execute("ip -s -o link show \(device)")
            let numbers = try #require(text.split(separator: "\\").last).split(separator: " ")
            return try #require(numbers.dropFirst().first.flatMap { Int($0) })
        }

        var routes: Int { get throws { try bench.kernel.dump().routes.count } }

        var replaces: Int {
            asked.count { if case .putNextHop(_, replacing: true) = $0 { true } else { false } }
        }

        var routeSteps: Int {
            asked.count {
                switch $0 {
                case .putRoute, .deleteRoute: true
                default: false
                }
            }
        }
    }

    @Test(arguments: Family.allCases)
    func `no flow goes to the placeholder, and each link gets about half`(family: Family) throws {
        try inNamespace { bench in
            let road = try Road(bench)
            // By its weight the placeholder would have eight of them.
            let flows = try road.flows(family, 4000)
            #expect(flows["circuitd0"] == 0)
            #expect((flows["a0"] ?? 0) + (flows["b0"] ?? 0) == 4000)
            #expect((1600...2400).contains(flows["a0"] ?? 0))
        }
    }

    @Test(arguments: ["10.20.7.9", "2001:db8:7::9"])
    func `every packet leaves by one of the links`(target: String) throws {
        try inNamespace { bench in
            let road = try Road(bench)
            let before = try road.sent("a0") + road.sent("b0")
            try execute(
                "bash -c 'for i in $(seq 4000); do echo > /dev/udp/\(target)/$((i + 1024)); done'")
            #expect(try road.sent("a0") + road.sent("b0") >= before + 4000)
        }
    }

    @Test func `a lost carrier is one replace for each set, and the other link carries all`() throws
    {
        try inNamespace { bench in
            var road = try Road(bench)
            #expect(try road.routes == 400)
            try road.carrier("a", false)
            #expect(road.replaces == 2)
            #expect(road.routeSteps == 0)
            #expect(try road.routes == 400)
            for family in Family.allCases {
                #expect(try road.flows(family, 500) == ["a0": 0, "b0": 500, "circuitd0": 0])
            }
            try road.carrier("a", true)
            #expect(road.replaces == 2)
            #expect(road.routeSteps == 0)
            #expect(try road.routes == 400)
            for family in Family.allCases {
                let flows = try road.flows(family, 500)
                #expect((flows["a0"] ?? 0) > 150)
                #expect((flows["a0"] ?? 0) + (flows["b0"] ?? 0) == 500)
            }
        }
    }

    @Test func `when both carriers go the routes go too, and come back with the first`() throws {
        try inNamespace { bench in
            var road = try Road(bench)
            try road.carrier("a", false)
            try road.carrier("b", false)
            #expect(try road.routes == 0)
            try road.carrier("b", true)
            #expect(try road.routes == 400)
            #expect(try road.flows(.ipv4, 100) == ["a0": 0, "b0": 100, "circuitd0": 0])
        }
    }
}
