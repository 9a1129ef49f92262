// The façade of routing, one per daemon: sources give paths, rows select, the kernel and the
// receivers are told. Every method is bounded or takes a limit; nothing here blocks, reads a clock
// or does I/O. Callers pump `sweep`, `drain` and `produce` while `hasWork` or `hasPending` say so.

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

    /// An empty one.
    public init(marks: KernelMarks = KernelMarks(), seed: UInt64 = 0) {}

    // Sources

    /// Registers a source. A session's source is added when it is configured and stays over
    /// downs and ups.
    public mutating func addSource(_ settings: SourceSettings) -> SourceID { fatalError() }
    /// Changes a source; its stored paths are judged anew, no route refresh is needed. The space
    /// must stay the same.
    public mutating func update(_ source: SourceID, _ settings: SourceSettings) {}
    /// Forgets a source and its paths.
    public mutating func removeSource(_ source: SourceID) {}
    /// Link subnets and addresses of the edge in a space, which nobody may announce to us.
    public mutating func setReserved(_ space: SpaceID, _ prefixes: [Prefix]) {}

    /// Stores the announcements of one UPDATE. False when the family's limit is exceeded: what is
    /// over the limit was not stored.
    @discardableResult
    public mutating func learn(
        from source: SourceID, announced4: [Prefix4], announced6: [Prefix6], attributes: [UInt8],
        nextHop4: IPAddress?, nextHop6: IPAddress?
    ) -> Bool { fatalError() }
    /// Takes back announcements.
    public mutating func withdraw(
        from source: SourceID, withdrawn4: [Prefix4], withdrawn6: [Prefix6]
    ) {}
    /// Sets all of what a static or originated source offers; nothing means it is down.
    public mutating func offer(from source: SourceID, _ prefixes: [Prefix]) {}
    /// All paths of the source are void from now on; `sweep` removes them.
    public mutating func sourceDown(_ source: SourceID) {}
    /// All paths of the source are kept as stale (graceful restart, enhanced route refresh) until
    /// announced again, or `sweepStale`.
    public mutating func markStale(_ source: SourceID) {}
    /// Paths that are still stale are void from now on; `sweep` removes them.
    public mutating func sweepStale(_ source: SourceID) {}
    /// Whether `sweep` has something to do.
    public var hasWork: Bool { false }
    /// Removes void paths, sets returns in motion: at most `limit` rows are looked at.
    public mutating func sweep(limit: Int) {}

    // Views

    /// What the source announces, accepted and refused.
    public func received(_ source: SourceID) -> PrefixCounts { PrefixCounts() }
    /// What of it entered.
    public func accepted(_ source: SourceID) -> PrefixCounts { PrefixCounts() }
    /// How many accepted prefixes of the source wait for the kernel (not acknowledged yet).
    public func unacknowledged(_ source: SourceID) -> UInt32 { 0 }
    /// A source's paths, sorted; at most `limit`.
    public func paths(of source: SourceID, view: PathView, limit: Int = .max) -> [PathEntry] { [] }
    /// The best path of each prefix of a space, sorted; at most `limit`.
    public func bestRoutes(_ space: SpaceID, limit: Int = .max) -> [PathEntry] { [] }
    /// All candidates for a prefix in the order of selection, each with what put it there; refused
    /// paths stand at the end.
    public func explain(_ space: SpaceID, _ prefix: Prefix) -> [PathEntry] { [] }

    // Forwarding

    /// Whether packets can be handed to a gateway. False moves every set that uses it: one replace
    /// for each, ahead of all else in `drain`.
    public mutating func setGateway(_ gateway: GatewayID, isUsable: Bool, at now: Instant) {}
    /// The placeholder for a family's groups, once it is in the kernel; nil when there is none.
    public mutating func setPlaceholder(_ family: Family, _ id: NextHopID?) {}
    /// The device is down, without carrier or gone: the kernel has silently dropped its nexthops.
    public mutating func deviceLost(_ device: InterfaceIndex, at now: Instant) {}
    /// The device is up and has carrier.
    public mutating func deviceBack(_ device: InterfaceIndex, at now: Instant) {}
    /// Whether a table has an unreachable route of the highest metric.
    public mutating func setUnreachable(_ space: SpaceID, _ prefix: Prefix, isWanted: Bool) {}

    /// Appends at most `limit` steps (a few more where they belong together), urgent ones first,
    /// in an order in which each finds what it needs.
    public mutating func drain(into steps: inout [StepRequest], limit: Int, at now: Instant) {}
    /// Whether `drain` would give steps now.
    public var hasSteps: Bool { false }
    /// When `drain` should be called though nothing happens.
    public var nextDeadline: Instant? { nil }
    /// How a step of `drain` ended.
    public mutating func finished(_ ticket: UInt64, error: KernelError?, at now: Instant) {}
    /// What somebody else did to what is ours.
    public mutating func observed(_ event: KernelEvent, at now: Instant) {}
    /// Keys at which a foreign route stands in our way.
    public var conflicts: [RouteKey] { [] }
    /// What is between us and the kernel.
    public var forwarding: ForwardingStatus { ForwardingStatus() }

    // Adoption

    /// Takes over what an earlier run left in the kernel, and begins the hold.
    public mutating func adopt(_ state: KernelState) {}
    /// Whether some space is still held.
    public var isHolding: Bool { false }
    /// How many routes of an earlier run were found in a space and are not confirmed yet.
    public func staleCount(_ space: SpaceID) -> Int { 0 }
    /// Ends the hold of one space: what nobody announced again is removed.
    public mutating func release(_ space: SpaceID) {}
    /// Ends every hold, and removes objects of ours that nobody uses.
    public mutating func releaseAll() {}
    /// Compares with a later complete dump, after lost events.
    public mutating func compare(_ state: KernelState) {}

    // Receivers

    /// Registers a session that is established: everything is announced, then End-of-RIB.
    public mutating func addReceiver(_ settings: ReceiverSettings) -> ReceiverID { fatalError() }
    /// Another policy: what it changes is announced or withdrawn.
    public mutating func update(_ receiver: ReceiverID, _ settings: ReceiverSettings) {}
    /// The session is down.
    public mutating func removeReceiver(_ receiver: ReceiverID) {}
    /// ROUTE-REFRESH: everything of a family is announced again.
    public mutating func refresh(_ receiver: ReceiverID, _ family: Family) {}
    /// Whether `produce` would give messages.
    public func hasPending(_ receiver: ReceiverID) -> Bool { false }
    /// Appends UPDATE messages until about `limit` bytes were added; true when more is to come.
    public mutating func produce(
        _ receiver: ReceiverID, into bytes: inout [UInt8], limit: Int
    ) -> Bool { false }
    /// What the receiver was told, sorted; at most `limit`.
    public func advertised(_ receiver: ReceiverID, limit: Int = .max) -> [AdvertisedEntry] { [] }
    /// How many prefixes the receiver was told.
    public func advertisedCounts(_ receiver: ReceiverID) -> PrefixCounts { PrefixCounts() }
    /// How many more would be told if the limit of the policy let them.
    public func heldBackCounts(_ receiver: ReceiverID) -> PrefixCounts { PrefixCounts() }
    /// Whether End-of-RIB was sent for every family.
    public func isFed(_ receiver: ReceiverID) -> Bool { false }
}
