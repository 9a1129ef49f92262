// The daemon as one value. Events go in by one method each, effects come out in their order. The
// engine routes: what a session, a route, a file or a device means is decided by the modules that
// it holds, and each `Engine+X.swift` only carries their answers to one another.
//
// After a batch of events the shell calls `settle` once; while `hasWork` says so, it calls again
// without waiting, so that hold timers and health are served between bounded pieces of work.

import BGP
import Control
import Intent
public import Net
import Reconcile
import Routing

/// What the engine must be told once.
public struct EngineOptions: Sendable {
    /// The host's name: the edge's name where the files give none.
    public var hostName: String
    /// For jitter and hashing.
    public var seed: UInt64
    /// The wall clock at the origin of `Instant`, in Unix nanoseconds, for time stamps.
    public var wallClockOrigin: Int64
    /// Names this boot of the host: records about devices are void in another one.
    public var bootID: String
    /// How long routes of an earlier run are kept while peers are silent.
    public var restartHold: Duration

    /// Options with their usual values.
    public init(
        hostName: String, seed: UInt64 = 0, wallClockOrigin: Int64 = 0, bootID: String = "",
        restartHold: Duration = .seconds(120)
    ) {
        self.hostName = hostName
        self.seed = seed
        self.wallClockOrigin = wallClockOrigin
        self.bootID = bootID
        self.restartHold = restartHold
    }
}

/// The daemon as one value.
public struct Engine: ~Copyable {
    /// Where the daemon is in its life.
    enum Phase: Hashable {
        /// Files and the kernel's state are not both known yet.
        case starting
        /// At work.
        case running
        /// Everything of ours is being removed.
        case draining(deadline: Instant)
        /// Done.
        case stopped
    }

    let options: EngineOptions
    var phase = Phase.starting
    /// `shutdown` was asked before files and kernel were known: it begins when they are, and the
    /// process ends at this time in any case.
    var shutdownBefore: Instant?
    /// `shutdown` moves traffic away first, and goes on at this time.
    var shutdownAfter: Instant?
    /// Peers have heard that we go: no session begins any more.
    var isParting = false
    var startedAt: Instant?

    var catalog: Catalog
    var hasRead = false
    var shares: [String: CircuitShare] = [:]
    var tenants: [String: TenantShare] = [:]
    var generation: UInt64 = 0

    var reconciler: Reconciler
    var rib: RIB
    var marks: KernelMarks
    var placeholder = Placeholder()
    var hostSettings = HostSettings()
    var hasDump = false
    /// There was a run before this one, which read its files.
    let hasEarlierRun: Bool
    var isDumping = false
    var dumpNotBefore: Instant?
    /// Links and addresses that changed while a dump was made.
    var heardMeanwhile: [KernelEvent] = []
    var lastDump: Instant?
    var nextDump: Instant?
    var holdUntil: Instant?
    var leaving = Leaving()
    var stepsInFlight = 0
    /// Steps that were refused, and when that was last said.
    var refusals: [String: Instant] = [:]
    var savedAdoptions: UInt64 = 0

    var links: [LiveLink] = []
    var freeLinks: [Int] = []
    var linkSlots: [LinkKey: Int] = [:]
    var linksByDevice: [InterfaceName: Set<Int>] = [:]
    var linksByTenant: [String: Set<Int>] = [:]
    var touchedDevices: Set<InterfaceName> = []
    var origins: [String: SourceID] = [:]
    var reserved: [SpaceID: [String: [Prefix]]] = [:]
    var reservedIsTouched: Set<SpaceID> = []
    var circuitNumbers: [String: UInt32] = [:]
    /// Links whose traffic the operator moved away, over restarts and while their files are gone.
    var drained: Set<LinkKey>

    var sessions: [LiveSession] = []
    var freeSessions: [Int] = []
    var sessionsByEnds: [Ends: Int] = [:]
    var connections: [ConnectionID: (slot: Int, way: Way)] = [:]
    var lastConnection: UInt64 = 0
    /// A connection that was accepted and has no place yet.
    var arriving: ConnectionID?
    var deadlines = Deadlines()
    var listeners: [Listener: ListenerState] = [:]
    var update = UpdateBuffer()
    var actions: [PeerAction] = []
    var receivers: Set<Int> = []
    var nextStranger: Instant?
    var ribIsTouched = false

    var healthBook = HealthBook()
    var events = EventBook()

    /// Session counters that outlive sessions, for metrics.
    var totals = Totals()

    /// A daemon that knows nothing yet. `saved` is what `Effect.save` kept under the same names.
    public init(options: EngineOptions, saved: [String: [UInt8]] = [:]) {
        self.options = options
        let restored = saved[Engine.catalogName].flatMap(SavedCatalog.init(decoding:))
        hasEarlierRun = restored != nil
        catalog = Catalog(restoring: restored, hostName: options.hostName)
        marks = catalog.settings?.marks ?? KernelMarks()
        let adoptions =
            saved[Engine.adoptionsName].flatMap {
                AdoptionRecord.decode($0, bootID: options.bootID)
            } ?? [:]
        drained = saved[Engine.drainedName].map(Engine.drainedLinks(decoding:)) ?? []
        reconciler = Reconciler(marks: marks, adoptions: adoptions)
        rib = RIB(marks: marks, seed: options.seed)
        savedAdoptions = reconciler.adoptionRevision
    }

    /// The name under which the last good files are kept.
    public static let catalogName = "catalog"
    /// The name under which the ports' previous values are kept.
    public static let adoptionsName = "adoptions"
    /// The name under which drained links are kept.
    public static let drainedName = "drained"

    /// The names of all that is kept, to be read before the start.
    public static let savedNames = [catalogName, adoptionsName, drainedName]

    /// How our objects are marked in the kernel: known before the kernel is first dumped, from the
    /// files.
    public var kernelMarks: KernelMarks { marks }

    /// Whether `settle` has more to do now.
    public var hasWork: Bool {
        guard hasDump, phase != .stopped else { return false }
        if rib.hasWork { return true }
        // Until the placeholder's fate is known, routes wait for an outcome or a deadline.
        return rib.hasSteps && placeholder.ready != nil && stepsInFlight < Engine.stepWindow
    }

    /// When `tick` must be called though nothing happens.
    public var nextDeadline: Instant? {
        mutating get {
            var next = deadlines.next
            next = earlier(next, catalog.nextDeadline)
            next = earlier(next, nextDump)
            next = earlier(next, holdUntil)
            next = earlier(next, healthBook.nextLook)
            if hasDump {
                // With no room for steps, outcomes are what is waited for.
                if stepsInFlight < Engine.stepWindow {
                    next = earlier(next, reconciler.nextDeadline)
                    if placeholder.ready != nil { next = earlier(next, rib.nextDeadline) }
                }
                next = earlier(next, placeholder.nextDeadline)
                next = earlier(next, leaving.deadline)
            }
            for state in listeners.values { next = earlier(next, state.retryAt) }
            if case .draining(let deadline) = phase { next = earlier(next, deadline) }
            if phase == .starting { next = earlier(next, shutdownBefore) }
            if phase == .running { next = earlier(next, shutdownAfter) }
            return next
        }
    }

    /// Time has passed.
    public mutating func tick(at now: Instant, into effects: inout [Effect]) {
        while let slot = deadlines.take(at: now) { tickSession(slot, at: now, into: &effects) }
        if let due = catalog.nextDeadline, due <= now {
            apply(catalog.tick(at: now), at: now, into: &effects)
        }
        if let due = nextDump, due <= now { requestDump(at: now, into: &effects) }
        if let due = holdUntil, due <= now { endHold(at: now, into: &effects) }
        if phase == .running, let due = shutdownAfter, due <= now {
            if isParting {
                shutDown(at: now, into: &effects)
            } else {
                part(at: now, into: &effects)
            }
        }
        for (listener, state) in listeners where state.retryAt.map({ $0 <= now }) ?? false {
            open(listener, into: &effects)
        }
    }

    /// Carries what the last events changed to where it matters. Bounded; call again while
    /// `hasWork`.
    public mutating func settle(at now: Instant, into effects: inout [Effect]) {
        guard phase != .stopped else { return }
        if hasDump {
            // What the reconciler says of a device is true once it has compared anew.
            var batch = reconcile(at: now, into: &effects)
            evaluateTouchedLinks(at: now, into: &effects)
            if holdUntil != nil { endHoldIfHeard(at: now, into: &effects) }
            forward(at: now, into: &batch)
            // What a port was like is on disk before it is changed.
            saveAdoptions(into: &effects)
            program(batch, into: &effects)
            settleReceivers(into: &effects)
        }
        look(at: now, into: &effects)
        finishIfDone(at: now, into: &effects)
    }

    /// SIGTERM: the process will end now. The kernel's state stays. A peer that keeps our routes
    /// over a restart is left without a word, the others hear that we go.
    public mutating func terminate(at now: Instant, into effects: inout [Effect]) {
        guard phase != .stopped else { return }
        for slot in sessions.indices where sessions[slot].isLive {
            let keeps = sessions[slot].peer.negotiated?.gracefulRestart != nil
            stopSession(
                slot,
                keeps ? nil : Notification(.administrativeReset, text: "daemon is restarting"),
                at: now, into: &effects)
        }
        log(.notice, "stopping; the kernel's state stays", into: &effects)
        phase = .stopped
        effects.append(.stop)
    }

    /// `circuitctl shutdown`: traffic is moved away, then sessions end with CEASE and everything of
    /// ours is removed. Asked twice, it does not wait.
    mutating func drainAndShutDown(at now: Instant, into effects: inout [Effect]) {
        let hasPeers = sessions.contains { $0.isLive && $0.peer.state == .established }
        guard phase == .running, shutdownAfter == nil, hasPeers else {
            return shutDown(at: now, into: &effects)
        }
        log(.notice, "shutting down: moving traffic away first", into: &effects)
        shutdownAfter = now + Engine.drainTime
        for slot in links.indices where links[slot].isLive && !links[slot].isDrained {
            links[slot].isDrained = true
            applyDrain(slot)
        }
        healthBook.isTouched = true
    }

    mutating func shutDown(at now: Instant, into effects: inout [Effect]) {
        guard phase == .running else {
            // What of ours is there, and under which marks, is not known yet.
            if phase == .starting, shutdownBefore == nil {
                log(.notice, "shutting down when files and kernel are read", into: &effects)
                shutdownBefore = now + Engine.shutdownTime
            }
            return
        }
        log(.notice, "shutting down: removing everything of ours", into: &effects)
        part(at: now, into: &effects)
        for name in shares.keys.sorted() { setShare(nil, of: name, at: now, into: &effects) }
        for name in tenants.keys.sorted() { setTenant(nil, name, at: now, into: &effects) }
        endHold(at: now, into: &effects)
        phase = .draining(deadline: now + Engine.shutdownTime)
        healthBook.revision += 1
    }

    /// Ends all sessions for good. Their links stay for a moment, so that the word gets through.
    private mutating func part(at now: Instant, into effects: inout [Effect]) {
        isParting = true
        shutdownAfter = now + .seconds(1)
        for slot in sessions.indices where sessions[slot].isLive {
            stopSession(
                slot, Notification(.administrativeShutdown, text: "shut down by operator"),
                at: now, into: &effects)
        }
    }

    private static let shutdownTime = Duration.seconds(15)
    /// What peers get to turn away before a session ends for good.
    private static let drainTime = Duration.seconds(3)

    private mutating func finishIfDone(at now: Instant, into effects: inout [Effect]) {
        if phase == .starting, let shutdownBefore, shutdownBefore <= now {
            log(.error, "the kernel could not be read: nothing was removed", into: &effects)
            phase = .stopped
            effects.append(.stop)
        }
        guard case .draining(let deadline) = phase else { return }
        let isClean =
            leaving.isEmpty && rib.forwarding.isSettled && rib.forwarding.installed == 0
            && placeholder.isGone && reconciler.isSettled && stepsInFlight == 0
        guard isClean || deadline <= now else { return }
        if isClean {
            log(.notice, "nothing of ours is left in the kernel", into: &effects)
        } else {
            log(.error, "not everything could be removed in time", into: &effects)
        }
        phase = .stopped
        effects.append(.stop)
    }
}
