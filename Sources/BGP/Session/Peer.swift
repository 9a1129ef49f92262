// One neighbour: its two possible connections, which of them survives (RFC 4271 §6.8), when to
// dial again, and how long to hold back after failures.

public import Net

/// A neighbour as a value: events in, actions out, no clock and no I/O.
public struct Peer: Sendable {
    /// The settings it was made with.
    public let settings: PeerSettings
    /// Numbers for status and metrics.
    public internal(set) var counters = Counters()
    /// Why the last session or attempt ended.
    public internal(set) var lastDown: DownReason?
    /// Since when the session is established.
    public internal(set) var establishedAt: Instant?
    /// What the established session agreed.
    public internal(set) var negotiated: Negotiated?
    /// The connection of the established session.
    public internal(set) var establishedWay: Way?
    /// Whether an operator stopped it, or it was never started.
    public internal(set) var isStopped = true
    /// Until when `notify` holds it down: it neither dials nor accepts.
    public internal(set) var heldDownUntil: Instant?

    var outgoing: Session
    var incoming: Session
    /// What we say about graceful restart next time.
    var restartOffer: GracefulRestartOffer?
    /// How the peer's UPDATEs are to be read, while established.
    var rules = UpdateRules()
    /// What the peer's marks around its routes may still do.
    var marks = RefreshMarks()
    /// Until when we hold back after a failure, or are held down.
    var heldUntil: Instant?
    /// How long the next failure holds us back.
    var holdBack = Peer.shortestHoldBack
    /// The peer refused our optional parameters: say none next time.
    var omitsCapabilities = false
    var jitter: Jitter
    /// Room for the actions of a connection.
    var pending: [SessionAction] = []

    static let shortestHoldBack: Duration = .seconds(1)
    static let longestHoldBack: Duration = .seconds(60)
    /// A session that lived this long has proved itself: holding back begins anew.
    static let stableAfter: Duration = .seconds(60)
    /// A second connection within this time is a collision, not a restart of the peer.
    static let collisionTime: Duration = .seconds(10)

    /// Numbers that only grow.
    public struct Counters: Hashable, Sendable {
        /// Messages received.
        public var messagesIn: UInt64 = 0
        /// Messages sent.
        public var messagesOut: UInt64 = 0
        /// UPDATEs received.
        public var updatesIn: UInt64 = 0
        /// UPDATEs sent.
        public var updatesOut: UInt64 = 0
        /// Times the session was established.
        public var established: UInt64 = 0
        /// Times it was lost.
        public var flaps: UInt64 = 0
        /// UPDATEs treated as withdrawals (RFC 7606).
        public var treatedAsWithdraw: UInt64 = 0
        /// Attributes discarded (RFC 7606).
        public var discardedAttributes: UInt64 = 0
    }

    /// A stopped peer; `seed` decides the jitter of its timers.
    public init(settings: PeerSettings, seed: UInt64) {
        self.settings = settings
        restartOffer = settings.gracefulRestart
        jitter = Jitter(seed: seed)
        outgoing = Session(.outgoing, connectRetry: settings.connectRetry, seed: seed ^ 1)
        incoming = Session(.incoming, connectRetry: settings.connectRetry, seed: seed ^ 2)
    }

    /// The furthest state of its connections; Idle while stopped or holding back.
    public var state: SessionState {
        let furthest = max(outgoing.state, incoming.state)
        if furthest >= .openSent { return furthest }
        if heldUntil != nil { return .idle }
        return outgoing.state == .idle ? incoming.state : outgoing.state
    }

    /// When `tick` is due; nil when no timer runs.
    public var nextDeadline: Instant? {
        earlier(heldUntil, earlier(outgoing.timers.next, incoming.timers.next))
    }

    /// Starts, or ends any holding back or down and tries at once.
    public mutating func start(at now: Instant, into actions: inout [PeerAction]) {
        if isStopped || heldUntil != nil {
            isStopped = false
            heldUntil = nil
            heldDownUntil = nil
            holdBack = Peer.shortestHoldBack
            begin(at: now, into: &actions)
        } else if outgoing.state == .active {
            handle(.connectRetryExpired, on: .outgoing, at: now, into: &actions)
        }
    }

    /// Ends everything until `start`; without a notification the connections just close.
    public mutating func stop(
        _ notification: Notification?, at now: Instant, into actions: inout [PeerAction]
    ) {
        isStopped = true
        heldUntil = nil
        heldDownUntil = nil
        lastDown = .stopped
        for way in Way.allCases {
            let event = notification.map { SessionEvent.end(hardened($0)) } ?? .drop(.stopped)
            handle(event, on: way, at: now, into: &actions)
        }
    }

    /// The TCP connection asked for is up.
    public mutating func dialed(at now: Instant, into actions: inout [PeerAction]) {
        guard outgoing.state == .connect else { return }
        handle(.connected, on: .outgoing, at: now, into: &actions)
    }

    /// The TCP connection asked for failed.
    public mutating func dialFailed(at now: Instant, into actions: inout [PeerAction]) {
        guard outgoing.state == .connect else { return }
        handle(.failed, on: .outgoing, at: now, into: &actions)
    }

    /// The peer has connected; false refuses. Among the actions of this call `.close(.incoming)`
    /// means an older connection that gives way, and `.send(.incoming, ...)` the new one.
    public mutating func accepted(at now: Instant, into actions: inout [PeerAction]) -> Bool {
        guard !isStopped else { return false }
        switch establishedWay {
        case .incoming:
            // The peer has given up the connection it opened before.
            guard mayReplace(at: now) else { return false }
            handle(.drop(.replaced), on: .incoming, at: now, into: &actions)
        case .outgoing:
            // Its OPEN decides.
            guard mayReplace(at: now) else { return false }
        case nil where incoming.state == .openSent:
            // The peer says nothing on the older one: it has given that up.
            handle(.drop(.replaced), on: .incoming, at: now, into: &actions)
        case nil: break
        }
        guard incoming.state == .active else { return false }
        handle(.connected, on: .incoming, at: now, into: &actions)
        return true
    }

    /// A connection ended that we did not close.
    public mutating func closed(_ way: Way, at now: Instant, into actions: inout [PeerAction]) {
        handle(.failed, on: way, at: now, into: &actions)
    }

    /// The kernel took bytes of this connection (RFC 9687). To be said whenever it takes some:
    /// eight silent minutes end the session.
    public mutating func wrote(_ way: Way, at now: Instant) {
        self[way].restartSendHold(at: now)
    }

    /// UPDATEs were queued on the established connection.
    public mutating func sentUpdates(_ count: Int, at now: Instant) {
        guard let establishedWay, count > 0 else { return }
        counters.messagesOut += UInt64(count)
        counters.updatesOut += UInt64(count)
        self[establishedWay].restartKeepalive(at: now)
    }

    /// Ends the established session, or the attempts at one, for a reason found above. With a
    /// pause the peer is then held down: for that time it neither dials nor accepts, unless `start`
    /// ends it early.
    public mutating func notify(
        _ notification: Notification, holdingFor pause: Duration? = nil, at now: Instant,
        into actions: inout [PeerAction]
    ) {
        if let pause, !isStopped {
            heldDownUntil = now + pause
            heldUntil = heldDownUntil
        }
        for way in Way.allCases where self[way].state >= .openSent {
            handle(.end(notification), on: way, at: now, into: &actions)
        }
        guard heldDownUntil != nil else { return }
        for way in Way.allCases where self[way].state > .idle {
            handle(.drop(.stopped), on: way, at: now, into: &actions)
        }
    }

    /// Runs what is due.
    public mutating func tick(at now: Instant, into actions: inout [PeerAction]) {
        if let heldUntil, heldUntil <= now {
            self.heldUntil = nil
            heldDownUntil = nil
            begin(at: now, into: &actions)
        }
        for way in Way.allCases {
            while let event = self[way].timers.take(due: now) {
                handle(event, on: way, at: now, into: &actions)
            }
        }
    }
}
