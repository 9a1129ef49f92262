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

    /// More gateways than this for one row are of no use.
    static var maximumChoice: Int { 8 }

    func ref(_ table: Int, _ row: Int) -> RowRef { RowRef(P.family, table: table, row: row) }

    // Learning

    /// Stores one path; the attributes are counted once more.
    mutating func learn(
        _ prefix: P, table: Int, source: Int, attributes: UInt32, gateway: UInt32,
        isRefused: Bool, _ common: inout Common
    ) {
        let row = tables[table].findOrInsert(prefix)
        let head = tables[table].rows[row].paths
        let old = leave(table, row, &common)
        let tag = PathTag(
            source: source, epoch: common.sources[source].epoch, isRefused: isRefused)
        let gateway = isRefused ? 0 : gateway
        var handle = head
        while handle != 0 {
            let path = paths[handle]
            if path.tag.source == source {
                if path.tag == tag, path.attributes == attributes, path.gateway == gateway {
                    return
                }
                uncountLacking(table, row, &common)
                common.sources[source].count(path.tag, P.family, -1)
                common.sources[source].count(tag, P.family, 1)
                common.attributes.retain(attributes)
                common.attributes.release(path.attributes)
                retarget(path.gateway, gateway, &common)
                paths[handle] = Path(
                    next: path.next, attributes: attributes, gateway: gateway, tag: tag)
                // A stale path announced again as it was changes nothing for anybody.
                if path.attributes == attributes, path.gateway == gateway,
                    path.tag.isRefused == isRefused,
                    common.sources[source].isValid(path.tag)
                {
                    countLacking(table, row, &common)
                    return
                }
                reselect(table, row, old: old, &common)
                return
            }
            handle = path.next
        }
        uncountLacking(table, row, &common)
        common.attributes.retain(attributes)
        retarget(0, gateway, &common)
        common.sources[source].count(tag, P.family, 1)
        let path = paths.add(
            Path(next: head, attributes: attributes, gateway: gateway, tag: tag))
        tables[table].rows[row].paths = path
        reselect(table, row, old: old, &common)
    }

    private func retarget(_ old: UInt32, _ new: UInt32, _ common: inout Common) {
        guard old != new else { return }
        if new != 0 { common.forwarding.gateways[Int(new)].paths += 1 }
        if old != 0 {
            common.forwarding.gateways[Int(old)].paths -= 1
            if common.forwarding.gateways[Int(old)].paths == 0 {
                common.forwarding.idleSingles.push(old)
            }
        }
    }

    /// Takes one path back; false if there was none.
    mutating func withdraw(
        _ prefix: P, table: Int, source: Int, _ common: inout Common
    ) {
        guard let row = tables[table].find(prefix) else { return }
        let old = leave(table, row, &common)
        if removePaths(table, row, &common, where: { tag, _ in tag.source == source }) {
            reselect(table, row, old: old, &common)
        }
    }

    /// Removes the paths that are void; whether there were any.
    private mutating func removePaths(
        _ table: Int, _ row: Int, _ common: inout Common,
        where isGone: (PathTag, borrowing Common) -> Bool
    ) -> Bool {
        var handle = tables[table].rows[row].paths
        var last: UInt32 = 0
        var hasRemoved = false
        while handle != 0 {
            let path = paths[handle]
            if isGone(path.tag, common) {
                if !hasRemoved { uncountLacking(table, row, &common) }
                if last == 0 {
                    tables[table].rows[row].paths = path.next
                } else {
                    paths.link(last, to: path.next)
                }
                common.sources[path.tag.source].count(path.tag, P.family, -1)
                common.attributes.release(path.attributes)
                retarget(path.gateway, 0, &common)
                paths.remove(handle)
                hasRemoved = true
            } else {
                last = handle
            }
            handle = path.next
        }
        return hasRemoved
    }

    // Selection

    /// What receivers would hear of a head path.
    struct Announcement: Equatable {
        var source: Int
        var attributes: UInt32
    }

    /// A void path is still known to receivers that did not look since, and equals no other: 0.
    func announcement(_ head: UInt32, _ common: borrowing Common) -> Announcement? {
        guard head != 0 else { return nil }
        let path = paths[head]
        guard !path.tag.isRefused else { return nil }
        let isValid = common.sources[path.tag.source].isValid(path.tag)
        return Announcement(
            source: path.tag.source, attributes: isValid ? path.attributes : 0)
    }

    /// What receivers heard of a row that is about to change. With a void head they may have
    /// heard of any path behind it, so all who may have look again.
    private mutating func leave(
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
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if path.tag.isRefused { return nil }
            if common.sources[path.tag.source].isValid(path.tag) { return path }
            handle = path.next
        }
        return nil
    }

    func candidate(_ handle: UInt32, _ path: Path, _ common: borrowing Common) -> Candidate {
        Candidate(
            path: handle, gateway: path.gateway, source: path.tag.source,
            rank: common.sources[path.tag.source].rank,
            digest: common.attributes.digest(path.attributes))
    }

    /// Puts the paths of a row in order and draws the consequences.
    mutating func reselect(
        _ table: Int, _ row: Int, old: Announcement?, _ common: inout Common
    ) {
        list.removeAll(keepingCapacity: true)
        let head = tables[table].rows[row].paths
        if head != 0, paths[head].next == 0 {
            let path = paths[head]
            if !path.tag.isRefused, path.gateway != 0,
                common.sources[path.tag.source].isValid(path.tag)
            {
                list.append(path.gateway)
            }
        } else if head != 0 {
            sort(table, row, &common)
        }
        setOwn(
            table, row,
            common.forwarding.choice(
                list, space: UInt32(truncatingIfNeeded: table), family: P.family), &common)
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
            if path.tag.isRefused || !common.sources[path.tag.source].isValid(path.tag) {
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
        for candidate in candidates
        where candidate.gateway != 0 && list.count < Self.maximumChoice
            && !list.contains(candidate.gateway)
        {
            list.append(candidate.gateway)
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
            let hasRemoved = removePaths(table, row, &common) { tag, common in
                !common.sources[tag.source].isValid(tag)
            }
            if hasRemoved {
                reselect(table, row, old: old, &common)
            } else {
                check(table, row, &common)
            }
        }
    }

    /// Judges a source's paths anew after a change of its settings.
    mutating func rejudge(
        _ table: Int, source: Int, _ common: inout Common,
        judge: (P, UInt32, inout Common) -> (gateway: UInt32, isRefused: Bool)
    ) {
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            var handle = tables[table].rows[row].paths
            while handle != 0, paths[handle].tag.source != source { handle = paths[handle].next }
            guard handle != 0 else { continue }
            let path = paths[handle]
            guard common.sources[source].isValid(path.tag) else { continue }
            let old = leave(table, row, &common)
            let verdict = judge(tables[table].rows[row].prefix, path.attributes, &common)
            let gateway = verdict.isRefused ? 0 : verdict.gateway
            uncountLacking(table, row, &common)
            common.sources[source].count(path.tag, P.family, -1)
            let tag = PathTag(
                source: source, epoch: path.tag.epoch, isRefused: verdict.isRefused)
            common.sources[source].count(tag, P.family, 1)
            retarget(path.gateway, gateway, &common)
            paths[handle] = Path(
                next: path.next, attributes: path.attributes, gateway: gateway, tag: tag)
            // The preference that an internal receiver hears is the source's, not the path's.
            if old != nil { mark(table, row, source: source, &common) }
            reselect(table, row, old: old, &common)
        }
    }
}
