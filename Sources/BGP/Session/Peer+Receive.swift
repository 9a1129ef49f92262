// From received bytes to events: frames, OPEN with its collisions, and the stop after each UPDATE.

public import Net

extension Peer {
    /// Takes whole messages from the front of `bytes`, and returns early after each UPDATE, which
    /// then stands in `update`: call again with the rest once it is handled. Bytes that are not
    /// consumed are the beginning of a message to be completed. Only whole messages keep a session
    /// alive.
    public mutating func received(
        _ bytes: RawSpan, on way: Way, at now: Instant, update: inout UpdateBuffer,
        into actions: inout [PeerAction]
    ) -> (consumed: Int, hasUpdate: Bool) {
        var consumed = 0
        while self[way].state >= .openSent {
            let longest = self[way].negotiated?.maximumLength ?? 4096
            switch Frame(bytes, at: consumed, maximumLength: longest) {
            case .partial: return (consumed, false)
            case .broken(let notification):
                handle(.end(notification), on: way, at: now, into: &actions)
            case .whole(let kind, let length):
                let body = bytes.extracting(consumed + headerLength..<consumed + length)
                consumed += length
                counters.messagesIn += 1
                let hasUpdate = received(
                    kind, body, on: way, at: now, update: &update, into: &actions)
                if hasUpdate { return (consumed, true) }
            }
        }
        return (bytes.byteCount, false)  // Whatever follows on a closed connection is void.
    }

    private mutating func received(
        _ kind: MessageKind, _ body: RawSpan, on way: Way, at now: Instant,
        update: inout UpdateBuffer, into actions: inout [PeerAction]
    ) -> Bool {
        let isEstablished = establishedWay == way
        switch kind {
        case .open: receivedOpen(body, on: way, at: now, into: &actions)
        case .keepalive: handle(.keepalive, on: way, at: now, into: &actions)
        case .notification:
            let notification = Notification(body: body)
            handle(.notification(notification), on: way, at: now, into: &actions)
        case .update:
            guard isEstablished else {
                handle(.update, on: way, at: now, into: &actions)
                return false
            }
            counters.updatesIn += 1
            update.decode(body, rules: rules)
            counters.discardedAttributes += UInt64(update.discarded)
            switch update.verdict {
            case .ok: break
            case .treatAsWithdraw: counters.treatedAsWithdraw += 1
            case .reset(let notification):
                handle(.end(notification), on: way, at: now, into: &actions)
                return false
            }
            if let family = update.endOfRIB { marks.heardEndOfRIB(family) }
            handle(.update, on: way, at: now, into: &actions)
            return true
        case .routeRefresh:
            handle(.refresh, on: way, at: now, into: &actions)
            if isEstablished { receivedRefresh(body, on: way, at: now, into: &actions) }
        }
        return false
    }

    private mutating func receivedOpen(
        _ body: RawSpan, on way: Way, at now: Instant, into actions: inout [PeerAction]
    ) {
        guard self[way].state == .openSent else {
            let refusal = self[way].unexpected(.open)
            return handle(.end(refusal), on: way, at: now, into: &actions)
        }
        let agreed: Negotiated
        let answer = Open.decode(body).flatMap {
            Negotiated.agree($0, settings, saidCapabilities: !omitsCapabilities)
        }
        switch answer {
        case .failure(let fault):
            return handle(.end(fault.notification), on: way, at: now, into: &actions)
        case .success(let success): agreed = success
        }
        // RFC 4271 §6.8: only now the peer's identifier is known to decide by.
        switch self[way.other].state {
        case .openConfirm:
            let loser = survivor(against: agreed).other
            handle(.end(Notification(.collision)), on: loser, at: now, into: &actions)
            if loser == way { return }
        case .established where mayReplace(at: now):
            handle(.drop(.replaced), on: way.other, at: now, into: &actions)
        case .established:
            return handle(.end(Notification(.collision)), on: way, at: now, into: &actions)
        case .connect, .active:
            // Nobody needs to dial any more. (The incoming one goes back to listening.)
            handle(.drop(.stopped), on: way.other, at: now, into: &actions)
        case .idle, .openSent: break
        }
        handle(.open(agreed), on: way, at: now, into: &actions)
    }

    /// The connection opened by the higher identifier stays; by the higher AS where they are the
    /// same (RFC 6286 §2.3).
    private func survivor(against peer: Negotiated) -> Way {
        let ours = (settings.localID.raw, settings.localASN.rawValue)
        let theirs = (peer.peerID.raw, peer.peerASN.rawValue)
        return ours > theirs ? .outgoing : .incoming
    }
}
