import BFD
import Net
import Testing

/// One session with whatever the other side sends, in virtual time.
struct Probe {
    var session: BFDSession
    var now = Instant.zero
    var actions: [BFDAction] = []

    init(_ settings: BFDSettings = BFDSettings(), seed: UInt64 = 1) {
        session = BFDSession(settings: settings, localDiscriminator: 7, seed: seed)
        session.start(at: now, into: &actions)
    }

    /// A packet of a peer that knows us, with 300 ms both ways.
    static func packet(
        _ state: BFDState, _ change: (inout ControlPacket) -> Void = { _ in }
    ) -> ControlPacket {
        var packet = ControlPacket(
            state: state, detectMultiplier: 3, myDiscriminator: 9, yourDiscriminator: 7,
            desiredMinTx: 300_000, requiredMinRx: 300_000)
        change(&packet)
        return packet
    }

    mutating func hear(_ packet: ControlPacket) {
        session.received(packet, at: now, into: &actions)
    }

    mutating func reach(_ state: BFDState) {
        switch state {
        case .adminDown: session.stop(at: now, into: &actions)
        case .down: break
        case .`init`: hear(Probe.packet(.down))
        case .up:
            hear(Probe.packet(.down))
            hear(Probe.packet(.up) { $0.isFinal = true })
            // The poll that Up begins is answered.
            hear(Probe.packet(.up) { $0.isFinal = true })
        }
        precondition(session.state == state, "did not reach \(state)")
        actions = []
    }

    /// Time passes; whatever is due runs at its moment.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while let deadline = session.nextDeadline, deadline <= end {
            precondition(deadline >= now, "a deadline in the past")
            now = deadline
            session.tick(at: now, into: &actions)
        }
        now = end
    }

    var sent: [ControlPacket] {
        actions.compactMap { if case .send(let packet) = $0 { packet } else { nil } }
    }
    var downs: [BFDDown] {
        actions.compactMap { if case .down(let reason) = $0 { reason } else { nil } }
    }
}

struct BFDSessionTests {
    /// RFC 5880 §6.8.6: rows are ours, columns what the peer says: AdminDown, Down, Init, Up.
    static let transitions: [[BFDState]] = [
        [.adminDown, .adminDown, .adminDown, .adminDown],
        [.down, .`init`, .up, .down],
        [.down, .`init`, .up, .up],
        [.down, .down, .up, .up],
    ]

    @Test(arguments: BFDState.allCases, BFDState.allCases)
    func `every state meets every state of the peer`(_ ours: BFDState, _ theirs: BFDState) {
        var probe = Probe()
        probe.reach(ours)
        probe.hear(Probe.packet(theirs))
        let expected = Self.transitions[Int(ours.rawValue)][Int(theirs.rawValue)]
        #expect(probe.session.state == expected)
        #expect(probe.actions.contains(.up) == (ours != .up && expected == .up))
        #expect(probe.downs.isEmpty == !(ours == .up && expected == .down))
        // A change is told at once.
        #expect(probe.sent.isEmpty == (ours == expected))
    }

    @Test func `the peer's operator is told apart from its trouble`() {
        var probe = Probe()
        probe.reach(.up)
        probe.hear(Probe.packet(.adminDown) { $0.diagnostic = .administrativelyDown })
        #expect(probe.downs == [.neighborAdminDown])
        #expect(probe.session.diagnostic == .neighborSignaledDown)
        probe.reach(.up)
        probe.hear(Probe.packet(.down) { $0.diagnostic = .detectionTimeExpired })
        #expect(probe.downs == [.neighbor(.detectionTimeExpired)])
        #expect(probe.session.flaps == 2)
    }

    @Test func `silence for the detection time is down`() {
        var probe = Probe()
        probe.reach(.up)
        probe.run(for: .milliseconds(899))
        #expect(probe.session.state == .up)
        probe.run(for: .milliseconds(1))
        #expect(probe.session.state == .down)
        #expect(probe.downs == [.expired])
        #expect(probe.session.diagnostic == .detectionTimeExpired)
        #expect(probe.sent.last?.state == .down && probe.sent.last?.yourDiscriminator == 0)
    }

    @Test(
        arguments: [
            (50, 300_000, 3, 900), (300, 50000, 3, 900), (300, 1_000_000, 5, 5000),
            (10, 10000, 1, 10),
        ] as [(Int, UInt32, UInt8, Int)])
    func `the detection time is the peer's multiplier times the slower pace`(
        _ ours: Int, _ theirs: UInt32, _ multiplier: UInt8, _ expected: Int
    ) {
        var probe = Probe(BFDSettings(interval: .milliseconds(ours)))
        probe.reach(.up)
        probe.hear(
            Probe.packet(.up) {
                $0.desiredMinTx = theirs
                $0.detectMultiplier = multiplier
            })
        #expect(probe.session.detectionTime == .milliseconds(expected))
    }

    /// The pauses between packets sent over some time with a peer that is alive.
    static func pauses(
        _ settings: BFDSettings, state: BFDState, seed: UInt64 = 1,
        _ change: (inout ControlPacket) -> Void = { _ in }
    ) -> [Double] {
        var probe = Probe(settings, seed: seed)
        if state == .up { probe.reach(.up) }
        var moments: [Instant] = []
        for _ in 0..<2000 {
            probe.actions = []
            probe.run(for: .milliseconds(10))
            if !probe.sent.isEmpty { moments.append(probe.now) }
            if state == .up { probe.hear(Probe.packet(.up, change)) }
        }
        return zip(moments, moments.dropFirst()).map { ($1 - $0).seconds }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `packets come at the interval, up to a quarter sooner`(_ seed: UInt64) {
        let pauses = Self.pauses(BFDSettings(), state: .up, seed: seed)
        #expect(pauses.count > 60)
        #expect(pauses.allSatisfy { $0 >= 0.214 && $0 <= 0.311 })
        #expect(Set(pauses.map { Int($0 * 100) }).count > 3)
    }

    @Test func `where a single packet counts they come a tenth sooner at least`() {
        let settings = BFDSettings(detectMultiplier: 1)
        let pauses = Self.pauses(settings, state: .up)
        #expect(pauses.allSatisfy { $0 >= 0.214 && $0 <= 0.281 })
    }

    @Test func `a peer that bears less gets less`() {
        let pauses = Self.pauses(BFDSettings(), state: .up) { $0.requiredMinRx = 1_000_000 }
        #expect(pauses.dropFirst().allSatisfy { $0 >= 0.74 && $0 <= 1.01 })
    }

    @Test func `a peer that bears none gets none`() {
        #expect(Self.pauses(BFDSettings(), state: .up) { $0.requiredMinRx = 0 }.isEmpty)
    }

    @Test func `before Up packets are a second apart, and say so`() {
        let pauses = Self.pauses(BFDSettings(), state: .down)
        #expect(!pauses.isEmpty && pauses.allSatisfy { $0 >= 0.74 && $0 <= 1.01 })
        var probe = Probe()
        probe.run(for: .seconds(1))
        #expect(probe.sent.first?.desiredMinTx == 1_000_000)
        #expect(probe.sent.first?.requiredMinRx == 300_000)
    }

    @Test func `a passive session waits for the peer`() {
        var settings = BFDSettings()
        settings.isPassive = true
        var probe = Probe(settings)
        probe.run(for: .seconds(60))
        #expect(probe.actions.isEmpty && probe.session.nextDeadline == nil)
        probe.hear(Probe.packet(.down) { $0.yourDiscriminator = 0 })
        #expect(probe.sent.map(\.state) == [.`init`])
    }

    @Test func `a poll is answered at once, without a poll`() {
        var probe = Probe()
        probe.reach(.up)
        probe.hear(Probe.packet(.up) { $0.isPoll = true })
        #expect(probe.sent.count == 1)
        #expect(probe.sent.allSatisfy { $0.isFinal && !$0.isPoll })
    }

    @Test func `Up begins a poll that ends with the answer`() {
        var probe = Probe()
        probe.hear(Probe.packet(.down))
        probe.actions = []
        probe.hear(Probe.packet(.up))
        probe.run(for: .milliseconds(299))
        #expect(!probe.sent.isEmpty && probe.sent.allSatisfy { $0.isPoll })
        probe.actions = []
        probe.hear(Probe.packet(.up) { $0.isFinal = true })
        probe.run(for: .milliseconds(299))
        #expect(!probe.sent.isEmpty && probe.sent.allSatisfy { !$0.isPoll })
    }

    @Test func `a slower pace waits for the peer's answer`() {
        var probe = Probe()
        probe.reach(.up)
        probe.hear(Probe.packet(.up) { $0.desiredMinTx = 50000 })
        var slower = BFDSettings(interval: .seconds(1))
        slower.requiredMinRx = .milliseconds(50)
        probe.session.change(slower, at: probe.now, into: &probe.actions)
        #expect(probe.sent.last?.isPoll == true)
        #expect(probe.sent.last?.desiredMinTx == 1_000_000)
        #expect(probe.session.transmitInterval == .milliseconds(300))
        #expect(probe.session.detectionTime == .milliseconds(900))
        probe.hear(
            Probe.packet(.up) {
                $0.isFinal = true
                $0.desiredMinTx = 50000
            })
        #expect(probe.session.transmitInterval == .seconds(1))
        #expect(probe.session.detectionTime == .milliseconds(150))
    }

    @Test func `a faster pace is taken at once`() {
        var probe = Probe(BFDSettings(interval: .seconds(1)))
        probe.reach(.up)
        probe.session.change(BFDSettings(), at: probe.now, into: &probe.actions)
        #expect(probe.session.transmitInterval == .milliseconds(300))
    }

    @Test func `a peer in demand mode gets answers only`() {
        var probe = Probe()
        probe.reach(.up)
        for _ in 0..<20 {
            probe.hear(Probe.packet(.up) { $0.isDemand = true })
            probe.actions = []
            probe.run(for: .milliseconds(300))
            #expect(probe.sent.isEmpty)
        }
        probe.hear(
            Probe.packet(.up) {
                $0.isDemand = true
                $0.isPoll = true
            })
        #expect(probe.sent.map(\.isFinal) == [true])
    }

    @Test func `an administrative hold is told and lasts`() {
        var probe = Probe()
        probe.reach(.up)
        probe.session.stop(at: probe.now, into: &probe.actions)
        #expect(probe.downs == [.adminDown])
        #expect(probe.sent.first?.state == .adminDown)
        #expect(probe.sent.first?.diagnostic == .administrativelyDown)
        probe.hear(Probe.packet(.up))
        probe.run(for: .seconds(10))
        #expect(probe.session.state == .adminDown && probe.sent.count > 8)
        probe.session.start(at: probe.now, into: &probe.actions)
        probe.hear(Probe.packet(.down))
        #expect(probe.session.state == .`init`)
    }

    @Test func `a packet for another session counts for nothing`() {
        var probe = Probe()
        probe.reach(.up)
        probe.hear(Probe.packet(.down) { $0.yourDiscriminator = 8 })
        #expect(probe.session.state == .up)
        probe.run(for: .milliseconds(500))
        probe.hear(Probe.packet(.up) { $0.yourDiscriminator = 0 })
        probe.run(for: .milliseconds(400))
        #expect(probe.session.state == .down)
    }

    @Test(arguments: [UInt32.max, 1, 0])
    func `intervals of any size do no harm`(_ interval: UInt32) {
        var probe = Probe()
        probe.reach(.up)
        probe.hear(
            Probe.packet(.up) {
                $0.desiredMinTx = interval
                $0.requiredMinRx = interval
                $0.detectMultiplier = 255
            })
        probe.actions = []
        probe.run(for: .seconds(2))
        #expect(probe.sent.count <= 9)
    }
}
