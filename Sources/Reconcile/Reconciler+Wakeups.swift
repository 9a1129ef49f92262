// What a change makes dirty: the object itself, and the keys that said they wait for it. Keys
// that are settled depend on nothing but their own object.

public import Net

extension Reconciler {
    /// A complete dump: the truth, and the only ground for deletions.
    public mutating func resynced(_ state: KernelState, at now: Instant) {
        observed.replace(with: state)
        isPrimed = true
        needsResync = false
        awaited.removeAll()
        waiters.removeAll()
        causes.removeAll()
        awaitedTables.removeAll()
        silenced = silenced.filter { observed.link($0) != nil }
        pace = pace.filter { now - $0.value.since <= .seconds(10) }
        for key in troubles.keys { hasten(key) }

        var keys = Set(desired.keys).union(states.keys)
        for link in state.links where isOurs(link) {
            keys.insert(.link(link.name))
            for address in observed.addresses(on: link.index) {
                keys.insert(.address(link.name, address))
            }
        }
        for (name, adoption) in adoptions {
            keys.insert(.link(name))
            for address in adoption.addresses { keys.insert(.address(name, address)) }
        }
        for key in keys.sorted() { queue.insert(key) }
    }

    /// An event of the kernel.
    public mutating func observed(_ event: KernelEvent, at now: Instant) {
        switch event {
        case .link(let link):
            note(.link(link.name))
            take(link)
        case .linkGone(let index):
            if let link = observed.link(index) { note(.link(link.name)) }
            takeGone(index)
        case .address(let address):
            guard let link = observed.link(address.link) else { return }
            note(.address(link.name, address.address))
            take(address)
        case .addressGone(let address):
            guard let link = observed.link(address.link) else { return }
            note(.address(link.name, address.address))
            takeGone(address.address, on: address.link)
        case .overflow: needsResync = true
        case .route, .routeGone, .nextHop, .nextHopGone: break
        }
    }

    private mutating func note(_ key: ObjectKey) {
        if let ticket = busy[key] { flights[ticket]?.sawEvent = true }
    }

    /// A device is new or changed.
    mutating func take(_ link: ObservedLink) {
        awaited[link.name] = nil
        let old = observed.link(link.index)
        guard old != link else { return }
        let displaced = observed.link(named: link.name)
        observed.put(link)
        if let displaced, displaced.index != link.index { changed(displaced, nil) }
        changed(old, link)
    }

    /// A device is gone, and what stood on it; for these the kernel has events of their own.
    mutating func takeGone(_ index: InterfaceIndex) {
        guard let old = observed.link(index) else { return }
        let addresses = observed.addresses(on: index)
        observed.remove(index)
        silenced.remove(index)
        changed(old, nil)
        for address in addresses { touch(.address(old.name, address)) }
    }

    /// An address is new or changed.
    mutating func take(_ address: ObservedAddress) {
        guard let link = observed.link(address.link),
            observed.addressState(address.address, on: link.name) != address.state
        else { return }
        observed.put(address)
        touch(.address(link.name, address.address))
        wake(.link(link.name))
    }

    /// An address is gone.
    mutating func takeGone(_ address: InterfaceAddress, on index: InterfaceIndex) {
        guard let link = observed.link(index) else { return }
        observed.remove(address, on: index)
        touch(.address(link.name, address))
        wake(.link(link.name))
    }

    private mutating func changed(_ old: ObservedLink?, _ new: ObservedLink?) {
        let names = old?.name == new?.name ? [new?.name] : [old?.name, new?.name]
        for case let name? in names {
            touch(.link(name))
            for address in desired.addresses(on: name) { touch(.address(name, address)) }
            if let adoption = adoptions[name] {
                for address in adoption.addresses.sorted() { touch(.address(name, address)) }
            }
            wake(.link(name))
            // Another device bears the name: what is wanted on it may stand on the wrong one.
            if old?.index != new?.index || old?.name != new?.name {
                for user in desired.users(of: name) { touch(.link(user)) }
            }
        }
        if let new, old?.name != new.name {
            for address in observed.addresses(on: new.index) { touch(.address(new.name, address)) }
        }
        if old?.master != new?.master {
            wake(named: old?.master)
            wake(named: new?.master)
        }
        if old?.parent != new?.parent {
            wake(named: old?.parent)
            wake(named: new?.parent)
        }
    }

    /// Compares a key soon; if it is in trouble, sooner than it would have been.
    mutating func touch(_ key: ObjectKey) {
        hasten(key)
        queue.insert(key)
    }

    /// A change in what failed brings the next try forward, but never to less than half a second
    /// after the last one: a try that fails may itself be the change.
    private mutating func hasten(_ key: ObjectKey) {
        guard var trouble = troubles[key] else { return }
        let soonest = trouble.last + .milliseconds(500)
        guard soonest < trouble.retry else { return }
        trouble.retry = soonest
        troubles[key] = trouble
        deadlines.set(key, soonest)
    }

    mutating func register(_ key: ObjectKey, _ cause: Cause) {
        guard causes[key, default: []].insert(cause).inserted else { return }
        waiters[cause, default: []].append(key)
    }

    /// Compares what waits for a cause. Where the cause has not changed but may now be used
    /// otherwise, what is in trouble keeps its patience.
    mutating func wake(_ cause: Cause, hastening: Bool = true) {
        guard let keys = waiters.removeValue(forKey: cause) else { return }
        for key in keys {
            causes[key]?.remove(cause)
            if causes[key]?.isEmpty == true { causes[key] = nil }
            if hastening { hasten(key) }
            queue.insert(key)
        }
    }

    private mutating func wake(named index: InterfaceIndex?) {
        if let index, let link = observed.link(index) { wake(.link(link.name)) }
    }
}
