// What sources do: they come, learn, withdraw, go down, and go.

public import BGP
public import Net

extension RIB {
    /// Registers a source. A session's source is added when it is configured and stays over
    /// downs and ups.
    public mutating func addSource(_ settings: SourceSettings) -> SourceID {
        let space = space(settings.space)
        let record = Source(settings, space: space)
        let slot: Int
        if let reused = common.freeSources.popLast() {
            slot = Int(reused)
            let former = common.sources[slot]
            common.sources[slot] = record
            common.sources[slot].succeed(former)
        } else {
            slot = common.sources.count
            if slot > PathTag.maximumSource { preconditionFailure("too many sources of routes") }
            common.sources.append(record)
        }
        common.spaces[space].sources.append(UInt32(slot))
        pin(slot)
        link(source: slot)
        return SourceID(slot)
    }

    /// Changes a source; its stored paths are judged anew, no route refresh is needed. The space
    /// stays what it was.
    public mutating func update(_ source: SourceID, _ settings: SourceSettings) {
        guard let slot = slot(source), common.sources[slot].settings != settings else { return }
        let old = common.sources[slot].settings
        let gateways = common.sources[slot].gateways
        common.sources[slot].settings = settings
        common.sources[slot].settings.space = old.space
        var unlimited = old
        unlimited.policy.limit = settings.policy.limit
        // Another limit says nothing of what is stored.
        if unlimited == common.sources[slot].settings { return }
        common.sources[slot].compile()
        pin(slot)
        unpin(gateways)
        link(source: slot)
        let space = common.sources[slot].space
        RIB.rejudge(slot, &routes4, &common)
        RIB.rejudge(slot, &routes6, &common)
        if old.circuit != settings.circuit || old.kind != settings.kind
            || old.isReflectorClient != settings.isReflectorClient
        {
            for receiver in common.spaces[space].receivers { feedAgain(Int(receiver)) }
        }
    }

    /// Forgets a source and its paths.
    public mutating func removeSource(_ source: SourceID) {
        guard let slot = slot(source) else { return }
        sourceDown(source)
        common.sources[slot].isRemoved = true
        unpin(common.sources[slot].gateways)
        common.sources[slot].gateways = []
        let space = common.sources[slot].space
        common.spaces[space].sources.removeAll { $0 == source.rawValue }
        common.spaces[space].leaving.append(source.rawValue)
        requestPass(space)
    }

    /// Stores what an UPDATE says: withdrawals first, then announcements. Nothing of a message
    /// whose verdict is a reset. False when a family's limit is exceeded.
    @discardableResult
    public mutating func learn(from source: SourceID, _ update: borrowing UpdateBuffer) -> Bool {
        if case .reset = update.verdict { return true }
        withdraw(
            from: source, withdrawn4: update.withdrawn4, withdrawn6: update.withdrawn6,
            pathIDs4: update.withdrawnIDs4, pathIDs6: update.withdrawnIDs6)
        return learn(
            from: source, announced4: update.announced4, announced6: update.announced6,
            attributes: update.attributes, nextHop4: update.nextHop4,
            nextHop6: update.nextHop6.map { .v6($0) }, linkLocal6: update.linkLocal6,
            pathIDs4: update.announcedIDs4, pathIDs6: update.announcedIDs6)
    }

    /// Stores the announcements of one UPDATE; path identifiers, where the session has them, stand
    /// one beside each prefix. False when the family's limit is exceeded: what is over the limit
    /// was not stored. Each path counts, as in BIRD and FRR, not each prefix; of more than 32
    /// paths of a prefix the later ones are not stored.
    @discardableResult
    public mutating func learn(
        from source: SourceID, announced4: [Prefix4], announced6: [Prefix6], attributes: [UInt8],
        nextHop4: IPAddress?, nextHop6: IPAddress?, linkLocal6: IPv6Address? = nil,
        pathIDs4: [UInt32] = [], pathIDs6: [UInt32] = []
    ) -> Bool {
        guard let slot = slot(source) else { return true }
        var isWithin = true
        let linkLocal = linkLocal6.map { IPAddress.v6($0) }
        if !announced4.isEmpty {
            // RFC 8950: a next hop of IPv6 may come with its link-local kin.
            let second = nextHop4?.family == .ipv6 ? linkLocal : nil
            isWithin = RIB.learn(
                announced4, pathIDs4, attributes, [nextHop4, second], slot, &routes4, &common)
        }
        if !announced6.isEmpty {
            let isWithin6 = RIB.learn(
                announced6, pathIDs6, attributes, [nextHop6, linkLocal], slot, &routes6, &common)
            isWithin = isWithin && isWithin6
        }
        return isWithin
    }

    /// Takes back announcements. Without path identifiers all that the source said of a prefix
    /// goes.
    public mutating func withdraw(
        from source: SourceID, withdrawn4: [Prefix4], withdrawn6: [Prefix6],
        pathIDs4: [UInt32] = [], pathIDs6: [UInt32] = []
    ) {
        guard let slot = slot(source) else { return }
        RIB.withdraw(withdrawn4, pathIDs4, slot, &routes4, &common)
        RIB.withdraw(withdrawn6, pathIDs6, slot, &routes6, &common)
    }

    /// Sets all of what a static or originated source offers; nothing means it is down.
    public mutating func offer(from source: SourceID, _ prefixes: [Prefix]) {
        guard let slot = slot(source) else { return }
        let wanted = Set(prefixes)
        let space = common.sources[slot].space
        for prefix in common.sources[slot].offered where !wanted.contains(prefix) {
            switch prefix {
            case .v4(let prefix): routes4.withdraw(prefix, table: space, source: slot, &common)
            case .v6(let prefix): routes6.withdraw(prefix, table: space, source: slot, &common)
            }
        }
        common.sources[slot].offered = wanted
        let attributes = PathAttributes(origin: .igp).canonical()
        for prefix in prefixes {
            switch prefix {
            case .v4(let prefix):
                RIB.learn([prefix], [], attributes, [nil], slot, &routes4, &common)
            case .v6(let prefix):
                RIB.learn([prefix], [], attributes, [nil], slot, &routes6, &common)
            }
        }
    }

    /// All paths of the source, or those of a family, are void from now on.
    public mutating func sourceDown(_ source: SourceID, _ family: Family? = nil) {
        guard let slot = slot(source) else { return }
        for family in family.map({ [$0] }) ?? Family.allCases {
            let hasPaths = common.sources[slot][family].hasPaths
            advance(slot, family, keepingStale: false, hasVoid: hasPaths)
        }
    }

    /// All paths of the source, or those of a family, are kept as stale (graceful restart, enhanced
    /// route refresh) until announced again, or `sweepStale`. Those that were stale before are void.
    public mutating func markStale(_ source: SourceID, _ family: Family? = nil) {
        guard let slot = slot(source) else { return }
        for family in family.map({ [$0] }) ?? Family.allCases {
            let hadStale = common.sources[slot][family].staleEpoch != nil
            advance(slot, family, keepingStale: true, hasVoid: hadStale)
        }
    }

    /// Long-lived graceful restart (RFC 9494): what is stale is the last choice from now on, until
    /// announced again, or `sweepStale`. What carries NO_LLGR is void.
    public mutating func markLongLived(_ source: SourceID, _ family: Family? = nil) {
        guard let slot = slot(source) else { return }
        let space = common.sources[slot].space
        for family in family.map({ [$0] }) ?? Family.allCases {
            let life = common.sources[slot][family]
            guard life.staleEpoch != nil, !life.isLongLived else { continue }
            common.sources[slot][family].isLongLived = true
            switch family {
            case .ipv4: routes4.markLongLived(space, source: slot, &common)
            case .ipv6: routes6.markLongLived(space, source: slot, &common)
            }
        }
    }

    /// Paths that are still stale, or those of a family, are void from now on.
    public mutating func sweepStale(_ source: SourceID, _ family: Family? = nil) {
        guard let slot = slot(source) else { return }
        for family in family.map({ [$0] }) ?? Family.allCases
        where common.sources[slot][family].staleEpoch != nil {
            common.sources[slot][family].endStale()
            requestPass(common.sources[slot].space, family)
        }
    }

    private mutating func advance(
        _ slot: Int, _ family: Family, keepingStale: Bool, hasVoid: Bool
    ) {
        let space = common.sources[slot].space
        common.sources[slot][family].advance(keepingStale: keepingStale)
        if !common.sources[slot].offered.isEmpty {
            common.sources[slot].offered = common.sources[slot].offered.filter {
                $0.family != family
            }
        }
        if hasVoid { requestPass(space, family) }
        // An epoch's number must not come back while paths of its first use are left.
        if common.sources[slot][family].endedEpochs > 200 {
            requestPass(space, family)
            let pass = Forwarding.SpaceFamily(
                space: UInt32(truncatingIfNeeded: space), family: family)
            while common.forwarding.passes.contains(pass) { sweep(limit: .max) }
        }
    }

    // Inside

    func slot(_ source: SourceID) -> Int? {
        source.slot < common.sources.count && !common.sources[source.slot].isRemoved
            ? source.slot : nil
    }

    private mutating func pin(_ slot: Int) {
        var handles: [UInt32] = []
        for gateway in common.sources[slot].settings.gateways {
            let handle = common.forwarding.gateway(gateway)
            common.forwarding.gateways[Int(handle)].pins += 1
            handles.append(handle)
        }
        common.sources[slot].gateways = handles
    }

    private mutating func unpin(_ handles: [UInt32]) {
        for handle in handles {
            common.forwarding.gateways[Int(handle)].pins -= 1
            common.forwarding.idleSingles.push(handle)
        }
    }
}
