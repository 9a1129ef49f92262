// What is kept of a peer that is away: for its restart time, and beyond it as the last choice.

import BGP
import Control
import Core
import Net
import Simulation
import Testing

@Suite struct RestartTests {
    private static let files = oneCircuit.merging(
        ["circuits/dc.yaml": circuit("graceful-restart: { time: 60s, long-lived: 1h }")]) { $1 }

    private func routes(_ bench: Bench) -> [Prefix] {
        bench.kernel.allRoutes.filter { $0.target != .unreachable }.map(\.key.prefix)
    }

    private func away(longLived: UInt32?) -> Bench {
        let bench = Bench()
        bench.begin(Self.files)
        let id = bench.establish(restartTime: 10, longLived: longLived)
        bench.announce(["10.30.1.0/24"], on: id)
        bench.endOfRIB(on: id)
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        return bench
    }

    @Test func `routes of a peer that stays away go after its restart time`() {
        let bench = away(longLived: nil)
        bench.wait(9)
        #expect(routes(bench) == [prefix("10.30.1.0/24")])
        bench.wait(3)
        #expect(routes(bench) == [])
    }

    @Test func `RFC 9494: they stay as the last choice for as long as both sides say`() {
        let bench = away(longLived: 300)
        bench.wait(200)
        #expect(routes(bench) == [prefix("10.30.1.0/24")])
        bench.wait(120)
        #expect(routes(bench) == [])
    }

    @Test func `a peer that is back and kept nothing is begun with anew`() {
        let bench = away(longLived: 300)
        bench.wait(100)
        bench.establish(restartTime: 10, longLived: 300)
        bench.wait(1)
        #expect(routes(bench) == [])
    }

    @Test func `a peer that is back and kept forwarding says what is true now`() {
        let bench = away(longLived: 300)
        bench.wait(100)
        let id = bench.establish(restartTime: 10, longLived: 300, isBack: true)
        bench.wait(1)
        #expect(routes(bench) == [prefix("10.30.1.0/24")])
        bench.announce(["10.30.2.0/24"], on: id)
        bench.endOfRIB(on: id)
        #expect(routes(bench) == [prefix("10.30.2.0/24")])
    }

    // Two families

    private static let four = prefix("10.30.1.0/24")
    private static let six = prefix("2001:db8:30:1::/64")

    /// A session with both families whose peer is away.
    private func bothAway(
        _ more: [Capability] = [], restartTime: UInt16? = 10, longLived: UInt32? = nil
    ) -> Bench {
        let bench = Bench()
        bench.begin(
            oneCircuit.merging([
                "circuits/dc.yaml": dualCircuit(
                    "graceful-restart: { time: 60s, long-lived: 1h }")
            ]) { $1 })
        bench.wait(3)
        let id = bench.establish(
            restartTime: restartTime, longLived: longLived, families: [.ipv4, .ipv6], more)
        bench.announce(["10.30.1.0/24"], on: id)
        bench.announce(["2001:db8:30:1::/64"], on: id)
        bench.endOfRIB(.ipv4, on: id)
        bench.endOfRIB(.ipv6, on: id)
        bench.wait(1)
        #expect(Set(routes(bench)) == [Self.four, Self.six])
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        return bench
    }

    /// What a peer that is back says of its families: those it kept forwarding, and those it kept
    /// for long.
    private func back(_ kept: Set<Family>, forLong: Set<Family>) -> [Capability] {
        let families: [Family] = [.ipv4, .ipv6]
        return [
            .gracefulRestart(
                GracefulRestartCapability(
                    isRestarting: true, coversNotifications: true, restartTime: 10,
                    families: families.map {
                        .init(AddressFamily($0), isPreserved: kept.contains($0))
                    })),
            .longLived(
                families.map {
                    LongLivedEntry(
                        AddressFamily($0), isPreserved: forLong.contains($0), staleTime: 300)
                }),
        ]
    }

    @Test(arguments: [Family.ipv4, .ipv6])
    func `each family is swept at its own End-of-RIB`(_ first: Family) {
        let bench = bothAway()
        bench.wait(3)
        let id = bench.establish(restartTime: 10, isBack: true, families: [.ipv4, .ipv6])
        bench.wait(1)
        #expect(Set(routes(bench)) == [Self.four, Self.six])
        bench.endOfRIB(first, on: id)
        bench.wait(1)
        #expect(routes(bench) == [first == .ipv4 ? Self.six : Self.four])
        bench.wait(20)
        #expect(routes(bench) == [first == .ipv4 ? Self.six : Self.four])
        bench.endOfRIB(first == .ipv4 ? .ipv6 : .ipv4, on: id)
        bench.wait(1)
        #expect(routes(bench) == [])
    }

    @Test(arguments: [Family.ipv4, .ipv6])
    func `a family that the peer kept forwarding stays, the other goes`(_ kept: Family) {
        let bench = bothAway()
        bench.wait(3)
        bench.establish(families: [.ipv4, .ipv6], back([kept], forLong: []))
        bench.wait(1)
        #expect(routes(bench) == [kept == .ipv4 ? Self.four : Self.six])
    }

    @Test func `a family that the peer does not restart gracefully goes with its session`() {
        let bench = bothAway(
            [
                .gracefulRestart(
                    GracefulRestartCapability(
                        isRestarting: false, coversNotifications: true, restartTime: 10,
                        families: [.init(AddressFamily(.ipv6), isPreserved: false)]))
            ], restartTime: nil)
        bench.wait(1)
        #expect(routes(bench) == [Self.six])
    }

    @Test func `RFC 9494: a family is kept for as long as the peer says of it`() {
        let bench = bothAway([
            .longLived([
                LongLivedEntry(AddressFamily(.ipv4), isPreserved: false, staleTime: 100),
                LongLivedEntry(AddressFamily(.ipv6), isPreserved: false, staleTime: 300),
            ])
        ])
        bench.wait(90)
        #expect(Set(routes(bench)) == [Self.four, Self.six])
        bench.wait(30)
        #expect(routes(bench) == [Self.six])
        bench.wait(200)
        #expect(routes(bench) == [])
    }

    @Test func `a family that the peer does not name is not kept for long`() {
        let bench = bothAway([
            .longLived([
                LongLivedEntry(AddressFamily(.ipv6), isPreserved: false, staleTime: 300)
            ])
        ])
        bench.wait(9)
        #expect(Set(routes(bench)) == [Self.four, Self.six])
        bench.wait(3)
        #expect(routes(bench) == [Self.six])
    }

    @Test(arguments: [Family.ipv4, .ipv6])
    func `RFC 9494 §4.2: back from long away, the bit of the long-lived counts`(_ kept: Family) {
        let bench = bothAway(longLived: 300)
        bench.wait(100)
        #expect(Set(routes(bench)) == [Self.four, Self.six])
        let id = bench.establish(
            families: [.ipv4, .ipv6], back([.ipv4, .ipv6], forLong: [kept]))
        bench.wait(1)
        #expect(routes(bench) == [kept == .ipv4 ? Self.four : Self.six])
        bench.endOfRIB(kept, on: id)
        bench.wait(1)
        #expect(routes(bench) == [])
    }

    @Test func `a restart during a restart keeps the family that was said whole`() {
        let bench = bothAway()
        bench.wait(3)
        let id = bench.establish(restartTime: 10, isBack: true, families: [.ipv4, .ipv6])
        bench.announce(["10.30.1.0/24"], on: id)
        bench.endOfRIB(.ipv4, on: id)
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.wait(1)
        #expect(routes(bench) == [Self.four])
    }

    @Test(arguments: [5, 100])
    func `clear ends the wait for a peer that is away, and its routes`(seconds: Int) {
        let bench = away(longLived: 300)
        bench.wait(seconds)
        #expect(routes(bench) == [prefix("10.30.1.0/24")])
        _ = bench.ask(.clear(Request.Clear(circuit: "dc")))
        bench.wait(1)
        #expect(routes(bench) == [])
    }

    @Test(arguments: ["shutdown: moving cages", "graceful-restart: off"])
    func `so does a file that ends the session`(key: String) {
        let bench = away(longLived: 300)
        bench.wait(100)
        bench.change(["circuits/dc.yaml": circuit(key)])
        bench.wait(1)
        #expect(routes(bench) == [])
    }

    @Test func `the first start of all keeps no peer waiting`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        #expect(bench.produced(on: id).contains([16, 10, 20]))
    }

    @Test func `a start after another waits until its peers have spoken`() {
        let first = Bench()
        first.begin(oneCircuit)
        let bench = Bench(saved: first.saved)
        bench.begin(oneCircuit)
        let id = bench.establish(restartTime: 60)
        #expect(!bench.produced(on: id).contains([16, 10, 20]))
        bench.endOfRIB(on: id)
        #expect(bench.produced(on: id).contains([16, 10, 20]))
    }

    @Test func `a peer that keeps no routes is told ours at once, whoever else is awaited`() {
        let first = Bench()
        first.begin(oneCircuit)
        let bench = Bench(saved: first.saved)
        bench.begin(
            oneCircuit.merging([
                "circuits/other.yaml": """
                circuit: other
                tenant: acme
                provider: dedicated
                vlan: 311
                links: { main: { port: wan, address: 192.0.2.5/30, peer: 192.0.2.6 } }
                bgp: { peer-asn: 65002, accept: [10.31.0.0/16] }
                """
            ]) { $1 })
        let id = bench.establish(with: "192.0.2.2")
        #expect(bench.produced(on: id).contains([16, 10, 20]))
    }
}
