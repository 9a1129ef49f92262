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

extension Screen {
    /// The edge as a whole, and its circuits. On a terminal of `height` rows it keeps within them
    /// as long as the parts in trouble allow.
    mutating func status(_ status: StatusReply, _ circuits: [CircuitSummary], height: Int?) {
        let sorted = sortedByNeed(circuits)
        let troubled = sorted.filter { $0.health < .pending }.map { pointing($0, status.faults) }
        let quiet = sorted.filter { $0.health >= .pending }
        head(status)
        for reason in status.daemon.reasons where !status.tells(reason) {
            line(mark(.bad) + Styled(reason), hanging: 2)
        }
        let isTight = height != nil && !troubled.isEmpty
        var below = Screen(width: width)
        below.held(status.heldRemovals)
        if !isTight { below.gap() }
        below.faults(status.faults, most: isTight ? 4 : height == nil ? .max : 8)
        if !isTight { below.gap() }
        below.kernelTrouble(status)
        // A third of the rows, so that the circuits in trouble stay in sight.
        if isTight, let height { below.cut(to: max(8, height / 3)) }
        // What stands around the circuits: gaps, a line about the rest, and the next prompt.
        let room = height.map { max(6, $0 - lines.count - below.lines.count - 5) }
        var (table, count) = fitting(troubled, into: room)
        table.align(with: circuitTable(Array(quiet.prefix(height ?? quiet.count)), reasons: 0))
        if count > 0 {
            gap()
            append(table)
            more(troubled.count - count, "in trouble")
        }
        below.trim()
        if !below.lines.isEmpty {
            gap()
            append(below)
        }
        guard !quiet.isEmpty else { return }
        let left = height.map { max(0, $0 - lines.count - 4) } ?? quiet.count
        gap()
        guard left > 0 else {
            line(Styled("\(counted(quiet.count, "circuit")) well: circuitctl circuits"))
            return
        }
        var rest = circuitTable(Array(quiet.prefix(left)), reasons: 1)
        rest.align(with: table)
        append(rest)
        more(quiet.count - left, "well")
    }

    /// The circuits in trouble with their reasons; where all do not fit into `room` rows, with one
    /// reason each and as many circuits as do.
    private func fitting(_ circuits: [CircuitSummary], into room: Int?) -> (Table, count: Int) {
        func rows(_ table: Table) -> Int {
            var screen = Screen(width: width)
            screen.append(table)
            return screen.lines.count
        }
        let full = circuitTable(circuits, reasons: 3)
        guard let room, circuits.count > 1, rows(full) > room else { return (full, circuits.count) }
        var best = (circuitTable(Array(circuits.prefix(1)), reasons: 1), count: 1)
        for count in 2...min(circuits.count, max(room, 2)) {
            let table = circuitTable(Array(circuits.prefix(count)), reasons: 1)
            guard rows(table) <= room else { break }
            best = (table, count)
        }
        return best
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
                + " put the files back, or let go: `circuitctl confirm`",
            hanging: 2)
    }

    private mutating func faults(_ faults: [FileFault], most: Int) {
        guard !faults.isEmpty else { return }
        let hard = faults.count { $0.severity == .fault }
        let parts = [(hard, "fault"), (faults.count - hard, "warning")].filter { $0.0 > 0 }
        line(
            Styled(
                parts.map { counted($0.0, $0.1) }.joined(separator: ", ") + " in the files", .bold))
        for fault in faults.prefix(most) {
            line(Styled(fault.description), indent: 2, hanging: 2)
        }
        let rest = faults.count - most
        if rest > 0 { line("and \(grouped(rest)) more: circuitctl check", indent: 2) }
    }

    private mutating func kernelTrouble(_ status: StatusReply) {
        let kernel = status.kernel
        let sentences =
            status.settingsWarnings.map { "host: \($0)" }
            + kernel.conflicts.map { "conflict: \($0)" }
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
        append(circuitTable(sortedByNeed(reply.circuits), reasons: 3, isWide: true))
    }

    private mutating func more(_ count: Int, _ what: String) {
        if count > 0 { line("and \(grouped(count)) more \(what): circuitctl circuits", indent: 2) }
    }
}

/// `! ` in the style of its weight.
func mark(_ style: Style) -> Styled { Styled("!", style) + " " }

extension StatusReply {
    /// Whether a reason of the daemon's is told by one of the screen's own parts.
    fileprivate func tells(_ reason: String) -> Bool {
        faults.contains { $0.description == reason } || settingsWarnings.contains(reason)
            || kernel.conflicts.contains { reason.hasSuffix(": \($0)") }
            || heldRemovals != nil && reason.contains("`circuitctl confirm`")
    }
}

/// The circuit with a pointer in the place of faults that the screen lists in full further down.
private func pointing(_ circuit: CircuitSummary, _ faults: [FileFault]) -> CircuitSummary {
    var result = circuit
    result.reasons = []
    for reason in circuit.reasons {
        let file = faults.first { $0.description == reason }?.file
        let text = file.map { "\($0) has a fault, see below; what it said before holds" } ?? reason
        if !result.reasons.contains(text) { result.reasons.append(text) }
    }
    return result
}

/// The worst first, then by name.
func sortedByNeed(_ circuits: [CircuitSummary]) -> [CircuitSummary] {
    circuits.sorted { ($0.health, $0.name) < ($1.health, $1.name) }
}

/// A row a circuit, and below it at most `reasons` of its reasons.
private func circuitTable(
    _ circuits: [CircuitSummary], reasons: Int, isWide: Bool = false
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
        let rest = circuit.reasons.count - reasons
        if reasons == 1, rest > 0, let reason = circuit.reasons.first {
            table.detail(Styled("\(reason) (and \(rest) more)"))
            continue
        }
        for reason in circuit.reasons.prefix(reasons) { table.detail(Styled(reason)) }
        guard reasons > 1 else { continue }
        if rest > 0 { table.detail(Styled("and \(rest) more: circuitctl circuit \(circuit.name)")) }
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
