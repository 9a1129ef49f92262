// Routes: one for each table, prefix and metric. REPLACE does not ask whose the old one was.

import Net

extension ModelKernel {
    mutating func putRoute(_ route: TableRoute, replacing: Bool) throws(KernelError) {
        if case .nextHop(let id) = route.target {
            guard let object = nextHops[id]?.nextHop else {
                throw .invalid("Nexthop id does not exist.")
            }
            if route.key.prefix.family == .ipv6 {
                let singles =
                    if case .group(let members) = object.content { members.map(\.id) } else {
                        [id]
                    }
                if singles.contains(where: { family(of: $0) == .ipv4 }) {
                    throw .invalid("IPv6 routes can not use an IPv4 nexthop.")
                }
            }
        }
        if route.target == nil {
            guard let link = devices[route.device]?.link else { throw .noDevice }
            guard link.isUp else { throw KernelError(code: 100, text: "Network is down") }
        }
        var all = routes[route.key.table]?[route.key.prefix] ?? []
        if let position = all.firstIndex(where: { $0.key.metric == route.key.metric }) {
            guard replacing else { throw .exists }
            all[position] = route
        } else {
            all.append(route)
            all.sort { $0.key.metric < $1.key.metric }
        }
        routes[route.key.table, default: [:]][route.key.prefix] = all
    }

    /// Deletes the route of that protocol; nil takes whatever stands there.
    mutating func deleteRoute(
        _ key: RouteKey, routeProtocol: UInt8?
    ) throws(KernelError) {
        var all = routes[key.table]?[key.prefix] ?? []
        let found = all.firstIndex {
            $0.key.metric == key.metric
                && (routeProtocol == nil || $0.routeProtocol == routeProtocol)
        }
        guard let found else { throw KernelError(code: 3, text: "No such process") }
        all.remove(at: found)
        store(all, key.table, key.prefix)
    }

    /// Gateway routes of others go with their device; ours name objects.
    mutating func loseRoutes(through index: InterfaceIndex) {
        removeRoutes { $0.target == nil && $0.device == index }
    }

    mutating func removeRoutes(where isMeant: (TableRoute) -> Bool) {
        for (table, prefixes) in routes {
            for (prefix, all) in prefixes where all.contains(where: isMeant) {
                store(all.filter { !isMeant($0) }, table, prefix)
            }
        }
    }

    private mutating func store(_ all: [TableRoute], _ table: TableID, _ prefix: Prefix) {
        routes[table]?[prefix] = all.isEmpty ? nil : all
        if routes[table]?.isEmpty == true { routes[table] = nil }
    }
}
