// Ports: devices of the host that we only adopt. What we change on one is recorded before it is
// changed and put back when nobody wants it changed any more; all else on it is foreign.

import Net

extension Reconciler {
    func portVerdict(_ wanted: Link, _ present: ObservedLink?) -> Verdict {
        guard let present else {
            return .waiting("port device \(wanted.name) is missing", .link(wanted.name))
        }
        // A left-over of ours bears the port's name.
        if isOurs(present) { return removal(of: present) }
        if let verdict = masterVerdict(wanted, present) { return verdict }

        let size = sizeVerdict(wanted, present)
        // The MTU before the link is up, unless the kernel refused it.
        if let size, present.isUp || troubles[.link(wanted.name)] == nil { return size }
        if !present.isUp { return .adopt(.changeLink(present.index, LinkChange(isUp: true))) }
        return .settled
    }

    private func masterVerdict(_ wanted: Link, _ present: ObservedLink) -> Verdict? {
        guard let name = wanted.master else {
            guard let previous = previous(of: present)?.master else { return nil }
            let goal = previous.flatMap { observed.index(of: $0) } ?? .none
            guard goal != present.master else { return nil }
            return .step(.changeLink(present.index, LinkChange(master: goal)))
        }
        if let vrf = observed.link(named: name), isDoomed(vrf), present.master == vrf.index {
            if let address = ownAddresses(on: present).first {
                return .waiting(
                    "port \(wanted.name) leaves VRF \(name) when \(address) is removed",
                    .link(wanted.name))
            }
            return .step(.changeLink(present.index, LinkChange(master: InterfaceIndex.none)))
        }
        if let obstacle = obstacle(in: name, for: wanted.name) { return obstacle }
        guard let vrf = observed.index(of: name), vrf != present.master else { return nil }
        return .adopt(.changeLink(present.index, LinkChange(master: vrf)))
    }

    private func sizeVerdict(_ wanted: Link, _ present: ObservedLink) -> Verdict? {
        if let mtu = wanted.mtu {
            guard mtu != present.mtu else { return nil }
            return .adopt(.changeLink(present.index, LinkChange(mtu: mtu)))
        }
        guard let mtu = previous(of: present)?.mtu, mtu != present.mtu else { return nil }
        return .step(.changeLink(present.index, LinkChange(mtu: mtu)))
    }

    /// Nobody wants the port any more: our VLANs go first, then our addresses, then it is put
    /// back as it was found.
    func release(of present: ObservedLink, _ adoption: Adoption) -> Verdict {
        let name = present.name
        guard mayDelete else {
            return .waiting("port \(name) is kept until deletions are allowed", .permission)
        }
        let stacked = observed.vlans(on: present.index).contains { index in
            observed.link(index).map(isOurs) == true
        }
        if stacked {
            return .waiting("port \(name) is kept until our VLANs on it are gone", .link(name))
        }
        if let address = ownAddresses(on: present).first {
            return .waiting("port \(name) is kept until \(address) is removed", .link(name))
        }
        var change = LinkChange()
        if let mtu = adoption.previous.mtu, mtu != present.mtu { change.mtu = mtu }
        if let previous = adoption.previous.master {
            let goal = previous.flatMap { observed.index(of: $0) } ?? .none
            if goal != present.master { change.master = goal }
        }
        if change != LinkChange() { return .step(.changeLink(present.index, change)) }
        if adoption.previous.isUp == false, present.isUp {
            return .step(.changeLink(present.index, LinkChange(isUp: false)))
        }
        return .settled
    }

    /// Records what a step will change on a port, where nothing is recorded yet.
    mutating func adopt(_ step: Step, _ key: ObjectKey) {
        guard case .changeLink(let index, let change) = step, let link = observed.link(index)
        else { return }
        var adoption = record(of: link)
        if change.isUp != nil, adoption.previous.isUp == nil { adoption.previous.isUp = link.isUp }
        if change.mtu != nil, adoption.previous.mtu == nil { adoption.previous.mtu = link.mtu }
        if change.master != nil, adoption.previous.master == nil {
            adoption.previous.master = .some(observed.link(link.master)?.name)
        }
        if adoptions[link.name] != adoption { adoptions[link.name] = adoption }
    }

    /// Records an address as ours, where the device does not say so by itself.
    mutating func adopt(_ address: InterfaceAddress, on index: InterfaceIndex) {
        guard let link = observed.link(index), !isOurs(address, on: link) else { return }
        var adoption = record(of: link)
        adoption.addresses.insert(address)
        adoptions[link.name] = adoption
    }

    /// Strikes an address from the record.
    mutating func forget(_ address: InterfaceAddress, on name: InterfaceName) {
        guard adoptions[name]?.addresses.contains(address) == true else { return }
        adoptions[name]?.addresses.remove(address)
        touch(.link(name))
        wake(.link(name))
    }

    /// Strikes from the record what is as it was, so that a finished restoration leaves nothing.
    mutating func tidy(_ key: ObjectKey) {
        let name = key.link
        guard let adoption = adoptions[name] else { return }
        guard let present = observed.link(named: name), present.index == adoption.index else {
            // The device that was adopted is gone; its namesake is another one.
            adoptions[name] = nil
            return
        }
        if case .address(_, let address) = key {
            let isGone = observed.addressState(address, on: name) == nil
            if isGone, !desired.wants(address, on: name) { forget(address, on: name) }
            return
        }
        var previous = adoption.previous
        let wanted = desired.link(name)
        if wanted == nil, previous.isUp == present.isUp { previous.isUp = nil }
        if wanted?.mtu == nil, previous.mtu == present.mtu { previous.mtu = nil }
        if wanted?.master == nil, let master = previous.master {
            let goal = master.flatMap { observed.index(of: $0) } ?? .none
            if goal == present.master { previous.master = nil }
        }
        // Up is wanted as long as the port is, and never recorded without need.
        if wanted == nil, previous.isUp == true { previous.isUp = nil }
        if previous == PreviousValues(), adoption.addresses.isEmpty {
            adoptions[name] = nil
        } else if previous != adoption.previous {
            adoptions[name]?.previous = previous
        }
    }

    private func previous(of present: ObservedLink) -> PreviousValues? {
        guard let adoption = adoptions[present.name], adoption.index == present.index else {
            return nil
        }
        return adoption.previous
    }

    private func record(of link: ObservedLink) -> Adoption {
        if let adoption = adoptions[link.name], adoption.index == link.index { return adoption }
        return Adoption(index: link.index)
    }

    private func ownAddresses(on present: ObservedLink) -> [InterfaceAddress] {
        observed.addresses(on: present.index).filter { isOurs($0, on: present) }
    }
}
