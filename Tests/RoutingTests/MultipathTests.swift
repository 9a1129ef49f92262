// Several gateways that share the traffic: what joins a set, what a lost or regained member costs in
// steps, and what a restart makes of it.

import BGP
import Net
import Testing

@testable import Routing

/// Peers of one circuit that all say the same about multipath.
struct SharedBench {
    var bench: Bench
    var sources: [UInt8: SourceID] = [:]

    init(_ peers: [UInt8], _ multipath: Multipath = .links, bench: Bench = Bench()) {
        self.bench = bench
        for peer in peers { add(peer, multipath) }
    }

    mutating func add(_ peer: UInt8, _ multipath: Multipath = .links, circuit: UInt32 = 1) {
        sources[peer] = bench.peer(peer, circuit: circuit, policy: sharing(multipath))
    }

    mutating func announce(_ peer: UInt8, _ prefixes: [Prefix], _ bytes: [UInt8]? = nil) {
        guard let source = sources[peer] else { return }
        bench.announce(source, peer, prefixes, bytes)
    }

    /// The session of a peer ends.
    mutating func end(_ peer: UInt8) {
        bench.down(peer)
        if let source = sources[peer] { bench.rib.sourceDown(source) }
    }

    /// Everybody is up and has announced.
    mutating func load(_ prefixes: [Prefix]) {
        for peer in sources.keys.sorted() {
            bench.up(peer)
            announce(peer, prefixes)
        }
        bench.settle()
        _ = bench.steps()
    }

    func leads(_ prefixes: [Prefix], to peers: UInt8...) -> Bool {
        prefixes.allSatisfy { prefix in
            bench.gateways(prefix)
                == Set(
                    peers.map {
                        prefix.family == .ipv4 ? Bench.gateway($0) : Bench.gateway6($0)
                    })
        }
    }
}

func sharing(_ multipath: Multipath, localPref: UInt32? = nil) -> ImportPolicy {
    var policy = ImportPolicy(accept: everything, acceptsDefault: true, localPref: localPref)
    policy.multipath = multipath
    return policy
}

func routeSteps(_ steps: [Step]) -> Int {
    steps.count {
        switch $0 {
        case .putRoute, .deleteRoute: true
        default: false
        }
    }
}

struct MultipathTests {
    /// Prefixes of one family, as many as asked for.
    static func some(_ count: Int, _ family: Family) -> [Prefix] {
        family == .ipv4
            ? many(count)
            : (0..<count).map { prefix("2001:db8:\(String($0 + 256, radix: 16))::/48") }
    }

    @Test(arguments: Family.allCases)
    func `equal links share the traffic in equal parts behind the placeholder`(family: Family) {
        var shared = SharedBench([1, 2])
        let prefixes = Self.some(3, family)
        shared.load(prefixes)
        #expect(shared.leads(prefixes, to: 1, 2))
        let groups = Set(shared.bench.kernel.routes.values)
        #expect(groups.count == 1)
        guard case .nextHop(let id)? = groups.first,
            case .group(let members)? = shared.bench.kernel.nextHops[id]?.nextHop.content
        else { return }
        #expect(members.map(\.weight) == [1, 255, 255])
        #expect(
            members.first?.id == (family == .ipv4 ? RIB.placeholder4 : RIB.placeholder6))
    }

    /// Who shares with whom.
    struct Agreement: CustomStringConvertible, Sendable {
        var first: Multipath
        var second: Multipath
        var areOneCircuit: Bool
        var share: Bool
        var description: String {
            "\(first) and \(second) \(areOneCircuit ? "of one circuit" : "of two circuits")"
        }
    }

    @Test(arguments: [
        Agreement(first: .off, second: .off, areOneCircuit: true, share: false),
        Agreement(first: .links, second: .off, areOneCircuit: true, share: false),
        Agreement(first: .links, second: .links, areOneCircuit: true, share: true),
        Agreement(first: .links, second: .circuits, areOneCircuit: true, share: true),
        Agreement(first: .circuits, second: .circuits, areOneCircuit: true, share: true),
        Agreement(first: .links, second: .links, areOneCircuit: false, share: false),
        Agreement(first: .circuits, second: .links, areOneCircuit: false, share: false),
        Agreement(first: .circuits, second: .circuits, areOneCircuit: false, share: true),
    ])
    func `both circuits have to say so`(agreement: Agreement) {
        var shared = SharedBench([])
        shared.add(1, agreement.first, circuit: 1)
        shared.add(2, agreement.second, circuit: agreement.areOneCircuit ? 1 : 2)
        shared.load(many(2))
        #expect(shared.bench.gateways(many(1)[0]).count == (agreement.share ? 2 : 1))
    }

    @Test func `a change of the word takes effect without a new announcement`() {
        var shared = SharedBench([1, 2], .off)
        shared.load(many(2))
        #expect(shared.leads(many(2), to: 1))
        for (peer, source) in shared.sources {
            guard var settings = shared.bench.settings(source) else { continue }
            settings.policy = sharing(.links)
            shared.bench.rib.update(source, settings)
            #expect(peer > 0)
        }
        shared.bench.settle()
        #expect(shared.leads(many(2), to: 1, 2))
    }

    @Test(arguments: [
        attributes([65001, 7]), attributes([65001], origin: .egp), attributes(med: 5),
    ])
    func `what is worse before the steps of no weight does not share`(worse: [UInt8]) {
        var shared = SharedBench([1, 2])
        shared.bench.up(1, 2)
        shared.announce(1, many(1), attributes())
        shared.announce(2, many(1), worse)
        shared.bench.settle()
        #expect(shared.leads(many(1), to: 1))
    }

    @Test func `an internal path does not share with an external one`() {
        var shared = SharedBench([1])
        shared.sources[2] = shared.bench.peer(
            2, circuit: 1, kind: .internal, policy: sharing(.links))
        shared.load(many(1))
        #expect(shared.leads(many(1), to: 1))
    }

    @Test func `a path that is out by its MED is out, though another stands before it`() {
        var shared = SharedBench([1, 2, 3])
        shared.bench.up(1, 2, 3)
        // 2 is worse than 1 in AS 100 and first behind it by router id; 3 shares with 1.
        shared.announce(1, many(1), attributes([100], med: 0))
        shared.announce(2, many(1), attributes([100], med: 9))
        shared.announce(3, many(1), attributes([200], med: 5))
        shared.bench.settle()
        #expect(shared.leads(many(1), to: 1, 3))
        let entries = shared.bench.rib.explain(.main, many(1)[0])
        #expect(entries.filter(\.isMultipath).map(\.source) == [1, 3].map { shared.sources[$0] })
        #expect(entries.first?.reason == .med)
    }

    @Test func `what is kept over a long restart shares with nobody`() {
        var shared = SharedBench([1, 2])
        shared.load(many(2))
        for source in shared.sources.values {
            shared.bench.rib.markStale(source)
            shared.bench.rib.markLongLived(source)
        }
        shared.bench.settle()
        #expect(shared.leads(many(2), to: 1))
        shared.announce(2, many(2))
        shared.bench.settle()
        #expect(shared.leads(many(2), to: 2))
        shared.announce(1, many(2))
        shared.bench.settle()
        #expect(shared.leads(many(2), to: 1, 2))
    }

    @Test func `static routes of two links share, and BGP stands behind them`() {
        var bench = Bench()
        for number in [1, 2] as [UInt8] {
            let source = bench.peer(number, circuit: 1, kind: .static, policy: sharing(.links))
            bench.up(number)
            bench.rib.offer(from: source, many(2))
        }
        let other = bench.peer(3, circuit: 1, policy: sharing(.links))
        bench.up(3)
        bench.announce(other, 3, many(2))
        bench.settle()
        #expect(bench.gateways(many(1)[0]) == [Bench.gateway(1), Bench.gateway(2)])
        bench.down(1)
        bench.down(2)
        bench.settle()
        #expect(bench.gateways(many(1)[0]) == [Bench.gateway(3)])
    }

    @Test func `no more than eight gateways are in a list`() {
        var shared = SharedBench(Array(1...11))
        shared.load(many(1))
        #expect(shared.leads(many(1), to: 1, 2, 3, 4, 5, 6, 7, 8))
    }

    @Test func `rows that prefer different paths of one set have one group`() {
        var shared = SharedBench([1, 2, 3])
        shared.bench.up(1, 2, 3)
        for peer in [3, 1, 2] as [UInt8] { shared.announce(peer, many(2)) }
        for peer in [2, 3, 1] as [UInt8] { shared.announce(peer, many(2, from: 10)) }
        // Peer 1 comes before the others by its router id, but not with a longer path.
        let longer = attributes([65001, 9])
        shared.announce(1, many(2, from: 20), longer)
        shared.announce(2, many(2, from: 20), longer)
        shared.announce(3, many(2, from: 20), longer)
        shared.bench.settle()
        #expect(Set(shared.bench.kernel.routes.values).count == 1)
    }

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
        let prefixes = Self.some(500, family)
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

    // What people see

    @Test func `the best path tells what put the first one behind it that does not share`() {
        var shared = SharedBench([1, 2])
        shared.sources[3] = shared.bench.peer(
            3, circuit: 1, policy: sharing(.links, localPref: 50))
        shared.load(many(1))
        let entries = shared.bench.rib.explain(.main, many(1)[0])
        #expect(entries.map(\.isMultipath) == [true, true, false])
        #expect(entries.map(\.isActive) == [true, true, false])
        #expect(entries.map(\.isBest) == [true, false, false])
        #expect(entries.map(\.reason) == [.localPref, .multipath, .localPref])
        #expect(shared.bench.rib.bestRoutes(.main).map(\.source) == entries[..<2].map(\.source))
        #expect(shared.bench.rib.bestRoutes(.main, limit: 1).map(\.isBest) == [true])
        guard let second = shared.sources[2] else { return }
        #expect(shared.bench.rib.paths(of: second, view: .accepted).map(\.isMultipath) == [true])
        shared.bench.down(1)
        shared.bench.settle()
        let later = shared.bench.rib.explain(.main, many(1)[0])
        #expect(later.map(\.isMultipath) == [true, true, false])
        #expect(later.map(\.isActive) == [false, true, false])
    }

    @Test func `alone, the best path does not share`() {
        var shared = SharedBench([1])
        shared.load(many(1))
        let entries = shared.bench.rib.explain(.main, many(1)[0])
        #expect(entries.map(\.isMultipath) == [false])
        #expect(entries.map(\.isActive) == [true])
    }
}
