// The state of forwarding: gateways as the caller and the devices allow them, the numbers of kernel
// objects, and the queues of what is to be done. `Group.swift` tells what the words mean.

import Net

struct Forwarding: Sendable {
    var gateways: [Gateway] = [Gateway(id: GatewayID(.none, .v4(IPv4Address(raw: 0))))]
    private var freeGateways: [UInt32] = []
    private var gatewayIndex: [GatewayID: UInt32] = [:]
    private var byDevice: [InterfaceIndex: [UInt32]] = [:]
    var choices: [Choice] = [
        Choice(key: Choice.Key(space: 0, family: .ipv4, gateways: []))
    ]
    var freeChoices: [UInt32] = []
    var choiceIndex: [Choice.Key: UInt32] = [:]
    var groups: [Group] = [
        Group(id: .none, space: 0, family: .ipv4, choice: 0, isFree: true)
    ]
    var freeGroups: [UInt32] = []
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
    /// Groups that wait for the end of a pass before they go back to earlier gateways.
    var awaitingPass: Set<UInt32> = []
    /// Objects of an earlier run are let alone.
    var isHoldingObjects = false
    /// Objects whose deletion was refused, and when it is tried again.
    var refusedDeletions: [NextHopID] = []
    var deleteAgainAt: Instant?
    /// Objects of ours that nothing of ours knows: to be deleted, groups first.
    var unknownGroups = Fifo<NextHopID>()
    var unknownSingles = Fifo<NextHopID>()
    var lastKey = Choice.Key(space: 0, family: .ipv4, gateways: [])
    var lastChoice: UInt32 = 0

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
        byDevice[id.device, default: []].append(handle)
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
        byDevice[record.id.device]?.removeAll { $0 == handle }
        if byDevice[record.id.device]?.isEmpty == true { byDevice[record.id.device] = nil }
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
        let hit = byDevice[device] ?? []
        for handle in hit {
            let index = Int(handle)
            gateways[index].isCut = true
            gateways[index].isLost = true
            if gateways[index].state == .creating { gateways[index].isDisturbed = true }
            loseSingle(handle)
        }
        for handle in hit { refresh(handle) }
    }

    mutating func deviceBack(_ device: InterfaceIndex) {
        guard lostDevices.remove(device) != nil else { return }
        for handle in byDevice[device] ?? [] {
            let index = Int(handle)
            gateways[index].isCut = false
            gateways[index].failures = 0
            if gateways[index].state == .refused { gateways[index].state = .absent }
            refresh(handle)
        }
    }

    /// The kernel has dropped a single: its groups are shorter, and empty ones are gone with all
    /// their routes, of which nobody is told.
    mutating func loseSingle(_ handle: UInt32) {
        let single = gateways[Int(handle)].single
        if gateways[Int(handle)].state == .present { gateways[Int(handle)].state = .absent }
        guard single != .none, gateways[Int(handle)].groups > 0 else { return }
        for group in groupsLeading(to: handle)
        where groups[Int(group)].content.contains(where: { $0.id == single }) {
            groups[Int(group)].content.removeAll { $0.id == single }
            // A device's loss may reach the kernel's nexthops a second later than us, and the
            // member would have its share till then: what is left is written all the same.
            if groups[Int(group)].isAwaiting
                || groups[Int(group)].content.contains(where: { singleIndex[$0.id] != nil })
            {
                groups[Int(group)].isDoubtful = true
            }
            if groups[Int(group)].content.isEmpty, groups[Int(group)].phase == .present {
                lose(group)
            }
            push(group)
        }
    }

    /// Groups whose content names a gateway.
    func groupsLeading(to handle: UInt32) -> [UInt32] {
        var found: Set<UInt32> = []
        for choice in gateways[Int(handle)].choices { found.formUnion(choices[Int(choice)].groups) }
        found.formUnion(gateways[Int(handle)].adopted)
        let result = found.filter {
            !groups[Int($0)].isFree && groups[Int($0)].actives.contains(handle)
        }
        if result.count == gateways[Int(handle)].groups { return Array(result) }
        return groups.indices.dropFirst()
            .filter { !groups[$0].isFree && groups[$0].actives.contains(handle) }
            .map { UInt32($0) }
    }

    /// The kernel has dropped a group, and the routes that named it.
    mutating func lose(_ group: UInt32) {
        groups[Int(group)].phase = .absent
        groups[Int(group)].content = []
        setActives(group, [])
        flushed.append(group)
        if groups[Int(group)].isAwaiting { renumber(group) }
    }

    /// A put of a lost group is in flight, and nobody knows which came first: what it may make
    /// anew has no routes and goes, and the group gets another number.
    private mutating func renumber(_ group: UInt32) {
        groups[Int(group)].isAwaiting = false
        groups[Int(group)].isDoubtful = false
        guard let id = takeGroupID() else { return }
        let old = groups[Int(group)].id
        if groupIndex[old] == group { groupIndex[old] = nil }
        unknownGroups.push(old)
        groups[Int(group)].id = id
        groupIndex[id] = group
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
            for group in record.adopted where unclaimed.contains(group) { push(group) }
        }
        wantSingle(handle)
        for follower in record.followers { refresh(follower) }
    }

    /// A reachable gateway that some choice names has its single, before anything depends on it.
    mutating func wantSingle(_ handle: UInt32) {
        let record = gateways[Int(handle)]
        // Not `isUsable`: one that was refused before becomes so by being made.
        guard isReachable(handle), record.state == .absent, !record.choices.isEmpty else { return }
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
        settleActives(handle)
        for group in choices[Int(handle)].groups {
            push(group)
            if groups[Int(group)].rows == 0 { pushIdle(group) }
        }
        for group in choices[Int(handle)].suitors
        where groups[Int(group)].tentative == handle && unclaimed.contains(group) {
            push(group)
        }
        // Only rows of the choice, or in its groups, can have become unsettled.
        if choices[Int(handle)].rows > 0
            || choices[Int(handle)].groups.contains(where: { groups[Int($0)].rows > 0 })
        {
            requestPass(SpaceFamily(space: key.space, family: key.family))
        }
    }
}
