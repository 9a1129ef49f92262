// The engine on a bench: events are handed in, effects are looked at. A model kernel stands beside
// it for tests that want steps carried out; nothing has a clock but the test.

import BGP
import Control
import Core
import Intent
import Net
import Simulation

final class Bench {
    var engine: Engine
    var kernel = ModelKernel()
    var now = Instant.zero
    /// Everything that was asked for.
    var effects: [Effect] = []
    /// Steps are carried out and acknowledged.
    var hasWorker = true
    private var performed = 0

    init(saved: [String: [UInt8]] = [:], ports: [String] = ["eth0", "eth1"]) {
        engine = Engine(options: EngineOptions(hostName: "ord1", bootID: "b"), saved: saved)
        for port in ports {
            do throws(KernelError) {
                try kernel.addDevice(name(port), isUp: true)
            } catch {
                preconditionFailure("no device: \(error)")
            }
        }
        _ = kernel.takeEvents()
    }

    /// The files are read and the kernel is dumped.
    func begin(_ files: [String: String], keys: [String: KeyFile] = [:]) {
        engine.changed(
            DirectoryDelta(
                files: files.mapValues { .bytes(Array($0.utf8)) }, keys: keys, isComplete: true),
            at: now, into: &effects)
        dump()
        pump()
    }

    func change(_ files: [String: String?], keys: [String: KeyFile]? = nil) {
        let delta = DirectoryDelta(
            files: files.mapValues { $0.map { .bytes(Array($0.utf8)) } ?? .gone }, keys: keys)
        engine.changed(delta, at: now, into: &effects)
        pump()
    }

    func dump() {
        guard let state = kernel.dump() else { return }
        engine.dumped(state, at: now, into: &effects)
    }

    /// Lets the engine and the kernel come to rest.
    func pump() {
        for _ in 0..<200 {
            engine.tick(at: now, into: &effects)
            engine.settle(at: now, into: &effects)
            let isQuiet = !perform() && !engine.hasWork
            let events = kernel.takeEvents()
            if !events.isEmpty { engine.observed(events, at: now, into: &effects) }
            if isQuiet, events.isEmpty { return }
        }
        preconditionFailure("the engine does not come to rest")
    }

    private func perform() -> Bool {
        var isBusy = false
        while performed < effects.count {
            let effect = effects[performed]
            performed += 1
            switch effect {
            case .program(let batch) where hasWorker:
                isBusy = true
                let outcomes = kernel.execute(batch.map { ($0.ticket, $0.step) })
                engine.finished(outcomes, at: now, into: &effects)
            case .dump:
                isBusy = true
                dump()
            case .listen(let listener, _): engine.listening(listener, at: now)
            default: break
            }
        }
        return isBusy
    }

    /// Time passes, a second at most at a time.
    func wait(_ seconds: Int) {
        for _ in 0..<seconds {
            now = now + .seconds(1)
            kernel.passSecond()
            pump()
        }
    }

    func ask(_ request: Request) -> Reply {
        defer { pump() }
        return engine.asked(request, at: now, into: &effects)
    }

    // What was asked for

    var steps: [Step] {
        effects.flatMap { effect -> [Step] in
            if case .program(let batch) = effect { batch.map(\.step) } else { [] }
        }
    }

    /// What stands in the state directory.
    var saved: [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for case .save(let name, let bytes) in effects { result[name] = bytes }
        return result
    }

    /// The next run of the daemon, over the same kernel and with what was saved.
    func restarted(_ files: [String: String]) -> Bench {
        let next = Bench(saved: saved, ports: [])
        next.kernel = kernel
        _ = next.kernel.takeEvents()
        next.begin(files)
        return next
    }

    var dials: [(id: ConnectionID, dial: Dial)] {
        effects.compactMap { if case .dial(let id, let dial) = $0 { (id, dial) } else { nil } }
    }

    func sent(on id: ConnectionID) -> [UInt8] {
        effects.flatMap { effect -> [UInt8] in
            if case .send(id, let bytes) = effect { bytes } else { [] }
        }
    }

    func isClosed(_ id: ConnectionID) -> Bool {
        effects.contains { if case .close(id) = $0 { true } else { false } }
    }

    // The far end

    func receive(_ bytes: [UInt8], on id: ConnectionID) {
        let used = engine.received(bytes.span.bytes, on: id, at: now, into: &effects)
        precondition(used == bytes.count, "a whole message is used whole")
        pump()
    }

    /// Answers the last dial (to this peer, if one is named) as the peer would, up to Established;
    /// `isBack` from a restart over which it kept forwarding.
    @discardableResult
    func establish(
        with peer: String? = nil, restartTime: UInt16? = nil, longLived: UInt32? = nil,
        isBack: Bool = false, families: [Family] = [.ipv4], asn: UInt16 = 65001,
        _ more: [Capability] = []
    ) -> ConnectionID {
        let address = peer.flatMap { IPAddress($0) }
        guard let id = dials.last(where: { address == nil || $0.dial.remote == address })?.id else {
            preconditionFailure("nobody dialed")
        }
        engine.dialed(id, at: now, into: &effects)
        pump()
        var capabilities = families.map { Capability.multiprotocol(AddressFamily($0)) }
        capabilities += [.fourOctetASN(ASN(UInt32(asn))), .routeRefresh] + more
        if let restartTime {
            capabilities.append(
                .gracefulRestart(
                    GracefulRestartCapability(
                        isRestarting: isBack, coversNotifications: true, restartTime: restartTime,
                        families: families.map { .init(AddressFamily($0), isPreserved: isBack) })))
        }
        if let longLived {
            capabilities.append(
                .longLived(
                    families.map {
                        LongLivedEntry(
                            AddressFamily($0), isPreserved: isBack, staleTime: longLived)
                    }))
        }
        var bytes: [UInt8] = []
        Open(
            shortASN: asn, holdTime: 30, id: RouterID(10, 0, 0, 2), capabilities: capabilities
        ).encode(into: &bytes)
        Keepalive.encode(into: &bytes)
        receive(bytes, on: id)
        return id
    }

    func announce(_ texts: [String], on id: ConnectionID, localPref: UInt32? = nil) {
        var writer = UpdateWriter()
        var value = PathAttributes(asPath: ASPath([ASN(65001)]))
        value.localPref = localPref
        let attributes = value.canonical()
        var four: [Prefix4] = []
        var six: [Prefix6] = []
        for text in texts {
            switch Prefix(text) {
            case .v4(let prefix): four.append(prefix)
            case .v6(let prefix): six.append(prefix)
            case nil: preconditionFailure("no prefix: \(text)")
            }
        }
        guard let far = IPv6Address("2001:db8:9::2") else { preconditionFailure("no address") }
        let fits4 =
            four.isEmpty
            || writer.announce(four, attributes: attributes, nextHop: IPv4Address(192, 0, 2, 2))
        let fits6 =
            six.isEmpty || writer.announce(six, attributes: attributes, nextHop: far)
        precondition(fits4 && fits6)
        receive(writer.take(), on: id)
    }

    func endOfRIB(_ family: Family = .ipv4, on id: ConnectionID) {
        var writer = UpdateWriter()
        writer.endOfRIB(family)
        receive(writer.take(), on: id)
    }

    func produced(on id: ConnectionID) -> [UInt8] {
        var bytes: [UInt8] = []
        while engine.produce(id, into: &bytes, limit: 4096, at: now) {}
        return bytes
    }
}

func name(_ text: String) -> InterfaceName {
    guard let name = InterfaceName(text) else { preconditionFailure("no name: \(text)") }
    return name
}

func prefix(_ text: String) -> Prefix {
    guard let prefix = Prefix(text) else { preconditionFailure("no prefix: \(text)") }
    return prefix
}

/// One tenant, one circuit with one link and one session.
let oneCircuit = [
    "circuitd.yaml": """
    edge: ord1
    router-id: 203.0.113.7
    asn: 64600
    ports: { wan: { device: eth0 } }
    """,
    "tenants/acme.yaml": """
    tenant: acme
    vrf: { table: 1001 }
    networks: [{ prefix: 10.20.0.0/16, when: always }]
    """,
    "circuits/dc.yaml": circuit(),
]

/// The circuit's file, with more lines under `bgp:`.
func circuit(_ more: String = "") -> String {
    """
    circuit: dc
    tenant: acme
    provider: dedicated
    vlan: 310
    links: { main: { port: wan, address: 192.0.2.1/30, peer: 192.0.2.2 } }
    bgp:
      peer-asn: 65001
      accept: [10.30.0.0/16 upto 24]
      \(more)
    """
}

/// The same with one session for both families.
func dualCircuit(_ more: String = "") -> String {
    """
    circuit: dc
    tenant: acme
    provider: dedicated
    vlan: 310
    links:
      main:
        port: wan
        address: 192.0.2.1/30
        peer: 192.0.2.2
        address6: 2001:db8:9::1/126
        peer6: 2001:db8:9::2
    bgp:
      peer-asn: 65001
      families: [ipv4, ipv6]
      accept: [10.30.0.0/16 upto 24, "2001:db8:30::/48 upto 64"]
      \(more)
    """
}
