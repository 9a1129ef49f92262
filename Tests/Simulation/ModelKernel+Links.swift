// Devices: what the kernel refuses, and what follows from each change (VLANs follow their port up
// and down, a smaller MTU ripples, a change of VRF cycles the device).

import Net

extension ModelKernel {
    /// The table that a device's routes live in: its VRF's, or main.
    func table(of index: InterfaceIndex) -> TableID {
        guard let link = devices[index]?.link else { return .main }
        if case .vrf(let table) = link.kind { return table }
        if case .vrf(let table) = devices[link.master]?.link.kind { return table }
        return .main
    }

    func vlans(on parent: InterfaceIndex) -> [InterfaceIndex] {
        devices.values.filter { $0.link.parent == parent }.map(\.link.index).sorted()
    }

    func members(of master: InterfaceIndex) -> [InterfaceIndex] {
        devices.values.filter { $0.link.master == master }.map(\.link.index).sorted()
    }

    mutating func createVLAN(
        _ name: InterfaceName, parent: InterfaceIndex, _ tag: VLANTag, mtu: UInt32?, group: UInt32
    ) throws(KernelError) {
        guard let below = devices[parent]?.link else { throw .noDevice }
        guard names[name] == nil else { throw .exists }
        let taken = vlans(on: parent).contains { devices[$0]?.link.kind == .vlan(tag) }
        if taken { throw KernelError(code: 17, text: "VLAN device already exists") }
        if let mtu, mtu > below.mtu { throw .invalid("Invalid argument") }
        insert(name, kind: .vlan(tag), parent: parent, mtu: mtu ?? below.mtu, group: group)
    }

    mutating func createVRF(
        _ name: InterfaceName, _ table: TableID, group: UInt32
    ) throws(KernelError) {
        guard names[name] == nil else { throw .exists }
        guard table.rawValue != 0 else { throw .invalid("VRF table id is missing") }
        insert(name, kind: .vrf(table), mtu: 65575, group: group)
    }

    mutating func createDevice(
        _ name: InterfaceName, _ kind: String, mtu: UInt32 = 1500, group: UInt32
    ) throws(KernelError) {
        guard names[name] == nil else { throw .exists }
        insert(name, kind: .other(kind), mtu: mtu, group: group)
    }

    private mutating func insert(
        _ name: InterfaceName, kind: ObservedLink.Kind, parent: InterfaceIndex = .none,
        mtu: UInt32, group: UInt32
    ) {
        let index = InterfaceIndex(nextIndex)
        nextIndex += 1
        devices[index] = Device(
            link: ObservedLink(
                index: index, name: name, kind: kind, parent: parent, mtu: mtu, group: group))
        names[name] = index
        tellLink(index)
    }

    /// In the kernel's order: MTU, alias, flags, master. What came before a refusal stays done.
    mutating func changeLink(
        _ index: InterfaceIndex, _ change: LinkChange
    ) throws(KernelError) {
        guard devices[index] != nil else { throw .noDevice }
        if let mtu = change.mtu { try setMTU(index, mtu) }
        if let alias = change.alias, devices[index]?.link.alias != alias {
            devices[index]?.link.alias = alias
            tellLink(index)
        }
        if let isUp = change.isUp { try setUp(index, isUp) }
        if let master = change.master { try setMaster(index, master) }
    }

    private mutating func setMTU(_ index: InterfaceIndex, _ mtu: UInt32) throws(KernelError) {
        guard let link = devices[index]?.link else { throw .noDevice }
        guard (68...65575).contains(mtu) else { throw .invalid("mtu greater than device maximum") }
        if let below = devices[link.parent]?.link, mtu > below.mtu {
            throw KernelError(code: 34, text: "Numerical result out of range")
        }
        guard link.mtu != mtu else { return }
        devices[index]?.link.mtu = mtu
        tellLink(index)
        for vlan in vlans(on: index) where (devices[vlan]?.link.mtu ?? 0) > mtu {
            try setMTU(vlan, mtu)
        }
    }

    mutating func setUp(_ index: InterfaceIndex, _ isUp: Bool) throws(KernelError) {
        guard let link = devices[index]?.link else { throw .noDevice }
        guard link.isUp != isUp else { return }
        guard isUp else {
            takeDown(index)
            return
        }
        if let below = devices[link.parent]?.link, !below.isUp {
            throw KernelError(code: 100, text: "Network is down")
        }
        devices[index]?.link.isUp = true
        let carrier = carrier(of: index)
        devices[index]?.link.hasCarrier = carrier
        tellLink(index)
        addLinkLocal(index)
        // The VLANs of a device follow it up, also those that nobody had set up.
        for vlan in vlans(on: index) { try setUp(vlan, true) }
    }

    private mutating func takeDown(_ index: InterfaceIndex) {
        guard devices[index]?.link.isUp == true else { return }
        for vlan in vlans(on: index) { takeDown(vlan) }
        devices[index]?.link.isUp = false
        devices[index]?.link.hasCarrier = false
        loseNextHops(on: index)
        loseRoutes(through: index)
        neighbours = neighbours.filter { $0.link != index }
        flushAddresses(index) { $0.address.address.family == .ipv6 }
        tellLink(index)
    }

    private mutating func setMaster(
        _ index: InterfaceIndex, _ master: InterfaceIndex
    ) throws(KernelError) {
        guard let link = devices[index]?.link else { throw .noDevice }
        guard link.master != master else { return }
        if master != .none {
            guard let above = devices[master]?.link else { throw .noDevice }
            if case .vrf = link.kind, case .vrf = above.kind {
                throw .invalid("Can not enslave an L3 master device to a VRF")
            }
        }
        if link.master != .none { release(index) }
        if master != .none {
            devices[index]?.link.master = master
            try cycle(index, if: master)
        }
        tellLink(index)
    }

    private mutating func release(_ index: InterfaceIndex) {
        guard let old = devices[index]?.link.master else { return }
        devices[index]?.link.master = .none
        // Going down and up again cannot be refused: what is below is up.
        try? cycle(index, if: old)
    }

    private mutating func cycle(
        _ index: InterfaceIndex, if master: InterfaceIndex
    ) throws(KernelError) {
        guard case .vrf = devices[master]?.link.kind else { return }
        guard devices[index]?.link.isUp == true else { return }
        takeDown(index)
        try setUp(index, true)
    }

    mutating func deleteLink(_ index: InterfaceIndex) throws(KernelError) {
        guard let link = devices[index]?.link else { throw .noDevice }
        guard link.kind != .other("") else {
            throw KernelError(code: 95, text: "Operation not supported")
        }
        removeLink(index)
    }

    mutating func removeLink(_ index: InterfaceIndex) {
        for vlan in vlans(on: index) { removeLink(vlan) }
        takeDown(index)
        for member in members(of: index) {
            release(member)
            tellLink(member)
        }
        loseNextHops(on: index)
        flushAddresses(index) { _ in true }
        guard let link = devices.removeValue(forKey: index)?.link else { return }
        names[link.name] = nil
        lateCarriers.removeAll { $0 == index }
        tell(.linkGone(index))
    }

    /// What the carrier should be now.
    func carrier(of index: InterfaceIndex) -> Bool {
        guard let device = devices[index], device.link.isUp else { return false }
        guard device.link.parent != .none else { return device.hasCable }
        return devices[device.link.parent]?.link.hasCarrier ?? false
    }

    /// Takes over a changed carrier; the VLANs above hear of it from linkwatch, later.
    mutating func followCarrier(_ index: InterfaceIndex) {
        let carrier = carrier(of: index)
        guard let device = devices[index], device.link.hasCarrier != carrier else { return }
        devices[index]?.link.hasCarrier = carrier
        if !carrier {
            loseNextHops(on: index)
            neighbours = neighbours.filter { $0.link != index }
        }
        tellLink(index)
        lateCarriers += vlans(on: index).filter { !lateCarriers.contains($0) }
    }
}
