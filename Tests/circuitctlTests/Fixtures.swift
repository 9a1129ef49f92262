import Control
import Net

@testable import circuitctl

// Replies of an edge in a bad night, shared by the screens' tests.

func screenText(_ width: Int? = 80, draw: (inout Screen) -> Void) -> String {
    var screen = Screen(width: width)
    draw(&screen)
    return screen.text(inColour: false)
}

func statusReply(
    daemon: HealthReply = HealthReply(.ok), faults: [FileFault] = [], held: HeldRemovals? = nil,
    warnings: [String] = [], counts: Counts, kernel: KernelStatus
) -> StatusReply {
    StatusReply(
        edge: "ord1", version: "0.1.0", uptimeSeconds: 273_840, routerID: "203.0.113.7",
        asn: 64600, generation: 12, daemon: daemon, faults: faults, heldRemovals: held,
        settingsWarnings: warnings, counts: counts, kernel: kernel)
}

let healthyCircuit = CircuitSummary(
    name: "acme-inside", tenants: ["acme"], provider: "inside", health: .healthy,
    links: LinkCount(forwarding: 1, here: 1), prefixesIn: 4, prefixesOut: 12,
    sinceSeconds: 273_000)

let degradedCircuit = CircuitSummary(
    name: "acme-azure", tenants: ["acme", "acme-public"], provider: "expressroute",
    health: .degraded,
    reasons: [
        "azure-private/primary: no accept, so nothing enters (RFC 8212); say `accept` in bgp of "
            + "circuits/acme-azure.yaml"
    ],
    links: LinkCount(
        forwarding: 1, here: 2,
        elsewhere: ["azure-private/secondary on ord2", "azure-microsoft/secondary on ord2"]),
    prefixesIn: 1204, prefixesOut: 3, sinceSeconds: 7500)

let downCircuit = CircuitSummary(
    name: "zeta-aws", tenants: ["zeta"], provider: "direct-connect", health: .down,
    reasons: [
        "a: the peer 169.254.96.2 ended the session: Cease, Administrative Shutdown",
        "b: bond0 has no carrier",
    ],
    links: LinkCount(forwarding: 0, here: 2), prefixesIn: 0, prefixesOut: 0, sinceSeconds: 200)

let badNight = statusReply(
    faults: [
        FileFault(
            file: "circuits/acme-dc.yaml", line: 4, column: 7,
            sentence: "vlan 5000 is not between 1 and 4094"),
        FileFault(
            file: "tenants/zeta.yaml", line: 3, column: 1,
            sentence: "unknown key netwroks; did you mean networks?"),
    ],
    held: HeldRemovals(
        circuits: ["globex-a", "globex-b", "globex-c", "globex-d"], tenants: ["globex"],
        sinceSeconds: 95),
    warnings: ["net.ipv4.conf.all.rp_filter is 1, strict: asymmetric traffic is dropped"],
    counts: Counts(
        circuits: 3, healthy: 1, degraded: 1, down: 1, tenants: 3, links: 5, linksForwarding: 2,
        sessions: 7, sessionsEstablished: 3),
    kernel: KernelStatus(
        settled: false, pendingSteps: 3, refusedSteps: 1,
        lastRefusal: "add route 10.30.0.0/16 table 1001: No such device", routesWanted: 1210,
        routesInstalled: 1208, routesStale: 2,
        conflicts: ["10.9.0.0/16 table 1001 metric 20 is somebody else's route"],
        resyncSeconds: 12))

let quietDay = statusReply(
    counts: Counts(
        circuits: 1, healthy: 1, tenants: 1, links: 1, linksForwarding: 1, sessions: 2,
        sessionsEstablished: 2),
    kernel: KernelStatus(
        settled: true, routesWanted: 4, routesInstalled: 4, resyncSeconds: 3700))

let azure = CircuitReply(
    summary: degradedCircuit, note: "order 4711, ask carol@acme", bandwidth: 1_000_000_000,
    links: [
        LinkReply(
            peering: "azure-private", role: "primary", tenant: "acme", forwarding: true,
            state: "forwarding", port: "ecx-a", portDevice: "bond0", device: "c1.1010.100",
            tags: "802.1q 1010, 802.1q 100", vrf: "vrf-acme", table: 1001, mtu: 1500,
            carrier: true,
            addresses: [
                AddressReply("169.254.10.1/30", .ready), AddressReply("fd00:a::1/126", .tentative),
            ],
            sessions: [
                SessionReply(
                    peer: "169.254.10.2", local: "169.254.10.1", peerASN: 12076, localASN: 64600,
                    state: "Established", sinceSeconds: 7500, holdSeconds: 90,
                    keepaliveSeconds: 30, bfd: "up",
                    families: [
                        FamilyReply(
                            family: "ipv4", negotiated: true, received: 1300, accepted: 1204,
                            advertised: 3),
                        FamilyReply(family: "ipv6", negotiated: false),
                    ],
                    warnings: ["no accept: nothing enters (RFC 8212)"])
            ]),
        LinkReply(
            peering: "azure-microsoft", role: "primary", tenant: "acme-public", forwarding: false,
            state: "the session with 198.51.100.2 is not established", port: "ecx-a",
            portDevice: "bond0", device: "c1.1010.200", tags: "802.1q 1010, 802.1q 200",
            table: 254, mtu: 1500, carrier: false,
            addresses: [AddressReply("198.51.100.1/30", .missing)],
            sessions: [
                SessionReply(
                    peer: "198.51.100.2", local: "198.51.100.1", peerASN: 12076, localASN: 64600,
                    state: "Active", sinceSeconds: 61,
                    lastError: "received OPEN Message Error, Bad Peer AS; the peer wants another "
                        + "AS than 64600\u{1B}[2J",
                    bfd: "down", families: [FamilyReply(family: "ipv4", negotiated: false)])
            ]),
    ],
    faults: [
        FileFault(
            file: "circuits/acme-azure.yaml", line: 12, column: 9,
            sentence: "hold-time is 0 or at least 3s")
    ], routesWanted: 1204, routesInstalled: 1203)

let crossConnect = CircuitReply(
    summary: CircuitSummary(
        name: "acme-dc", tenants: ["acme"], provider: "dedicated", health: .healthy,
        links: LinkCount(forwarding: 1, here: 1), prefixesIn: 1, sinceSeconds: 90),
    bandwidth: 200_000_000,
    links: [
        LinkReply(
            role: "main", tenant: "acme", forwarding: true, state: "forwarding", port: "campus",
            portDevice: "eth3", device: "eth3", tags: "untagged", vrf: "vrf-acme", table: 1001,
            mtu: 9000, carrier: true, addresses: [AddressReply("192.0.2.1/30", .ready)],
            gateways: ["192.0.2.2"], staticRoutes: 1)
    ], routesWanted: 1, routesInstalled: 1)

/// A prefix that two links share, with one path behind and one refused.
let whyReply: WhyReply = {
    func path(
        _ link: String, _ peer: String, _ verdict: WhyPath.Verdict, _ step: SelectionStep? = nil
    ) -> WhyPath {
        WhyPath(
            RouteRow(
                prefix: "10.30.0.0/16", family: "ipv4", circuit: "acme-azure", link: link,
                peer: peer, nextHop: peer, asPath: "12076 64512", med: 10,
                communities: ["12076:51004"]), kind: .external, verdict: verdict, step: step)
    }
    var behind = path("b", "169.254.96.1", .behind, .pathLength)
    behind.route.circuit = "acme-aws"
    behind.route.asPath = "64512 64513 64514"
    behind.route.nextHop = "169.254.96.5"
    behind.route.stale = true
    behind.route.largeCommunities = ["64600:1:2"]
    behind.route.onlyToCustomer = 64512
    behind.route.originatorID = "10.9.9.9"
    behind.route.clusterList = ["10.9.9.8", "10.9.9.7"]
    behind.route.pathID = 7
    var refused = path("a", "169.254.96.1", .refused)
    refused.route.circuit = "acme-aws"
    refused.refusal = "not in accept"
    return WhyReply(
        asked: "10.30.4.7/32",
        tables: [
            WhyTable(
                tenant: "acme", table: 1001, vrf: "vrf-acme", asked: "10.30.4.7/32",
                prefix: "10.30.0.0/16",
                candidates: [
                    path("azure-private/primary", "169.254.10.2", .best, .pathLength),
                    path("azure-private/secondary", "169.254.10.6", .shares), behind,
                    refused,
                ],
                kernel: KernelRoute(
                    .installed,
                    hops: [
                        .init(gateway: "169.254.10.2", device: "ecx-a.1010.100"),
                        .init(gateway: "169.254.10.6", device: "ecx-b.1010.100"),
                    ])),
            WhyTable(tenant: "zeta", table: 254, asked: "10.30.4.7/32", prefix: nil),
        ])
}()

let policyReply: PolicyReply = {
    var terms = PolicyTerms(
        link: "primary", tenant: "acme", peer: .v4(IPv4Address(169, 254, 10, 2)),
        peerASN: ASN(12076), localASN: ASN(64600), families: [.ipv4])
    terms.peering = "azure-private"
    terms.accept = PrefixFilter(["10.30.0.0/16 upto 24"].compactMap { PrefixRule($0) })
    terms.limitIn = 1000
    return PolicyReply(
        circuit: "acme-azure", provider: "expressroute", sessions: [SessionPolicy(terms)])
}()

/// A session that says all it can.
let talkative = SessionReply(
    peer: "169.254.10.2", local: "169.254.10.1", peerASN: 12076, localASN: 64600,
    state: "Established", sinceSeconds: 7500, holdSeconds: 90, keepaliveSeconds: 30,
    role: "customer", peerRole: "provider",
    capabilities: CapabilitiesReply(
        enhancedRefresh: true, extendedMessages: true, pathsIn: ["ipv4"], restartSeconds: 120,
        restartFamilies: ["ipv4"], restartOnNotification: true, longLivedSeconds: ["ipv4": 86400],
        hostname: "msee1\u{1B}[2J.example.net", version: "FRR 10.3"),
    families: [
        FamilyReply(
            family: "ipv4", negotiated: true, received: 1700, accepted: 1204, advertised: 4000,
            heldBack: 17, limitIn: 2000, limitOut: 4000)
    ],
    lastSent: NotificationReply(
        code: 6, subcode: 4, name: "cease/administrative reset", text: "new key",
        sinceSeconds: 7520))
