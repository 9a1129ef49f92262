// A far end: a router at the other end of a wire, speaking BGP by the same state machine as the
// daemon, or only forwarding. It announces what it is told to, remembers what it hears, and can
// die aloud, silently, or restart gracefully.

public import BGP
public import Net

/// What a far end is.
public struct SpeakerSettings: Sendable {
    /// Its address.
    public var address: IPAddress
    /// The edge's address on the wire.
    public var edgeAddress: IPAddress
    /// Its AS.
    public var asn: ASN
    /// The edge's AS.
    public var edgeASN: ASN
    /// Its identifier.
    public var id: RouterID
    /// Families of its session.
    public var families: Set<Family>
    /// Its address of the other family, where one session carries both.
    public var otherAddress: IPAddress?
    /// It waits to be dialed.
    public var isPassive = false
    /// It speaks BGP at all.
    public var speaks = true
    /// It restarts gracefully and helps others to, for that many seconds.
    public var restartTime: UInt16?
    /// Its hold time.
    public var holdTime: UInt16 = 30
    /// The password of its session.
    public var secret: String?

    /// A speaker of one family.
    public init(
        address: IPAddress, edgeAddress: IPAddress, asn: ASN, edgeASN: ASN, id: RouterID
    ) {
        self.address = address
        self.edgeAddress = edgeAddress
        self.asn = asn
        self.edgeASN = edgeASN
        self.id = id
        families = [address.family]
    }
}

/// A far end.
public final class Speaker {
    /// Its name, `CIRCUIT/ROLE/FAMILY`.
    public let name: String
    /// The circuit that it is at the end of.
    public let circuit: String
    /// The link that it is at the end of.
    public let role: String
    /// Its wire.
    public let wire: Wire
    /// What it is.
    public let settings: SpeakerSettings
    /// An AS number that no other speaker puts behind its own: tells whose route one is.
    public let tag: ASN
    /// What it announces, with the number of further AS numbers in each path.
    public private(set) var announced: [Prefix: Int] = [:]
    /// What it ever announced.
    public private(set) var everAnnounced: Set<Prefix> = []
    /// What it was told and not told otherwise.
    public private(set) var told: [Prefix: ASPath] = [:]
    /// Whether it lives.
    public private(set) var isAlive = false
    /// Whether its host is gone too, so that nothing answers.
    public private(set) var isSilent = false
    /// Messages of UPDATE that it heard.
    public private(set) var updatesHeard = 0
    /// The last NOTIFICATION or other reason that ended a session.
    public private(set) var lastDown: DownReason?

    unowned let world: World
    /// The number of the attempt to dial that counts.
    private(set) var attempt = 0
    private var peer: Peer
    private var ways: [Way: NetworkConnection] = [:]
    private var arriving: NetworkConnection?
    private var update = UpdateBuffer()
    private var actions: [PeerAction] = []
    private var wakeAt: Instant?
    private var life = 0
    private var negotiated: Negotiated?
    private var stale: Set<Prefix> = []

    var address: IPAddress { settings.address }
    var edgeAddress: IPAddress { settings.edgeAddress }
    var secret: String? { settings.secret }
    var speaks: Bool { settings.speaks && isAlive }

    /// Whether its session is established.
    public var isEstablished: Bool { peer.state == .established }

    init(
        _ name: String, circuit: String, _ settings: SpeakerSettings, on wire: Wire, tag: ASN,
        in world: World
    ) {
        self.name = name
        self.circuit = circuit
        role = name.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        self.settings = settings
        self.wire = wire
        self.tag = tag
        self.world = world
        peer = Speaker.peer(settings, isRestarting: false, seed: 0)
    }

    private static func peer(
        _ settings: SpeakerSettings, isRestarting: Bool, seed: UInt64
    ) -> Peer {
        var peer = PeerSettings(
            localASN: settings.asn, peerASN: settings.edgeASN, localID: settings.id,
            holdTime: settings.holdTime, families: settings.families,
            isPassive: settings.isPassive)
        peer.gracefulRestart = settings.restartTime.map {
            GracefulRestartOffer(
                restartTime: $0, isRestarting: isRestarting,
                preserved: isRestarting ? settings.families : [])
        }
        return Peer(settings: peer, seed: seed)
    }

    // Life

    /// Comes to life, or back.
    public func start() {
        guard !isAlive else { return }
        life += 1
        isAlive = true
        isSilent = false
        guard settings.speaks else { return }
        peer = Speaker.peer(settings, isRestarting: life > 1, seed: world.random.next())
        peer.start(at: world.now, into: &actions)
        perform()
    }

    /// Dies: the process alone, so that its host closes its connections, or with its host.
    public func kill(silently: Bool) {
        guard isAlive else { return }
        world.note("\(name): dies\(silently ? " silently" : "")")
        isAlive = false
        isSilent = silently
        attempt += 1
        wakeAt = nil
        actions = []
        negotiated = nil
        forget()
        for connection in ways.values.sorted(by: { $0.number < $1.number }) {
            if silently { connection.toEdge.bytes = [] }
            connection.closed(by: .toEdge)
        }
        ways = [:]
    }

    // Routes

    /// Announces a prefix, with `extra` more AS numbers in its path.
    public func announce(_ prefix: Prefix, extra: Int = 0) {
        announced[prefix] = extra
        everAnnounced.insert(prefix)
        guard isEstablished else { return }
        tell { announce([prefix], extra: extra, into: &$0) }
    }

    /// Withdraws a prefix.
    public func withdraw(_ prefix: Prefix) {
        guard announced.removeValue(forKey: prefix) != nil, isEstablished else { return }
        tell { writer in
            switch prefix {
            case .v4(let prefix): writer.withdraw([prefix])
            case .v6(let prefix): writer.withdraw([prefix])
            }
        }
    }

    /// Sends bytes as they are, garbage too, over an established session.
    public func send(_ bytes: [UInt8]) {
        guard let way = peer.establishedWay else { return }
        ways[way]?.send(bytes, .toEdge)
    }

    private func tell(_ write: (inout UpdateWriter) -> Void) {
        guard let negotiated, let way = peer.establishedWay else { return }
        var writer = UpdateWriter(negotiated)
        write(&writer)
        let count = writer.messages
        ways[way]?.send(writer.take(), .toEdge)
        peer.sentUpdates(count, at: world.now)
        peer.wrote(way, at: world.now)
    }

    private func announce(_ prefixes: [Prefix], extra: Int, into writer: inout UpdateWriter) {
        let path = [settings.asn] + Array(repeating: settings.asn, count: extra) + [tag]
        let attributes = PathAttributes(asPath: ASPath(path)).canonical()
        let all = prefixes.sorted()
        let addresses = [settings.address, settings.otherAddress].compactMap { $0 }
        for case .v4(let nextHop) in addresses {
            let mine = all.compactMap { if case .v4(let prefix) = $0 { prefix } else { nil } }
            _ = writer.announce(mine, attributes: attributes, nextHop: nextHop)
        }
        for case .v6(let nextHop) in addresses {
            let mine = all.compactMap { if case .v6(let prefix) = $0 { prefix } else { nil } }
            _ = writer.announce(mine, attributes: attributes, nextHop: nextHop)
        }
    }

    /// All of a family, and the end of it.
    private func announceAll(_ family: Family) {
        tell { writer in
            let byLength = Dictionary(
                grouping: announced.keys.filter { $0.family == family }
            ) { announced[$0] ?? 0 }
            for (extra, prefixes) in byLength.sorted(by: { $0.key < $1.key }) {
                announce(prefixes, extra: extra, into: &writer)
            }
            writer.endOfRIB(family)
        }
    }

    // Connections

    /// The edge has dialed; false refuses.
    func accept(_ connection: NetworkConnection) -> Bool {
        guard peer.accepted(at: world.now, into: &actions) else {
            actions = []
            return false
        }
        arriving = connection
        perform()
        arriving = nil
        return ways[.incoming] === connection
    }

    /// An attempt to dial came through; false when nobody waits for it any more.
    func dialed(_ connection: NetworkConnection, _ attempt: Int) -> Bool {
        guard isAlive, self.attempt == attempt, connection.isOpenAtSpeaker else { return false }
        ways[.outgoing] = connection
        peer.dialed(at: world.now, into: &actions)
        perform()
        return true
    }

    func dialFailed(_ attempt: Int) {
        guard isAlive, self.attempt == attempt else { return }
        peer.dialFailed(at: world.now, into: &actions)
        perform()
    }

    func closed(_ connection: NetworkConnection) {
        guard let way = ways.first(where: { $0.value === connection })?.key else { return }
        ways[way] = nil
        peer.closed(way, at: world.now, into: &actions)
        perform()
    }

    func received(_ chunk: [UInt8], on connection: NetworkConnection) {
        guard let way = ways.first(where: { $0.value === connection })?.key else { return }
        let bytes = connection.speakerRest + chunk
        var used = 0
        while used < bytes.count {
            let (consumed, hasUpdate) = peer.received(
                bytes.span.bytes.extracting(used..<bytes.count), on: way, at: world.now,
                update: &update, into: &actions)
            used += consumed
            if hasUpdate { learn() }
            perform()
            if consumed == 0 || ways[way] !== connection { break }
        }
        connection.speakerRest = used < bytes.count ? Array(bytes[used...]) : []
    }

    private func learn() {
        updatesHeard += 1
        for prefix in update.withdrawn4 { told[.v4(prefix)] = nil }
        for prefix in update.withdrawn6 { told[.v6(prefix)] = nil }
        let path = PathAttributes(canonical: update.attributes).asPath
        for prefix in update.announced4.map(Prefix.v4) + update.announced6.map(Prefix.v6) {
            told[prefix] = path
            stale.remove(prefix)
            world.trace("\(name) is told \(prefix) path \(path)")
            world.check(prefix, path, toldTo: self)
        }
        if let family = update.endOfRIB {
            for prefix in stale.filter({ $0.family == family }) { told[prefix] = nil }
            stale = stale.filter { $0.family != family }
        }
    }

    private func forget() {
        told = [:]
        stale = []
    }

    private func down(_ reason: DownReason) {
        lastDown = reason
        world.note("\(name): session is down: \(reason)")
        if let negotiated, reason.keepsRoutes(negotiated),
            let restart = negotiated.gracefulRestart, !restart.families.isEmpty
        {
            stale = Set(told.keys)
            let life = life
            world.after(.seconds(Int(restart.restartTime))) { [unowned self] in
                guard self.life == life, isAlive, !isEstablished else { return }
                forget()
            }
        } else {
            forget()
        }
        negotiated = nil
    }

    // From actions to the network

    private func perform() {
        var position = 0
        while position < actions.count {
            let action = actions[position]
            position += 1
            switch action {
            case .connect:
                attempt += 1
                world.dial(from: self, attempt)
            case .send(let way, let bytes):
                if way == .incoming, let arriving, ways[way] !== arriving {
                    ways[way] = arriving
                }
                ways[way]?.send(bytes, .toEdge)
                peer.wrote(way, at: world.now)
            case .close(let way):
                if way == .outgoing { attempt += 1 }
                ways.removeValue(forKey: way)?.closed(by: .toEdge)
            case .established(let agreed):
                negotiated = agreed
                if !stale.isEmpty {
                    let kept = agreed.gracefulRestart?.preserved ?? []
                    for prefix in stale where !kept.contains(prefix.family) { told[prefix] = nil }
                    stale = stale.filter { kept.contains($0.family) }
                }
                world.note("\(name): established")
                for family in agreed.families.sorted() { announceAll(family) }
            case .down(let reason): down(reason)
            case .refresh(let family): announceAll(family)
            case .refreshBegan, .refreshEnded: break
            }
        }
        actions = []
        scheduleWake()
    }

    private func scheduleWake() {
        guard isAlive, let next = peer.nextDeadline else { return }
        if let wakeAt, wakeAt <= next, wakeAt > world.now { return }
        let at = max(next, world.now)
        wakeAt = at
        let life = life
        world.after(at - world.now) { [unowned self] in
            guard self.life == life, isAlive, wakeAt == at else { return }
            wakeAt = nil
            peer.tick(at: world.now, into: &actions)
            perform()
        }
    }
}

extension World {
    /// Puts a far end at the end of a wire.
    @discardableResult
    public func addSpeaker(
        _ name: String, circuit: String, _ settings: SpeakerSettings, on wire: Wire
    ) -> Speaker {
        let tag = ASN(4_200_000_000 + UInt32(speakers.count))
        let speaker = Speaker(
            name, circuit: circuit, settings, on: wire, tag: tag, in: self)
        speakers.append(speaker)
        tagOwners[tag] = speaker
        return speaker
    }
}
