// A restart: what an earlier run left forwards on, and costs nothing where nothing changed.

import BGP
import Net
import Testing

@testable import Routing

struct AdoptionTests {
    /// What both runs of the daemon are told.
    private func load(_ bench: inout Bench, order: [UInt8] = [1, 2]) -> [UInt8: SourceID] {
        var sources: [UInt8: SourceID] = [:]
        for number in [1, 2] as [UInt8] { sources[number] = bench.peer(number) }
        bench.rib.setUnreachable(.main, prefix("10.0.0.0/8"), isWanted: true)
        for number in order {
            guard let source = sources[number] else { continue }
            bench.up(number)
            // 1 has all, 2 the second half.
            bench.announce(source, number, number == 1 ? many(100) : many(50, from: 50))
            for _ in 0..<3 { bench.turn() }
        }
        return sources
    }

    private func restarted() -> Bench {
        var old = Bench()
        _ = load(&old)
        old.settle()
        var new = Bench(hasPlaceholders: false)
        new.kernel = old.kernel
        new.kernel.log = []
        new.rib.adopt(new.kernel.dump)
        return new
    }

    @Test(arguments: [[1, 2], [2, 1]] as [[UInt8]])
    func `an unchanged restart writes nothing at all`(order: [UInt8]) {
        var bench = restarted()
        bench.rib.setPlaceholder(.ipv4, RIB.placeholder4)
        bench.rib.setPlaceholder(.ipv6, RIB.placeholder6)
        #expect(bench.rib.isHolding)
        #expect(bench.rib.staleCount(.main) == 100)
        _ = load(&bench, order: order)
        bench.settle()
        #expect(bench.rib.staleCount(.main) == 0)
        bench.rib.releaseAll()
        bench.settle()
        #expect(!bench.rib.isHolding)
        let steps = bench.steps()
        #expect(steps.isEmpty)
        #expect(bench.rib.forwarding.isSettled)
        #expect(bench.rib.forwarding.installed == 101)
    }

    @Test
    func `after an unchanged restart a lost link is one replace for each set that has another`() {
        var bench = restarted()
        let sources = load(&bench)
        bench.rib.releaseAll()
        bench.settle()
        _ = bench.steps()
        bench.cut(1)
        bench.turn()
        let steps = bench.steps()
        let replaces = steps.filter {
            if case .putNextHop(_, replacing: true) = $0 { true } else { false }
        }
        // The set that has nothing but the lost link was emptied by the kernel itself.
        #expect(replaces.count == 1)
        for prefix in many(50, from: 50) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        if let first = sources[1] { bench.rib.sourceDown(first) }
        bench.settle()
        for prefix in many(50) { #expect(!bench.hasRoute(prefix)) }
    }

    @Test func `nothing moves before sessions are back`() {
        var bench = restarted()
        let first = bench.peer(1)
        bench.rib.setGateway(Bench.gateway(1), isUsable: false, at: bench.now)
        bench.announce(first, 1, many(100))
        bench.settle()
        #expect(bench.kernel.log.isEmpty)
        #expect(bench.kernel.routes.count == 101)
    }

    @Test func `what nobody announces again goes at the release, objects as well`() {
        var bench = restarted()
        let first = bench.peer(1)
        bench.up(1)
        bench.announce(first, 1, many(10))
        bench.settle()
        let early = bench.steps()
        #expect(early.isEmpty)
        bench.rib.releaseAll()
        bench.settle()
        #expect(bench.kernel.routes.count == 10)
        for prefix in many(10) { #expect(bench.gateway(prefix) == Bench.gateway(1)) }
        // Placeholders, one single, one group.
        #expect(bench.kernel.nextHops.count == 4)
    }

    @Test func `one space is released apart from the others`() {
        var old = Bench()
        old.up(1, 2)
        for number in [1, 2] as [UInt8] {
            let source = old.peer(number, space: SpaceID(1000 + UInt32(number)))
            old.announce(source, number, many(3))
        }
        old.settle()
        var bench = Bench(hasPlaceholders: false)
        bench.kernel = old.kernel
        bench.rib.adopt(bench.kernel.dump)
        bench.rib.release(SpaceID(1001))
        bench.settle()
        #expect(bench.rib.isHolding(SpaceID(1002)) && !bench.rib.isHolding(SpaceID(1001)))
        #expect(Set(bench.kernel.routes.keys.map(\.table)) == [SpaceID(1002)])
    }

    @Test func `a link lost during the hold moves what is known to go elsewhere`() {
        var bench = restarted()
        let sources = load(&bench)
        #expect(sources.count == 2)
        bench.settle()
        _ = bench.steps()
        bench.cut(1)
        bench.settle()
        for prefix in many(50, from: 50) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        let routeSteps = bench.steps().filter {
            if case .putRoute = $0 { true } else { false }
        }
        #expect(routeSteps.isEmpty)
    }

    @Test func `a set that lost its link while nobody looked is pointed elsewhere when known`() {
        var old = Bench()
        _ = load(&old)
        old.settle()
        var bench = Bench(hasPlaceholders: false)
        bench.kernel = old.kernel
        bench.kernel.lose(InterfaceIndex(1))
        bench.rib.adopt(bench.kernel.dump)
        let second = bench.peer(2)
        bench.up(2)
        bench.announce(second, 2, many(50, from: 50))
        bench.settle()
        for prefix in many(50, from: 50) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
    }

    @Test func `a route that changed its peer is moved, others are let alone`() {
        var bench = restarted()
        let first = bench.peer(1)
        let second = bench.peer(2)
        bench.up(1, 2)
        bench.announce(first, 1, many(40))
        bench.announce(first, 1, many(50, from: 50))
        bench.announce(second, 2, many(60, from: 40))
        bench.settle()
        bench.rib.releaseAll()
        bench.settle()
        for prefix in many(10, from: 40) { #expect(bench.gateway(prefix) == Bench.gateway(2)) }
        let moved = bench.steps().filter { if case .putRoute = $0 { true } else { false } }
        #expect(moved.count == 10)
    }
}
