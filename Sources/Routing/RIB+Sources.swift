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
            // The slot's epochs go on, whatever was there before.
            let epoch = common.sources[slot].epoch
            common.sources[slot] = record
            common.sources[slot].epoch = epoch
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
        common.sources[slot].compile()
        pin(slot)
        unpin(gateways)
        link(source: slot)
        let space = common.sources[slot].space
        routes4.rejudge(space, source: slot, &common) { prefix, attributes, common in
            RIB.judge(prefix, attributes, slot, &common)
        }
        routes6.rejudge(space, source: slot, &common) { prefix, attributes, common in
            RIB.judge(prefix, attributes, slot, &common)
        }
        if old.circuit != settings.circuit || old.kind != settings.kind {
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
            from: source, withdrawn4: update.withdrawn4, withdrawn6: update.withdrawn6)
        return learn(
            from: source, announced4: update.announced4, announced6: update.announced6,
            attributes: update.attributes, nextHop4: update.nextHop4,
            nextHop6: update.nextHop6.map { .v6($0) }, linkLocal6: update.linkLocal6)
    }

    /// Stores the announcements of one UPDATE. False when the family's limit is exceeded: what is
    /// over the limit was not stored.
    @discardableResult
    public mutating func learn(
        from source: SourceID, announced4: [Prefix4], announced6: [Prefix6], attributes: [UInt8],
        nextHop4: IPAddress?, nextHop6: IPAddress?, linkLocal6: IPv6Address? = nil
    ) -> Bool {
        guard let slot = slot(source) else { return true }
        var isWithin = true
        if !announced4.isEmpty {
            isWithin = RIB.learn(
                announced4, attributes, [nextHop4], slot, &routes4, &common)
        }
        if !announced6.isEmpty {
            let isWithin6 = RIB.learn(
                announced6, attributes, [nextHop6, linkLocal6.map { .v6($0) }], slot, &routes6,
                &common)
            isWithin = isWithin && isWithin6
        }
        return isWithin
    }

    /// Takes back announcements.
    public mutating func withdraw(
        from source: SourceID, withdrawn4: [Prefix4], withdrawn6: [Prefix6]
    ) {
        guard let slot = slot(source) else { return }
        let space = common.sources[slot].space
        for prefix in withdrawn4 { routes4.withdraw(prefix, table: space, source: slot, &common) }
        for prefix in withdrawn6 { routes6.withdraw(prefix, table: space, source: slot, &common) }
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
                RIB.learn([prefix], attributes, [nil], slot, &routes4, &common)
            case .v6(let prefix):
                RIB.learn([prefix], attributes, [nil], slot, &routes6, &common)
            }
        }
    }

    /// All paths of the source are void from now on.
    public mutating func sourceDown(_ source: SourceID) {
        guard let slot = slot(source) else { return }
        let hasPaths = common.sources[slot].hasPaths
        common.sources[slot].advance(keepingStale: false)
        endEpoch(slot, hasPaths)
    }

    /// All paths of the source are kept as stale (graceful restart, enhanced route refresh) until
    /// announced again, or `sweepStale`. Those that were stale before are void.
    public mutating func markStale(_ source: SourceID) {
        guard let slot = slot(source) else { return }
        let hadStale = common.sources[slot].staleEpoch != nil
        common.sources[slot].advance(keepingStale: true)
        endEpoch(slot, hadStale)
    }

    /// Paths that are still stale are void from now on.
    public mutating func sweepStale(_ source: SourceID) {
        guard let slot = slot(source), common.sources[slot].staleEpoch != nil else { return }
        common.sources[slot].staleEpoch = nil
        common.sources[slot].staleReceived = PrefixCounts()
        common.sources[slot].staleAccepted = PrefixCounts()
        common.sources[slot].staleLacking = 0
        endEpoch(slot, true)
    }

    private mutating func endEpoch(_ slot: Int, _ hasVoid: Bool) {
        let space = common.sources[slot].space
        common.sources[slot].offered = []
        if hasVoid { requestPass(space) }
        // An epoch's number must not come back while paths of its first use are left.
        if common.sources[slot].endedEpochs > 200 {
            requestPass(space)
            while common.forwarding.passes.contains(where: { Int($0.space) == space }) {
                sweep(limit: .max)
            }
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

    /// The gateway of a next hop: the peer itself, or a neighbour on the same link.
    private static func gateway(
        _ nextHop: IPAddress, _ slot: Int, _ common: inout Common
    ) -> UInt32? {
        let source = common.sources[slot]
        for handle in source.gateways
        where common.forwarding.gateways[Int(handle)].id.address == nextHop {
            return handle
        }
        guard let first = source.gateways.first, !source.settings.locals.contains(nextHop) else {
            return nil
        }
        let isOnLink: Bool
        if case .v6(let address) = nextHop, address.isLinkLocal {
            isOnLink = true
        } else {
            isOnLink = source.settings.subnets.contains { $0.contains(nextHop) }
        }
        guard isOnLink else { return nil }
        let leader =
            source.gateways.first {
                common.forwarding.gateways[Int($0)].id.address.family == nextHop.family
            } ?? first
        return common.forwarding.gateway(
            GatewayID(common.forwarding.gateways[Int(leader)].id.device, nextHop), leader: leader)
    }

    /// What attributes and next hops say of all prefixes that share them: where packets go, or nil
    /// where nothing may enter.
    private static func resolve(
        _ attributes: [UInt8], _ nextHops: [IPAddress?], _ family: Family, _ slot: Int,
        _ common: inout Common
    ) -> (gateway: UInt32, refusal: Refusal?) {
        switch common.sources[slot].settings.kind {
        case .originated:
            return (0, nil)
        case .static:
            let gateway = common.sources[slot].gateways.first {
                common.forwarding.gateways[Int($0)].id.address.family == family
            }
            return (gateway ?? 0, nil)
        case .external, .internal:
            let settings = common.sources[slot].settings
            let count = PathAttributes.occurrences(
                of: settings.localASN, canonical: attributes.span.bytes)
            if count > Int(settings.policy.allowOwnAS) { return (0, .ownAS) }
            for case let nextHop? in nextHops {
                if let gateway = gateway(nextHop, slot, &common) { return (gateway, nil) }
            }
            return (0, .nextHop)
        }
    }

    @discardableResult
    private static func learn<P: RoutePrefix>(
        _ prefixes: [P], _ attributes: [UInt8], _ nextHops: [IPAddress?], _ slot: Int,
        _ routes: inout Routes<P>, _ common: inout Common
    ) -> Bool {
        let (gateway, refusal) = resolve(attributes, nextHops, P.family, slot, &common)
        let nextHop = gateway == 0 ? nextHops.compactMap { $0 }.first : nil
        let known =
            common.sources[slot].isBGP
            ? nextHop ?? common.forwarding.gateways[Int(gateway)].id.address : nil
        let handle = common.attributes.intern(attributes, nextHop: known)
        defer { common.attributes.release(handle) }
        let space = common.sources[slot].space
        let isBGP = common.sources[slot].isBGP
        let accept = P.accept(common.sources[slot])
        let policy = common.sources[slot].settings.policy
        let reserved = P.reserved(common.spaces[space])
        let limit = policy.limit ?? .max
        var isWithin = true
        for prefix in prefixes {
            if common.sources[slot].received[P.family] >= limit,
                !routes.has(prefix, table: space, source: slot, common)
            {
                isWithin = false
                continue
            }
            let isRefused =
                isBGP
                && (refusal != nil
                    || Source.refusal(prefix, accept: accept, policy, reserved: reserved) != nil)
            routes.learn(
                prefix, table: space, source: slot, attributes: handle, gateway: gateway,
                isRefused: isRefused, &common)
        }
        if gateway != 0 { common.forwarding.tidy(gateway) }
        return isWithin
    }

    /// Judges a stored path anew.
    static func judge<P: RoutePrefix>(
        _ prefix: P, _ attributes: UInt32, _ slot: Int, _ common: inout Common
    ) -> (gateway: UInt32, isRefused: Bool) {
        let (gateway, refusal) = resolve(
            common.attributes.bytes(attributes), [common.attributes.nextHop(attributes)],
            P.family, slot, &common)
        let isRefused =
            refusal != nil || RIB.refusal(prefix, slot, common) != nil
        return (gateway, isRefused)
    }

    static func refusal<P: RoutePrefix>(
        _ prefix: P, _ slot: Int, _ common: borrowing Common
    ) -> Refusal? {
        guard common.sources[slot].isBGP else { return nil }
        return Source.refusal(
            prefix, accept: P.accept(common.sources[slot]),
            common.sources[slot].settings.policy,
            reserved: P.reserved(common.spaces[common.sources[slot].space]))
    }

    /// Why a stored path did not enter, for people.
    static func reason<P: RoutePrefix>(
        _ prefix: P, _ attributes: UInt32, _ slot: Int, _ common: borrowing Common
    ) -> Refusal {
        let settings = common.sources[slot].settings
        let bytes = common.attributes.bytes(attributes)
        let count = PathAttributes.occurrences(
            of: settings.localASN, canonical: bytes.span.bytes)
        if count > Int(settings.policy.allowOwnAS) { return .ownAS }
        return refusal(prefix, slot, common) ?? .nextHop
    }
}

extension Routes {
    /// Whether the source announces the prefix already, in its present life.
    func has(
        _ prefix: P, table: Int, source: Int, _ common: borrowing Common
    ) -> Bool {
        guard let row = tables[table].find(prefix) else { return false }
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if path.tag.source == source {
                return path.tag.epoch == common.sources[source].epoch
            }
            handle = path.next
        }
        return false
    }
}
