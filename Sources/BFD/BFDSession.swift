// The BFD session (RFC 5880 §6.8) in asynchronous mode, as a value: packets and time in, packets
// out. Demand mode is never asked for, and obeyed when the peer asks. No echo, no authentication.

public import Net

/// One BFD session.
public struct BFDSession: Sendable {
    /// Ours (bfd.SessionState).
    public private(set) var state: BFDState = .down
    /// The peer's, as last heard (bfd.RemoteSessionState).
    public private(set) var remoteState: BFDState = .down
    /// Why we last left Up (bfd.LocalDiag).
    public private(set) var diagnostic = BFDDiagnostic.none
    /// Why the peer last left Up, as it says.
    public private(set) var remoteDiagnostic = BFDDiagnostic.none
    /// The peer's BFD outlives its control plane (C bit).
    public private(set) var isRemoteIndependent = false
    /// The settings now in force.
    public private(set) var settings: BFDSettings
    /// Since when it is Up.
    public private(set) var upAt: Instant?
    /// Times it left Up.
    public private(set) var flaps: UInt64 = 0
    /// Our number of the session, by which received packets find it.
    public let localDiscriminator: UInt32
    /// The peer's number of the session; 0 when not known.
    public private(set) var remoteDiscriminator: UInt32 = 0

    private var remoteMinTx: UInt32 = 0
    /// bfd.RemoteMinRxInterval begins at 1.
    private var remoteMinRx: UInt32 = 1
    private var remoteMultiplier: UInt8 = 0
    private var isRemoteDemand = false
    /// A change of ours is being told with the P bit until the F bit comes back.
    private var isPolling = false
    /// What the peer already reckons with, while a poll goes on (§6.8.3).
    private var usedMinTx: UInt32 = 0
    private var usedMinRx: UInt32 = 0
    private var lastSent: Instant?
    private var lastHeard: Instant?
    private var nextSend: Instant?
    private var isStarted = false
    private var random: UInt64

    /// A session that says nothing before `start`. The discriminator is unique on this host and
    /// not 0; `seed` decides the jitter.
    public init(settings: BFDSettings, localDiscriminator: UInt32, seed: UInt64) {
        precondition(localDiscriminator != 0, "a BFD discriminator of 0")
        self.settings = settings
        self.localDiscriminator = localDiscriminator
        random = seed
        usedMinTx = wantedMinTx
        usedMinRx = settings.requiredMinRx.microseconds
    }

    /// When `tick` is due; nil when no timer runs.
    public var nextDeadline: Instant? { earlier(nextSend, detectionDeadline) }

    /// How long the peer may be silent (§6.8.4); nil before it was heard.
    public var detectionTime: Duration? {
        guard remoteDiscriminator != 0 else { return nil }
        return .microseconds(Int64(remoteMultiplier) * Int64(max(usedMinRx, remoteMinTx)))
    }

    /// The time between our packets, before jitter (§6.8.2).
    public var transmitInterval: Duration { .microseconds(Int64(max(usedMinTx, remoteMinRx))) }

    /// Begins, or lets go of an administrative hold.
    public mutating func start(at now: Instant, into actions: inout [BFDAction]) {
        guard !isStarted || state == .adminDown else { return }
        isStarted = true
        state = .down
        diagnostic = .none
        schedule(at: now)
        if !settings.isPassive || remoteDiscriminator != 0 { nextSend = now }
    }

    /// Holds the session down administratively. It goes on saying so until it is thrown away.
    public mutating func stop(at now: Instant, into actions: inout [BFDAction]) {
        guard isStarted, state != .adminDown else { return }
        enter(.adminDown, .administrativelyDown, because: .adminDown, at: now, into: &actions)
        send(at: now, into: &actions)
    }

    /// Takes new settings; while Up the peer is told by a poll before they count.
    public mutating func change(
        _ settings: BFDSettings, at now: Instant, into actions: inout [BFDAction]
    ) {
        guard settings != self.settings else { return }
        let before = (wantedMinTx, self.settings.requiredMinRx)
        self.settings = settings
        if state == .up, before != (wantedMinTx, settings.requiredMinRx) { isPolling = true }
        use()
        schedule(at: now)
        if isStarted, isPolling { send(at: now, into: &actions) }
    }

    /// Takes a packet that found this session by its discriminator, or, where that is 0, by its
    /// addresses. False: it was not for this session and counts for nothing.
    @discardableResult
    public mutating func received(
        _ packet: ControlPacket, at now: Instant, into actions: inout [BFDAction]
    ) -> Bool {
        guard isStarted, packet.myDiscriminator != 0, packet.detectMultiplier != 0 else {
            return false
        }
        guard packet.yourDiscriminator == localDiscriminator || packet.yourDiscriminator == 0
        else { return false }
        guard packet.yourDiscriminator != 0 || packet.state == .down || packet.state == .adminDown
        else { return false }
        remoteDiscriminator = packet.myDiscriminator
        remoteState = packet.state
        remoteDiagnostic = packet.diagnostic
        isRemoteIndependent = packet.isControlPlaneIndependent
        isRemoteDemand = packet.isDemand
        remoteMinRx = packet.requiredMinRx
        remoteMinTx = packet.desiredMinTx
        remoteMultiplier = packet.detectMultiplier
        if packet.isFinal { isPolling = false }
        use()
        guard state != .adminDown else { return false }
        lastHeard = now

        let before = state
        step(packet, at: now, into: &actions)
        if state != before { send(at: now, into: &actions) }
        schedule(at: now)
        if packet.isPoll {
            // §6.8.7: at once, whatever the intervals say, and never with P.
            var answer = self.packet
            answer.isPoll = false
            answer.isFinal = true
            actions.append(.send(answer))
        }
        return true
    }

    /// Runs what is due.
    public mutating func tick(at now: Instant, into actions: inout [BFDAction]) {
        if let deadline = detectionDeadline, deadline <= now {
            remoteDiscriminator = 0
            isRemoteDemand = false
            lastHeard = nil
            if state == .up || state == .`init` {
                enter(.down, .detectionTimeExpired, because: .expired, at: now, into: &actions)
                send(at: now, into: &actions)
            }
            schedule(at: now)
        }
        if let deadline = nextSend, deadline <= now { send(at: now, into: &actions) }
    }

    /// The transitions of §6.8.6.
    private mutating func step(
        _ packet: ControlPacket, at now: Instant, into actions: inout [BFDAction]
    ) {
        switch (state, packet.state) {
        case (.down, .adminDown): break
        case (.`init`, .adminDown), (.up, .adminDown):
            enter(
                .down, .neighborSignaledDown, because: .neighborAdminDown, at: now, into: &actions)
        case (.down, .down): state = .`init`
        case (.down, .`init`), (.`init`, .`init`), (.`init`, .up):
            state = .up
            diagnostic = .none
            upAt = now
            // §6.8.3: the interval changes from that of a session that is not Up.
            isPolling = true
            use()
            actions.append(.up)
        case (.up, .down):
            enter(
                .down, .neighborSignaledDown, because: .neighbor(packet.diagnostic), at: now,
                into: &actions)
        case (.down, .up), (.`init`, .down), (.up, .`init`), (.up, .up), (.adminDown, _): break
        }
    }

    private mutating func enter(
        _ next: BFDState, _ reason: BFDDiagnostic, because down: BFDDown, at now: Instant,
        into actions: inout [BFDAction]
    ) {
        let wasUp = state == .up
        state = next
        diagnostic = reason
        isPolling = false
        upAt = nil
        use()
        if wasUp {
            flaps += 1
            actions.append(.down(down))
        }
    }

    /// §6.8.3: not below one second unless Up.
    private var wantedMinTx: UInt32 {
        let wanted = settings.desiredMinTx.microseconds
        return state == .up ? wanted : max(wanted, 1_000_000)
    }

    /// Takes the intervals into use, but while a poll goes on never a slower pace of ours nor a
    /// shorter detection time.
    private mutating func use() {
        let wantedMinRx = settings.requiredMinRx.microseconds
        if isPolling {
            usedMinTx = min(usedMinTx, wantedMinTx)
            usedMinRx = max(usedMinRx, wantedMinRx)
        } else {
            usedMinTx = wantedMinTx
            usedMinRx = wantedMinRx
        }
    }

    private var detectionDeadline: Instant? {
        guard let lastHeard, let detectionTime else { return nil }
        return lastHeard + detectionTime
    }

    /// Whether packets go out by the clock (§6.8.7).
    private var isPeriodic: Bool {
        guard isStarted, remoteMinRx != 0, !settings.isPassive || remoteDiscriminator != 0 else {
            return false
        }
        let isDemandActive = isRemoteDemand && state == .up && remoteState == .up
        return !isDemandActive || isPolling
    }

    /// Puts the next packet at its moment, which may have moved since the last one.
    private mutating func schedule(at now: Instant) {
        guard isPeriodic else {
            nextSend = nil
            return
        }
        // A moment already chosen stays, unless the interval moved it out of reach.
        if let nextSend, let lastSent, nextSend >= now,
            nextSend - lastSent <= transmitInterval,
            nextSend - lastSent >= transmitInterval * 3 / 4
        {
            return
        }
        nextSend = max(now, (lastSent ?? now) + jittered(transmitInterval))
    }

    private mutating func send(at now: Instant, into actions: inout [BFDAction]) {
        guard isStarted, !settings.isPassive || remoteDiscriminator != 0 else { return }
        actions.append(.send(packet))
        lastSent = now
        nextSend = isPeriodic ? now + jittered(transmitInterval) : nil
    }

    /// What there is to say.
    private var packet: ControlPacket {
        var packet = ControlPacket(
            state: state, detectMultiplier: settings.detectMultiplier,
            myDiscriminator: localDiscriminator, yourDiscriminator: remoteDiscriminator,
            desiredMinTx: wantedMinTx, requiredMinRx: settings.requiredMinRx.microseconds)
        packet.diagnostic = diagnostic
        packet.isPoll = isPolling
        return packet
    }

    /// §6.8.7: three quarters to the whole of the interval; to nine tenths of it where a single
    /// lost packet counts.
    private mutating func jittered(_ interval: Duration) -> Duration {
        random &+= 0x9E37_79B9_7F4A_7C15
        var word = random
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        word ^= word >> 31
        let whole = interval.nanoseconds
        let least = whole / 4 * 3
        let most = settings.detectMultiplier == 1 ? whole / 10 * 9 : whole
        return .nanoseconds(least + Int64(word % UInt64(max(most - least, 0) + 1)))
    }
}

extension Duration {
    /// Whole microseconds within the 32 bits of a packet, at least 1.
    fileprivate var microseconds: UInt32 {
        UInt32(clamping: max(nanoseconds / 1000, 1))
    }
}
