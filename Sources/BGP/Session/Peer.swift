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

    var outgoing: Session
    var incoming: Session
    /// What we say about graceful restart next time.
    var restartOffer: GracefulRestartOffer?
    /// How the peer's UPDATEs are to be read, while established.
    var rules = UpdateRules()
    /// Until when we hold back after a failure.
    var heldUntil: Instant?
    /// How long the next failure holds us back.
    var holdBack = Peer.shortestHoldBack
    /// The peer refused our optional parameters: say none next time.
    var omitsCapabilities = false
    var jitter: Jitter
    /// Room for the actions of a connection.
    private var pending: [SessionAction] = []

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

    /// Starts, or ends any holding back and tries at once.
    public mutating func start(at now: Instant, into actions: inout [PeerAction]) {
        if isStopped || heldUntil != nil {
            isStopped = false
            heldUntil = nil
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

    /// Asks the peer for its routes again; false when it cannot answer that.
    public mutating func requestRefresh(
        _ family: Family, into actions: inout [PeerAction]
    ) -> Bool {
        guard let establishedWay, let negotiated, negotiated.hasRouteRefresh,
            negotiated.families.contains(family)
        else { return false }
        send(on: establishedWay, into: &actions) {
            RouteRefresh(AddressFamily(family)).encode(into: &$0)
        }
        return true
    }

    /// Ends the established session, or the attempts at one, for a reason found above.
    public mutating func notify(
        _ notification: Notification, at now: Instant, into actions: inout [PeerAction]
    ) {
        for way in Way.allCases where self[way].state >= .openSent {
            handle(.end(notification), on: way, at: now, into: &actions)
        }
    }

    /// Runs what is due.
    public mutating func tick(at now: Instant, into actions: inout [PeerAction]) {
        if let heldUntil, heldUntil <= now {
            self.heldUntil = nil
            begin(at: now, into: &actions)
        }
        for way in Way.allCases {
            while let event = self[way].timers.take(due: now) {
                handle(event, on: way, at: now, into: &actions)
            }
        }
    }
}

extension Peer {
    /// RFC 4724 §5: a peer that restarts gracefully and connects anew has lost the old session.
    func mayReplace(at now: Instant) -> Bool {
        guard negotiated?.gracefulRestart != nil, let establishedAt else { return false }
        return now - establishedAt >= Peer.collisionTime
    }

    subscript(way: Way) -> Session {
        get { way == .outgoing ? outgoing : incoming }
        _modify {
            if way == .outgoing {
                yield &outgoing
            } else {
                yield &incoming
            }
        }
    }

    /// Gives an event to a connection and turns what it asks into actions.
    mutating func handle(
        _ event: SessionEvent, on way: Way, at now: Instant, into actions: inout [PeerAction]
    ) {
        var asked = pending
        pending = []
        self[way].handle(event, at: now, into: &asked)
        for action in asked {
            switch action {
            case .connect: actions.append(.connect)
            case .sendOpen:
                let open = settings.open(
                    restart: restartOffer, withCapabilities: !omitsCapabilities)
                send(on: way, into: &actions) { open.encode(into: &$0) }
            case .sendKeepalive: send(on: way, into: &actions) { Keepalive.encode(into: &$0) }
            case .send(let notification):
                send(on: way, into: &actions) { notification.encode(into: &$0) }
            case .close: actions.append(.close(way))
            case .established(let agreed):
                establish(agreed, on: way, at: now, into: &actions)
            case .failed(let reason):
                lastDown = reason
                resume(at: now, into: &actions)
            case .ended(let reason, let state):
                end(reason, from: state, on: way, at: now, into: &actions)
            }
        }
        asked.removeAll(keepingCapacity: true)
        pending = asked
    }

    mutating func send(
        on way: Way, into actions: inout [PeerAction], _ encode: (inout [UInt8]) -> Void
    ) {
        var bytes: [UInt8] = []
        encode(&bytes)
        counters.messagesOut += 1
        actions.append(.send(way, bytes))
    }

    /// RFC 8538 §3.1: what ends for good is a hard reset where the peer would else keep our routes
    /// for a graceful restart.
    private func hardened(_ notification: Notification) -> Notification {
        guard negotiated?.gracefulRestart?.coversNotifications ?? false,
            notification.cease == .administrativeShutdown
                || notification.cease == .peerDeconfigured
        else { return notification }
        return Notification(
            6, Notification.Cease.hardReset.rawValue,
            data: [notification.code, notification.subcode] + notification.data)
    }

    private mutating func begin(at now: Instant, into actions: inout [PeerAction]) {
        if !settings.isPassive, incoming.state < .openConfirm {
            handle(.start, on: .outgoing, at: now, into: &actions)
        }
        handle(.listen, on: .incoming, at: now, into: &actions)
    }

    private mutating func establish(
        _ agreed: Negotiated, on way: Way, at now: Instant, into actions: inout [PeerAction]
    ) {
        handle(.end(Notification(.collision)), on: way.other, at: now, into: &actions)
        negotiated = agreed
        rules = agreed.rules(settings)
        establishedWay = way
        establishedAt = now
        heldUntil = nil
        counters.established += 1
        // For RFC 4724 the restart of ours is over: what we forward from now on, we preserve.
        restartOffer?.isRestarting = false
        restartOffer?.preserved = settings.families
        actions.append(.established(agreed))
    }

    private mutating func end(
        _ reason: DownReason, from state: SessionState, on way: Way, at now: Instant,
        into actions: inout [PeerAction]
    ) {
        let goesOn = self[way.other].state >= .openSent
        if !goesOn, state >= .openSent { lastDown = reason }
        // RFC 5492 §3: a speaker that knows no optional parameters is tried without them.
        if case .received(let notification) = reason, notification.code == 2,
            notification.subcode == 4, settings.families.contains(.ipv4)
        {
            omitsCapabilities.toggle()
        }
        if establishedWay == way {
            if let establishedAt, now - establishedAt >= Peer.stableAfter {
                holdBack = Peer.shortestHoldBack
            }
            establishedWay = nil
            establishedAt = nil
            negotiated = nil
            counters.flaps += 1
            actions.append(.down(reason))
        }
        if isStopped { return }
        if goesOn || reason == .replaced {
            if way == .incoming { handle(.listen, on: way, at: now, into: &actions) }
        } else {
            back(off: now, into: &actions)
        }
    }

    /// Holds back after a failure. After the first one the peer may come at once; a peer that
    /// fails again and again must wait as we do.
    private mutating func back(off now: Instant, into actions: inout [PeerAction]) {
        guard heldUntil == nil else { return }
        heldUntil = now + jitter.shorten(holdBack)
        let isFirst = holdBack == Peer.shortestHoldBack
        holdBack = min(holdBack * 2, Peer.longestHoldBack)
        for way in Way.allCases where self[way].state > .idle {
            handle(.drop(.stopped), on: way, at: now, into: &actions)
        }
        if isFirst { handle(.listen, on: .incoming, at: now, into: &actions) }
    }

    /// After a connection failed early: whoever gave way to it takes up again.
    private mutating func resume(at now: Instant, into actions: inout [PeerAction]) {
        guard !isStopped, heldUntil == nil, max(outgoing.state, incoming.state) < .openSent,
            outgoing.state == .idle, !settings.isPassive
        else { return }
        back(off: now, into: &actions)
    }
}
