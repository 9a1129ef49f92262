// Devices of ours that have to go: inner VLANs before outer ones, VLANs before their VRF, a VRF
// only when nothing is left in it, since the kernel would leave its members in the main table.

import Net

extension Reconciler {
    /// Nothing is deleted or given back before a complete dump and Core's leave.
    var mayDelete: Bool { isPrimed && allowsDeletion }

    func removal(of present: ObservedLink) -> Verdict {
        let name = present.name
        guard mayDelete else {
            return .waiting(
                "device \(name) of ours is not wanted as it is and stays until deletions are "
                    + "allowed", .permission)
        }
        if flights.values.contains(where: { $0.step.references.contains(present.index) }) {
            return .waiting("device \(name) is still being used by a step", .link(name))
        }
        switch present.kind {
        case .vlan:
            let stacked = observed.vlans(on: present.index)
            if !stacked.isEmpty {
                return .waiting(
                    "VLAN \(name) stays until \(list(stacked)) on it is gone", .link(name))
            }
        case .vrf(let table):
            let members = observed.members(of: present.index)
            if !members.isEmpty {
                return .waiting("VRF \(name) stays until \(list(members)) left it", .link(name))
            }
            // Another VRF of ours may have taken the table over, with its routes.
            let isLast = !observed.vrfs(of: table).contains { other in
                other != present.index && observed.link(other).map { !isDoomed($0) } == true
            }
            if isLast, tablesInUse.contains(table) {
                return .waiting(
                    "VRF \(name) stays until our routes in table \(table) are gone", .table(table))
            }
        case .other(let kind):
            // The far end of the placeholder's pair goes with it.
            if kind == "veth", desired.hasPlaceholder, desired.link(name) == nil {
                return .settled
            }
        }
        return .step(.deleteLink(present.index))
    }

    /// A few devices by name, with a word on those that are not ours; many by number.
    func list(_ indices: some Collection<InterfaceIndex>) -> String {
        guard indices.count <= 8 else { return "each of \(indices.count) devices" }
        return indices.sorted().map { index in
            guard let link = observed.link(index) else { return "device \(index)" }
            return isOurs(link) ? "\(link.name)" : "the foreign device \(link.name)"
        }.joined(separator: ", ")
    }
}
