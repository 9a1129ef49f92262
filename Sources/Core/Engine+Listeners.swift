// Listening sockets: one for each VRF, family and port that a session can be reached by.

import Intent
import Net
import Reconcile

extension Engine {
    private func listener(_ slot: Int, _ settings: SessionSettings) -> Listener {
        Listener(
            vrf: links[sessions[slot].link].spec.vrf, family: settings.peer.family,
            port: settings.port)
    }

    mutating func joinListener(_ slot: Int) {
        let listener = listener(slot, sessions[slot].settings)
        listeners[listener, default: ListenerState()].users.insert(slot)
        touchedDevices.insert(links[sessions[slot].link].spec.device)
    }

    mutating func leaveListener(
        _ slot: Int, _ settings: SessionSettings, into effects: inout [Effect]
    ) {
        let listener = listener(slot, settings)
        listeners[listener]?.users.remove(slot)
        guard let state = listeners[listener] else { return }
        if state.users.isEmpty {
            if state.isOpen { effects.append(.stopListening(listener)) }
            listeners[listener] = nil
        } else if state.isOpen, rules(of: listener) != state.rules {
            open(listener, into: &effects)
        }
    }

    /// Opens what can be opened: in a VRF only once its device is there, and again when the device
    /// was made anew.
    mutating func settleListeners(into effects: inout [Effect]) {
        guard phase == .running else { return }
        for (listener, state) in listeners.sorted(by: { describe($0.key) < describe($1.key) }) {
            let device = listener.vrf.flatMap { reconciler.observed.index(of: $0) }
            if listener.vrf != nil, device == nil {
                if state.isOpen { effects.append(.stopListening(listener)) }
                listeners[listener]?.isOpen = false
                continue
            }
            if state.isOpen, state.device != device {
                effects.append(.stopListening(listener))
                listeners[listener]?.isOpen = false
            }
            if !(listeners[listener]?.isOpen ?? true) || rules(of: listener) != state.rules {
                open(listener, into: &effects)
            }
        }
    }

    mutating func open(_ listener: Listener, into effects: inout [Effect]) {
        let rules = rules(of: listener)
        listeners[listener]?.rules = rules
        listeners[listener]?.isOpen = true
        listeners[listener]?.retryAt = nil
        listeners[listener]?.device = listener.vrf.flatMap { reconciler.observed.index(of: $0) }
        effects.append(.listen(listener, rules))
    }

    private func rules(of listener: Listener) -> ListenerRules {
        var rules = ListenerRules()
        for slot in (listeners[listener]?.users ?? []).sorted() {
            let settings = sessions[slot].settings
            if settings.hasTTLSecurity { rules.neighbours.append(settings.peer) }
            if let password = settings.password, let digest = password.digest {
                rules.keys.append(
                    ListenerKey(peer: settings.peer, file: password.file, digest: digest))
            }
        }
        return rules
    }

    func describe(_ listener: Listener) -> String {
        "port \(listener.port) (\(listener.family)\(listener.vrf.map { ", \($0)" } ?? ""))"
    }
}
