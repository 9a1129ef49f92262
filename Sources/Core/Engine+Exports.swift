// What sessions are told: export policies from the tenants' `exchange` and the circuits'
// `advertise`, and the pull of UPDATE messages.

import BGP
import Intent
import Net
import Routing

extension Engine {
    /// Begins to tell an established session everything that it may hear.
    mutating func feed(_ slot: Int) {
        guard sessions[slot].receiver == nil, let settings = receiverSettings(slot) else { return }
        sessions[slot].receiver = rib.addReceiver(settings)
        receivers.insert(slot)
        ribIsTouched = true
    }

    /// Begins to tell all established sessions that were not told yet.
    mutating func feedAll(at now: Instant, into effects: inout [Effect]) {
        for slot in sessions.indices
        where sessions[slot].isLive && sessions[slot].peer.state == .established {
            feed(slot)
        }
    }

    /// A soft change: what may leave is computed anew, and the difference is sent.
    mutating func updateReceiver(_ slot: Int) {
        guard let receiver = sessions[slot].receiver, let settings = receiverSettings(slot) else {
            return
        }
        rib.update(receiver, settings)
        ribIsTouched = true
    }

    /// A tenant changed: the export policies of its sessions may have.
    mutating func refreshExports(of tenant: String) {
        for link in (linksByTenant[tenant] ?? []).sorted() {
            for slot in links[link].sessions { updateReceiver(slot) }
        }
    }

    /// Asks the shell to pull where there is something to send.
    mutating func settleReceivers(into effects: inout [Effect]) {
        guard ribIsTouched else { return }
        ribIsTouched = false
        for slot in receivers.sorted() {
            guard let receiver = sessions[slot].receiver, rib.hasPending(receiver),
                let way = sessions[slot].peer.establishedWay,
                let id = sessions[slot].connections[way]
            else { continue }
            effects.append(.pull(id))
        }
    }

    private mutating func receiverSettings(_ slot: Int) -> ReceiverSettings? {
        guard let negotiated = sessions[slot].peer.negotiated else { return nil }
        let session = sessions[slot]
        let settings = session.settings
        let spec = links[session.link].spec
        var nextHop4: IPv4Address?
        var nextHop6: IPv6Address?
        // Our end of the session, or in the other family our address on the same link.
        for address in [settings.local] + spec.addresses.map(\.address) {
            switch address {
            case .v4(let address): nextHop4 = nextHop4 ?? address
            case .v6(let address): nextHop6 = nextHop6 ?? address
            }
        }
        var exchange: [ExportPolicy.Exchange] = []
        for leave in tenants[spec.tenant]?.tenant.exchange ?? []
        where leave.to == session.id.circuit {
            exchange.append(
                ExportPolicy.Exchange(circuit: number(of: leave.from), prefixes: leave.prefixes))
        }
        var result = ReceiverSettings(
            space: spec.table, circuit: number(of: session.id.circuit),
            families: negotiated.families, nextHop4: nextHop4,
            nextHop6: nextHop6, origin: origins[spec.tenant],
            hasFourOctetASN: negotiated.hasFourOctetASN,
            messageLimit: negotiated.maximumLength,
            policy: exportPolicy(
                settings, exchange: exchange, isDrained: links[session.link].isDrained))
        result.addPath = negotiated.addPathOut
        result.hasExtendedNextHop = negotiated.hasExtendedNextHop
        result.localID = catalog.settings?.routerID ?? RouterID(raw: 0)
        result.knowsLongLived = !negotiated.longLived.isEmpty
        result.session = session.source
        return result
    }

    private func exportPolicy(
        _ settings: SessionSettings, exchange: [ExportPolicy.Exchange], isDrained: Bool
    ) -> ExportPolicy {
        var policy = ExportPolicy(
            exchange: exchange, advertise: settings.advertise, localASN: settings.localASN,
            peerASN: settings.peerASN, isInternal: settings.isInternal,
            prepend: settings.prepend, med: settings.med, communities: settings.communities,
            removesPrivateAS: settings.removesPrivateAS, overridesAS: settings.overridesAS,
            limit: settings.limits.outbound)
        policy.rules = settings.exportRules
        policy.role = settings.isInternal ? nil : settings.role
        policy.isNextHopSelf = settings.isNextHopSelf
        policy.isReflectorClient = settings.isReflectorClient
        policy.isDrained = isDrained
        return policy
    }
}

extension SessionSettings {
    /// Whether a change from `other` needs a new session: as files and plans declare it.
    func differsInSession(from other: SessionSettings) -> Bool {
        Catalog.impact(from: other, to: self) >= .session
    }
}
