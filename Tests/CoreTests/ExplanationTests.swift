// What the operator is told of a prefix, a policy and a session, and what clearing does.

import Control
import Core
import Intent
import Net
import Simulation
import Testing

@Suite struct ExplanationTests {
    private func running(_ more: String = "") -> (bench: Bench, id: ConnectionID) {
        let bench = Bench()
        var files = oneCircuit
        files["circuits/dc.yaml"] = circuit(more)
        bench.begin(files)
        let id = bench.establish()
        bench.announce(["10.30.1.0/24", "10.31.0.0/24"], on: id)
        bench.endOfRIB(on: id)
        _ = bench.produced(on: id)
        bench.wait(1)
        return (bench, id)
    }

    private func why(_ bench: Bench, _ scope: Request.WhyScope, _ text: String) throws -> WhyTable {
        let prefix = try #require(Prefix(orAddress: text))
        guard case .why(let reply) = bench.ask(.why(scope, prefix)) else {
            Issue.record("no explanation")
            throw CancellationError()
        }
        return try #require(reply.tables.first)
    }

    private func session(_ bench: Bench) throws -> SessionReply {
        guard case .circuit(let reply) = bench.ask(.circuit("dc")) else {
            Issue.record("no circuit")
            throw CancellationError()
        }
        return try #require(reply.links.first?.sessions.first)
    }

    @Test(arguments: [
        Request.WhyScope.all, .tenant("acme"), .circuit("dc"),
    ])
    func `an accepted prefix is explained down to the kernel`(scope: Request.WhyScope) throws {
        let (bench, _) = running()
        let table = try why(bench, scope, "10.30.1.7")
        #expect(table.prefix == "10.30.1.0/24")
        #expect(table.tenant == "acme")
        #expect(table.vrf == "vrf-acme")
        #expect(table.candidates.map(\.verdict) == [.best])
        #expect(
            table.sentences == [
                "10.30.1.7/32 itself is no route; 10.30.1.0/24 covers it", "1 path",
                "traffic goes by 192.0.2.2 of dc main",
                "the kernel has it, by 192.0.2.2 on wan-310",
            ])
    }

    @Test func `a refused prefix is explained by its reason`() throws {
        let (bench, _) = running()
        let table = try why(bench, .all, "10.31.0.0/24")
        #expect(table.candidates.map(\.sentence) == ["refused: not in accept"])
        #expect(table.kernel?.state == .absent)
    }

    @Test func `a network of the tenant's own is unreachable by itself`() throws {
        let (bench, _) = running()
        let table = try why(bench, .all, "10.20.0.0/16")
        #expect(table.candidates.map(\.kind) == [.network])
        #expect(table.kernel?.state == .unreachable)
    }

    @Test func `what nothing covers is said so`() throws {
        let (bench, _) = running()
        let table = try why(bench, .all, "172.16.0.0/12")
        #expect(table.sentences == ["nothing here covers 172.16.0.0/12"])
    }

    @Test(arguments: [
        (Request.WhyScope.tenant("acm"), "there is no tenant acm here"),
        (.circuit("x"), "there is no circuit x here"),
    ])
    func `a name that nobody knows is refused`(
        _ scope: Request.WhyScope, _ sentence: String
    ) throws {
        let (bench, _) = running()
        let reply = bench.ask(.why(scope, prefix("10.0.0.0/8")))
        guard case .refusal(let error) = reply else {
            Issue.record("not refused")
            return
        }
        #expect(error.status == 404)
        #expect(error.sentence.hasPrefix(sentence))
    }

    @Test func `a policy holds what the file and the tenant say`() throws {
        let (bench, _) = running("import: [{ prefixes: [10.30.1.0/24], local-pref: 200 }]")
        guard case .policy(let reply) = bench.ask(.policy("dc")) else {
            Issue.record("no policy")
            return
        }
        let policy = try #require(reply.sessions.first)
        #expect(reply.provider == "dedicated")
        #expect(policy.inbound.map(\.sentence).contains("accept 10.30.0.0/16 upto 24"))
        #expect(policy.inbound.compactMap(\.rule).map(\.localPref) == [200])
        #expect(
            policy.outbound.map(\.sentence).contains("networks of tenant acme: 10.20.0.0/16"))
    }

    @Test func `a session tells what was agreed and how full it is`() throws {
        let (bench, _) = running("max-prefixes: { in: 10, out: 4 }")
        let session = try session(bench)
        #expect(session.capabilities?.fourOctetASN == true)
        #expect(session.capabilities?.routeRefresh == true)
        #expect(session.capabilities?.restartSeconds == nil)
        let family = try #require(session.families.first)
        #expect((family.received, family.limitIn, family.percentIn) == (2, 10, 20))
        #expect((family.advertised, family.limitOut, family.percentOut) == (1, 4, 25))
        #expect(session.lastSent == nil)
    }

    @Test func `clearing tells the peer the reason, which the session remembers`() throws {
        let (bench, id) = running()
        let before = bench.sent(on: id).count
        _ = bench.ask(.clear(Request.Clear(circuit: "dc", reason: "new key")))
        let said = Array(bench.sent(on: id).dropFirst(before).dropFirst(18))
        #expect(said == [3, 6, 4, 7] + Array("new key".utf8))
        let sent = try #require(try session(bench).lastSent)
        #expect((sent.code, sent.subcode) == (6, 4))
        #expect(sent.text == "new key")
        #expect(!sent.name.contains("new key"))
    }

    @Test func `a soft clear asks the peer again, or tells it again`() {
        let (bench, id) = running()
        let before = bench.sent(on: id).count
        let asked = bench.ask(.clear(Request.Clear(circuit: "dc", kind: .softIn)))
        #expect(asked == .action(ActionReply("asked for all routes again: the session of dc")))
        #expect(Array(bench.sent(on: id).dropFirst(before).dropFirst(18)) == [5, 0, 1, 0, 1])
        _ = bench.ask(.clear(Request.Clear(circuit: "dc", kind: .softOut)))
        #expect(bench.produced(on: id).contains([16, 10, 20]))
        #expect(!bench.isClosed(id))
    }

    @Test(arguments: [
        (Request.Clear(circuit: "x"), 404), (Request.Clear(circuit: "dc", role: "x"), 404),
        (Request.Clear(circuit: "dc", peer: IPAddress("192.0.2.9")), 404),
    ])
    func `clearing what is not there is refused`(_ clear: Request.Clear, _ status: Int) {
        let (bench, id) = running()
        #expect(bench.ask(.clear(clear)).status == status)
        #expect(!bench.isClosed(id))
    }

    @Test func `a soft clear of a session that is not up is refused`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        #expect(bench.ask(.clear(Request.Clear(circuit: "dc", kind: .softIn))).status == 409)
        #expect(bench.ask(.clear(Request.Clear(circuit: "dc", kind: .softOut))).status == 409)
    }

    @Test func `a default route that may enter from now on resets no session`() {
        let (bench, id) = running()
        bench.change(["circuits/dc.yaml": circuit("default-route: accept")])
        #expect(!bench.isClosed(id))
    }

    @Test func `the preference shown is the one that selection compares`() throws {
        let rules = "local-pref: 200\n  import: [{ prefixes: [10.30.1.0/24], local-pref: 50 }]"
        let (bench, _) = running(rules)
        #expect(try why(bench, .all, "10.30.1.0/24").candidates.map(\.preference) == [50])
        bench.change([
            "circuits/dc.yaml": circuit(rules).replacing("peer-asn: 65001", with: "peer-asn: 64600")
        ])
        let id = bench.establish(asn: 64600)
        bench.announce(["10.30.1.0/24"], on: id, localPref: 70)
        #expect(try why(bench, .all, "10.30.1.0/24").candidates.map(\.kind) == [.internal])
        #expect(try why(bench, .all, "10.30.1.0/24").candidates.map(\.preference) == [50])
    }

    @Test func `a bare close does not hide what was wrong with the OPEN`() throws {
        let bench = Bench()
        bench.begin(oneCircuit)
        bench.establish(asn: 65009)
        let error = try #require(try session(bench).lastError)
        #expect(error.hasPrefix("sent OPEN error"))
        bench.wait(5)
        let id = try #require(bench.dials.last?.id)
        bench.engine.dialed(id, at: bench.now, into: &bench.effects)
        bench.engine.closed(id, at: bench.now, into: &bench.effects)
        #expect(try session(bench).lastError == error)
    }
}
