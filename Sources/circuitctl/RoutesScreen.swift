// `circuitctl routes`: one row a path.

import Control

/// What the columns of routes show.
struct RoutesLayout {
    /// The link's column says the circuit too.
    var namesCircuits: Bool
    /// Peer, origin and communities on a line below.
    var isLong: Bool
}

extension Screen {
    /// One page of routes.
    mutating func routes(_ reply: RoutesReply, _ layout: RoutesLayout, isFirst: Bool) {
        guard !reply.routes.isEmpty else {
            if isFirst { line(Styled("no \(reply.view.rawValue) routes")) }
            return
        }
        var table = Table([
            ("", .left), ("PREFIX", .left), ("NEXT HOP", .left), ("LINK", .left), ("PREF", .right),
            ("MED", .right), ("AS PATH", .left),
        ])
        for route in reply.routes { row(route, layout, &table) }
        append(table)
        if reply.next == nil {
            gap()
            line(Styled("\(counted(reply.total, "\(reply.view.rawValue) route"))"))
        }
    }

    private func row(_ route: RouteRow, _ layout: RoutesLayout, _ table: inout Table) {
        let choice: Styled =
            switch (route.best || route.shares, route.kernel) {
            case (true, .refused?): Styled("!", .bad)
            case (true, .pending?): Styled("~", .warning)
            case (true, _): Styled("*", .good)
            case (false, _): " "
            }
        let flags = choice + Styled(route.stale || route.longLived ? "s" : "", .warning)
        let link =
            layout.namesCircuits && !route.circuit.isEmpty
            ? [route.circuit, route.link].filter { !$0.isEmpty }.joined(separator: "/")
            : route.link
        let path = route.asPath.isEmpty ? Styled(route.origin, .dim) : Styled(route.asPath)
        table.row([
            flags, Styled(route.prefix), Styled(route.nextHop ?? ""), Styled(link),
            Styled(route.localPref.map(String.init) ?? ""),
            Styled(route.med.map(String.init) ?? ""), path,
        ])
        if let reason = route.reason { table.detail(Styled(reason)) }
        guard layout.isLong else { return }
        var more = ["origin \(route.origin)"]
        if let peer = route.peer { more.append("peer \(peer)") }
        if let id = route.pathID { more.append("path \(id)") }
        if !route.allCommunities.isEmpty {
            more.append("communities \(route.allCommunities.joined(separator: " "))")
        }
        if let mark = route.onlyToCustomer { more.append("only to customer \(mark)") }
        if let originator = route.originatorID { more.append("originator \(originator)") }
        if !route.clusterList.isEmpty {
            more.append("cluster list \(route.clusterList.joined(separator: " "))")
        }
        table.detail(Styled(more.joined(separator: ", "), .dim))
    }
}
