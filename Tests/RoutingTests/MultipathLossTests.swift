// Sets of several gateways over time: what a lost or regained member costs in steps, what others do
// to a set, and what a restart makes of it.

import BGP
import Net
import Testing

@testable import Routing

struct MultipathLossTests {
    // Losing

    /// How a member is lost.
    enum Loss: CaseIterable {
        /// Its session or BFD goes.
        case word
        /// Its carrier goes, and the kernel has dropped its object.
        case carrier
        /// Its port's carrier goes, and the kernel has not come to the link yet.
        case port
    }

    @Test(arguments: Loss.allCases, Family.allCases)
    func `losing one of several is one replace, at once`(loss: Loss, family: Family) {
        var shared = SharedBench([1, 2, 3])
        let prefixes = MultipathTests.some(500, family)
        shared.load(prefixes)
        switch loss {
        case .word: shared.bench.down(1)
        case .carrier: shared.bench.cut(1)
        case .port: shared.bench.rib.deviceLost(InterfaceIndex(1), at: shared.bench.now)
        }
        shared.bench.turn()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        #expect(shared.leads(prefixes, to: 2, 3))
        shared.end(1)
        shared.bench.settle()
        let later = shared.bench.steps()
        #expect(routeSteps(later) + replaces(later) == 0)
        #expect(shared.leads(prefixes, to: 2, 3))
    }

    @Test func `losing all goes down to those who share next, in one replace`() {
        var shared = SharedBench([1, 2])
        shared.sources[3] = shared.bench.peer(
            3, circuit: 2, policy: sharing(.links, localPref: 50))
        shared.sources[4] = shared.bench.peer(
            4, circuit: 2, policy: sharing(.links, localPref: 50))
        shared.load(many(300))
        #expect(shared.leads(many(300), to: 1, 2))
        shared.end(1)
        shared.end(2)
        shared.bench.turn()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(shared.leads(many(300), to: 3, 4))
        shared.bench.settle()
        let later = shared.bench.steps()
        #expect(routeSteps(later) + replaces(later) == 0)
        for peer in [1, 2] as [UInt8] {
            shared.bench.up(peer)
            shared.announce(peer, many(300))
        }
        shared.bench.settle()
        let back = shared.bench.steps()
        #expect(routeSteps(back) == 0)
        #expect(shared.leads(many(300), to: 1, 2))
    }

    @Test func `rows with another way behind those that are left move out while there is time`() {
        var shared = SharedBench([1, 2])
        for peer in [3, 4] as [UInt8] {
            shared.sources[peer] = shared.bench.peer(
                peer, circuit: 1, policy: sharing(.links, localPref: 50))
        }
        shared.bench.up(1, 2, 3, 4)
        for peer in [1, 2, 3] as [UInt8] { shared.announce(peer, many(20)) }
        shared.bench.settle()
        shared.end(1)
        shared.bench.settle()
        _ = shared.bench.steps()
        shared.announce(4, many(5))
        if let third = shared.sources[3] { shared.bench.withdraw(third, many(5)) }
        shared.bench.settle()
        let steps = shared.bench.steps()
        #expect(routeSteps(steps) == 5)
        shared.bench.down(2)
        shared.bench.turn()
        let later = shared.bench.steps()
        #expect(replaces(later) == 2)
        #expect(routeSteps(later) == 0)
        #expect(shared.leads(many(5), to: 4))
        #expect(shared.leads(many(15, from: 5), to: 3))
    }

    @Test func `with the last one the routes go, then group and singles`() {
        var shared = SharedBench([1, 2])
        shared.load(many(5))
        shared.end(1)
        shared.end(2)
        shared.bench.settle()
        #expect(shared.bench.kernel.routes.isEmpty)
        #expect(shared.bench.kernel.nextHops.count == 2)
    }

    // The way back

    @Test func `a member comes back when every row is announced there again, not before`() {
        var shared = SharedBench([1, 2])
        shared.load(many(50))
        shared.end(1)
        shared.bench.settle()
        _ = shared.bench.steps()
        shared.bench.up(1)
        shared.announce(1, many(30))
        for _ in 0..<20 { shared.bench.turn() }
        #expect(shared.leads(many(50), to: 2))
        shared.announce(1, many(20, from: 30))
        shared.bench.settle()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        #expect(shared.leads(many(50), to: 1, 2))
    }

    @Test func `rows that the member does not announce any more move out first`() {
        var shared = SharedBench([1, 2])
        shared.load(many(50))
        shared.end(1)
        shared.bench.settle()
        shared.bench.up(1)
        shared.announce(1, many(30))
        _ = shared.bench.steps()
        shared.bench.settle()
        let steps = shared.bench.steps()
        #expect(routeSteps(steps) == 20)
        #expect(shared.leads(many(30), to: 1, 2))
        #expect(shared.leads(many(20, from: 30), to: 2))
    }

    @Test func `nobody is taken to a member that is on its way back when the other goes`() {
        var shared = SharedBench([1, 2])
        shared.load(many(50))
        shared.end(1)
        shared.bench.settle()
        shared.bench.up(1)
        shared.announce(1, many(30))
        for _ in 0..<5 { shared.bench.turn() }
        shared.end(2)
        for _ in 0..<40 {
            shared.bench.turn(limit: 4)
            for prefix in many(20, from: 30) {
                #expect(!shared.bench.gateways(prefix).contains(Bench.gateway(1)))
            }
        }
        shared.bench.settle()
        #expect(shared.leads(many(30), to: 1))
        for prefix in many(20, from: 30) { #expect(!shared.bench.hasRoute(prefix)) }
    }

    @Test func `after carrier comes back the single is made again and the member returns`() {
        var shared = SharedBench([1, 2])
        shared.load(many(10))
        shared.bench.cut(1)
        shared.bench.settle()
        shared.bench.mend(1)
        shared.bench.settle()
        #expect(shared.leads(many(10), to: 1, 2))
        #expect(routeSteps(shared.bench.steps()) == 0)
    }

    @Test func `a member that the kernel refuses is left out until it takes it`() {
        var shared = SharedBench([1, 2])
        shared.bench.kernel.downDevices = [InterfaceIndex(1)]
        shared.bench.up(1, 2)
        for peer in [1, 2] as [UInt8] { shared.announce(peer, many(5)) }
        for _ in 0..<50 { shared.bench.turn() }
        shared.bench.now = shared.bench.now + .seconds(1)
        for _ in 0..<50 { shared.bench.turn() }
        #expect(shared.leads(many(5), to: 2))
        shared.bench.kernel.downDevices = []
        shared.bench.now = shared.bench.now + .seconds(60)
        shared.bench.settle()
        #expect(shared.leads(many(5), to: 1, 2))
    }

    // What others do

    @Test(arguments: [true, false])
    func `a member that somebody deletes is put back`(isTold: Bool) {
        var shared = SharedBench([1, 2])
        shared.load(many(4))
        let single = NextHopID(Forwarding.firstSingle)
        shared.bench.kernel.drop(single)
        if isTold {
            if let group = shared.bench.kernel.nextHops[NextHopID(Forwarding.firstGroup)] {
                shared.bench.rib.observed(.nextHop(group), at: shared.bench.now)
            }
            shared.bench.rib.observed(.nextHopGone(single), at: shared.bench.now)
        } else {
            shared.bench.rib.compare(shared.bench.kernel.dump)
        }
        shared.bench.settle()
        #expect(shared.leads(many(4), to: 1, 2))
        #expect(routeSteps(shared.bench.steps()) == 0)
    }

    // A restart

    private func restarted(losing lost: UInt8? = nil) -> SharedBench {
        var old = SharedBench([1, 2])
        old.load(many(60))
        var bench = Bench(hasPlaceholders: false)
        bench.kernel = old.bench.kernel
        if let lost { bench.kernel.lose(InterfaceIndex(Int32(lost))) }
        bench.kernel.downDevices = []
        bench.kernel.log = []
        bench.rib.adopt(bench.kernel.dump)
        return SharedBench([2, 1], bench: bench)
    }

    @Test(arguments: [[1, 2], [2, 1]] as [[UInt8]])
    func `an unchanged restart writes nothing`(order: [UInt8]) {
        var shared = restarted()
        for peer in order {
            shared.bench.up(peer)
            shared.announce(peer, many(60))
            for _ in 0..<3 { shared.bench.turn() }
        }
        shared.bench.settle()
        shared.bench.rib.releaseAll()
        shared.bench.settle()
        #expect(shared.bench.steps().isEmpty)
        shared.bench.cut(2)
        shared.bench.turn()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1 && routeSteps(steps) == 0)
        #expect(shared.leads(many(60), to: 1))
    }

    @Test func `a member lost while nobody looked comes back with one replace`() {
        var shared = restarted(losing: 1)
        shared.load(many(60))
        _ = shared.bench.steps()
        shared.bench.rib.releaseAll()
        shared.bench.settle()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        #expect(shared.leads(many(60), to: 1, 2))
    }

    @Test func `a member that does not come back is left out with one replace`() {
        var shared = restarted()
        shared.bench.up(2)
        shared.announce(2, many(60))
        shared.bench.settle()
        #expect(shared.bench.steps().isEmpty)
        shared.bench.rib.releaseAll()
        shared.bench.settle()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(routeSteps(steps) == 0)
        #expect(shared.leads(many(60), to: 2))
    }

    @Test func `a member lost during the hold leaves its set at once`() {
        var shared = restarted()
        shared.bench.cut(1)
        shared.bench.turn()
        let steps = shared.bench.steps()
        #expect(replaces(steps) == 1)
        #expect(shared.leads(many(60), to: 2))
    }
}
