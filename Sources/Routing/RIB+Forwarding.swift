// Gateways and the kernel: what moves, what is written, what came of it.

public import Net

extension RIB {
    /// Whether packets can be handed to a gateway. False moves every set that uses it: one replace
    /// for each, ahead of all else in `drain`.
    public mutating func setGateway(_ gateway: GatewayID, isUsable: Bool, at now: Instant) {
        common.forwarding.setGateway(gateway, isUsable: isUsable)
    }

    /// The placeholder for a family's groups, once it is in the kernel; nil when there is none.
    public mutating func setPlaceholder(_ family: Family, _ id: NextHopID?) {
        common.forwarding.setPlaceholder(family, id)
    }

    /// The device is down, without carrier or gone: the kernel has silently dropped its nexthops.
    public mutating func deviceLost(_ device: InterfaceIndex, at now: Instant) {
        common.forwarding.deviceLost(device)
        flush()
    }

    /// The device is up and has carrier.
    public mutating func deviceBack(_ device: InterfaceIndex, at now: Instant) {
        common.forwarding.deviceBack(device)
    }

    /// Whether a table has an unreachable route of the highest metric.
    public mutating func setUnreachable(_ space: SpaceID, _ prefix: Prefix, isWanted: Bool) {
        unreachable.set(
            RouteKey(table: space, prefix: prefix, metric: common.marks.unreachableMetric),
            isWanted: isWanted)
    }

    // Out

    /// Appends at most `limit` steps (one or two more where they belong together), urgent ones
    /// first, in an order in which each finds what it needs.
    public mutating func drain(into steps: inout [StepRequest], limit: Int, at now: Instant) {
        let end = steps.count + limit
        wake(at: now)
        drainUrgent(into: &steps, end, at: now)
        while steps.count < end, let gateway = common.forwarding.singles.pop() {
            common.drainSingle(gateway, into: &steps)
        }
        while steps.count < end, unreachable.drain(&common, into: &steps) {}
        var sweeps = 0
        while steps.count < end {
            while steps.count < end, let ref = common.queue.pop() {
                drain(ref, into: &steps, at: now)
            }
            // A turn of the loop is bounded: a large space is swept over several.
            guard steps.count < end, hasWork, sweeps < 16 else { break }
            sweeps += 1
            sweep(limit: 4096)
        }
        // What a sweep set free moves before the loop comes round again.
        drainUrgent(into: &steps, end, at: now)
        guard common.queue.isEmpty, !hasWork else { return }
        while steps.count < end, let group = common.forwarding.idle.pop() {
            common.drainIdle(group, into: &steps)
        }
        // A number that was given up may have routes until the last step that knew it has ended.
        while steps.count < end, common.inFlight == 0,
            let id = common.forwarding.unknownGroups.pop()
        {
            // Somebody may have taken a number that was given up.
            if common.forwarding.foreignIDs.contains(id) { continue }
            common.emit(.deletion(id.rawValue), .deleteNextHop(id), into: &steps)
        }
        while steps.count < end, let gateway = common.forwarding.idleSingles.pop() {
            common.drainIdleSingle(gateway, into: &steps)
        }
        while steps.count < end, let id = common.forwarding.unknownSingles.pop() {
            common.emit(.deletion(id.rawValue), .deleteNextHop(id), into: &steps)
        }
    }

    /// Whether `drain` would have something to do now.
    public var hasSteps: Bool {
        hasWork || !common.queue.isEmpty || !common.forwarding.urgent.isEmpty
            || !common.forwarding.singles.isEmpty || !unreachable.queue.isEmpty
            || !common.forwarding.idle.isEmpty || !common.forwarding.idleSingles.isEmpty
            || (!common.forwarding.unknownGroups.isEmpty && common.inFlight == 0)
            || !common.forwarding.unknownSingles.isEmpty
    }

    /// When `drain` should be called though nothing happens.
    public var nextDeadline: Instant? {
        earlier(earlier(common.nextRetry, common.nextObjectDeadline), unreachable.deadline)
    }

    private mutating func drainUrgent(
        into steps: inout [StepRequest], _ end: Int, at now: Instant
    ) {
        while steps.count < end, let group = common.forwarding.urgent.pop() {
            claimIfLost(group)
            common.drainUrgent(group, into: &steps, at: now)
        }
    }

    private mutating func drain(
        _ ref: RowRef, into steps: inout [StepRequest], at now: Instant
    ) {
        if ref.family == .ipv4 {
            routes4.drain(ref.table, ref.row, into: &steps, &common, at: now)
        } else {
            routes6.drain(ref.table, ref.row, into: &steps, &common, at: now)
        }
    }

    private mutating func wake(at now: Instant) {
        common.wake(at: now)
        unreachable.wake(at: now)
        guard let next = common.nextRetry, next <= now else { return }
        common.nextRetry = nil
        for (ref, failure) in common.failures {
            if failure.retryAt <= now {
                if ref.family == .ipv4 {
                    routes4.retry(ref.table, ref.row, &common)
                } else {
                    routes6.retry(ref.table, ref.row, &common)
                }
            } else {
                common.nextRetry = earlier(common.nextRetry, failure.retryAt)
            }
        }
    }

    // Back

    /// How a step of `drain` ended.
    public mutating func finished(_ ticket: UInt64, error: KernelError?, at now: Instant) {
        common.inFlight = max(common.inFlight - 1, 0)
        switch Ticket(ticket) {
        case .row(let ref):
            if ref.family == .ipv4 {
                routes4.finished(ref.table, ref.row, error: error, &common, at: now)
            } else {
                routes6.finished(ref.table, ref.row, error: error, &common, at: now)
            }
        case .unreachable(let slot):
            unreachable.finished(slot, error: error, &common, at: now)
        case .group(let group, let serial):
            common.finishedGroup(group, serial: serial, error: error, at: now)
        case .groupDeletion(let group):
            common.finishedGroupDeletion(group, error: error, at: now)
        case .single(let gateway):
            common.finishedSingle(gateway, error: error, at: now)
        case .deletion(let id):
            common.finishedDeletion(NextHopID(id), error: error, at: now)
        case .nobody:
            break
        }
        flush()
    }

    /// What somebody else did to what is ours, and to the numbers of nexthop objects.
    public mutating func observed(_ event: KernelEvent, at now: Instant) {
        switch event {
        case .route(let route):
            observed(route)
        case .routeGone(let key):
            observedGone(key)
        case .nextHop(let object):
            common.observed(object)
        case .nextHopGone(let id):
            common.observedGone(id)
        case .link, .linkGone, .address, .addressGone, .overflow:
            break
        }
        flush()
    }

    /// The group of a route of ours, as rows name it.
    func group(_ target: Route.Target, in space: Int) -> UInt32 {
        guard case .nextHop(let id) = target, let group = common.forwarding.groupIndex[id],
            Int(common.forwarding.groups[Int(group)].space) == space
        else { return unknownGroup }
        return group
    }

    private mutating func observed(_ route: Route) {
        if route.key.metric == common.marks.unreachableMetric {
            unreachable.observed(route.key, isPresent: true)
            return
        }
        guard route.key.metric == common.marks.metric else { return }
        let table = space(route.key.table)
        let group = group(route.target, in: table)
        switch route.key.prefix {
        case .v4(let prefix): routes4.observed(prefix, table: table, group: group, &common)
        case .v6(let prefix): routes6.observed(prefix, table: table, group: group, &common)
        }
    }

    private mutating func observedGone(_ key: RouteKey) {
        if key.metric == common.marks.unreachableMetric {
            unreachable.observed(key, isPresent: false)
            return
        }
        guard key.metric == common.marks.metric, let table = common.spaceIndex[key.table] else {
            return
        }
        switch key.prefix {
        case .v4(let prefix): routes4.observed(prefix, table: table, group: 0, &common)
        case .v6(let prefix): routes6.observed(prefix, table: table, group: 0, &common)
        }
    }

    /// Rows of groups that the kernel has dropped are gone with them.
    mutating func flush() {
        guard !common.forwarding.flushed.isEmpty else { return }
        let lost = common.forwarding.flushed
        common.forwarding.flushed = []
        for (which, groups) in Dictionary(
            grouping: lost, by: { common.forwarding.groups[Int($0)].spaceFamily })
        {
            if which.family == .ipv4 {
                routes4.flush(Int(which.space), Set(groups), &common)
            } else {
                routes6.flush(Int(which.space), Set(groups), &common)
            }
        }
    }

    // Numbers

    /// Keys at which a foreign route stands in our way.
    public var conflicts: [RouteKey] {
        var result = unreachable.conflicts
        for (ref, failure) in common.failures where failure.isShadowed {
            let prefix =
                ref.family == .ipv4
                ? routes4.tables[ref.table].rows[ref.row].prefix.prefix
                : routes6.tables[ref.table].rows[ref.row].prefix.prefix
            result.append(
                RouteKey(
                    table: common.spaces[ref.table].id, prefix: prefix,
                    metric: common.marks.metric))
        }
        return result.sorted { ($0.table, $0.prefix) < ($1.table, $1.prefix) }
    }

    /// What is between us and the kernel.
    public var forwarding: ForwardingStatus {
        var status = ForwardingStatus()
        status.installed = common.installed + unreachable.installed
        status.queued = common.queue.count + unreachable.queue.count
        status.inFlight = common.inFlight
        let shadowed = common.failures.values.reduce(0) { $0 + ($1.isShadowed ? 1 : 0) }
        let conflicts = unreachable.conflicts.count
        status.conflicts = shadowed + conflicts
        status.failing = common.failures.count - shadowed + unreachable.waiting.count - conflicts
        status.groups = common.forwarding.groups.reduce(0) {
            $0 + ($1.phase == .present && !$1.isFree ? 1 : 0)
        }
        status.singles = common.forwarding.gateways.reduce(0) {
            $0 + ($1.state == .present ? 1 : 0)
        }
        status.lastError = common.lastError
        return status
    }
}

extension Group {
    var spaceFamily: Forwarding.SpaceFamily {
        Forwarding.SpaceFamily(space: space, family: family)
    }
}

extension Forwarding {
    mutating func setPlaceholder(_ family: Family, _ id: NextHopID?) {
        guard id != (family == .ipv4 ? placeholder4 : placeholder6) else { return }
        if family == .ipv4 { placeholder4 = id } else { placeholder6 = id }
        for index in groups.indices.dropFirst()
        where !groups[index].isFree && groups[index].family == family {
            push(UInt32(index))
        }
    }
}

extension Common {
    /// A nexthop object is new or changed, and not by us.
    mutating func observed(_ object: ObservedNextHop) {
        let id = object.nextHop.id
        if object.routeProtocol != marks.routeProtocol {
            forwarding.foreignIDs.insert(id)
            if let group = forwarding.groupIndex[id] { abandon(group) }
            if let gateway = forwarding.singleIndex[id] { abandonSingle(gateway) }
            return
        }
        if let group = forwarding.groupIndex[id] {
            compare(group, with: object.nextHop.content)
        } else if forwarding.singleIndex[id] == nil, id != RIB.placeholder4,
            id != RIB.placeholder6
        {
            addUnknown(object.nextHop)
        }
    }

    mutating func addUnknown(_ object: NextHop) {
        if case .group = object.content {
            forwarding.unknownGroups.push(object.id)
        } else {
            forwarding.unknownSingles.push(object.id)
        }
    }

    /// The kernel says what a group contains.
    mutating func compare(_ group: UInt32, with content: NextHop.Content) {
        guard case .group(let members) = content else { return }
        if forwarding.groups[Int(group)].isAwaiting {
            forwarding.groups[Int(group)].isDoubtful = true
            return
        }
        if forwarding.groups[Int(group)].phase == .absent {
            forwarding.groups[Int(group)].phase = .present
        }
        guard forwarding.groups[Int(group)].content != members else { return }
        forwarding.groups[Int(group)].content = members
        forwarding.push(group)
    }

    /// A nexthop object is gone, and not by us.
    mutating func observedGone(_ id: NextHopID) {
        forwarding.foreignIDs.remove(id)
        if let group = forwarding.groupIndex[id] {
            switch forwarding.groups[Int(group)].phase {
            // The kernel took the routes with it, even where a put of ours makes it anew.
            case .present, .creating: forwarding.lose(group)
            case .absent, .deleting, .foreign: break
            }
        } else if let gateway = forwarding.singleIndex[id] {
            if forwarding.gateways[Int(gateway)].state == .creating {
                forwarding.gateways[Int(gateway)].isDisturbed = true
            }
            forwarding.loseSingle(gateway)
            forwarding.refresh(gateway)
        } else if id == forwarding.placeholder4 {
            forwarding.setPlaceholder(.ipv4, nil)
        } else if id == forwarding.placeholder6 {
            forwarding.setPlaceholder(.ipv6, nil)
        }
    }

    /// Somebody else has a single's number.
    mutating func abandonSingle(_ gateway: UInt32) {
        let id = forwarding.gateways[Int(gateway)].single
        forwarding.singleIndex[id] = nil
        forwarding.gateways[Int(gateway)].single = .none
        forwarding.gateways[Int(gateway)].state = .absent
        forwarding.wantSingle(gateway)
        for group in forwarding.groupsLeading(to: gateway) { forwarding.push(group) }
    }
}
