import Net
import Testing

@testable import BGP

struct PeerTimerTests {
    @Test func `a silent peer is dropped when the hold time ends`() {
        var probe = PeerProbe()
        probe.establish()
        probe.now = .at(10)
        probe.hear(Golden.keepalive)
        probe.run(until: .at(99.9))
        #expect(probe.peer.state == .established)
        _ = probe.words()
        probe.run(until: .at(100))
        #expect(
            probe.words() == ["4/0 outgoing", "close outgoing", "down: sent hold timer expired"])
    }

    @Test func `half a message does not keep a session alive`() {
        var probe = PeerProbe()
        probe.establish()
        for second in 1..<89 {
            probe.run(until: .at(Double(second)))
            let bytes = Array(Golden.announce4[..<second.clamped(to: 1...80)])
            let result = probe.peer.received(
                bytes.span.bytes, on: .outgoing, at: probe.now, update: &probe.update,
                into: &probe.actions)
            #expect(result == (0, false))
        }
        probe.run(until: .at(90))
        #expect(probe.peer.lastDown == .sent(.holdTimerExpired))
    }

    @Test(arguments: [Golden.keepalive, Golden.announce4])
    func `KEEPALIVE and UPDATE restart the hold time`(_ message: [UInt8]) {
        var probe = PeerProbe()
        probe.establish()
        probe.run(until: .at(80))
        probe.hear(message)
        probe.run(until: .at(169))
        #expect(probe.peer.state == .established)
    }

    @Test func `a request for routes does not restart the hold time`() {
        var probe = PeerProbe()
        probe.establish()
        probe.run(until: .at(80))
        probe.hear(Golden.routeRefresh)
        probe.run(until: .at(91))
        #expect(probe.peer.lastDown == .sent(.holdTimerExpired))
    }

    /// The moments at which something is sent, over some seconds with a peer that is alive.
    static func keepalives(hold: UInt16, seed: UInt64, until end: Int) -> [Double] {
        var probe = PeerProbe(seed: seed)
        probe.establish(PeerProbe.open(hold: hold))
        var moments: [Double] = []
        while let deadline = probe.peer.nextDeadline, deadline < .at(Double(end)) {
            probe.actions = []
            probe.now = deadline
            probe.peer.tick(at: deadline, into: &probe.actions)
            if !probe.actions.isEmpty { moments.append(Double(deadline.nanoseconds) / 1e9) }
            probe.hear(Golden.keepalive)
            probe.peer.wrote(.outgoing, at: deadline)
        }
        return moments
    }

    @Test(arguments: [3, 30, 90] as [UInt16], 1...4 as ClosedRange<UInt64>)
    func `keepalives come at a third of the hold time, up to a quarter sooner`(
        _ hold: UInt16, _ seed: UInt64
    ) {
        let moments = Self.keepalives(hold: hold, seed: seed, until: Int(hold) * 20)
        let third = Double(hold) / 3
        #expect(moments.count >= 59)
        for (a, b) in zip([0] + moments, moments) {
            #expect(b - a >= third * 0.749 && b - a <= third * 1.001)
        }
    }

    @Test func `two seeds do not tick together`() {
        #expect(
            Self.keepalives(hold: 90, seed: 1, until: 300)
                != Self.keepalives(hold: 90, seed: 2, until: 300))
    }

    @Test func `an UPDATE sent puts the next KEEPALIVE off`() throws {
        var probe = PeerProbe()
        probe.establish()
        probe.run(until: .at(20))
        probe.peer.sentUpdates(1, at: probe.now)
        #expect(try #require(probe.peer.nextDeadline) >= .at(42.5))
        #expect(probe.peer.counters.updatesOut == 1)
    }

    @Test func `with hold time 0 nothing is due`() {
        var probe = PeerProbe()
        probe.establish(PeerProbe.open(hold: 0))
        #expect(probe.peer.state == .established)
        #expect(probe.peer.nextDeadline == nil)
    }

    @Test func `a peer that says hold time 0 and nothing more is not waited for forever`() {
        var probe = PeerProbe()
        probe.peer.dialed(at: .zero, into: &probe.actions)
        probe.hear(PeerProbe.open(hold: 0))
        probe.run(until: .at(240))
        #expect(probe.peer.lastDown == .sent(.holdTimerExpired))
    }

    @Test func `a peer that never says OPEN is dropped after four minutes`() {
        var probe = PeerProbe()
        probe.peer.dialed(at: .zero, into: &probe.actions)
        probe.run(until: .at(239))
        #expect(probe.peer.state == .openSent)
        probe.run(until: .at(240))
        #expect(probe.peer.lastDown == .sent(.holdTimerExpired))
    }

    @Test func `a peer that talks but takes nothing is dropped after eight minutes`() {
        var probe = PeerProbe()
        probe.establish()
        for second in stride(from: 30.0, to: 480, by: 30) {
            probe.run(until: .at(second))
            if second == 30 { probe.peer.wrote(.outgoing, at: probe.now) }
            probe.hear(Golden.keepalive)
        }
        probe.run(until: .at(509))
        #expect(probe.peer.state == .established)
        probe.run(until: .at(510))
        #expect(probe.peer.lastDown == .sent(.sendHoldTimerExpired))
    }

    @Test func `the send hold time is above the hold time`() {
        var probe = PeerProbe()
        var settings = PeerProbe.settings
        settings.holdTime = 600
        probe = PeerProbe(settings)
        probe.establish(PeerProbe.open(hold: 600))
        for second in stride(from: 300.0, to: 1200, by: 300) {
            probe.run(until: .at(second))
            probe.hear(Golden.keepalive)
        }
        probe.run(until: .at(1199))
        #expect(probe.peer.state == .established)
        probe.run(until: .at(1200))
        #expect(probe.peer.lastDown == .sent(.sendHoldTimerExpired))
    }

    @Test func `a refused connection is tried again after a jittered pause`() {
        var probe = PeerProbe()
        _ = probe.words()
        for _ in 0..<20 {
            probe.peer.dialFailed(at: probe.now, into: &probe.actions)
            #expect(probe.peer.state == .active)
            #expect(probe.peer.lastDown == .unreachable)
            let before = probe.now
            guard let deadline = probe.peer.nextDeadline else {
                Issue.record("nothing is due")
                return
            }
            probe.run(until: deadline)
            #expect(probe.words() == ["connect"])
            #expect(deadline - before >= .seconds(3.75) && deadline - before <= .seconds(5))
        }
    }

    @Test func `an attempt that hangs is begun anew`() {
        var probe = PeerProbe()
        _ = probe.words()
        probe.run(until: .at(5))
        #expect(probe.words() == ["close outgoing", "connect"])
        #expect(probe.peer.state == .connect)
    }

    /// How long each of some attempts was held back, when every OPEN is refused.
    static func pauses(_ count: Int) -> [Double] {
        var probe = PeerProbe()
        var result: [Double] = []
        for _ in 0..<count {
            probe.peer.dialed(at: probe.now, into: &probe.actions)
            probe.hear(message(3, [6, 5]))
            _ = probe.words()
            let before = probe.now
            while !probe.words().contains("connect"), let deadline = probe.peer.nextDeadline {
                probe.run(until: deadline)
            }
            result.append((probe.now - before).seconds)
        }
        return result
    }

    @Test func `a peer that always refuses is tried ever more rarely`() {
        let pauses = Self.pauses(10)
        for (pause, whole) in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60] as [Double]) {
            #expect(pause >= whole * 0.749 && pause <= whole * 1.001)
        }
    }

    @Test func `after the first failure the peer may come at once, later it waits too`() {
        var probe = PeerProbe()
        probe.establish()
        probe.hear(message(3, [6, 4]))
        #expect(probe.peer.state == .idle)
        let first = probe.peer.accepted(at: probe.now, into: &probe.actions)
        #expect(first)
        probe.hear(message(3, [6, 4]), on: .incoming)
        probe.run(until: .at(1.1))
        probe.peer.dialed(at: probe.now, into: &probe.actions)
        probe.hear(message(3, [6, 4]))
        let second = probe.peer.accepted(at: probe.now, into: &probe.actions)
        #expect(!second)
    }

    @Test func `a start ends the holding back`() {
        var probe = PeerProbe()
        for _ in 0..<5 {
            probe.peer.dialed(at: probe.now, into: &probe.actions)
            probe.hear(message(3, [6, 5]))
            if let deadline = probe.peer.nextDeadline { probe.run(until: deadline) }
        }
        probe.peer.dialed(at: probe.now, into: &probe.actions)
        probe.hear(message(3, [6, 5]))
        _ = probe.words()
        probe.start()
        #expect(probe.words() == ["connect"])
    }

    /// Held down for a quarter of an hour over too many prefixes.
    static func heldDown(_ way: Way = .outgoing) -> PeerProbe {
        var probe = PeerProbe()
        probe.establish(on: way)
        _ = probe.words()
        probe.peer.notify(
            Notification(.maximumPrefixes), holdingFor: .seconds(900), at: probe.now,
            into: &probe.actions)
        return probe
    }

    @Test(arguments: Way.allCases)
    func `RFC 4486 §4: a peer that is held down neither dials nor is let in`(_ way: Way) {
        var probe = Self.heldDown(way)
        #expect(
            probe.words() == [
                "6/1 \(way)", "close \(way)",
                "down: sent cease/maximum number of prefixes reached",
            ])
        #expect(probe.peer.heldDownUntil == .at(900) && probe.peer.nextDeadline == .at(900))
        for second in [0.1, 1, 60, 899.9] {
            probe.run(until: .at(second))
            let isAccepted = probe.peer.accepted(at: probe.now, into: &probe.actions)
            #expect(!isAccepted && probe.peer.state == .idle)
        }
        #expect(probe.words().isEmpty)
        probe.run(until: .at(900))
        #expect(probe.words() == ["connect"])
        #expect(probe.peer.heldDownUntil == nil && probe.peer.state == .connect)
        #expect(probe.peer.lastDown == .sent(Notification(.maximumPrefixes)))
        let isAccepted = probe.peer.accepted(at: probe.now, into: &probe.actions)
        #expect(isAccepted)
    }

    @Test func `a start ends the holding down early`() {
        var probe = Self.heldDown()
        probe.run(until: .at(10))
        _ = probe.words()
        probe.start()
        #expect(probe.words() == ["connect"])
        #expect(probe.peer.heldDownUntil == nil)
        probe.establish()
        probe.run(until: .at(30))
        #expect(probe.peer.state == .established)
    }

    @Test func `a stop during the holding down stays a stop`() {
        var probe = Self.heldDown()
        probe.peer.stop(nil, at: probe.now, into: &probe.actions)
        _ = probe.words()
        probe.run(until: .at(1000))
        #expect(probe.words().isEmpty && probe.peer.nextDeadline == nil)
        #expect(probe.peer.heldDownUntil == nil)
    }

    @Test func `holding down ends both connections of a collision`() {
        var probe = PeerProbe()
        probe.peer.dialed(at: .zero, into: &probe.actions)
        _ = probe.peer.accepted(at: .zero, into: &probe.actions)
        _ = probe.words()
        probe.peer.notify(
            Notification(.maximumPrefixes), holdingFor: .seconds(60), at: .zero,
            into: &probe.actions)
        #expect(
            probe.words() == ["6/1 outgoing", "close outgoing", "6/1 incoming", "close incoming"])
        let isAccepted = probe.peer.accepted(at: .zero, into: &probe.actions)
        #expect(!isAccepted && probe.peer.nextDeadline == .at(60))
    }

    @Test func `a stopped peer is not held down, it is stopped`() {
        var probe = PeerProbe(isStarted: false)
        probe.peer.notify(
            Notification(.maximumPrefixes), holdingFor: .seconds(60), at: .zero,
            into: &probe.actions)
        #expect(probe.peer.heldDownUntil == nil && probe.peer.nextDeadline == nil)
    }

    @Test(arguments: [(0, 90), (90, 0), (0, 0)] as [(UInt16, UInt16)])
    func `RFC 9687 §3.3: with hold time 0 there is no send hold time either`(
        _ ours: UInt16, _ theirs: UInt16
    ) {
        var settings = PeerProbe.settings
        settings.holdTime = ours
        var probe = PeerProbe(settings)
        probe.establish(PeerProbe.open(hold: theirs))
        probe.peer.wrote(.outgoing, at: probe.now)
        probe.peer.sentUpdates(3, at: probe.now)
        #expect(probe.peer.negotiated?.holdTime == 0 && probe.peer.nextDeadline == nil)
        probe.run(until: .at(100_000))
        #expect(probe.peer.state == .established)
    }

    @Test(arguments: [(1, 3), (2, 3), (3, 3), (90, 90)] as [(UInt16, UInt16)])
    func `RFC 4271 §4.2: a hold time of 1 or 2 is never offered`(_ ours: UInt16, _ said: UInt16) {
        var settings = PeerProbe.settings
        settings.holdTime = ours
        #expect(settings.open(restart: nil, withCapabilities: true).holdTime == said)
    }

    @Test func `a peer that takes a byte now and then is not dropped for it`() {
        var probe = PeerProbe()
        probe.establish()
        for second in stride(from: 60.0, through: 6000, by: 60) {
            probe.run(until: .at(second))
            probe.hear(Golden.keepalive)
            if second.truncatingRemainder(dividingBy: 420) == 0 {
                probe.peer.wrote(.outgoing, at: probe.now)
            }
        }
        #expect(probe.peer.state == .established)
    }

    @Test func `a session that lasted is tried again at once`() {
        var probe = PeerProbe()
        for _ in 0..<5 {
            probe.establish()
            probe.run(until: probe.now + .seconds(61))
            probe.peer.closed(.outgoing, at: probe.now, into: &probe.actions)
            _ = probe.words()
            probe.run(until: probe.now + .seconds(1))
            #expect(probe.words() == ["connect"])
        }
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
