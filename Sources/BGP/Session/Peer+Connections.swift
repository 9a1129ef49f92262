// What becomes of a peer's connections: their actions, the established session, and how long the
// peer is held back after it was lost or could not be had.

import Net

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
    func hardened(_ notification: Notification) -> Notification {
        guard negotiated?.gracefulRestart?.coversNotifications ?? false,
            notification.cease == .administrativeShutdown
                || notification.cease == .peerDeconfigured
        else { return notification }
        return Notification(
            6, Notification.Cease.hardReset.rawValue,
            data: [notification.code, notification.subcode] + notification.data)
    }

    mutating func begin(at now: Instant, into actions: inout [PeerAction]) {
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
        marks = RefreshMarks()
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
