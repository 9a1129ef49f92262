// Addresses. On a VLAN of ours all but the kernel's link-local one is ours; elsewhere only what
// is on record. They are put on a device that is up and in its VRF, and go with a deleted one.

import Net

extension Reconciler {
    /// Whether the address may be removed by us.
    func isOurs(_ address: InterfaceAddress, on link: ObservedLink) -> Bool {
        if let adoption = adoptions[link.name], adoption.index == link.index,
            adoption.addresses.contains(address)
        {
            return true
        }
        guard case .vlan = link.kind, isOurs(link) else { return false }
        if case .v6(let address) = address.address, address.isLinkLocal { return false }
        return true
    }

    func addressVerdict(_ name: InterfaceName, _ address: InterfaceAddress) -> Verdict {
        guard desired.wants(address, on: name) else { return unwanted(name, address) }
        if let obstacle = obstacle(in: name, for: address) { return obstacle }
        guard let present = observed.link(named: name) else {
            preconditionFailure("a device without obstacle is missing")
        }
        switch observed.addressState(address, on: name) {
        case .ready: return .settled
        case .tentative:
            return .waiting(
                "\(address) on \(name) waits for duplicate address detection"
                    + (observed.isUsable(name) ? "" : ", which needs a carrier"), .link(name))
        case .duplicate:
            let text =
                "\(address.address) on \(name) is used by another host: "
                + "duplicate address detection failed"
            guard isOurs(address, on: present) else { return .failed(text, .link(name)) }
            return .spoiled(text, .deleteAddress(present.index, address))
        case nil:
            if let collision = collision(of: address, present) { return collision }
            return .step(.addAddress(present.index, address))
        }
    }

    /// What keeps an address from being put on its device.
    private func obstacle(
        in name: InterfaceName, for address: InterfaceAddress
    ) -> Verdict? {
        guard let wanted = desired.link(name) else {
            return .failed(
                "\(address) is wanted on \(name), which no file declares", .link(name))
        }
        guard let present = observed.link(named: name) else {
            return .waiting("\(address) waits for device \(name)", .link(name))
        }
        if wanted.kind == .port ? isOurs(present) : !isOurs(present) || isDoomed(present) {
            return .waiting("\(address) waits until \(name) is as wanted", .link(name))
        }
        if let master = wanted.master {
            if let vrf = observed.link(named: master), isDoomed(vrf), present.master == vrf.index,
                observed.addressState(address, on: name) != nil, isOurs(address, on: present),
                wanted.kind == .port, mayDelete
            {
                // The port is about to leave its VRF: the address must not stand in another one.
                return .step(.deleteAddress(present.index, address))
            }
            guard let vrf = observed.link(named: master), present.master == vrf.index,
                !isDoomed(vrf)
            else {
                return .waiting("\(address) waits until \(name) is in VRF \(master)", .link(name))
            }
        } else if wanted.kind != .port, present.master != .none {
            return .waiting("\(address) waits until \(name) left its master", .link(name))
        }
        guard present.isUp else {
            return .waiting("\(address) waits until \(name) is up", .link(name))
        }
        return nil
    }

    /// Remove before add where two cannot stand side by side: the same address with another
    /// length, or an IPv4 subnet whose older address would take the newer one along.
    private func collision(of address: InterfaceAddress, _ present: ObservedLink) -> Verdict? {
        for other in observed.addresses(on: present.index) where other != address {
            let isSame = other.address == address.address
            let isNeighbour = address.address.family == .ipv4 && other.network == address.network
            guard isSame || isNeighbour, !desired.wants(other, on: present.name) else { continue }
            if isOurs(other, on: present) {
                return .waiting(
                    "\(address) on \(present.name) waits until \(other) is removed",
                    .link(present.name))
            }
            if isSame, address.address.family == .ipv6 {
                return .failed(
                    "\(address) cannot be put on \(present.name), where \(other) stands already "
                        + "and is not ours", .link(present.name))
            }
        }
        return nil
    }

    private func unwanted(_ name: InterfaceName, _ address: InterfaceAddress) -> Verdict {
        guard let present = observed.link(named: name),
            observed.addressState(address, on: name) != nil, isOurs(address, on: present)
        else { return .settled }
        let isBlocked = observed.vlans(on: present.index).contains { index in
            observed.link(index).map { !isOurs($0) } == true
        }
        // It goes with its device, unless a foreign VLAN keeps that from going.
        if isDoomed(present), !isBlocked {
            return .waiting("\(address) goes with its device \(name)", .link(name))
        }
        guard mayDelete else {
            return .waiting(
                "\(address) on \(name) is not wanted and stays until deletions are allowed",
                .permission)
        }
        return .step(.deleteAddress(present.index, address))
    }
}
