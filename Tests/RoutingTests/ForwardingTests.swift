// Forwarding sets: what a gained or lost gateway costs in steps, and where packets go meanwhile.

import BGP
import Net
import Testing

@testable import Routing

struct ForwardingTests {
    private func routeSteps(_ steps: [Step]) -> Int {
        steps.count {
            switch $0 {
            case .putRoute, .deleteRoute: true
            default: false
            }
        }
    }

    @Test func `the first route makes single, group and route in this order, exclusively`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(1))
        bench.settle()
        let single = NextHopID(Forwarding.firstSingle)
        let group = NextHopID(Forwarding.firstGroup)
        let steps = bench.steps()
        #expect(
            steps == [
                .putNextHop(
                    NextHop(
                        single,
                        .gateway(
                            address("10.255.1.2"), device: InterfaceIndex(1), onlink: false)),
                    replacing: false),
                .putNextHop(
                    NextHop(
                        group,
                        .group([
                            NextHop.Member(RIB.placeholder4, weight: 1),
                            NextHop.Member(single, weight: 255),
                        ])), replacing: false),
                .putRoute(
                    Route(
                        RouteKey(table: .main, prefix: many(1)[0], metric: 20), .nextHop(group)),
                    replacing: false),
            ])
    }

    @Test func `nothing is written while no gateway is usable`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.settle()
        #expect(bench.kernel.log.isEmpty)
        bench.up(1)
        bench.settle()
        #expect(bench.kernel.routes.count == 3)
    }

    @Test(arguments: [true, false])
    func `a lost peer is one replace, whatever its number of routes`(withCarrier: Bool) {
        var (bench, first, _) = pair(2000)
        if withCarrier { bench.down(1) } else { bench.cut(1) }
        bench.turn()
        let steps = bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        for prefix in many(2000) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        // The session's end changes nothing more: the rows stay where they are.
        bench.rib.sourceDown(first)
        bench.settle()
        let later = bench.steps()
        #expect(routeSteps(later) == 0)
        #expect(replaces(later) == 0)
        #expect(bench.kernel.routes.count == 2000)
    }

    @Test func `a set goes back only when every row in it is announced there again`() {
        var (bench, first, _) = pair(50)
        bench.down(1)
        bench.rib.sourceDown(first)
        bench.settle()
        bench.up(1)
        bench.announce(first, 1, many(30))
        for _ in 0..<20 { bench.turn() }
        for prefix in many(50) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        _ = bench.steps()
        bench.announce(first, 1, many(20, from: 30))
        bench.settle()
        let steps = bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        for prefix in many(50) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
    }

    @Test func `rows that do not come home move out, and the set goes back`() {
        var (bench, first, _) = pair(50)
        bench.down(1)
        bench.rib.sourceDown(first)
        bench.settle()
        bench.up(1)
        bench.announce(first, 1, many(30))
        _ = bench.steps()
        bench.settle()
        let steps = bench.steps()
        #expect(routeSteps(steps) == 20)
        for prefix in many(30) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        for prefix in many(20, from: 30) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
    }

    @Test
    func `when the second goes before all are home, nobody is sent where he is not announced`() {
        var (bench, first, second) = pair(50)
        bench.down(1)
        bench.rib.sourceDown(first)
        bench.settle()
        bench.up(1)
        bench.announce(first, 1, many(30))
        for _ in 0..<5 { bench.turn() }
        bench.down(2)
        bench.rib.sourceDown(second)
        for _ in 0..<40 {
            bench.turn(limit: 4)
            for prefix in many(20, from: 30) { #expect(bench.gateway(prefix) != Bench.gateway(1)) }
        }
        bench.settle()
        for prefix in many(30) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        for prefix in many(20, from: 30) { #expect(!bench.hasRoute(prefix)) }
    }

    @Test func `without any gateway the rows go, then the group, then the single`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(5))
        bench.settle()
        _ = bench.steps()
        bench.rib.sourceDown(source)
        bench.down(1)
        bench.settle()
        let steps = bench.steps()
        let lastRoute = steps.lastIndex { if case .deleteRoute = $0 { true } else { false } }
        let deletions = steps.enumerated().compactMap { place, step in
            if case .deleteNextHop(let id) = step { (place, id) } else { nil }
        }
        #expect(deletions.map(\.1.rawValue) == [Forwarding.firstGroup, Forwarding.firstSingle])
        #expect((lastRoute ?? .max) < (deletions.first?.0 ?? 0))
        #expect(bench.kernel.nextHops.count == 2)
    }

    @Test func `after carrier comes back the single is made again and the set returns`() {
        var (bench, _, _) = pair(10)
        bench.cut(1)
        bench.settle()
        bench.mend(1)
        bench.settle()
        for prefix in many(10) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        #expect(bench.kernel.routes.count == 10)
    }

    @Test func `without placeholders a lost carrier costs the routes, and they are made again`() {
        var (bench, _, _) = pair(10, hasPlaceholders: false)
        bench.cut(1)
        #expect(bench.kernel.routes.isEmpty)
        bench.settle()
        for prefix in many(10) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
    }

    @Test func `a port's carrier loss is one replace for each set of its links`() {
        var bench = Bench()
        for tenant in 0..<20 as Range<UInt8> {
            let space = SpaceID(1000 + UInt32(tenant))
            bench.up(tenant * 2 + 1, tenant * 2 + 2)
            let first = bench.peer(tenant * 2 + 1, space: space)
            let second = bench.peer(tenant * 2 + 2, space: space)
            bench.announce(first, tenant * 2 + 1, many(5))
            bench.announce(second, tenant * 2 + 2, many(5))
        }
        bench.settle()
        _ = bench.steps()
        for tenant in 0..<20 as Range<UInt8> { bench.cut(tenant * 2 + 1) }
        bench.turn(limit: 1000)
        let steps = bench.steps()
        #expect(replaces(steps) == 20)
        #expect(routeSteps(steps) == 0)
        #expect(bench.kernel.routes.count == 100)
    }

    @Test func `two tenants never share a group`() {
        var bench = Bench()
        bench.up(1)
        for space in [SpaceID(1001), SpaceID(1002)] {
            let source = bench.peer(1, space: space)
            bench.announce(source, 1, many(1))
        }
        bench.settle()
        #expect(Set(bench.kernel.routes.values).count == 2)
    }

    @Test func `a third party's next hop follows the session's gateway`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.rib.learn(
            from: source, announced4: many(1).compactMap { Prefix4($0) }, announced6: [],
            attributes: attributes(), nextHop4: address("10.255.1.77"), nextHop6: nil)
        bench.settle()
        #expect(bench.gateway(many(1)[0])?.address == address("10.255.1.77"))
        bench.down(1)
        bench.settle()
        #expect(!bench.hasRoute(many(1)[0]))
        bench.rib.sourceDown(source)
        bench.settle()
        #expect(
            bench.rib.common.forwarding.find(GatewayID(InterfaceIndex(1), address("10.255.1.77")))
                == nil)
    }

    @Test func `a resync puts right whatever was missed`() {
        var (bench, _, _) = pair(20)
        let keys = many(20).map { RouteKey(table: .main, prefix: $0, metric: 20) }
        bench.kernel.routes[keys[3]] = nil
        bench.kernel.routes[keys[4]] = .unreachable
        let alien = RouteKey(table: TableID(77), prefix: prefix("30.0.0.0/8"), metric: 20)
        bench.kernel.routes[alien] = .unreachable
        bench.kernel.lose(InterfaceIndex(2))
        bench.kernel.downDevices = []
        let unknown = NextHopID(0x4310_0FFF)
        bench.kernel.nextHops[unknown] = ObservedNextHop(
            NextHop(unknown, .group([NextHop.Member(RIB.placeholder4, weight: 1)])),
            routeProtocol: 67)
        bench.rib.compare(bench.kernel.dump)
        bench.settle()
        for prefix in many(20) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        #expect(bench.kernel.routes[alien] == nil)
        #expect(bench.kernel.nextHops[unknown] == nil)
        _ = bench.steps()
        bench.rib.compare(bench.kernel.dump)
        bench.settle()
        let steps = bench.steps()
        #expect(steps.isEmpty)
    }

    @Test func `placeholders that come late are put into every group`() {
        var (bench, _, _) = pair(4, hasPlaceholders: false)
        bench.kernel.addPlaceholders()
        bench.rib.setPlaceholder(.ipv4, RIB.placeholder4)
        bench.settle()
        let steps = bench.steps()
        #expect(steps.count == 1 && replaces(steps) == 1)
        bench.cut(1)
        #expect(bench.kernel.routes.count == 4)
    }

    @Test
    func `a gateway that the kernel refuses is tried again, and the next one serves meanwhile`() {
        var bench = Bench()
        bench.kernel.downDevices = [InterfaceIndex(1)]
        bench.up(1, 2)
        let first = bench.peer(1)
        let second = bench.peer(2)
        bench.announce(first, 1, many(5))
        bench.announce(second, 2, many(5))
        for _ in 0..<50 { bench.turn() }
        bench.now = bench.now + .seconds(1)
        for _ in 0..<50 { bench.turn() }
        for prefix in many(5) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        bench.kernel.downDevices = []
        bench.now = bench.now + .seconds(60)
        bench.settle()
        for prefix in many(5) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
    }

    @Test func `unreachable routes come and go by their own metric`() {
        var bench = Bench()
        let marks = KernelMarks()
        bench.rib.setUnreachable(SpaceID(1001), prefix("0.0.0.0/0"), isWanted: true)
        bench.rib.setUnreachable(SpaceID(1001), prefix("::/0"), isWanted: true)
        bench.settle()
        let key = RouteKey(
            table: TableID(1001), prefix: prefix("0.0.0.0/0"), metric: marks.unreachableMetric)
        #expect(bench.kernel.routes[key] == .unreachable)
        #expect(bench.kernel.routes.count == 2)
        bench.kernel.routes[key] = nil
        bench.rib.observed(.routeGone(key), at: bench.now)
        bench.settle()
        #expect(bench.kernel.routes[key] == .unreachable)
        bench.rib.setUnreachable(SpaceID(1001), prefix("0.0.0.0/0"), isWanted: false)
        bench.settle()
        #expect(bench.kernel.routes.count == 1)
    }
}
