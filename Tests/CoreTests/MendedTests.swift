// Faults that were found by breaking the running daemon, each with the events that showed it.

import BGP
import Control
import Core
import Intent
import Net
import Simulation
import Testing

@Suite struct MendedTests {
    private func statics(peer: String) -> String {
        """
        circuit: lan
        tenant: acme
        provider: inside
        vlan: 320
        routing: static
        routes: [10.21.0.0/16]
        links: { main: { port: lan, address: 10.20.0.1/24, peer: \(peer) } }
        """
    }

    private var settings: String {
        """
        edge: ord1
        router-id: 203.0.113.7
        asn: 64600
        ports: { wan: { device: eth0 }, lan: { device: eth1 } }
        """
    }

    @Test func `a static link whose peer changes keeps its routes`() {
        let bench = Bench()
        bench.begin([
            "circuitd.yaml": settings, "tenants/acme.yaml": oneCircuit["tenants/acme.yaml"] ?? "",
            "circuits/lan.yaml": statics(peer: "10.20.0.9"),
        ])
        bench.wait(3)
        let inside = IPAddress.v4(IPv4Address(10, 21, 0, 1))
        #expect(bench.kernel.forwarding(TableID(1001), inside)?.gateway == IPAddress("10.20.0.9"))
        bench.change(["circuits/lan.yaml": statics(peer: "10.20.0.10")])
        bench.wait(3)
        #expect(bench.kernel.forwarding(TableID(1001), inside)?.gateway == IPAddress("10.20.0.10"))
    }

    @Test func `two links that swap their subnets are both reached from outside`() {
        func pair(_ first: String, _ second: String) -> String {
            """
            circuit: two
            tenant: acme
            provider: dedicated
            links:
              a: { port: wan, vlan: 31, address: \(first).1/30, peer: \(first).2 }
              b: { port: lan, vlan: 32, address: \(second).1/30, peer: \(second).2 }
            bgp: { peer-asn: 65001, accept: [10.30.0.0/16 upto 24] }
            """
        }
        let bench = Bench()
        bench.begin([
            "circuitd.yaml": settings, "tenants/acme.yaml": oneCircuit["tenants/acme.yaml"] ?? "",
            "circuits/two.yaml": pair("192.0.2", "198.51.100"),
        ])
        bench.wait(3)
        bench.change(["circuits/two.yaml": pair("198.51.100", "192.0.2")])
        bench.wait(5)
        let listener = Listener(vrf: name("vrf-acme"), family: .ipv4, port: 179)
        for network in ["192.0.2", "198.51.100"] {
            guard let local = IPAddress("\(network).1"), let remote = IPAddress("\(network).2")
            else { continue }
            let id = bench.engine.accepted(
                on: listener, local: local, remote: remote, at: bench.now, into: &bench.effects)
            #expect(id != nil, "nobody answers \(remote)")
        }
    }

    @Test func `routes are written though the placeholder cannot be made`() throws {
        let bench = Bench()
        // Somebody else has the name.
        try bench.kernel.interfere(.createPlaceholder(name("circuitd0")))
        if let index = bench.kernel.link(name("circuitd0"))?.index {
            try bench.kernel.interfere(.changeLink(index, LinkChange(isUp: true)))
        }
        bench.kernel.setGroup(name("circuitd0"), 0)
        _ = bench.kernel.takeEvents()
        bench.begin([
            "circuitd.yaml": settings, "tenants/acme.yaml": oneCircuit["tenants/acme.yaml"] ?? "",
            "circuits/lan.yaml": statics(peer: "10.20.0.9"),
        ])
        bench.wait(5)
        let inside = IPAddress.v4(IPv4Address(10, 21, 0, 1))
        #expect(bench.kernel.forwarding(TableID(1001), inside)?.gateway == IPAddress("10.20.0.9"))
        guard case .health(let health) = bench.ask(.health(.daemon)) else {
            Issue.record("no health")
            return
        }
        #expect(health.reasons.contains { $0.hasPrefix("circuitd0 cannot be made") })
    }

    @Test func `a peer whose OPEN does not suit says what is wrong with it`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        guard let id = bench.dials.last?.id else { return }
        bench.engine.dialed(id, at: bench.now, into: &bench.effects)
        var bytes: [UInt8] = []
        Open(shortASN: 65002, holdTime: 30, id: RouterID(10, 0, 0, 2), capabilities: [])
            .encode(into: &bytes)
        bench.receive(bytes, on: id)
        bench.wait(1)
        guard case .circuit(let reply) = bench.ask(.circuit("dc")) else { return }
        #expect(reply.summary.reasons.first?.contains("sent OPEN error/bad peer AS") ?? false)
        #expect(reply.links.first?.sessions.first?.lastSent?.code == 2)
        let told = bench.engine.recentEvents.filter { $0.text.contains("did not come up") }
        #expect(told.count == 1)
    }

    private func mark(_ family: Family, _ subtype: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        RouteRefresh(AddressFamily(family), subtype: subtype).encode(into: &bytes)
        return bytes
    }

    @Test func `what a peer leaves out of a refresh between marks is gone`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish([.enhancedRouteRefresh])
        bench.announce(["10.30.1.0/24", "10.30.2.0/24"], on: id)
        bench.receive(mark(.ipv4, 1), on: id)
        bench.announce(["10.30.1.0/24"], on: id)
        let table = TableID(1001)
        #expect(bench.kernel.forwarding(table, .v4(IPv4Address(10, 30, 2, 1)))?.gateway != nil)
        bench.receive(mark(.ipv4, 2), on: id)
        bench.wait(1)
        #expect(
            bench.kernel.forwarding(table, .v4(IPv4Address(10, 30, 1, 1)))?.gateway
                == IPAddress("192.0.2.2"))
        #expect(bench.kernel.forwarding(table, .v4(IPv4Address(10, 30, 2, 1)))?.gateway == nil)
    }

    @Test func `a refresh that comes in one segment holds for what stands between its marks`() {
        let bench = Bench()
        bench.begin(oneCircuit)
        let id = bench.establish([.enhancedRouteRefresh])
        bench.announce(["10.30.1.0/24", "10.30.2.0/24"], on: id)
        var writer = UpdateWriter()
        let attributes = PathAttributes(asPath: ASPath([ASN(65001)])).canonical()
        for network in [1, 3] as [UInt8] {
            let prefix = Prefix4(IPv4Address(10, 30, network, 0), length: 24)
            let fits = writer.announce(
                [prefix], attributes: attributes, nextHop: IPv4Address(192, 0, 2, 2))
            #expect(fits)
        }
        bench.receive(mark(.ipv4, 1) + writer.take() + mark(.ipv4, 2), on: id)
        bench.wait(1)
        let forwarded = (1...3 as ClosedRange<UInt8>).map { network in
            let address = IPAddress.v4(IPv4Address(10, 30, network, 1))
            return bench.kernel.forwarding(TableID(1001), address)?.gateway != nil
        }
        #expect(forwarded == [true, false, true])
    }

    /// One session with two routes of each family, and which of them forward.
    private func dual() -> (Bench, ConnectionID) {
        let bench = Bench()
        bench.begin(oneCircuit.merging(["circuits/dc.yaml": dualCircuit()]) { $1 })
        bench.wait(3)
        let id = bench.establish(families: [.ipv4, .ipv6], [.enhancedRouteRefresh])
        bench.announce(["10.30.1.0/24", "10.30.2.0/24"], on: id)
        bench.announce(["2001:db8:30:1::/64", "2001:db8:30:2::/64"], on: id)
        bench.wait(1)
        return (bench, id)
    }

    private func forwarded(_ bench: Bench) -> [Bool] {
        ["10.30.1.1", "10.30.2.1", "2001:db8:30:1::1", "2001:db8:30:2::1"].map { text in
            IPAddress(text).map {
                bench.kernel.forwarding(TableID(1001), $0)?.gateway != nil
            } ?? false
        }
    }

    @Test func `a refresh of one family leaves the routes of the other alone`() {
        let (bench, id) = dual()
        #expect(forwarded(bench) == [true, true, true, true])
        bench.receive(mark(.ipv4, 1), on: id)
        bench.announce(["10.30.1.0/24", "10.30.2.0/24"], on: id)
        bench.receive(mark(.ipv4, 2), on: id)
        bench.wait(1)
        #expect(forwarded(bench) == [true, true, true, true])
    }

    @Test func `what a peer leaves out of a refresh of one of two families is gone`() {
        let (bench, id) = dual()
        bench.receive(mark(.ipv6, 1), on: id)
        bench.announce(["2001:db8:30:2::/64"], on: id)
        bench.wait(1)
        #expect(forwarded(bench) == [true, true, true, true])
        bench.receive(mark(.ipv6, 2), on: id)
        bench.wait(1)
        #expect(forwarded(bench) == [true, true, false, true])
    }

    @Test func `refreshes of both families at once end each for itself`() {
        let (bench, id) = dual()
        bench.receive(mark(.ipv4, 1) + mark(.ipv6, 1), on: id)
        bench.announce(["10.30.2.0/24"], on: id)
        bench.receive(mark(.ipv4, 2), on: id)
        bench.wait(1)
        #expect(forwarded(bench) == [false, true, true, true])
        bench.announce(["2001:db8:30:1::/64"], on: id)
        bench.receive(mark(.ipv6, 2), on: id)
        bench.wait(1)
        #expect(forwarded(bench) == [false, true, true, false])
    }

    @Test func `the end of a session with many routes is told whole`() {
        func far(_ name: String, _ port: String, _ network: String) -> String {
            """
            circuit: \(name)
            tenant: acme
            provider: dedicated
            vlan: 310
            links: { main: { port: \(port), address: \(network).1/30, peer: \(network).2 } }
            bgp: { peer-asn: 65001, accept: [10.30.0.0/16 upto 32], advertise: [10.30.0.0/16 upto 32] }
            """
        }
        let bench = Bench()
        bench.begin([
            "circuitd.yaml": settings,
            "tenants/acme.yaml": """
            tenant: acme
            vrf: { table: 1001 }
            networks: [10.20.0.0/16]
            exchange: [{ from: a, to: b }]
            """,
            "circuits/a.yaml": far("a", "wan", "192.0.2"),
            "circuits/b.yaml": far("b", "lan", "198.51.100"),
        ])
        let speaker = bench.establish(with: "192.0.2.2")
        let listener = bench.establish(with: "198.51.100.2")
        // More rows than one turn of the loop sweeps.
        for block in 0..<40 {
            bench.announce((0..<256).map { "10.30.\(block).\($0)/32" }, on: speaker)
        }
        #expect(!bench.produced(on: listener).isEmpty)
        bench.hasWorker = false
        var position = bench.effects.count
        bench.engine.closed(speaker, at: bench.now, into: &bench.effects)
        for _ in 0..<20 {
            bench.engine.settle(at: bench.now, into: &bench.effects)
            let isAsked = bench.effects[position...].contains {
                if case .pull(listener) = $0 { true } else { false }
            }
            position = bench.effects.count
            if isAsked { _ = bench.produced(on: listener) }
        }
        let left = bench.produced(on: listener).count
        #expect(left == 0, "withdrawals that nobody asks for")
    }
}
