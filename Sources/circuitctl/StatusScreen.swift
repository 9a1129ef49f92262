// `circuitctl status` and `circuitctl circuits`. Whoever reads this was woken up: what is broken and
// why stands first, and nothing that is well may push it off a screen of 24 rows.

import Control

extension Health {
    var styled: Styled {
        switch self {
        case .healthy: Styled(rawValue, .good)
        case .degraded: Styled(rawValue, .warning)
        case .down: Styled(rawValue, .bad)
        case .pending, .maintenance: Styled(rawValue, .dim)
        }
    }
}

extension HealthReply.Status {
    var styled: Styled {
        switch self {
        case .ok: Styled(rawValue, .good)
        case .degraded: Styled(rawValue, .warning)
        case .unhealthy: Styled(rawValue, .bad)
        }
    }
}

/// How much of each part the status screen shows.
struct StatusLimits {
    var troubled = 40
    var reasons = 3
    var faults = 8
    var healthy: Int?
}

extension Screen {
    /// The edge as a whole, and its circuits.
    mutating func status(_ status: StatusReply, _ circuits: [CircuitSummary], height: Int?) {
        let limits = StatusLimits()
        head(status)
        for reason in status.daemon.reasons { line(mark(.bad) + Styled(reason), hanging: 2) }
        let sorted = sortedByNeed(circuits)
        let troubled = sorted.filter { $0.health < .pending }
        let quiet = sorted.filter { $0.health >= .pending }
        if !troubled.isEmpty {
            gap()
            append(circuitTable(Array(troubled.prefix(limits.troubled)), limits: limits))
            more(troubled.count - limits.troubled, "in trouble")
        }
        held(status.heldRemovals)
        if !status.faults.isEmpty {
            gap()
            line(Styled(counted(status.faults.count, "fault") + " in the files", .bold))
            for fault in status.faults.prefix(limits.faults) {
                line(Styled(fault.description), indent: 2, hanging: 2)
            }
            let rest = status.faults.count - limits.faults
            if rest > 0 { line("and \(grouped(rest)) more: circuitctl check", indent: 2) }
        }
        kernelTrouble(status)
        guard !quiet.isEmpty else { return }
        gap()
        // The healthy ones fill what is left of the terminal, eight at least.
        let room = height.map { max(8, $0 - lines.count - 3) } ?? quiet.count
        append(circuitTable(Array(quiet.prefix(room)), limits: limits))
        more(quiet.count - room, "well")
    }

    private mutating func head(_ status: StatusReply) {
        let counts = status.counts
        line(
            Styled(status.edge, .bold) + "  " + status.overall.styled
                + Styled("  up \(elapsed(status.uptimeSeconds)), AS\(status.asn), router-id ")
                + Styled("\(status.routerID), circuitd \(status.version)"), hanging: 2)
        var parts: [Styled] = []
        for (count, health) in [
            (counts.down, Health.down), (counts.degraded, .degraded), (counts.pending, .pending),
            (counts.maintenance, .maintenance), (counts.healthy, .healthy),
        ] where count > 0 {
            parts.append(Styled("\(grouped(count)) ") + health.styled)
        }
        var text = Styled(counted(counts.circuits, "circuit"))
        for (position, part) in parts.enumerated() { text += (position == 0 ? ": " : ", ") + part }
        line(
            text
                + Styled("; links \(counts.linksForwarding)/\(counts.links), sessions ")
                + Styled("\(counts.sessionsEstablished)/\(counts.sessions)"), hanging: 2)
        let kernel = status.kernel
        var routes = "\(grouped(kernel.routesInstalled)) of "
        routes += "\(counted(kernel.routesWanted, "route")) installed"
        if kernel.routesStale > 0 { routes += ", \(grouped(kernel.routesStale)) stale" }
        let resync = kernel.resyncSeconds.map { "read \(elapsed($0)) ago" } ?? "not read yet"
        let steps = kernel.pendingSteps
        let state: Styled =
            kernel.settled
            ? "settled" : Styled("\(counted(steps, "step")) to go", .warning)
        line("kernel " + state + Styled(", \(routes), \(resync)"), hanging: 2)
    }

    private mutating func held(_ held: HeldRemovals?) {
        guard let held else { return }
        gap()
        var names: [String] = []
        if !held.circuits.isEmpty {
            names.append(
                counted(held.circuits.count, "circuit") + " (\(shortened(held.circuits)))")
        }
        if !held.tenants.isEmpty {
            names.append(counted(held.tenants.count, "tenant") + " (\(shortened(held.tenants)))")
        }
        line(
            Styled("removal held back", .warning)
                + Styled(" for \(elapsed(held.sinceSeconds)): \(names.joined(separator: ", "));")
                + " the files are gone, the circuits run on. Put the files back, or let them go:"
                + " circuitctl confirm", hanging: 2)
    }

    private mutating func kernelTrouble(_ status: StatusReply) {
        let kernel = status.kernel
        let sentences =
            status.settingsWarnings.map { "host: \($0)" }
            + kernel.conflicts.map { "conflict: \($0)" }
        guard !sentences.isEmpty || kernel.refusedSteps > 0 else { return }
        gap()
        if kernel.refusedSteps > 0 {
            let last = kernel.lastRefusal.map { "; the last: \($0)" } ?? ""
            line(
                mark(.bad)
                    + Styled("kernel: \(counted(kernel.refusedSteps, "step")) refused\(last)"),
                hanging: 2)
        }
        for sentence in sentences.prefix(8) { line(mark(.warning) + Styled(sentence), hanging: 2) }
        if sentences.count > 8 { line("and \(sentences.count - 8) more: --json", indent: 2) }
    }

    /// A list of all circuits.
    mutating func circuits(_ reply: CircuitsReply) {
        guard !reply.circuits.isEmpty else {
            line("no circuits on this edge")
            return
        }
        append(circuitTable(sortedByNeed(reply.circuits), limits: StatusLimits(), isWide: true))
    }

    private mutating func more(_ count: Int, _ what: String) {
        if count > 0 { line("and \(grouped(count)) more \(what): circuitctl circuits", indent: 2) }
    }
}

/// `! ` in the style of its weight.
func mark(_ style: Style) -> Styled { Styled("!", style) + " " }

/// The worst first, then by name.
func sortedByNeed(_ circuits: [CircuitSummary]) -> [CircuitSummary] {
    circuits.sorted { ($0.health, $0.name) < ($1.health, $1.name) }
}

private func circuitTable(
    _ circuits: [CircuitSummary], limits: StatusLimits, isWide: Bool = false
) -> Table {
    var table = Table([
        ("CIRCUIT", .left), ("HEALTH", .left), ("FOR", .left), ("LINKS", .right), ("IN", .right),
        ("OUT", .right), ("TENANT", .left), ("PROVIDER", .left),
    ])
    for circuit in circuits {
        table.row([
            Styled(circuit.name, .bold), circuit.health.styled,
            Styled(elapsed(circuit.sinceSeconds)), Styled(circuit.links.text),
            Styled(grouped(circuit.prefixesIn)), Styled(grouped(circuit.prefixesOut)),
            Styled(circuit.tenants.joined(separator: ",")), Styled(isWide ? circuit.provider : ""),
        ])
        for reason in circuit.reasons.prefix(limits.reasons) { table.detail(Styled(reason)) }
        let rest = circuit.reasons.count - limits.reasons
        if rest > 0 { table.detail("and \(rest) more: circuitctl circuit \(circuit.name)") }
        if circuit.health < .pending, let place = circuit.links.placeText {
            table.detail(Styled(place, .dim))
        }
    }
    return table
}

private func shortened(_ names: [String]) -> String {
    let shown = names.prefix(3).joined(separator: ", ")
    return names.count > 3 ? "\(shown), ..." : shown
}
