import Control
import Testing

@testable import circuitctl

// Routes, explanations and the small screens as an operator sees them, 80 columns wide.

@Suite struct `The routes' screen` {
    let rows = [
        RouteRow(
            prefix: "10.30.0.0/16", family: "ipv4", circuit: "acme-azure",
            link: "azure-private/primary", peer: "169.254.10.2", nextHop: "169.254.10.2",
            asPath: "12076 64512", med: 10, localPref: 100, communities: ["12076:51004"],
            best: true, kernel: .installed),
        RouteRow(
            prefix: "10.30.0.0/16", family: "ipv4", circuit: "acme-azure",
            link: "azure-private/secondary", peer: "169.254.10.6", nextHop: "169.254.10.6",
            asPath: "12076 12076 64512", localPref: 100, stale: true, reason: "longer AS path"),
        RouteRow(
            prefix: "10.31.0.0/16", family: "ipv4", circuit: "acme-azure",
            link: "azure-private/primary", peer: "169.254.10.2", nextHop: "169.254.10.2",
            asPath: "12076 64512", localPref: 100, best: true, kernel: .pending),
        RouteRow(
            prefix: "172.16.0.0/12", family: "ipv4", circuit: "acme-dc", link: "main",
            nextHop: "192.0.2.2", origin: "static", best: true, kernel: .refused,
            reason: "the kernel refused it: No such device"),
    ]

    @Test func `a row is a path, with the reason below`() {
        let reply = RoutesReply(view: .accepted, routes: rows, total: 4)
        let layout = RoutesLayout(namesCircuits: false, isLong: false)
        #expect(
            screenText { $0.routes(reply, layout, isFirst: true) } == """
                    PREFIX         NEXT HOP      LINK                     PREF  MED  AS PATH
                *   10.30.0.0/16   169.254.10.2  azure-private/primary     100   10  12076 64512
                 s  10.30.0.0/16   169.254.10.6  azure-private/secondary   100       12076 12076 64512
                  longer AS path
                ~   10.31.0.0/16   169.254.10.2  azure-private/primary     100       12076 64512
                !   172.16.0.0/12  192.0.2.2     main                                static
                  the kernel refused it: No such device

                4 accepted routes

                """)
    }

    @Test func `a tenant's rows name their circuit, and long rows say all`() {
        let reply = RoutesReply(view: .accepted, routes: Array(rows.prefix(1)), total: 1)
        let layout = RoutesLayout(namesCircuits: true, isLong: true)
        #expect(
            screenText { $0.routes(reply, layout, isFirst: true) } == """
                   PREFIX        NEXT HOP      LINK                              PREF  MED  AS PATH
                *  10.30.0.0/16  169.254.10.2  acme-azure/azure-private/primary   100   10  12076 64512
                  origin igp, peer 169.254.10.2, communities 12076:51004

                1 accepted route

                """)
    }

    @Test func `no routes is a sentence`() {
        let reply = RoutesReply(view: .advertised, routes: [], total: 0)
        let layout = RoutesLayout(namesCircuits: false, isLong: false)
        #expect(screenText { $0.routes(reply, layout, isFirst: true) } == "no advertised routes\n")
    }
}

@Suite struct `Explanations` {
    @Test func `why a prefix is routed so reads from the whole to each path`() {
        #expect(
            screenText { $0.why(whyReply) } == """
                10.30.0.0/16  tenant acme, vrf-acme, table 1001
                  10.30.4.7/32 itself is no route; 10.30.0.0/16 covers it
                  4 paths, 1 of them refused
                  2 equal paths share the traffic: 169.254.10.2 of acme-azure
                    azure-private/primary; 169.254.10.6 of acme-azure azure-private/secondary
                  the kernel has it, by 169.254.10.2 on ecx-a.1010.100, 169.254.10.6 on
                    ecx-b.1010.100

                1  169.254.10.2 of acme-azure azure-private/primary
                   best; the next is behind, because its AS path is longer, 3 against 2
                   AS path 12076 64512, origin igp, local-pref 100, MED 10
                   communities 12076:51004

                2  169.254.10.6 of acme-azure azure-private/secondary
                   shares the traffic: equal to the best as far as it matters
                   AS path 12076 64512, origin igp, local-pref 100, MED 10
                   communities 12076:51004

                3  169.254.96.1 of acme-aws b, path 7
                   behind the one before, because its AS path is longer, 3 against 2
                   AS path 64512 64513 64514, origin igp, local-pref 100, MED 10, next hop
                     169.254.96.5
                   communities 12076:51004 64600:1:2
                   only to customer 64512, originator 10.9.9.9, cluster list 10.9.9.8 10.9.9.7
                   stale: from before a restart, not confirmed yet

                -  169.254.96.1 of acme-aws a
                   refused: not in accept
                   AS path 12076 64512, origin igp, local-pref 100, MED 10
                   communities 12076:51004

                10.30.4.7/32  tenant zeta, main table
                  nothing here covers 10.30.4.7/32

                """)
    }

    @Test func `a policy is a numbered list for each way`() {
        #expect(
            screenText { $0.policy(policyReply) } == """
                acme-azure  expressroute

                azure-private/primary  169.254.10.2 AS12076, from AS64600, ipv4
                  in   1  at most 1000 prefixes of a family may come, with a warning at 80%;
                          above, the session ends and is held down for 15m
                       2  an AS path must begin with the peer's AS 12076
                       3  paths with our AS 64600 are refused
                       4  the next hop must be the peer or lie in the link's subnet
                       5  never: reserved space, subnets of links, and addresses of this edge
                       6  a default route may not enter
                       7  accept 10.30.0.0/16 upto 24
                       8  local preference is 100 where no rule says another
                       9  the best path alone carries traffic
                  out  1  tenant acme has no networks of its own
                       2  there is no advertise, so the tenant's networks leave and nothing else
                       3  a default route may not leave
                       4  what carries no-export or no-advertise stays
                       5  the next hop is our address on the link
                       6  any number of prefixes leaves

                """)
    }

    @Test func `a circuit without a session has no policy to show`() {
        let reply = PolicyReply(circuit: "acme-dc", provider: "dedicated", sessions: [])
        #expect(
            screenText { $0.policy(reply) }
                == "acme-dc  dedicated\n  no session of it is on this edge\n")
    }
}

@Suite struct `The small screens` {
    @Test func `a plan is changes and then steps`() {
        let change = PlanReply.Change(
            circuit: "acme-azure", impact: .session, sentence: "hold-time from 90s to 30s")
        let reply = PlanReply(
            changes: [change], steps: ["create vlan 100 on bond0", "bring it up"], moreSteps: 2)
        #expect(
            screenText { $0.plan(reply) } == """
                CIRCUIT     IMPACT   CHANGE
                acme-azure  session  hold-time from 90s to 30s

                4 steps towards the kernel:
                  create vlan 100 on bond0
                  bring it up
                  and 2 more

                """)
    }

    @Test func `an empty plan is settled`() {
        #expect(
            screenText { $0.plan(PlanReply()) }
                == "nothing to do: the kernel is as the files say\n")
    }

    @Test func `health is a word and its reasons`() {
        let reply = HealthReply(
            .degraded,
            reasons: [
                "circuits/acme-dc.yaml:4:7: vlan 5000 is not between 1 and 4094; the last good runs"
            ])
        #expect(
            screenText { $0.health(reply) } == """
                degraded
                  ! circuits/acme-dc.yaml:4:7: vlan 5000 is not between 1 and 4094; the last
                    good runs

                """)
    }

    @Test func `an event is time, kind, place and sentence`() {
        let event = Event(
            number: 1, time: "2025-11-20T04:50:06.123Z", kind: "session", circuit: "acme-azure",
            link: "primary", text: "169.254.10.2 went down: hold timer expired")
        #expect(
            screenText(nil) { $0.event(event) } == """
                2025-11-20T04:50:06.123Z session acme-azure/primary: 169.254.10.2 went down: hold timer expired

                """)
    }

    @Test func `confirm names what goes`() {
        let reply = ConfirmReply(circuits: ["a", "b"], tenants: ["t"])
        #expect(
            screenText { $0.confirmed(reply) }
                == "removing 2 circuits: a, b\nremoving 1 tenant: t\n")
        #expect(
            screenText { $0.confirmed(ConfirmReply(circuits: [])) } == "nothing was held back\n")
    }
}
