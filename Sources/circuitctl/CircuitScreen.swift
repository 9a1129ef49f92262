// `circuitctl circuit NAME`: one circuit from its health down to the packets' last hop.

import Control

extension Screen {
    /// One circuit in full.
    mutating func circuit(_ reply: CircuitReply) {
        let summary = reply.summary
        line(
            Styled(summary.name, .bold) + "  " + summary.health.styled
                + Styled(" for \(elapsed(summary.sinceSeconds))"))
        for reason in summary.reasons { line(mark(.bad) + Styled(reason), indent: 2, hanging: 2) }
        for fault in reply.faults {
            line(mark(.warning) + Styled(fault.description), indent: 2, hanging: 2)
        }
        if !reply.note.isEmpty { line(Styled(reply.note, .dim), indent: 2) }
        var order = summary.provider
        if let bandwidth = reply.bandwidth { order += ", \(rate(bandwidth))" }
        let tenants = summary.tenants.joined(separator: ", ")
        order += summary.tenants.count == 1 ? ", tenant \(tenants)" : ", tenants \(tenants)"
        line(Styled(order), indent: 2, hanging: 2)
        let place = summary.links.placeText.map { " (\($0))" } ?? ""
        line(Styled("links \(summary.links.text) forwarding\(place)"), indent: 2, hanging: 2)
        let prefixes = "\(grouped(summary.prefixesIn)) in, \(grouped(summary.prefixesOut)) out"
        let kernel = "\(grouped(reply.routesInstalled)) of \(counted(reply.routesWanted, "route"))"
        line(Styled("prefixes \(prefixes); \(kernel) in the kernel"), indent: 2, hanging: 2)
        for link in reply.links {
            gap()
            self.link(link)
        }
    }

    private mutating func link(_ link: LinkReply) {
        let name = link.peering.isEmpty ? link.role : "\(link.peering)/\(link.role)"
        let style: Style = link.forwarding ? .good : link.drained ? .dim : .bad
        line(Styled(name, .bold) + "  " + Styled(link.state, style), hanging: 2)
        var device = "\(link.device) on port \(link.port)"
        if link.portDevice != link.device { device += " (\(link.portDevice))" }
        device += ", \(link.tags)"
        if let mtu = link.mtu { device += ", mtu \(mtu)" }
        field("device", Styled(device) + (link.carrier ? "" : ", " + Styled("no carrier", .bad)))
        field(
            "tenant",
            Styled("\(link.tenant), ")
                + Styled(link.vrf.map { "\($0), table \(link.table)" } ?? "main table"))
        var addresses = Styled("")
        for (position, address) in link.addresses.enumerated() {
            if position > 0 { addresses += ", " }
            addresses += Styled(address.address)
            if address.state != .ready { addresses += " " + Styled(address.state.rawValue, .bad) }
        }
        if !link.addresses.isEmpty { field("address", addresses) }
        if link.staticRoutes > 0 {
            let gateways = link.gateways.joined(separator: ", ")
            field("static", Styled("\(counted(link.staticRoutes, "route")) via \(gateways)"))
        }
        for session in link.sessions { self.session(session) }
    }

    mutating func field(_ name: String, _ text: Styled) {
        let padding = String(repeating: " ", count: max(1, 9 - name.count))
        // The name hangs to the left of the text, whose further lines align with its first.
        line(Styled(name, .dim) + Styled(padding), text, indent: 2)
    }
}

/// `1 Gbps`.
func rate(_ bits: UInt64) -> String {
    let units: [(UInt64, String)] = [
        (1_000_000_000, "Gbps"), (1_000_000, "Mbps"), (1_000, "kbps"),
    ]
    for (unit, name) in units where bits >= unit && bits.isMultiple(of: unit / 10) {
        let tenth = bits % unit / (unit / 10)
        return tenth == 0 ? "\(bits / unit) \(name)" : "\(bits / unit).\(tenth) \(name)"
    }
    return "\(bits) bps"
}
