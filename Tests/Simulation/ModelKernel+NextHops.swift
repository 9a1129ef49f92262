// Nexthop objects: what may replace what, and how they are lost with their device, silently.

import Net

extension ModelKernel {
    mutating func putNextHop(
        _ nextHop: NextHop, replacing: Bool, routeProtocol: UInt8, isOurs: Bool = true
    ) throws(KernelError) {
        let old = nextHops[nextHop.id]
        if old != nil, !replacing { throw .exists }
        switch nextHop.content {
        case .gateway(let gateway, let device, let onlink):
            if case .group = old?.nextHop.content {
                throw .invalid("Can not replace a nexthop group with a nexthop.")
            }
            try check(gateway, device, onlink: onlink)
            if gateway.family == .ipv4, carriesIPv6(nextHop.id) {
                throw .invalid("IPv6 routes can not use an IPv4 nexthop.")
            }
        case .group(let members):
            if case .gateway = old?.nextHop.content {
                throw .invalid("Can not replace a nexthop with a nexthop group.")
            }
            try check(members)
            if members.contains(where: { family(of: $0.id) == .ipv4 }), carriesIPv6(nextHop.id) {
                throw .invalid("IPv6 routes can not use an IPv4 nexthop.")
            }
        }
        // A foreign object is taken over without a word, as the kernel does it.
        let now = ObservedNextHop(nextHop, routeProtocol: routeProtocol)
        nextHops[nextHop.id] = now
        if !isOurs { tell(.nextHop(now)) }
    }

    private func check(
        _ gateway: IPAddress, _ index: InterfaceIndex, onlink: Bool
    ) throws(KernelError) {
        guard let device = devices[index] else { throw .invalid("Invalid device index") }
        guard device.link.isUp else {
            throw KernelError(code: 100, text: "Nexthop device is not up.")
        }
        guard device.link.hasCarrier else {
            throw KernelError(code: 100, text: "Carrier for nexthop device is down.")
        }
        if onlink { return }
        if case .v6(let address) = gateway, address.isLinkLocal { return }
        if device.addresses.contains(where: { $0.address.network.contains(gateway) }) { return }
        throw gateway.family == .ipv4
            ? .invalid("Nexthop has invalid gateway.")
            : KernelError(code: 113, text: "No route to host")
    }

    private func check(_ members: [NextHop.Member]) throws(KernelError) {
        if members.isEmpty { throw .invalid("Invalid length for nexthop group attribute") }
        var seen: Set<NextHopID> = []
        for member in members {
            guard (1...256).contains(member.weight) else { throw .invalid("Invalid weight") }
            guard seen.insert(member.id).inserted else {
                throw .invalid("Nexthop id can not be used twice in a group.")
            }
            guard let single = nextHops[member.id]?.nextHop else {
                throw .invalid("Invalid nexthop id.")
            }
            if case .group = single.content {
                throw .invalid("Hash-threshold group can not be a nexthop within a group.")
            }
        }
    }

    mutating func deleteNextHop(_ id: NextHopID, isOurs: Bool) throws(KernelError) {
        guard nextHops[id] != nil else {
            throw KernelError(code: 2, text: "No such file or directory")
        }
        removeNextHops([id], isTold: !isOurs)
    }

    /// Carrier loss, down or removal of a device: nobody is told.
    mutating func loseNextHops(on index: InterfaceIndex) {
        let lost = nextHops.values.filter {
            if case .gateway(_, index, _) = $0.nextHop.content { true } else { false }
        }
        removeNextHops(lost.map(\.nextHop.id).sorted(), isTold: false)
    }

    private mutating func removeNextHops(_ ids: [NextHopID], isTold: Bool) {
        guard !ids.isEmpty else { return }
        var gone = ids
        for id in ids { nextHops[id] = nil }
        for object in allNextHops {
            guard case .group(let members) = object.nextHop.content else { continue }
            let left = members.filter { !ids.contains($0.id) }
            guard left.count < members.count else { continue }
            let id = object.nextHop.id
            guard !left.isEmpty else {
                nextHops[id] = nil
                gone.append(id)
                continue
            }
            nextHops[id]?.nextHop.content = .group(left)
            if isTold, let now = nextHops[id] { tell(.nextHop(now)) }
        }
        if isTold { for id in gone { tell(.nextHopGone(id)) } }
        // The routes of a lost object go with it, and of those nobody hears either way.
        removeRoutes { route in
            if case .nextHop(let id) = route.target { gone.contains(id) } else { false }
        }
    }

    func family(of id: NextHopID) -> Family? {
        guard case .gateway(let gateway, _, _) = nextHops[id]?.nextHop.content else { return nil }
        return gateway.family
    }

    /// Whether IPv6 routes use the object, themselves or through a group.
    private func carriesIPv6(_ id: NextHopID) -> Bool {
        var users: Set<NextHopID> = [id]
        for object in nextHops.values {
            guard case .group(let members) = object.nextHop.content else { continue }
            if members.contains(where: { $0.id == id }) { users.insert(object.nextHop.id) }
        }
        return allRoutes.contains { route in
            guard route.key.prefix.family == .ipv6, case .nextHop(let id) = route.target else {
                return false
            }
            return users.contains(id)
        }
    }
}
