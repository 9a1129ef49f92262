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
        var rows: [Row] = []
        for slot in slots {
            let space = links[slot].spec.table
            if query.view != .advertised, let source = links[slot].source {
                rows += rib.paths(of: source, view: .accepted).map { row($0, in: space) }
            }
            for session in links[slot].sessions {
                switch query.view {
                case .received, .accepted:
                    let view: PathView = query.view == .received ? .received : .accepted
                    rows += rib.paths(of: sessions[session].source, view: view)
                        .map { row($0, in: space) }
                case .advertised:
                    guard let receiver = sessions[session].receiver else { continue }
                    rows += rib.advertised(receiver).map {
                        Row(prefix: $0.prefix, reply: row($0, to: session))
                    }
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
            .map { row($0, in: tenant.table) }
        return page(rows, query)
    }

    /// A row on its way into a page.
    private struct Row {
        var prefix: Prefix
        var reply: RouteRow
        /// An accepted path that another one outdoes: where to ask why.
        var loser: (space: SpaceID, source: SourceID)?
    }

    private func page(_ rows: [Row], _ query: Request.RouteQuery) -> Reply {
        var rows = rows.filter { query.family == nil || $0.prefix.family == query.family }
        if let prefix = query.prefix { rows = rows.filter { prefix.contains($0.prefix) } }
        rows.sort {
            ($0.prefix, $0.reply.link, $0.reply.peer ?? "")
                < ($1.prefix, $1.reply.link, $1.reply.peer ?? "")
        }
        let total = rows.count
        var start = 0
        if let after = query.after.flatMap({ Int($0) }) { start = min(max(after, 0), total) }
        let end = min(total, start + query.limit)
        return .routes(
            RoutesReply(
                view: query.view, routes: rows[start..<end].map { explained($0) }, total: total,
                next: end < total ? String(end) : nil))
    }

    /// The row with the reason why it is not chosen, which is asked for one page only.
    private func explained(_ row: Row) -> RouteRow {
        guard let loser = row.loser else { return row.reply }
        var reply = row.reply
        reply.reason = rib.explain(loser.space, row.prefix).first { $0.source == loser.source }
            .flatMap { $0.reason?.whyNot }.map { "not chosen: \($0)" }
        return reply
    }

    private func row(_ entry: PathEntry, in space: SpaceID) -> Row {
        let isLoser = !entry.isBest && !entry.isMultipath && entry.refusal == nil
        return Row(
            prefix: entry.prefix, reply: row(entry),
            loser: isLoser ? (space, entry.source) : nil)
    }

    func row(_ entry: PathEntry) -> RouteRow {
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
        result.best = entry.isBest || entry.isMultipath
        result.shares = entry.isMultipath
        result.pathID = entry.pathID == 0 ? nil : entry.pathID
        result.stale = entry.isStale
        result.longLived = entry.isLongLived
        // What a tenant originates has no way through a link, and nothing to wait for.
        if entry.isBest, result.origin != "originated" {
            result.kernel = entry.isInKernel ? .installed : .pending
        } else if entry.isMultipath {
            result.kernel = entry.isActive ? .installed : .pending
        }
        result.reason = entry.refusal.map { "not accepted: \($0)" }
        if entry.isBest, let reason = entry.reason, reason != .only {
            result.reason = "chosen by \(reason)"
        }
        return result
    }

    private func row(_ entry: AdvertisedEntry, to session: Int) -> RouteRow {
        var result = row(entry.prefix, entry.attributes)
        result.circuit = sessions[session].id.circuit
        result.link = sessions[session].id.role
        result.peer = sessions[session].id.peer.description
        result.nextHop = entry.nextHop.description
        result.pathID = entry.pathID == 0 ? nil : entry.pathID
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
        result.communities = decoded.communities.map(\.description)
        result.largeCommunities = decoded.largeCommunities.map(\.description)
        result.extendedCommunities = decoded.extendedCommunities.map(\.description)
        result.onlyToCustomer = decoded.onlyToCustomer?.rawValue
        result.originatorID = decoded.originatorID?.description
        result.clusterList = decoded.clusterList.map(\.description)
        return result
    }

    func owner(of source: SourceID) -> Int? {
        sessions.firstIndex { $0.isLive && $0.source == source }
    }
}

extension SelectionReason {
    /// Why a path stands behind the one before it, in a few words.
    fileprivate var whyNot: String? {
        switch self {
        case .only: nil
        case .kind: "a network of the tenant's or a static route goes first"
        case .longLived: "stale for long, and so the last choice"
        case .localPref: "lower local preference"
        case .pathLength: "longer AS path"
        case .origin: "worse origin"
        case .med: "higher MED"
        case .internal: "internal, behind an external one"
        case .routerID: "all equal, and its router id is higher"
        case .clusterLength: "all equal, and it was reflected more often"
        case .peerAddress: "all equal, and its peer's address is higher"
        case .source: "all equal, and the other was there first"
        case .multipath: nil
        }
    }
}
