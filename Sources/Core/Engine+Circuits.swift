// Files to shares, shares to links, sources and sessions. One changed file touches its own share
// and nothing else.

import BGP
public import Intent
public import Net
import Reconcile
import Routing

extension Engine {
    /// The configuration directory changed, or was read for the first time.
    public mutating func changed(
        _ delta: DirectoryDelta, at now: Instant, into effects: inout [Effect]
    ) {
        totals.reads += 1
        hasRead = true
        startedAt = startedAt ?? now
        apply(catalog.changed(delta, at: now), at: now, into: &effects)
        begin(at: now, into: &effects)
    }

    mutating func apply(_ change: CatalogChange, at now: Instant, into effects: inout [Effect]) {
        if let saved = change.saved {
            effects.append(.save(name: Engine.catalogName, bytes: saved))
        }
        if phase == .running, catalog.settings != nil { reconciler.allowsDeletion = true }
        let faults =
            change.notes.isEmpty
            ? [] : Set(catalog.faults.flatMap { [$0.description, $0.sentence] })
        for note in change.notes {
            // What is wrong now stands out in the journal; what has changed is for information.
            log(faults.contains(note) ? .warning : .info, note, into: &effects)
            tell("files", note, at: now, into: &effects)
        }
        healthBook.isTouched = true
        guard phase == .starting || phase == .running else { return }
        if let settings = change.settings {
            settingsChanged(settings, at: now, into: &effects)
        }
        if !change.isEmpty { generation += 1 }
        for name in change.tenants.keys.sorted() {
            guard let share = change.tenants[name] else { continue }
            setTenant(share, name, at: now, into: &effects)
        }
        for name in change.circuits.keys.sorted() {
            guard let share = change.circuits[name] else { continue }
            setShare(share, of: name, at: now, into: &effects)
        }
        settleReserved()
    }

    private mutating func settingsChanged(
        _ settings: Settings, at now: Instant, into effects: inout [Effect]
    ) {
        if settings.marks != marks {
            if shares.isEmpty && tenants.isEmpty && stepsInFlight == 0 {
                // Nothing of ours is known under the old marks: begin again with the new ones.
                marks = settings.marks
                reconciler = Reconciler(marks: marks, adoptions: reconciler.adoptions)
                rib = RIB(marks: marks, seed: options.seed)
                effects.append(.mark(marks))
                if hasDump {
                    hasDump = false
                    requestDump(at: now, into: &effects)
                }
            } else {
                log(
                    .warning, "kernel: protocol and metric take effect when circuitd is restarted",
                    into: &effects)
            }
        }
        // The identifier is said in OPEN: sessions that said another one start anew.
        for slot in sessions.indices where sessions[slot].isLive {
            guard sessions[slot].peer.settings.localID != settings.routerID else { continue }
            rebuildPeer(
                slot, Notification(.configurationChange), at: now, into: &effects)
        }
    }

    /// Puts a circuit's share in the place of the one before; nil removes the circuit.
    mutating func setShare(
        _ share: CircuitShare?, of name: String, at now: Instant, into effects: inout [Effect]
    ) {
        let old = shares[name]
        guard old != share else { return }
        shares[name] = share
        let owner = "circuit \(name)"
        // What is added is made at once. What is no longer wanted stays until no route leads there.
        let keptLinks = share?.links ?? []
        let keptNames = Set(keptLinks.map(\.name))
        let kept = Set(share?.addresses ?? [])
        let goingLinks = (old?.links ?? []).filter { !keptNames.contains($0.name) }
        let goingAddresses = (old?.addresses ?? []).filter { !kept.contains($0) }
        reconciler.set(
            owner: owner, links: keptLinks + goingLinks,
            addresses: ((share?.addresses ?? []) + goingAddresses).map { ($0.link, $0.address) })
        if !goingLinks.isEmpty || !goingAddresses.isEmpty { leave(owner, at: now) }

        var wanted: [LinkKey: LocalLink] = [:]
        for link in share?.localLinks ?? [] {
            wanted[LinkKey(circuit: name, peering: link.peering, role: link.role)] = link
        }
        for link in old?.localLinks ?? [] {
            let key = LinkKey(circuit: name, peering: link.peering, role: link.role)
            if wanted[key] == nil { removeLink(key, at: now, into: &effects) }
        }
        for (key, link) in wanted.sorted(by: { $0.key < $1.key }) {
            setLink(key, link, at: now, into: &effects)
        }
        let verb = old == nil ? "added" : share == nil ? "removed" : "changed"
        tell("circuit", "circuit \(verb)", circuit: name, at: now, into: &effects)
        log(.notice, "circuit \(verb)", ["circuit": name], into: &effects)
    }

    private mutating func setLink(
        _ key: LinkKey, _ spec: LocalLink, at now: Instant, into effects: inout [Effect]
    ) {
        if let slot = linkSlots[key] {
            let old = links[slot].spec
            guard old != spec else { return }
            if old.device != spec.device || old.port != spec.port || old.table != spec.table
                || old.vrf != spec.vrf
                || old.tenant != spec.tenant
            {
                removeLink(key, at: now, into: &effects)
                setLink(key, spec, at: now, into: &effects)
                return
            }
            links[slot].spec = spec
            setReserved(spec.table, key, spec.addresses.map(\.network))
            setStatics(slot)
            setSessions(slot, at: now, into: &effects)
            settleGateways(slot, at: now)
            touchedDevices.insert(spec.device)
            return
        }
        let slot: Int
        if let free = freeLinks.popLast() {
            slot = free
            links[slot] = LiveLink(key: key, spec: spec)
        } else {
            slot = links.count
            links.append(LiveLink(key: key, spec: spec))
        }
        links[slot].isDrained = drained.contains(key)
        linkSlots[key] = slot
        linksByTenant[spec.tenant, default: []].insert(slot)
        for device in Set([spec.device, spec.port] + (spec.vrf.map { [$0] } ?? [])) {
            linksByDevice[device, default: []].insert(slot)
        }
        setReserved(spec.table, key, spec.addresses.map(\.network))
        setStatics(slot)
        setSessions(slot, at: now, into: &effects)
        touchedDevices.insert(spec.device)
        offerNetworks(of: spec.tenant)
    }

    private mutating func removeLink(
        _ key: LinkKey, at now: Instant, into effects: inout [Effect]
    ) {
        guard let slot = linkSlots.removeValue(forKey: key) else { return }
        let spec = links[slot].spec
        for session in links[slot].sessions {
            removeSession(session, Notification(.peerDeconfigured), at: now, into: &effects)
        }
        if let source = links[slot].source {
            rib.offer(from: source, [])
            rib.removeSource(source)
            ribIsTouched = true
        }
        setReserved(spec.table, key, [])
        linksByTenant[spec.tenant]?.remove(slot)
        if linksByTenant[spec.tenant]?.isEmpty ?? false { linksByTenant[spec.tenant] = nil }
        for device in Set([spec.device, spec.port] + (spec.vrf.map { [$0] } ?? [])) {
            linksByDevice[device]?.remove(slot)
            if linksByDevice[device]?.isEmpty ?? false { linksByDevice[device] = nil }
        }
        links[slot].isLive = false
        settleGateways(slot, at: now)
        links[slot].sessions = []
        freeLinks.append(slot)
        offerNetworks(of: spec.tenant)
    }

    /// Link subnets, which nobody may announce to us.
    private mutating func setReserved(_ space: SpaceID, _ key: LinkKey, _ prefixes: [Prefix]) {
        let name = "\(key.circuit)/\(key.peering)/\(key.role)"
        reserved[space, default: [:]][name] = prefixes.isEmpty ? nil : prefixes
        reservedIsTouched.insert(space)
    }

    /// Hands the subnets of all links to routing, once for all links that changed.
    private mutating func settleReserved() {
        for space in reservedIsTouched.sorted() {
            rib.setReserved(space, Set((reserved[space] ?? [:]).values.joined()).sorted())
            if reserved[space]?.isEmpty ?? false { reserved[space] = nil }
        }
        reservedIsTouched = []
    }

    /// The number of a circuit, for as long as the daemon runs.
    mutating func number(of circuit: String) -> UInt32 {
        if let number = circuitNumbers[circuit] { return number }
        let number = UInt32(truncatingIfNeeded: circuitNumbers.count + 1)
        circuitNumbers[circuit] = number
        return number
    }

    mutating func setStatics(_ slot: Int) {
        let spec = links[slot].spec
        guard !spec.routes.isEmpty else {
            if let source = links[slot].source {
                rib.offer(from: source, [])
                rib.removeSource(source)
                links[slot].source = nil
                ribIsTouched = true
            }
            return
        }
        var policy = ImportPolicy()
        policy.isDrained = links[slot].isDrained
        let settings = SourceSettings(
            space: spec.table, circuit: number(of: links[slot].key.circuit), kind: .static,
            gateways: gateways(of: slot), policy: policy)
        if let source = links[slot].source {
            rib.update(source, settings)
        } else {
            links[slot].source = rib.addSource(settings)
        }
        offerStatics(slot)
    }

    /// The gateways of a link's static routes while its device carries packets.
    func gateways(of slot: Int) -> [GatewayID] {
        guard let device = links[slot].device else { return [] }
        let muted = links[slot].muted
        return links[slot].spec.gateways.filter { muted[$0.family] == nil }
            .map { GatewayID(device, $0) }
    }

    mutating func offerStatics(_ slot: Int) {
        guard let source = links[slot].source else { return }
        let families = Set(gateways(of: slot).map(\.address.family))
        rib.offer(from: source, links[slot].spec.routes.filter { families.contains($0.family) })
        ribIsTouched = true
    }

    /// Puts a tenant's share in the place of the one before; nil removes the tenant.
    mutating func setTenant(
        _ share: TenantShare?, _ name: String, at now: Instant, into effects: inout [Effect]
    ) {
        let old = tenants[name]
        guard old != share else { return }
        tenants[name] = share
        let owner = "tenant \(name)"
        if let vrf = share?.vrf {
            reconciler.set(owner: owner, links: [vrf], addresses: [])
            if let before = old?.vrf, before != vrf { leave(owner, at: now) }
        } else if old?.vrf != nil {
            leave(owner, at: now)
        }
        if let old {
            for prefix in old.unreachable
            where old.tenant.table != share?.tenant.table
                || !(share?.unreachable ?? []).contains(prefix)
            {
                rib.setUnreachable(old.tenant.table, prefix, isWanted: false)
            }
        }
        if let share {
            for prefix in share.unreachable {
                rib.setUnreachable(share.tenant.table, prefix, isWanted: true)
            }
        }
        setOrigin(of: name, old: old?.tenant)
        refreshExports(of: name)
        ribIsTouched = true
    }

    private mutating func setOrigin(of name: String, old: Tenant?) {
        let tenant = tenants[name]?.tenant
        if let source = origins[name], tenant == nil || tenant?.table != old?.table {
            rib.offer(from: source, [])
            rib.removeSource(source)
            origins[name] = nil
        }
        guard let tenant else { return }
        if origins[name] == nil {
            origins[name] = rib.addSource(
                SourceSettings(space: tenant.table, circuit: 0, kind: .originated))
        }
        offerNetworks(of: name)
    }

    /// A tenant's networks are announced while its inside is up, or always where the file says so.
    mutating func offerNetworks(of name: String) {
        guard let tenant = tenants[name]?.tenant, let source = origins[name] else { return }
        let isReachable = insideIsReachable(name)
        rib.offer(
            from: source,
            tenant.networks.filter { $0.isAlways || isReachable }.map(\.prefix))
        ribIsTouched = true
    }

    /// Whether a link of the tenant's own side carries packets. A tenant whose inside is not on
    /// this edge is taken for reachable: nothing here knows better.
    private func insideIsReachable(_ tenant: String) -> Bool {
        var hasInside = false
        for slot in linksByTenant[tenant] ?? [] {
            let link = links[slot]
            guard catalog.circuit(named: link.key.circuit)?.provider == "inside" else { continue }
            hasInside = true
            if link.device != nil { return true }
        }
        return !hasInside
    }

    /// Owners whose devices wait for their routes to go.
    private mutating func leave(_ owner: String, at now: Instant) {
        leaving.owners[owner] = ()
        leaving.deadline = leaving.deadline ?? now + .seconds(5)
    }

    /// Lets the devices go that were kept for their routes' sake.
    mutating func finishLeaving() {
        for owner in leaving.owners.keys.sorted() {
            if let name = owner.dropping("circuit ") {
                let share = shares[name]
                reconciler.set(
                    owner: owner, links: share?.links ?? [],
                    addresses: (share?.addresses ?? []).map { ($0.link, $0.address) })
            } else if let name = owner.dropping("tenant ") {
                reconciler.set(
                    owner: owner, links: tenants[name]?.vrf.map { [$0] } ?? [], addresses: [])
            }
        }
        leaving = Leaving()
    }
}

extension String {
    fileprivate func dropping(_ start: String) -> String? {
        hasPrefix(start) ? String(dropFirst(start.count)) : nil
    }
}
