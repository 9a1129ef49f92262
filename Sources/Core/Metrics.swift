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
        func gauge(_ name: String, _ help: String, _ samples: [Sample]) -> MetricFamily {
            MetricFamily("circuitd_" + name, help, .gauge, samples)
        }
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            gauge(name, help, [Sample(Double(value))])
        }
        func counter(_ name: String, _ help: String, _ samples: [Sample]) -> MetricFamily {
            MetricFamily("circuitd_" + name, help, .counter, samples)
        }
        func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
            counter(name, help, [Sample(Double(value))])
        }
        let uptime = startedAt.map { (now - $0).seconds } ?? 0
        let faults = catalog.faults.filter { $0.severity == .fault }.count
        let held = catalog.heldRemovals.count
        return [
            gauge(
                "info", "Version of the daemon.", [Sample(1, [Label("version", circuitdVersion)])]),
            gauge("uptime_seconds", "Time since the start.", [Sample(uptime)]),
            gauge("circuit_health", "1 for the state that the circuit is in.", health),
            gauge("circuit_links_forwarding", "Links of this edge that forward.", forwarding),
            gauge("link_up", "Whether the link can carry packets.", linkUp),
            gauge("session_established", "Whether the BGP session is established.", established),
            gauge("session_prefixes_accepted", "Prefixes let in.", accepted),
            gauge("session_prefixes_advertised", "Prefixes announced.", advertised),
            counter("session_flaps_total", "Times that the session went down.", flaps),
            gauge(
                "kernel_routes_installed", "Routes that the kernel acknowledged.", status.installed),
            gauge("kernel_routes_queued", "Routes that wait to be written.", status.queued),
            gauge("kernel_routes_failing", "Routes that the kernel refused.", status.failing),
            gauge("kernel_route_conflicts", "Foreign routes in our way.", status.conflicts),
            gauge("kernel_nexthop_groups", "Nexthop groups of ours.", status.groups),
            counter("kernel_steps_total", "Steps that the kernel carried out.", totals.stepsDone),
            counter("kernel_refusals_total", "Steps that the kernel refused.", totals.stepsFailed),
            counter("kernel_resyncs_total", "Complete dumps of the kernel.", totals.resyncs),
            counter("kernel_overflows_total", "Times that events were lost.", totals.overflows),
            gauge("file_faults", "Faults of the files.", faults),
            gauge("held_removals", "Removals that wait for confirmation.", held),
        ]
    }
}
