// A row and the kernel: what it wants, what was acknowledged, what is in flight. The newest wins:
// a row has at most one step in flight, and is looked at again when that ends.

import Net

extension Common {
    mutating func emit(_ ticket: Ticket, _ step: Step, into steps: inout [StepRequest]) {
        inFlight += 1
        steps.append(StepRequest(ticket: ticket.number, step: step))
    }

    static func isMissing(_ error: KernelError) -> Bool { error.code == 3 || error.code == 2 }
    static func exists(_ error: KernelError) -> Bool { error.code == 17 }
}

extension Routes {
    /// Hands out the step that a queued row needs, with the objects it needs before it.
    mutating func drain(
        _ table: Int, _ row: Int, into steps: inout [StepRequest], _ common: inout Common,
        at now: Instant
    ) {
        tables[table].rows[row].flags.remove(.queued)
        guard !tables[table].rows[row].flags.contains(.inFlight) else { return }
        if isSettled(table, row, common) {
            tidy(table, row)
            return
        }
        let key = RouteKey(
            table: common.spaces[table].id, prefix: tables[table].rows[row].prefix.prefix,
            metric: common.marks.metric)
        let own = tables[table].rows[row].own
        let held = tables[table].rows[row].held
        if own == 0 || common.forwarding.choices[Int(own)].first == 0 {
            tables[table].rows[row].flags.insert(.inFlight)
            common.emit(.row(ref(table, row)), .deleteRoute(key), into: &steps)
            return
        }
        guard let group = common.ensureGroup(own, into: &steps) else {
            tables[table].rows[row].flags.insert(.waiting)
            common.fail(ref(table, row), isShadowed: false, at: now)
            return
        }
        tables[table].rows[row].flags.insert(.inFlight)
        tables[table].rows[row].target = group
        common.forwarding.count(group, own: own, isStale: false, 1)
        let route = Route(key, .nextHop(common.forwarding.groups[Int(group)].id))
        common.emit(
            .row(ref(table, row)), .putRoute(route, replacing: held != 0), into: &steps)
    }

    /// The kernel holds another group, or none, for the row.
    mutating func setHeld(_ table: Int, _ row: Int, _ group: UInt32, _ common: inout Common) {
        let old = tables[table].rows[row].held
        guard old != group else { return }
        let own = tables[table].rows[row].own
        let isStale = tables[table].rows[row].flags.contains(.stale)
        common.forwarding.count(group, own: own, isStale: isStale, 1)
        common.forwarding.count(old, own: own, isStale: isStale, -1)
        tables[table].rows[row].held = group
        if group == 0 { tables[table].rows[row].flags.remove(.stale) }
        if old == 0 { common.installed += 1 }
        if group == 0 { common.installed -= 1 }
    }

    mutating func finished(
        _ table: Int, _ row: Int, error: KernelError?, _ common: inout Common, at now: Instant
    ) {
        guard table < tables.count, row < tables[table].rows.count,
            tables[table].rows[row].flags.contains(.inFlight)
        else { return }
        let ref = ref(table, row)
        let target = tables[table].rows[row].target
        let own = tables[table].rows[row].own
        let isDisturbed = tables[table].rows[row].flags.contains(.disturbed)
        tables[table].rows[row].flags.subtract([.inFlight, .disturbed])
        tables[table].rows[row].target = 0
        let outcome: UInt32?
        if let error {
            if target == 0, Common.isMissing(error) {
                outcome = 0
            } else {
                outcome = nil
            }
        } else {
            // Whatever the other hand did came before or after: look again, and write again.
            outcome =
                !isDisturbed
                ? target : target == 0 ? tables[table].rows[row].held : unknownGroup
        }
        if let outcome {
            setHeld(table, row, outcome, &common)
            if common.failures[ref] != nil { clearFailure(table, row, &common) }
        } else if let error {
            fail(
                table, row, target: target, error, isDisturbed: isDisturbed, &common, at: now)
        }
        common.forwarding.count(target, own: own, isStale: false, -1)
        check(table, row, &common)
        tidy(table, row)
    }

    private mutating func fail(
        _ table: Int, _ row: Int, target: UInt32, _ error: KernelError, isDisturbed: Bool,
        _ common: inout Common, at now: Instant
    ) {
        let ref = ref(table, row)
        common.lastError = error
        let isNew = tables[table].rows[row].held == 0
        if target != 0, isNew, Common.exists(error) {
            tables[table].rows[row].flags.insert(.waiting)
            // What stood there may be gone already.
            common.fail(ref, isShadowed: !isDisturbed, at: now)
            return
        }
        if target != 0, !isNew, Common.isMissing(error) {
            // What was to be replaced is not there: make it anew, at once.
            setHeld(table, row, 0, &common)
            return
        }
        if target != 0, error.text.contains("id does not exist") {
            if common.forwarding.groups[Int(target)].phase == .present {
                common.forwarding.lose(target)
            }
        }
        tables[table].rows[row].flags.insert(.waiting)
        common.fail(ref, isShadowed: false, at: now)
    }

    /// A row's wait is over.
    mutating func retry(_ table: Int, _ row: Int, _ common: inout Common) {
        guard tables[table].rows[row].flags.contains(.waiting) else { return }
        tables[table].rows[row].flags.remove(.waiting)
        check(table, row, &common)
        // One that wants nothing any more has no failure either.
        if !tables[table].rows[row].flags.contains(.queued) {
            common.failures[ref(table, row)] = nil
            tidy(table, row)
        }
    }

    /// Groups are gone with all their routes.
    mutating func flush(_ table: Int, _ groups: Set<UInt32>, _ common: inout Common) {
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            if groups.contains(tables[table].rows[row].target) {
                tables[table].rows[row].flags.insert(.disturbed)
            }
            guard groups.contains(tables[table].rows[row].held) else { continue }
            if tables[table].rows[row].flags.contains(.inFlight) {
                tables[table].rows[row].flags.insert(.disturbed)
            }
            setHeld(table, row, 0, &common)
            check(table, row, &common)
            tidy(table, row)
        }
    }

    /// Counts anew the strays of groups that have just been claimed.
    mutating func recount(_ table: Int, _ groups: Set<UInt32>, _ common: inout Common) {
        for group in groups { common.forwarding.groups[Int(group)].strays = 0 }
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            let own = tables[table].rows[row].own
            let isStale = tables[table].rows[row].flags.contains(.stale)
            for group in [tables[table].rows[row].held, tables[table].rows[row].target]
            where group != unknownGroup && groups.contains(group)
                && common.forwarding.isStray(group, own, isStale)
            {
                common.forwarding.groups[Int(group)].strays += 1
            }
        }
    }

    /// What the kernel has for a prefix, by its own word.
    mutating func observed(
        _ prefix: P, table: Int, group: UInt32, _ common: inout Common
    ) {
        let row: Int
        if group == 0 {
            guard let known = tables[table].find(prefix) else { return }
            row = known
        } else {
            row = tables[table].findOrInsert(prefix)
        }
        if tables[table].rows[row].flags.contains(.inFlight) {
            tables[table].rows[row].flags.insert(.disturbed)
        }
        setHeld(table, row, group, &common)
        // A foreign route at the key may be what is gone: no need to wait for the time.
        if group == 0, tables[table].rows[row].flags.contains(.waiting),
            common.failures[ref(table, row)]?.isShadowed == true
        {
            retry(table, row, &common)
            return
        }
        check(table, row, &common)
        tidy(table, row)
    }
}
