// Requests of the control API to replies. Snapshots of what is, and the few verbs that change it.

import BGP
public import Control
import Intent
public import Net
import Reconcile
import Routing

extension Engine {
    /// Answers a request. Verbs that change something take effect with their effects.
    public mutating func asked(
        _ request: Request, at now: Instant, into effects: inout [Effect]
    ) -> Reply {
        switch request {
        case .health(let scope): return health(scope)
        case .status: return .status(status(at: now))
        case .circuits:
            return .circuits(
                CircuitsReply(circuits: shares.keys.sorted().map { summary($0, at: now) }))
        case .circuit(let name):
            guard shares[name] != nil else { return .refusal(unknownCircuit(name)) }
            return .circuit(circuit(name, at: now))
        case .circuitRoutes(let name, let query): return routes(ofCircuit: name, query)
        case .tenantRoutes(let name, let query): return routes(ofTenant: name, query)
        case .why(let scope, let prefix): return why(scope, prefix)
        case .policy(let name): return policy(ofCircuit: name)
        case .plan:
            return .plan(
                PlanReply(
                    changes: (held.circuits + held.tenants.map { "tenant \($0)" }).map {
                        PlanReply.Change(
                            circuit: $0, impact: .interface,
                            sentence: "would be removed; waits for `circuitctl confirm`")
                    },
                    steps: reconciler.unsettled.map { entry in
                        "\(entry.key): \(entry.status.reason ?? "being worked on")"
                    }))
        case .events: return .events(events.recent)
        case .metrics: return .metrics(metrics(at: now))
        case .reload:
            effects.append(.reread)
            return .action(ActionReply("reading the files again"))
        case .confirm:
            let held = held
            apply(catalog.confirm(at: now), at: now, into: &effects)
            log(
                .notice, "removals that were held back are confirmed by the operator",
                [
                    "circuits": held.circuits.joined(separator: ","),
                    "tenants": held.tenants.joined(separator: ","),
                ], into: &effects)
            return .confirm(ConfirmReply(circuits: held.circuits, tenants: held.tenants))
        case .shutdown:
            drainAndShutDown(at: now, into: &effects)
            return .action(
                ActionReply("moving traffic away, then removing everything of ours and ending"))
        case .link(let name, let action):
            return act(action, on: name, at: now, into: &effects)
        case .clear(let clear): return self.clear(clear, at: now, into: &effects)
        }
    }

    /// A circuit whose file was never good is not one that nobody knows.
    func unknownCircuit(_ name: String) -> RequestError {
        guard let fault = catalog.faults(forCircuit: name).first(where: { $0.severity == .fault })
        else { return .unknownCircuit(name, known: shares.keys) }
        return RequestError(
            status: 404, "circuit \(name) was never applied, its file is faulty: \(fault)")
    }

    // Replies

    private func status(at now: Instant) -> StatusReply {
        let forwarding = rib.forwarding
        var counts = Counts(circuits: shares.count, tenants: tenants.count)
        for name in shares.keys {
            let verdict = verdict(on: name)
            switch verdict.health {
            case .healthy: counts.healthy += 1
            case .degraded: counts.degraded += 1
            case .down: counts.down += 1
            case .pending: counts.pending += 1
            case .maintenance: counts.maintenance += 1
            }
            counts.linksForwarding += verdict.forwarding
        }
        for link in links where link.isLive { counts.links += 1 }
        for session in sessions where session.isLive {
            counts.sessions += 1
            if session.peer.state == .established { counts.sessionsEstablished += 1 }
        }
        let held = held
        let unsettled = reconciler.unsettled
        let refusals = unsettled.compactMap { entry -> String? in
            if case .failed(let reason, _) = entry.status { reason } else { nil }
        }
        return StatusReply(
            edge: catalog.settings?.edge ?? options.hostName, version: circuitdVersion,
            uptimeSeconds: seconds(since: startedAt, now),
            routerID: catalog.settings?.routerID.description ?? "",
            asn: catalog.settings?.asn.rawValue ?? 0, generation: generation,
            daemon: daemonHealth(withHost: false), faults: catalog.fileFaults.map(FileFault.init),
            heldRemovals: held.circuits.isEmpty && held.tenants.isEmpty
                ? nil
                : HeldRemovals(
                    circuits: held.circuits, tenants: held.tenants,
                    sinceSeconds: seconds(since: healthBook.heldSince, now)),
            settingsWarnings: shares.isEmpty ? [] : hostSettings.faults, counts: counts,
            kernel: KernelStatus(
                settled: forwarding.isSettled && reconciler.isSettled,
                pendingSteps: forwarding.queued + forwarding.inFlight + unsettled.count,
                refusedSteps: forwarding.failing + refusals.count,
                lastRefusal: forwarding.failing > 0
                    ? forwarding.lastError?.description : refusals.first,
                routesWanted: forwarding.installed + forwarding.queued,
                routesInstalled: forwarding.installed,
                routesStale: staleRoutes, conflicts: rib.conflicts.map(\.description),
                resyncSeconds: lastDump.map { seconds(since: $0, now) }))
    }

    private var staleRoutes: Int {
        Set(links.filter(\.isLive).map(\.spec.table)).reduce(0) { $0 + rib.staleCount($1) }
    }

    func seconds(since instant: Instant?, _ now: Instant) -> Int {
        guard let instant else { return 0 }
        return Int(max(0, (now - instant).seconds))
    }

    private func summary(_ name: String, at now: Instant) -> CircuitSummary {
        let verdict = verdict(on: name)
        let circuit = catalog.circuit(named: name)
        var prefixesIn = 0
        var prefixesOut = 0
        for slot in linkSlots(of: name) {
            if let source = links[slot].source { prefixesIn += Int(rib.accepted(source).total) }
            for session in links[slot].sessions {
                prefixesIn += Int(rib.accepted(sessions[session].source).total)
                if let receiver = sessions[session].receiver {
                    prefixesOut += Int(rib.advertisedCounts(receiver).total)
                }
            }
        }
        return CircuitSummary(
            name: name, tenants: Set((circuit?.peerings ?? []).map(\.tenant)).sorted(),
            provider: circuit?.provider ?? "", health: verdict.health, reasons: verdict.allReasons,
            links: LinkCount(
                forwarding: verdict.forwarding, here: shares[name]?.localLinks.count ?? 0,
                elsewhere: shares[name]?.remoteLinks ?? []),
            prefixesIn: prefixesIn, prefixesOut: prefixesOut,
            sinceSeconds: seconds(since: healthBook.circuits[name]?.since, now))
    }

    private func circuit(_ name: String, at now: Instant) -> CircuitReply {
        let circuit = catalog.circuit(named: name)
        var wanted = 0
        var missing = 0
        for slot in linkSlots(of: name) {
            for source in [links[slot].source]
                + links[slot].sessions.map({ sessions[$0].source as SourceID? })
            {
                guard let source else { continue }
                wanted += Int(rib.accepted(source).total)
                missing += Int(rib.unacknowledged(source))
            }
        }
        return CircuitReply(
            summary: summary(name, at: now), note: circuit?.note ?? "",
            bandwidth: circuit?.bandwidth,
            links: linkSlots(of: name).map { link($0, circuit, at: now) },
            faults: catalog.faults(forCircuit: name).map(FileFault.init), routesWanted: wanted,
            routesInstalled: wanted - missing)
    }

    private func link(_ slot: Int, _ circuit: Circuit?, at now: Instant) -> LinkReply {
        let spec = links[slot].spec
        let observed = reconciler.observed.link(named: spec.device)
        let trouble = linkTrouble(slot)
        let source = circuit?.peerings.first { $0.name == spec.peering }?
            .links.first { $0.role == spec.role }
        return LinkReply(
            peering: spec.peering, role: spec.role, tenant: spec.tenant,
            forwarding: trouble == nil, drained: links[slot].isDrained,
            state: trouble ?? (links[slot].isDrained ? "drained by the operator" : "forwarding"),
            port: source?.port ?? "", portDevice: spec.port.description,
            device: spec.device.description,
            tags: source.map { tags($0.encapsulation, port: $0.port) } ?? "",
            vrf: spec.vrf?.description, table: spec.table.rawValue, mtu: observed?.mtu,
            carrier: observed?.hasCarrier ?? false,
            addresses: spec.addresses.map { address in
                let state: AddressReply.State =
                    switch reconciler.observed.addressState(address, on: spec.device) {
                    case .ready: .ready
                    case .tentative: .tentative
                    case .duplicate: .duplicate
                    case nil: .missing
                    }
                return AddressReply(address.description, state)
            },
            gateways: spec.routes.isEmpty ? [] : spec.gateways.map(\.description),
            staticRoutes: spec.routes.count,
            sessions: links[slot].sessions.map { session($0, at: now) })
    }

    private func tags(_ encapsulation: Encapsulation, port: String) -> String {
        let outer = catalog.settings?.ports[port]?.outerTag ?? .dot1q
        return switch encapsulation {
        case .untagged: "untagged"
        case .vlan(let id): VLANTag(.dot1q, id).description
        case .qinq(let stag, let ctag): "\(VLANTag(outer, stag)), \(VLANTag(.dot1q, ctag))"
        }
    }
}

extension FileFault {
    init(_ fault: Fault) {
        self.init(
            file: fault.file, line: fault.line, column: fault.column, sentence: fault.sentence,
            severity: fault.severity == .warning ? .warning : .fault)
    }
}
