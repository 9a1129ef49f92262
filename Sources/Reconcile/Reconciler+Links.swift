// Devices that we create. A VLAN's identity is its port and tags, not its name; a device that
// cannot be changed into what is wanted is deleted and made anew; a foreign one is left alone.
// Order comes from readiness: created down, put into its VRF, up, and only then addresses.

import Net

extension Reconciler {
    /// Our mark, set when the device was made.
    func isOurs(_ link: ObservedLink) -> Bool { link.group == marks.linkGroup }

    func linkVerdict(_ name: InterfaceName) -> Verdict {
        let present = observed.link(named: name)
        if let wanted = desired.link(name) {
            return wanted.kind == .port
                ? portVerdict(wanted, present) : createdVerdict(wanted, present)
        }
        if let present, isOurs(present) { return removal(of: present) }
        if let adoption = adoptions[name], let present { return release(of: present, adoption) }
        return .settled
    }

    private func createdVerdict(_ wanted: Link, _ present: ObservedLink?) -> Verdict {
        guard let present else { return creation(of: wanted) }
        guard isOurs(present) else {
            return .failed(
                "device \(wanted.name) exists already and is not ours (group \(present.group)): "
                    + "rename or remove it", .link(wanted.name))
        }
        guard matches(wanted, present) else { return removal(of: present) }
        if case .vlan(let parent, _) = wanted.kind, observed.index(of: parent) == nil {
            return .waiting(missing(parent, for: wanted.name), .link(parent))
        }
        return adjustment(of: wanted, present)
    }

    private func creation(of wanted: Link) -> Verdict {
        let name = wanted.name
        if awaited[name] != nil {
            return .waiting("device \(name) was made and has yet to appear", .link(name))
        }
        switch wanted.kind {
        case .port: preconditionFailure("ports are never created")
        case .placeholder: return .step(.createPlaceholder(name))
        case .vrf(let table):
            let others = observed.vrfs(of: table).compactMap { observed.link($0) }
            let foreign = others.filter { !isOurs($0) }.min { $0.index < $1.index }
            if let foreign {
                return .failed(
                    "table \(table) of VRF \(name) belongs to the foreign VRF \(foreign.name)",
                    .link(foreign.name))
            }
            return .step(.createVRF(name, table))
        case .vlan(let parent, let tag):
            if let obstacle = obstacle(in: parent, for: name) { return obstacle }
            guard let below = observed.link(named: parent) else {
                return .waiting(missing(parent, for: name), .link(parent))
            }
            if let other = observed.vlan(on: below.index, tag) {
                return occupied(by: other, tag, on: parent, for: name)
            }
            if let mtu = wanted.mtu, mtu > below.mtu {
                return .waiting(tooLarge(mtu, name, below), .link(parent))
            }
            let mtu = wanted.mtu ?? desired.childMTU(of: name).map { min($0, below.mtu) }
            return .step(.createVLAN(name, parent: below.index, tag, mtu: mtu))
        }
    }

    private func occupied(
        by other: ObservedLink, _ tag: VLANTag, on parent: InterfaceName, for name: InterfaceName
    ) -> Verdict {
        let cause = Cause.link(other.name)
        guard isOurs(other) else {
            return .failed(
                "VLAN \(tag) on \(parent) is taken by the foreign device \(other.name), "
                    + "so \(name) cannot be made: remove it", cause)
        }
        if let rival = desired.link(other.name), matches(rival, other) {
            return .failed(
                "VLAN \(tag) on \(parent) is wanted as \(name) and as \(other.name), which has it",
                cause)
        }
        return .waiting(
            "\(name) waits until \(other.name), which has VLAN \(tag) on \(parent), is gone", cause)
    }

    /// What is there already, changed in place.
    private func adjustment(of wanted: Link, _ present: ObservedLink) -> Verdict {
        let alias = wanted.alias != present.alias ? wanted.alias : nil
        var above: ObservedLink?
        if let master = wanted.master {
            if let vrf = observed.link(named: master), isDoomed(vrf), present.master == vrf.index {
                // Left in place it would stand in the main table once its VRF is gone.
                return removal(of: present)
            }
            if let obstacle = obstacle(in: master, for: wanted.name) { return obstacle }
            above = observed.link(named: master)
        }
        let master = above?.index ?? .none
        if master != present.master {
            return .step(.changeLink(present.index, LinkChange(master: master, alias: alias)))
        }
        if let alias { return .step(.changeLink(present.index, LinkChange(alias: alias))) }
        if wanted.kind == .placeholder, !silenced.contains(present.index) {
            return .step(.silenceNeighbours(present.index))
        }
        if !present.isUp {
            if let above, !above.isUp {
                return .waiting(
                    "\(wanted.name) waits for its VRF \(above.name) to be up", .link(above.name))
            }
            if let below = observed.link(present.parent), !below.isUp {
                return .waiting(
                    "\(wanted.name) waits for \(below.name) to be up", .link(below.name))
            }
            return .step(.changeLink(present.index, LinkChange(isUp: true)))
        }
        return size(of: wanted, present)
    }

    /// The MTU comes last, so that a refused one keeps nothing from working.
    private func size(of wanted: Link, _ present: ObservedLink) -> Verdict {
        let below = observed.link(present.parent)
        var goal = wanted.mtu ?? present.mtu
        if wanted.mtu == nil, below != nil, let above = desired.childMTU(of: wanted.name) {
            goal = max(goal, above)
        }
        guard goal != present.mtu else { return .settled }
        if let below, goal > below.mtu {
            return .waiting(tooLarge(goal, wanted.name, below), .link(below.name))
        }
        return .step(.changeLink(present.index, LinkChange(mtu: goal)))
    }

    /// Whether what is there can be changed into what is wanted.
    func matches(_ wanted: Link, _ present: ObservedLink, depth: Int = 0) -> Bool {
        switch (wanted.kind, present.kind) {
        case (.vlan(let parent, let tag), .vlan(let other)) where tag == other:
            // The kernel stacks at most 8 devices; files that stack them in a ring are refused.
            guard depth < 10, let below = observed.link(present.parent) else { return true }
            if isDoomed(below, depth: depth + 1) { return false }
            // A port that is renamed takes its VLANs along; they stay until another bears its name.
            return below.name == parent || observed.index(of: parent) == nil
        case (.vrf(let wanted), .vrf(let present)): return wanted == present
        case (.placeholder, .other): return true
        default: return false
        }
    }

    /// Whether a device of ours has to go: nobody wants it, or not as it is.
    func isDoomed(_ present: ObservedLink, depth: Int = 0) -> Bool {
        guard isOurs(present) else { return false }
        guard let wanted = desired.link(present.name) else { return true }
        return !matches(wanted, present, depth: depth)
    }

    /// What keeps a device from being stood on or joined.
    func obstacle(in base: InterfaceName, for name: InterfaceName) -> Verdict? {
        guard let wanted = desired.link(base) else {
            return .failed(
                "\(name) needs device \(base), which no file declares", .link(base))
        }
        guard let present = observed.link(named: base) else {
            return .waiting(missing(base, for: name), .link(base))
        }
        if wanted.kind != .port, !isOurs(present) {
            return .waiting("\(name) waits: \(base) is a foreign device", .link(base))
        }
        if isDoomed(present) {
            return .waiting("\(name) waits until \(base) is made anew", .link(base))
        }
        return nil
    }

    private func missing(_ base: InterfaceName, for name: InterfaceName) -> String {
        desired.link(base)?.kind == .port
            ? "\(name) waits: port device \(base) is missing" : "\(name) waits for \(base)"
    }

    private func tooLarge(_ mtu: UInt32, _ name: InterfaceName, _ below: ObservedLink) -> String {
        "MTU \(mtu) of \(name) is larger than that of \(below.name) (\(below.mtu)): "
            + "waiting for it to be raised"
    }
}
