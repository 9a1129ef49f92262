// Choices and groups: which rows may share a group, and who counts in it.

import Net

extension Forwarding {
    // Choices

    /// The choice of a list with its tiers; 0 for the empty list.
    mutating func choice(
        _ list: [UInt32], ties: UInt8 = 0, space: UInt32, family: Family
    ) -> UInt32 {
        if list.isEmpty { return 0 }
        if lastChoice != 0, lastKey.ties == ties, lastKey.space == space,
            lastKey.family == family, lastKey.gateways == list
        {
            return lastChoice
        }
        let key = Choice.Key(space: space, family: family, gateways: list, ties: ties)
        let handle: UInt32
        if let known = choiceIndex[key] {
            handle = known
        } else {
            let record = Choice(key: key)
            if let reused = freeChoices.popLast() {
                handle = reused
                choices[Int(handle)] = record
            } else {
                handle = UInt32(choices.count)
                choices.append(record)
            }
            choiceIndex[key] = handle
            settleActives(handle)
            for gateway in list {
                gateways[Int(gateway)].choices.append(handle)
                wantSingle(gateway)
            }
        }
        // The choice's own copy: the caller's list stays its own, and is filled again in place.
        lastKey = choices[Int(handle)].key
        lastChoice = handle
        return handle
    }

    /// Works out where packets of a choice go.
    mutating func settleActives(_ choice: UInt32) {
        let actives = usable(choice, from: 0)
        choices[Int(choice)].first = actives.first ?? 0
        choices[Int(choice)].actives = actives
    }

    /// The usable gateways of the first tier from `place` on that has any.
    func usable(_ choice: UInt32, from place: Int) -> [UInt32] {
        var result: [UInt32] = []
        var place = place
        while place < choices[Int(choice)].key.gateways.count {
            if !result.isEmpty, !choices[Int(choice)].key.isTied(place) { break }
            let gateway = choices[Int(choice)].key.gateways[place]
            if gateways[Int(gateway)].isUsable { result.append(gateway) }
            place += 1
        }
        return result
    }

    /// The place behind the last tier of the choice that holds any of `actives`; nil if none does.
    func placeBehind(_ actives: [UInt32], in choice: UInt32) -> Int? {
        let last = choices[Int(choice)].key.gateways.lastIndex { actives.contains($0) }
        return last.map { choices[Int(choice)].key.endOfTier($0) }
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

    /// Whether a row of the choice may stay in the group: both lead to the same gateways, and to
    /// the same ones after them.
    func agrees(_ own: UInt32, with group: UInt32) -> Bool {
        let choice = groups[Int(group)].choice
        guard choice != 0, !groups[Int(group)].actives.isEmpty, !groups[Int(group)].isEvicting,
            choices[Int(own)].actives == groups[Int(group)].actives,
            let place = placeBehind(groups[Int(group)].actives, in: choice),
            let ownPlace = placeBehind(groups[Int(group)].actives, in: own)
        else { return false }
        var mine = Walk(choice: own, place: ownPlace)
        var theirs = Walk(choice: choice, place: place)
        while let next = theirs.next(in: self) {
            guard let other = mine.next(in: self), other == next else { return false }
        }
        return mine.next(in: self) == nil
    }

    /// Goes over the usable gateways of a choice, each with whether it begins a tier of them.
    private struct Walk {
        let choice: UInt32
        var place: Int
        var begins = true

        init(choice: UInt32, place: Int) {
            self.choice = choice
            self.place = place
        }

        mutating func next(
            in forwarding: borrowing Forwarding
        ) -> (gateway: UInt32, begins: Bool)? {
            while place < forwarding.choices[Int(choice)].key.gateways.count {
                let gateway = forwarding.choices[Int(choice)].key.gateways[place]
                if !forwarding.choices[Int(choice)].key.isTied(place) { begins = true }
                place += 1
                guard forwarding.gateways[Int(gateway)].isUsable else { continue }
                defer { begins = false }
                return (gateway, begins)
            }
            return nil
        }
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
            return isHolding && groups[Int(held)].actives.contains { !gateways[Int($0)].isLost }
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

    mutating func setActives(_ group: UInt32, _ new: [UInt32]) {
        let old = groups[Int(group)].actives
        guard old != new else { return }
        groups[Int(group)].actives = new
        for gateway in new where !old.contains(gateway) { gateways[Int(gateway)].groups += 1 }
        for gateway in old where !new.contains(gateway) {
            gateways[Int(gateway)].groups -= 1
            if gateways[Int(gateway)].choices.isEmpty { idleSingles.push(gateway) }
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
        setActives(handle, [])
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
            if choices[Int(choice)].actives != groups[Int(group)].actives { push(group) }
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
        let actives = groups[Int(group)].actives
        let key = choices[Int(choice)].key
        guard actives.allSatisfy({ key.gateways.contains($0) }) else { return }
        let held = groups[Int(group)].tentative
        if held == 0 || choices[Int(held)].key.gateways.count < key.gateways.count {
            groups[Int(group)].tentative = choice
            choices[Int(choice)].suitors.append(group)
        }
        // One that lost its link while we were away is pointed somewhere as soon as possible.
        if actives.isEmpty || actives.contains(where: { gateways[Int($0)].isLost }) { push(group) }
    }

    /// What a group should contain. The order is that of the singles' numbers, which a restart
    /// does not change.
    func members(_ family: Family, actives: [UInt32]) -> [NextHop.Member] {
        var result: [NextHop.Member] = []
        if let placeholder = family == .ipv4 ? placeholder4 : placeholder6 {
            result.append(NextHop.Member(placeholder, weight: 1))
        }
        for single in actives.map({ gateways[Int($0)].single }).sorted() {
            result.append(NextHop.Member(single, weight: 255))
        }
        return result
    }
}
