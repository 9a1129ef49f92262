import Net
import Testing

@testable import BGP

/// RFC 4271 §8 as a table: every state meets every event.
struct SessionTests {
    static let agreed = Negotiated(
        peerID: IPv4Address(192, 0, 2, 1), peerASN: ASN(65001), isInternal: false,
        families: [.ipv4], hasFourOctetASN: true, holdTime: 90, maximumLength: 4096,
        hasRouteRefresh: true, hasEnhancedRefresh: false, gracefulRestart: nil,
        peerCapabilities: [])

    static let events: [(name: String, event: SessionEvent)] = [
        ("start", .start), ("listen", .listen), ("end", .end(Notification(6, 2))),
        ("drop", .drop(.stopped)), ("retry", .connectRetryExpired), ("hold", .holdExpired),
        ("keepalive timer", .keepaliveExpired), ("send hold", .sendHoldExpired),
        ("connected", .connected), ("failed", .failed), ("OPEN", .open(agreed)),
        ("KEEPALIVE", .keepalive), ("UPDATE", .update), ("REFRESH", .refresh),
        ("NOTIFICATION", .notification(Notification(6, 4))),
    ]

    /// For each event the answers of Idle, Connect, Active, OpenSent, OpenConfirm, Established:
    /// the new state and what is asked for, in order.
    static let answers: [String: [String]] = [
        "start": [
            "connect: connect", "connect:", "active:", "open-sent:", "open-confirm:",
            "established:",
        ],
        "listen": [
            "active:", "connect:", "active:", "open-sent:", "open-confirm:", "established:",
        ],
        "end": [
            "idle:", "idle: close ended", "idle: ended", "idle: 6/2 close ended",
            "idle: 6/2 close ended", "idle: 6/2 close ended",
        ],
        "drop": [
            "idle:", "idle: close ended", "idle: ended", "idle: close ended", "idle: close ended",
            "idle: close ended",
        ],
        "retry": [
            "idle:", "connect: close failed connect", "connect: connect", "idle: 5/1 close ended",
            "idle: 5/2 close ended", "idle: 5/3 close ended",
        ],
        "hold": [
            "idle:", "idle: close ended", "idle: ended", "idle: 4/0 close ended",
            "idle: 4/0 close ended", "idle: 4/0 close ended",
        ],
        "keepalive timer": [
            "idle:", "idle: close ended", "idle: ended", "idle: 5/1 close ended",
            "open-confirm: KEEPALIVE", "established: KEEPALIVE",
        ],
        "send hold": [
            "idle:", "idle: close ended", "idle: ended", "idle: 5/1 close ended",
            "idle: 5/2 close ended", "idle: 8/0 close ended",
        ],
        "connected": [
            "idle:", "open-sent: OPEN", "open-sent: OPEN", "idle: 5/1 close ended",
            "idle: 5/2 close ended", "idle: 5/3 close ended",
        ],
        "failed": [
            "idle:", "active: failed", "active:", "active: failed", "idle: ended", "idle: ended",
        ],
        "OPEN": [
            "idle:", "idle: close ended", "idle: ended", "open-confirm: KEEPALIVE",
            "idle: 5/2 close ended", "idle: 5/3 close ended",
        ],
        "KEEPALIVE": [
            "idle:", "idle: close ended", "idle: ended", "idle: 5/1 close ended",
            "established: established", "established:",
        ],
        "UPDATE": [
            "idle:", "idle: close ended", "idle: ended", "idle: 5/1 close ended",
            "idle: 5/2 close ended", "established:",
        ],
        "REFRESH": [
            "idle:", "idle: close ended", "idle: ended", "idle: 5/1 close ended",
            "idle: 5/2 close ended", "established:",
        ],
        "NOTIFICATION": [
            "idle:", "idle: close ended", "idle: ended", "idle: close ended", "idle: close ended",
            "idle: close ended",
        ],
    ]

    static func session(in state: SessionState) -> Session {
        var session = Session(.outgoing, connectRetry: .seconds(5), seed: 1)
        var actions: [SessionAction] = []
        let way: [SessionEvent] =
            switch state {
            case .idle: []
            case .connect: [.start]
            case .active: [.listen]
            case .openSent: [.start, .connected]
            case .openConfirm: [.start, .connected, .open(agreed)]
            case .established: [.start, .connected, .open(agreed), .keepalive]
            }
        for event in way { session.handle(event, at: .zero, into: &actions) }
        precondition(session.state == state, "the way to \(state) leads to \(session.state)")
        return session
    }

    static func text(_ action: SessionAction) -> String {
        switch action {
        case .connect: "connect"
        case .sendOpen: "OPEN"
        case .sendKeepalive: "KEEPALIVE"
        case .send(let notification): "\(notification.code)/\(notification.subcode)"
        case .close: "close"
        case .established: "established"
        case .failed: "failed"
        case .ended: "ended"
        }
    }

    @Test(arguments: events.indices, SessionState.allCases)
    func `every event has its answer in every state`(_ index: Int, _ state: SessionState) throws {
        let (name, event) = Self.events[index]
        var session = Self.session(in: state)
        var actions: [SessionAction] = []
        session.handle(event, at: .zero, into: &actions)
        let answer = ["\(session.state):"] + actions.map(Self.text)
        let expected = try #require(Self.answers[name])[Int(state.rawValue)]
        #expect(answer.joined(separator: " ") == expected)
    }

    @Test(arguments: SessionState.allCases)
    func `a session that ended keeps no timer`(_ state: SessionState) {
        var session = Self.session(in: state)
        var actions: [SessionAction] = []
        session.handle(.drop(.stopped), at: .zero, into: &actions)
        #expect(session.timers.next == nil && session.negotiated == nil)
    }

    @Test func `before the peer's OPEN the hold time is large`() {
        #expect(Self.session(in: .openSent).timers.hold == .at(240))
        #expect(Self.session(in: .openConfirm).timers.hold == .at(90))
    }

    @Test(arguments: [MessageKind.open, .update, .keepalive, .routeRefresh])
    func `an unexpected message is named in the answer`(_ kind: MessageKind) {
        let session = Self.session(in: .established)
        #expect(session.unexpected(kind) == Notification(5, 3, data: [kind.rawValue]))
    }
}
