// A portion of a receiver's dirty rows becomes messages: each row is decided on, what goes is
// written first, and what leaves alike shares messages.

import BGP
import Net

extension Routes {
    /// Looks at a portion of the dirty rows and writes what they say.
    mutating func writePortion(
        _ receiver: Int, _ table: Int, into writer: inout UpdateWriter, _ common: inout Common
    ) {
        var portion = Portion<P>(common.receivers[receiver])
        var count = 0
        while count < Self.portion, outs[receiver].dirty.count > 0 {
            guard let row = outs[receiver].dirty.next(from: outs[receiver].scan) else {
                outs[receiver].scan = 0
                continue
            }
            outs[receiver].scan = row + 1
            count += 1
            if outs[receiver].isWide {
                pickAll(receiver, table, row, &portion, common)
            } else {
                pick(receiver, table, row, &portion, common)
            }
            _ = outs[receiver].dirty.remove(row)
            settle(receiver, table, row)
        }
        // What goes comes first, so that a limit is not exceeded even for a moment.
        portion.withdraw(&writer)
        write(receiver, table, &portion, into: &writer, common)
        admit(receiver, table, portion.limit)
    }

    /// Decides on the best path of a row.
    private mutating func pick(
        _ receiver: Int, _ table: Int, _ row: Int, _ portion: inout Portion<P>,
        _ common: borrowing Common
    ) {
        let prefix = tables[table].rows[row].prefix
        let isKnown = outs[receiver].announced.contains(row)
        _ = outs[receiver].heldBack.remove(row)
        let best = bestHandle(table, row, common)
        if best != 0, mayPass(paths[best], to: receiver, prefix, common),
            let pick = portion.pick(paths[best], best, row, prefix, common)
        {
            if outs[receiver].announced.count - (isKnown ? 1 : 0) < portion.limit {
                _ = outs[receiver].announced.insert(row)
                portion.picks.append(pick)
                return
            }
            _ = outs[receiver].heldBack.insert(row)
        }
        if outs[receiver].announced.remove(row) { portion.gone.append(prefix) }
    }

    /// Decides on all paths of a row. A path keeps its identifier for as long as it is announced;
    /// one that goes in this step leaves it to nobody that comes in this step.
    private mutating func pickAll(
        _ receiver: Int, _ table: Int, _ row: Int, _ portion: inout Portion<P>,
        _ common: borrowing Common
    ) {
        let prefix = tables[table].rows[row].prefix
        let old = outs[receiver].told[row] ?? []
        var new: [Out.Told] = []
        var picks: [Pick] = []
        var comers: [Pick] = []
        for handle in exports(receiver, table, row, common) {
            let path = paths[handle]
            guard var pick = portion.pick(path, handle, row, prefix, common) else { continue }
            let pathID = common.attributes.pathID(path.attributes)
            guard
                let known = old.first(where: {
                    $0.source == path.tag.source && $0.pathID == pathID
                })
            else {
                comers.append(pick)
                continue
            }
            pick.id = known.id
            new.append(known)
            picks.append(pick)
        }
        _ = outs[receiver].heldBack.remove(row)
        let others = outs[receiver].toldCount - old.count
        var isHeldBack = false
        while !new.isEmpty, others + new.count > portion.limit {
            new.removeLast()
            picks.removeLast()
            isHeldBack = true
        }
        for told in old where !new.contains(where: { $0.id == told.id }) {
            portion.gone.append(prefix)
            portion.goneIDs.append(told.id)
        }
        var next: UInt32 = 1
        for var pick in comers {
            guard others + new.count < portion.limit else {
                isHeldBack = true
                break
            }
            while old.contains(where: { $0.id == next }) || new.contains(where: { $0.id == next }) {
                next += 1
            }
            pick.id = next
            let path = paths[pick.path]
            new.append(
                Out.Told(
                    source: UInt32(truncatingIfNeeded: path.tag.source),
                    pathID: common.attributes.pathID(path.attributes), id: next))
            picks.append(pick)
        }
        outs[receiver].toldCount = others + new.count
        outs[receiver].told[row] = new.isEmpty ? nil : new
        if new.isEmpty {
            _ = outs[receiver].announced.remove(row)
        } else {
            _ = outs[receiver].announced.insert(row)
        }
        if isHeldBack { _ = outs[receiver].heldBack.insert(row) }
        portion.picks += picks
    }

    /// Writes what was picked, prefixes of one set together.
    private mutating func write(
        _ receiver: Int, _ table: Int, _ portion: inout Portion<P>,
        into writer: inout UpdateWriter, _ common: borrowing Common
    ) {
        let isWide = outs[receiver].isWide
        let record = common.receivers[receiver]
        portion.picks.sort(by: <)
        var index = 0
        while index < portion.picks.count {
            let first = portion.picks[index]
            var prefixes: [P] = []
            var ids: [UInt32] = []
            let start = index
            while index < portion.picks.count, portion.picks[index].leavesLike(first) {
                prefixes.append(tables[table].rows[portion.picks[index].row].prefix)
                if isWide { ids.append(portion.picks[index].id) }
                index += 1
            }
            let path = paths[first.path]
            let attributes = record.dress.dress(
                common.attributes.bytes(path.attributes), localPref: localPref(path, common),
                occasion(record, path, portion.ruling.rules(first.rules), common))
            if let hop = hop(record, path, common),
                P.announce(prefixes, ids, attributes: attributes, hop, &writer)
            {
                continue
            }
            // Attributes that leave no room for a prefix cannot be announced (RFC 4271 §9.2).
            P.withdraw(prefixes, ids, &writer)
            for pick in portion.picks[start..<index] {
                forget(receiver, pick)
                settle(receiver, table, pick.row)
            }
        }
    }

    /// What could not be announced.
    private mutating func forget(_ receiver: Int, _ pick: Pick) {
        guard outs[receiver].isWide else {
            _ = outs[receiver].announced.remove(pick.row)
            return
        }
        let count = outs[receiver].told[pick.row]?.count ?? 0
        outs[receiver].told[pick.row]?.removeAll { $0.id == pick.id }
        let left = outs[receiver].told[pick.row]?.count ?? 0
        outs[receiver].toldCount -= count - left
        if left == 0 {
            outs[receiver].told[pick.row] = nil
            _ = outs[receiver].announced.remove(pick.row)
        }
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
            outs[receiver].count + outs[receiver].dirty.count < limit,
            let row = outs[receiver].heldBack.next(from: 0)
        {
            _ = outs[receiver].dirty.insert(row)
            _ = outs[receiver].heldBack.remove(row)
        }
    }
}
