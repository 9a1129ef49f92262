// Gateways, choices and groups. A *choice* is an ordered list of gateways that some row's paths
// offer. A *group* is a kernel object `[placeholder, active]` that rows name. Rows of one choice
// share a group, so that a lost gateway is one replace, whatever hangs on it.
//
// A row may stay in the group of another choice while both resolve alike (its first gateway was
// lost, withdrawn, and the rest is the same): a *stray*. A group goes back to an earlier gateway
// of its list only without strays, since that gateway does not announce them.

import Net

/// A neighbour on a device, and the kernel's single nexthop for it.
struct Gateway: Sendable {
    enum Single: Sendable {
        case absent
        case creating
        case present
        /// The kernel refused it; tried again at `retryAt`.
        case refused
    }

    var id: GatewayID
    /// What the caller said last.
    var isWanted = false
    /// The device is lost.
    var isCut = false
    /// A gateway on the same link whose word holds for this one too; 0 for none.
    var leader: UInt32 = 0
    /// The kernel's number, none before the first use.
    var single = NextHopID.none
    var state = Single.absent
    var retryAt = Instant.distantFuture
    var failures: UInt8 = 0
    /// A step for the single is queued.
    var isQueued = false
    /// The device was lost while the creation was in flight.
    var isDisturbed = false
    /// Choices that name it.
    var choices: [UInt32] = []
    /// Groups whose content names it.
    var groups = 0
    /// Paths that name it.
    var paths = 0
    /// Sources that name it.
    var pins = 0
    /// Gateways that follow it.
    var followers: [UInt32] = []
    var isUsable = false
    /// It was usable in this run and is not now, or its device went away.
    var isLost = false
}

/// An ordered choice of gateways in one space and family.
struct Choice: Sendable {
    struct Key: Hashable, Sendable {
        var space: UInt32
        var family: Family
        var gateways: [UInt32]
    }

    var key: Key
    /// The first usable gateway, 0 for none.
    var first: UInt32 = 0
    /// Rows whose own choice it is.
    var rows = 0
    /// Its groups in the kernel; new rows go to the first.
    var groups: [UInt32] = []
}

/// A nexthop group of the kernel.
struct Group: Sendable {
    enum Phase: Sendable {
        /// Not in the kernel.
        case absent
        /// Its creation is in flight.
        case creating
        /// Ours, in the kernel.
        case present
        /// Its deletion is in flight.
        case deleting
        /// Somebody took the number: never touched again.
        case foreign
    }

    var id: NextHopID
    var space: UInt32
    var family: Family
    /// Whose group it is; 0 for one of an earlier run that nobody has claimed.
    var choice: UInt32
    /// For an unclaimed one, what its rows seem to want.
    var tentative: UInt32 = 0
    /// The gateway that its content names, 0 for none.
    var active: UInt32 = 0
    /// What the kernel has, or will have once all in flight has ended.
    var content: [NextHop.Member] = []
    var phase = Phase.absent
    /// Counts puts, so that only the last one's outcome matters.
    var serial: UInt32 = 0
    var isAwaiting = false
    /// Rows that hold it or are on their way to it.
    var rows = 0
    /// Those whose own choice is another one.
    var strays = 0
    /// Strays are moved out, so that it can go back to an earlier gateway.
    var isEvicting = false
    /// When to look whether strays still come home by themselves.
    var checkAt: Instant?
    var straysAtCheck = 0
    var isQueued = false
    var isIdleQueued = false
    /// It must be put again whatever we believe.
    var isDoubtful = false
    var retryAt: Instant?
    var isFree = false
}

/// A route of ours whose object we do not know.
let unknownGroup = UInt32.max

struct Forwarding: Sendable {
    var gateways: [Gateway] = [Gateway(id: GatewayID(.none, .v4(IPv4Address(raw: 0))))]
    private var freeGateways: [UInt32] = []
    private var gatewayIndex: [GatewayID: UInt32] = [:]
    var choices: [Choice] = [
        Choice(key: Choice.Key(space: 0, family: .ipv4, gateways: []))
    ]
    private var freeChoices: [UInt32] = []
    private var choiceIndex: [Choice.Key: UInt32] = [:]
    var groups: [Group] = [
        Group(id: .none, space: 0, family: .ipv4, choice: 0, isFree: true)
    ]
    private var freeGroups: [UInt32] = []
    var groupIndex: [NextHopID: UInt32] = [:]
    var singleIndex: [NextHopID: UInt32] = [:]
    private var lostDevices: Set<InterfaceIndex> = []
    var placeholder4: NextHopID?
    var placeholder6: NextHopID?
    /// Numbers seen in use by anybody else.
    var foreignIDs: Set<NextHopID> = []
    private var nextSingle = firstSingle
    private var nextGroup = firstGroup
    /// Groups to be looked at first of all.
    var urgent = Fifo<UInt32>()
    /// Gateways whose single is to be made.
    var singles = Fifo<UInt32>()
    /// Groups that may have lost their last row.
    var idle = Fifo<UInt32>()
    /// Gateways whose single may be unused.
    var idleSingles = Fifo<UInt32>()
    /// Groups that wait for strays to come home, or for another try.
    var timed: Set<UInt32> = []
    /// Gateways that wait for another try.
    var timedGateways: Set<UInt32> = []
    /// Groups of an earlier run that nobody has claimed.
    var unclaimed: Set<UInt32> = []
    /// Groups that were pronounced lost with all their routes.
    var flushed: [UInt32] = []
    /// Spaces whose rows must be looked at, all of them.
    private(set) var passes: Set<SpaceFamily> = []
    /// Those whose pass begins, or begins again.
    private var begun: Set<SpaceFamily> = []
    /// Groups that wait for the end of a pass before they go back to an earlier gateway.
    private var awaitingPass: Set<UInt32> = []
    /// Objects of an earlier run are let alone.
    var isHoldingObjects = false
    /// Objects whose deletion was refused, and when it is tried again.
    var refusedDeletions: [NextHopID] = []
    var deleteAgainAt: Instant?
    /// Objects of ours that nothing of ours knows: to be deleted, groups first.
    var unknownGroups = Fifo<NextHopID>()
    var unknownSingles = Fifo<NextHopID>()
    private var lastKey = Choice.Key(space: 0, family: .ipv4, gateways: [])
    private var lastChoice: UInt32 = 0

    static let firstSingle: UInt32 = 0x4300_0010
    static let firstGroup: UInt32 = 0x4310_0000
    static let singleRange: Range<UInt32> = 0x4300_0000..<0x4310_0000
    static let groupRange: Range<UInt32> = 0x4310_0000..<0x4320_0000

    struct SpaceFamily: Hashable, Sendable {
        var space: UInt32
        var family: Family
    }

    // Passes

    mutating func requestPass(_ which: SpaceFamily) {
        passes.insert(which)
        begun.insert(which)
    }

    /// Whether the pass begins (again).
    mutating func beginPass(_ which: SpaceFamily) -> Bool { begun.remove(which) != nil }

    mutating func endPass(_ which: SpaceFamily) {
        passes.remove(which)
        for group in awaitingPass
        where groups[Int(group)].space == which.space && groups[Int(group)].family == which.family {
            awaitingPass.remove(group)
            push(group)
        }
    }

    mutating func awaitPass(_ group: UInt32) { awaitingPass.insert(group) }

    // Numbers

    mutating func takeSingleID() -> NextHopID? {
        while nextSingle < Forwarding.singleRange.upperBound {
            let id = NextHopID(nextSingle)
            nextSingle += 1
            if !foreignIDs.contains(id), singleIndex[id] == nil { return id }
        }
        return nil
    }

    mutating func takeGroupID() -> NextHopID? {
        while nextGroup < Forwarding.groupRange.upperBound {
            let id = NextHopID(nextGroup)
            nextGroup += 1
            if !foreignIDs.contains(id), groupIndex[id] == nil { return id }
        }
        return nil
    }

    /// Numbers of an earlier run are not given out again.
    mutating func skip(past id: NextHopID) {
        if Forwarding.singleRange.contains(id.rawValue) {
            nextSingle = max(nextSingle, id.rawValue + 1)
        } else if Forwarding.groupRange.contains(id.rawValue) {
            nextGroup = max(nextGroup, id.rawValue + 1)
        }
    }

    // Gateways

    mutating func gateway(_ id: GatewayID, leader: UInt32 = 0) -> UInt32 {
        if let known = gatewayIndex[id] { return known }
        var record = Gateway(id: id)
        record.isCut = lostDevices.contains(id.device)
        record.leader = leader
        let handle: UInt32
        if let reused = freeGateways.popLast() {
            handle = reused
            gateways[Int(handle)] = record
        } else {
            handle = UInt32(gateways.count)
            gateways.append(record)
        }
        gatewayIndex[id] = handle
        if leader != 0 { gateways[Int(leader)].followers.append(handle) }
        refresh(handle)
        return handle
    }

    func find(_ id: GatewayID) -> UInt32? { gatewayIndex[id] }

    /// Forgets a gateway that nothing names any more.
    mutating func tidy(_ handle: UInt32) {
        let record = gateways[Int(handle)]
        guard handle != 0, record.paths == 0, record.pins == 0, record.choices.isEmpty,
            record.groups == 0, record.followers.isEmpty, record.state == .absent,
            !record.isQueued, !record.isWanted, gatewayIndex[record.id] == handle
        else { return }
        gatewayIndex[record.id] = nil
        if record.leader != 0 {
            gateways[Int(record.leader)].followers.removeAll { $0 == handle }
        }
        if record.single != .none { singleIndex[record.single] = nil }
        timedGateways.remove(handle)
        freeGateways.append(handle)
    }

    mutating func setGateway(_ id: GatewayID, isUsable: Bool) {
        guard isUsable || gatewayIndex[id] != nil else { return }
        let handle = gateway(id)
        gateways[Int(handle)].isWanted = isUsable
        // The word about a gateway is its own from now on.
        if isUsable, gateways[Int(handle)].leader != 0 { unfollow(handle) }
        refresh(handle)
        tidy(handle)
    }

    private mutating func unfollow(_ handle: UInt32) {
        let leader = gateways[Int(handle)].leader
        gateways[Int(leader)].followers.removeAll { $0 == handle }
        gateways[Int(handle)].leader = 0
    }

    mutating func deviceLost(_ device: InterfaceIndex) {
        guard lostDevices.insert(device).inserted else { return }
        let hit = gateways.indices.dropFirst().filter { gateways[$0].id.device == device }
        for index in hit {
            gateways[index].isCut = true
            gateways[index].isLost = true
            if gateways[index].state == .creating { gateways[index].isDisturbed = true }
            loseSingle(UInt32(index))
        }
        for index in hit { refresh(UInt32(index)) }
    }

    mutating func deviceBack(_ device: InterfaceIndex) {
        guard lostDevices.remove(device) != nil else { return }
        for index in gateways.indices.dropFirst() where gateways[index].id.device == device {
            gateways[index].isCut = false
            gateways[index].failures = 0
            if gateways[index].state == .refused { gateways[index].state = .absent }
            refresh(UInt32(index))
        }
    }

    /// The kernel has dropped a single: its groups are shorter, and empty ones are gone with all
    /// their routes, of which nobody is told.
    mutating func loseSingle(_ handle: UInt32) {
        let single = gateways[Int(handle)].single
        if gateways[Int(handle)].state == .present { gateways[Int(handle)].state = .absent }
        guard single != .none, gateways[Int(handle)].groups > 0 else { return }
        for index in groups.indices.dropFirst()
        where !groups[index].isFree && groups[index].active == handle
            && groups[index].content.contains(where: { $0.id == single })
        {
            groups[index].content.removeAll { $0.id == single }
            if groups[index].isAwaiting { groups[index].isDoubtful = true }
            if groups[index].content.isEmpty, groups[index].phase == .present {
                lose(UInt32(index))
            }
            push(UInt32(index))
        }
    }

    /// The kernel has dropped a group, and the routes that named it.
    mutating func lose(_ group: UInt32) {
        groups[Int(group)].phase = .absent
        groups[Int(group)].content = []
        setActive(group, 0)
        flushed.append(group)
    }

    /// Works out anew whether a gateway is usable, and what follows from it.
    mutating func refresh(_ handle: UInt32) {
        let record = gateways[Int(handle)]
        // One that the kernel refused must be taken by it before anything is moved to it again.
        let isUsable = isReachable(handle) && (record.failures == 0 || record.state == .present)
        if isUsable != record.isUsable {
            gateways[Int(handle)].isUsable = isUsable
            gateways[Int(handle)].isLost = !isUsable
            for choice in record.choices { refreshChoice(choice) }
            for group in unclaimed where groups[Int(group)].active == handle { push(group) }
        }
        wantSingle(handle)
        for follower in record.followers { refresh(follower) }
    }

    /// A usable gateway that some choice names has its single, before anything depends on it.
    mutating func wantSingle(_ handle: UInt32) {
        let record = gateways[Int(handle)]
        guard record.isUsable, record.state == .absent, !record.choices.isEmpty else { return }
        pushSingle(handle)
    }

    mutating func pushSingle(_ handle: UInt32) {
        guard !gateways[Int(handle)].isQueued else { return }
        gateways[Int(handle)].isQueued = true
        singles.push(handle)
    }

    /// Whether the caller's word and the device allow a gateway.
    func isReachable(_ handle: UInt32) -> Bool {
        let leader = gateways[Int(handle)].leader
        return gateways[Int(leader == 0 ? handle : leader)].isWanted
            && !gateways[Int(handle)].isCut
    }

    private mutating func refreshChoice(_ handle: UInt32) {
        let key = choices[Int(handle)].key
        let first = key.gateways.first { gateways[Int($0)].isUsable } ?? 0
        choices[Int(handle)].first = first
        for group in choices[Int(handle)].groups {
            push(group)
            if groups[Int(group)].rows == 0 { pushIdle(group) }
        }
        for group in unclaimed where groups[Int(group)].tentative == handle { push(group) }
        requestPass(SpaceFamily(space: key.space, family: key.family))
    }

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
        for group in unclaimed where groups[Int(group)].tentative == handle {
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

/// A first-in, first-out queue on an array.
struct Fifo<Element: Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }

    mutating func push(_ item: Element) { items.append(item) }

    mutating func pop() -> Element? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024, head * 2 > items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}
