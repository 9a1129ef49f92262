// What health asks of routing: how many prefixes of a source the kernel does not forward, and that
// asking is free.

import BGP
import Net
import Testing

@testable import Routing

struct LackingTests {
    @Test func `prefixes whose only gateway is unusable count as not forwarding`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.settle()
        #expect(bench.rib.unacknowledged(source) == 3)
        bench.up(1)
        bench.settle()
        #expect(bench.rib.unacknowledged(source) == 0)
        bench.down(1)
        bench.settle()
        #expect(bench.rib.unacknowledged(source) == 3)
        bench.rib.sourceDown(source)
        #expect(bench.rib.unacknowledged(source) == 0)
    }

    @Test func `prefixes of a lost gateway count before their routes are deleted`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.settle()
        bench.down(1)
        bench.ask(limit: 64)
        #expect(bench.hasRoute(many(1)[0]))
        #expect(bench.rib.unacknowledged(source) == 3)
    }

    @Test func `prefixes that another peer carries count as forwarding`() {
        var bench = Bench()
        bench.up(2)
        let first = bench.peer(1)
        let second = bench.peer(2)
        bench.announce(first, 1, many(3))
        bench.announce(second, 2, many(2))
        bench.settle()
        #expect(bench.rib.unacknowledged(first) == 1)
        #expect(bench.rib.unacknowledged(second) == 0)
    }

    @Test func `stale prefixes count until they are swept`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.rib.markStale(source)
        bench.announce(source, 1, many(1))
        #expect(bench.rib.unacknowledged(source) == 3)
        bench.rib.sweepStale(source)
        #expect(bench.rib.unacknowledged(source) == 1)
    }

    @Test func `asking costs the same whatever the number of rows`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(20_000))
        let clock = ContinuousClock()
        var total = 0
        let spent = clock.measure {
            for _ in 0..<500 { total += Int(bench.rib.unacknowledged(source)) }
        }
        #expect(total == 500 * 20_000)
        #expect(spent < .milliseconds(500))
    }
}
