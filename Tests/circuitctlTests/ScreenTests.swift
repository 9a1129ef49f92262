import Control
import Testing

@testable import circuitctl

// Whole screens as an operator sees them, 80 columns wide.

@Suite struct `The status screen` {
    @Test func `a bad night fits 24 rows and says first what is broken and why`() {
        let text = screenText {
            $0.status(badNight, [healthyCircuit, degradedCircuit, downCircuit], height: 24)
        }
        #expect(
            text == """
                ord1  unhealthy  up 3d 4h, AS64600, router-id 203.0.113.7, circuitd 0.1.0
                3 circuits: 1 down, 1 degraded, 1 healthy; links 2/5, sessions 3/7
                kernel 3 steps to go, 1,208 of 1,210 routes installed, 2 stale, read 12s ago

                CIRCUIT      HEALTH    FOR     LINKS     IN  OUT  TENANT
                zeta-aws     down      3m 20s    0/2      0    0  zeta
                  a: the peer 169.254.96.2 ended the session: Cease, Administrative Shutdown
                    (and 1 more)
                acme-azure   degraded  2h 5m     1/2  1,204    3  acme,acme-public
                  azure-private/primary: no accept, so nothing enters (RFC 8212); say `accept`
                    in bgp of circuits/acme-azure.yaml

                removal held back for 1m 35s: 4 circuits (globex-a, globex-b, globex-c, ...),
                  1 tenant (globex); put the files back, or let go: `circuitctl confirm`
                2 faults in the files
                  circuits/acme-dc.yaml:4:7: vlan 5000 is not between 1 and 4094
                  tenants/zeta.yaml:3:1: unknown key netwroks; did you mean networks?
                ! kernel: 1 step refused; the last: add route 10.30.0.0/16 table 1001: No such
                  device
                  and 3 lines more: circuitctl status | less

                1 circuit well: circuitctl circuits

                """)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 24)
    }

    @Test func `without a terminal nothing is left out`() {
        let text = screenText(nil) {
            $0.status(badNight, [healthyCircuit, degradedCircuit, downCircuit], height: nil)
        }
        #expect(
            text == """
                ord1  unhealthy  up 3d 4h, AS64600, router-id 203.0.113.7, circuitd 0.1.0
                3 circuits: 1 down, 1 degraded, 1 healthy; links 2/5, sessions 3/7
                kernel 3 steps to go, 1,208 of 1,210 routes installed, 2 stale, read 12s ago

                CIRCUIT      HEALTH    FOR     LINKS     IN  OUT  TENANT
                zeta-aws     down      3m 20s    0/2      0    0  zeta
                  a: the peer 169.254.96.2 ended the session: Cease, Administrative Shutdown
                  b: bond0 has no carrier
                acme-azure   degraded  2h 5m     1/2  1,204    3  acme,acme-public
                  azure-private/primary: no accept, so nothing enters (RFC 8212); say `accept` in bgp of circuits/acme-azure.yaml
                  2 of 4 here, azure-private/secondary on ord2, azure-microsoft/secondary on ord2

                removal held back for 1m 35s: 4 circuits (globex-a, globex-b, globex-c, ...), 1 tenant (globex); put the files back, or let go: `circuitctl confirm`

                2 faults in the files
                  circuits/acme-dc.yaml:4:7: vlan 5000 is not between 1 and 4094
                  tenants/zeta.yaml:3:1: unknown key netwroks; did you mean networks?

                ! kernel: 1 step refused; the last: add route 10.30.0.0/16 table 1001: No such device
                ! host: net.ipv4.conf.all.rp_filter is 1, strict: asymmetric traffic is dropped
                ! conflict: 10.9.0.0/16 table 1001 metric 20 is somebody else's route

                CIRCUIT      HEALTH    FOR     LINKS     IN  OUT  TENANT
                acme-inside  healthy   3d 3h     1/1      4   12  acme

                """)
    }

    @Test func `a quiet day is short`() {
        let text = screenText { $0.status(quietDay, [healthyCircuit], height: 24) }
        #expect(
            text == """
                ord1  ok  up 3d 4h, AS64600, router-id 203.0.113.7, circuitd 0.1.0
                1 circuit: 1 healthy; links 1/1, sessions 2/2
                kernel settled, 4 of 4 routes installed, read 1h 1m ago

                CIRCUIT      HEALTH   FOR    LINKS  IN  OUT  TENANT
                acme-inside  healthy  3d 3h    1/1   4   12  acme

                """)
    }

    @Test func `a daemon that cannot do its work says so at the top`() {
        let reply = statusReply(
            daemon: HealthReply(.unhealthy, reasons: ["starting: reading the kernel"]),
            counts: Counts(), kernel: KernelStatus(settled: false, pendingSteps: 1))
        #expect(
            screenText { $0.status(reply, [], height: 24) } == """
                ord1  unhealthy  up 3d 4h, AS64600, router-id 203.0.113.7, circuitd 0.1.0
                0 circuits; links 0/0, sessions 0/0
                kernel 1 step to go, 0 of 0 routes installed, not read yet
                ! starting: reading the kernel

                """)
    }

    @Test(arguments: [24, 50])
    func `thousands of circuits and hundreds of broken ones keep within the terminal`(rows: Int) {
        var circuits: [CircuitSummary] = []
        for number in 0..<4000 {
            var circuit = number < 300 ? downCircuit : healthyCircuit
            circuit.name = "circuit-\(number)"
            circuits.append(circuit)
        }
        let text = screenText { $0.status(badNight, circuits, height: rows) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= rows)
        #expect(text.contains("circuit-0 "))
        #expect(text.contains(" more in trouble: circuitctl circuits"))
        #expect(text.contains("3,700 circuits well: circuitctl circuits"))
    }

    @Test func `many healthy circuits fill the terminal and no more`() {
        let circuits = (0..<100).map { number in
            var circuit = healthyCircuit
            circuit.name = "c\(number)"
            return circuit
        }
        let text = screenText { $0.status(quietDay, circuits, height: 24) }
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 24)
        #expect(text.contains("and 83 more well: circuitctl circuits"))
    }
}

@Suite struct `The circuits' screens` {
    @Test func `a list has the worst first`() {
        let reply = CircuitsReply(circuits: [healthyCircuit, degradedCircuit, downCircuit])
        #expect(
            screenText { $0.circuits(reply) } == """
                CIRCUIT      HEALTH    FOR     LINKS     IN  OUT  TENANT            PROVIDER
                zeta-aws     down      3m 20s    0/2      0    0  zeta              direct-connect
                  a: the peer 169.254.96.2 ended the session: Cease, Administrative Shutdown
                  b: bond0 has no carrier
                acme-azure   degraded  2h 5m     1/2  1,204    3  acme,acme-public  expressroute
                  azure-private/primary: no accept, so nothing enters (RFC 8212); say `accept`
                    in bgp of circuits/acme-azure.yaml
                  2 of 4 here, azure-private/secondary on ord2, azure-microsoft/secondary on
                    ord2
                acme-inside  healthy   3d 3h     1/1      4   12  acme              inside

                """)
    }

    @Test func `no circuits is a sentence`() {
        #expect(
            screenText { $0.circuits(CircuitsReply(circuits: [])) } == "no circuits on this edge\n")
    }

    @Test func `a circuit is told from its health to its sessions`() {
        #expect(
            screenText { $0.circuit(azure) } == """
                acme-azure  degraded for 2h 5m
                  ! azure-private/primary: no accept, so nothing enters (RFC 8212); say
                    `accept` in bgp of circuits/acme-azure.yaml
                  ! circuits/acme-azure.yaml:12:9: hold-time is 0 or at least 3s
                  order 4711, ask carol@acme
                  expressroute, 1 Gbps, tenants acme, acme-public
                  links 1/2 forwarding (2 of 4 here, azure-private/secondary on ord2,
                    azure-microsoft/secondary on ord2)
                  prefixes 1,204 in, 3 out; 1,203 of 1,204 routes in the kernel

                azure-private/primary  forwarding
                  device   c1.1010.100 on port ecx-a (bond0), 802.1q 1010, 802.1q 100, mtu 1500
                  tenant   acme, vrf-acme, table 1001
                  address  169.254.10.1/30, fd00:a::1/126 tentative
                  session  169.254.10.2 AS12076  Established for 2h 5m
                           from 169.254.10.1 AS64600, hold time 90s, keepalive 30s, bfd up
                           ipv4: 1,300 received, 1,204 accepted, 3 advertised
                           ipv6: 0 received, 0 accepted, 0 advertised, refused by the peer
                           ! no accept: nothing enters (RFC 8212)

                azure-microsoft/primary  the session with 198.51.100.2 is not established
                  device   c1.1010.200 on port ecx-a (bond0), 802.1q 1010, 802.1q 200, mtu 1500,
                           no carrier
                  tenant   acme-public, main table
                  address  198.51.100.1/30 missing
                  session  198.51.100.2 AS12076  Active for 1m 1s
                           from 198.51.100.1 AS64600, bfd down
                           ipv4: 0 received, 0 accepted, 0 advertised
                           why: received OPEN Message Error, Bad Peer AS; the peer wants another
                           AS than 64600\\u{1b}[2J

                """)
    }

    @Test func `a static circuit on its own port is told`() {
        #expect(
            screenText { $0.circuit(crossConnect) } == """
                acme-dc  healthy for 1m 30s
                  dedicated, 200 Mbps, tenant acme
                  links 1/1 forwarding
                  prefixes 1 in, 0 out; 1 of 1 route in the kernel

                main  forwarding
                  device   eth3 on port campus, untagged, mtu 9000
                  tenant   acme, vrf-acme, table 1001
                  address  192.0.2.1/30
                  static   1 route via 192.0.2.2

                """)
    }

    @Test func `a session tells what was agreed, how full it is and how it last ended`() {
        #expect(
            screenText { $0.session(talkative) } == """
                  session  169.254.10.2 AS12076  Established for 2h 5m
                           from 169.254.10.1 AS64600, hold time 90s, keepalive 30s
                           our role customer, the peer's provider
                           with enhanced refresh, extended messages, add-path in ipv4, graceful
                           restart 120s ipv4 with notifications, long-lived 86400s ipv4
                           the peer says it is msee1\\u{1b}[2J.example.net, FRR 10.3
                           ipv4: 1,700 of 2,000 (85%) received, 1,204 accepted, 4,000 of 4,000
                           (100%) advertised, 17 held back
                           last sent: cease/administrative reset (6/4), "new key", 2h 5m ago

                """)
    }

    @Test func `a session that is kept from running says why and how long`() {
        let held = SessionReply(
            peer: "10.0.0.2", local: "10.0.0.1", peerASN: 65001, localASN: 64600, state: "Idle",
            sinceSeconds: 5, role: "peer", holdDownSeconds: 895, shutdown: "rack 12",
            lastReceived: NotificationReply(
                code: 6, subcode: 2, name: "cease/administrative shutdown", text: "lunch",
                sinceSeconds: 5))
        #expect(
            screenText { $0.session(held) } == """
                  session  10.0.0.2 AS65001  Idle for 5s
                           from 10.0.0.1 AS64600
                           our role peer
                           ! kept down by its file: rack 12
                           ! too many prefixes: held down for 14m 55s more
                           last received: cease/administrative shutdown (6/2), "lunch", 5s ago

                """)
    }

    @Test(arguments: [80, 100])
    func `a session keeps within its columns`(width: Int) {
        let lines = screenText(width) { $0.session(talkative) }.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test(arguments: [
        ("customer" as String?, nil as String?, "our role customer, and the peer says none"),
        (nil, "provider", "the peer's role provider, and we say none"),
    ])
    func `roles of one side only are told`(_ ours: String?, _ theirs: String?, _ text: String) {
        var session = talkative
        session.role = ours
        session.peerRole = theirs
        #expect(screenText { $0.session(session) }.contains("  \(text)\n"))
    }

    @Test(arguments: [
        (1_000_000_000 as UInt64, "1 Gbps"), (2_500_000_000, "2.5 Gbps"),
        (200_000_000, "200 Mbps"), (64_000, "64 kbps"), (7, "7 bps"),
        (1_234_567_890, "1234567890 bps"), (.max, "18446744073709551615 bps"),
    ])
    func `a bandwidth is written as it is ordered`(bits: UInt64, expected: String) {
        #expect(rate(bits) == expected)
    }
}
