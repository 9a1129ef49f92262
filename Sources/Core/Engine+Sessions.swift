// Sessions: from the file's settings to a peer's state machine, and from what its machine asks to
// effects. When a session may start, what it learns and what it is told meet here.

import BGP
import Intent
public import Net
import Reconcile
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
                log(
                    .info, "refused a connection from a stranger",
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
            if hasUpdate { deliver(slot, at: now, into: &effects) }
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

    // From settings to sessions

    mutating func setSessions(_ link: Int, at now: Instant, into effects: inout [Effect]) {
        let key = links[link].key
        var kept: [Int] = []
        var wanted: [SessionID: SessionSettings] = [:]
        for settings in links[link].spec.sessions {
            wanted[
                SessionID(
                    circuit: key.circuit, peering: key.peering, role: key.role, peer: settings.peer)
            ] = settings
        }
        for slot in links[link].sessions {
            guard let settings = wanted.removeValue(forKey: sessions[slot].id) else {
                removeSession(slot, Notification(.peerDeconfigured), at: now, into: &effects)
                continue
            }
            kept.append(slot)
            guard settings != sessions[slot].settings else { continue }
            let old = sessions[slot].settings
            sessions[slot].settings = settings
            updateSource(slot)
            if old.differsInSession(from: settings) {
                sessionsByEnds[ends(slot, old)] = nil
                sessionsByEnds[ends(slot, settings)] = slot
                leaveListener(slot, old, into: &effects)
                joinListener(slot)
                rebuildPeer(slot, Notification(.configurationChange), at: now, into: &effects)
            } else {
                updateReceiver(slot)
            }
        }
        for (id, settings) in wanted.sorted(by: { $0.key < $1.key }) {
            kept.append(addSession(id, settings, link, at: now))
        }
        links[link].sessions = kept
    }

    private mutating func addSession(
        _ id: SessionID, _ settings: SessionSettings, _ link: Int, at now: Instant
    ) -> Int {
        let slot = freeSessions.popLast() ?? sessions.count
        let source = rib.addSource(sourceSettings(settings, link, nil))
        let session = LiveSession(
            id: id, settings: settings, link: link,
            peer: Peer(settings: peerSettings(settings, link), seed: seed(for: id)),
            source: source, since: now, hold: "the link is not up yet")
        if slot == sessions.count {
            sessions.append(session)
        } else {
            sessions[slot] = session
        }
        sessionSlots[id] = slot
        sessionsByEnds[ends(slot, settings)] = slot
        joinListener(slot)
        return slot
    }

    mutating func removeSession(
        _ slot: Int, _ notification: Notification, at now: Instant, into effects: inout [Effect]
    ) {
        stopSession(slot, notification, at: now, into: &effects)
        sessionSlots[sessions[slot].id] = nil
        sessionsByEnds[ends(slot, sessions[slot].settings)] = nil
        leaveListener(slot, sessions[slot].settings, into: &effects)
        rib.removeSource(sessions[slot].source)
        deadlines.set(slot, nil)
        sessions[slot].isLive = false
        freeSessions.append(slot)
        ribIsTouched = true
    }

    /// The session's machine is made anew from its settings; a running one is told why it ends.
    mutating func rebuildPeer(
        _ slot: Int, _ notification: Notification, at now: Instant, into effects: inout [Effect]
    ) {
        stopSession(slot, notification, at: now, into: &effects)
        sessions[slot].peer = Peer(
            settings: peerSettings(sessions[slot].settings, sessions[slot].link),
            seed: seed(for: sessions[slot].id))
        admit(slot, at: now, into: &effects)
    }

    /// Starts a session that may run, stops one that may not.
    mutating func admit(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        guard sessions[slot].isLive else { return }
        let hold = reasonToHold(slot)
        sessions[slot].hold = hold
        let mayRun = hold == nil && phase == .running
        if mayRun, !sessions[slot].isStarted {
            if !sessions[slot].hasRun {
                // What the first OPEN says of a restart is known only now.
                sessions[slot].hasRun = true
                sessions[slot].peer = Peer(
                    settings: peerSettings(sessions[slot].settings, sessions[slot].link),
                    seed: seed(for: sessions[slot].id))
            }
            sessions[slot].isStarted = true
            sessions[slot].peer.start(at: now, into: &actions)
            perform(slot, at: now, into: &effects)
        } else if !mayRun, sessions[slot].isStarted {
            // The link is gone: the peer cannot be told, and need not be.
            stopSession(slot, nil, at: now, into: &effects)
        }
    }

    private func reasonToHold(_ slot: Int) -> String? {
        let link = links[sessions[slot].link]
        let family = sessions[slot].settings.local.family
        if let trouble = link.trouble ?? link.muted[family] { return trouble }
        guard link.device != nil else { return "the link is not up yet" }
        if let password = sessions[slot].settings.password, password.digest == nil {
            return "the password file \(password.file) is missing or readable by others"
        }
        return nil
    }

    mutating func stopSession(
        _ slot: Int, _ notification: Notification?, at now: Instant, into effects: inout [Effect]
    ) {
        guard sessions[slot].isStarted else { return }
        sessions[slot].isStarted = false
        sessions[slot].peer.stop(notification, at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// Ends a session at the operator's word; it starts again by itself.
    mutating func clearSession(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        stopSession(
            slot, Notification(.administrativeReset, text: "cleared by operator"), at: now,
            into: &effects)
        admit(slot, at: now, into: &effects)
    }

    mutating func tickSession(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        guard sessions[slot].isLive else { return }
        if let until = sessions[slot].staleUntil, until <= now {
            sessions[slot].staleUntil = nil
            rib.sweepStale(sessions[slot].source)
            if sessions[slot].peer.state != .established { setGateway(slot, false, at: now) }
            ribIsTouched = true
        }
        sessions[slot].peer.tick(at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    private func sessionDeadline(_ slot: Int) -> Instant? {
        earlier(sessions[slot].peer.nextDeadline, sessions[slot].staleUntil)
    }

    // From actions to effects

    /// Carries out what the peer's machine asked for, in its order.
    private mutating func perform(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
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
                if let receiver = sessions[slot].receiver {
                    rib.refresh(receiver, family)
                    ribIsTouched = true
                }
            case .refreshBegan:
                rib.markStale(sessions[slot].source)
            case .refreshEnded:
                rib.sweepStale(sessions[slot].source)
                ribIsTouched = true
            }
        }
        actions.removeAll(keepingCapacity: true)
        let state = sessions[slot].peer.state
        if state != sessions[slot].lastState {
            sessions[slot].lastState = state
            sessions[slot].since = now
            healthBook.isTouched = true
        }
        deadlines.set(slot, sessions[slot].isLive ? sessionDeadline(slot) : nil)
    }

    private mutating func dial(_ slot: Int, into effects: inout [Effect]) {
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
                    hasTTLSecurity: settings.hasTTLSecurity)))
    }

    /// A connection takes its place; one that still stands there is closed.
    private mutating func attach(
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

    private mutating func newConnection() -> ConnectionID {
        lastConnection += 1
        return ConnectionID(rawValue: lastConnection)
    }

    private mutating func established(
        _ slot: Int, _ negotiated: Negotiated, at now: Instant, into effects: inout [Effect]
    ) {
        sessions[slot].lastError = nil
        sessions[slot].negotiated = negotiated
        sessions[slot].endOfRIB = []
        updateSource(slot)
        setGateway(slot, true, at: now)
        if sessions[slot].staleUntil != nil {
            // Only what the peer kept forwarding may be kept here.
            let kept = negotiated.gracefulRestart?.preserved ?? []
            if !negotiated.families.isSubset(of: kept) {
                sessions[slot].staleUntil = nil
                rib.sweepStale(sessions[slot].source)
            }
        }
        if !rib.isHolding { feed(slot) }
        if negotiated.gracefulRestart == nil { sessions[slot].endOfRIB = negotiated.families }
        ribIsTouched = true
        report(slot, .notice, "session is established", at: now, into: &effects)
    }

    private mutating func down(
        _ slot: Int, _ reason: DownReason, at now: Instant, into effects: inout [Effect]
    ) {
        if let receiver = sessions[slot].receiver {
            rib.removeReceiver(receiver)
            sessions[slot].receiver = nil
            receivers.remove(slot)
        }
        sessions[slot].endOfRIB = []
        sessions[slot].lastError = reason.description
        if sessions[slot].settings.hasGracefulRestart, sessions[slot].isStarted,
            let negotiated = sessions[slot].negotiated, reason.keepsRoutes(negotiated),
            sessions[slot].staleUntil == nil, let restart = negotiated.gracefulRestart,
            !restart.families.isEmpty
        {
            sessions[slot].staleUntil = now + .seconds(Int(restart.restartTime))
            rib.markStale(sessions[slot].source)
        } else {
            sessions[slot].staleUntil = nil
            rib.sourceDown(sessions[slot].source)
            setGateway(slot, false, at: now)
        }
        ribIsTouched = true
        let why = reason == .stopped ? sessions[slot].hold : nil
        report(
            slot, .warning, "session is down: \(why ?? reason.description)", at: now,
            into: &effects)
    }

    private mutating func report(
        _ slot: Int, _ level: LogLevel, _ text: String, at now: Instant,
        into effects: inout [Effect]
    ) {
        let id = sessions[slot].id
        log(
            level, text,
            ["circuit": id.circuit, "link": id.role, "peer": id.peer.description], into: &effects)
        tell(
            "session", "\(id.peer): \(text)", circuit: id.circuit, link: id.role, at: now,
            into: &effects)
        healthBook.isTouched = true
    }

    /// Hands one UPDATE to routing.
    private mutating func deliver(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        let source = sessions[slot].source
        ribIsTouched = true
        if !update.withdrawn4.isEmpty || !update.withdrawn6.isEmpty {
            rib.withdraw(
                from: source, withdrawn4: update.withdrawn4, withdrawn6: update.withdrawn6)
        }
        if let family = update.endOfRIB {
            sessions[slot].endOfRIB.insert(family)
            if let negotiated = sessions[slot].peer.negotiated,
                sessions[slot].endOfRIB.isSuperset(of: negotiated.families),
                sessions[slot].staleUntil != nil
            {
                sessions[slot].staleUntil = nil
                rib.sweepStale(source)
            }
            healthBook.isTouched = true
            return
        }
        guard !update.announced4.isEmpty || !update.announced6.isEmpty else { return }
        let isWithin = rib.learn(
            from: source, announced4: update.announced4, announced6: update.announced6,
            attributes: update.attributes, nextHop4: update.nextHop4,
            nextHop6: update.nextHop6.map { .v6($0) })
        if !isWithin {
            sessions[slot].peer.notify(
                Notification(.maximumPrefixes), at: now, into: &actions)
        }
    }

    /// The hold of an earlier run's routes ends when links stand as wanted and every peer that can
    /// speak has spoken. A link that cannot carry packets keeps nobody waiting.
    mutating func endHoldIfHeard(at now: Instant, into effects: inout [Effect]) {
        guard holdUntil != nil, phase == .running, catalog.settings != nil,
            touchedDevices.isEmpty, reconciler.isSettled
        else { return }
        for session in sessions where session.isLive && session.hold == nil {
            guard let negotiated = session.peer.negotiated, session.peer.state == .established
            else { return }
            // A peer that restarts as well waits for us: RFC 4724 §4.1.
            if negotiated.gracefulRestart?.isRestarting ?? false { continue }
            guard session.endOfRIB.isSuperset(of: negotiated.families) else { return }
        }
        endHold(at: now, into: &effects)
    }

    private mutating func setGateway(_ slot: Int, _ isUsable: Bool, at now: Instant) {
        guard let device = links[sessions[slot].link].device else { return }
        rib.setGateway(
            GatewayID(device, sessions[slot].settings.peer), isUsable: isUsable, at: now)
        for address in otherGateways(slot) {
            rib.setGateway(GatewayID(device, address), isUsable: isUsable, at: now)
        }
    }

    /// Gateways of a family that the session carries besides its own: the link's other peer.
    private func otherGateways(_ slot: Int) -> [IPAddress] {
        let session = sessions[slot]
        let others = session.settings.families.subtracting([session.settings.peer.family])
        return links[session.link].spec.gateways.filter { others.contains($0.family) }
    }

    // What routing is told

    mutating func updateSource(_ slot: Int) {
        let session = sessions[slot]
        rib.update(
            session.source,
            sourceSettings(session.settings, session.link, session.peer.negotiated?.peerID))
        ribIsTouched = true
    }

    private mutating func sourceSettings(
        _ settings: SessionSettings, _ link: Int, _ routerID: RouterID?
    ) -> SourceSettings {
        let spec = links[link].spec
        var gateways: [GatewayID] = []
        if let device = links[link].device {
            gateways = [GatewayID(device, settings.peer)]
            for other in spec.gateways
            where other.family != settings.peer.family && settings.families.contains(other.family) {
                gateways.append(GatewayID(device, other))
            }
        }
        return SourceSettings(
            space: spec.table, circuit: number(of: links[link].key.circuit),
            kind: settings.localASN == settings.peerASN ? .internal : .external,
            peer: settings.peer, routerID: routerID ?? RouterID(raw: 0),
            peerASN: settings.peerASN, localASN: settings.localASN, gateways: gateways,
            subnets: spec.addresses.map(\.network), locals: spec.addresses.map(\.address),
            policy: ImportPolicy(
                accept: settings.accept,
                acceptsDefault: settings.acceptsDefault,
                isPublic: settings.isPublic, allowOwnAS: settings.allowOwnAS,
                localPref: settings.localPref, limit: settings.limits.inbound))
    }

    private func peerSettings(_ settings: SessionSettings, _ link: Int) -> PeerSettings {
        var offer: GracefulRestartOffer?
        if settings.hasGracefulRestart {
            let isRestarting = holdUntil != nil
            offer = GracefulRestartOffer(
                restartTime: UInt16(clamping: options.restartHold.components.seconds),
                isRestarting: isRestarting,
                preserved: rib.staleCount(links[link].spec.table) > 0 ? settings.families : [])
        }
        return PeerSettings(
            localASN: settings.localASN, peerASN: settings.peerASN,
            localID: catalog.settings?.routerID ?? RouterID(raw: 0), holdTime: settings.holdTime,
            families: settings.families, isPassive: settings.isPassive, gracefulRestart: offer)
    }

    private func ends(_ slot: Int, _ settings: SessionSettings) -> Ends {
        Ends(
            vrf: links[sessions[slot].link].spec.vrf, local: settings.local, peer: settings.peer)
    }

    private func seed(for id: SessionID) -> UInt64 {
        var hash = options.seed ^ 0xCBF2_9CE4_8422_2325
        for byte in id.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
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
