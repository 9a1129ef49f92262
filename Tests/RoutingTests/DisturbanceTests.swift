// What others do to the kernel under our feet: foreign routes and numbers, and what of ours they
// delete or change.

import Net
import Testing

@testable import Routing

struct DisturbanceTests {
    @Test func `a foreign route is reported, never replaced, and tried again when it is gone`() {
        var bench = Bench()
        bench.up(1)
        let key = RouteKey(table: .main, prefix: many(1)[0], metric: 20)
        bench.kernel.foreignRoutes.insert(key)
        let source = bench.peer(1)
        bench.announce(source, 1, many(2))
        bench.settle()
        #expect(bench.rib.conflicts == [key])
        #expect(bench.rib.forwarding.conflicts == 1)
        #expect(bench.hasRoute(many(2)[1]))
        bench.kernel.foreignRoutes = []
        bench.now = bench.now + .seconds(31)
        bench.settle()
        #expect(bench.rib.conflicts.isEmpty)
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(1))
    }

    @Test func `a row takes its key as soon as the foreign route is gone`() {
        var bench = Bench()
        bench.up(1)
        let key = RouteKey(table: .main, prefix: many(1)[0], metric: 20)
        bench.kernel.foreignRoutes.insert(key)
        let source = bench.peer(1)
        bench.announce(source, 1, many(1))
        bench.settle()
        #expect(bench.rib.conflicts == [key])
        bench.kernel.foreignRoutes = []
        bench.rib.observed(.routeGone(key), at: bench.now)
        for _ in 0..<3 { bench.turn() }
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(1))
        #expect(bench.rib.conflicts.isEmpty)
    }

    @Test func `a foreign route that goes while a row is written does not shadow it for long`() {
        var bench = Bench()
        bench.up(1)
        let key = RouteKey(table: .main, prefix: many(1)[0], metric: 20)
        bench.kernel.foreignRoutes.insert(key)
        let source = bench.peer(1)
        bench.announce(source, 1, many(1))
        bench.ask(limit: 64)
        let batch = bench.wire
        bench.wire = []
        let errors = batch.map { bench.kernel.apply($0.step) }
        bench.kernel.foreignRoutes = []
        bench.rib.observed(.routeGone(key), at: bench.now)
        for (request, error) in zip(batch, errors) {
            bench.rib.finished(request.ticket, error: error, at: bench.now)
        }
        bench.settle()
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(1))
    }

    @Test func `an unreachable route takes its key as soon as the foreign route is gone`() {
        var bench = Bench()
        let key = RouteKey(
            table: TableID(1001), prefix: prefix("0.0.0.0/0"),
            metric: KernelMarks().unreachableMetric)
        bench.kernel.foreignRoutes.insert(key)
        bench.rib.setUnreachable(SpaceID(1001), prefix("0.0.0.0/0"), isWanted: true)
        bench.settle()
        #expect(bench.rib.conflicts == [key])
        bench.kernel.foreignRoutes = []
        bench.rib.observed(.routeGone(key), at: bench.now)
        for _ in 0..<3 { bench.turn() }
        #expect(bench.kernel.routes[key] == .unreachable)
    }

    @Test func `a conflict ends with the route that had it`() {
        var bench = Bench()
        bench.up(1)
        let key = RouteKey(table: .main, prefix: many(1)[0], metric: 20)
        bench.kernel.foreignRoutes.insert(key)
        let source = bench.peer(1)
        bench.announce(source, 1, many(1))
        bench.settle()
        bench.withdraw(source, many(1))
        bench.settle()
        #expect(bench.rib.conflicts.isEmpty)
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
    }

    @Test func `numbers that somebody else has are left to him`() {
        var bench = Bench()
        let taken = [NextHopID(Forwarding.firstSingle), NextHopID(Forwarding.firstGroup)]
        for id in taken {
            bench.kernel.nextHops[id] = ObservedNextHop(
                NextHop(
                    id, .gateway(address("192.0.2.9"), device: InterfaceIndex(50), onlink: false)),
                routeProtocol: 4)
        }
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.settle()
        for prefix in many(3) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        for id in taken { #expect(bench.kernel.nextHops[id]?.routeProtocol == 4) }
    }

    @Test func `what others delete or change is put right`() {
        var (bench, _, _) = pair(4)
        let keys = many(4).map { RouteKey(table: .main, prefix: $0, metric: 20) }
        bench.kernel.routes[keys[0]] = nil
        bench.rib.observed(.routeGone(keys[0]), at: bench.now)
        bench.kernel.routes[keys[1]] = .unreachable
        bench.rib.observed(.route(Route(keys[1], .unreachable)), at: bench.now)
        bench.settle()
        for prefix in many(4) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        guard case .nextHop(let group)? = bench.kernel.routes[keys[2]] else { return }
        bench.kernel.drop(group)
        bench.rib.observed(.nextHopGone(group), at: bench.now)
        bench.settle()
        for prefix in many(4) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
    }

    /// When somebody deletes a group of which a put is in flight.
    enum Moment: CaseIterable {
        case before, after
    }

    @Test(arguments: Moment.allCases, [true, false])
    func `a group deleted while it is replaced takes its routes along, and they are made again`(
        moment: Moment, replaceCreates: Bool
    ) {
        var (bench, _, _) = pair(4)
        bench.kernel.replaceCreates = replaceCreates
        guard case .nextHop(let group)? = bench.kernel.routes.values.first else { return }
        bench.down(1)
        bench.ask(limit: 64)
        #expect(replaces(bench.wire.map(\.step)) == 1)
        let batch = bench.wire
        bench.wire = []
        if moment == .before { bench.kernel.drop(group) }
        let errors = batch.map { bench.kernel.apply($0.step) }
        if moment == .after { bench.kernel.drop(group) }
        bench.rib.observed(.nextHopGone(group), at: bench.now)
        for (request, error) in zip(batch, errors) {
            bench.rib.finished(request.ticket, error: error, at: bench.now)
        }
        bench.settle()
        for prefix in many(4) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        // Nothing is left but the placeholders, two singles and the one group.
        #expect(bench.kernel.nextHops.count == 5)
    }

    @Test(arguments: [true, false])
    func `a group deleted while its first routes are written takes them along too`(
        replaceCreates: Bool
    ) {
        var bench = Bench()
        bench.kernel.replaceCreates = replaceCreates
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(4))
        bench.ask(limit: 64)
        let batch = bench.wire
        bench.wire = []
        let errors = batch.map { bench.kernel.apply($0.step) }
        let group = NextHopID(Forwarding.firstGroup)
        bench.kernel.drop(group)
        bench.rib.observed(.nextHopGone(group), at: bench.now)
        for (request, error) in zip(batch, errors) {
            bench.rib.finished(request.ticket, error: error, at: bench.now)
        }
        bench.settle()
        for prefix in many(4) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        #expect(bench.kernel.nextHops.count == 4)
    }

    @Test func `a lost group is found by the first route that names it`() {
        var (bench, _, _) = pair(4)
        guard case .nextHop(let group)? = bench.kernel.routes.values.first else { return }
        bench.kernel.drop(group)
        let third = bench.peer(3)
        bench.announce(third, 3, many(1, from: 100))
        let again = bench.peer(1)
        let other = bench.peer(2)
        bench.announce(again, 1, many(1, from: 200))
        bench.announce(other, 2, many(1, from: 200))
        bench.settle()
        for prefix in many(4) + many(1, from: 200) {
            #expect(bench.gateway(prefix) == Bench.gateway(1))
        }
    }
}
