// What must hold: some things at every moment, the rest once faults are over and time has passed.
// Everything is said in sentences, for whoever reads a failure.

import BGP
public import Net

/// What is not the daemon's on a host, as it was put there.
public struct ForeignObjects: Sendable {
    /// Devices.
    public var links: [InterfaceName: ObservedLink.Kind] = [:]
    /// Addresses by device.
    public var addresses: [InterfaceName: Set<InterfaceAddress>] = [:]
    /// Routes.
    public var routes: [ModelKernel.TableRoute] = []
    /// Nexthop objects.
    public var nextHops: [ObservedNextHop] = []
    /// Ports as they were before the daemon.
    public var ports: [InterfaceName: ObservedLink] = [:]

    /// Ports that somebody may have set down before the daemon took them.
    public var uncertain: Set<InterfaceName> = []

    /// Nothing.
    public init() {}
}

// At every moment.
extension World {
    /// Somebody was told something: may they know it?
    func check(_ prefix: Prefix, _ path: ASPath, toldTo speaker: Speaker) {
        let numbers = path.segments.flatMap(\.numbers)
        let owner = numbers.lazy.compactMap { self.tagOwners[$0] }.first
        let isAllowed = plans.contains { plan in
            guard let circuit = plan.circuit(speaker.circuit),
                let tenant = plan.tenant(circuit.tenant)
            else { return false }
            if let advertise = circuit.advertise, !matches(prefix, advertise) { return false }
            guard let owner else {
                if tenant.networks.contains(where: { $0.prefix == prefix.description }) {
                    return true
                }
                return circuit.advertise != nil
                    && tenant.exchange.contains { leave in
                        leave.to == circuit.name
                            && plan.circuit(leave.from)?.routes.contains(prefix.description)
                                ?? false
                    }
            }
            return circuit.advertise != nil
                && tenant.exchange.contains {
                    $0.from == owner.circuit && $0.to == circuit.name
                        && $0.prefixes.map { matches(prefix, $0) } ?? true
                }
        }
        if !isAllowed {
            let source = owner.map { "of \($0.name)" } ?? "originated"
            violate("\(speaker.name) was told \(prefix) \(source), path \(path)")
        }
        if let owner, !owner.everAnnounced.contains(prefix) {
            violate("\(speaker.name) was told \(prefix) of \(owner.name), who never announced it")
        }
        if let owner, owner.wire.edge !== speaker.wire.edge {
            violate("\(speaker.name) was told \(prefix) of another edge's \(owner.name)")
        }
        if numbers.first != speaker.settings.edgeASN {
            violate("\(speaker.name) was told \(prefix) with the path \(path)")
        }
    }
}

extension Edge {
    /// The kernel is asked for something: may it be?
    func check(_ step: Step) {
        let group = kernel.marks.linkGroup
        let ours = kernel.marks.routeProtocol
        func link(_ index: InterfaceIndex) -> ObservedLink? {
            kernel.allLinks.first { $0.index == index }
        }
        func check(_ index: InterfaceIndex, mayBePort: Bool = true) {
            guard let link = link(index), link.group != group else { return }
            if mayBePort, foreign.ports[link.name] != nil { return }
            world.violate("\(name) touches the foreign device \(link.name): \(step)")
        }
        switch step {
        case .deleteLink(let index): check(index, mayBePort: false)
        case .changeLink(let index, _), .addAddress(let index, _), .silenceNeighbours(let index):
            check(index)
        case .deleteAddress(let index, let address):
            check(index)
            if let link = link(index), foreign.addresses[link.name]?.contains(address) ?? false {
                world.violate("\(name) removes the foreign \(address) of \(link.name)")
            }
        case .putNeighbour(let neighbour): check(neighbour.link)
        case .putNextHop(let object, let replacing):
            if replacing, let old = kernel.nextHops[object.id], old.routeProtocol != ours {
                world.violate("\(name) replaces the foreign nexthop \(object.id)")
            }
        case .deleteNextHop(let id):
            if let old = kernel.nextHops[id], old.routeProtocol != ours {
                world.violate("\(name) deletes the foreign nexthop \(id)")
            }
        case .putRoute(let route, let replacing):
            let all = kernel.routes[route.key.table]?[route.key.prefix] ?? []
            let old = all.first { $0.key.metric == route.key.metric }
            if replacing, let old, old.routeProtocol != ours {
                world.violate("\(name) replaces the foreign route \(route.key)")
            }
        case .createVLAN, .createVRF, .createPlaceholder, .deleteRoute: break
        }
    }

    /// After a step that moved routes: no row of ours leads to somebody who never announced it.
    func checkRows(after step: Step) {
        switch step {
        case .putRoute(let route, _):
            if case .nextHop(let id) = route.target { check(route.key, through: id) }
        case .putNextHop(let object, _):
            for route in kernel.allRoutes where route.target == .nextHop(object.id) {
                check(route.key, through: object.id)
            }
        default: break
        }
    }

    private func check(_ key: RouteKey, through id: NextHopID) {
        for gateway in gateways(of: id) {
            // While a link moves to other tags its far end may have moved before the edge.
            let found = world.speakers.filter {
                $0.wire.edge === self && $0.address == gateway.address
                    && world.table(of: $0) == key.table
            }
            guard let speaker = found.first else {
                world.violate("\(name) leads \(key) to \(gateway.address), where nobody is")
                continue
            }
            if !speaker.everAnnounced.contains(key.prefix) {
                world.violate("\(name) leads \(key) to \(speaker.name), who never announced it")
            }
        }
    }

    /// The real gateways of an object.
    public func gateways(of id: NextHopID) -> [(device: InterfaceIndex, address: IPAddress)] {
        switch kernel.nextHops[id]?.nextHop.content {
        case .gateway(let address, let device, _):
            let isPlaceholder = kernel.neighbours.contains(
                Neighbour(link: device, address: address, purpose: .placeholder))
            return isPlaceholder ? [] : [(device, address)]
        case .group(let members):
            return members.flatMap { member in
                if case .group = kernel.nextHops[member.id]?.nextHop.content {
                    return [] as [(device: InterfaceIndex, address: IPAddress)]
                }
                return gateways(of: member.id)
            }
        case nil: return []
        }
    }
}

extension World {
    func speaker(
        at gateway: (device: InterfaceIndex, address: IPAddress), on edge: Edge
    ) -> Speaker? {
        speakers.first {
            $0.wire.edge === edge && $0.address == gateway.address
                && $0.wire.device?.index == gateway.device
        }
    }

    func table(of speaker: Speaker) -> TableID? {
        plans.lazy.compactMap { $0.circuit(speaker.circuit) }.first.map { circuit in
            plans.lazy.compactMap { $0.tenant(circuit.tenant) }.first?.table.map { TableID($0) }
                ?? .main
        }
    }
}
