// Draining: traffic goes, sessions stay, the operator's word survives a restart.

import BGP
import Control
import Core
import Net
import Simulation
import Testing

@Suite struct DrainTests {
    private static let main = Request.LinkName(circuit: "dc", role: "main")

    /// The communities of every UPDATE that announces something.
    private static func communities(_ bytes: [UInt8]) -> [Set<Community>] {
        var result: [Set<Community>] = []
        var update = UpdateBuffer()
        var position = 0
        while position + 19 <= bytes.count {
            let length = Int(bytes[position + 16]) << 8 | Int(bytes[position + 17])
            guard length >= 19 else { break }
            if bytes[position + 18] == 2 {
                let body = Array(bytes[(position + 19)..<(position + length)])
                update.decode(body.span.bytes, rules: UpdateRules())
                if !update.announced4.isEmpty {
                    result.append(
                        Set(PathAttributes(canonical: update.attributes).communities))
                }
            }
            position += length
        }
        return result
    }

    private func reply(_ bench: Bench) -> CircuitReply? {
        guard case .circuit(let reply) = bench.ask(.circuit("dc")) else { return nil }
        return reply
    }

    @Test func `a drained link announces GRACEFUL_SHUTDOWN and keeps its session`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        _ = bench.produced(on: id)
        _ = bench.ask(.link(Self.main, .drain))
        #expect(Self.communities(bench.produced(on: id)) == [[.gracefulShutdown]])
        #expect(!bench.isClosed(id))
        _ = bench.ask(.link(Self.main, .undrain))
        #expect(Self.communities(bench.produced(on: id)) == [[]])
    }

    @Test func `a drained circuit is in maintenance, not down`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        bench.establish()
        _ = bench.ask(.link(Self.main, .drain))
        bench.wait(1)
        #expect(reply(bench)?.summary.health == .maintenance)
        #expect(reply(bench)?.summary.reasons == ["main: drained by the operator"])
        #expect(reply(bench)?.links.first?.drained == true)
    }

    @Test func `what was drained stays drained over a restart`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        _ = bench.ask(.link(Self.main, .drain))
        // The daemon reads these names only.
        let next = Bench(saved: bench.saved.filter { Engine.savedNames.contains($0.key) })
        next.begin(oneCircuit)
        #expect(reply(next)?.links.first?.drained == true)
        _ = next.ask(.link(Self.main, .undrain))
        #expect(reply(next)?.links.first?.drained == false)
    }

    @Test func `shutdown announces before it ends sessions`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        _ = bench.produced(on: id)
        _ = bench.ask(.shutdown)
        #expect(Self.communities(bench.produced(on: id)) == [[.gracefulShutdown]])
        #expect(!bench.isClosed(id))
        bench.wait(5)
        #expect(bench.isClosed(id))
    }

    @Test func `a session shut down in its file tells the peer why and stays down`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.change(["circuits/dc.yaml": circuit("shutdown: moving cages")])
        let bytes = bench.sent(on: id)
        #expect(String(decoding: bytes, as: UTF8.self).contains("moving cages"))
        #expect(bench.isClosed(id))
        let dials = bench.dials.count
        bench.wait(300)
        #expect(bench.dials.count == dials)
        #expect(reply(bench)?.summary.health == .maintenance)
        #expect(reply(bench)?.summary.reasons == ["main: shut down in its file: moving cages"])
        bench.change(["circuits/dc.yaml": circuit()])
        bench.wait(1)
        #expect(bench.dials.count == dials + 1)
    }
}
