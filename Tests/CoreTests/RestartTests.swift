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
        var saved: [String: [UInt8]] = [:]
        for case .save(let name, let bytes) in first.effects { saved[name] = bytes }
        let bench = Bench(saved: saved)
        bench.begin(oneCircuit)
        let id = bench.establish(restartTime: 60)
        #expect(!bench.produced(on: id).contains([16, 10, 20]))
        bench.endOfRIB(on: id)
        #expect(bench.produced(on: id).contains([16, 10, 20]))
    }

    @Test func `a peer that keeps no routes is told ours at once, whoever else is awaited`() {
        let first = Bench()
        first.begin(oneCircuit)
        var saved: [String: [UInt8]] = [:]
        for case .save(let name, let bytes) in first.effects { saved[name] = bytes }
        let bench = Bench(saved: saved)
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
