// Sessions: from the file's settings to a peer's machine, when it may run, and what it means for
// routing that it is established, learns something, or ends.

import BGP
import Intent
import Net
import Reconcile
import Routing

extension Engine {
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
                forgetEnds(slot, old)
                sessionsByEnds[ends(slot, settings)] = slot
                leaveListener(slot, old, into: &effects)
                joinListener(slot)
                rebuildPeer(slot, notification(of: settings), at: now, into: &effects)
            } else {
                updateReceiver(slot)
            }
            if old.limits != settings.limits { limitChanged(slot, at: now, into: &effects) }
        }
        for (id, settings) in wanted.sorted(by: { $0.key < $1.key }) {
            kept.append(addSession(id, settings, link, at: now))
        }
        links[link].sessions = kept
    }

    /// What the peer hears of a change of its session's settings.
    private func notification(of settings: SessionSettings) -> Notification {
        guard let text = settings.shutdown else { return Notification(.configurationChange) }
        return Notification(.administrativeShutdown, text: text)
    }

    mutating func addSession(
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
        sessionsByEnds[ends(slot, settings)] = slot
        joinListener(slot)
        return slot
    }

    mutating func removeSession(
        _ slot: Int, _ notification: Notification, at now: Instant, into effects: inout [Effect]
    ) {
        stopSession(slot, notification, at: now, into: &effects)
        forgetEnds(slot, sessions[slot].settings)
        leaveListener(slot, sessions[slot].settings, into: &effects)
        rib.removeSource(sessions[slot].source)
        deadlines.set(slot, nil)
        sessions[slot].isLive = false
        settleGateways(sessions[slot].link, at: now)
        freeSessions.append(slot)
        ribIsTouched = true
    }

    /// Another session may have taken the same ends already.
    private mutating func forgetEnds(_ slot: Int, _ settings: SessionSettings) {
        let ends = ends(slot, settings)
        if sessionsByEnds[ends] == slot { sessionsByEnds[ends] = nil }
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
        let mayRun =
            hold == nil && phase == .running && !isParting && sessions[slot].overLimit == nil
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

    func reasonToHold(_ slot: Int) -> String? {
        if let text = sessions[slot].settings.shutdown {
            return text.isEmpty ? "shut down in its file" : "shut down in its file: \(text)"
        }
        let link = links[sessions[slot].link]
        let family = sessions[slot].settings.local.family
        if let trouble = link.trouble ?? link.muted[family] { return trouble }
        guard link.device != nil else { return "the link is not up yet" }
        if let password = sessions[slot].settings.password, password.digest == nil {
            return
                "the password file \(password.file) is missing, empty, too long or readable by others"
        }
        return nil
    }

    mutating func stopSession(
        _ slot: Int, _ notification: Notification?, at now: Instant, into effects: inout [Effect]
    ) {
        if notification != nil { forgetKept(slot, at: now) }
        guard sessions[slot].isStarted else { return }
        sessions[slot].isStarted = false
        sessions[slot].peer.stop(notification, at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// Ends a session at the operator's word; it starts again by itself.
    mutating func clearSession(
        _ slot: Int, reason: String?, at now: Instant, into effects: inout [Effect]
    ) {
        sessions[slot].overLimit = nil
        stopSession(
            slot, Notification(.administrativeReset, text: reason ?? "cleared by operator"),
            at: now, into: &effects)
        admit(slot, at: now, into: &effects)
    }

    /// Asks the peer for all its routes again; false when it cannot answer that.
    mutating func refreshIn(_ slot: Int, at now: Instant, into effects: inout [Effect]) -> Bool {
        var isAsked = false
        for family in sessions[slot].settings.families.sorted()
        where sessions[slot].peer.requestRefresh(family, into: &actions) {
            isAsked = true
        }
        perform(slot, at: now, into: &effects)
        return isAsked
    }

    /// Tells the peer all its routes again; false when it hears none.
    mutating func refreshOut(_ slot: Int, at now: Instant, into effects: inout [Effect]) -> Bool {
        guard let negotiated = sessions[slot].peer.negotiated, sessions[slot].receiver != nil else {
            return false
        }
        for family in negotiated.families.sorted() { refreshOut(slot, family) }
        return true
    }

    /// Tells the peer all its routes of a family again.
    mutating func refreshOut(_ slot: Int, _ family: Family) {
        guard let receiver = sessions[slot].receiver else { return }
        let isMarked = sessions[slot].peer.negotiated?.hasEnhancedRefresh ?? false
        rib.refresh(receiver, family, isMarked: isMarked)
        ribIsTouched = true
    }

    mutating func tickSession(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        guard sessions[slot].isLive else { return }
        endKeeping(slot, at: now, into: &effects)
        if let over = sessions[slot].overLimit, over.until <= now {
            endHoldDown(slot, at: now, into: &effects)
        }
        sessions[slot].peer.tick(at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    func sessionDeadline(_ slot: Int) -> Instant? {
        earlier(
            earlier(
                sessions[slot].peer.nextDeadline, sessions[slot].kept.values.map(\.until).min()),
            sessions[slot].overLimit?.until)
    }

    mutating func established(
        _ slot: Int, _ negotiated: Negotiated, at now: Instant, into effects: inout [Effect]
    ) {
        sessions[slot].lastError = nil
        sessions[slot].overLimit = nil
        sessions[slot].nearLimit = []
        sessions[slot].negotiated = negotiated
        sessions[slot].endOfRIB = []
        updateSource(slot)
        settleGateways(sessions[slot].link, at: now)
        sweepUnpreserved(slot, negotiated, at: now)
        // Whoever kept our routes waits for the whole of them; others have none until they are told.
        if !rib.isHolding || negotiated.gracefulRestart == nil { feed(slot) }
        if negotiated.gracefulRestart == nil { sessions[slot].endOfRIB = negotiated.families }
        ribIsTouched = true
        report(slot, .notice, "session is established", at: now, into: &effects)
    }

    mutating func down(
        _ slot: Int, _ reason: DownReason, at now: Instant, into effects: inout [Effect]
    ) {
        if let receiver = sessions[slot].receiver {
            rib.removeReceiver(receiver)
            sessions[slot].receiver = nil
            receivers.remove(slot)
        }
        sessions[slot].endOfRIB = []
        remember(reason, slot, at: now)
        keepRoutes(slot, after: reason, at: now)
        ribIsTouched = true
        let why = reason == .stopped ? sessions[slot].hold : nil
        report(
            slot, .warning, "session is down: \(why ?? reason.description)", at: now,
            into: &effects)
    }

    /// An attempt that ended before it was a session says why too: once, until it ends otherwise.
    mutating func noteFailure(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        guard let reason = sessions[slot].peer.lastDown, reason != sessions[slot].lastDown else {
            return
        }
        switch (reason, sessions[slot].lastDown) {
        // A bare close tells less than what was said of the OPEN before it.
        case (.closed, .sent(let said)?) where said.code == 2: return
        case (.closed, .received(let said)?) where said.code == 2: return
        default: break
        }
        switch reason {
        case .sent, .received, .closed:
            remember(reason, slot, at: now)
            report(
                slot, .warning, "session did not come up: \(reason)", at: now, into: &effects)
        // What could not be dialed was said with its reason; the others are no failure.
        case .unreachable, .stopped, .replaced: sessions[slot].lastDown = reason
        }
    }

    private mutating func remember(_ reason: DownReason, _ slot: Int, at now: Instant) {
        sessions[slot].lastDown = reason
        // What ends here by a link or a word has its reason there; the peer's last one stays.
        if reason != .stopped { sessions[slot].lastError = reason.description }
        switch reason {
        case .sent(let notification): sessions[slot].lastSent = (notification, now)
        case .received(let notification): sessions[slot].lastReceived = (notification, now)
        case .closed, .stopped, .replaced, .unreachable: break
        }
    }

    mutating func report(
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
    mutating func deliver(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        let source = sessions[slot].source
        ribIsTouched = true
        if let family = update.endOfRIB {
            sessions[slot].endOfRIB.insert(family)
            if sessions[slot].kept.removeValue(forKey: family) != nil {
                rib.sweepStale(source, family)
            }
            healthBook.isTouched = true
            return
        }
        let isWithin = rib.learn(from: source, update)
        checkLimit(slot, isWithin: isWithin, at: now, into: &effects)
    }

    /// The hold of an earlier run's routes ends when links stand as wanted and every peer that can
    /// speak has spoken. A link that cannot carry packets keeps nobody waiting.
    mutating func endHoldIfHeard(at now: Instant, into effects: inout [Effect]) {
        guard holdUntil != nil, phase == .running, catalog.settings != nil,
            touchedDevices.isEmpty, reconciler.isSettled
        else { return }
        var isAwaited = false
        for session in sessions where session.isLive && session.hold == nil {
            guard let negotiated = session.peer.negotiated, session.peer.state == .established
            else { return }
            if session.endOfRIB.isSuperset(of: negotiated.families) { continue }
            guard negotiated.gracefulRestart?.isRestarting ?? false else { return }
            isAwaited = true
        }
        if isAwaited {
            // A peer that restarts as well waits for us (RFC 4724 §4.1): it is told our routes, and
            // its own go on forwarding until it has spoken too.
            feedAll(at: now, into: &effects)
        } else {
            endHold(at: now, into: &effects)
        }
    }
}
