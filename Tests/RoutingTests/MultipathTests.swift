// Several gateways that share the traffic: what joins a set, and what people see of it.

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
