// The state machine of one TCP connection (RFC 4271 §8). Every event has an answer in every state;
// nothing fails, nothing is performed here: effects are appended for the peer above.

import Net

/// What may happen to a connection, with the numbers of RFC 4271 §8.1.
enum SessionEvent: Hashable, Sendable {
    /// Begin by connecting (1, 3).
    case start
    /// Begin by waiting for the peer (4, 5).
    case listen
    /// End with this NOTIFICATION: stopped (2, 8), a malformed message (21, 22, 28), lost a
    /// collision (23), or a reason found above.
    case end(Notification)
    /// End without one.
    case drop(DownReason)
    /// (9)
    case connectRetryExpired
    /// (10)
    case holdExpired
    /// (11)
    case keepaliveExpired
    /// RFC 9687.
    case sendHoldExpired
    /// The TCP connection is up (16, 17).
    case connected
    /// It could not be made, or is gone (18).
    case failed
    /// An OPEN that suits us (19).
    case open(Negotiated)
    /// (26)
    case keepalive
    /// (27)
    case update
    /// ROUTE-REFRESH (RFC 2918).
    case refresh
    /// (24, 25)
    case notification(Notification)
}

/// What a connection asks of the peer above it.
enum SessionAction: Hashable, Sendable {
    case connect
    case sendOpen
    case sendKeepalive
    case send(Notification)
    case close
    case established(Negotiated)
    /// An attempt failed before any OPEN was accepted; the session goes on by itself.
    case failed(DownReason)
    /// The session is Idle; it was in this state before.
    case ended(DownReason, from: SessionState)
}

/// One connection.
struct Session: Hashable, Sendable {
    private(set) var state: SessionState = .idle
    var timers = Timers()
    /// What both OPENs agreed, from OpenConfirm on.
    private(set) var negotiated: Negotiated?
    private let way: Way
    private let connectRetry: Duration
    private var jitter: Jitter

    init(_ way: Way, connectRetry: Duration, seed: UInt64) {
        self.way = way
        self.connectRetry = connectRetry
        jitter = Jitter(seed: seed)
    }

    /// Takes one event.
    mutating func handle(
        _ event: SessionEvent, at now: Instant, into actions: inout [SessionAction]
    ) {
        switch (state, event) {
        case (.idle, .start): connect(at: now, into: &actions)
        case (.idle, .listen): state = .active
        case (.idle, _): break  // §8.2.2: Idle ignores everything else.
        case (_, .start), (_, .listen): break  // Under way already.
        case (_, .drop(let reason)): end(reason, into: &actions)

        case (.connect, .connected), (.active, .connected):
            timers = Timers()
            timers.hold = now + Timers.largeHold
            state = .openSent
            actions.append(.sendOpen)
        case (.connect, .failed):
            // Active rather than Idle: the peer may connect to us while we pause.
            wait(.unreachable, at: now, into: &actions)
        case (.connect, .connectRetryExpired):
            actions.append(.close)
            actions.append(.failed(.unreachable))
            connect(at: now, into: &actions)
        case (.active, .connectRetryExpired): connect(at: now, into: &actions)
        case (.active, .failed): break  // There is no connection to lose.
        case (.connect, _), (.active, _): end(.stopped, into: &actions)

        case (.openSent, .failed): wait(.closed, at: now, into: &actions)
        case (.openSent, .open(let agreed)):
            negotiated = agreed
            state = .openConfirm
            if agreed.holdTime > 0 { timers.hold = now + agreed.hold }
            restartKeepalive(at: now)
            actions.append(.sendKeepalive)
        case (.openConfirm, .keepalive):
            guard let negotiated else { preconditionFailure("OpenConfirm without an OPEN") }
            state = .established
            restartHold(at: now)
            restartSendHold(at: now)
            actions.append(.established(negotiated))
        case (.openConfirm, .keepaliveExpired), (.established, .keepaliveExpired):
            restartKeepalive(at: now)
            actions.append(.sendKeepalive)
        case (.established, .keepalive), (.established, .update): restartHold(at: now)
        case (.established, .refresh): break

        case (_, .end(let notification)): refuse(notification, into: &actions)
        case (_, .holdExpired): refuse(.holdTimerExpired, into: &actions)
        case (.established, .sendHoldExpired): refuse(.sendHoldTimerExpired, into: &actions)
        case (_, .notification(let notification)):
            end(.received(notification), into: &actions)
        case (_, .failed): end(.closed, into: &actions)
        case (_, .open): refuse(unexpected(.open), into: &actions)
        case (_, .keepalive): refuse(unexpected(.keepalive), into: &actions)
        case (_, .update): refuse(unexpected(.update), into: &actions)
        case (_, .refresh): refuse(unexpected(.routeRefresh), into: &actions)
        case (_, .connected), (_, .connectRetryExpired), (_, .keepaliveExpired),
            (_, .sendHoldExpired):
            refuse(unexpected(nil), into: &actions)
        }
    }

    /// The answer to a message that has no place in this state (RFC 6608).
    func unexpected(_ kind: MessageKind?) -> Notification {
        let subcode: UInt8 =
            switch state {
            case .openSent: 1
            case .openConfirm: 2
            case .established: 3
            case .idle, .connect, .active: 0
            }
        return Notification(5, subcode, data: kind.map { [$0.rawValue] } ?? [])
    }

    /// Bytes went out to the kernel (RFC 9687).
    mutating func restartSendHold(at now: Instant) {
        guard state == .established, let negotiated, negotiated.holdTime > 0 else { return }
        timers.sendHold = now + max(.seconds(480), negotiated.hold * 2)
    }

    /// A KEEPALIVE or UPDATE was sent (§4.4).
    mutating func restartKeepalive(at now: Instant) {
        guard let negotiated, negotiated.holdTime > 0 else { return }
        timers.keepalive = now + jitter.shorten(negotiated.hold / 3)
    }

    private mutating func restartHold(at now: Instant) {
        guard let negotiated else { return }
        timers.hold = negotiated.holdTime > 0 ? now + negotiated.hold : nil
    }

    private mutating func connect(at now: Instant, into actions: inout [SessionAction]) {
        state = .connect
        timers.connectRetry = now + connectRetry
        actions.append(.connect)
    }

    /// Back to waiting; the one who dials will dial again.
    private mutating func wait(
        _ reason: DownReason, at now: Instant,
        into actions: inout [SessionAction]
    ) {
        state = .active
        negotiated = nil
        timers = Timers()
        if way == .outgoing { timers.connectRetry = now + jitter.shorten(connectRetry) }
        actions.append(.failed(reason))
    }

    private mutating func refuse(
        _ notification: Notification, into actions: inout [SessionAction]
    ) {
        actions.append(.send(notification))
        end(.sent(notification), into: &actions)
    }

    private mutating func end(_ reason: DownReason, into actions: inout [SessionAction]) {
        let before = state
        // In Active there is no connection yet, and a lost one needs no closing.
        if before != .active, reason != .closed { actions.append(.close) }
        state = .idle
        negotiated = nil
        timers = Timers()
        actions.append(.ended(reason, from: before))
    }
}
