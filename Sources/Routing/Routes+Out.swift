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
    }

    /// Whether the best path of a row may go to a receiver, and which it is.
    func export(
        _ receiver: Int, _ table: Int, _ row: Int, _ common: borrowing Common
    ) -> Path? {
        guard let path = best(table, row, common) else { return nil }
        let source = path.tag.source
        guard
            common.receivers[receiver].listens(
                to: common.sources[source], SourceID(source)),
            common.receivers[receiver].passes(
                tables[table].rows[row].prefix, from: common.sources[source],
                flags: common.attributes.digest(path.attributes).flags,
                advertise: P.advertise(common.receivers[receiver]),
                exchange: P.exchange(common.receivers[receiver]))
        else { return nil }
        return path
    }

    func localPref(_ path: Path, _ common: borrowing Common) -> UInt32 {
        candidate(0, path, common).localPref
    }

    /// Rows looked at in one go.
    private static var portion: Int { 1024 }

    /// Writes messages until about `limit` bytes are there; true when more is to come.
    mutating func produce(
        _ receiver: Int, _ table: Int, into writer: inout UpdateWriter, limit: Int,
        _ common: inout Common
    ) -> Bool {
        guard outs[receiver].isActive else { return false }
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
                || export(receiver, table, row, common) != nil
            {
                setDirty(receiver, table, row)
            }
        }
        outs[receiver].feed = end == tables[table].rows.count ? .max : end
    }

    private mutating func writePortion(
        _ receiver: Int, _ table: Int, into writer: inout UpdateWriter, _ common: inout Common
    ) {
        var picks: [(key: UInt64, row: Int)] = []
        var gone: [P] = []
        var count = 0
        let limit = common.receivers[receiver].settings.policy.limit.map(Int.init) ?? .max
        while count < Self.portion, outs[receiver].dirty.count > 0 {
            guard let row = outs[receiver].dirty.next(from: outs[receiver].scan) else {
                outs[receiver].scan = 0
                continue
            }
            outs[receiver].scan = row + 1
            count += 1
            if let path = export(receiver, table, row, common) {
                let isKnown = outs[receiver].announced.contains(row)
                if !isKnown, outs[receiver].announced.count >= limit {
                    _ = outs[receiver].heldBack.insert(row)
                } else {
                    _ = outs[receiver].heldBack.remove(row)
                    _ = outs[receiver].announced.insert(row)
                    picks.append(
                        (UInt64(path.attributes) << 32 | UInt64(path.tag.source), row))
                }
            } else {
                _ = outs[receiver].heldBack.remove(row)
                if outs[receiver].announced.remove(row) {
                    gone.append(tables[table].rows[row].prefix)
                }
            }
            _ = outs[receiver].dirty.remove(row)
            settle(receiver, table, row)
        }
        if !gone.isEmpty { P.withdraw(gone, &writer) }
        picks.sort { $0.key < $1.key }
        var index = 0
        while index < picks.count {
            let key = picks[index].key
            var prefixes: [P] = []
            let start = index
            while index < picks.count, picks[index].key == key {
                prefixes.append(tables[table].rows[picks[index].row].prefix)
                index += 1
            }
            guard let path = best(table, picks[start].row, common) else { continue }
            let attributes = common.receivers[receiver].dress.dress(
                common.attributes.bytes(path.attributes), localPref: localPref(path, common))
            if P.announce(
                prefixes, attributes: attributes, common.receivers[receiver].settings, &writer)
            {
                continue
            }
            // Attributes that leave no room for a prefix cannot be announced (RFC 4271 §9.2).
            P.withdraw(prefixes, &writer)
            for pick in picks[start..<index] {
                _ = outs[receiver].announced.remove(pick.row)
                settle(receiver, table, pick.row)
            }
        }
        admit(receiver, table, limit)
    }

    /// A row that a receiver does not know any more is let go.
    private mutating func settle(_ receiver: Int, _ table: Int, _ row: Int) {
        guard !outs[receiver].knows(row) else { return }
        tables[table].rows[row].outs -= 1
        tidy(table, row)
    }

    /// Rows held back come forward as others leave.
    private mutating func admit(_ receiver: Int, _ table: Int, _ limit: Int) {
        while outs[receiver].heldBack.count > 0,
            outs[receiver].announced.count + outs[receiver].dirty.count < limit,
            let row = outs[receiver].heldBack.next(from: 0)
        {
            _ = outs[receiver].dirty.insert(row)
            _ = outs[receiver].heldBack.remove(row)
        }
    }
}

extension Prefix4 {
    static func advertise(_ receiver: Receiver) -> FilterTable<Prefix4>? { receiver.advertise4 }
    static func exchange(_ receiver: Receiver) -> [Receiver.ExchangeTable<Prefix4>] {
        receiver.exchange4
    }
    static func announce(
        _ prefixes: [Prefix4], attributes: [UInt8], _ settings: ReceiverSettings,
        _ writer: inout UpdateWriter
    ) -> Bool {
        guard let nextHop = settings.nextHop4 else { return false }
        return writer.announce(prefixes, attributes: attributes, nextHop: nextHop)
    }
    static func withdraw(_ prefixes: [Prefix4], _ writer: inout UpdateWriter) {
        writer.withdraw(prefixes)
    }
}

extension Prefix6 {
    static func advertise(_ receiver: Receiver) -> FilterTable<Prefix6>? { receiver.advertise6 }
    static func exchange(_ receiver: Receiver) -> [Receiver.ExchangeTable<Prefix6>] {
        receiver.exchange6
    }
    static func announce(
        _ prefixes: [Prefix6], attributes: [UInt8], _ settings: ReceiverSettings,
        _ writer: inout UpdateWriter
    ) -> Bool {
        guard let nextHop = settings.nextHop6 else { return false }
        return writer.announce(
            prefixes, attributes: attributes, nextHop: nextHop, linkLocal: settings.linkLocal6)
    }
    static func withdraw(_ prefixes: [Prefix6], _ writer: inout UpdateWriter) {
        writer.withdraw(prefixes)
    }
}
