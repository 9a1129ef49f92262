// From files to forwarding, one event at a time.

import Control
import Core
import Intent
import Net
import Simulation
import Testing

@Suite struct EngineTests {
    @Test func `files become steps that make devices`() {
        let bench = Bench()
        bench.hasWorker = false
        bench.begin(oneCircuit)
        #expect(bench.steps.contains(.createVRF(name("vrf-acme"), TableID(1001))))
        let tag = VLANID(rawValue: 310).map { VLANTag(.dot1q, $0) }
        let makesVLAN = bench.steps.contains { step in
            if case .createVLAN(name("wan-310"), _, let made, _) = step {
                made == tag
            } else {
                false
            }
        }
        #expect(makesVLAN)
        #expect(bench.dials.isEmpty)
    }

    @Test func `nothing is asked of the kernel before it is known`() {
        let bench = Bench()
        bench.engine.changed(
            DirectoryDelta(
                files: oneCircuit.mapValues { .bytes(Array($0.utf8)) }, isComplete: true),
            at: bench.now, into: &bench.effects)
        bench.engine.settle(at: bench.now, into: &bench.effects)
        #expect(bench.steps == [])
    }

    @Test func `a link that is up dials its peer from its own device and address`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let dial = bench.dials.first?.dial
        #expect(dial?.device == name("wan-310"))
        #expect(dial?.local == IPAddress("192.0.2.1"))
        #expect(dial?.remote == IPAddress("192.0.2.2"))
        #expect(dial?.port == 179)
        #expect(dial?.passwordFile == nil)
    }

    @Test func `a connection is answered with OPEN`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        guard let id = bench.dials.first?.id else { return }
        bench.engine.dialed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        let bytes = bench.sent(on: id)
        #expect(Array(bytes.prefix(16)) == Array(repeating: 0xFF, count: 16))
        #expect(bytes.count > 28 && bytes[18] == 1)
        // Our AS and identifier.
        #expect(Array(bytes[20...21]) == [0xFC, 0x58])
        #expect(Array(bytes[24...27]) == [203, 0, 113, 7])
    }

    @Test func `routes lead through the peer once they are acknowledged`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.hasWorker = false
        bench.announce(["10.30.1.0/24"], on: id)
        let route = RouteKey(table: TableID(1001), prefix: prefix("10.30.1.0/24"), metric: 20)
        let puts =
            bench.effects.compactMap { effect -> [TicketedStep]? in
                if case .program(let batch) = effect { batch } else { nil }
            }.last ?? []
        let putsRoute = puts.contains {
            if case .putRoute(let put, _) = $0.step { put.key == route } else { false }
        }
        #expect(putsRoute)
        bench.now = bench.now + .seconds(1)
        #expect(status(of: "dc", bench) == .down)

        let outcomes = bench.kernel.execute(puts.map { ($0.ticket, $0.step) })
        bench.engine.finished(outcomes, at: bench.now, into: &bench.effects)
        bench.hasWorker = true
        bench.pump()
        #expect(status(of: "dc", bench) == .healthy)
        #expect(bench.ask(.health(.all)) == .health(HealthReply(.ok)))
        let address = IPAddress("10.30.1.9") ?? .v4(IPv4Address(raw: 0))
        #expect(
            bench.kernel.forwarding(TableID(1001), address)?.gateway == IPAddress("192.0.2.2"))
    }

    @Test func `what accept does not name never reaches the kernel`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.announce(["10.31.0.0/24", "10.30.0.0/25", "0.0.0.0/0"], on: id)
        let routes = bench.kernel.allRoutes.filter { $0.target != .unreachable }
        #expect(routes == [])
    }

    @Test func `a session that is lost takes its routes along`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.announce(["10.30.1.0/24"], on: id)
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        #expect(bench.kernel.allRoutes.filter { $0.target != .unreachable } == [])
        #expect(status(of: "dc", bench) == .down)
    }

    @Test func `a peer that restarts gracefully keeps its routes until its time is over`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish(restartTime: 60)
        bench.announce(["10.30.1.0/24"], on: id)
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        #expect(bench.kernel.allRoutes.filter { $0.target != .unreachable }.count == 1)
        bench.wait(61)
        #expect(bench.kernel.allRoutes.filter { $0.target != .unreachable } == [])
    }

    @Test func `a peer that is back in its restart time may take longer to say all its routes`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let first = bench.establish(restartTime: 10)
        bench.announce(["10.30.1.0/24"], on: first)
        bench.engine.closed(first, at: bench.now, into: &bench.effects)
        bench.pump()
        bench.wait(5)
        let second = bench.establish(restartTime: 10, isBack: true)
        bench.wait(15)
        #expect(bench.kernel.allRoutes.filter { $0.target != .unreachable }.count == 1)
        bench.endOfRIB(on: second)
        #expect(bench.kernel.allRoutes.filter { $0.target != .unreachable } == [])
    }

    @Test func `the tenant's networks are announced and the feed is ended`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.endOfRIB(on: id)
        let bytes = bench.produced(on: id)
        // 10.20.0.0/16 as NLRI closes the first message; End-of-RIB is an empty UPDATE.
        #expect(bytes.contains([16, 10, 20]))
        #expect(Array(bytes.suffix(7)) == [0, 23, 2, 0, 0, 0, 0])
    }

    @Test func `garbage ends the connection with a NOTIFICATION`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        guard let id = bench.dials.first?.id else { return }
        bench.engine.dialed(id, at: bench.now, into: &bench.effects)
        bench.pump()
        let before = bench.sent(on: id).count
        bench.receive(Array("GET / HTTP/1.0\r\n\r\n".utf8), on: id)
        let said = bench.sent(on: id).dropFirst(before)
        #expect(Array(said.dropFirst(18).prefix(3)) == [3, 1, 1])
        #expect(bench.isClosed(id))
    }

    @Test func `an event for a connection that ended changes nothing`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        let count = bench.effects.count
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        bench.engine.dialFailed(id, "late", at: bench.now, into: &bench.effects)
        #expect(bench.effects.count == count)
    }

    @Test func `a stranger's connection is refused`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let listener = Listener(vrf: name("vrf-acme"), family: .ipv4, port: 179)
        let id = bench.engine.accepted(
            on: listener, local: .v4(IPv4Address(192, 0, 2, 1)),
            remote: .v4(IPv4Address(192, 0, 2, 9)), at: bench.now, into: &bench.effects)
        #expect(id == nil)
    }

    @Test func `a peer may dial us`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let listener = Listener(vrf: name("vrf-acme"), family: .ipv4, port: 179)
        let id = bench.engine.accepted(
            on: listener, local: .v4(IPv4Address(192, 0, 2, 1)),
            remote: .v4(IPv4Address(192, 0, 2, 2)), at: bench.now, into: &bench.effects)
        guard let id else {
            Issue.record("refused")
            return
        }
        #expect(bench.sent(on: id).dropFirst(18).first == 1)
    }

    @Test func `a session without its key is held, and starts with it`() {
        let bench = Bench()
        var files = oneCircuit
        files["circuits/dc.yaml"] = circuit("password-file: keys/dc")
        bench.begin(files)
        #expect(bench.dials.isEmpty)
        #expect(reasons(of: "dc", bench).contains { $0.contains("keys/dc") })
        bench.change([:], keys: ["keys/dc": KeyFile(digest: 7, isTooOpen: true)])
        #expect(bench.dials.isEmpty)
        bench.change([:], keys: ["keys/dc": KeyFile(digest: 7, isTooOpen: false)])
        #expect(bench.dials.last?.dial.passwordFile == "keys/dc")
    }

    @Test func `a lost carrier stops the session and says so`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish()
        bench.announce(["10.30.1.0/24"], on: id)
        bench.kernel.setCable(name("eth0"), false)
        bench.pump()
        bench.wait(1)
        #expect(bench.isClosed(id))
        #expect(reasons(of: "dc", bench).first == "main: port eth0 has no carrier")
    }

    @Test func `shutdown before the kernel is known removes what an earlier run left`() {
        let first = Bench()
        first.begin(oneCircuit)
        let id = first.establish()
        first.announce(["10.30.1.0/24"], on: id)
        let bench = Bench()
        bench.kernel = first.kernel
        _ = bench.ask(.shutdown)
        bench.begin(oneCircuit)
        bench.wait(5)
        let left = bench.kernel.dump()
        #expect(left?.links.map(\.name).sorted() == [name("eth0"), name("eth1")])
        #expect(left?.routes.map(\.key) == [])
        #expect(left?.nextHops.map(\.nextHop.id) == [])
        #expect(isStopped(bench))
    }

    @Test func `shutdown of a kernel that cannot be read ends the process all the same`() {
        let bench = Bench()
        _ = bench.ask(.shutdown)
        bench.wait(14)
        #expect(!isStopped(bench))
        bench.wait(2)
        #expect(isStopped(bench))
    }
}

private func isStopped(_ bench: Bench) -> Bool {
    bench.effects.contains { if case .stop = $0 { true } else { false } }
}

/// A circuit's health as its page says it.
func status(of circuit: String, _ bench: Bench) -> Health? {
    guard case .circuit(let reply) = bench.ask(.circuit(circuit)) else { return nil }
    return reply.summary.health
}

func reasons(of circuit: String, _ bench: Bench) -> [String] {
    guard case .circuit(let reply) = bench.ask(.circuit(circuit)) else { return [] }
    return reply.summary.reasons
}
