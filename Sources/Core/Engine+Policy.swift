// The resolved policy of a circuit's sessions, from the files' keys and the tenant's `exchange`.

import Control
import Intent
import Net

extension Engine {
    func policy(ofCircuit name: String) -> Reply {
        guard shares[name] != nil else { return .refusal(unknownCircuit(name)) }
        return .policy(
            PolicyReply(
                circuit: name, provider: catalog.circuit(named: name)?.provider ?? "",
                sessions: linkSlots(of: name).flatMap { slot in
                    links[slot].sessions.map { SessionPolicy(terms($0, on: slot)) }
                }))
    }

    private func terms(_ session: Int, on slot: Int) -> PolicyTerms {
        let settings = sessions[session].settings
        let key = links[slot].key
        let tenant = tenants[links[slot].spec.tenant]?.tenant
        var terms = PolicyTerms(
            link: key.role, tenant: links[slot].spec.tenant, peer: settings.peer,
            peerASN: settings.peerASN, localASN: settings.localASN, families: settings.families)
        terms.peering = key.peering
        terms.isPublic = settings.isPublic
        terms.isDrained = links[slot].isDrained
        terms.shutdown = settings.shutdown
        terms.role = settings.role
        terms.isRoleStrict = settings.isRoleStrict
        terms.isReflectorClient = settings.isReflectorClient
        terms.enforcesFirstAS = settings.enforcesFirstAS
        terms.accept = settings.accept?.only(settings.families)
        terms.acceptsDefault = settings.acceptsDefault
        terms.allowOwnAS = settings.allowOwnAS
        terms.importRules = settings.importRules
        terms.localPref = settings.localPref
        terms.multipath = settings.multipath
        terms.limitIn = settings.limits.inbound
        terms.warn = settings.limits.warn
        terms.holdDown = settings.limits.holdDown
        terms.networks = (tenant?.networks.map(\.prefix) ?? []).filter {
            settings.families.contains($0.family)
        }
        terms.exchange = (tenant?.exchange ?? []).filter { $0.to == key.circuit }.map {
            PolicyTerms.Exchange(
                circuit: $0.from, prefixes: $0.prefixes?.only(settings.families))
        }
        terms.advertise = settings.advertise?.only(settings.families)
        terms.advertisesDefault = settings.advertisesDefault
        terms.removesPrivateAS = settings.removesPrivateAS
        terms.overridesAS = settings.overridesAS
        terms.prepend = settings.prepend
        terms.med = settings.med
        terms.communities = settings.communities
        terms.isNextHopSelf = settings.isNextHopSelf
        terms.exportRules = settings.exportRules
        terms.limitOut = settings.limits.outbound
        return terms
    }
}

extension PrefixFilter {
    /// The rules of these families: the others never meet a route of the session.
    fileprivate func only(_ families: Set<Family>) -> PrefixFilter {
        PrefixFilter(rules.filter { families.contains($0.prefix.family) })
    }
}
