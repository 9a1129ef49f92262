// Why a prefix is routed as it is: its paths in the order of selection and what the kernel has.

import BGP
import Control
import Intent
import Net
import Reconcile
import Routing

extension Engine {
    func why(_ scope: Request.WhyScope, _ prefix: Prefix) -> Reply {
        let names: [String]
        switch scope {
        case .all: names = tenants.keys.sorted()
        case .tenant(let name):
            guard tenants[name] != nil else {
                return .refusal(.unknownTenant(name, known: tenants.keys))
            }
            names = [name]
        case .circuit(let name):
            guard shares[name] != nil else { return .refusal(unknownCircuit(name)) }
            names = Set(linkSlots(of: name).map { links[$0].spec.tenant }).sorted()
        }
        return .why(
            WhyReply(
                asked: prefix.description,
                tables: names.compactMap { tenants[$0] }.map { why($0.tenant, prefix) }))
    }

    private func why(_ tenant: Tenant, _ asked: Prefix) -> WhyTable {
        // Tenants may share the main table: only what is this one's.
        let own = Set(
            links.indices.filter { links[$0].isLive && links[$0].spec.tenant == tenant.name }
                .flatMap { slot in
                    [links[slot].source].compactMap { $0 }
                        + links[slot].sessions.map { sessions[$0].source }
                } + [origins[tenant.name]].compactMap { $0 })
        var entries: [PathEntry] = []
        var prefix: Prefix?
        for length in (0...asked.length).reversed() {
            let covering = Prefix(asked.address, length: length)
            entries = rib.explain(tenant.table, covering).filter { own.contains($0.source) }
            if !entries.isEmpty {
                prefix = covering
                break
            }
        }
        return WhyTable(
            tenant: tenant.name, table: tenant.table.rawValue,
            vrf: tenants[tenant.name]?.vrf?.name.description, asked: asked.description,
            prefix: prefix?.description, candidates: entries.map { path($0) },
            kernel: prefix.flatMap { kernel($0, tenant, entries) })
    }

    private func path(_ entry: PathEntry) -> WhyPath {
        let session = owner(of: entry.source).map { sessions[$0] }
        let kind: WhyPath.Kind =
            if let session {
                session.settings.isInternal ? .internal : .external
            } else if links.contains(where: { $0.isLive && $0.source == entry.source }) {
                .static
            } else {
                .network
            }
        let attributes =
            entry.attributes.isEmpty ? nil : PathAttributes(canonical: entry.attributes)
        let verdict: WhyPath.Verdict =
            if entry.refusal != nil {
                .refused
            } else if entry.isBest {
                .best
            } else if entry.isMultipath {
                .shares
            } else {
                .behind
            }
        return WhyPath(
            row(entry), kind: kind, preference: entry.localPref,
            routerID: (attributes?.originatorID ?? session?.peer.negotiated?.peerID)?.description,
            verdict: verdict, step: entry.reason.flatMap { $0.step },
            refusal: entry.refusal?.description)
    }

    private func kernel(
        _ prefix: Prefix, _ tenant: Tenant, _ entries: [PathEntry]
    ) -> KernelRoute? {
        guard let best = entries.first(where: \.isBest) else { return KernelRoute(.absent) }
        if origins[tenant.name] == best.source { return KernelRoute(.unreachable) }
        let hops = entries.filter(\.isActive).compactMap { entry -> KernelRoute.Hop? in
            guard let gateway = entry.gateway else { return nil }
            let device = reconciler.observed.link(gateway.device)?.name.description
            return KernelRoute.Hop(
                gateway: gateway.address.description, device: device ?? "a device that is gone")
        }
        if best.isInKernel { return KernelRoute(.installed, hops: hops) }
        if let foreign = rib.conflicts.first(where: {
            $0.prefix == prefix && $0.table == tenant.table
        }) {
            return KernelRoute(.foreign, detail: foreign.description)
        }
        return KernelRoute(.pending)
    }
}

extension SelectionReason {
    fileprivate var step: SelectionStep? {
        switch self {
        case .only: .only
        case .kind: .kind
        case .longLived: .longLived
        case .localPref: .localPref
        case .pathLength: .pathLength
        case .origin: .origin
        case .med: .med
        case .internal: .external
        case .routerID: .routerID
        case .clusterLength: .clusterLength
        case .peerAddress: .peerAddress
        case .source: .order
        case .multipath: nil
        }
    }
}
