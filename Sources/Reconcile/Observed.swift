// What the kernel is known to hold: devices and addresses, from a dump and the events after it.
// Indexed for the questions that are asked of it, so that none of them walks all devices.

public import Net

/// Devices and addresses as the kernel last reported them.
public struct Observed: Sendable {
    private var byIndex: [InterfaceIndex: ObservedLink] = [:]
    private var byName: [InterfaceName: InterfaceIndex] = [:]
    private var places: [InterfaceIndex: [InterfaceAddress: ObservedAddress.State]] = [:]
    private var vlans: [InterfaceIndex: [VLANTag: InterfaceIndex]] = [:]
    private var slaves: [InterfaceIndex: Set<InterfaceIndex>] = [:]
    private var tables: [TableID: Set<InterfaceIndex>] = [:]

    /// An empty kernel.
    public init() {}

    /// Takes over a complete dump.
    public mutating func replace(with state: KernelState) {
        self = Observed()
        for link in state.links { put(link) }
        for address in state.addresses { put(address) }
    }

    /// Takes over one event; routes, nexthops and lost events are not kept here.
    public mutating func apply(_ event: KernelEvent) {
        switch event {
        case .link(let link): put(link)
        case .linkGone(let index): remove(index)
        case .address(let address): put(address)
        case .addressGone(let address): remove(address.address, on: address.link)
        case .route, .routeGone, .nextHop, .nextHopGone, .overflow: break
        }
    }

    /// The device of that name.
    public func link(named name: InterfaceName) -> ObservedLink? {
        byName[name].flatMap { byIndex[$0] }
    }

    /// The device of that number.
    public func link(_ index: InterfaceIndex) -> ObservedLink? { byIndex[index] }

    /// The number of the device of that name.
    public func index(of name: InterfaceName) -> InterfaceIndex? { byName[name] }

    /// All devices in the order of their names.
    public var links: [ObservedLink] { byIndex.values.sorted { $0.name < $1.name } }

    /// The addresses of a device, in order.
    public func addresses(on index: InterfaceIndex) -> [InterfaceAddress] {
        (places[index] ?? [:]).keys.sorted()
    }

    /// How far an address is: absent (nil), or as the kernel says.
    public func addressState(
        _ address: InterfaceAddress, on name: InterfaceName
    ) -> ObservedAddress.State? {
        byName[name].flatMap { places[$0]?[address] }
    }

    /// Whether packets can leave through the device. A VLAN is unusable at once when a device
    /// below it is down or has no carrier: its own event may be seconds late.
    public func isUsable(_ name: InterfaceName) -> Bool {
        guard let index = byName[name] else { return false }
        return isUsable(index)
    }

    /// Whether packets can leave through the device of that number.
    public func isUsable(_ index: InterfaceIndex) -> Bool {
        var index = index
        // The kernel stacks at most 8 devices.
        for _ in 0..<10 {
            guard let link = byIndex[index], link.isUsable else { return false }
            guard link.parent != .none else { return true }
            index = link.parent
        }
        return false
    }

    /// The VLAN with this tag on a device.
    func vlan(on parent: InterfaceIndex, _ tag: VLANTag) -> ObservedLink? {
        vlans[parent]?[tag].flatMap { byIndex[$0] }
    }

    /// The VLANs on a device, in no order.
    func vlans(on parent: InterfaceIndex) -> some Collection<InterfaceIndex> {
        (vlans[parent] ?? [:]).values
    }

    /// The devices that belong to a master, in no order.
    func members(of master: InterfaceIndex) -> Set<InterfaceIndex> { slaves[master] ?? [] }

    /// The VRF devices of a table, in no order.
    func vrfs(of table: TableID) -> Set<InterfaceIndex> { tables[table] ?? [] }

    /// Takes over a device.
    mutating func put(_ link: ObservedLink) {
        if let old = byIndex[link.index] {
            forget(old)
        }
        // Another device held the name: it was renamed or deleted, and that event is lost.
        if let other = byName[link.name], other != link.index { remove(other) }
        byIndex[link.index] = link
        byName[link.name] = link.index
        switch link.kind {
        case .vlan(let tag): vlans[link.parent, default: [:]][tag] = link.index
        case .vrf(let table): tables[table, default: []].insert(link.index)
        case .other: break
        }
        if link.master != .none { slaves[link.master, default: []].insert(link.index) }
    }

    /// Forgets a device and its addresses.
    mutating func remove(_ index: InterfaceIndex) {
        guard let old = byIndex.removeValue(forKey: index) else { return }
        forget(old)
        places[index] = nil
    }

    /// Takes over an address.
    mutating func put(_ address: ObservedAddress) {
        places[address.link, default: [:]][address.address] = address.state
    }

    /// Forgets an address.
    mutating func remove(_ address: InterfaceAddress, on index: InterfaceIndex) {
        places[index]?[address] = nil
        if places[index]?.isEmpty == true { places[index] = nil }
    }

    private mutating func forget(_ old: ObservedLink) {
        if byName[old.name] == old.index { byName[old.name] = nil }
        switch old.kind {
        case .vlan(let tag):
            if vlans[old.parent]?[tag] == old.index { vlans[old.parent]?[tag] = nil }
            if vlans[old.parent]?.isEmpty == true { vlans[old.parent] = nil }
        case .vrf(let table):
            tables[table]?.remove(old.index)
            if tables[table]?.isEmpty == true { tables[table] = nil }
        case .other: break
        }
        slaves[old.master]?.remove(old.index)
        if slaves[old.master]?.isEmpty == true { slaves[old.master] = nil }
    }
}
