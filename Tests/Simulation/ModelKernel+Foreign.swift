// What others do on the same host: cables, operators, other daemons.

public import Net

extension ModelKernel {
    /// A device of the host: a NIC, or a bond or veth by the kernel's word.
    @discardableResult
    public mutating func addDevice(
        _ name: InterfaceName, kind: String = "", mtu: UInt32 = 1500, isUp: Bool = false,
        hasCable: Bool = true
    ) throws(KernelError) -> InterfaceIndex {
        try createDevice(name, kind, mtu: mtu, group: 0)
        guard let index = names[name] else { throw .noDevice }
        devices[index]?.hasCable = hasCable
        if isUp { try setUp(index, true) }
        return index
    }

    /// Takes a device out of the machine, with all that stands on it.
    public mutating func removeDevice(_ name: InterfaceName) {
        if let index = names[name] { removeLink(index) }
    }

    /// Plugs a cable in or out. VLANs hear of it in the seconds that pass afterwards.
    public mutating func setCable(_ name: InterfaceName, _ isPlugged: Bool) {
        guard let index = names[name] else { return }
        devices[index]?.hasCable = isPlugged
        followCarrier(index)
    }

    /// Gives a device another name.
    public mutating func rename(
        _ name: InterfaceName, to other: InterfaceName
    ) throws(KernelError) {
        guard let index = names[name] else { throw .noDevice }
        guard names[other] == nil else { throw .exists }
        names[name] = nil
        names[other] = index
        devices[index]?.link.name = other
        tellLink(index)
    }

    /// Changes a device's group: takes it from us, or passes it off as ours.
    public mutating func setGroup(_ name: InterfaceName, _ group: UInt32) {
        guard let index = names[name] else { return }
        devices[index]?.link.group = group
        tellLink(index)
    }

    /// Somebody else takes a step: what is made is theirs, what is changed or deleted may be
    /// ours, and events tell of it as far as the kernel tells.
    public mutating func interfere(
        _ step: Step, routeProtocol: UInt8 = 4
    ) throws(KernelError) {
        switch step {
        case .createVLAN(let name, let parent, let tag, let mtu):
            try createVLAN(name, parent: parent, tag, mtu: mtu, group: 0)
        case .createVRF(let name, let table): try createVRF(name, table, group: 0)
        case .createPlaceholder(let name): try createDevice(name, "dummy", group: 0)
        case .changeLink(let index, let change): try changeLink(index, change)
        case .deleteLink(let index): try deleteLink(index)
        case .addAddress(let index, let address): try addAddress(index, address)
        case .deleteAddress(let index, let address): try deleteAddress(index, address)
        case .silenceNeighbours(let index): devices[index]?.isSilenced = true
        case .putNeighbour(let neighbour): neighbours.insert(neighbour)
        case .putNextHop(let nextHop, let replacing):
            try putNextHop(
                nextHop, replacing: replacing, routeProtocol: routeProtocol, isOurs: false)
        case .deleteNextHop(let id): try deleteNextHop(id, isOurs: false)
        case .putRoute(let route, let replacing):
            // Over a route of ours this is a message about their route: ours goes unmentioned.
            try putRoute(
                TableRoute(
                    key: route.key, target: route.target, device: .none, gateway: nil,
                    routeProtocol: routeProtocol), replacing: replacing)
        case .deleteRoute(let key):
            let first = routes[key.table]?[key.prefix]?.first { $0.key.metric == key.metric }
            try deleteRoute(key, routeProtocol: nil)
            if first?.routeProtocol == marks.routeProtocol { tell(.routeGone(key)) }
        }
    }

    /// Somebody else's route through a gateway.
    public mutating func addGatewayRoute(
        _ key: RouteKey, through gateway: IPAddress, device: InterfaceName, replacing: Bool = false,
        routeProtocol: UInt8 = 4
    ) throws(KernelError) {
        guard let index = names[device] else { throw .noDevice }
        try putRoute(
            TableRoute(
                key: key, target: nil, device: index, gateway: gateway,
                routeProtocol: routeProtocol), replacing: replacing)
    }

    /// Somebody flushes the neighbour entries of a device.
    public mutating func flushNeighbours(_ name: InterfaceName) {
        guard let index = names[name] else { return }
        neighbours = neighbours.filter { $0.link != index }
    }
}
