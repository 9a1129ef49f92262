// Many steps at once: who failed, in what order, and complete dumps of many.
import CLinux
import Glibc
import Net
import Testing

@testable import Host

@Suite struct `Netlink batches` {
    @Test func `failures inside a batch are told by their tickets, and the others are done`()
        throws
    {
        try inNamespace { bench in
            // 600 routes are three buffers; the bad ones lie inside, first and last.
            let bad: Set<Int> = [0, 100, 254, 255, 256, 599]
            let batch = try (0..<600).map { number in
                (
                    ticket: UInt64(1_000 + number),
                    step: Step.putRoute(
                        try bench.route(
                            "10.\(number / 256).\(number % 256).0/24",
                            bad.contains(number) ? .nextHop(NextHopID(5)) : .unreachable),
                        replacing: false)
                )
            }
            let outcomes = bench.kernel.apply(batch)
            #expect(outcomes.map(\.ticket) == batch.map(\.ticket))
            #expect(outcomes.map(\.step) == batch.map(\.step))
            #expect(
                Set(outcomes.filter { $0.error != nil }.map { Int($0.ticket) - 1_000 }) == bad)
            #expect(try bench.kernel.dump().routes.count == 594)
        }
    }

    @Test func `steps of several messages have one outcome each and are not confused`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let outcomes = bench.kernel.apply([
                (1, .silenceNeighbours(index)),
                (2, .silenceNeighbours(InterfaceIndex(9999))),
                (3, .createPlaceholder(try name("circuitd0"))),
                (4, .createPlaceholder(try name("circuitd0"))),
                (5, .silenceNeighbours(index)),
            ])
            #expect(outcomes.map(\.ticket) == [1, 2, 3, 4, 5])
            #expect(outcomes.map { $0.error?.code } == [nil, ENOENT, nil, EEXIST, nil])
        }
    }

    @Test func `a step too long for a message does not stop the others`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            let huge = (0..<9_000).map { NextHop.Member(NextHopID(UInt32($0) + 1), weight: 1) }
            let outcomes = bench.kernel.apply([
                (1, .changeLink(index, LinkChange(alias: "one"))),
                (2, .putNextHop(NextHop(NextHopID(1), .group(huge)), replacing: false)),
                (3, .changeLink(index, LinkChange(alias: "three"))),
            ])
            #expect(outcomes.map { $0.error?.code } == [nil, EMSGSIZE, nil])
            #expect(try bench.link("a0").alias == "three")
        }
    }

    @Test func `an empty batch has no outcomes`() throws {
        try inNamespace { bench in #expect(bench.kernel.apply([]).isEmpty) }
    }

    @Test func `ten thousand routes are put, dumped and deleted`() throws {
        try inNamespace { bench in
            let index = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip address add fd00:1::1/64 dev a0 nodad")
            let hop4 = NextHop(
                NextHopID(4), .gateway(try address("10.0.1.2"), device: index, onlink: false))
            let hop6 = NextHop(
                NextHopID(6), .gateway(try address("fd00:1::2"), device: index, onlink: false))
            try bench.build(
                .putNextHop(hop4, replacing: false), .putNextHop(hop6, replacing: false),
                .putNextHop(
                    NextHop(NextHopID(40), .group([.init(hop4.id, weight: 1)])), replacing: false),
                .putNextHop(
                    NextHop(NextHopID(60), .group([.init(hop6.id, weight: 1)])), replacing: false))
            let routes = (0..<10_000).map { number in
                let isFirst = number < 8_000
                let prefix: Prefix =
                    isFirst
                    ? .v4(Prefix4(IPv4Address(raw: 0x0B00_0000 + UInt32(number) << 8), length: 24))
                    : .v6(
                        Prefix6(
                            IPv6Address(high: 0xFD01_0000_0000_0000 + UInt64(number) << 16, low: 0),
                            length: 48))
                return Route(
                    RouteKey(
                        table: TableID(UInt32(100 + number % 3)), prefix: prefix,
                        metric: bench.marks.metric),
                    .nextHop(NextHopID(isFirst ? 40 : 60)))
            }
            func failures(_ step: (Route) -> Step) -> Int {
                bench.kernel.apply(routes.enumerated().map { (UInt64($0), step($1)) })
                    .count { $0.error != nil }
            }
            #expect(failures { .putRoute($0, replacing: false) } == 0)
            #expect(try Set(bench.kernel.dump().routes) == Set(routes))
            #expect(failures { .putRoute($0, replacing: true) } == 0)
            #expect(try bench.kernel.dump().routes.count == 10_000)
            #expect(failures { .deleteRoute($0.key) } == 0)
            #expect(try bench.kernel.dump().routes.isEmpty)
        }
    }

    @Test func `foreign routes are not dumped, foreign nexthops are`() throws {
        try inNamespace { bench in
            _ = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip nexthop add id 9 via 10.0.1.9 dev a0 proto 3")
            try execute("ip nexthop add id 10 blackhole proto 3")
            try execute("ip route add 10.30.0.0/16 via 10.0.1.3 table 100 metric 20 proto 186")
            try execute("ip -6 route add unreachable fd00:30::/32 metric 20 proto static")
            let ours = try bench.route("10.40.0.0/16", .unreachable)
            try bench.build(.putRoute(ours, replacing: false))
            let state = try bench.kernel.dump()
            #expect(state.routes == [ours])
            #expect(state.nextHops.map(\.nextHop.id.rawValue) == [9, 10])
            #expect(state.nextHops.map(\.routeProtocol) == [3, 3])
            #expect(state.nextHops.last?.nextHop.content == .group([]))
        }
    }

    @Test func `a route with our protocol that we would never make leads through object zero`()
        throws
    {
        try inNamespace { bench in
            _ = try bench.makePair("a", "10.0.1.1/24")
            try execute("ip route add 10.20.0.0/16 via 10.0.1.3 table 100 metric 20 proto 67")
            #expect(
                try bench.kernel.dump().routes == [
                    try bench.route("10.20.0.0/16", .nextHop(.none))
                ])
        }
    }

    @Test func `the end of a veth pair has no parent and reports its kind`() throws {
        try inNamespace { bench in
            _ = try bench.makePair("a", "10.0.1.1/24")
            let link = try bench.link("a0")
            #expect(link.kind == .other("veth"))
            #expect(link.parent == .none)
            #expect(link.isUsable)
            #expect(try bench.link("lo").kind == .other(""))
        }
    }

    @Test func `an answer with extended text is read whether capped or not`() throws {
        try inNamespace { bench in
            // Without NETLINK_CAP_ACK the kernel repeats the whole request before the text.
            let socket = try NetlinkSocket(
                groups: CLINUX_GROUPS_NONE, isNonblocking: false, bufferBytes: 1 << 20)
            var off: Int32 = 0
            let option = setsockopt(socket.fd, 270, 10, &off, socklen_t(MemoryLayout<Int32>.size))
            #expect(option == 0)
            let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
            defer { storage.deallocate() }
            var requests = NetlinkRequests(in: storage, first: 77)
            let step = Step.putRoute(
                try bench.route("10.20.0.0/16", .nextHop(NextHopID(5))), replacing: false)
            let fits = requests.write(step, marks: bench.marks)
            #expect(fits)
            try socket.send(requests.bytes)
            var answers: [KernelError?] = []
            try socket.receive(within: 5) { event in
                #expect(event.sequence == 77)
                answers.append(KernelError(event))
            }
            #expect(answers == [KernelError(code: EINVAL, text: "Nexthop id does not exist")])
        }
    }
}
