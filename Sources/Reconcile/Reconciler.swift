// Desired against observed, level-driven and by key. Whatever happened, a key that may have
// changed is compared anew and answers: settled, one step, or waiting with a sentence. So a lost
// event, a crash in the middle, or a stranger's change all heal in the same way.

public import Net

/// Keeps devices and addresses equal to what is wanted.
public struct Reconciler: Sendable {
    /// What is wanted.
    public private(set) var desired = Desired()
    /// What the kernel holds.
    public private(set) var observed = Observed()
    /// How our devices are marked.
    public let marks: KernelMarks
    /// How many steps may be under way at once.
    public let window: Int
    /// Core's leave to delete. Nothing is deleted or given back before it and a complete dump.
    public var allowsDeletion = false
    /// Tables that still hold routes of ours: their VRF devices are not deleted yet.
    public var tablesInUse: Set<TableID> = []
    /// Events were lost, or the kernel disagrees with what is known: a dump is needed.
    public private(set) var needsResync = true
    /// What was there before us, by port; changes with `adoptionRevision`.
    public private(set) var adoptions: [InterfaceName: Adoption] = [:]
    /// Grows with each change of `adoptions`: write them down before the drained steps are done.
    public private(set) var adoptionRevision: UInt64 = 0

    /// A reconciler that knows nothing yet; `adoptions` as exported by an earlier run.
    public init(
        marks: KernelMarks = KernelMarks(), window: Int = 256,
        adoptions: [InterfaceName: Adoption] = [:]
    ) {
        self.marks = marks
        self.window = window
        self.adoptions = adoptions
    }

    /// Replaces what `owner` asks for; empty lists make it ask for nothing.
    public mutating func set(
        owner: String, links: [Link], addresses: [(InterfaceName, InterfaceAddress)]
    ) {
        desired.set(owner: owner, links: links, addresses: addresses)
    }

    /// A complete dump: the truth, and the only ground for deletions.
    public mutating func resynced(_ state: KernelState, at now: Instant) {
        observed.replace(with: state)
    }

    /// An event of the kernel.
    public mutating func observed(_ event: KernelEvent, at now: Instant) {
        observed.apply(event)
    }

    /// Appends up to `limit` steps that can be taken now.
    public mutating func drain(
        limit: Int, at now: Instant, into steps: inout [(ticket: UInt64, step: Step)]
    ) {}

    /// A drained step ended.
    public mutating func finished(_ outcome: StepOutcome, at now: Instant) {}

    /// When `drain` should be called again though nothing happened.
    public var nextDeadline: Instant? { nil }

    /// How far a device with its addresses is; the worst of them.
    public func status(of name: InterfaceName) -> ObjectStatus { .settled }

    /// How far one object is.
    public func status(of key: ObjectKey) -> ObjectStatus { .settled }

    /// Everything that is not settled, in order.
    public var unsettled: [(key: ObjectKey, status: ObjectStatus)] { [] }

    /// The kernel holds what is wanted, as far as is known.
    public var isSettled: Bool { false }

    /// Nothing to do until an event, an outcome or the next deadline.
    public var isIdle: Bool { false }

    /// The previous values of the ports that are adopted.
    public var adoptedPorts: [InterfaceName: PreviousValues] {
        adoptions.mapValues(\.previous)
    }

    /// The records to write down: hand them to `init(adoptions:)` of the next run.
    public func exportAdoptions() -> [InterfaceName: Adoption] { adoptions }
}
