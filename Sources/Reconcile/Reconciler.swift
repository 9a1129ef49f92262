// Desired against observed, level-driven and by key. Whatever happened, a key that may have
// changed is compared anew and answers: settled, one step, or waiting with a sentence. So a lost
// event, a crash in the middle, or a stranger's change all heal in the same way.
//
// Reconciler+Links, +Ports, +Addresses and +Removal hold the decisions, +Wakeups what a change
// makes dirty, +Outcomes what becomes of steps.

public import Net

/// Keeps devices and addresses equal to what is wanted.
public struct Reconciler: Sendable {
    /// What a waiting key waits for.
    enum Cause: Hashable, Sendable {
        case link(InterfaceName)
        case table(TableID)
        case permission
    }

    /// What a comparison says.
    enum Verdict: Sendable {
        case settled
        case step(Step)
        /// A step that changes a port: what was there before is recorded first.
        case adopt(Step)
        case waiting(String, Cause)
        case failed(String, Cause)
        /// Failed for now; after a while a step that starts it over.
        case spoiled(String, Step)
    }

    /// A step under way.
    struct Flight: Sendable {
        var key: ObjectKey
        var step: Step
        /// An event about the same object came meanwhile: it knows better than a prediction.
        var sawEvent = false
    }

    /// Why a key is not tried again at once.
    struct Trouble: Sendable {
        var text: String
        var attempts: Int
        var last: Instant
        var retry: Instant
    }

    /// What is wanted.
    public private(set) var desired = Desired()
    /// What the kernel holds.
    public internal(set) var observed = Observed()
    /// How our devices are marked.
    public let marks: KernelMarks
    /// How many steps may be under way at once.
    public let window: Int
    /// Core's leave to delete. Nothing is deleted or given back before it and a complete dump.
    public var allowsDeletion = false {
        didSet { if allowsDeletion { wake(.permission) } }
    }
    /// Tables that still hold routes of ours: their VRF devices are not deleted yet.
    public var tablesInUse: Set<TableID> = [] {
        didSet {
            for table in awaitedTables.sorted() where !tablesInUse.contains(table) {
                awaitedTables.remove(table)
                wake(.table(table))
            }
        }
    }
    /// Events were lost, or the kernel disagrees with what is known: a dump is needed.
    public internal(set) var needsResync = true
    /// What was there before us, by port; changes with `adoptionRevision`.
    public internal(set) var adoptions: [InterfaceName: Adoption] = [:] {
        didSet { adoptionRevision += 1 }
    }
    /// Grows with each change of `adoptions`: write them down before drained steps are taken.
    public private(set) var adoptionRevision: UInt64 = 0

    var isPrimed = false
    var queue = WorkQueue()
    var deadlines = Deadlines()
    var states: [ObjectKey: ObjectStatus] = [:]
    var troubles: [ObjectKey: Trouble] = [:]
    var flights: [UInt64: Flight] = [:]
    var busy: [ObjectKey: UInt64] = [:]
    var waiters: [Cause: [ObjectKey]] = [:]
    var causes: [ObjectKey: Set<Cause>] = [:]
    var awaitedTables: Set<TableID> = []
    /// Devices that were made and whose event has not come yet, with the time to stop hoping.
    var awaited: [InterfaceName: Instant] = [:]
    var silenced: Set<InterfaceIndex> = []
    var pace: [ObjectKey: (since: Instant, count: Int)] = [:]
    private var lastTicket: UInt64 = 0

    /// A reconciler that knows nothing yet; `adoptions` as exported by an earlier run.
    public init(
        marks: KernelMarks = KernelMarks(), window: Int = 256,
        adoptions: [InterfaceName: Adoption] = [:]
    ) {
        self.marks = marks
        self.window = window
        self.adoptions = adoptions
    }

    /// Whether a ticket was given by a reconciler: its first byte is 1.
    public static func owns(ticket: UInt64) -> Bool { ticket >> 56 == 1 }

    /// Replaces what `owner` asks for; empty lists make it ask for nothing.
    public mutating func set(
        owner: String, links: [Link], addresses: [(InterfaceName, InterfaceAddress)]
    ) {
        desired.set(owner: owner, links: links, addresses: addresses)
        for key in desired.takeTouched() {
            troubles[key] = nil
            deadlines.clear(key)
            queue.insert(key)
            if case .link(let name) = key { wake(.link(name), hastening: false) }
        }
    }

    /// Appends up to `limit` steps that can be taken now.
    public mutating func drain(
        limit: Int, at now: Instant, into steps: inout [(ticket: UInt64, step: Step)]
    ) {
        guard isPrimed else { return }
        while let key = deadlines.popDue(now) { queue.insert(key) }
        let end = steps.count + limit
        while steps.count < end, flights.count < window, let key = queue.popFirst() {
            guard busy[key] == nil else { continue }
            guard let step = decide(key, at: now) else { continue }
            lastTicket += 1
            let ticket = 1 << 56 | lastTicket & (1 << 56 - 1)
            flights[ticket] = Flight(key: key, step: step)
            busy[key] = ticket
            steps.append((ticket, step))
        }
    }

    /// Compares one key; the step it asks for, if any, may be taken now.
    private mutating func decide(_ key: ObjectKey, at now: Instant) -> Step? {
        tidy(key)
        var verdict = compare(key)
        if case .link(let name) = key, let hope = awaited[name], hope <= now {
            needsResync = true
        }
        if case .spoiled(let text, let step) = verdict {
            if let trouble = troubles[key], trouble.retry <= now {
                verdict = .step(step)
            } else {
                let trouble =
                    troubles[key]
                    ?? Trouble(text: text, attempts: 1, last: now, retry: now + .seconds(60))
                fail(key, trouble)
                return nil
            }
        }
        switch verdict {
        case .settled:
            settle(key)
            return nil
        case .waiting(let reason, let cause):
            wait(key, .waiting(reason), for: cause)
            return nil
        case .failed(let reason, let cause):
            wait(key, .failed(reason, retry: nil), for: cause)
            return nil
        case .step(let step), .adopt(let step):
            if let trouble = troubles[key], now < trouble.retry {
                fail(key, trouble)
                return nil
            }
            guard isPaced(key, at: now) else { return nil }
            if case .adopt = verdict { adopt(step, key) }
            if case .addAddress(let index, let address) = step { adopt(address, on: index) }
            states[key] = nil
            deadlines.clear(key)
            return step
        case .spoiled: preconditionFailure("a spoiled object was decided above")
        }
    }

    private func compare(_ key: ObjectKey) -> Verdict {
        switch key {
        case .link(let name): linkVerdict(name)
        case .address(let name, let address): addressVerdict(name, address)
        }
    }

    private mutating func settle(_ key: ObjectKey) {
        states[key] = nil
        troubles[key] = nil
        deadlines.clear(key)
    }

    private mutating func wait(_ key: ObjectKey, _ status: ObjectStatus, for cause: Cause) {
        states[key] = status
        if case .table(let table) = cause { awaitedTables.insert(table) }
        register(key, cause)
        if case .link(let name) = key, let hope = awaited[name], !needsResync {
            deadlines.set(key, hope)
        }
    }

    mutating func fail(_ key: ObjectKey, _ trouble: Trouble) {
        troubles[key] = trouble
        states[key] = .failed(trouble.text, retry: trouble.retry)
        deadlines.set(key, trouble.retry)
        register(key, .link(key.link))
        guard case .link(let name) = key, let link = desired.link(name) else { return }
        if let master = link.master { register(key, .link(master)) }
        if case .vlan(let parent, _) = link.kind { register(key, .link(parent)) }
    }

    /// Somebody who undoes each step at once must not keep us and the kernel busy for ever.
    private mutating func isPaced(_ key: ObjectKey, at now: Instant) -> Bool {
        var run = pace[key] ?? (now, 0)
        if now - run.since > .seconds(10) { run = (now, 0) }
        guard run.count < 24 else {
            let text = "\(key) was set right 24 times within 10 s and is changed back each time"
            fail(
                key,
                Trouble(text: text, attempts: 1, last: now, retry: run.since + .seconds(10)))
            return false
        }
        pace[key] = (run.since, run.count + 1)
        return true
    }

    /// When `drain` should be called again though nothing happened.
    public var nextDeadline: Instant? { deadlines.next }

    /// How far a device with its addresses is; the worst of them.
    public func status(of name: InterfaceName) -> ObjectStatus {
        let keys =
            [.link(name)] + desired.addresses(on: name).map { ObjectKey.address(name, $0) }
        let all = keys.map { status(of: $0) }
        for rank in 0...2 {
            for status in all where status.rank == rank { return status }
        }
        return .settled
    }

    /// How far one object is.
    public func status(of key: ObjectKey) -> ObjectStatus {
        if busy[key] != nil { return .working }
        if let state = states[key] { return state }
        guard queue.contains(key) else { return .settled }
        return isPrimed ? .working : .waiting("\(key) waits until the kernel has been read once")
    }

    /// Everything that is not settled, in order.
    public var unsettled: [(key: ObjectKey, status: ObjectStatus)] {
        Set(states.keys).union(busy.keys).union(queue.all).sorted()
            .map { ($0, status(of: $0)) }
    }

    /// The kernel holds what is wanted, as far as is known.
    public var isSettled: Bool { isPrimed && !needsResync && isIdle && states.isEmpty }

    /// Nothing to do until an event, an outcome or the next deadline.
    public var isIdle: Bool { queue.isEmpty && flights.isEmpty }

    /// The previous values of the ports that are adopted.
    public var adoptedPorts: [InterfaceName: PreviousValues] {
        adoptions.mapValues(\.previous)
    }

    /// The records to write down: hand them to `init(adoptions:)` of the next run.
    public func exportAdoptions() -> [InterfaceName: Adoption] { adoptions }
}

extension ObjectStatus {
    /// The worst first.
    fileprivate var rank: Int {
        switch self {
        case .failed: 0
        case .waiting: 1
        case .working: 2
        case .settled: 3
        }
    }
}
