import BGP
import Net
import Testing

/// Two of our peers against each other over a network that carries bytes in order and connections
/// in any order.
struct Pair {
    var peers: [Peer]
    var now = Instant.zero
    /// What is under way: first in, first out.
    private var queue: [Event] = []
    var established = [0, 0]

    private enum Event {
        case dial(from: Int)
        case bytes([UInt8], to: Int, Way)
        case gone(to: Int, Way)
    }

    init(_ a: PeerSettings, _ b: PeerSettings, seed: UInt64) {
        peers = [Peer(settings: a, seed: seed), Peer(settings: b, seed: seed &+ 1000)]
    }

    private mutating func take(_ actions: [PeerAction], of index: Int) {
        for action in actions {
            switch action {
            case .connect: queue.append(.dial(from: index))
            case .send(let way, let bytes):
                queue.append(.bytes(bytes, to: 1 - index, way.other))
                peers[index].wrote(way, at: now)
            case .close(let way):
                queue.removeAll { event in
                    if case .dial(index) = event { way == .outgoing } else { false }
                }
                queue.append(.gone(to: 1 - index, way.other))
            case .established: established[index] += 1
            case .down, .refresh, .refreshBegan, .refreshEnded: break
            }
        }
    }

    mutating func start() {
        for index in 0..<2 {
            var actions: [PeerAction] = []
            peers[index].start(at: now, into: &actions)
            take(actions, of: index)
        }
    }

    /// Runs until that moment; `random` decides which of the things under way comes first.
    mutating func run(until end: Instant, _ random: inout SeededGenerator) {
        var update = UpdateBuffer()
        while true {
            while !queue.isEmpty {
                // Any event may overtake, except on its own connection.
                let pick = random.below(queue.count)
                let event = queue.remove(at: first(like: queue[pick]))
                var actions: [PeerAction] = []
                switch event {
                case .dial(let index):
                    guard peers[index].state != .established else { continue }
                    var reply: [PeerAction] = []
                    if peers[1 - index].accepted(at: now, into: &reply) {
                        take(reply, of: 1 - index)
                        peers[index].dialed(at: now, into: &actions)
                    } else {
                        take(reply, of: 1 - index)
                        peers[index].dialFailed(at: now, into: &actions)
                    }
                    take(actions, of: index)
                case .bytes(let bytes, let index, let way):
                    _ = peers[index].received(
                        bytes.span.bytes, on: way, at: now, update: &update, into: &actions)
                    take(actions, of: index)
                case .gone(let index, let way):
                    peers[index].closed(way, at: now, into: &actions)
                    take(actions, of: index)
                }
            }
            let next = earlier(peers[0].nextDeadline, peers[1].nextDeadline)
            guard let next, next <= end else { break }
            now = next
            for index in 0..<2 {
                var actions: [PeerAction] = []
                peers[index].tick(at: now, into: &actions)
                take(actions, of: index)
            }
        }
        now = end
    }

    /// The first event of the same connection and direction.
    private func first(like event: Event) -> Int {
        func key(_ event: Event) -> Int {
            switch event {
            case .dial(let index): index
            case .bytes(_, let index, let way), .gone(let index, let way):
                2 + 2 * index + Int(way.rawValue)
            }
        }
        return queue.firstIndex { key($0) == key(event) } ?? 0
    }
}

struct PairTests {
    static func settings(_ local: UInt32, _ peer: UInt32, id: UInt8) -> PeerSettings {
        PeerSettings(
            localASN: ASN(local), peerASN: ASN(peer), localID: IPv4Address(192, 0, 2, id),
            holdTime: 30, families: [.ipv4, .ipv6],
            gracefulRestart: GracefulRestartOffer(restartTime: 120))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `two speakers that dial at once agree on one connection, and keep it`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        var pair = Pair(
            Self.settings(65000, 70000, id: seed.isMultiple(of: 2) ? 1 : 3),
            Self.settings(70000, 65000, id: 2), seed: seed)
        pair.start()
        pair.run(until: .at(60), &random)
        #expect(pair.peers.map(\.state) == [.established, .established])
        #expect(pair.peers[0].establishedWay == pair.peers[1].establishedWay?.other)
        let before = pair.established
        pair.run(until: .at(600), &random)
        #expect(pair.established == before)
        #expect(pair.peers.map(\.state) == [.established, .established])
        #expect(pair.peers[0].negotiated?.maximumLength == 65535)
        #expect(pair.peers[1].negotiated?.peerASN == ASN(65000))
        #expect(pair.peers[1].negotiated?.gracefulRestart?.restartTime == 120)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `two speakers with everything on agree from both sides`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var pair = Pair(CapabilityTests.everything, CapabilityTests.mirrored, seed: seed)
        pair.start()
        pair.run(until: .at(60), &random)
        let first = try #require(pair.peers[0].negotiated)
        let second = try #require(pair.peers[1].negotiated)
        #expect(first.addPathIn == second.addPathOut && first.addPathOut == second.addPathIn)
        #expect(first.addPathIn == [.ipv4, .ipv6] && first.longLived == second.longLived)
        #expect(first.hasExtendedNextHop && second.hasExtendedNextHop)
        #expect(first.hasEnhancedRefresh && second.hasEnhancedRefresh)
        #expect(first.peerRole == .provider && second.peerRole == .customer)
    }

    @Test func `RFC 9234 §4.2: two speakers whose roles do not fit never come up`() {
        var random = SeededGenerator(1)
        var wrong = CapabilityTests.mirrored
        wrong.role = .peer
        var pair = Pair(CapabilityTests.everything, wrong, seed: 1)
        pair.start()
        pair.run(until: .at(300), &random)
        #expect(pair.established == [0, 0])
        // Both refuse at once, so that neither need hear the other do so.
        #expect(pair.peers.contains { $0.lastDown == .sent(Notification(2, 11)) })
    }
}
