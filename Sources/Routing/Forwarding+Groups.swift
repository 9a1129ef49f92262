// Choices and groups: which rows may share a group, and who counts in it.

import Net

extension Forwarding {
    // Choices

    /// The choice of a list; 0 for the empty list.
    mutating func choice(_ list: [UInt32], space: UInt32, family: Family) -> UInt32 {
        if list.isEmpty { return 0 }
        if lastChoice != 0, lastKey.space == space, lastKey.family == family,
            lastKey.gateways == list
        {
            return lastChoice
        }
        let key = Choice.Key(space: space, family: family, gateways: list)
        let handle: UInt32
        if let known = choiceIndex[key] {
            handle = known
        } else {
            var record = Choice(key: key)
            record.first = list.first { gateways[Int($0)].isUsable } ?? 0
            if let reused = freeChoices.popLast() {
                handle = reused
                choices[Int(handle)] = record
            } else {
                handle = UInt32(choices.count)
                choices.append(record)
            }
            choiceIndex[key] = handle
            for gateway in list {
                gateways[Int(gateway)].choices.append(handle)
                wantSingle(gateway)
            }
        }
        lastKey = key
        lastChoice = handle
        return handle
    }

    /// Forgets a choice that neither a row nor a group has.
    mutating func tidyChoice(_ handle: UInt32) {
        guard handle != 0, choices[Int(handle)].rows == 0 else { return }
        for group in choices[Int(handle)].groups where groups[Int(group)].rows == 0 {
            pushIdle(group)
        }
        guard choices[Int(handle)].groups.isEmpty else { return }
        let key = choices[Int(handle)].key
        guard choiceIndex[key] == handle else { return }
        choiceIndex[key] = nil
        if lastChoice == handle { lastChoice = 0 }
        for gateway in key.gateways {
            gateways[Int(gateway)].choices.removeAll { $0 == handle }
            if gateways[Int(gateway)].choices.isEmpty { idleSingles.push(gateway) }
        }
        for group in choices[Int(handle)].suitors where groups[Int(group)].tentative == handle {
            groups[Int(group)].tentative = 0
        }
        freeChoices.append(handle)
    }

    /// Whether a row of the choice may stay in the group: both lead to the same gateway, and to
    /// the same ones after it.
    func agrees(_ own: UInt32, with group: UInt32) -> Bool {
        let g = groups[Int(group)]
        guard g.choice != 0, g.active != 0, !g.isEvicting, choices[Int(own)].first == g.active
        else { return false }
        var mine = choices[Int(own)].key.gateways.makeIterator()
        var theirs = choices[Int(g.choice)].key.gateways.makeIterator()
        var hasBegun = false
        while let next = theirs.next() {
            if next == g.active { hasBegun = true }
            guard hasBegun, gateways[Int(next)].isUsable else { continue }
            while true {
                guard let other = mine.next() else { return false }
                if !gateways[Int(other)].isUsable { continue }
                if other != next { return false }
                break
            }
        }
        while let other = mine.next() {
            if gateways[Int(other)].isUsable { return false }
        }
        return hasBegun
    }

    /// Whether a row needs no step. During the hold of its space, what an earlier run left is let
    /// alone as long as it leads anywhere.
    func isSettled(own: UInt32, held: UInt32, isStale: Bool, isHolding: Bool) -> Bool {
        let first = own == 0 ? 0 : choices[Int(own)].first
        if held == 0 { return first == 0 }
        if held == unknownGroup { return isHolding && (isStale || first != 0) }
        let choice = groups[Int(held)].choice
        if own == 0 { return isHolding && isStale }
        if choice == 0 {
            let active = groups[Int(held)].active
            return isHolding && active != 0 && !gateways[Int(active)].isLost
        }
        if first == 0 { return false }
        if groups[Int(held)].phase == .foreign { return false }
        return choice == own || agrees(own, with: held)
    }

    // Groups

    mutating func push(_ group: UInt32) {
        guard !groups[Int(group)].isQueued else { return }
        groups[Int(group)].isQueued = true
        urgent.push(group)
    }

    mutating func setActive(_ group: UInt32, _ gateway: UInt32) {
        let old = groups[Int(group)].active
        guard old != gateway else { return }
        groups[Int(group)].active = gateway
        if gateway != 0 { gateways[Int(gateway)].groups += 1 }
        if old != 0 {
            gateways[Int(old)].groups -= 1
            if gateways[Int(old)].choices.isEmpty { idleSingles.push(old) }
        }
    }

    /// Adds a group record; the number is known already for one of an earlier run.
    mutating func addGroup(_ record: Group) -> UInt32 {
        let handle: UInt32
        if let reused = freeGroups.popLast() {
            handle = reused
            groups[Int(handle)] = record
        } else {
            handle = UInt32(groups.count)
            groups.append(record)
        }
        groupIndex[record.id] = handle
        if record.choice != 0 { choices[Int(record.choice)].groups.append(handle) }
        return handle
    }

    mutating func freeGroup(_ handle: UInt32) {
        setActive(handle, 0)
        setChoice(handle, 0)
        if groupIndex[groups[Int(handle)].id] == handle { groupIndex[groups[Int(handle)].id] = nil }
        groups[Int(handle)].isFree = true
        unclaimed.remove(handle)
        timed.remove(handle)
        awaitingPass.remove(handle)
        freeGroups.append(handle)
    }

    mutating func setChoice(_ group: UInt32, _ choice: UInt32) {
        let old = groups[Int(group)].choice
        guard old != choice else { return }
        groups[Int(group)].choice = choice
        if choice != 0 {
            choices[Int(choice)].groups.append(group)
            unclaimed.remove(group)
        }
        if old != 0 {
            choices[Int(old)].groups.removeAll { $0 == group }
            tidyChoice(old)
        }
    }

    /// A row begins or ends to hold a group, or to be on its way to it.
    mutating func count(_ group: UInt32, own: UInt32, isStale: Bool, _ change: Int) {
        guard group != 0, group != unknownGroup else { return }
        groups[Int(group)].rows += change
        if isStray(group, own, isStale) { countStray(group, change) }
        if groups[Int(group)].rows == 0 { pushIdle(group) }
    }

    /// Whether a row of this own choice is a stranger in the group. One that an earlier run left
    /// and nobody has offered again is not: it goes wherever the group goes.
    func isStray(_ group: UInt32, _ own: UInt32, _ isStale: Bool) -> Bool {
        own != groups[Int(group)].choice && !(own == 0 && isStale)
    }

    mutating func countStray(_ group: UInt32, _ change: Int) {
        groups[Int(group)].strays += change
        if groups[Int(group)].strays == 0, groups[Int(group)].choice != 0 {
            let choice = groups[Int(group)].choice
            if choices[Int(choice)].first != groups[Int(group)].active { push(group) }
        }
    }

    mutating func pushIdle(_ group: UInt32) {
        guard !groups[Int(group)].isIdleQueued else { return }
        groups[Int(group)].isIdleQueued = true
        idle.push(group)
    }

    /// A row's own choice changed while it held, or was on its way to, a group.
    mutating func ownChanged(
        _ group: UInt32, from old: UInt32, wasStale: Bool, to new: UInt32
    ) {
        guard group != 0, group != unknownGroup else { return }
        let was = isStray(group, old, wasStale)
        let isStray = isStray(group, new, false)
        if was != isStray { countStray(group, isStray ? 1 : -1) }
        if groups[Int(group)].choice == 0, new != 0, !groups[Int(group)].isFree {
            suggest(group, new)
        }
    }

    /// Remembers for an unclaimed group the longest choice among its rows that leads where it does.
    private mutating func suggest(_ group: UInt32, _ choice: UInt32) {
        let active = groups[Int(group)].active
        let key = choices[Int(choice)].key
        guard active == 0 || key.gateways.contains(active) else { return }
        let held = groups[Int(group)].tentative
        if held == 0 || choices[Int(held)].key.gateways.count < key.gateways.count {
            groups[Int(group)].tentative = choice
            choices[Int(choice)].suitors.append(group)
        }
        // One that lost its link while we were away is pointed somewhere as soon as possible.
        if active == 0 || gateways[Int(active)].isLost { push(group) }
    }

    /// What a group should contain.
    func members(_ family: Family, active: UInt32) -> [NextHop.Member] {
        var result: [NextHop.Member] = []
        if let placeholder = family == .ipv4 ? placeholder4 : placeholder6 {
            result.append(NextHop.Member(placeholder, weight: 1))
        }
        if active != 0 {
            result.append(NextHop.Member(gateways[Int(active)].single, weight: 255))
        }
        return result
    }
}
