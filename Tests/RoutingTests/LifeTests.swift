// A source lives in each family by itself: what one family goes through is nothing to the other.

import BGP
import Net
import Testing

@testable import Routing

struct LifeTests {
    private static let six = (1...4).map { prefix("2001:db8:\($0)::/48") }

    /// Three routes of IPv4 and four of IPv6.
    private static func both() -> (Bench, SourceID) {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(3) + six)
        bench.settle()
        return (bench, source)
    }

    @Test func `one family is marked and swept, the other stays fresh`() {
        var (bench, source) = Self.both()
        bench.rib.markStale(source, .ipv6)
        #expect(
            bench.rib.paths(of: source, view: .accepted).map(\.isStale)
                == [false, false, false, true, true, true, true])
        bench.announce(source, 1, [Self.six[1]])
        bench.rib.sweepStale(source, .ipv4)
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 3, ipv6: 4))
        bench.rib.sweepStale(source, .ipv6)
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 3, ipv6: 1))
        bench.settle()
        #expect(bench.kernel.routes.count == 4)
        #expect(bench.rib.routeCounts(.main) == PrefixCounts(ipv4: 3, ipv6: 1))
    }

    @Test func `both are meant where none is named`() {
        var (bench, source) = Self.both()
        bench.rib.markStale(source)
        bench.rib.sweepStale(source)
        bench.settle()
        #expect(bench.kernel.routes.isEmpty)
        #expect(bench.rib.received(source) == PrefixCounts())
    }

    @Test(arguments: Family.allCases)
    func `only rows of the family are looked at`(_ family: Family) {
        var (bench, source) = Self.both()
        bench.rib.markStale(source, family)
        #expect(!bench.rib.hasWork)
        bench.rib.sweepStale(source, family)
        #expect(bench.rib.common.forwarding.passes.map(\.family) == [family])
        bench.settle()
        bench.rib.sourceDown(source)
        let other: Family = family == .ipv4 ? .ipv6 : .ipv4
        #expect(bench.rib.common.forwarding.passes.map(\.family) == [other])
    }

    @Test func `what lacks its route is counted for each family's life`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3) + Self.six)
        bench.rib.markStale(source, .ipv4)
        bench.announce(source, 1, many(1))
        #expect(bench.rib.unacknowledged(source) == 7)
        bench.rib.sweepStale(source, .ipv4)
        #expect(bench.rib.unacknowledged(source) == 5)
        #expect(bench.rib.lackingByWalk(source) == 5)
    }

    @Test(arguments: Family.allCases)
    func `hundreds of lives in one family leave the other alive`(_ family: Family) {
        var (bench, source) = Self.both()
        for _ in 0..<600 { bench.rib.sourceDown(source, family) }
        bench.settle()
        let left =
            family == .ipv4 ? PrefixCounts(ipv6: 4) : PrefixCounts(ipv4: 3)
        #expect(bench.rib.routeCounts(.main) == left)
        #expect(bench.rib.received(source) == left)
    }

    @Test func `a source that takes over a number lives in no family's past`() {
        var (bench, source) = Self.both()
        for _ in 0..<5 { bench.rib.sourceDown(source, .ipv6) }
        bench.rib.removeSource(source)
        bench.settle()
        let next = bench.peer(1)
        #expect(next == source)
        #expect(bench.rib.paths(of: next, view: .received).isEmpty)
        bench.announce(next, 1, many(2) + Self.six)
        bench.settle()
        #expect(bench.kernel.routes.count == 6)
        #expect(!bench.rib.paths(of: next, view: .received).contains { $0.isStale })
    }

    /// What is seen of a family.
    private struct Seen: Equatable {
        var count: UInt32
        var paths: [Prefix: [Bool]]

        init(_ bench: Bench, _ source: SourceID, _ family: Family) {
            count = bench.rib.received(source)[family]
            paths = [:]
            for entry in bench.rib.paths(of: source, view: .received)
            where entry.prefix.family == family {
                paths[entry.prefix] = [entry.isStale, entry.isLongLived, entry.isInKernel]
            }
        }
    }

    private static func change(
        _ bench: inout Bench, _ source: SourceID, _ family: Family, _ choice: Int, _ number: Int
    ) {
        let prefix = family == .ipv4 ? many(1, from: number)[0] : six[number]
        switch choice {
        case 0: bench.rib.markStale(source, family)
        case 1: bench.rib.sweepStale(source, family)
        case 2: bench.rib.sourceDown(source, family)
        case 3: bench.rib.markLongLived(source, family)
        case 4: bench.withdraw(source, [prefix])
        default: bench.announce(source, 1, [prefix])
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `whatever happens to one family, the other is as if it were alone`(_ seed: UInt64) {
        var random = Seeded(seed)
        var alone = [Family.ipv4: Bench(), .ipv6: Bench()]
        var both = Bench()
        both.up(1)
        let source = both.peer(1)
        for family in Family.allCases {
            alone[family]?.up(1)
            #expect(alone[family]?.peer(1) == source)
        }
        for _ in 0..<60 {
            let family: Family = Bool.random(using: &random) ? .ipv4 : .ipv6
            let choice = Int.random(in: 0..<10, using: &random)
            let number = Int.random(in: 0..<4, using: &random)
            guard var single = alone[family] else { return }
            Self.change(&single, source, family, choice, number)
            Self.change(&both, source, family, choice, number)
            if Int.random(in: 0..<4, using: &random) == 0 {
                single.settle()
                both.settle()
            } else {
                let limit = Int.random(in: 0..<3, using: &random)
                single.rib.sweep(limit: limit)
                both.rib.sweep(limit: limit)
            }
            alone[family] = single
            #expect(both.rib.unacknowledged(source) == both.rib.lackingByWalk(source))
        }
        both.settle()
        for family in Family.allCases {
            alone[family]?.settle()
            guard let single = alone[family] else { return }
            #expect(Seen(both, source, family) == Seen(single, source, family))
        }
    }
}
