// Who hears of routes: receivers come with a session, are fed, follow changes, and go.

import BGP
public import Net

extension RIB {
    /// Registers a session that is established: everything is announced, then End-of-RIB.
    public mutating func addReceiver(_ settings: ReceiverSettings) -> ReceiverID {
        let space = space(settings.space)
        let record = Receiver(settings, space: space)
        let slot: Int
        if let reused = common.freeReceivers.popLast() {
            slot = Int(reused)
            common.receivers[slot] = record
        } else {
            slot = common.receivers.count
            common.receivers.append(record)
            routes4.outs.append(Out())
            routes6.outs.append(Out())
        }
        common.spaces[space].receivers.append(UInt32(slot))
        link(receiver: slot)
        if settings.addPath.contains(.ipv4) {
            routes4.outs[slot].isWide = true
            common.spaces[space].listeners4.append(UInt32(slot))
        }
        if settings.addPath.contains(.ipv6) {
            routes6.outs[slot].isWide = true
            common.spaces[space].listeners6.append(UInt32(slot))
        }
        routes4.beginFeed(slot, Prefix4.isCarried(record), owesEndOfRIB: true)
        routes6.beginFeed(slot, Prefix6.isCarried(record), owesEndOfRIB: true)
        return ReceiverID(slot)
    }

    /// Another policy: what it changes is announced or withdrawn. Space, families and what
    /// carries several paths stay.
    public mutating func update(_ receiver: ReceiverID, _ settings: ReceiverSettings) {
        guard let slot = slot(receiver), common.receivers[slot].settings != settings else {
            return
        }
        let old = common.receivers[slot]
        var settings = settings
        settings.space = old.settings.space
        settings.families = old.settings.families
        settings.addPath = old.settings.addPath
        common.receivers[slot] = Receiver(settings, space: old.space)
        link(receiver: slot)
        feedAgain(slot)
    }

    /// The session is down.
    public mutating func removeReceiver(_ receiver: ReceiverID) {
        guard let slot = slot(receiver) else { return }
        let space = common.receivers[slot].space
        common.receivers[slot].isActive = false
        common.spaces[space].receivers.removeAll { $0 == receiver.rawValue }
        common.spaces[space].listeners4.removeAll { $0 == receiver.rawValue }
        common.spaces[space].listeners6.removeAll { $0 == receiver.rawValue }
        for source in common.spaces[space].sources + common.spaces[space].leaving {
            common.sources[Int(source)].listeners.removeAll { $0 == receiver.rawValue }
        }
        routes4.endReceiver(slot, space)
        routes6.endReceiver(slot, space)
        common.freeReceivers.append(receiver.rawValue)
    }

    /// ROUTE-REFRESH: everything of a family is announced again, between marks for a peer that
    /// knows them (RFC 7313).
    public mutating func refresh(
        _ receiver: ReceiverID, _ family: Family, isMarked: Bool = false
    ) {
        guard let slot = slot(receiver) else { return }
        if family == .ipv4 {
            routes4.feedAgain(slot, isMarked: isMarked)
        } else {
            routes6.feedAgain(slot, isMarked: isMarked)
        }
    }

    /// Whether `produce` would give messages.
    public func hasPending(_ receiver: ReceiverID) -> Bool {
        guard let slot = slot(receiver) else { return false }
        let space = common.receivers[slot].space
        return routes4.hasPending(slot, space) || routes6.hasPending(slot, space)
    }

    /// Appends UPDATE messages until about `limit` bytes were added; true when more is to come.
    public mutating func produce(
        _ receiver: ReceiverID, into bytes: inout [UInt8], limit: Int
    ) -> Bool {
        guard let slot = slot(receiver) else { return false }
        let settings = common.receivers[slot].settings
        let space = common.receivers[slot].space
        var writer = UpdateWriter(
            maximumLength: settings.messageLimit, hasFourOctetASN: settings.hasFourOctetASN,
            pathIDs: settings.addPath)
        var hasMore = routes4.produce(slot, space, into: &writer, limit: limit, &common)
        if writer.bytes.count < limit {
            let hasMore6 = routes6.produce(slot, space, into: &writer, limit: limit, &common)
            hasMore = hasMore || hasMore6
        } else {
            hasMore = hasMore || routes6.hasPending(slot, space)
        }
        bytes.append(contentsOf: writer.take())
        return hasMore
    }

    /// What the receiver was told, sorted; at most `limit`.
    public func advertised(_ receiver: ReceiverID, limit: Int = .max) -> [AdvertisedEntry] {
        guard let slot = slot(receiver) else { return [] }
        var result = routes4.advertised(slot, limit: limit, common)
        result += routes6.advertised(slot, limit: limit - result.count, common)
        return result
    }

    /// How many prefixes the receiver was told; where it hears of several paths, how many paths.
    public func advertisedCounts(_ receiver: ReceiverID) -> PrefixCounts {
        guard let slot = slot(receiver) else { return PrefixCounts() }
        return PrefixCounts(
            ipv4: UInt32(clamping: routes4.outs[slot].count),
            ipv6: UInt32(clamping: routes6.outs[slot].count))
    }

    /// How many more prefixes would be told, or told in full, if the limit of the policy let them.
    public func heldBackCounts(_ receiver: ReceiverID) -> PrefixCounts {
        guard let slot = slot(receiver) else { return PrefixCounts() }
        return PrefixCounts(
            ipv4: UInt32(clamping: routes4.outs[slot].heldBack.count),
            ipv6: UInt32(clamping: routes6.outs[slot].heldBack.count))
    }

    /// Whether End-of-RIB was written for every family.
    public func isFed(_ receiver: ReceiverID) -> Bool {
        guard let slot = slot(receiver) else { return false }
        return !routes4.outs[slot].owesEndOfRIB && !routes6.outs[slot].owesEndOfRIB
    }

    // Inside

    private func slot(_ receiver: ReceiverID) -> Int? {
        receiver.slot < common.receivers.count && common.receivers[receiver.slot].isActive
            ? receiver.slot : nil
    }

    mutating func feedAgain(_ slot: Int) {
        routes4.feedAgain(slot)
        routes6.feedAgain(slot)
    }

    /// Works out anew who listens to a source.
    mutating func link(source slot: Int) {
        let space = common.sources[slot].space
        common.sources[slot].listeners = common.spaces[space].receivers.filter {
            common.receivers[Int($0)].listens(to: common.sources[slot], SourceID(slot))
        }
    }

    /// Works out anew to whom a receiver listens.
    private mutating func link(receiver slot: Int) {
        let number = UInt32(slot)
        for source in common.spaces[common.receivers[slot].space].sources {
            common.sources[Int(source)].listeners.removeAll { $0 == number }
            if common.receivers[slot].listens(
                to: common.sources[Int(source)], SourceID(Int(source)))
            {
                common.sources[Int(source)].listeners.append(number)
            }
        }
    }
}

extension Routes {
    mutating func feedAgain(_ receiver: Int, isMarked: Bool = false) {
        beginFeed(
            receiver, outs[receiver].isActive, owesEndOfRIB: outs[receiver].owesEndOfRIB)
        // Until the first feed has ended there is nothing to refresh.
        if isMarked, outs[receiver].isActive, !outs[receiver].owesEndOfRIB {
            outs[receiver].owesBeginMark = true
        }
    }

    func advertised(
        _ receiver: Int, limit: Int, _ common: borrowing Common
    ) -> [AdvertisedEntry] {
        let table = common.receivers[receiver].space
        var rows: [Int] = []
        var next = 0
        while let row = outs[receiver].announced.next(from: next) {
            rows.append(row)
            next = row + 1
        }
        rows.sort { tables[table].rows[$0].prefix < tables[table].rows[$1].prefix }
        var result: [AdvertisedEntry] = []
        let record = common.receivers[receiver]
        var ruling = Ruling(record.rules)
        for row in rows {
            let leaving = exports(receiver, table, row, common)
            let told = outs[receiver].told[row] ?? []
            for handle in leaving {
                if result.count >= limit { return result }
                let path = paths[handle]
                let pathID = common.attributes.pathID(path.attributes)
                let id = told.first { $0.source == path.tag.source && $0.pathID == pathID }?.id
                guard id != nil || !outs[receiver].isWide,
                    let variant = ruling.variant(
                        tables[table].rows[row].prefix, path.attributes, common.attributes),
                    let hop = hop(record, path, common)
                else { continue }
                result.append(
                    AdvertisedEntry(
                        prefix: tables[table].rows[row].prefix.prefix,
                        source: SourceID(path.tag.source), pathID: id ?? 0,
                        attributes: record.dress.dress(
                            common.attributes.bytes(path.attributes),
                            localPref: localPref(path, common),
                            occasion(record, path, ruling.rules(variant), common)),
                        nextHop: hop.address))
            }
        }
        return result
    }
}
