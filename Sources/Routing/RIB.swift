// The façade of routing, one per daemon: sources give paths, rows select, the kernel and the
// receivers are told. Every method is bounded or takes a limit; nothing here blocks, reads a clock
// or does I/O. Callers pump `drain` and `produce` while `hasSteps` and `hasPending` say so.

import BGP
public import Net

/// A step for the kernel with the number under which its outcome comes back.
public struct StepRequest: Hashable, Sendable {
    /// The number; all of routing's have the topmost bit set.
    public var ticket: UInt64
    /// What to do.
    public var step: Step

    /// A request.
    public init(ticket: UInt64, step: Step) {
        self.ticket = ticket
        self.step = step
    }
}

/// The routing state of the daemon.
public struct RIB: Sendable {
    /// Set in every ticket of routing.
    public static let ticketMark: UInt64 = 1 << 63
    /// The number of the IPv4 placeholder nexthop, for whoever makes it.
    public static let placeholder4 = NextHopID(0x4300_0001)
    /// The number of the IPv6 placeholder nexthop, for whoever makes it.
    public static let placeholder6 = NextHopID(0x4300_0002)

    var common: Common
    var routes4 = Routes<Prefix4>()
    var routes6 = Routes<Prefix6>()
    var unreachable = Unreachable()

    /// An empty one. `seed` keys the hashes, since prefixes come from outside.
    public init(marks: KernelMarks = KernelMarks(), seed: UInt64 = 0) {
        common = Common(marks: marks, seed: seed)
    }

    /// The index of a space, made if need be.
    mutating func space(_ id: SpaceID) -> Int {
        if let known = common.spaceIndex[id] { return known }
        let index = common.spaces.count
        common.spaces.append(Space(id: id))
        common.spaceIndex[id] = index
        routes4.addTable(seed: common.seed)
        routes6.addTable(seed: common.seed)
        return index
    }

    // Spaces

    /// Link subnets and addresses of the edge in a space, which nobody may announce to us. Holds
    /// for what comes from now on; `update` of a source judges its stored paths anew.
    public mutating func setReserved(_ space: SpaceID, _ prefixes: [Prefix]) {
        let index = self.space(space)
        common.spaces[index].reserved4 = ReservedTable(prefixes)
        common.spaces[index].reserved6 = ReservedTable(prefixes)
    }

    /// Whether `sweep` has something to do.
    public var hasWork: Bool { !common.forwarding.passes.isEmpty }

    /// Removes void paths and queues rows that something else has changed; at most `limit` rows
    /// are looked at. `drain` does this too, so nobody has to.
    public mutating func sweep(limit: Int) {
        var limit = limit
        for which in common.forwarding.passes {
            if limit <= 0 { return }
            let table = Int(which.space)
            let begins = common.forwarding.beginPass(which)
            let isDone: Bool
            if which.family == .ipv4 {
                if begins { routes4.beginPass(table) }
                routes4.pass(table, limit: &limit, &common)
                isDone = routes4.tables[table].passRemaining == 0
            } else {
                if begins { routes6.beginPass(table) }
                routes6.pass(table, limit: &limit, &common)
                isDone = routes6.tables[table].passRemaining == 0
            }
            guard isDone else { return }
            common.forwarding.endPass(which)
            endEpochs(which)
        }
    }

    /// No path of an ended epoch is left of the family in the space. The slots of sources that
    /// have left are free when that holds of both.
    private mutating func endEpochs(_ which: Forwarding.SpaceFamily) {
        let space = Int(which.space)
        for source in common.spaces[space].sources {
            common.sources[Int(source)][which.family].endedEpochs = 0
        }
        let other = Forwarding.SpaceFamily(
            space: which.space, family: which.family == .ipv4 ? .ipv6 : .ipv4)
        guard !common.forwarding.passes.contains(other) else { return }
        common.freeSources.append(contentsOf: common.spaces[space].leaving)
        common.spaces[space].leaving = []
    }

    /// Looks at every row of a space, or of its family, once, some time soon.
    mutating func requestPass(_ space: Int, _ family: Family? = nil) {
        let space = UInt32(truncatingIfNeeded: space)
        for family in family.map({ [$0] }) ?? Family.allCases {
            common.forwarding.requestPass(Forwarding.SpaceFamily(space: space, family: family))
        }
    }
}

extension Routes {
    mutating func beginPass(_ table: Int) {
        tables[table].passRemaining = tables[table].rows.count
        tables[table].passEnd = tables[table].rows.count
    }
}
