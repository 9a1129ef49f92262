// Random lives of peers, links and kernels: at rest the kernel is what selection says, and on the
// way no settled row leads to a peer that does not announce it.

import BGP
import Net
import Testing

@testable import Routing

struct KernelSimulationTests {
    private struct World {
        var bench = Bench()
        var sources: [UInt8: SourceID] = [:]
        var isUp: [UInt8: Bool] = [:]
        var isCut: [UInt8: Bool] = [:]
        var announced: [UInt8: Set<Prefix>] = [:]
        let peers: [UInt8] = [1, 2, 3, 4]
        let pool: [Prefix]
        var random: Seeded

        init(_ seed: UInt64, refusals: Int) {
            random = Seeded(seed)
            pool =
                many(25) + (0..<10).map { prefix("2001:db8:\($0 + 100)::/48") }
            bench.refusals = refusals
            bench.kernel.replaceCreates = seed % 2 == 1
            bench.random = Seeded(seed &+ 1)
            for peer in peers {
                sources[peer] = bench.peer(peer)
                isUp[peer] = false
                isCut[peer] = false
                announced[peer] = []
            }
        }

        mutating func act() {
            guard let peer = peers.randomElement(using: &random), let source = sources[peer] else {
                return
            }
            switch Int.random(in: 0..<15, using: &random) {
            case 0..<5:
                guard isUp[peer] == true else { return }
                let some = pool.shuffled(using: &random).prefix(8)
                bench.announce(
                    source, peer, Array(some),
                    attributes(
                        Array(
                            repeating: 65000 + UInt32(peer),
                            count: Int.random(in: 1...2, using: &random))))
                announced[peer]?.formUnion(some)
            case 5..<7:
                guard isUp[peer] == true else { return }
                let some = pool.shuffled(using: &random).prefix(5)
                bench.withdraw(source, Array(some))
                announced[peer]?.subtract(some)
            case 7:
                // The session goes: by BFD, or with the link.
                guard isUp[peer] == true else { return }
                isUp[peer] = false
                bench.down(peer)
                bench.rib.sourceDown(source)
                announced[peer] = []
            case 8, 9:
                guard isUp[peer] == false, isCut[peer] == false else { return }
                isUp[peer] = true
                bench.up(peer)
            case 10:
                guard isCut[peer] == false else { return }
                isCut[peer] = true
                bench.cut(peer)
            case 11:
                // Somebody deletes a route of ours, and we hear of it.
                guard
                    let key = bench.kernel.routes.keys.sorted(by: { $0.prefix < $1.prefix })
                        .randomElement(using: &random)
                else { return }
                bench.kernel.routes[key] = nil
                bench.rib.observed(.routeGone(key), at: bench.now)
            case 12:
                // Somebody deletes an object of ours; we hear of nothing, and dump.
                guard
                    let id = bench.kernel.nextHops.keys.sorted()
                        .filter({ $0 != RIB.placeholder4 && $0 != RIB.placeholder6 })
                        .randomElement(using: &random)
                else { return }
                bench.kernel.drop(id)
                bench.rib.compare(bench.kernel.dump)
            case 13:
                // Somebody deletes a group of ours, whatever is in flight, and we hear of it.
                guard
                    let id = bench.kernel.nextHops.keys.sorted()
                        .filter({ Forwarding.groupRange.contains($0.rawValue) })
                        .randomElement(using: &random)
                else { return }
                bench.kernel.drop(id)
                bench.rib.observed(.nextHopGone(id), at: bench.now)
            default:
                guard isCut[peer] == true else { return }
                isCut[peer] = false
                bench.mend(peer)
            }
        }

        /// The best usable announcer, by shortest path and lowest number, as the RIB tells it.
        func expected(_ target: Prefix) -> GatewayID? {
            for entry in bench.rib.explain(.main, target) where entry.refusal == nil {
                guard let peer = peers.first(where: { sources[$0] == entry.source }) else {
                    continue
                }
                if isUp[peer] == true, isCut[peer] == false { return entry.gateway }
            }
            return nil
        }

        /// Wherever a row leads that the RIB calls settled, it is announced there.
        func check() {
            for target in pool {
                guard let gateway = bench.gateway(target) else { continue }
                let isKnown: Bool
                switch target {
                case .v4(let value): isKnown = isSettled(bench.rib.routes4, value)
                case .v6(let value): isKnown = isSettled(bench.rib.routes6, value)
                }
                guard isKnown else { continue }
                let isAnnounced = peers.contains { peer in
                    announced[peer]?.contains(target) == true
                        && (Bench.gateway(peer) == gateway || Bench.gateway6(peer) == gateway)
                }
                #expect(isAnnounced, "\(target) leads to \(gateway)")
            }
        }

        /// What health asks for is what the rows say, whenever no sweep is due.
        func checkLacking() {
            for source in sources.values {
                #expect(bench.rib.unacknowledged(source) == bench.rib.lackingByWalk(source))
            }
        }

        private func isSettled<P>(_ routes: Routes<P>, _ target: P) -> Bool {
            guard let row = routes.tables[0].find(target) else { return false }
            let flags = routes.tables[0].rows[row].flags
            return flags.isDisjoint(with: [.inFlight, .queued, .waiting])
                && !bench.rib.hasWork
        }
    }

    enum Worker: CaseIterable {
        case prompt, slow, refusing
    }

    @Test(arguments: 0..<25 as Range<UInt64>, Worker.allCases)
    func `at rest the kernel is what selection says`(seed: UInt64, worker: Worker) {
        let refusals = worker == .refusing ? 15 : 0
        var world = World(seed, refusals: refusals)
        for _ in 0..<12 {
            for _ in 0..<Int.random(in: 1...25, using: &world.random) {
                world.act()
                if !world.bench.rib.hasWork { world.checkLacking() }
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
            world.bench.refusals = 0
            world.bench.settle()
            world.bench.refusals = refusals
            for target in world.pool {
                #expect(world.bench.gateway(target) == world.expected(target), "\(target)")
                #expect(
                    world.bench.hasRoute(target) == (world.expected(target) != nil), "\(target)")
            }
            if refusals == 0 { world.check() }
            world.checkLacking()
        }
        // Everybody goes: nothing of ours is left but the placeholders.
        for peer in world.peers {
            world.bench.down(peer)
            if let source = world.sources[peer] { world.bench.rib.removeSource(source) }
        }
        world.bench.refusals = 0
        world.bench.settle()
        #expect(world.bench.kernel.routes.isEmpty)
        #expect(world.bench.kernel.nextHops.count == 2)
        #expect(world.bench.rib.common.attributes.count == 0)
        #expect(world.bench.rib.routeCounts(.main) == PrefixCounts())
    }

    @Test(arguments: 100..<115 as Range<UInt64>)
    func `a restart in the middle of a life comes to the same`(seed: UInt64) {
        var world = World(seed, refusals: 0)
        for _ in 0..<60 {
            world.act()
            if Bool.random(using: &world.random) { world.bench.turn(limit: 7) }
        }
        let kernel = world.bench.kernel
        var after = World(seed &+ 1, refusals: 0)
        after.bench = Bench(hasPlaceholders: false)
        after.bench.kernel = kernel
        after.bench.kernel.log = []
        after.bench.kernel.downDevices = []
        after.bench.rib.adopt(after.bench.kernel.dump)
        for peer in after.peers { after.sources[peer] = after.bench.peer(peer) }
        for _ in 0..<60 {
            after.act()
            if Bool.random(using: &after.random) { after.bench.turn(limit: 7) }
        }
        after.bench.rib.releaseAll()
        after.bench.settle()
        for target in after.pool {
            #expect(after.bench.gateway(target) == after.expected(target), "\(target)")
            #expect(after.bench.hasRoute(target) == (after.expected(target) != nil), "\(target)")
        }
        after.check()
        after.checkLacking()
    }
}
