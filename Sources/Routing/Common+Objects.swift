// Nexthop objects and the kernel: singles and groups are made before what needs them, replaced
// only where they are known to be ours, deleted when nothing names them.

import Net

extension Common {
    // Making

    /// A group of the choice that a row may be put into, made if need be.
    mutating func ensureGroup(_ choice: UInt32, into steps: inout [StepRequest]) -> UInt32? {
        let actives = forwarding.choices[Int(choice)].actives
        guard !actives.isEmpty else { return nil }
        var absent: UInt32 = 0
        for group in forwarding.choices[Int(choice)].groups {
            switch forwarding.groups[Int(group)].phase {
            case .present, .creating: return group
            case .absent: absent = group
            case .deleting, .foreign: break
            }
        }
        for gateway in actives where !ensureSingle(gateway, into: &steps) { return nil }
        let group: UInt32
        if absent != 0 {
            group = absent
        } else {
            guard let id = forwarding.takeGroupID() else { return nil }
            let key = forwarding.choices[Int(choice)].key
            group = forwarding.addGroup(
                Group(id: id, space: key.space, family: key.family, choice: choice))
        }
        forwarding.setActives(group, actives)
        put(group, replacing: false, into: &steps)
        return group
    }

    private mutating func ensureSingle(
        _ gateway: UInt32, into steps: inout [StepRequest]
    ) -> Bool {
        switch forwarding.gateways[Int(gateway)].state {
        case .creating, .present: return true
        case .refused: return false
        case .absent: break
        }
        if forwarding.gateways[Int(gateway)].single == .none {
            guard let id = forwarding.takeSingleID() else { return false }
            forwarding.gateways[Int(gateway)].single = id
            forwarding.singleIndex[id] = gateway
        }
        let id = forwarding.gateways[Int(gateway)].id
        forwarding.gateways[Int(gateway)].state = .creating
        emit(
            .nobody,
            .putNeighbour(Neighbour(link: id.device, address: id.address, purpose: .managed)),
            into: &steps)
        emit(
            .single(gateway),
            .putNextHop(
                NextHop(
                    forwarding.gateways[Int(gateway)].single,
                    .gateway(id.address, device: id.device, onlink: false)),
                replacing: false),
            into: &steps)
        return true
    }

    private mutating func put(
        _ group: UInt32, replacing: Bool, into steps: inout [StepRequest]
    ) {
        let members = forwarding.members(
            forwarding.groups[Int(group)].family,
            actives: forwarding.groups[Int(group)].actives)
        forwarding.groups[Int(group)].content = members
        forwarding.groups[Int(group)].serial &+= 1
        forwarding.groups[Int(group)].serial &= 0xFFF_FFFF
        forwarding.groups[Int(group)].isAwaiting = true
        forwarding.groups[Int(group)].isDoubtful = false
        if !replacing { forwarding.groups[Int(group)].phase = .creating }
        emit(
            .group(group, serial: forwarding.groups[Int(group)].serial),
            .putNextHop(
                NextHop(forwarding.groups[Int(group)].id, .group(members)), replacing: replacing),
            into: &steps)
    }

    // Moving

    /// Points a group where it should lead now: one replace at most.
    mutating func drainUrgent(
        _ group: UInt32, into steps: inout [StepRequest], at now: Instant
    ) {
        forwarding.groups[Int(group)].isQueued = false
        guard !forwarding.groups[Int(group)].isFree,
            forwarding.groups[Int(group)].phase == .present,
            let target = aim(group, at: now)
        else { return }
        for gateway in target where !ensureSingle(gateway, into: &steps) { return }
        let family = forwarding.groups[Int(group)].family
        let members = forwarding.members(family, actives: target)
        forwarding.setActives(group, target)
        // Without a placeholder a group that leads nowhere stays as it is; its rows go.
        guard !members.isEmpty else { return }
        if members != forwarding.groups[Int(group)].content
            || (forwarding.groups[Int(group)].isDoubtful
                && !forwarding.groups[Int(group)].isAwaiting)
        {
            put(group, replacing: true, into: &steps)
        }
    }

    /// The gateways that a group should lead to, none for nowhere; nil lets it alone.
    private mutating func aim(_ group: UInt32, at now: Instant) -> [UInt32]? {
        let actives = forwarding.groups[Int(group)].actives
        let choice = forwarding.groups[Int(group)].choice
        guard choice != 0 else { return aimUnclaimed(group) }
        let wanted = forwarding.choices[Int(choice)].actives
        let hasStrays = forwarding.groups[Int(group)].strays > 0
        let isPassing = forwarding.passes.contains(forwarding.groups[Int(group)].spaceFamily)
        // Those that it has, whoever is in it, as far as its own rows are announced there.
        let kept = actives.filter { gateway in
            forwarding.gateways[Int(gateway)].isUsable
                && forwarding.choices[Int(choice)].key.gateways.contains(gateway)
        }
        if wanted == kept || !hasStrays && !isPassing {
            forwarding.groups[Int(group)].isEvicting = false
            forwarding.groups[Int(group)].checkAt = nil
            return wanted
        }
        // Back to earlier gateways, or to more: nobody may be taken along who is not announced
        // there.
        if isPassing { forwarding.awaitPass(group) }
        if !kept.isEmpty {
            if hasStrays, forwarding.groups[Int(group)].checkAt == nil {
                forwarding.groups[Int(group)].checkAt = now + Common.homecoming
                forwarding.groups[Int(group)].straysAtCheck = forwarding.groups[Int(group)].strays
                forwarding.timed.insert(group)
            }
            return kept
        }
        // Down the list: whoever stays in the group is announced there as well.
        if let place = forwarding.placeBehind(actives, in: choice) {
            let next = forwarding.usable(choice, from: place)
            if !next.isEmpty { return next }
        }
        // Only earlier gateways are left, and some rows are not announced there: they move out
        // at once.
        if hasStrays, !wanted.isEmpty, !forwarding.groups[Int(group)].isEvicting { evict(group) }
        return []
    }

    /// One that nobody has claimed leads where an earlier run let it lead, lost gateways left out.
    private func aimUnclaimed(_ group: UInt32) -> [UInt32]? {
        let record = forwarding.groups[Int(group)]
        let kept = record.actives.filter { !forwarding.gateways[Int($0)].isLost }
        if kept.isEmpty || record.rows == 0 { return nil }
        if kept.count < record.actives.count { return kept }
        return kept.allSatisfy { forwarding.gateways[Int($0)].isUsable } ? kept : nil
    }

    /// How long strays get to come home before they are moved out.
    static let homecoming = Duration.seconds(1)

    private mutating func evict(_ group: UInt32) {
        forwarding.groups[Int(group)].isEvicting = true
        forwarding.requestPass(forwarding.groups[Int(group)].spaceFamily)
    }

    /// Groups whose time has come.
    mutating func wake(at now: Instant) {
        if let again = forwarding.deleteAgainAt, again <= now {
            forwarding.deleteAgainAt = nil
            for id in forwarding.refusedDeletions {
                if Forwarding.groupRange.contains(id.rawValue) {
                    forwarding.unknownGroups.push(id)
                } else {
                    forwarding.unknownSingles.push(id)
                }
            }
            forwarding.refusedDeletions = []
        }
        for group in forwarding.timed {
            if let retryAt = forwarding.groups[Int(group)].retryAt, retryAt <= now {
                forwarding.groups[Int(group)].retryAt = nil
                forwarding.push(group)
            }
            if let checkAt = forwarding.groups[Int(group)].checkAt, checkAt <= now {
                let strays = forwarding.groups[Int(group)].strays
                if strays < forwarding.groups[Int(group)].straysAtCheck {
                    forwarding.groups[Int(group)].straysAtCheck = strays
                    forwarding.groups[Int(group)].checkAt = now + Common.homecoming
                } else {
                    forwarding.groups[Int(group)].checkAt = nil
                    evict(group)
                }
            }
            if forwarding.groups[Int(group)].retryAt == nil,
                forwarding.groups[Int(group)].checkAt == nil
            {
                forwarding.timed.remove(group)
            }
        }
        for gateway in forwarding.timedGateways
        where forwarding.gateways[Int(gateway)].retryAt <= now {
            forwarding.timedGateways.remove(gateway)
            guard forwarding.gateways[Int(gateway)].state == .refused else { continue }
            forwarding.gateways[Int(gateway)].state = .absent
            forwarding.pushSingle(gateway)
        }
    }

    var nextObjectDeadline: Instant? {
        var result = forwarding.deleteAgainAt
        for group in forwarding.timed {
            result = earlier(result, forwarding.groups[Int(group)].retryAt)
            result = earlier(result, forwarding.groups[Int(group)].checkAt)
        }
        for gateway in forwarding.timedGateways {
            result = earlier(result, forwarding.gateways[Int(gateway)].retryAt)
        }
        return result
    }

    /// Makes a single that something will soon depend on.
    mutating func drainSingle(_ gateway: UInt32, into steps: inout [StepRequest]) {
        forwarding.gateways[Int(gateway)].isQueued = false
        let record = forwarding.gateways[Int(gateway)]
        guard forwarding.isReachable(gateway), !record.choices.isEmpty else {
            forwarding.tidy(gateway)
            return
        }
        _ = ensureSingle(gateway, into: &steps)
    }

    // Deleting

    mutating func drainIdle(_ group: UInt32, into steps: inout [StepRequest]) {
        forwarding.groups[Int(group)].isIdleQueued = false
        let record = forwarding.groups[Int(group)]
        guard !record.isFree, record.rows == 0, !record.isAwaiting else { return }
        if record.choice != 0 {
            let choice = forwarding.choices[Int(record.choice)]
            // Rows on their way need it; a second group of the choice they do not.
            let hasOther = choice.groups.contains { other in
                other != group && forwarding.groups[Int(other)].phase == .present
                    && forwarding.groups[Int(other)].rows > 0
            }
            if choice.rows > 0, choice.first != 0, choice.groups.first == group, !hasOther {
                return
            }
        } else if forwarding.isHoldingObjects {
            return
        }
        switch record.phase {
        case .present:
            forwarding.groups[Int(group)].phase = .deleting
            emit(.groupDeletion(group), .deleteNextHop(record.id), into: &steps)
            forwarding.setActives(group, [])
            forwarding.setChoice(group, 0)
        case .absent, .foreign:
            forwarding.freeGroup(group)
        case .creating, .deleting:
            break
        }
    }

    mutating func drainIdleSingle(_ gateway: UInt32, into steps: inout [StepRequest]) {
        let record = forwarding.gateways[Int(gateway)]
        guard record.choices.isEmpty, record.groups == 0 else { return }
        if record.state == .present {
            if forwarding.isHoldingObjects { return }
            emit(
                .deletion(record.single.rawValue), .deleteNextHop(record.single), into: &steps)
            forwarding.gateways[Int(gateway)].state = .absent
            forwarding.singleIndex[record.single] = nil
            forwarding.gateways[Int(gateway)].single = .none
        }
        if record.state == .refused { forwarding.gateways[Int(gateway)].state = .absent }
        forwarding.tidy(gateway)
    }

    // Outcomes

    mutating func finishedGroup(
        _ group: UInt32, serial: UInt32, error: KernelError?, at now: Instant
    ) {
        guard Int(group) < forwarding.groups.count else { return }
        let record = forwarding.groups[Int(group)]
        guard !record.isFree, record.serial == serial, record.isAwaiting else { return }
        forwarding.groups[Int(group)].isAwaiting = false
        if record.rows == 0 { forwarding.pushIdle(group) }
        guard let error else {
            if record.phase == .creating { forwarding.groups[Int(group)].phase = .present }
            forwarding.push(group)
            return
        }
        lastError = error
        if record.phase == .creating {
            if Common.exists(error) {
                abandon(group)
                return
            }
            forwarding.groups[Int(group)].phase = .absent
            forwarding.groups[Int(group)].content = []
            forwarding.setActives(group, [])
            return
        }
        if Common.isMissing(error) {
            forwarding.lose(group)
            return
        }
        // The old content stays as it was, whatever it was.
        forwarding.groups[Int(group)].isDoubtful = true
        forwarding.groups[Int(group)].retryAt = now + .milliseconds(200)
        forwarding.timed.insert(group)
    }

    mutating func finishedGroupDeletion(
        _ group: UInt32, error: KernelError?, at now: Instant
    ) {
        guard Int(group) < forwarding.groups.count,
            forwarding.groups[Int(group)].phase == .deleting
        else { return }
        finishedDeletion(forwarding.groups[Int(group)].id, error: error, at: now)
        forwarding.freeGroup(group)
    }

    /// A deletion that was refused is tried again later.
    mutating func finishedDeletion(_ id: NextHopID, error: KernelError?, at now: Instant) {
        guard let error, !Common.isMissing(error) else { return }
        lastError = error
        forwarding.refusedDeletions.append(id)
        if forwarding.deleteAgainAt == nil { forwarding.deleteAgainAt = now + .seconds(1) }
    }

    mutating func finishedSingle(_ gateway: UInt32, error: KernelError?, at now: Instant) {
        guard Int(gateway) < forwarding.gateways.count,
            forwarding.gateways[Int(gateway)].state == .creating
        else { return }
        let isDisturbed = forwarding.gateways[Int(gateway)].isDisturbed
        forwarding.gateways[Int(gateway)].isDisturbed = false
        guard let error else {
            forwarding.gateways[Int(gateway)].state = .present
            if isDisturbed {
                // It may be there or gone: away with it, and another number for the next.
                forwarding.unknownSingles.push(forwarding.gateways[Int(gateway)].single)
                abandonSingle(gateway)
            }
            forwarding.gateways[Int(gateway)].failures = 0
            forwarding.refresh(gateway)
            if forwarding.gateways[Int(gateway)].choices.isEmpty {
                forwarding.idleSingles.push(gateway)
            }
            return
        }
        lastError = error
        if Common.exists(error) {
            // Somebody has the number: the next one.
            forwarding.foreignIDs.insert(forwarding.gateways[Int(gateway)].single)
            abandonSingle(gateway)
            return
        }
        // Carrier gone, device down or deleted: the link's event is on its way. Else try again.
        let failures = min(forwarding.gateways[Int(gateway)].failures + 1, 7)
        forwarding.gateways[Int(gateway)].failures = failures
        forwarding.gateways[Int(gateway)].state = isDisturbed ? .absent : .refused
        if !isDisturbed {
            forwarding.gateways[Int(gateway)].retryAt = now + Common.backoff(failures)
            forwarding.timedGateways.insert(gateway)
        }
        forwarding.refresh(gateway)
    }

    /// Somebody else has the group's number: rows move to a new one, and this one is never touched
    /// again.
    mutating func abandon(_ group: UInt32) {
        forwarding.foreignIDs.insert(forwarding.groups[Int(group)].id)
        forwarding.groups[Int(group)].phase = .foreign
        let choice = forwarding.groups[Int(group)].choice
        if choice != 0 { forwarding.choices[Int(choice)].groups.removeAll { $0 == group } }
        forwarding.requestPass(forwarding.groups[Int(group)].spaceFamily)
    }
}
