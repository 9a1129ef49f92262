// What must hold once all is quiet: the kernel is what the plan says, everybody heard what they
// should, and nothing is left to do.

import Net

extension World {
    /// What is not as the plan says, in sentences; empty is well. Asked when faults are over and
    /// the time that everything may take has passed.
    public func differences() -> [String] {
        var found: [String] = []
        for edge in edges {
            let name = edge.name
            found += edge.linkDifferences().map { "\(name): \($0)" }
            found += edge.routeDifferences().map { "\(name): \($0)" }
            found += edge.foreignDifferences().map { "\(name): \($0)" }
            let late = edge.steps.filter { $0.time + .seconds(130) > now }
            found += late.prefix(3).map { "\(name) is not quiet: \($0.step)" }
        }
        for speaker in speakers { found += differences(of: speaker) }
        return found
    }

    private func differences(of speaker: Speaker) -> [String] {
        let circuit = plan.circuit(speaker.circuit)
        let link = circuit?.links.first { $0.role == speaker.role }
        let isMeant = link.map { works(speaker, $0) } ?? false
        guard isMeant, speaker.settings.speaks, circuit?.isStatic == false else {
            guard speaker.isAlive, !isMeant else { return [] }
            let found = speaker.told.keys.sorted().map { "\(speaker.name) still believes in \($0)" }
            return speaker.isEstablished
                ? found + ["\(speaker.name) is established and should not be"] : found
        }
        guard speaker.isEstablished else { return ["\(speaker.name) is not established"] }
        let expected = expectedTold(speaker)
        var found: [String] = []
        for (prefix, isSure) in expected where isSure && speaker.told[prefix] == nil {
            found.append("\(speaker.name) was not told \(prefix)")
        }
        for prefix in speaker.told.keys where expected[prefix] == nil {
            found.append("\(speaker.name) still believes in \(prefix)")
        }
        return found.sorted()
    }
}

extension Edge {
    /// Devices and addresses.
    func linkDifferences() -> [String] {
        var found: [String] = []
        var wanted: Set<InterfaceIndex> = []
        let links = world.links(on: self)
        let group = kernel.marks.linkGroup
        for (circuit, link) in links {
            let what = "\(circuit.name)/\(link.role)"
            guard let port = world.plan.port(link), let portName = InterfaceName(port.device) else {
                continue
            }
            var tags = world.plan.tags(link)
            let wire = Wire(self, portName, tags)
            guard let device = wire.device else {
                found.append("\(what) has no device")
                continue
            }
            while !tags.isEmpty {
                if let made = Wire(self, portName, tags).device {
                    wanted.insert(made.index)
                    if made.group != group { found.append("\(made.name) is not marked as ours") }
                    if !made.isUp { found.append("\(made.name) is down") }
                }
                tags.removeLast()
            }
            found += differences(of: device, link, what)
            let table = world.plan.tenant(circuit.tenant)?.table
            if let table {
                let vrf = kernel.allLinks.first { $0.kind == .vrf(TableID(table)) }
                if let vrf {
                    wanted.insert(vrf.index)
                    if !vrf.isUp { found.append("\(vrf.name) is down") }
                }
                if vrf == nil || device.master != vrf?.index {
                    found.append("\(device.name) is not in the VRF of \(circuit.tenant)")
                }
            } else if device.master != .none {
                found.append("\(device.name) is in a VRF")
            }
            if let mtu = port.mtu, kernel.link(portName)?.mtu != mtu {
                found.append("\(port.device) has not the MTU \(mtu)")
            }
            if kernel.link(portName)?.isUp == false { found.append("\(port.device) is down") }
        }
        for link in kernel.allLinks where link.group == group && !wanted.contains(link.index) {
            if link.kind == .other("dummy"), !links.isEmpty { continue }
            found.append("\(link.name) is left")
        }
        return found
    }

    private func differences(
        of device: ObservedLink, _ link: WorldPlan.LinkPlan, _ what: String
    ) -> [String] {
        var found: [String] = []
        let wanted = Set(link.ends.map(\.address))
        let there = Set(kernel.addresses(on: device.name).map(\.address))
        let others = foreign.addresses[device.name] ?? []
        for address in wanted.subtracting(there).sorted() {
            found.append("\(what): \(address) is not on \(device.name)")
        }
        for address in there.subtracting(wanted).subtracting(others).sorted() {
            found.append("\(what): \(address) is left on \(device.name)")
        }
        if let mtu = link.mtu, device.mtu != mtu, !link.tags.isEmpty {
            found.append("\(what): the MTU is \(device.mtu), not \(mtu)")
        }
        return found
    }

    /// Routes, nexthops and where packets go.
    func routeDifferences() -> [String] {
        var found: [String] = []
        let marks = kernel.marks
        let ours = kernel.allRoutes.filter { $0.routeProtocol == marks.routeProtocol }
        var wantedUnreachable: Set<RouteKey> = []
        var wanted: [RouteKey: Set<Set<String>>] = [:]
        for tenant in world.plan.tenants where !world.links(on: self, of: tenant.name).isEmpty {
            let table = world.plan.table(tenant.name)
            var unreachable = tenant.networks.map { literal(Prefix($0.prefix), $0.prefix) }
            if tenant.table != nil { unreachable += Family.allCases.map(Prefix.default) }
            for prefix in unreachable {
                wantedUnreachable.insert(
                    RouteKey(table: table, prefix: prefix, metric: marks.unreachableMetric))
            }
            let ways = world.waysOut(self, tenant.name)
            for (prefix, best) in ways {
                wanted[RouteKey(table: table, prefix: prefix, metric: marks.metric)] =
                    WayOut.sets(best)
            }
            found += forwardingDifferences(tenant.name, table, ways)
        }
        for route in ours {
            if route.target == .unreachable {
                if wantedUnreachable.remove(route.key) == nil {
                    found.append("the unreachable route \(route.key) is left")
                }
                continue
            }
            guard let sets = wanted.removeValue(forKey: route.key) else {
                found.append("the route \(route.key) is left")
                continue
            }
            guard case .nextHop(let id) = route.target else { continue }
            let speakers = gateways(of: id).map {
                world.speaker(at: $0, on: self)?.name ?? "nobody"
            }
            if speakers.isEmpty { found.append("the route \(route.key) leads nowhere") }
            if !sets.contains(Set(speakers)) || Set(speakers).count < speakers.count {
                found.append(
                    "the route \(route.key) leads to \(speakers.sorted()), not \(named(sets))")
            }
        }
        found += wanted.map { "the route \($0.key) to \(named($0.value)) is missing" }.sorted()
        found += wantedUnreachable.map { "the unreachable route \($0) is missing" }.sorted()
        return found + objectDifferences(ours)
    }

    private func named(_ sets: Set<Set<String>>) -> String {
        sets.map { $0.sorted().description }.sorted().joined(separator: " or ")
    }

    private func forwardingDifferences(
        _ tenant: String, _ table: TableID, _ ways: [Prefix: [WayOut]]
    ) -> [String] {
        var found: [String] = []
        let subnets = world.links(on: self, of: tenant).flatMap {
            $0.link.ends.map(\.address.network)
        }
        for address in world.testAddresses where !subnets.contains(where: { $0.contains(address) })
        {
            let hop = kernel.forwarding(table, address)
            let best = ways.filter { $0.key.contains(address) }
                .max { $0.key.length < $1.key.length }
            guard let best else {
                if let hop { found.append("\(address) of \(tenant) goes to \(hop)") }
                continue
            }
            let device = hop.flatMap { kernel.link($0.device)?.index }
            let speaker = hop?.gateway.flatMap { gateway in
                device.flatMap { world.speaker(at: ($0, gateway), on: self)?.name }
            }
            if !best.value.contains(where: { $0.speaker == speaker }) {
                let names = best.value.map(\.speaker).sorted()
                found.append(
                    "\(address) of \(tenant) goes to \(speaker ?? "nobody"), not to \(names)")
            }
        }
        return found
    }

    /// Objects of ours that nobody uses. A single may wait behind others, for as long as it
    /// leads to somebody.
    private func objectDifferences(_ ours: [ModelKernel.TableRoute]) -> [String] {
        let routed = Set(
            ours.compactMap { route -> NextHopID? in
                if case .nextHop(let id) = route.target { id } else { nil }
            })
        var used = routed
        let objects = kernel.allNextHops.filter {
            $0.routeProtocol == kernel.marks.routeProtocol
        }
        for object in objects {
            guard case .group(let members) = object.nextHop.content else { continue }
            used.formUnion(members.map(\.id))
        }
        return objects.compactMap { object in
            let id = object.nextHop.id
            if case .gateway(_, let device, _) = object.nextHop.content {
                let below = kernel.allLinks.first { $0.index == device }
                if below?.kind == .other("dummy"), !world.links(on: self).isEmpty { return nil }
                if let gateway = gateways(of: id).first,
                    let speaker = world.speaker(at: gateway, on: self),
                    world.plan.circuit(speaker.circuit) != nil
                {
                    return nil
                }
            }
            return used.contains(id) ? nil : "the nexthop \(id) is used by nobody"
        }
    }

    /// What others put there.
    func foreignDifferences() -> [String] {
        var found: [String] = []
        for (name, kind) in foreign.links.sorted(by: { $0.key < $1.key }) {
            guard let link = kernel.link(name) else {
                found.append("the foreign device \(name) is gone")
                continue
            }
            if link.kind != kind || link.group == kernel.marks.linkGroup {
                found.append("the foreign device \(name) is another one")
            }
        }
        for (name, addresses) in foreign.addresses.sorted(by: { $0.key < $1.key }) {
            let there = Set(kernel.addresses(on: name).map(\.address))
            for address in addresses.subtracting(there).sorted() {
                found.append("the foreign address \(address) of \(name) is gone")
            }
        }
        let routes = Set(kernel.allRoutes)
        for route in foreign.routes where !routes.contains(route) {
            found.append("the foreign route \(route.key) is gone")
        }
        for object in foreign.nextHops where kernel.nextHops[object.nextHop.id] != object {
            found.append("the foreign nexthop \(object.nextHop.id) is gone")
        }
        return found
    }

    /// What is left of the daemon after everything of it was to go.
    public func leftovers() -> [String] {
        var found: [String] = []
        for link in kernel.allLinks where link.group == kernel.marks.linkGroup {
            found.append("\(name): \(link.name) is left")
        }
        for route in kernel.allRoutes where route.routeProtocol == kernel.marks.routeProtocol {
            found.append("\(name): the route \(route.key) is left")
        }
        for object in kernel.allNextHops where object.routeProtocol == kernel.marks.routeProtocol {
            found.append("\(name): the nexthop \(object.nextHop.id) is left")
        }
        for (port, before) in foreign.ports.sorted(by: { $0.key < $1.key }) {
            guard let now = kernel.link(port) else { continue }
            if now.mtu != before.mtu {
                found.append("\(name): \(port) has the MTU \(now.mtu), not \(before.mtu)")
            }
            if now.isUp != before.isUp, !foreign.uncertain.contains(port) {
                found.append("\(name): \(port) up is \(now.isUp)")
            }
            if now.master != before.master { found.append("\(name): \(port) has a master") }
            let others = foreign.addresses[port] ?? []
            for address in kernel.addresses(on: port) where !others.contains(address.address) {
                found.append("\(name): \(address.address) is left on \(port)")
            }
        }
        return found + foreignDifferences()
    }
}
