// What becomes of steps: a done one is believed at once, a refused one is tried again by its key
// with growing patience and the kernel's own words for people.

public import Net

extension Reconciler {
    /// A drained step ended.
    public mutating func finished(_ outcome: StepOutcome, at now: Instant) {
        guard let flight = flights.removeValue(forKey: outcome.ticket) else { return }
        busy[flight.key] = nil
        queue.insert(flight.key)
        // What had to stay because the step leaned on it.
        for index in flight.step.references {
            if let link = observed.link(index) { wake(.link(link.name), hastening: false) }
        }
        if let error = outcome.error, !isAsGoodAsDone(flight.step, error) {
            refused(flight, error, at: now)
        } else {
            troubles[flight.key] = nil
            deadlines.clear(flight.key)
            if !flight.sawEvent { predict(flight.step, at: now) }
        }
    }

    /// What was to be deleted is gone already.
    private func isAsGoodAsDone(_ step: Step, _ error: KernelError) -> Bool {
        switch step {
        case .deleteLink: error.code == Errno.noDevice
        case .deleteAddress:
            error.code == Errno.noDevice || error.code == Errno.addressNotAvailable
        default: false
        }
    }

    private mutating func refused(_ flight: Flight, _ error: KernelError, at now: Instant) {
        if error.code == Errno.noDevice || error.code == Errno.exists { needsResync = true }
        if case .addAddress(let index, let address) = flight.step, error.code == Errno.exists,
            let name = observed.link(index)?.name
        {
            // It was there before: not ours.
            forget(address, on: name)
        }
        let attempts = (troubles[flight.key]?.attempts ?? 0) + 1
        let text = "cannot \(describe(flight.step)): \(error)\(hint(flight.step, error))"
        let patience = Duration.milliseconds(min(60_000, 500 << min(attempts - 1, 7)))
        fail(
            flight.key,
            Trouble(text: text, attempts: attempts, last: now, retry: now + patience))
    }

    /// What is behind a refusal that says little by itself: a kernel without the module.
    private func hint(_ step: Step, _ error: KernelError) -> String {
        guard error.code == Errno.notSupported else { return "" }
        return switch step {
        case .createVLAN: "; try: modprobe 8021q"
        case .createVRF: "; try: modprobe vrf"
        case .createPlaceholder: "; try: modprobe dummy"
        default: ""
        }
    }

    /// Takes a done step's effect as observed, until its event says it better.
    private mutating func predict(_ step: Step, at now: Instant) {
        switch step {
        case .createVLAN(let name, _, _, _), .createVRF(let name, _), .createPlaceholder(let name):
            // Its number comes with its event; without it a dump has to tell.
            if observed.link(named: name) == nil { awaited[name] = now + .seconds(2) }
        case .changeLink(let index, let change):
            guard var link = observed.link(index) else { return }
            link.mtu = change.mtu ?? link.mtu
            link.master = change.master ?? link.master
            link.alias = change.alias ?? link.alias
            link.isUp = change.isUp ?? link.isUp
            link.hasCarrier = link.isUp && link.hasCarrier
            take(link)
        case .deleteLink(let index): takeGone(index)
        case .addAddress(let index, let address):
            guard let name = observed.link(index)?.name,
                observed.addressState(address, on: name) == nil
            else { return }
            let state: ObservedAddress.State =
                address.address.family == .ipv4 ? .ready : .tentative
            take(ObservedAddress(link: index, address: address, state: state))
        case .deleteAddress(let index, let address): takeGone(address, on: index)
        case .silenceNeighbours(let index): silenced.insert(index)
        default: break
        }
    }

    /// A step in words: `create VLAN azure100 (802.1q 100) on eth0`.
    private func describe(_ step: Step) -> String {
        func name(_ index: InterfaceIndex) -> String {
            observed.link(index)?.name.description ?? "device \(index)"
        }
        switch step {
        case .createVLAN(let link, let parent, let tag, _):
            return "create VLAN \(link) (\(tag)) on \(name(parent))"
        case .createVRF(let link, let table): return "create VRF \(link) with table \(table)"
        case .createPlaceholder(let link): return "create the placeholder's device \(link)"
        case .changeLink(let index, let change):
            var parts: [String] = []
            if let mtu = change.mtu { parts.append("set the MTU of \(name(index)) to \(mtu)") }
            if let master = change.master {
                parts.append(
                    master == .none
                        ? "release \(name(index)) from its master"
                        : "put \(name(index)) into \(name(master))")
            }
            if let isUp = change.isUp { parts.append("set \(name(index)) \(isUp ? "up" : "down")") }
            if parts.isEmpty { parts.append("write the alias of \(name(index))") }
            return parts.joined(separator: " and ")
        case .deleteLink(let index): return "delete device \(name(index))"
        case .addAddress(let index, let address): return "add \(address) to \(name(index))"
        case .deleteAddress(let index, let address):
            return "remove \(address) from \(name(index))"
        case .silenceNeighbours(let index):
            return "make unresolved packets drop on \(name(index))"
        default: return "take a step that is not about devices"
        }
    }
}

/// The refusals that mean more than "try again later".
enum Errno {
    static let exists: Int32 = 17
    static let noDevice: Int32 = 19
    static let notSupported: Int32 = 95
    static let addressNotAvailable: Int32 = 99
}

extension Step {
    /// Other devices that the step leans on and that must not go meanwhile.
    var references: [InterfaceIndex] {
        switch self {
        case .createVLAN(_, let parent, _, _): [parent]
        case .changeLink(_, let change): change.master.map { [$0] } ?? []
        default: []
        }
    }
}
