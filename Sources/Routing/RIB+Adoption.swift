// What an earlier run left in the kernel forwards on, untouched, until its space is released: then
// each group becomes the group of the choice that most of its rows have, as far as it leads there
// already, and nothing is written for what is as it should be.

public import Net

extension RIB {
    /// Takes over what an earlier run left in the kernel, and begins the hold. Called once, before
    /// anything is learned.
    public mutating func adopt(_ state: KernelState) {
        common.forwarding.isHoldingObjects = true
        adoptNextHops(state.nextHops)
        for route in state.routes {
            if route.key.metric == common.marks.unreachableMetric {
                unreachable.observed(route.key, isPresent: true, isStale: true)
                _ = space(route.key.table)
                continue
            }
            guard route.key.metric == common.marks.metric else { continue }
            let table = space(route.key.table)
            if case .nextHop(let id) = route.target,
                let group = common.forwarding.groupIndex[id],
                common.forwarding.groups[Int(group)].rows == 0
            {
                common.forwarding.groups[Int(group)].space = UInt32(truncatingIfNeeded: table)
                common.forwarding.groups[Int(group)].family = route.key.prefix.family
            }
            let group = group(route.target, in: table)
            switch route.key.prefix {
            case .v4(let prefix): routes4.adopt(prefix, table: table, group: group, &common)
            case .v6(let prefix): routes6.adopt(prefix, table: table, group: group, &common)
            }
        }
        for index in common.spaces.indices { common.spaces[index].isHolding = true }
    }

    private mutating func adoptNextHops(_ objects: [ObservedNextHop]) {
        var groups: [NextHop] = []
        for object in objects {
            let id = object.nextHop.id
            guard object.routeProtocol == common.marks.routeProtocol else {
                common.forwarding.foreignIDs.insert(id)
                continue
            }
            common.forwarding.skip(past: id)
            switch object.nextHop.content {
            case .gateway(let address, let device, _):
                if id == RIB.placeholder4 {
                    common.forwarding.setPlaceholder(.ipv4, id)
                } else if id == RIB.placeholder6 {
                    common.forwarding.setPlaceholder(.ipv6, id)
                } else {
                    common.forwarding.adoptSingle(id, GatewayID(device, address))
                }
            case .group:
                groups.append(object.nextHop)
            }
        }
        for object in groups {
            guard case .group(let members) = object.content else { continue }
            var record = Group(id: object.id, space: 0, family: .ipv4, choice: 0)
            record.content = members
            record.phase = .present
            let group = common.forwarding.addGroup(record)
            common.forwarding.unclaimed.insert(group)
            let actives = members.compactMap { common.forwarding.singleIndex[$0.id] }.sorted()
            common.forwarding.setActives(group, actives)
            for active in actives {
                common.forwarding.gateways[Int(active)].adopted.append(group)
            }
        }
    }

    /// Whether some space is still held.
    public var isHolding: Bool { common.spaces.contains(where: \.isHolding) }

    /// Whether what an earlier run left in a space is still let alone.
    public func isHolding(_ space: SpaceID) -> Bool {
        common.spaceIndex[space].map { common.spaces[$0].isHolding } ?? false
    }

    /// How many routes of an earlier run stand in a space that nobody has offered again.
    public func staleCount(_ space: SpaceID) -> Int {
        guard let index = common.spaceIndex[space] else { return 0 }
        return routes4.staleCount(index) + routes6.staleCount(index)
    }

    /// Ends the hold of one space: what nobody announced again is removed.
    public mutating func release(_ space: SpaceID) {
        guard let index = common.spaceIndex[space], common.spaces[index].isHolding else { return }
        claim(routes4.votes(index, common), table: index, .ipv4)
        claim(routes6.votes(index, common), table: index, .ipv6)
        common.spaces[index].isHolding = false
        unreachable.release(space)
        requestPass(index)
    }

    /// Ends every hold, and removes objects of ours that nobody uses.
    public mutating func releaseAll() {
        for space in common.spaces where space.isHolding { release(space.id) }
        unreachable.release(nil)
        common.forwarding.isHoldingObjects = false
        for group in common.forwarding.groups.indices.dropFirst()
        where !common.forwarding.groups[group].isFree && common.forwarding.groups[group].rows == 0 {
            common.forwarding.pushIdle(UInt32(group))
        }
        for gateway in common.forwarding.gateways.indices.dropFirst()
        where common.forwarding.gateways[gateway].choices.isEmpty {
            common.forwarding.idleSingles.push(UInt32(gateway))
        }
    }

    /// Groups become those of choices.
    private mutating func claim(
        _ claims: [UInt32: UInt32], table: Int, _ family: Family
    ) {
        guard !claims.isEmpty else { return }
        for (group, choice) in claims { common.forwarding.setChoice(group, choice) }
        let groups = Set(claims.keys)
        if family == .ipv4 {
            routes4.recount(table, groups, &common)
        } else {
            routes6.recount(table, groups, &common)
        }
        for group in groups { common.forwarding.push(group) }
    }

    /// A group of an earlier run whose gateways were all lost during the hold is moved by what its
    /// rows seem to want.
    mutating func claimIfLost(_ group: UInt32) {
        let record = common.forwarding.groups[Int(group)]
        guard !record.isFree, record.choice == 0, record.tentative != 0,
            common.forwarding.choices[Int(record.tentative)].first != 0,
            !record.actives.isEmpty,
            record.actives.allSatisfy({ common.forwarding.gateways[Int($0)].isLost })
        else { return }
        claim([group: record.tentative], table: Int(record.space), record.family)
    }

    // Resync

    /// Compares with a later complete dump, after lost events. The dump was taken behind every step
    /// whose outcome was reported, and before those in flight.
    public mutating func compare(_ state: KernelState) {
        common.compare(state.nextHops)
        flush()
        var seen4 = Array(repeating: RowSet(), count: routes4.tables.count)
        var seen6 = Array(repeating: RowSet(), count: routes6.tables.count)
        var present: Set<RouteKey> = []
        for route in state.routes {
            if route.key.metric == common.marks.unreachableMetric {
                present.insert(route.key)
                continue
            }
            guard route.key.metric == common.marks.metric else { continue }
            let table = space(route.key.table)
            if table == seen4.count {
                seen4.append(RowSet())
                seen6.append(RowSet())
            }
            let group = group(route.target, in: table)
            switch route.key.prefix {
            case .v4(let prefix):
                routes4.compare(prefix, table: table, group, &seen4[table], &common)
            case .v6(let prefix):
                routes6.compare(prefix, table: table, group, &seen6[table], &common)
            }
        }
        for table in routes4.tables.indices {
            routes4.miss(table, seen4[table], &common)
            routes6.miss(table, seen6[table], &common)
        }
        unreachable.compare(present)
    }
}

extension Forwarding {
    /// Whether one of choice and group leads to all that the other leads to.
    func leadsAlike(_ choice: UInt32, _ group: UInt32) -> Bool {
        guard choices[Int(choice)].first != 0 else { return false }
        if choices[Int(choice)].actives == groups[Int(group)].actives { return true }
        let wanted = choices[Int(choice)].actives
        let actives = groups[Int(group)].actives
        return actives.allSatisfy { wanted.contains($0) }
            || wanted.allSatisfy { actives.contains($0) }
    }

    mutating func adoptSingle(_ id: NextHopID, _ gateway: GatewayID) {
        let handle = self.gateway(gateway)
        guard gateways[Int(handle)].single == .none else {
            // A second object for one gateway.
            unknownSingles.push(id)
            return
        }
        gateways[Int(handle)].single = id
        gateways[Int(handle)].state = .present
        singleIndex[id] = handle
    }
}

extension Common {
    /// Compares nexthop objects with a complete dump.
    mutating func compare(_ objects: [ObservedNextHop]) {
        var present: Set<NextHopID> = []
        forwarding.foreignIDs = []
        for object in objects {
            present.insert(object.nextHop.id)
            observed(object)
        }
        for (id, gateway) in forwarding.singleIndex
        where !present.contains(id) && forwarding.gateways[Int(gateway)].state == .present {
            observedGone(id)
        }
        for (id, group) in forwarding.groupIndex
        where !present.contains(id) && forwarding.groups[Int(group)].phase == .present
            && !forwarding.groups[Int(group)].isAwaiting
        {
            observedGone(id)
        }
        for id in [forwarding.placeholder4, forwarding.placeholder6].compactMap({ $0 })
        where !present.contains(id) {
            observedGone(id)
        }
    }
}

extension Routes {
    mutating func adopt(_ prefix: P, table: Int, group: UInt32, _ common: inout Common) {
        let row = tables[table].findOrInsert(prefix)
        tables[table].rows[row].flags.insert(.stale)
        setHeld(table, row, group, &common)
    }

    func staleCount(_ table: Int) -> Int {
        tables[table].rows.reduce(0) {
            $0 + ($1.flags.isSuperset(of: [.live, .stale]) && $1.held != 0 ? 1 : 0)
        }
    }

    /// For each unclaimed group the choice that most of its rows have, among those that lead where
    /// the group leads: to more gateways, or to fewer, but not to others.
    func votes(_ table: Int, _ common: borrowing Common) -> [UInt32: UInt32] {
        var counts: [UInt64: Int] = [:]
        for row in tables[table].rows where row.flags.contains(.live) {
            guard row.own != 0, row.held != 0, row.held != unknownGroup,
                common.forwarding.groups[Int(row.held)].choice == 0
            else { continue }
            guard common.forwarding.leadsAlike(row.own, row.held) else { continue }
            counts[UInt64(row.held) << 32 | UInt64(row.own), default: 0] += 1
        }
        var best: [UInt32: (choice: UInt32, count: Int)] = [:]
        for (key, count) in counts {
            let group = UInt32(truncatingIfNeeded: key >> 32)
            let choice = UInt32(truncatingIfNeeded: key)
            if let held = best[group], (held.count, choice) > (count, held.choice) { continue }
            best[group] = (choice, count)
        }
        return best.mapValues(\.choice)
    }

    mutating func compare(
        _ prefix: P, table: Int, _ group: UInt32, _ seen: inout RowSet, _ common: inout Common
    ) {
        let row = tables[table].findOrInsert(prefix)
        _ = seen.insert(row)
        setHeld(table, row, group, &common)
        check(table, row, &common)
    }

    /// Rows that the dump does not have.
    mutating func miss(_ table: Int, _ seen: RowSet, _ common: inout Common) {
        for row in tables[table].rows.indices
        where tables[table].rows[row].flags.contains(.live) && tables[table].rows[row].held != 0
            && !seen.contains(row)
        {
            setHeld(table, row, 0, &common)
            check(table, row, &common)
            tidy(table, row)
        }
    }
}
