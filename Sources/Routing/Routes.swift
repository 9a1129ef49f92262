// The rows and paths of one family: every change of a row's paths ends in `reselect`, which orders
// them, works out the choice of gateways, and tells the queue to the kernel and the receivers.

import Net

struct Routes<P: RoutePrefix>: Sendable {
    /// By index of the space.
    var tables: [Table<P>] = []
    var paths = PathArena()
    /// By slot of the receiver.
    var outs: [Out] = []
    private var candidates: [Candidate] = []
    private var others: [UInt32] = []
    private var list: [UInt32] = []
    private var ties: UInt8 = 0

    /// More gateways than this for one row are of no use.
    static var maximumChoice: Int { 8 }

    func ref(_ table: Int, _ row: Int) -> RowRef { RowRef(P.family, table: table, row: row) }

    // Selection

    /// What receivers would hear of a head path.
    struct Announcement: Equatable {
        var source: Int
        var attributes: UInt32
        var isLongLived: Bool
    }

    /// A void path is still known to receivers that did not look since, and equals no other: 0.
    func announcement(_ head: UInt32, _ common: borrowing Common) -> Announcement? {
        guard head != 0 else { return nil }
        let path = paths[head]
        guard !path.tag.isRefused else { return nil }
        let isValid = common.sources[path.tag.source].isValid(path.tag, P.family)
        return Announcement(
            source: path.tag.source, attributes: isValid ? path.attributes : 0,
            isLongLived: common.sources[path.tag.source].isLongLived(path.tag, P.family))
    }

    /// What receivers heard of a row that is about to change. With a void head they may have
    /// heard of any path behind it, so all who may have look again.
    mutating func leave(
        _ table: Int, _ row: Int, _ common: inout Common
    ) -> Announcement? {
        let head = tables[table].rows[row].paths
        let old = announcement(head, common)
        guard let old, old.attributes == 0 else { return old }
        var handle = head
        while handle != 0 {
            mark(table, row, source: paths[handle].tag.source, &common)
            handle = paths[handle].next
        }
        return old
    }

    /// The best path, if there is one: void ones that no pass has removed yet are stepped over.
    func best(_ table: Int, _ row: Int, _ common: borrowing Common) -> Path? {
        let handle = bestHandle(table, row, common)
        return handle == 0 ? nil : paths[handle]
    }

    /// Where the best path stands; 0 where there is none.
    func bestHandle(_ table: Int, _ row: Int, _ common: borrowing Common) -> UInt32 {
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if path.tag.isRefused { return 0 }
            if common.sources[path.tag.source].isValid(path.tag, P.family) { return handle }
            handle = path.next
        }
        return 0
    }

    func candidate(_ handle: UInt32, _ path: Path, _ common: borrowing Common) -> Candidate {
        var result = Candidate(
            path: handle, gateway: path.gateway, source: path.tag.source,
            rank: common.sources[path.tag.source].rank,
            digest: common.attributes.digest(path.attributes))
        if common.sources[path.tag.source].isLongLived(path.tag, P.family) {
            result.isLongLived = true
        }
        return result
    }

    /// Puts the paths of a row in order and draws the consequences.
    mutating func reselect(
        _ table: Int, _ row: Int, old: Announcement?, _ common: inout Common
    ) {
        list.removeAll(keepingCapacity: true)
        ties = 0
        let head = tables[table].rows[row].paths
        if head != 0, paths[head].next == 0 {
            let path = paths[head]
            if !path.tag.isRefused, path.gateway != 0,
                common.sources[path.tag.source].isValid(path.tag, P.family)
            {
                list.append(path.gateway)
            }
        } else if head != 0 {
            sort(table, row, &common)
        }
        setOwn(
            table, row,
            common.forwarding.choice(
                list, ties: ties, space: UInt32(truncatingIfNeeded: table), family: P.family),
            &common)
        let new = announcement(tables[table].rows[row].paths, common)
        if new != old {
            if let old { mark(table, row, source: old.source, &common) }
            if let new, new.source != old?.source {
                mark(table, row, source: new.source, &common)
            }
        }
        tidy(table, row)
    }

    private mutating func sort(_ table: Int, _ row: Int, _ common: inout Common) {
        candidates.removeAll(keepingCapacity: true)
        others.removeAll(keepingCapacity: true)
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if path.tag.isRefused || !common.sources[path.tag.source].isValid(path.tag, P.family) {
                others.append(handle)
            } else {
                candidates.append(candidate(handle, path, common))
            }
            handle = path.next
        }
        var reasons: [SelectionReason]?
        Selection.order(&candidates, reasons: &reasons)
        var next: UInt32 = 0
        for handle in others {
            paths.link(handle, to: next)
            next = handle
        }
        for candidate in candidates.reversed() {
            paths.link(candidate.path, to: next)
            next = candidate.path
        }
        tables[table].rows[row].paths = next
        if candidates.contains(where: { $0.multipath != .off }) {
            listTiers()
            return
        }
        for candidate in candidates
        where candidate.gateway != 0 && list.count < Self.maximumChoice
            && !list.contains(candidate.gateway)
        {
            list.append(candidate.gateway)
        }
    }

    /// Lists the gateways of candidates some of which share the traffic. Who shares is told from
    /// those that are left once all before are gone, and not by the order: a path that is out by
    /// its MED comes in again behind the one that put it out.
    private mutating func listTiers() {
        candidates.removeAll { $0.gateway == 0 }
        var place = 0
        while place < candidates.count, list.count < Self.maximumChoice {
            let end = Selection.gather(&candidates, from: place)
            // The first ones of a tier with more than there is room for; the winner is the first.
            let start = list.count
            for candidate in candidates[place..<end]
            where list.count < Self.maximumChoice && !list.contains(candidate.gateway) {
                let position = list[start...].firstIndex { $0 > candidate.gateway } ?? list.count
                list.insert(candidate.gateway, at: position)
                if list.count - start > 1 { ties |= 1 << UInt8(list.count - 1) }
            }
            place = end
        }
    }

    private mutating func setOwn(
        _ table: Int, _ row: Int, _ own: UInt32, _ common: inout Common
    ) {
        let old = tables[table].rows[row].own
        if own != old {
            let wasStale = tables[table].rows[row].flags.contains(.stale)
            tables[table].rows[row].own = own
            if own != 0 {
                common.forwarding.choices[Int(own)].rows += 1
                tables[table].rows[row].flags.remove(.stale)
            }
            let held = tables[table].rows[row].held
            let target = tables[table].rows[row].target
            common.forwarding.ownChanged(held, from: old, wasStale: wasStale, to: own)
            if target != held {
                common.forwarding.ownChanged(target, from: old, wasStale: wasStale, to: own)
            }
            if old != 0 {
                common.forwarding.choices[Int(old)].rows -= 1
                common.forwarding.tidyChoice(old)
            }
            if tables[table].rows[row].flags.contains(.waiting) {
                clearFailure(table, row, &common)
            }
        }
        check(table, row, &common)
    }

    mutating func clearFailure(_ table: Int, _ row: Int, _ common: inout Common) {
        tables[table].rows[row].flags.remove(.waiting)
        common.failures[ref(table, row)] = nil
    }

    func isSettled(_ table: Int, _ row: Int, _ common: borrowing Common) -> Bool {
        let flags = tables[table].rows[row].flags
        return common.forwarding.isSettled(
            own: tables[table].rows[row].own, held: tables[table].rows[row].held,
            isStale: flags.contains(.stale), isHolding: common.spaces[table].isHolding)
    }

    /// Queues a row that the kernel must hear of.
    mutating func check(_ table: Int, _ row: Int, _ common: inout Common) {
        countLacking(table, row, &common)
        guard tables[table].rows[row].flags.isDisjoint(with: [.queued, .inFlight, .waiting]),
            !isSettled(table, row, common)
        else { return }
        tables[table].rows[row].flags.insert(.queued)
        common.queue.push(ref(table, row))
    }

    mutating func tidy(_ table: Int, _ row: Int) {
        if tables[table].rows[row].isIdle { tables[table].remove(row) }
    }

    // Passes

    mutating func addTable(seed: UInt64) { tables.append(Table(seed: seed)) }

    /// Looks at rows until the pass is complete or `limit` is used up.
    mutating func pass(_ table: Int, limit: inout Int, _ common: inout Common) {
        while tables[table].passRemaining > 0, limit > 0 {
            tables[table].passRemaining -= 1
            limit -= 1
            if tables[table].passCursor >= tables[table].passEnd { tables[table].passCursor = 0 }
            let row = tables[table].passCursor
            tables[table].passCursor += 1
            guard row < tables[table].rows.count, tables[table].rows[row].flags.contains(.live)
            else { continue }
            let old = leave(table, row, &common)
            let hasRemoved = removePaths(table, row, &common) { path, common in
                !common.sources[path.tag.source].isValid(path.tag, P.family)
            }
            if hasRemoved {
                touchAll(table, row, common)
                reselect(table, row, old: old, &common)
            } else {
                check(table, row, &common)
            }
        }
    }
}
