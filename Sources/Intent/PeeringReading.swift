// One peering with its links: addresses by the provider's rule or outright, tags, static routes.

import Net

struct PeeringReading {
    let circuit: CircuitReading
    let profile: Profile
    let name: String
    /// "" in the short form, else `peerings.NAME`.
    let path: String

    var findings: Findings { circuit.findings }
    var rule: Profile.PeeringRule { profile.rule(for: name) }

    func read(
        _ fields: inout Fields, _ level: CircuitReading.Level, place: Place
    ) -> Peering? {
        for key in CircuitReading.peeringKeys {
            if let node = level[key] { findings.stands(path(key), at: node.place) }
        }
        if level["tenant"] == nil {
            findings.fault(place, path.isEmpty ? "tenant is missing" : "\(path) has no tenant")
        }
        let tenant = level["tenant"].flatMap { findings.read($0, "tenant", .name) }
        // A word that nobody knows leaves nil, so that nothing is said of what it might mean.
        let routing = level["routing"].map { findings.read($0, "routing", .routing) } ?? .bgp
        let routes = level["routes"].flatMap { findings.list($0, path("routes"), .prefix()) } ?? []
        if !fields.has("links") {
            findings.fault(place, path.isEmpty ? "links is missing" : "\(path) has no links")
        }
        var links: [CircuitLink] = []
        if var list = fields.fields("links") {
            let entries = list.all()
            if !(1...8).contains(entries.count) {
                findings.fault(list.place, "a peering has one to eight links, not \(entries.count)")
            }
            checkRoles(entries, at: list.place)
            for entry in entries {
                let linkPath = list.path(entry.key)
                guard var own = Fields(entry.value, path: linkPath, findings) else { continue }
                let role = findings.read(
                    YAMLNode(content: .scalar(entry.key, isPlain: false), place: entry.keyPlace),
                    "link", .name)
                let reading = LinkReading(
                    peering: self, role: entry.key, routing: routing, path: linkPath,
                    place: entry.keyPlace)
                let link = reading.read(&own, over: level)
                own.end(elsewhere: circuit.elsewhere(in: .link))
                if role != nil, let link { links.append(link) }
            }
        }
        checkRoutes(routes, routing, links)
        profile.check(links, path: path, findings)
        guard let tenant else { return nil }
        return Peering(
            name: name, tenant: tenant, routing: routing ?? .bgp, routes: routes, links: links)
    }

    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func checkRoles(_ entries: [YAMLNode.Entry], at place: Place) {
        guard let roles = profile.roles else { return }
        let list = roles.joined(separator: " and ")
        for role in roles where !entries.contains(where: { $0.key == role }) {
            findings.fault(place, "\(profile.name) demands the links \(list); \(role) is missing")
        }
        for entry in entries where !roles.contains(entry.key) {
            findings.fault(
                entry.keyPlace,
                "\(profile.name) has the links \(list), and no link \(quoted(entry.key))")
        }
    }

    private func checkRoutes(
        _ routes: [Prefix], _ routing: Peering.Routing?, _ links: [CircuitLink]
    ) {
        guard let routing, let whole = findings.places[path("routes")] else { return }
        if routing == .bgp {
            findings.fault(whole, "routes are only used with routing: static or both")
            return
        }
        for (position, route) in routes.enumerated() {
            let place = findings.places["\(path("routes")).\(position)"] ?? whole
            let hasGateway = links.contains { $0.peers.contains { $0.family == route.family } }
            if AddressSpace.isRefused(route) {
                findings.fault(place, "\(route) is never routed")
            } else if routes[..<position].contains(route) {
                findings.fault(place, "route \(route) stands here twice")
            } else if !hasGateway, !links.isEmpty {
                let family = route.family == .ipv4 ? "IPv4" : "IPv6"
                findings.fault(place, "route \(route) needs a link with an \(family) peer")
            }
        }
    }
}

extension Profile {
    /// Rules between the links of one peering.
    func check(_ links: [CircuitLink], path: String, _ findings: Findings) {
        guard let first = links.first else { return }
        let prefix = path.isEmpty ? "" : "\(path)."
        for link in links.dropFirst() {
            func place(_ key: String) -> Place? {
                findings.places["\(prefix)links.\(link.role).\(key)"]
            }
            if hasSameTags, link.encapsulation != first.encapsulation, let place = place("vlan") {
                findings.fault(
                    place, "\(name) demands the same VLAN on \(first.role) and \(link.role)")
            }
            if roles != nil, link.edge == first.edge, link.port == first.port,
                let place = place("port")
            {
                findings.warn(
                    place, "\(first.role) and \(link.role) share one port and so are not redundant")
            }
        }
    }

    /// Rules between the peerings of one circuit.
    func check(_ peerings: [Peering], _ findings: Findings) {
        guard hasSameTags, let first = peerings.first?.links.first else { return }
        var seen: [Encapsulation: String] = [:]
        for peering in peerings {
            guard let link = peering.links.first,
                let place = findings.places["peerings.\(peering.name).links.\(link.role).vlan"]
            else { continue }
            if let other = seen.updateValue(peering.name, forKey: link.encapsulation) {
                findings.fault(place, "each peering has a VLAN of its own; \(other) has this one")
            }
            if case .qinq(let outer, _) = first.encapsulation,
                case .qinq(let own, _) = link.encapsulation, own != outer
            {
                findings.fault(place, "\(name) gives a circuit one outer tag for all its peerings")
            }
        }
    }
}
