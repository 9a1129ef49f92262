// Unreachable routes: a VRF's defaults and a tenant's aggregates, at the highest metric, so that
// nothing learned elsewhere swallows what is down here. Few of them; the same life as rows.

import Net

struct Unreachable: Sendable {
    struct Record: Sendable {
        var key: RouteKey
        var isWanted = false
        var isPresent = false
        var isInFlight = false
        var isQueued = false
        var isDisturbed = false
        var isShadowed = false
        var failures: UInt8 = 0
        var retryAt: Instant?
        /// Found at start; let alone until its space is released.
        var isStale = false
        var wantsPresent = false
        /// The kernel took it once, but somebody else touched it meanwhile.
        var isDoubtful = false
    }

    private(set) var records: [Record] = []
    private var free: [UInt32] = []
    private var index: [RouteKey: UInt32] = [:]
    private(set) var queue = Fifo<UInt32>()
    private(set) var waiting: Set<UInt32> = []

    var keys: [RouteKey] { Array(index.keys) }

    private mutating func slot(_ key: RouteKey) -> UInt32 {
        if let known = index[key] { return known }
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
            records[Int(slot)] = Record(key: key)
        } else {
            slot = UInt32(truncatingIfNeeded: records.count)
            records.append(Record(key: key))
        }
        index[key] = slot
        return slot
    }

    mutating func set(_ key: RouteKey, isWanted: Bool) {
        guard isWanted || index[key] != nil else { return }
        let slot = slot(key)
        records[Int(slot)].isWanted = isWanted
        records[Int(slot)].isStale = false
        records[Int(slot)].retryAt = nil
        check(slot)
    }

    /// What the kernel has by its own word.
    mutating func observed(_ key: RouteKey, isPresent: Bool, isStale: Bool = false) {
        guard isPresent || index[key] != nil else { return }
        let slot = slot(key)
        if records[Int(slot)].isInFlight { records[Int(slot)].isDisturbed = true }
        records[Int(slot)].isPresent = isPresent
        if isStale, !records[Int(slot)].isWanted { records[Int(slot)].isStale = true }
        // A foreign route at the key may be what is gone: no need to wait for the time.
        if !isPresent, records[Int(slot)].isShadowed { records[Int(slot)].retryAt = nil }
        check(slot)
    }

    mutating func release(_ table: TableID?) {
        for (key, slot) in index where table == nil || key.table == table {
            records[Int(slot)].isStale = false
            check(slot)
        }
    }

    private mutating func check(_ slot: UInt32) {
        let record = records[Int(slot)]
        guard !record.isInFlight, !record.isQueued else { return }
        let isSettled = record.isWanted == record.isPresent || record.isStale
        if isSettled {
            waiting.remove(slot)
            if !record.isWanted, !record.isPresent, index[record.key] == slot {
                index[record.key] = nil
                free.append(slot)
            }
        } else if record.retryAt != nil {
            waiting.insert(slot)
        } else {
            waiting.remove(slot)
            records[Int(slot)].isQueued = true
            queue.push(slot)
        }
    }

    mutating func drain(_ common: inout Common, into steps: inout [StepRequest]) -> Bool {
        guard let slot = queue.pop() else { return false }
        records[Int(slot)].isQueued = false
        let record = records[Int(slot)]
        guard record.isWanted != record.isPresent, !record.isStale else {
            check(slot)
            return true
        }
        records[Int(slot)].isInFlight = true
        records[Int(slot)].wantsPresent = record.isWanted
        common.emit(
            .unreachable(slot: slot),
            record.isWanted
                ? .putRoute(Route(record.key, .unreachable), replacing: record.isDoubtful)
                : .deleteRoute(record.key), into: &steps)
        return true
    }

    mutating func finished(
        _ slot: UInt32, error: KernelError?, _ common: inout Common, at now: Instant
    ) {
        guard Int(slot) < records.count, records[Int(slot)].isInFlight else { return }
        records[Int(slot)].isInFlight = false
        let isDisturbed = records[Int(slot)].isDisturbed
        records[Int(slot)].isDisturbed = false
        let wanted = records[Int(slot)].wantsPresent
        if let error, wanted || !Common.isMissing(error) {
            common.lastError = error
            let isShadowed = wanted && !isDisturbed && Common.exists(error)
            records[Int(slot)].isShadowed = isShadowed
            records[Int(slot)].retryAt =
                now
                + (isShadowed
                    ? Common.shadowedRetry : Common.backoff(records[Int(slot)].failures))
            records[Int(slot)].failures = min(records[Int(slot)].failures + 1, 20)
        } else {
            records[Int(slot)].isShadowed = false
            records[Int(slot)].retryAt = nil
            records[Int(slot)].failures = 0
            records[Int(slot)].isDoubtful = isDisturbed && wanted
            if !isDisturbed || !wanted { records[Int(slot)].isPresent = wanted }
        }
        check(slot)
    }

    mutating func wake(at now: Instant) {
        for slot in waiting where records[Int(slot)].retryAt.map({ $0 <= now }) ?? true {
            records[Int(slot)].retryAt = nil
            check(slot)
        }
    }

    var deadline: Instant? {
        waiting.reduce(nil) { earlier($0, records[Int($1)].retryAt) }
    }

    /// Compares with a dump: what is not in it is not there.
    mutating func compare(_ present: Set<RouteKey>) {
        for key in index.keys where !present.contains(key) { observed(key, isPresent: false) }
        for key in present { observed(key, isPresent: true) }
    }

    var installed: Int { index.values.reduce(0) { $0 + (records[Int($1)].isPresent ? 1 : 0) } }

    var conflicts: [RouteKey] {
        waiting.map { records[Int($0)] }.filter(\.isShadowed).map(\.key)
    }
}
