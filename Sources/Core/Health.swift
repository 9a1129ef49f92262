// What "healthy" means. Three layers, never folded into one: files and orders, links, sessions with
// their acknowledged routes. A circuit forwards when packets can pass, not when a session is green.

import BGP
import Control
import Intent
import Net
import Reconcile
import Routing

/// The last verdicts, so that changes are told and dated.
struct HealthBook {
    /// Something happened that may change a verdict.
    var isTouched = false
    var nextLook: Instant?
    var circuits: [String: (health: Health, since: Instant)] = [:]
    /// When the guard first held something back.
    var heldSince: Instant?
    /// Counts looks, for those who keep answers.
    var revision: UInt64 = 0
}

/// One circuit's verdict.
struct Verdict {
    var health: Health
    /// What is wrong with its links and sessions, the worst first.
    var reasons: [String]
    /// What is wrong with its file.
    var faults: [String]
    var forwarding: Int

    /// Everything, the worst first.
    var allReasons: [String] { reasons + faults }
}

extension Engine {
    /// Verdicts are looked at no more often than this.
    static let lookInterval = Duration.milliseconds(100)

    /// Looks at the circuits' health and tells what changed.
    mutating func look(at now: Instant, into effects: inout [Effect]) {
        guard phase == .running else { return }
        if let next = healthBook.nextLook {
            guard next <= now else { return }
        } else if !healthBook.isTouched {
            return
        }
        // The first look after quiet is at once; the next ones keep their distance.
        healthBook.nextLook = healthBook.isTouched ? now + Engine.lookInterval : nil
        guard healthBook.isTouched else { return }
        healthBook.isTouched = false
        healthBook.revision += 1
        healthBook.heldSince = catalog.heldRemovals.isEmpty ? nil : healthBook.heldSince ?? now
        for name in shares.keys.sorted() {
            let verdict = verdict(on: name)
            let old = healthBook.circuits[name]
            guard old?.health != verdict.health else { continue }
            healthBook.circuits[name] = (verdict.health, now)
            guard old != nil else { continue }
            let text = ([verdict.health.rawValue] + verdict.allReasons.prefix(1))
                .joined(separator: ": ")
            tell("circuit", text, circuit: name, at: now, into: &effects)
            log(
                verdict.health == .healthy ? .notice : .warning, text, ["circuit": name],
                into: &effects)
        }
        for name in healthBook.circuits.keys where shares[name] == nil {
            healthBook.circuits[name] = nil
        }
    }

    /// Changes whenever an answer about health may have.
    public var healthRevision: UInt64 { healthBook.revision }

    /// The slots of a circuit's links on this edge.
    func linkSlots(of circuit: String) -> [Int] {
        (shares[circuit]?.localLinks ?? []).compactMap {
            linkSlots[LinkKey(circuit: circuit, peering: $0.peering, role: $0.role)]
        }
    }

    /// One circuit's verdict, the worst reason first.
    func verdict(on circuit: String) -> Verdict {
        let slots = linkSlots(of: circuit)
        var reasons: [String] = []
        var forwarding = 0
        var warnings: [String] = []
        var resting: [String] = []
        for slot in slots {
            let name = links[slot].key.role
            if isInMaintenance(slot) {
                if linkTrouble(slot) == nil { forwarding += 1 }
                resting.append("\(name): \(maintenanceReason(slot))")
            } else if let trouble = linkTrouble(slot) {
                reasons.append("\(name): \(trouble)")
            } else {
                forwarding += 1
                for warning in linkWarnings(slot) { warnings.append("\(name): \(warning)") }
            }
        }
        let faults = catalog.faults(forCircuit: circuit).filter { $0.severity == .fault }
            .map(\.description)
        let health: Health
        if slots.isEmpty {
            health = faults.isEmpty ? .healthy : .degraded
        } else if resting.count == slots.count {
            health = faults.isEmpty ? .maintenance : .degraded
        } else if forwarding == 0 {
            health = .down
        } else if !reasons.isEmpty || !warnings.isEmpty || !faults.isEmpty {
            health = .degraded
        } else {
            health = resting.isEmpty ? .healthy : .maintenance
        }
        return Verdict(
            health: health, reasons: reasons + warnings + resting, faults: faults,
            forwarding: forwarding)
    }

    private func maintenanceReason(_ slot: Int) -> String {
        links[slot].isDrained
            ? "drained by the operator"
            : links[slot].sessions.first.flatMap { sessions[$0].hold } ?? "shut down in its file"
    }

    /// Why a link does not forward in a family that it should; nil when it does in all.
    func linkTrouble(_ slot: Int) -> String? {
        let link = links[slot]
        if let trouble = link.worstTrouble { return trouble }
        guard link.device != nil else { return "being brought up" }
        for session in link.sessions {
            if let trouble = sessionTrouble(session) { return trouble }
        }
        if let source = link.source {
            let waiting = rib.unacknowledged(source)
            if waiting > 0 {
                return "\(waiting) static routes wait for the kernel\(lastRefusal)"
            }
        }
        return nil
    }

    /// Why a session carries nothing; nil when it does.
    func sessionTrouble(_ slot: Int) -> String? {
        let session = sessions[slot]
        if let hold = session.hold { return hold }
        if let reason = holdDownReason(slot) { return reason }
        guard session.peer.state == .established else {
            let why = session.lastError.map { ": \($0)" } ?? ""
            return "BGP to \(session.id.peer) is in \(rfcName(session.peer.state))\(why)"
        }
        let waiting = rib.unacknowledged(session.source)
        if waiting > 0 {
            return "\(waiting) routes of \(session.id.peer) wait for the kernel\(lastRefusal)"
        }
        return nil
    }

    private var lastRefusal: String {
        let status = rib.forwarding
        guard status.failing > 0, let error = status.lastError else { return "" }
        return ": \(error.text)"
    }

    /// What is not right with a link that forwards.
    func linkWarnings(_ slot: Int) -> [String] {
        links[slot].sessions.flatMap { sessionWarnings($0) }
    }

    func sessionWarnings(_ slot: Int) -> [String] {
        let session = sessions[slot]
        let peer = session.id.peer
        var result: [String] = []
        if session.settings.accept == nil {
            result.append("no accept for \(peer): nothing enters (RFC 8212)")
        }
        guard session.peer.state == .established, let negotiated = session.peer.negotiated else {
            return result
        }
        for family in session.settings.families.subtracting(negotiated.families).sorted() {
            result.append("\(peer) does not carry \(family)")
        }
        // Until the peer has ended its first feed, nothing is missing yet.
        let accepted = rib.accepted(session.source).total
        let isFed = session.endOfRIB.isSuperset(of: negotiated.families)
        if isFed, accepted < session.settings.minPrefixes, session.settings.accept != nil {
            let received = rib.received(session.source).total
            result.append(
                accepted == 0
                    ? "accepted no prefix from \(peer) (it announces \(received))"
                    : "accepted \(accepted) prefixes from \(peer), fewer than min-prefixes "
                        + "\(session.settings.minPrefixes)")
        }
        if let limit = session.settings.limits.inbound {
            let counts = rib.received(session.source)
            for family in session.nearLimit.sorted() {
                result.append(
                    "\(peer) announces \(counts[family]) of \(limit) \(family) prefixes allowed")
            }
        }
        if let receiver = session.receiver {
            let heldBack = rib.heldBackCounts(receiver).total
            if heldBack > 0 {
                result.append(
                    "max-prefixes out is reached for \(peer), \(heldBack) held back"
                )
            }
        }
        return result
    }

    /// What is wrong with the daemon itself.
    func daemonHealth(withHost: Bool = true) -> HealthReply {
        switch phase {
        case .starting: return HealthReply(.unhealthy, reasons: ["starting"])
        case .draining, .stopped: return HealthReply(.unhealthy, reasons: ["shutting down"])
        case .running: break
        }
        var reasons: [String] = []
        if let held = heldSentence { reasons.append(held) }
        reasons += catalog.faults.filter { $0.severity == .fault }.map(\.description)
        for (listener, state) in listeners.sorted(by: { describe($0.key) < describe($1.key) }) {
            if let trouble = state.trouble {
                reasons.append("cannot listen on \(describe(listener)): \(trouble)")
            }
        }
        for key in rib.conflicts.prefix(10) {
            reasons.append("a foreign route stands in the way of ours: \(key)")
        }
        if placeholder.isMissing, let device = Placeholder.device {
            let reason = reconciler.status(of: .link(device)).reason.map { ": \($0)" } ?? ""
            reasons.append(
                "\(device) cannot be made, so a lost link takes its routes along\(reason)")
        }
        if withHost, !shares.isEmpty { reasons += hostSettings.faults }
        return HealthReply(reasons.isEmpty ? .ok : .degraded, reasons: reasons)
    }

    /// Names of circuits and tenants whose removal waits for the operator's word.
    var held: (circuits: [String], tenants: [String]) {
        func names(in folder: String) -> [String] {
            catalog.heldRemovals.filter { $0.hasPrefix("\(folder)/") }.map {
                String($0.dropFirst(folder.count + 1).dropLast(".yaml".count))
            }
        }
        return (names(in: "circuits"), names(in: "tenants"))
    }

    /// The guard's sentence, with what to do.
    var heldSentence: String? {
        let held = held
        var parts: [String] = []
        for (noun, names) in [("circuit", held.circuits), ("tenant", held.tenants)]
        where !names.isEmpty {
            let list = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
            parts.append("\(names.count) \(noun)\(names.count == 1 ? "" : "s") (\(list))")
        }
        guard !parts.isEmpty else { return nil }
        return "the files of \(parts.joined(separator: " and ")) are gone, and removal is held "
            + "back: put the files back, or run `circuitctl confirm` to remove what they described"
    }

    /// The answer to a monitor.
    func health(_ scope: Request.HealthScope) -> Reply {
        switch scope {
        case .daemon:
            return .health(daemonHealth())
        case .circuit(let name):
            guard shares[name] != nil else {
                return .refusal(.unknownCircuit(name, known: shares.keys))
            }
            return .health(reply(for: [name], HealthReply(.ok), withFaults: true))
        case .all:
            return .health(reply(for: shares.keys.sorted(), daemonHealth()))
        }
    }

    private func reply(
        for circuits: [String], _ daemon: HealthReply, withFaults: Bool = false
    ) -> HealthReply {
        var result = daemon
        guard daemon.status != .unhealthy else { return result }
        var down: [String] = []
        var degraded: [String] = []
        for name in circuits {
            let verdict = verdict(on: name)
            let text = (withFaults ? verdict.allReasons : verdict.reasons).map { "\(name)/\($0)" }
            switch verdict.health {
            case .down: down += text.isEmpty ? ["\(name) is down"] : text
            case .degraded:
                degraded += text
                result.status = result.status == .ok ? .degraded : result.status
            case .pending, .maintenance, .healthy: break
            }
        }
        if !down.isEmpty {
            result.status = .unhealthy
        } else if !degraded.isEmpty {
            result.status = .degraded
        }
        result.reasons = down + result.reasons + degraded
        return result
    }
}
