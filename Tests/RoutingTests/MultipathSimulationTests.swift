// Random lives of peers that share traffic, against a model that knows only what was announced: at
// rest every route leads to exactly the set that a plain reading of the rules gives, and on the way
// no settled row leads to a peer that does not announce it.

import BGP
import Net
import Testing

@testable import Routing

struct MultipathSimulationTests {
    /// What a peer announces for a prefix.
    private struct Offer {
        var firstAS: UInt32
        var length: Int
        var med: UInt32
        var isStale = false
        var isLongLived = false

        var attributes: [UInt8] {
            RoutingTests.attributes(
                [firstAS] + Array(repeating: 7 as UInt32, count: length - 1), med: med)
        }
    }

    private struct Peer {
        var number: UInt8
        var circuit: UInt32
        var multipath: Multipath
        var isInternal: Bool
        var source = SourceID(0)
        var isUp = false
        /// Its gateway is not to be used, though its session stands.
        var isDark = false
        var isCut = false
        var offers: [Prefix: Offer] = [:]

        var isUsable: Bool { isUp && !isDark && !isCut }
    }

    private struct World {
        var bench: Bench
        var peers: [Peer]
        let pool: [Prefix]
        var random: Seeded
        let variety: Int

        /// The peers follow from `shape`; the life from `seed`.
        init(_ seed: UInt64, shape: UInt64, refusals: Int, bench: Bench = Bench()) {
            self.bench = bench
            var shaping = Seeded(shape)
            pool = many(16) + (0..<8).map { prefix("2001:db8:\($0 + 100)::/48") }
            let words: [Multipath] = [.off, .links, .circuits]
            // Few kinds of routes: then many are equal.
            variety = Int.random(in: 1...2, using: &shaping)
            peers = (1...6).map { number in
                Peer(
                    number: number, circuit: UInt32.random(in: 1...2, using: &shaping),
                    multipath: words.randomElement(using: &shaping) ?? .off,
                    isInternal: Int.random(in: 0..<5, using: &shaping) == 0)
            }
            random = Seeded(seed)
            self.bench.refusals = refusals
            self.bench.random = Seeded(seed &+ 1)
            self.bench.kernel.replaceCreates = seed % 2 == 1
            for index in peers.indices {
                peers[index].source = self.bench.peer(
                    peers[index].number, circuit: peers[index].circuit,
                    kind: peers[index].isInternal ? .internal : .external,
                    policy: sharing(peers[index].multipath))
            }
        }

        mutating func act() {
            let index = Int.random(in: peers.indices, using: &random)
            let peer = peers[index]
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                guard peer.isUp else { return }
                let offer = Offer(
                    firstAS: UInt32.random(in: 1...2, using: &random) * 100,
                    length: Int.random(in: 1...variety, using: &random),
                    med: UInt32.random(in: 0..<UInt32(variety), using: &random))
                let some = Array(pool.shuffled(using: &random).prefix(12))
                bench.announce(peer.source, peer.number, some, offer.attributes)
                for prefix in some { peers[index].offers[prefix] = offer }
            case 6..<8:
                guard peer.isUp else { return }
                let some = Array(pool.shuffled(using: &random).prefix(4))
                bench.withdraw(peer.source, some)
                for prefix in some { peers[index].offers[prefix] = nil }
            case 8:
                guard peer.isUp else { return }
                peers[index].isUp = false
                peers[index].isDark = false
                bench.down(peer.number)
                bench.rib.sourceDown(peer.source)
                peers[index].offers = [:]
            case 9..<12:
                guard !peer.isUp, !peer.isCut else { return }
                peers[index].isUp = true
                bench.up(peer.number)
            case 12:
                guard peer.isUp else { return }
                peers[index].isDark.toggle()
                if peer.isDark { bench.up(peer.number) } else { bench.down(peer.number) }
            case 13:
                guard !peer.isCut else { return }
                peers[index].isCut = true
                bench.cut(peer.number)
            case 14, 15:
                guard peer.isCut else { return }
                peers[index].isCut = false
                bench.mend(peer.number)
            case 16:
                // The peer restarts; what was stale before is void.
                guard peer.isUp else { return }
                bench.rib.markStale(peer.source)
                peers[index].offers = peer.offers.filter { !$0.value.isStale }
                    .mapValues { offer in
                        var offer = offer
                        offer.isStale = true
                        return offer
                    }
            case 17 where Bool.random(using: &random):
                // It stays away for long.
                guard peer.offers.contains(where: \.value.isStale) else { return }
                bench.rib.markLongLived(peer.source)
                peers[index].offers = peer.offers.mapValues { offer in
                    var offer = offer
                    offer.isLongLived = offer.isStale
                    return offer
                }
            case 17:
                bench.rib.sweepStale(peer.source)
                peers[index].offers = peer.offers.filter { !$0.value.isStale }
            case 18:
                let words: [Multipath] = [.off, .links, .circuits, .circuits]
                guard var settings = bench.settings(peer.source),
                    let word = words.randomElement(using: &random)
                else { return }
                peers[index].multipath = word
                settings.policy.multipath = word
                bench.rib.update(peer.source, settings)
            default:
                // Somebody deletes an object of ours, and we hear of it or dump.
                guard
                    let id = bench.kernel.nextHops.keys.sorted()
                        .filter({ $0 != RIB.placeholder4 && $0 != RIB.placeholder6 })
                        .randomElement(using: &random)
                else { return }
                bench.kernel.drop(id)
                if Forwarding.groupRange.contains(id.rawValue), Bool.random(using: &random) {
                    bench.rib.observed(.nextHopGone(id), at: bench.now)
                } else {
                    bench.rib.compare(bench.kernel.dump)
                }
            }
        }

        // The model

        /// The best of some peers for a prefix, by elimination, and all that stood beside it behind
        /// the step of MED.
        private func round(
            _ rest: [Peer], _ target: Prefix
        ) -> (winner: Peer, others: [Peer])? {
            func offer(_ peer: Peer) -> Offer {
                peer.offers[target] ?? Offer(firstAS: 0, length: 99, med: 0)
            }
            let fresh = rest.filter { !offer($0).isLongLived }
            var left = fresh.isEmpty ? rest : fresh
            let shortest = left.map { offer($0).length }.min() ?? 0
            left = left.filter { offer($0).length == shortest }
            left = left.filter { peer in
                !left.contains {
                    offer($0).firstAS == offer(peer).firstAS && offer($0).med < offer(peer).med
                }
            }
            if left.contains(where: { !$0.isInternal }) { left.removeAll(where: \.isInternal) }
            guard let winner = left.min(by: { $0.number < $1.number }) else { return nil }
            return (winner, offer(winner).isLongLived ? [winner] : left)
        }

        private func share(_ a: Peer, _ b: Peer) -> Bool {
            switch (a.multipath, b.multipath) {
            case (.off, _), (_, .off): false
            case (.circuits, .circuits): true
            default: a.circuit == b.circuit
            }
        }

        /// Where a prefix should lead.
        func expected(_ target: Prefix) -> Set<UInt8> {
            var rest = peers.filter { $0.offers[target] != nil }
            while let (winner, others) = round(rest, target) {
                let tier = others.filter { $0.number == winner.number || share(winner, $0) }
                let usable = tier.filter(\.isUsable)
                if !usable.isEmpty { return Set(usable.map(\.number)) }
                rest.removeAll { peer in tier.contains { $0.number == peer.number } }
            }
            return []
        }

        func actual(_ target: Prefix) -> Set<UInt8> {
            Set(
                bench.gateways(target).map { gateway in
                    peers.first {
                        Bench.gateway($0.number) == gateway || Bench.gateway6($0.number) == gateway
                    }?.number ?? 0
                })
        }

        // What must hold

        func checkAtRest() {
            for target in pool {
                let expected = expected(target)
                #expect(actual(target) == expected, "\(target)")
                #expect(bench.hasRoute(target) == !expected.isEmpty, "\(target)")
            }
            for object in bench.kernel.nextHops.values {
                guard case .group(let members) = object.nextHop.content else { continue }
                let singles = members.dropFirst().map(\.id)
                #expect(singles == singles.sorted(), "\(object.nextHop.id)")
                #expect(members.dropFirst().allSatisfy { $0.weight == 255 })
                #expect(members.first?.weight == 1)
            }
            for peer in peers {
                #expect(
                    bench.rib.unacknowledged(peer.source) == bench.rib.lackingByWalk(peer.source))
            }
        }

        /// Wherever a row leads that the RIB calls settled, it is announced there.
        func check() {
            for target in pool {
                let isKnown =
                    switch target {
                    case .v4(let value): isSettled(bench.rib.routes4, value)
                    case .v6(let value): isSettled(bench.rib.routes6, value)
                    }
                guard isKnown else { continue }
                for number in actual(target) {
                    let isAnnounced = peers.contains {
                        $0.number == number && $0.offers[target] != nil
                    }
                    #expect(isAnnounced, "\(target) leads to \(number)")
                }
            }
        }

        private func isSettled<P>(_ routes: Routes<P>, _ target: P) -> Bool {
            guard let row = routes.tables[0].find(target), !bench.rib.hasWork else { return false }
            return routes.tables[0].rows[row].flags.isDisjoint(with: [.inFlight, .queued, .waiting])
        }
    }

    enum Worker: CaseIterable {
        case prompt, slow, refusing
    }

    private func live(_ world: inout World, _ worker: Worker, actions: Int) {
        for _ in 0..<actions {
            world.act()
            guard Bool.random(using: &world.random) else { continue }
            let limit = Int.random(in: 1...20, using: &world.random)
            if worker == .prompt {
                world.bench.turn(limit: limit)
                world.check()
            } else {
                world.bench.ask(limit: limit)
                world.bench.work(Int.random(in: 0...20, using: &world.random))
            }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>, Worker.allCases)
    func `at rest every route leads to those that share it`(seed: UInt64, worker: Worker) {
        let refusals = worker == .refusing ? 15 : 0
        var world = World(seed, shape: seed &+ 1000, refusals: refusals)
        for _ in 0..<12 {
            let actions = Int.random(in: 1...25, using: &world.random)
            live(&world, worker, actions: actions)
            world.bench.refusals = 0
            world.bench.settle()
            world.bench.refusals = refusals
            world.checkAtRest()
        }
        for peer in world.peers {
            world.bench.down(peer.number)
            world.bench.rib.removeSource(peer.source)
        }
        world.bench.refusals = 0
        world.bench.settle()
        #expect(world.bench.kernel.routes.isEmpty)
        #expect(world.bench.kernel.nextHops.count == 2)
        #expect(world.bench.rib.common.attributes.count == 0)
    }

    @Test(arguments: 100..<140 as Range<UInt64>)
    func `a restart in the middle of such a life comes to the same`(seed: UInt64) {
        var before = World(seed, shape: seed, refusals: 0)
        live(&before, .prompt, actions: 80)
        var bench = Bench(hasPlaceholders: false)
        bench.kernel = before.bench.kernel
        bench.kernel.log = []
        bench.kernel.downDevices = []
        bench.rib.adopt(bench.kernel.dump)
        var after = World(seed &+ 1, shape: seed, refusals: 0, bench: bench)
        live(&after, .slow, actions: Int.random(in: 0...80, using: &after.random))
        after.bench.rib.releaseAll()
        live(&after, .prompt, actions: Int.random(in: 0...30, using: &after.random))
        after.bench.settle()
        after.checkAtRest()
        after.check()
    }
}
