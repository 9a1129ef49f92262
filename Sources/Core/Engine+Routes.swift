// The routes views: received, accepted, advertised, and a tenant's table.

import BGP
import Control
import Intent
import Net
import Routing

extension Engine {
    func routes(ofCircuit name: String, _ query: Request.RouteQuery) -> Reply {
        guard shares[name] != nil else {
            return .refusal(.unknownCircuit(name, known: shares.keys))
        }
        var slots = linkSlots(of: name)
        if let role = query.link {
            slots = slots.filter { links[$0].key.role == role }
            guard !slots.isEmpty else {
                return .refusal(
                    .unknownLink(
                        Request.LinkName(circuit: name, role: role),
                        known: linkSlots(of: name).map { links[$0].key.role }))
            }
        }
        var rows: [(Prefix, RouteRow)] = []
        for slot in slots {
            if query.view != .advertised, let source = links[slot].source {
                rows += rib.paths(of: source, view: .accepted).map { ($0.prefix, row($0)) }
            }
            for session in links[slot].sessions {
                switch query.view {
                case .received, .accepted:
                    let view: PathView = query.view == .received ? .received : .accepted
                    rows += rib.paths(of: sessions[session].source, view: view)
                        .map { ($0.prefix, row($0)) }
                case .advertised:
                    guard let receiver = sessions[session].receiver else { continue }
                    rows += rib.advertised(receiver).map { ($0.prefix, row($0, to: session)) }
                }
            }
        }
        return page(rows, query)
    }

    func routes(ofTenant name: String, _ query: Request.RouteQuery) -> Reply {
        guard let tenant = tenants[name]?.tenant else {
            return .refusal(.unknownTenant(name, known: tenants.keys))
        }
        // Tenants may share the main table: only routes of this one's circuits and its own.
        let own = Set(
            links.indices.filter { links[$0].isLive && links[$0].spec.tenant == name }
                .flatMap { slot in
                    [links[slot].source].compactMap { $0 }
                        + links[slot].sessions.map { sessions[$0].source }
                } + [origins[name]].compactMap { $0 })
        let rows = rib.bestRoutes(tenant.table).filter { own.contains($0.source) }
            .map { ($0.prefix, row($0)) }
        return page(rows, query)
    }

    private func page(_ rows: [(Prefix, RouteRow)], _ query: Request.RouteQuery) -> Reply {
        var rows = rows.filter { query.family == nil || $0.0.family == query.family }
        if let prefix = query.prefix { rows = rows.filter { $0.0 == prefix } }
        rows.sort { ($0.0, $0.1.link, $0.1.peer ?? "") < ($1.0, $1.1.link, $1.1.peer ?? "") }
        let total = rows.count
        var start = 0
        if let after = query.after.flatMap({ Int($0) }) { start = min(max(after, 0), total) }
        let end = min(total, start + query.limit)
        return .routes(
            RoutesReply(
                view: query.view, routes: rows[start..<end].map(\.1), total: total,
                next: end < total ? String(end) : nil))
    }

    private func row(_ entry: PathEntry) -> RouteRow {
        var result = row(entry.prefix, entry.attributes)
        if let slot = owner(of: entry.source) {
            result.circuit = sessions[slot].id.circuit
            result.link = sessions[slot].id.role
            result.peer = sessions[slot].id.peer.description
        } else if let link = links.first(where: { $0.isLive && $0.source == entry.source }) {
            result.circuit = link.key.circuit
            result.link = link.key.role
            result.origin = "static"
        } else {
            result.origin = "originated"
        }
        result.nextHop = entry.nextHop?.description ?? entry.gateway?.address.description
        result.best = entry.isBest
        result.stale = entry.isStale
        if entry.isBest {
            result.kernel = entry.isInKernel ? .installed : .pending
        }
        result.reason = entry.refusal?.description ?? entry.reason?.description
        return result
    }

    private func row(_ entry: AdvertisedEntry, to session: Int) -> RouteRow {
        var result = row(entry.prefix, entry.attributes)
        result.circuit = sessions[session].id.circuit
        result.link = sessions[session].id.role
        result.peer = sessions[session].id.peer.description
        result.nextHop = entry.nextHop.description
        return result
    }

    private func row(_ prefix: Prefix, _ attributes: [UInt8]) -> RouteRow {
        var result = RouteRow(
            prefix: prefix.description, family: prefix.family.description)
        guard !attributes.isEmpty else { return result }
        let decoded = PathAttributes(canonical: attributes)
        result.asPath = decoded.asPath.description
        result.origin = decoded.origin.description
        result.med = decoded.med
        result.localPref = decoded.localPref
        result.communities =
            decoded.communities.map(\.description) + decoded.largeCommunities.map(\.description)
        return result
    }

    private func owner(of source: SourceID) -> Int? {
        sessions.firstIndex { $0.isLive && $0.source == source }
    }
}
