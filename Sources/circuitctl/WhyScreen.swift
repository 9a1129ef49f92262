// `circuitctl routes --why PREFIX` and `circuitctl circuit NAME --policy`: explanations, in sentences.

import Control

extension Screen {
    /// Why a prefix is routed as it is.
    mutating func why(_ reply: WhyReply) {
        if reply.tables.isEmpty { line("no tenant has a table here") }
        for table in reply.tables {
            gap()
            let place = table.vrf.map { "\($0), table \(table.table)" } ?? "main table"
            line(
                Styled(table.prefix ?? reply.asked, .bold)
                    + Styled("  tenant \(table.tenant), \(place)"))
            for sentence in table.sentences { line(Styled(sentence), indent: 2, hanging: 2) }
            for (position, path) in table.candidates.enumerated() { self.path(path, position + 1) }
        }
    }

    private mutating func path(_ path: WhyPath, _ position: Int) {
        gap()
        let style: Style =
            switch path.verdict {
            case .best, .shares: .good
            case .behind: .plain
            case .refused: .bad
            }
        let number = path.verdict == .refused ? "-" : "\(position)"
        line(Styled("\(number)  ") + Styled(path.name, .bold), hanging: 3)
        line(Styled(path.sentence, style), indent: 3, hanging: 2)
        let route = path.route
        switch path.kind {
        case .network: return
        case .static: line(Styled("a static route of the circuit's file"), indent: 3)
        case .external, .internal: attributes(path)
        }
        if route.longLived {
            line(Styled("stale for long: its peer is gone", .warning), indent: 3, hanging: 2)
        } else if route.stale {
            line(
                Styled("stale: from before a restart, not confirmed yet", .warning), indent: 3,
                hanging: 2)
        }
    }

    private mutating func attributes(_ path: WhyPath) {
        let route = path.route
        var parts = [
            route.asPath.isEmpty ? "empty AS path" : "AS path \(route.asPath)",
            "origin \(route.origin)", "local-pref \(path.preference)",
        ]
        if let med = route.med { parts.append("MED \(med)") }
        if let nextHop = route.nextHop, nextHop != route.peer {
            parts.append("next hop \(nextHop)")
        }
        line(Styled(parts.joined(separator: ", ")), indent: 3, hanging: 2)
        if !route.allCommunities.isEmpty {
            line(
                Styled("communities \(route.allCommunities.joined(separator: " "))"), indent: 3,
                hanging: 2)
        }
        var more: [String] = []
        if let mark = route.onlyToCustomer { more.append("only to customer \(mark)") }
        if let originator = route.originatorID { more.append("originator \(originator)") }
        if !route.clusterList.isEmpty {
            more.append("cluster list \(route.clusterList.joined(separator: " "))")
        }
        if !more.isEmpty { line(Styled(more.joined(separator: ", ")), indent: 3, hanging: 2) }
    }

    /// What a circuit's sessions let in and out.
    mutating func policy(_ reply: PolicyReply) {
        line(Styled(reply.circuit, .bold) + Styled("  \(reply.provider)"))
        if reply.sessions.isEmpty { line("no session of it is on this edge", indent: 2) }
        for session in reply.sessions {
            gap()
            let link =
                session.peering.isEmpty ? session.link : "\(session.peering)/\(session.link)"
            line(
                Styled(link, .bold)
                    + Styled(
                        "  \(session.peer) AS\(session.peerASN), from AS\(session.localASN), "
                            + "\(session.families.joined(separator: " and "))"), hanging: 2)
            steps("in", session.inbound)
            steps("out", session.outbound)
        }
    }

    private mutating func steps(_ way: String, _ steps: [PolicyStep]) {
        for (position, step) in steps.enumerated() {
            let name = position == 0 ? way : ""
            let number = String(position + 1)
            let head =
                name + String(repeating: " ", count: 4 - name.count)
                + String(repeating: " ", count: max(0, 2 - number.count)) + number + "  "
            line(Styled(head, .dim), Styled(step.sentence), indent: 2)
        }
    }
}
