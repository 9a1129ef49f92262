import BFD
import Net
import Testing

/// Two sessions against each other over a path that may be cut.
struct BFDPairTests {
    /// Runs both for some time, in steps of a millisecond; how often each went Up and Down.
    static func run(
        _ sessions: inout [BFDSession], from start: Instant, milliseconds: Int,
        isCut: (Int) -> Bool
    ) -> (ups: Int, downs: [BFDDown]) {
        var ups = 0
        var downs: [BFDDown] = []
        for step in 0..<milliseconds {
            let now = start + .milliseconds(step)
            for index in 0..<2 {
                var actions: [BFDAction] = []
                sessions[index].tick(at: now, into: &actions)
                var position = 0
                var sender = [Int](repeating: index, count: actions.count)
                while position < actions.count {
                    precondition(position < 100, "the two answer each other without end")
                    let from = sender[position]
                    switch actions[position] {
                    case .up: ups += 1
                    case .down(let reason): downs.append(reason)
                    case .send(let packet):
                        guard !isCut(from), let read = ControlPacket(packet.bytes.span.bytes) else {
                            break
                        }
                        sessions[1 - from].received(read, at: now, into: &actions)
                        while sender.count < actions.count { sender.append(1 - from) }
                    }
                    position += 1
                }
            }
        }
        return (ups, downs)
    }

    static func pair() -> [BFDSession] {
        var sessions = [
            BFDSession(
                settings: BFDSettings(interval: .milliseconds(50)), localDiscriminator: 1, seed: 1),
            BFDSession(settings: BFDSettings(), localDiscriminator: 2, seed: 2),
        ]
        var actions: [BFDAction] = []
        for index in 0..<2 { sessions[index].start(at: .zero, into: &actions) }
        return sessions
    }

    @Test func `two sessions come up and stay so`() {
        var sessions = Self.pair()
        let result = Self.run(&sessions, from: .zero, milliseconds: 20000) { _ in false }
        #expect(result.ups == 2 && result.downs.isEmpty)
        #expect(sessions.map(\.state) == [.up, .up])
        #expect(sessions.map(\.transmitInterval) == [.milliseconds(300), .milliseconds(300)])
        #expect(sessions.map(\.remoteDiscriminator) == [2, 1])
    }

    @Test func `a path that is cut one way is down at both ends`() {
        var sessions = Self.pair()
        _ = Self.run(&sessions, from: .zero, milliseconds: 5000) { _ in false }
        let result = Self.run(&sessions, from: .zero + .seconds(5), milliseconds: 1300) { $0 == 0 }
        #expect(result.downs == [.expired, .neighbor(.detectionTimeExpired)])
        #expect(sessions[1].state == .down)
        _ = Self.run(&sessions, from: .zero + .milliseconds(6300), milliseconds: 4000) { _ in
            false
        }
        #expect(sessions.map(\.state) == [.up, .up])
    }
}
