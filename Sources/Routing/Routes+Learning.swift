// How the paths of a row come and go: announced, withdrawn, void with their source's life, judged
// anew. A source may give several paths for a prefix, told apart by their identifier.

import BGP
import Net

extension Routes {
    /// More paths of one source for one prefix are not stored (RFC 7911 gives them no bound, and
    /// each costs every later change of the row).
    static var maximumPaths: Int { 32 }

    /// Whether a path is the source's of that identifier; a source without identifiers gives one.
    func isPath(
        _ path: Path, of source: Int, id: UInt32?, _ common: borrowing Common
    ) -> Bool {
        guard path.tag.source == source else { return false }
        guard let id else { return true }
        return common.attributes.pathID(path.attributes) == id
    }

    /// Whether the source announces the path already, in its present life.
    func has(
        _ prefix: P, id: UInt32?, table: Int, source: Int, _ common: borrowing Common
    ) -> Bool {
        guard let row = tables[table].find(prefix) else { return false }
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if isPath(path, of: source, id: id, common) {
                return !common.sources[source].isStale(path.tag, P.family)
            }
            handle = path.next
        }
        return false
    }

    /// Stores one path; the attributes are counted once more.
    mutating func learn(
        _ prefix: P, id: UInt32? = nil, table: Int, source: Int, attributes: UInt32,
        gateway: UInt32, isRefused: Bool, _ common: inout Common
    ) {
        let row = tables[table].findOrInsert(prefix)
        let head = tables[table].rows[row].paths
        let old = leave(table, row, &common)
        let tag = PathTag(
            source: source, epoch: common.sources[source][P.family].epoch, isRefused: isRefused)
        let gateway = isRefused ? 0 : gateway
        var siblings = 0
        var handle = head
        while handle != 0 {
            let path = paths[handle]
            if isPath(path, of: source, id: id, common) {
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
                    common.sources[source].isValid(path.tag, P.family),
                    !common.sources[source].isLongLived(path.tag, P.family)
                {
                    countLacking(table, row, &common)
                    return
                }
                touchAll(table, row, common)
                reselect(table, row, old: old, &common)
                return
            }
            // Stale ones do not count: the peer may number all anew after a restart.
            if path.tag.source == source, path.tag.epoch == tag.epoch { siblings += 1 }
            handle = path.next
        }
        if siblings >= Self.maximumPaths { return }
        uncountLacking(table, row, &common)
        common.attributes.retain(attributes)
        retarget(0, gateway, &common)
        common.sources[source].count(tag, P.family, 1)
        let path = paths.add(
            Path(next: head, attributes: attributes, gateway: gateway, tag: tag))
        tables[table].rows[row].paths = path
        touchAll(table, row, common)
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

    /// Takes one path back; without an identifier all of the source.
    mutating func withdraw(
        _ prefix: P, id: UInt32? = nil, table: Int, source: Int, _ common: inout Common
    ) {
        guard let row = tables[table].find(prefix) else { return }
        let old = leave(table, row, &common)
        let hasRemoved = removePaths(table, row, &common) { path, common in
            path.tag.source == source
                && (id == nil || common.attributes.pathID(path.attributes) == id)
        }
        if hasRemoved {
            touchAll(table, row, common)
            reselect(table, row, old: old, &common)
        }
    }

    /// Removes the paths that are void; whether there were any.
    mutating func removePaths(
        _ table: Int, _ row: Int, _ common: inout Common,
        where isGone: (Path, borrowing Common) -> Bool
    ) -> Bool {
        var handle = tables[table].rows[row].paths
        var last: UInt32 = 0
        var hasRemoved = false
        while handle != 0 {
            let path = paths[handle]
            if isGone(path, common) {
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

    /// Judges a source's paths anew after a change of its settings. `judge` gives the attributes
    /// counted once more.
    mutating func rejudge(
        _ table: Int, source: Int, _ common: inout Common,
        judge: (P, UInt32, inout Common) -> Judgement.Outcome
    ) {
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            var old: Announcement?
            var isFirst = true
            var handle = tables[table].rows[row].paths
            while handle != 0 {
                let path = paths[handle]
                defer { handle = path.next }
                guard path.tag.source == source, common.sources[source].isValid(path.tag, P.family)
                else {
                    continue
                }
                if isFirst {
                    old = leave(table, row, &common)
                    uncountLacking(table, row, &common)
                    isFirst = false
                }
                let outcome = judge(tables[table].rows[row].prefix, path.attributes, &common)
                let gateway = outcome.isRefused ? 0 : outcome.gateway
                common.sources[source].count(path.tag, P.family, -1)
                let tag = PathTag(
                    source: source, epoch: path.tag.epoch, isRefused: outcome.isRefused)
                common.sources[source].count(tag, P.family, 1)
                common.attributes.release(path.attributes)
                retarget(path.gateway, gateway, &common)
                paths[handle] = Path(
                    next: path.next, attributes: outcome.attributes, gateway: gateway, tag: tag)
            }
            if isFirst { continue }
            // The preference that an internal receiver hears is the source's, not the path's.
            if old != nil { mark(table, row, source: source, &common) }
            touchAll(table, row, common)
            reselect(table, row, old: old, &common)
        }
    }

    /// A source's stale paths become the last choice; those that say NO_LLGR go.
    mutating func markLongLived(
        _ table: Int, source: Int, _ common: inout Common
    ) {
        func isStale(_ path: Path, _ common: borrowing Common) -> Bool {
            path.tag.source == source && common.sources[source].isValid(path.tag, P.family)
                && common.sources[source].isStale(path.tag, P.family)
        }
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            var handle = tables[table].rows[row].paths
            while handle != 0, !isStale(paths[handle], common) { handle = paths[handle].next }
            guard handle != 0 else { continue }
            let old = leave(table, row, &common)
            _ = removePaths(table, row, &common) { path, common in
                isStale(path, common)
                    && common.attributes.digest(path.attributes).flags.contains(.noLongLived)
            }
            mark(table, row, source: source, &common)
            touchAll(table, row, common)
            reselect(table, row, old: old, &common)
        }
    }
}
