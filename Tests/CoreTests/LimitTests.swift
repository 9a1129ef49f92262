// Prefix limits: the warning, the end, the hold-down, and the three ways back.

import BGP
import Control
import Core
import Net
import Simulation
import Testing

@Suite struct LimitTests {
    private static func files(limits: String) -> [String: String] {
        oneCircuit.merging(["circuits/dc.yaml": circuit("max-prefixes: \(limits)")]) { $1 }
    }

    private static func prefixes(_ range: Range<Int>) -> [String] {
        range.map { "10.30.\($0).0/24" }
    }

    /// The NOTIFICATION that ends what was sent on a connection.
    private static func farewell(_ bench: Bench, _ id: ConnectionID) -> [UInt8] {
        let bytes = bench.sent(on: id)
        var position = 0
        while position + 19 <= bytes.count {
            let length = Int(bytes[position + 16]) << 8 | Int(bytes[position + 17])
            if bytes[position + 18] == 3 { return Array(bytes[(position + 19)...]) }
            position += max(length, 19)
        }
        return []
    }

    private func health(_ bench: Bench) -> (Health, [String]) {
        guard case .circuit(let reply) = bench.ask(.circuit("dc")) else { return (.down, []) }
        return (reply.summary.health, reply.summary.reasons)
    }

    @Test func `near the limit is a warning, once`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 10, warn: 80% }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<7), on: id)
        bench.endOfRIB(on: id)
        #expect(health(bench).0 == .healthy)
        bench.announce(Self.prefixes(7..<9), on: id)
        bench.announce(Self.prefixes(9..<10), on: id)
        let (state, reasons) = health(bench)
        #expect(state == .degraded)
        #expect(reasons.first?.contains("10 of 10 ipv4 prefixes allowed") ?? false)
        let warnings = bench.engine.recentEvents.filter { $0.text.contains("of 10 allowed") }
        #expect(warnings.count == 1)
    }

    @Test func `one prefix more ends the session with the limit in the NOTIFICATION`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3 }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        // RFC 4486 §4: AFI, SAFI, and the upper bound.
        #expect(Self.farewell(bench, id) == [6, 1, 0, 1, 1, 0, 0, 0, 3])
        #expect(health(bench).0 == .down)
        #expect(health(bench).1.first?.contains("announced more prefixes than 3") ?? false)
    }

    @Test func `a session over its limit neither dials nor accepts until its time has come`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3, hold-down: 5m }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        let dials = bench.dials.count
        bench.wait(299)
        #expect(bench.dials.count == dials)
        #expect(
            bench.engine.accepted(
                on: Listener(vrf: name("vrf-acme"), family: .ipv4, port: 179),
                local: .v4(IPv4Address(192, 0, 2, 1)), remote: .v4(IPv4Address(192, 0, 2, 2)),
                at: bench.now, into: &bench.effects) == nil)
        bench.wait(10)
        #expect(bench.dials.count > dials)
    }

    @Test func `a link that flaps does not end the hold-down`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3, hold-down: 5m }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        let dials = bench.dials.count
        bench.kernel.setCable(name("eth0"), false)
        bench.wait(2)
        bench.kernel.setCable(name("eth0"), true)
        bench.wait(60)
        #expect(bench.dials.count == dials)
        bench.wait(300)
        #expect(bench.dials.count > dials)
    }

    @Test func `a raised limit ends the hold-down at once`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3 }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        let dials = bench.dials.count
        bench.wait(30)
        #expect(bench.dials.count == dials)
        bench.change(["circuits/dc.yaml": circuit("max-prefixes: { in: 5 }")])
        bench.wait(1)
        #expect(bench.dials.count == dials + 1)
    }

    @Test func `the operator's clear ends the hold-down at once`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3 }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        let dials = bench.dials.count
        _ = bench.ask(.clear(Request.Clear(circuit: "dc", role: "main")))
        bench.wait(1)
        #expect(bench.dials.count == dials + 1)
    }

    @Test func `a limit lowered below what is there ends the session`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 9 }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        bench.change(["circuits/dc.yaml": circuit("max-prefixes: { in: 3 }")])
        #expect(Self.farewell(bench, id).prefix(2) == [6, 1])
    }

    @Test func `a raised limit ends the hold-down though other keys of the session change too`() {
        let bench = Bench()
        bench.begin(Self.files(limits: "{ in: 3 }"))
        let id = bench.establish()
        bench.announce(Self.prefixes(0..<4), on: id)
        let dials = bench.dials.count
        bench.change([
            "circuits/dc.yaml": circuit("max-prefixes: { in: 5 }\n  hold-time: 60s")
        ])
        bench.wait(1)
        #expect(bench.dials.count == dials + 1)
    }
}
