import BGP
import Net
import Testing

/// One peer of ours with whatever the other side says to it, in virtual time.
struct PeerProbe {
    var peer: Peer
    var now = Instant.zero
    var actions: [PeerAction] = []
    var update = UpdateBuffer()

    static let settings: PeerSettings = {
        var settings = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9),
            holdTime: 90, families: [.ipv4])
        settings.connectRetry = .seconds(5)
        return settings
    }()

    init(_ settings: PeerSettings = settings, seed: UInt64 = 1, isStarted: Bool = true) {
        peer = Peer(settings: settings, seed: seed)
        if isStarted { start() }
    }

    mutating func start() { peer.start(at: now, into: &actions) }

    mutating func hear(_ bytes: [UInt8], on way: Way = .outgoing) {
        _ = peer.received(bytes.span.bytes, on: way, at: now, update: &update, into: &actions)
    }

    /// An OPEN of the peer.
    static func open(
        id: IPv4Address = IPv4Address(192, 0, 2, 1), hold: UInt16 = 90,
        _ capabilities: [Capability] = [
            .multiprotocol(AddressFamily(.ipv4)), .routeRefresh, .fourOctetASN(ASN(65001)),
        ]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        Open(shortASN: 65001, holdTime: hold, id: id, capabilities: capabilities)
            .encode(into: &bytes)
        return bytes
    }

    mutating func establish(on way: Way = .outgoing, _ open: [UInt8] = PeerProbe.open()) {
        if way == .outgoing {
            peer.dialed(at: now, into: &actions)
        } else {
            _ = peer.accepted(at: now, into: &actions)
        }
        hear(open + Golden.keepalive, on: way)
    }

    /// Time passes; whatever is due runs at its moment.
    mutating func run(until end: Instant) {
        while let deadline = peer.nextDeadline, deadline <= end {
            precondition(deadline >= now, "a deadline in the past")
            now = deadline
            peer.tick(at: now, into: &actions)
        }
        now = end
    }

    /// The actions since the last time, as words.
    mutating func words() -> [String] {
        defer { actions = [] }
        return actions.map { action in
            switch action {
            case .connect: return "connect"
            case .close(let way): return "close \(way)"
            case .established: return "established"
            case .down(let reason): return "down: \(reason)"
            case .refresh(let family): return "refresh \(family)"
            case .refreshBegan(let family): return "refresh of \(family) began"
            case .refreshEnded(let family): return "refresh of \(family) ended"
            case .send(let way, let bytes):
                guard case .whole(let kind, _) = Frame(bytes.span.bytes) else { return "garbage" }
                guard kind == .notification else { return "\(kind) \(way)" }
                return "\(bytes[19])/\(bytes[20]) \(way)"
            }
        }
    }
}

struct PeerTests {
    @Test func `a session comes up over the connection we open`() {
        var probe = PeerProbe()
        #expect(probe.words() == ["connect"])
        #expect(probe.peer.state == .connect)
        probe.peer.dialed(at: probe.now, into: &probe.actions)
        #expect(probe.words() == ["open outgoing"])
        probe.hear(PeerProbe.open())
        #expect(probe.words() == ["keepalive outgoing"])
        #expect(probe.peer.state == .openConfirm)
        probe.hear(Golden.keepalive)
        #expect(probe.words() == ["established"])
        #expect(probe.peer.establishedWay == .outgoing)
        #expect(probe.peer.establishedAt == .zero)
        #expect(probe.peer.counters.messagesIn == 2 && probe.peer.counters.messagesOut == 2)
    }

    @Test func `a session comes up over the connection the peer opens`() {
        var probe = PeerProbe()
        probe.establish(on: .incoming)
        #expect(
            probe.words()
                == [
                    "connect", "open incoming", "close outgoing", "keepalive incoming",
                    "established",
                ])
        #expect(probe.peer.establishedWay == .incoming)
    }

    @Test func `a passive peer waits`() {
        var settings = PeerProbe.settings
        settings.isPassive = true
        var probe = PeerProbe(settings)
        #expect(probe.words().isEmpty && probe.peer.state == .active)
        #expect(probe.peer.nextDeadline == nil)
        probe.establish(on: .incoming)
        #expect(probe.peer.state == .established)
    }

    @Test func `a stopped peer refuses`() {
        var probe = PeerProbe(isStarted: false)
        let isAccepted = probe.peer.accepted(at: .zero, into: &probe.actions)
        #expect(!isAccepted && probe.words().isEmpty && probe.peer.nextDeadline == nil)
    }

    @Test(arguments: [true, false])
    func `of two connections the one of the higher identifier survives`(_ isOursHigher: Bool) {
        var probe = PeerProbe()
        probe.peer.dialed(at: .zero, into: &probe.actions)
        let isAccepted = probe.peer.accepted(at: .zero, into: &probe.actions)
        #expect(isAccepted)
        _ = probe.words()
        let open = PeerProbe.open(id: IPv4Address(192, 0, 2, isOursHigher ? 1 : 200))
        probe.hear(open, on: .outgoing)
        probe.hear(open, on: .incoming)
        let survivor: Way = isOursHigher ? .outgoing : .incoming
        let end = ["6/7 \(survivor.other)", "close \(survivor.other)"]
        #expect(
            probe.words()
                == ["keepalive outgoing"] + end + (isOursHigher ? [] : ["keepalive incoming"]))
        probe.hear(Golden.keepalive, on: survivor)
        #expect(probe.words() == ["established"])
        #expect(probe.peer.establishedWay == survivor)
        #expect(probe.peer.lastDown == nil)
    }

    @Test(arguments: [true, false])
    func `with equal identifiers the higher AS decides`(_ isOursHigher: Bool) {
        var settings = PeerProbe.settings
        settings.localASN = ASN(isOursHigher ? 65100 : 64900)
        var probe = PeerProbe(settings)
        probe.peer.dialed(at: .zero, into: &probe.actions)
        _ = probe.peer.accepted(at: .zero, into: &probe.actions)
        let open = PeerProbe.open(id: settings.localID)
        probe.hear(open, on: .incoming)
        probe.hear(open, on: .outgoing)
        let survivor: Way = isOursHigher ? .outgoing : .incoming
        probe.hear(Golden.keepalive, on: survivor)
        #expect(probe.peer.establishedWay == survivor)
    }

    @Test func `an established session stays when the peer connects again`() {
        var probe = PeerProbe()
        probe.establish()
        let isAccepted = probe.peer.accepted(at: .zero, into: &probe.actions)
        #expect(!isAccepted && probe.peer.state == .established)
    }

    @Test(arguments: Way.allCases)
    func `a peer that restarts gracefully replaces its session`(_ way: Way) {
        var settings = PeerProbe.settings
        settings.gracefulRestart = GracefulRestartOffer(restartTime: 120)
        var probe = PeerProbe(settings)
        let restart = GracefulRestartCapability(
            isRestarting: true, coversNotifications: true, restartTime: 60,
            families: [.init(AddressFamily(.ipv4), isPreserved: true)])
        let open = PeerProbe.open([
            .multiprotocol(AddressFamily(.ipv4)), .gracefulRestart(restart),
        ])
        probe.establish(on: way, open)
        probe.run(until: .at(20))
        _ = probe.words()
        let isAccepted = probe.peer.accepted(at: probe.now, into: &probe.actions)
        #expect(isAccepted)
        probe.hear(open + Golden.keepalive, on: .incoming)
        let replaced = ["close \(way)", "down: \(DownReason.replaced)"]
        let rest = ["keepalive incoming", "established"]
        #expect(
            probe.words()
                == (way == .incoming
                    ? replaced + ["open incoming"] + rest : ["open incoming"] + replaced + rest))
        #expect(probe.peer.establishedWay == .incoming)
    }

    @Test func `a second connection to a young session is a collision, not a restart`() {
        var settings = PeerProbe.settings
        settings.gracefulRestart = GracefulRestartOffer(restartTime: 120)
        var probe = PeerProbe(settings)
        let restart = GracefulRestartCapability(
            isRestarting: false, coversNotifications: true, restartTime: 60, families: [])
        probe.establish(PeerProbe.open([.gracefulRestart(restart)]))
        let isAccepted = probe.peer.accepted(at: .at(1), into: &probe.actions)
        #expect(!isAccepted && probe.peer.state == .established)
    }

    @Test func `an administrative stop says why and stays down`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.peer.stop(
            Notification(.administrativeShutdown, text: "maintenance"), at: .zero,
            into: &probe.actions)
        #expect(
            probe.words() == [
                "6/2 outgoing", "close outgoing",
                "down: sent cease/administrative shutdown: maintenance",
            ])
        #expect(probe.peer.state == .idle && probe.peer.nextDeadline == nil)
        #expect(probe.peer.isStopped)
        probe.start()
        #expect(probe.words() == ["connect"])
    }

    @Test func `a stop without a notification just closes`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.peer.stop(nil, at: .zero, into: &probe.actions)
        #expect(probe.words() == ["close outgoing", "down: ended by us"])
    }

    @Test func `an UPDATE is handed over one at a time`() {
        var probe = PeerProbe()
        probe.establish()
        let bytes = Golden.keepalive + Golden.announce4 + Golden.announce4 + [0xFF, 0xFF]
        let first = probe.peer.received(
            bytes.span.bytes, on: .outgoing, at: .zero, update: &probe.update, into: &probe.actions)
        #expect(first == (19 + 82, true))
        #expect(probe.update.announced4.count == 2)
        let rest = Array(bytes[first.consumed...])
        let second = probe.peer.received(
            rest.span.bytes, on: .outgoing, at: .zero, update: &probe.update, into: &probe.actions)
        #expect(second == (82, true))
        let tail = probe.peer.received(
            ([0xFF, 0xFF] as [UInt8]).span.bytes, on: .outgoing, at: .zero, update: &probe.update,
            into: &probe.actions)
        #expect(tail == (0, false))
        #expect(probe.peer.counters.updatesIn == 2)
    }

    @Test func `an UPDATE beyond repair is answered here`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.hear(message(2, hex("0005 0000")) + Golden.announce4)
        #expect(
            probe.words() == [
                "3/1 outgoing", "close outgoing",
                "down: sent UPDATE error/malformed attribute list",
            ])
        #expect(probe.peer.counters.updatesIn == 1 && probe.peer.counters.flaps == 1)
    }

    @Test func `a reason found above ends the session`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.peer.notify(Notification(.maximumPrefixes), at: .zero, into: &probe.actions)
        #expect(probe.words().prefix(2) == ["6/1 outgoing", "close outgoing"])
        #expect(probe.peer.lastDown == .sent(Notification(.maximumPrefixes)))
    }

    @Test func `a request for routes is passed up, for families that are negotiated`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.hear(message(5, hex("0001 00 01")))
        probe.hear(message(5, hex("0002 00 01")))  // not negotiated
        probe.hear(message(5, hex("0001 01 01")))  // a mark that was not agreed on
        probe.hear(message(5, hex("0001 00 01 01 40 ffff")))  // ORF, never offered
        #expect(probe.words() == ["refresh ipv4"])
        #expect(probe.peer.state == .established)
    }

    @Test func `we ask for routes only where the peer can answer`() {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        let asked = [Family.ipv4, .ipv6].map {
            probe.peer.requestRefresh($0, into: &probe.actions)
        }
        #expect(asked == [true, false])
        #expect(probe.words() == ["routeRefresh outgoing"])
    }

    @Test func `a peer that refuses our parameters is tried without them`() {
        var probe = PeerProbe()
        probe.peer.dialed(at: .zero, into: &probe.actions)
        probe.hear(message(3, [2, 4]))
        probe.run(until: .at(1))
        probe.actions = []
        probe.peer.dialed(at: probe.now, into: &probe.actions)
        guard case .send(_, let bytes) = probe.actions.first else {
            Issue.record("no OPEN")
            return
        }
        #expect(bytes.count == 29)
    }
}
