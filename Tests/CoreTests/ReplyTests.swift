// What the control API answers, and how the daemon ends.

import Control
import Core
import Intent
import Net
import Simulation
import Testing

@Suite struct ReplyTests {
    private func running(restartTime: UInt16? = nil) -> (bench: Bench, id: ConnectionID) {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish(restartTime: restartTime)
        bench.announce(["10.30.1.0/24", "10.31.0.0/24"], on: id)
        bench.endOfRIB(on: id)
        _ = bench.produced(on: id)
        bench.wait(1)
        return (bench, id)
    }

    @Test func `status counts circuits, sessions and routes`() {
        let (bench, _) = running()
        guard case .status(let reply) = bench.ask(.status) else {
            Issue.record("no status")
            return
        }
        #expect(reply.edge == "ord1")
        #expect(reply.asn == 64600)
        #expect(reply.counts.circuits == 1)
        #expect(reply.counts.healthy == 1)
        #expect(reply.counts.sessionsEstablished == 1)
        #expect(reply.kernel.settled)
        #expect(reply.kernel.routesWanted == reply.kernel.routesInstalled)
        #expect(reply.faults == [])
    }

    @Test func `a circuit's page shows its link and session`() {
        let (bench, _) = running()
        guard case .circuit(let reply) = bench.ask(.circuit("dc")) else {
            Issue.record("no circuit")
            return
        }
        let link = reply.links.first
        #expect(link?.forwarding == true)
        #expect(link?.device == "wan-310")
        #expect(link?.tags == "802.1q 310")
        #expect(link?.addresses.first?.state == .ready)
        let session = link?.sessions.first
        #expect(session?.state == "Established")
        #expect(session?.families.first?.received == 2)
        #expect(session?.families.first?.accepted == 1)
        #expect(session?.families.first?.advertised == 1)
    }

    @Test func `routes are shown as received, accepted and advertised`() {
        let (bench, _) = running()
        func prefixes(_ view: RouteView) -> [String] {
            let query = Request.RouteQuery(view: view)
            guard case .routes(let reply) = bench.ask(.circuitRoutes("dc", query)) else {
                return []
            }
            return reply.routes.map(\.prefix)
        }
        #expect(prefixes(.received) == ["10.30.1.0/24", "10.31.0.0/24"])
        #expect(prefixes(.accepted) == ["10.30.1.0/24"])
        #expect(prefixes(.advertised) == ["10.20.0.0/16"])
    }

    @Test func `a refused route says why`() {
        let (bench, _) = running()
        let query = Request.RouteQuery(view: .received, prefix: prefix("10.31.0.0/24"))
        guard case .routes(let reply) = bench.ask(.circuitRoutes("dc", query)) else { return }
        #expect(reply.routes.map(\.reason) == ["not accepted: not in accept"])
    }

    @Test func `pages of routes follow each other`() {
        let (bench, _) = running()
        var query = Request.RouteQuery(view: .received, limit: 1)
        guard case .routes(let first) = bench.ask(.circuitRoutes("dc", query)) else { return }
        #expect(first.total == 2)
        query.after = first.next
        guard case .routes(let second) = bench.ask(.circuitRoutes("dc", query)) else { return }
        #expect(second.routes.map(\.prefix) == ["10.31.0.0/24"])
        #expect(second.next == nil)
    }

    @Test func `an unknown circuit is refused with the name that was probably meant`() {
        let (bench, _) = running()
        #expect(
            bench.ask(.circuit("dd"))
                == .refusal(.unknownCircuit("dd", known: ["dc"])))
    }

    @Test func `metrics name the session and what it carries`() {
        let (bench, _) = running()
        guard case .metrics(let families) = bench.ask(.metrics) else { return }
        let text = prometheusText(families)
        #expect(text.contains("circuitd_session_established{"))
        #expect(text.contains("circuitd_circuit_health{circuit=\"dc\",state=\"healthy\"} 1"))
        #expect(text.contains("circuitd_session_prefixes_accepted{"))
    }

    @Test func `health of a circuit that is down is 503 with the reason`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        bench.wait(1)
        let reply = bench.ask(.health(.circuit("dc")))
        #expect(reply.status == 503)
        #expect(bench.ask(.health(.daemon)).status == 200)
    }

    @Test func `clearing a link resets its session, which comes again`() {
        let (bench, id) = running()
        let count = bench.dials.count
        _ = bench.ask(.clear(Request.Clear(circuit: "dc", role: "main")))
        #expect(bench.isClosed(id))
        bench.wait(3)
        #expect(bench.dials.count > count)
    }

    @Test func `SIGTERM says nothing to a peer that keeps our routes`() {
        let (bench, id) = running(restartTime: 60)
        let before = bench.sent(on: id).count
        bench.engine.terminate(at: bench.now, into: &bench.effects)
        #expect(bench.sent(on: id).count == before)
        #expect(bench.isClosed(id))
        #expect(bench.effects.contains { if case .stop = $0 { true } else { false } })
    }

    @Test func `SIGTERM ends other sessions with an administrative reset`() {
        let (bench, id) = running()
        let before = bench.sent(on: id).count
        bench.engine.terminate(at: bench.now, into: &bench.effects)
        let said = bench.sent(on: id).dropFirst(before)
        #expect(Array(said.dropFirst(18).prefix(3)) == [3, 6, 4])
    }

    @Test func `a removed circuit is a hard reset to a peer that would keep our routes`() {
        let (bench, id) = running(restartTime: 60)
        let before = bench.sent(on: id).count
        bench.change(["circuits/dc.yaml": nil])
        _ = bench.ask(.confirm)
        let said = bench.sent(on: id).dropFirst(before)
        #expect(Array(said.dropFirst(18).prefix(5)) == [3, 6, 9, 6, 3])
    }

    @Test func `SIGTERM leaves the kernel as it is`() {
        let (bench, _) = running()
        let before = bench.steps.count
        bench.engine.terminate(at: bench.now, into: &bench.effects)
        bench.engine.settle(at: bench.now, into: &bench.effects)
        #expect(bench.steps.count == before)
    }

    @Test func `a soft change of accept keeps the session and moves routes`() {
        let (bench, id) = running()
        bench.change([
            "circuits/dc.yaml": circuit().replacing("10.30.0.0/16", with: "10.31.0.0/16")
        ])
        #expect(!bench.isClosed(id))
        let routes = bench.kernel.allRoutes.filter { $0.target != .unreachable }
        #expect(routes.map(\.key.prefix) == [prefix("10.31.0.0/24")])
    }

    @Test func `a faulty file leaves its circuit as it is and is named by health`() {
        let (bench, id) = running()
        bench.change(["circuits/dc.yaml": "circuit: ["])
        #expect(!bench.isClosed(id))
        guard case .health(let reply) = bench.ask(.health(.all)) else { return }
        #expect(reply.status == .degraded)
        #expect(reply.reasons.contains { $0.hasPrefix("circuits/dc.yaml:") })
    }

    @Test func `a restart with what was saved keeps routes until the peer has spoken`() {
        let (bench, _) = running()
        let next = bench.restarted(oneCircuit)
        next.wait(5)
        #expect(next.kernel.allRoutes.filter { $0.target != .unreachable }.count == 1)
        let id = next.establish()
        next.announce(["10.30.2.0/24"], on: id)
        next.endOfRIB(on: id)
        let routes = next.kernel.allRoutes.filter { $0.target != .unreachable }
        #expect(routes.map(\.key.prefix) == [prefix("10.30.2.0/24")])
    }

    @Test func `a peer that restarts too is told our routes before its own are judged`() {
        let (bench, _) = running()
        let next = bench.restarted(oneCircuit)
        next.wait(5)
        let id = next.establish(restartTime: 60, isBack: true)
        next.wait(2)
        #expect(next.produced(on: id).contains([16, 10, 20]))
        #expect(next.kernel.allRoutes.filter { $0.target != .unreachable }.count == 1)
        next.announce(["10.30.2.0/24"], on: id)
        next.endOfRIB(on: id)
        let routes = next.kernel.allRoutes.filter { $0.target != .unreachable }
        #expect(routes.map(\.key.prefix) == [prefix("10.30.2.0/24")])
    }
}

extension String {
    func replacing(_ part: String, with other: String) -> String {
        guard let range = ranges(of: part).first else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
