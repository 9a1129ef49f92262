// What an operator does to links and sessions: drain, undrain, clear.

import BGP
import Control
import Intent
import Net
import Routing

extension Engine {
    mutating func act(
        _ action: Request.LinkAction, on name: Request.LinkName, at now: Instant,
        into effects: inout [Effect]
    ) -> Reply {
        guard shares[name.circuit] != nil else { return .refusal(unknownCircuit(name.circuit)) }
        let slots = linkSlots(of: name.circuit).filter {
            links[$0].key.role == name.role && isMeant(links[$0].key, peering: name.peering)
        }
        guard let slot = slots.first, slots.count == 1 else {
            return .refusal(unknownLink(name))
        }
        setDrained(action == .drain, slot, at: now, into: &effects)
        return .action(
            ActionReply(
                action == .drain
                    ? "traffic of \(name) is being moved away" : "\(name) takes traffic again"))
    }

    mutating func clear(
        _ clear: Request.Clear, at now: Instant, into effects: inout [Effect]
    ) -> Reply {
        guard shares[clear.circuit] != nil else { return .refusal(unknownCircuit(clear.circuit)) }
        let slots = linkSlots(of: clear.circuit).filter { slot in
            (clear.role.map { links[slot].key.role == $0 } ?? true)
                && isMeant(links[slot].key, peering: clear.peering)
        }
        guard !slots.isEmpty else {
            return .refusal(
                unknownLink(
                    Request.LinkName(
                        circuit: clear.circuit, peering: clear.peering, role: clear.role ?? "")))
        }
        let all = slots.flatMap { links[$0].sessions }
        let meant = all.filter { slot in clear.peer.map { sessions[slot].id.peer == $0 } ?? true }
        guard !meant.isEmpty else {
            let sentence =
                clear.peer.map { "there is no session with \($0) here" }
                ?? "circuit \(clear.circuit) has no session here"
            return .refusal(RequestError(status: 404, sentence))
        }
        var done = 0
        for slot in meant {
            switch clear.kind {
            case .hard:
                clearSession(
                    slot, reason: clear.reason.isEmpty ? nil : clear.reason, at: now,
                    into: &effects)
                done += 1
            case .softIn: done += refreshIn(slot, at: now, into: &effects) ? 1 : 0
            case .softOut: done += refreshOut(slot, at: now, into: &effects) ? 1 : 0
            }
        }
        let count = meant.count == 1 ? "the session" : "\(done) of \(meant.count) sessions"
        switch clear.kind {
        case .hard: return .action(ActionReply("reset: \(count) of \(clear.circuit)"))
        case .softIn where done == 0:
            return .refusal(
                RequestError(status: 409, "no peer there can be asked for its routes again"))
        case .softIn:
            return .action(ActionReply("asked for all routes again: \(count) of \(clear.circuit)"))
        case .softOut where done == 0:
            return .refusal(RequestError(status: 409, "no session there is established"))
        case .softOut:
            return .action(ActionReply("sending all routes again: \(count) of \(clear.circuit)"))
        }
    }

    private func isMeant(_ key: LinkKey, peering: String?) -> Bool {
        peering.map { $0.isEmpty || key.peering == $0 } ?? true
    }

    private func unknownLink(_ name: Request.LinkName) -> RequestError {
        .unknownLink(
            name,
            known: linkSlots(of: name.circuit).map {
                [links[$0].key.circuit, links[$0].key.peering, links[$0].key.role]
                    .filter { !$0.isEmpty }.joined(separator: "/")
            })
    }
}
