// Numbers for Prometheus. Counters only go up while the daemon runs.

import BGP
import Control
import Intent
import Net
import Reconcile
import Routing

extension Engine {
    func metrics(at now: Instant) -> [MetricFamily] {
        typealias Sample = MetricFamily.Sample
        typealias Label = MetricFamily.Label
        var health: [Sample] = []
        var forwarding: [Sample] = []
        var linkUp: [Sample] = []
        for name in shares.keys.sorted() {
            let verdict = verdict(on: name)
            for state in Health.allCases {
                health.append(
                    Sample(
                        verdict.health == state ? 1 : 0,
                        [Label("circuit", name), Label("state", state.rawValue)]))
            }
            forwarding.append(Sample(Double(verdict.forwarding), [Label("circuit", name)]))
            for slot in linkSlots(of: name) {
                linkUp.append(
                    Sample(
                        links[slot].device == nil ? 0 : 1,
                        [
                            Label("circuit", name), Label("link", links[slot].key.role),
                            Label("device", links[slot].spec.device.description),
                        ]))
            }
        }
        var established: [Sample] = []
        var accepted: [Sample] = []
        var advertised: [Sample] = []
        var flaps: [Sample] = []
        for session in sessions where session.isLive {
            let labels = [
                Label("circuit", session.id.circuit), Label("link", session.id.role),
                Label("peer", session.id.peer.description),
            ]
            established.append(Sample(session.peer.state == .established ? 1 : 0, labels))
            flaps.append(Sample(Double(session.peer.counters.flaps), labels))
            let counts = rib.accepted(session.source)
            let told = session.receiver.map { rib.advertisedCounts($0) } ?? PrefixCounts()
            for family in session.settings.families.sorted() {
                let more = labels + [Label("family", family.description)]
                accepted.append(Sample(Double(counts[family]), more))
                advertised.append(Sample(Double(told[family]), more))
            }
        }
        let status = rib.forwarding
        func one(_ value: some BinaryInteger) -> [Sample] { [Sample(Double(value))] }
        return [
            MetricFamily(
                "circuitd_info", "Version of the daemon.", .gauge,
                [Sample(1, [Label("version", circuitdVersion)])]),
            MetricFamily(
                "circuitd_uptime_seconds", "Time since the start.", .gauge,
                [Sample(startedAt.map { (now - $0).seconds } ?? 0)]),
            MetricFamily(
                "circuitd_circuit_health", "1 for the state that the circuit is in.", .gauge,
                health),
            MetricFamily(
                "circuitd_circuit_links_forwarding", "Links of this edge that forward.", .gauge,
                forwarding),
            MetricFamily(
                "circuitd_link_up", "Whether the link can carry packets.", .gauge, linkUp),
            MetricFamily(
                "circuitd_session_established", "Whether the BGP session is established.", .gauge,
                established),
            MetricFamily(
                "circuitd_session_prefixes_accepted", "Prefixes let in.", .gauge, accepted),
            MetricFamily(
                "circuitd_session_prefixes_advertised", "Prefixes announced.", .gauge,
                advertised),
            MetricFamily(
                "circuitd_session_flaps_total", "Times that the session went down.", .counter,
                flaps),
            MetricFamily(
                "circuitd_kernel_routes_installed", "Routes that the kernel acknowledged.",
                .gauge, one(status.installed)),
            MetricFamily(
                "circuitd_kernel_routes_queued", "Routes that wait to be written.", .gauge,
                one(status.queued)),
            MetricFamily(
                "circuitd_kernel_routes_failing", "Routes that the kernel refused.", .gauge,
                one(status.failing)),
            MetricFamily(
                "circuitd_kernel_route_conflicts", "Foreign routes in our way.", .gauge,
                one(status.conflicts)),
            MetricFamily(
                "circuitd_kernel_nexthop_groups", "Nexthop groups of ours.", .gauge,
                one(status.groups)),
            MetricFamily(
                "circuitd_kernel_steps_total", "Steps that the kernel carried out.", .counter,
                one(totals.stepsDone)),
            MetricFamily(
                "circuitd_kernel_refusals_total", "Steps that the kernel refused.", .counter,
                one(totals.stepsFailed)),
            MetricFamily(
                "circuitd_kernel_resyncs_total", "Complete dumps of the kernel.", .counter,
                one(totals.resyncs)),
            MetricFamily(
                "circuitd_kernel_overflows_total", "Times that events were lost.", .counter,
                one(totals.overflows)),
            MetricFamily(
                "circuitd_file_faults", "Faults of the files.", .gauge,
                one(catalog.faults.filter { $0.severity == .fault }.count)),
            MetricFamily(
                "circuitd_held_removals", "Circuits whose removal waits for confirmation.",
                .gauge, one(catalog.heldRemovals.count)),
        ]
    }
}
