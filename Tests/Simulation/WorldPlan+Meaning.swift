// What must come of the wishes on one edge, worked out from their meaning alone: which prefixes
// lead to which far ends, and who is to hear what. Slow and plain on purpose.

import Net

/// One way out of an edge for a prefix.
struct WayOut: Hashable {
    var circuit: String
    var multipath: Multipath
    var speaker: String
    /// The order of preference, lower first: kind, preference, length of path.
    var rank: [Int]

    /// Whether both circuits let the two share the traffic, if they are equally good.
    func mayShare(with other: WayOut) -> Bool {
        if multipath == .off || other.multipath == .off { return false }
        return circuit == other.circuit || multipath == .circuits && other.multipath == .circuits
    }

    /// The far ends to which a route may lead, given equally good ways: those that share with one
    /// of them, of which the plan leaves open which one it is.
    static func sets(_ ways: [WayOut]) -> Set<Set<String>> {
        Set(
            ways.map { first in
                Set(ways.filter { $0 == first || first.mayShare(with: $0) }.map(\.speaker))
            })
    }
}

extension World {
    /// The links of a plan on an edge, each with its circuit.
    func links(
        on edge: Edge, of tenant: String? = nil
    ) -> [(circuit: WorldPlan.CircuitPlan, link: WorldPlan.LinkPlan)] {
        plan.circuits.flatMap { circuit in
            circuit.links.filter { $0.edge == edge.name }.map { (circuit, $0) }
        }.filter { tenant == nil || $0.circuit.tenant == tenant }
    }

    /// The far ends of a link.
    func speakers(
        of circuit: WorldPlan.CircuitPlan, _ link: WorldPlan.LinkPlan
    ) -> [Speaker] {
        speakers.filter { $0.circuit == circuit.name && $0.role == link.role }
    }

    /// Whether a far end and the edge can speak to each other by the plan and the world's state.
    func works(_ speaker: Speaker, _ link: WorldPlan.LinkPlan) -> Bool {
        guard speaker.isAlive, !speaker.wire.isCut, hasCable(speaker.wire.edge, link) else {
            return false
        }
        return speaker.secret == link.key.map { speaker.wire.edge.secret($0) }
    }

    func hasCable(_ edge: Edge, _ link: WorldPlan.LinkPlan) -> Bool {
        guard let port = plan.port(link) else { return false }
        return !edge.unplugged.contains(port.device)
    }

    /// Ways out by prefix, in one tenant's table.
    func waysOut(_ edge: Edge, _ tenant: String) -> [Prefix: [WayOut]] {
        let links = links(on: edge, of: tenant)
        let subnets = links.flatMap { $0.link.ends.map(\.address.network) }
        var result: [Prefix: [WayOut]] = [:]
        for (circuit, link) in links {
            for speaker in speakers(of: circuit, link) {
                if circuit.isStatic {
                    guard hasCable(edge, link) else { continue }
                    for route in circuit.routes {
                        let prefix = literal(Prefix(route), route)
                        guard prefix.family == speaker.address.family else { continue }
                        result[prefix, default: []].append(
                            WayOut(
                                circuit: circuit.name, multipath: .off, speaker: speaker.name,
                                rank: [0]))
                    }
                    continue
                }
                guard works(speaker, link), let accept = circuit.accept else { continue }
                for (prefix, extra) in speaker.announced {
                    let isOurs = subnets.contains { $0.contains(prefix) }
                    guard matches(prefix, accept), !isOurs,
                        speaker.settings.families.contains(prefix.family)
                    else { continue }
                    result[prefix, default: []].append(
                        WayOut(
                            circuit: circuit.name, multipath: circuit.multipath,
                            speaker: speaker.name,
                            rank: [1, -Int(link.localPref ?? 100), extra]))
                }
            }
        }
        return result.mapValues { ways in
            let best = ways.map(\.rank).min { $0.lexicographicallyPrecedes($1) } ?? []
            return ways.filter { $0.rank == best }
        }
    }

    /// What a far end is to hear; nil for a prefix of which the plan leaves it open.
    func expectedTold(_ speaker: Speaker) -> [Prefix: Bool] {
        let edge = speaker.wire.edge
        guard let circuit = plan.circuit(speaker.circuit), !circuit.isStatic,
            let link = circuit.links.first(where: { $0.role == speaker.role }),
            works(speaker, link), let tenant = plan.tenant(circuit.tenant)
        else { return [:] }
        var result: [Prefix: Bool] = [:]
        func may(_ prefix: Prefix) -> Bool {
            speaker.settings.families.contains(prefix.family)
                && circuit.advertise.map { matches(prefix, $0) } ?? true
        }
        for network in tenant.networks {
            let prefix = literal(Prefix(network.prefix), network.prefix)
            guard may(prefix), network.isAlways || insideIsUp(edge, tenant.name) else { continue }
            result[prefix] = true
        }
        guard circuit.advertise != nil else { return result }
        for (prefix, ways) in waysOut(edge, tenant.name) where may(prefix) {
            let passes = Set(
                ways.map { way in
                    tenant.exchange.contains {
                        $0.from == way.circuit && $0.to == circuit.name
                            && $0.prefixes.map { matches(prefix, $0) } ?? true
                    }
                })
            // Where equally good ways differ, either may be the one that counts.
            if passes == [true] { result[prefix] = true }
            if passes.count == 2 { result[prefix] = false }
        }
        return result
    }

    private func insideIsUp(_ edge: Edge, _ tenant: String) -> Bool {
        let inside = links(on: edge, of: tenant).filter { $0.circuit.provider == "inside" }
        return inside.isEmpty || inside.contains { hasCable(edge, $0.link) }
    }

    func matches(_ prefix: Prefix, _ rules: [String]) -> Bool {
        rules.contains { literal(PrefixRule($0), $0).matches(prefix) }
    }

    /// Addresses to try: one inside every prefix that anybody ever spoke of, and some more.
    var testAddresses: [IPAddress] {
        var prefixes = Set(speakers.flatMap(\.everAnnounced))
        for text in ["8.8.8.8/32", "10.20.250.9/32", "172.16.0.9/32", "2001:db8::9/128"] {
            prefixes.insert(literal(Prefix(text), text))
        }
        return prefixes.sorted().map { prefix in
            switch prefix {
            case .v4(let prefix):
                .v4(IPv4Address(raw: prefix.raw | (prefix.length < 30 ? 9 : 0)))
            case .v6(let prefix):
                .v6(
                    IPv6Address(
                        high: prefix.address.high,
                        low: prefix.address.low | (prefix.length < 120 ? 9 : 0)))
            }
        }
    }
}
