import BGP
import Net
import Testing

/// What became of bytes, and that it is one of the few things that may become of them.
enum Verdict: Hashable {
    /// Nothing is wrong yet, and more must come.
    case partial
    /// A message without an answer; the session is in this state now.
    case taken(SessionState)
    /// An UPDATE to be handled.
    case update(UpdateVerdict)
    /// The session ends with this NOTIFICATION of ours.
    case refused(Notification)
    /// The peer has ended the session.
    case ended

    /// Gives a message to a copy of a peer on its outgoing connection.
    init(_ bytes: [UInt8], at peer: Peer, _ update: inout UpdateBuffer) {
        var peer = peer
        let before = peer.state
        var actions: [PeerAction] = []
        let (consumed, hasUpdate) = peer.received(
            bytes.span.bytes, on: .outgoing, at: .zero, update: &update, into: &actions)
        var sent: [Notification] = []
        for case .send(.outgoing, let reply) in actions where reply[18] == 3 {
            sent.append(Notification(body: reply.span.bytes.extracting(19..<reply.count)))
        }
        let hasClosed = actions.contains(.close(.outgoing))
        if let notification = sent.first {
            self = .refused(notification)
            #expect(sent.count == 1 && hasClosed && !hasUpdate)
            #expect(before != .established || actions.contains(.down(.sent(notification))))
        } else if hasClosed {
            self = .ended
            #expect(bytes[18] == 3 && !hasUpdate, "only a NOTIFICATION ends without one")
        } else if hasUpdate {
            self = .update(update.verdict)
            #expect(consumed > 0 && before == .established && peer.state == .established)
        } else if consumed == 0 {
            self = .partial
            #expect(actions.isEmpty && peer.state == before)
        } else {
            self = .taken(peer.state)
        }
    }

    /// Whether a message of these bytes may come to this, at a peer in this state.
    func isAllowed(_ bytes: [UInt8], in state: SessionState) -> Bool {
        let length = bytes.count > 17 ? Int(bytes[16]) << 8 | Int(bytes[17]) : 0
        switch self {
        case .partial: return bytes.count < 19 || length > bytes.count
        case .taken(let next):
            guard state == .established else { return next == .openConfirm && bytes[18] == 1 }
            return next == .established && (bytes[18] == 4 || bytes[18] == 5)
        case .update(.ok), .update(.treatAsWithdraw): return bytes[18] == 2
        case .update(.reset): return false  // Said by a NOTIFICATION, never handed on.
        case .ended: return bytes[18] == 3
        case .refused(let notification):
            return Self.isAllowed(notification, bytes, in: state)
        }
    }

    private static func isAllowed(
        _ notification: Notification, _ bytes: [UInt8], in state: SessionState
    ) -> Bool {
        switch (notification.code, notification.subcode) {
        case (1, 1): bytes.prefix(16).contains { $0 != 0xFF }
        case (1, 2): notification.data == Array(bytes[16..<18])
        case (1, 3): notification.data == [bytes[18]] && !(1...5).contains(bytes[18])
        case (2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (2, 6), (2, 7), (2, 11):
            bytes[18] == 1 && state == .openSent
        case (3, 1), (3, 2), (3, 3), (3, 4), (3, 5), (3, 6), (3, 8), (3, 9), (3, 10), (3, 11):
            bytes[18] == 2 && state == .established
        // RFC 6608: a message out of its place.
        case (5, 1): state == .openSent && bytes[18] != 1 && notification.data == [bytes[18]]
        case (5, 3): state == .established && bytes[18] == 1 && notification.data == [1]
        case (7, 1): bytes[18] == 5 && state == .established
        default: false
        }
    }
}

/// Every truncation and every single-byte change of every golden message, all 255 values, at a
/// peer that waits for an OPEN and at one that is established.
struct VerdictTests {
    static func peer(_ state: SessionState) -> Peer {
        var settings = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9),
            families: [.ipv4, .ipv6])
        settings.offersEnhancedRefresh = true
        var peer = Peer(settings: settings, seed: 1)
        var actions: [PeerAction] = []
        peer.start(at: .zero, into: &actions)
        peer.dialed(at: .zero, into: &actions)
        guard state == .established else { return peer }
        let open = Open(
            shortASN: 65001, holdTime: 90, id: IPv4Address(192, 0, 2, 1),
            capabilities: [
                .multiprotocol(AddressFamily(.ipv4)), .multiprotocol(AddressFamily(.ipv6)),
                .fourOctetASN(ASN(65001)), .enhancedRouteRefresh, .routeRefresh,
                .extendedMessage,
            ])
        var hello: [UInt8] = []
        open.encode(into: &hello)
        Keepalive.encode(into: &hello)
        var update = UpdateBuffer()
        _ = peer.received(
            hello.span.bytes, on: .outgoing, at: .zero, update: &update, into: &actions)
        return peer
    }

    /// A golden message and the state it meets.
    struct Case: CustomTestStringConvertible {
        let bytes: [UInt8]
        let state: SessionState
        var testDescription: String { "type \(bytes[18]) of \(bytes.count) bytes in \(state)" }
        static let all: [Case] = [.openSent, .established].flatMap { state in
            Golden.all.map { Case(bytes: $0, state: state) }
        }
    }

    @Test(arguments: [SessionState.openSent, .established])
    func `the peer of these tests is in the state it should be in`(_ state: SessionState) {
        #expect(Self.peer(state).state == state)
    }

    @Test(arguments: Case.all)
    func `a message that is cut waits for the rest`(_ golden: Case) {
        let peer = Self.peer(golden.state)
        var update = UpdateBuffer()
        for count in 0..<golden.bytes.count {
            let verdict = Verdict(Array(golden.bytes[..<count]), at: peer, &update)
            #expect(verdict == .partial, "after \(count) bytes")
        }
    }

    @Test(arguments: Case.all)
    func `a message that is too short for what it says gets a verdict`(_ golden: Case) {
        let peer = Self.peer(golden.state)
        var update = UpdateBuffer()
        for count in 19..<golden.bytes.count {
            let bytes = message(golden.bytes[18], Array(golden.bytes[19..<count]))
            let verdict = Verdict(bytes, at: peer, &update)
            #expect(verdict != .partial, "of \(count) bytes")
            #expect(verdict.isAllowed(bytes, in: golden.state), "\(verdict) of \(count) bytes")
        }
    }

    @Test(arguments: Case.all)
    func `a message with one byte changed gets a verdict`(_ golden: Case) {
        let peer = Self.peer(golden.state)
        var update = UpdateBuffer()
        var bytes = golden.bytes
        for position in bytes.indices {
            let before = bytes[position]
            for value in UInt8.min ... .max where value != before {
                bytes[position] = value
                let verdict = Verdict(bytes, at: peer, &update)
                guard !verdict.isAllowed(bytes, in: golden.state) else { continue }
                Issue.record("\(verdict) with \(value) at \(position)")
            }
            bytes[position] = before
        }
    }

    @Test(arguments: 0..<16)
    func `a marker that is wrong anywhere is told at once`(_ position: Int) {
        var bytes = Array(repeating: UInt8(0xFF), count: position) + [0xFE]
        var update = UpdateBuffer()
        for state in [SessionState.openSent, .established] {
            bytes = Array(bytes.prefix(position + 1))
            let verdict = Verdict(bytes, at: Self.peer(state), &update)
            #expect(verdict == .refused(Notification(1, 1)))
        }
    }
}
