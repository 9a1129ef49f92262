// Selection: each step decides in its turn, and the order of arrival never does.

import BGP
import Net
import Testing

@testable import Routing

struct SelectionTests {
    /// Two peers announce the same prefix; the first should win.
    struct Duel: Sendable, CustomTestStringConvertible {
        var reason: SelectionReason
        var winner: [UInt8]
        var loser: [UInt8]
        var winnerKind = SourceSettings.Kind.external
        var loserKind = SourceSettings.Kind.external
        var winnerPolicy = ImportPolicy(accept: everything)
        var loserPolicy = ImportPolicy(accept: everything)
        var testDescription: String { reason.description }
    }

    static let duels = [
        Duel(
            reason: .localPref, winner: attributes([1, 2, 3]), loser: attributes([1]),
            winnerPolicy: ImportPolicy(accept: everything, localPref: 200)),
        Duel(reason: .pathLength, winner: attributes([1]), loser: attributes([1, 2])),
        Duel(
            reason: .origin, winner: attributes([1], origin: .igp),
            loser: attributes([2], origin: .incomplete)),
        Duel(reason: .med, winner: attributes([1], med: 5), loser: attributes([1], med: 9)),
        Duel(
            reason: .internal, winner: attributes([1]), loser: attributes([2]),
            loserKind: .internal),
        Duel(
            reason: .localPref, winner: attributes([1, 2], localPref: 150),
            loser: attributes([2]), winnerKind: .internal),
        Duel(
            reason: .localPref, winner: attributes([1, 2]),
            loser: attributes([1], communities: [.gracefulShutdown])),
    ]

    @Test(arguments: duels, [true, false])
    func `each step decides where those before it tie`(duel: Duel, winnerComesFirst: Bool) {
        // The winner's router id is the higher one, so that a later step would say otherwise.
        var bench = Bench()
        let loser = bench.peer(1, kind: duel.loserKind, policy: duel.loserPolicy)
        let winner = bench.peer(2, kind: duel.winnerKind, policy: duel.winnerPolicy)
        let target = prefix("20.0.0.0/8")
        if winnerComesFirst { bench.announce(winner, 2, [target], duel.winner) }
        bench.announce(loser, 1, [target], duel.loser)
        if !winnerComesFirst { bench.announce(winner, 2, [target], duel.winner) }
        let entries = bench.rib.explain(.main, target)
        #expect(entries.map(\.source) == [winner, loser])
        #expect(entries.map(\.reason) == [duel.reason, duel.reason])
        #expect(entries.map(\.isBest) == [true, false])
    }

    @Test func `the lower router id wins, and then the lower address`() {
        var bench = Bench()
        let first = bench.peer(1)
        let second = bench.peer(2)
        bench.announce(second, 2, many(1))
        bench.announce(first, 1, many(1))
        #expect(bench.rib.explain(.main, many(1)[0]).map(\.source) == [first, second])
        #expect(bench.rib.explain(.main, many(1)[0]).first?.reason == .routerID)
        var settings = SourceSettings(
            space: .main, circuit: 2, kind: .external, peer: Bench.gateway(2).address,
            routerID: RouterID(10, 255, 1, 2), peerASN: ASN(65002), localASN: ASN(64600),
            gateways: [Bench.gateway(2)], policy: ImportPolicy(accept: everything))
        bench.rib.update(second, settings)
        #expect(bench.rib.explain(.main, many(1)[0]).first?.reason == .peerAddress)
        settings.routerID = RouterID(1, 1, 1, 1)
        bench.rib.update(second, settings)
        #expect(bench.rib.bestRoutes(.main).map(\.source) == [second])
    }

    @Test func `RFC 4456: of paths with one originator the less reflected one wins`() {
        var bench = Bench()
        let (first, second) = (bench.peer(1, kind: .internal), bench.peer(2, kind: .internal))
        var value = PathAttributes(asPath: ASPath([ASN(65001)]))
        value.originatorID = RouterID(7, 7, 7, 7)
        value.clusterList = [RouterID(1, 1, 1, 1), RouterID(2, 2, 2, 2)]
        bench.announce(first, 1, many(1), value.canonical())
        value.clusterList = [RouterID(3, 3, 3, 3)]
        bench.announce(second, 2, many(1), value.canonical())
        let entries = bench.rib.explain(.main, many(1)[0])
        #expect(entries.map(\.source) == [second, first])
        #expect(entries.first?.reason == .clusterLength)
    }

    @Test func `originated stands before static, and static before BGP`() {
        var bench = Bench()
        let external = bench.peer(1)
        let fixed = bench.peer(2, kind: .static)
        let own = bench.rib.addSource(
            SourceSettings(space: .main, circuit: 0, kind: .originated))
        bench.announce(external, 1, many(1))
        bench.rib.offer(from: fixed, many(1))
        bench.rib.offer(from: own, many(1))
        let entries = bench.rib.explain(.main, many(1)[0])
        #expect(entries.map(\.source) == [own, fixed, external])
        #expect(entries.first?.reason == .kind)
    }

    @Test func `an originated prefix is forwarded by who announces it`() {
        var bench = Bench()
        let inside = bench.peer(1)
        let own = bench.rib.addSource(
            SourceSettings(space: .main, circuit: 0, kind: .originated))
        bench.up(1)
        bench.rib.offer(from: own, many(1))
        bench.announce(inside, 1, many(1))
        bench.settle()
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(1))
    }

    @Test func `a MED counts within one neighbour AS only`() {
        var bench = Bench()
        // Pairs alone have no winner here: A beats B by router id, B beats C, C beats A by MED.
        let a = bench.peer(1)
        let b = bench.peer(2)
        let c = bench.peer(3)
        bench.announce(a, 1, many(1), attributes([100], med: 20))
        bench.announce(b, 2, many(1), attributes([200], med: 50))
        bench.announce(c, 3, many(1), attributes([100], med: 10))
        let entries = bench.rib.explain(.main, many(1)[0])
        #expect(entries.map(\.source) == [b, c, a])
        #expect(entries.map(\.reason) == [.routerID, .routerID, .med])
    }

    private func random(_ random: inout Seeded, _ index: Int) -> Candidate {
        var digest = Digest()
        digest.med = UInt32.random(in: 0...2, using: &random)
        digest.firstAS = UInt32.random(in: 1...2, using: &random)
        digest.pathLength = UInt16.random(in: 1...2, using: &random)
        digest.origin = UInt8.random(in: 0...1, using: &random)
        if Int.random(in: 0..<4, using: &random) == 0 { digest.flags = .longLivedStale }
        let settings = SourceSettings(
            space: .main, circuit: 1, kind: Bool.random(using: &random) ? .external : .internal,
            peer: .v4(IPv4Address(raw: UInt32.random(in: 1...3, using: &random))),
            routerID: RouterID(raw: UInt32.random(in: 1...2, using: &random)))
        return Candidate(
            path: UInt32(index), gateway: 0, source: index / 2, rank: Source.Rank(settings),
            digest: digest)
    }

    /// RFC 4271 §9.1.2.2 as it reads: each step throws out all that are worse than another one.
    private func naiveBest(_ all: [Candidate]) -> UInt32? {
        var left = all
        func keep(_ value: (Candidate) -> UInt64) {
            let least = left.map(value).min() ?? 0
            left = left.filter { value($0) == least }
        }
        keep { UInt64($0.kind) }
        keep { $0.isLongLived ? 1 : 0 }
        keep { UInt64(UInt32.max - $0.localPref) }
        keep { UInt64($0.pathLength) }
        keep { UInt64($0.origin) }
        left = left.filter { candidate in
            !left.contains { $0.firstAS == candidate.firstAS && $0.med < candidate.med }
        }
        keep { $0.isInternal ? 1 : 0 }
        keep { UInt64($0.routerID) }
        keep { $0.peerLow }
        keep { UInt64($0.source) }
        keep { UInt64($0.pathID) }
        return left.first?.path
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the order is that of elimination, whoever came first`(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<200 {
            let count = Int.random(in: 1...7, using: &random)
            var candidates = (0..<count).map { self.random(&random, $0) }
            // No source gives two paths of one identifier.
            for index in candidates.indices { candidates[index].pathID = UInt32(7 - index) }
            var expected: [UInt32] = []
            var rest = candidates
            while let best = naiveBest(rest) {
                expected.append(best)
                rest.removeAll { $0.path == best }
            }
            candidates.shuffle(using: &random)
            var reasons: [SelectionReason]?
            Selection.order(&candidates, reasons: &reasons)
            #expect(candidates.map(\.path) == expected)
        }
    }
}
