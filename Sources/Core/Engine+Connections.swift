// The TCP side of sessions: what the shell reports of connections, and what a peer's machine asks to
// be sent, dialed and closed.

import BGP
import Intent
public import Net
import Routing

extension Engine {
    // What the shell reports

    /// An outgoing connection is up.
    public mutating func dialed(
        _ id: ConnectionID, at now: Instant, into effects: inout [Effect]
    ) {
        guard let (slot, _) = connections[id] else {
            effects.append(.close(id))
            return
        }
        sessions[slot].peer.dialed(at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// An outgoing connection could not be made; the sentence says why.
    public mutating func dialFailed(
        _ id: ConnectionID, _ text: String, at now: Instant, into effects: inout [Effect]
    ) {
        guard let (slot, way) = connections.removeValue(forKey: id) else { return }
        sessions[slot].connections[way] = nil
        sessions[slot].lastError = text
        sessions[slot].peer.dialFailed(at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// Somebody dialed us: the number of the new connection, or nil to close it at once.
    public mutating func accepted(
        on listener: Listener, local: IPAddress, remote: IPAddress, at now: Instant,
        into effects: inout [Effect]
    ) -> ConnectionID? {
        let ends = Ends(vrf: listener.vrf, local: local, peer: remote)
        guard let slot = sessionsByEnds[ends], sessions[slot].isStarted,
            sessions[slot].settings.port == listener.port
        else {
            // One line in ten seconds: strangers do not fill the log.
            if nextStranger.map({ $0 <= now }) ?? true {
                nextStranger = now + .seconds(10)
                let isKnown = sessionsByEnds[ends] != nil
                log(
                    .info,
                    isKnown
                        ? "refused a connection of a session that may not run now"
                        : "refused a connection from a stranger",
                    ["peer": remote.description, "local": local.description], into: &effects)
            }
            return nil
        }
        guard sessions[slot].peer.accepted(at: now, into: &actions) else {
            actions.removeAll(keepingCapacity: true)
            return nil
        }
        // Among the peer's actions, a close means an older connection of this way, and the first
        // bytes to send are the new one's.
        let id = newConnection()
        arriving = id
        perform(slot, at: now, into: &effects)
        if arriving != nil { attach(id, to: slot, .incoming, into: &effects) }
        return connections[id] == nil ? nil : id
    }

    /// A connection has ended, by the other end or by an error.
    public mutating func closed(
        _ id: ConnectionID, at now: Instant, into effects: inout [Effect]
    ) {
        guard let (slot, way) = connections.removeValue(forKey: id) else { return }
        sessions[slot].connections[way] = nil
        sessions[slot].peer.closed(way, at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// Bytes have arrived. Returns how many were used; the rest must come again, with more.
    public mutating func received(
        _ bytes: RawSpan, on id: ConnectionID, at now: Instant, into effects: inout [Effect]
    ) -> Int {
        guard let (slot, way) = connections[id] else { return bytes.byteCount }
        var used = 0
        while used < bytes.byteCount {
            let (consumed, hasUpdate) = sessions[slot].peer.received(
                bytes.extracting(used..<bytes.byteCount), on: way, at: now, update: &update,
                into: &actions)
            used += consumed
            if hasUpdate {
                // What came in front of it comes first, above all the marks around a refresh.
                if !actions.isEmpty { perform(slot, at: now, into: &effects) }
                deliver(slot, at: now, into: &effects)
            }
            perform(slot, at: now, into: &effects)
            if connections[id] == nil { return bytes.byteCount }
            if consumed == 0 { break }
        }
        deadlines.set(slot, sessionDeadline(slot))
        return used
    }

    /// Bytes have left.
    public mutating func wrote(_ id: ConnectionID, at now: Instant) {
        guard let (slot, way) = connections[id] else { return }
        sessions[slot].peer.wrote(way, at: now)
        deadlines.set(slot, sessionDeadline(slot))
    }

    /// The socket has room: UPDATE messages up to about `limit` bytes. Nothing more to send when
    /// the second value is false.
    public mutating func produce(
        _ id: ConnectionID, into bytes: inout [UInt8], limit: Int, at now: Instant
    ) -> Bool {
        guard let (slot, way) = connections[id], sessions[slot].peer.establishedWay == way,
            let receiver = sessions[slot].receiver
        else { return false }
        let before = bytes.count
        let more = rib.produce(receiver, into: &bytes, limit: limit)
        if bytes.count > before {
            sessions[slot].peer.sentUpdates(messageCount(bytes[before...]), at: now)
            deadlines.set(slot, sessionDeadline(slot))
            healthBook.isTouched = true
        }
        return more
    }

    /// A listening socket is open.
    public mutating func listening(_ listener: Listener, at now: Instant) {
        listeners[listener]?.retryAt = nil
        listeners[listener]?.trouble = nil
        healthBook.isTouched = true
    }

    /// A listening socket could not be opened; it is tried again.
    public mutating func listenFailed(
        _ listener: Listener, _ text: String, at now: Instant, into effects: inout [Effect]
    ) {
        guard listeners[listener] != nil else { return }
        if listeners[listener]?.trouble != text {
            log(.error, "cannot listen", ["on": describe(listener), "error": text], into: &effects)
        }
        listeners[listener]?.isOpen = false
        listeners[listener]?.trouble = text
        listeners[listener]?.retryAt = now + .seconds(5)
        healthBook.isTouched = true
    }

    // From actions to effects

    /// Carries out what the peer's machine asked for, in its order.
    mutating func perform(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        var position = 0
        while position < actions.count {
            let action = actions[position]
            position += 1
            switch action {
            case .connect:
                dial(slot, into: &effects)
            case .send(let way, let bytes):
                if way == .incoming, let arriving {
                    attach(arriving, to: slot, way, into: &effects)
                }
                if let id = sessions[slot].connections[way] { effects.append(.send(id, bytes)) }
            case .close(let way):
                if let id = sessions[slot].connections.removeValue(forKey: way) {
                    connections[id] = nil
                    effects.append(.close(id))
                }
            case .established(let negotiated):
                established(slot, negotiated, at: now, into: &effects)
            case .down(let reason):
                down(slot, reason, at: now, into: &effects)
            case .refresh(let family):
                refreshOut(slot, family)
            case .refreshBegan(let family):
                rib.markStale(sessions[slot].source, family)
            case .refreshEnded(let family):
                rib.sweepStale(sessions[slot].source, family)
                ribIsTouched = true
            }
        }
        actions.removeAll(keepingCapacity: true)
        noteFailure(slot, at: now, into: &effects)
        let state = sessions[slot].peer.state
        if state != sessions[slot].lastState {
            sessions[slot].lastState = state
            sessions[slot].since = now
            healthBook.isTouched = true
        }
        deadlines.set(slot, sessions[slot].isLive ? sessionDeadline(slot) : nil)
    }

    mutating func dial(_ slot: Int, into effects: inout [Effect]) {
        let settings = sessions[slot].settings
        let id = newConnection()
        attach(id, to: slot, .outgoing, into: &effects)
        effects.append(
            .dial(
                id,
                Dial(
                    device: links[sessions[slot].link].spec.device, local: settings.local,
                    remote: settings.peer, port: settings.port,
                    passwordFile: settings.password?.file,
                    rules: rules(settings))))
    }

    /// A connection takes its place; one that still stands there is closed.
    mutating func attach(
        _ id: ConnectionID, to slot: Int, _ way: Way, into effects: inout [Effect]
    ) {
        if id == arriving { arriving = nil }
        if let old = sessions[slot].connections[way] {
            connections[old] = nil
            effects.append(.close(old))
        }
        sessions[slot].connections[way] = id
        connections[id] = (slot, way)
    }

    mutating func newConnection() -> ConnectionID {
        lastConnection += 1
        return ConnectionID(rawValue: lastConnection)
    }
}

/// How many BGP messages a run of whole messages holds.
private func messageCount(_ bytes: ArraySlice<UInt8>) -> Int {
    var count = 0
    var position = bytes.startIndex
    while position + 19 <= bytes.endIndex {
        let length = Int(bytes[position + 16]) << 8 | Int(bytes[position + 17])
        guard length >= 19 else { break }
        position += length
        count += 1
    }
    return count
}
