// One connection to a peer: bytes go in by chunks as a socket would give them, and what must hold
// of every call is checked on the way.

import BGP
import Net

struct Connection {
    let way: Way
    private(set) var peer: Peer
    private var waiting: [UInt8] = []
    private(set) var actions: [PeerAction] = []

    /// A connection on which our OPEN has just been sent.
    init(_ settings: PeerSettings, _ way: Way, at now: Instant) {
        self.way = way
        peer = Peer(settings: settings, seed: 1)
        peer.start(at: now, into: &actions)
        switch way {
        case .outgoing: peer.dialed(at: now, into: &actions)
        case .incoming: hold(peer.accepted(at: now, into: &actions), "a peer is not let in")
        }
        hold(peer.state == .openSent, "no OPEN was sent")
    }

    var isEstablished: Bool { peer.establishedWay == way }

    /// The other connection of the pair is made too, with our OPEN on it.
    mutating func collide(at now: Instant) {
        switch way {
        case .outgoing: _ = peer.accepted(at: now, into: &actions)
        case .incoming: peer.dialed(at: now, into: &actions)
        }
    }

    /// Gives the peer one chunk; every UPDATE that is to be handled stands in `update` when
    /// `handle` is called.
    mutating func receive(
        _ chunk: [UInt8], at now: Instant, update: inout UpdateBuffer,
        handle: (borrowing UpdateBuffer, UpdateRules) -> Void
    ) {
        let bytes = waiting + chunk
        var offset = 0
        while offset < bytes.count {
            let (consumed, hasUpdate) = peer.received(
                bytes.span.bytes.extracting(offset..<bytes.count), on: way, at: now,
                update: &update, into: &actions)
            hold(consumed >= 0 && consumed <= bytes.count - offset, "more is taken than given")
            offset += consumed
            guard hasUpdate else { break }
            hold(consumed > 0, "an UPDATE out of nothing")
            guard let agreed = peer.negotiated else {
                fatalError("broken promise: an UPDATE before its time")
            }
            handle(update, rules(agreed))
        }
        waiting = Array(bytes[offset...])
        hold(waiting.count < 65535, "a whole message is not taken")
    }

    /// Runs the timers up to a moment.
    mutating func tick(at now: Instant) {
        peer.tick(at: now, into: &actions)
        if let next = peer.nextDeadline { hold(next > now, "a timer that is due stays") }
    }

    /// We end the session.
    mutating func notify(_ notification: Notification, at now: Instant) {
        peer.notify(notification, at: now, into: &actions)
    }

    /// UPDATEs were queued.
    mutating func sentUpdates(_ count: Int, at now: Instant) { peer.sentUpdates(count, at: now) }

    /// The connection ends, and nobody closed it.
    mutating func close(at now: Instant) { peer.closed(way, at: now, into: &actions) }

    /// Hands out the actions. Whatever we say is whole.
    mutating func take() -> [PeerAction] {
        for case .send(_, let bytes) in actions {
            hold(messages(bytes, maximumLength: 4096).count == 1, "we said half a message")
        }
        hold(actions.count < 1 << 16, "too many actions")
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// How a session reads UPDATEs, as `Peer` has it.
    private func rules(_ agreed: Negotiated) -> UpdateRules {
        var rules = UpdateRules(
            hasFourOctetASN: agreed.hasFourOctetASN, isInternal: agreed.isInternal,
            families: agreed.families,
            firstAS: peer.settings.enforcesFirstAS && !agreed.isInternal ? agreed.peerASN : nil,
            acceptsSets: peer.settings.acceptsSets)
        rules.hasPathIDs4 = agreed.addPathIn.contains(.ipv4)
        rules.hasPathIDs6 = agreed.addPathIn.contains(.ipv6)
        rules.hasExtendedNextHop = agreed.hasExtendedNextHop
        return rules
    }
}

/// Cuts bytes as a socket might: sizes repeat, and follow from one byte.
func chunks(_ bytes: [UInt8], _ size: UInt8) -> [[UInt8]] {
    // 0 is all at once.
    guard size > 0 else { return [bytes] }
    return stride(from: 0, to: bytes.count, by: Int(size)).map {
        Array(bytes[$0..<min($0 + Int(size), bytes.count)])
    }
}
