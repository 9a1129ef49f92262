// Adj-RIB-Out, pulled: rows are marked when their best path changes, and become messages when the
// receiver's socket takes them, packed by attribute set. What changed twice meanwhile is told once.

import BGP
import Net

extension Routes {
    /// The receivers that may hear a source look at the row again.
    mutating func mark(_ table: Int, _ row: Int, source: Int, _ common: inout Common) {
        for listener in common.sources[source].listeners { touch(Int(listener), table, row) }
    }

    /// Some path of the row changes: those who hear of all paths look at it again.
    mutating func touchAll(_ table: Int, _ row: Int, _ common: borrowing Common) {
        for listener in P.family == .ipv4
            ? common.spaces[table].listeners4 : common.spaces[table].listeners6
        {
            touch(Int(listener), table, row)
        }
    }

    mutating func touch(_ receiver: Int, _ table: Int, _ row: Int) {
        // The feed comes by.
        guard outs[receiver].isActive, row < outs[receiver].feed else { return }
        setDirty(receiver, table, row)
    }

    private mutating func setDirty(_ receiver: Int, _ table: Int, _ row: Int) {
        let isKnown =
            outs[receiver].announced.contains(row) || outs[receiver].heldBack.contains(row)
        if outs[receiver].dirty.insert(row), !isKnown {
            tables[table].rows[row].outs += 1
        }
    }

    /// Begins a feed; End-of-RIB follows the first one.
    mutating func beginFeed(_ receiver: Int, _ isActive: Bool, owesEndOfRIB: Bool) {
        outs[receiver].isActive = isActive
        outs[receiver].feed = isActive ? 0 : .max
        outs[receiver].owesEndOfRIB = isActive && owesEndOfRIB
    }

    /// Lets go of every row the receiver knows.
    mutating func endReceiver(_ receiver: Int, _ table: Int) {
        let out = outs[receiver]
        outs[receiver] = Out()
        for row in 0..<tables[table].rows.count where out.knows(row) {
            tables[table].rows[row].outs -= 1
            tidy(table, row)
        }
    }

    func hasPending(_ receiver: Int, _ table: Int) -> Bool {
        let out = outs[receiver]
        guard out.isActive else { return false }
        return out.dirty.count > 0 || out.feed < tables[table].rows.count || out.owesEndOfRIB
            || out.owesBeginMark || out.owesEndMark
    }

    /// Whether a path may go to a receiver, its rules apart.
    func mayPass(
        _ path: Path, to receiver: Int, _ prefix: P, _ common: borrowing Common
    ) -> Bool {
        let source = path.tag.source
        guard
            common.receivers[receiver].listens(to: common.sources[source], SourceID(source)),
            common.receivers[receiver].passes(
                prefix, from: common.sources[source],
                flags: common.attributes.digest(path.attributes).flags,
                advertise: P.advertise(common.receivers[receiver]),
                exchange: P.exchange(common.receivers[receiver]))
        else { return false }
        return !common.sources[source].isLongLived(path.tag, P.family)
            || common.receivers[receiver].takesLongLived
    }

    /// The paths of a row that may go to a receiver, rules apart: the best one, or all.
    func exports(
        _ receiver: Int, _ table: Int, _ row: Int, _ common: borrowing Common
    ) -> [UInt32] {
        var result: [UInt32] = []
        var handle = bestHandle(table, row, common)
        while handle != 0 {
            let path = paths[handle]
            if path.tag.isRefused { break }
            if common.sources[path.tag.source].isValid(path.tag, P.family),
                mayPass(path, to: receiver, tables[table].rows[row].prefix, common)
            {
                result.append(handle)
            }
            if !outs[receiver].isWide || result.count == Self.maximumTold { break }
            handle = path.next
        }
        return result
    }

    /// Whether any path of a row may go to a receiver, rules apart.
    private func mayHear(
        _ receiver: Int, _ table: Int, _ row: Int, _ common: borrowing Common
    ) -> Bool {
        if outs[receiver].isWide { return !exports(receiver, table, row, common).isEmpty }
        let best = bestHandle(table, row, common)
        return best != 0
            && mayPass(paths[best], to: receiver, tables[table].rows[row].prefix, common)
    }

    /// More paths of a prefix than this are of no use to anybody.
    static var maximumTold: Int { 8 }

    func localPref(_ path: Path, _ common: borrowing Common) -> UInt32 {
        candidate(0, path, common).localPref
    }

    /// What a receiver hears as the next hop of a path.
    func hop(_ receiver: Receiver, _ path: Path, _ common: borrowing Common) -> Hop? {
        let settings = receiver.settings
        if settings.policy.isInternal, !settings.policy.isNextHopSelf,
            let own = common.attributes.nextHop(path.attributes),
            own.family == P.family || own.family == .ipv6 && settings.hasExtendedNextHop
        {
            // A link-local address means nothing to others.
            if case .v6(let address) = own, address.isLinkLocal {
            } else {
                return Hop(address: own)
            }
        }
        if P.family == .ipv4, let address = settings.nextHop4 { return Hop(address: .v4(address)) }
        return settings.nextHop6.map {
            Hop(address: .v6($0), linkLocal: settings.linkLocal6)
        }
    }

    func occasion(
        _ receiver: Receiver, _ path: Path, _ rules: [RouteRule], _ common: borrowing Common
    ) -> Dress.Occasion {
        let source = path.tag.source
        return Dress.Occasion(
            rules: rules,
            reflectedFrom: receiver.isReflecting(common.sources[source])
                ? common.sources[source].settings.routerID : nil,
            isLongLived: common.sources[source].isLongLived(path.tag, P.family)
                || common.attributes.digest(path.attributes).flags.contains(.longLivedStale))
    }

    /// Rows looked at in one go.
    static var portion: Int { 1024 }

    /// Writes messages until about `limit` bytes are there; true when more is to come.
    mutating func produce(
        _ receiver: Int, _ table: Int, into writer: inout UpdateWriter, limit: Int,
        _ common: inout Common
    ) -> Bool {
        guard outs[receiver].isActive else { return false }
        if outs[receiver].owesBeginMark {
            outs[receiver].owesBeginMark = false
            outs[receiver].owesEndMark = true
            writer.beginRefresh(P.family)
        }
        while writer.bytes.count < limit {
            feed(receiver, table, common)
            if outs[receiver].dirty.count == 0 {
                if outs[receiver].feed < tables[table].rows.count { continue }
                break
            }
            writePortion(receiver, table, into: &writer, &common)
        }
        if hasUnsent(receiver, table) { return true }
        if outs[receiver].owesEndOfRIB {
            outs[receiver].owesEndOfRIB = false
            writer.endOfRIB(P.family)
        }
        if outs[receiver].owesEndMark {
            outs[receiver].owesEndMark = false
            writer.endRefresh(P.family)
        }
        return false
    }

    private func hasUnsent(_ receiver: Int, _ table: Int) -> Bool {
        outs[receiver].dirty.count > 0 || outs[receiver].feed < tables[table].rows.count
    }

    /// Marks the next rows of a feed.
    private mutating func feed(_ receiver: Int, _ table: Int, _ common: borrowing Common) {
        let start = outs[receiver].feed
        guard start < tables[table].rows.count else {
            outs[receiver].feed = .max
            return
        }
        let end = min(start + Self.portion, tables[table].rows.count)
        for row in start..<end where tables[table].rows[row].flags.contains(.live) {
            if outs[receiver].announced.contains(row) || outs[receiver].heldBack.contains(row)
                || mayHear(receiver, table, row, common)
            {
                setDirty(receiver, table, row)
            }
        }
        outs[receiver].feed = end == tables[table].rows.count ? .max : end
    }
}

extension Prefix4 {
    static func advertise(_ receiver: Receiver) -> FilterTable<Prefix4>? { receiver.advertise4 }
    static func exchange(_ receiver: Receiver) -> [Receiver.ExchangeTable<Prefix4>] {
        receiver.exchange4
    }
    static func announce(
        _ prefixes: [Prefix4], _ ids: [UInt32], attributes: [UInt8], _ hop: Hop,
        _ writer: inout UpdateWriter
    ) -> Bool {
        switch hop.address {
        case .v4(let nextHop):
            writer.announce(prefixes, ids: ids, attributes: attributes, nextHop: nextHop)
        case .v6(let nextHop):
            writer.announce(
                prefixes, ids: ids, attributes: attributes, nextHop: nextHop,
                linkLocal: hop.linkLocal)
        }
    }
    static func withdraw(_ prefixes: [Prefix4], _ ids: [UInt32], _ writer: inout UpdateWriter) {
        writer.withdraw(prefixes, ids: ids)
    }
}

extension Prefix6 {
    static func advertise(_ receiver: Receiver) -> FilterTable<Prefix6>? { receiver.advertise6 }
    static func exchange(_ receiver: Receiver) -> [Receiver.ExchangeTable<Prefix6>] {
        receiver.exchange6
    }
    static func announce(
        _ prefixes: [Prefix6], _ ids: [UInt32], attributes: [UInt8], _ hop: Hop,
        _ writer: inout UpdateWriter
    ) -> Bool {
        guard case .v6(let nextHop) = hop.address else { return false }
        return writer.announce(
            prefixes, ids: ids, attributes: attributes, nextHop: nextHop,
            linkLocal: hop.linkLocal)
    }
    static func withdraw(_ prefixes: [Prefix6], _ ids: [UInt32], _ writer: inout UpdateWriter) {
        writer.withdraw(prefixes, ids: ids)
    }
}
