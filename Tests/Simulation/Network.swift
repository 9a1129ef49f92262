// Wires between the tags of an edge's port and what stands at their far end, and the connections
// that run over them: in order, in pieces of any size, waiting while the path is broken.

import Core
public import Net

/// One VLAN of a cross-connect: a port of an edge and the tags on it.
public final class Wire {
    /// The edge.
    public let edge: Edge
    /// The port's device.
    public let port: InterfaceName
    /// The tags, outermost first; none is the port itself.
    public var tags: [VLANTag]
    /// Packets vanish, while the port's carrier says nothing of it.
    public var isCut = false

    /// A wire.
    public init(_ edge: Edge, _ port: InterfaceName, _ tags: [VLANTag]) {
        self.edge = edge
        self.port = port
        self.tags = tags
    }

    /// The edge's device for exactly these tags, as the kernel has it now.
    var device: ObservedLink? {
        var link = edge.kernel.link(port)
        for tag in tags {
            guard let below = link else { return nil }
            link = edge.kernel.allLinks.first { $0.parent == below.index && $0.kind == .vlan(tag) }
        }
        return link
    }

    /// Whether packets pass between the far end and `address` of the edge.
    func carries(_ address: IPAddress) -> Bool {
        guard !isCut, let device, device.isUsable,
            edge.kernel.link(port)?.isUsable ?? false
        else { return false }
        return edge.kernel.addresses(on: device.name).contains {
            $0.address.address == address && $0.state == .ready
        }
    }
}

/// One TCP connection between an edge's daemon and a speaker.
final class NetworkConnection {
    /// Where bytes go.
    enum Direction {
        case toEdge
        case toSpeaker
    }

    /// Bytes under way in one direction.
    struct Pipe {
        var bytes: [UInt8] = []
        /// Nothing more comes.
        var isEnded = false
        var isPumping = false
    }

    let number: UInt64
    unowned let world: World
    let edge: Edge
    let speaker: Speaker
    /// The edge's number of it, once it has one.
    var id: ConnectionID?
    /// Whether both ends know that it is up.
    var isUp = false
    var isOpenAtEdge = true
    var isOpenAtSpeaker = true
    /// Bytes of a message that is not whole yet, at either end.
    var edgeRest: [UInt8] = []
    var speakerRest: [UInt8] = []
    var toEdge = Pipe()
    var toSpeaker = Pipe()

    init(_ number: UInt64, _ edge: Edge, _ speaker: Speaker, in world: World) {
        self.number = number
        self.edge = edge
        self.speaker = speaker
        self.world = world
    }

    var isPassable: Bool { !speaker.isSilent && speaker.wire.carries(speaker.edgeAddress) }

    /// Bytes from one end.
    func send(_ bytes: [UInt8], _ direction: Direction) {
        switch direction {
        case .toEdge: if isOpenAtSpeaker { toEdge.bytes += bytes }
        case .toSpeaker: if isOpenAtEdge { toSpeaker.bytes += bytes }
        }
        pump(direction)
    }

    /// The end that sends in this direction has closed.
    func closed(by direction: Direction) {
        switch direction {
        case .toEdge:
            isOpenAtSpeaker = false
            toEdge.isEnded = true
        case .toSpeaker:
            isOpenAtEdge = false
            toSpeaker.isEnded = true
        }
        pump(direction)
    }

    /// The daemon is gone: its kernel sends what was queued and closes.
    func edgeDied() { closed(by: .toSpeaker) }

    private subscript(direction: Direction) -> Pipe {
        get { direction == .toEdge ? toEdge : toSpeaker }
        set {
            if direction == .toEdge { toEdge = newValue } else { toSpeaker = newValue }
        }
    }

    func pump(_ direction: Direction, after delay: Duration? = nil) {
        guard isUp, !self[direction].isPumping else { return }
        guard !self[direction].bytes.isEmpty || self[direction].isEnded else { return }
        self[direction].isPumping = true
        world.after(delay ?? world.latency(500...10_000)) { [self] in
            self[direction].isPumping = false
            deliver(direction)
        }
    }

    private func deliver(_ direction: Direction) {
        let isOpen = direction == .toEdge ? isOpenAtEdge : isOpenAtSpeaker
        guard isOpenAtEdge || isOpenAtSpeaker else { return }
        guard isPassable else {
            // TCP tries again for long; nobody waits for a connection that both have left.
            return pump(direction, after: .milliseconds(500))
        }
        guard isOpen else {
            // The other end is gone: a reset comes back.
            switch direction {
            case .toEdge where isOpenAtSpeaker:
                isOpenAtSpeaker = false
                speaker.closed(self)
            case .toSpeaker where isOpenAtEdge:
                endAtEdge()
            default: break
            }
            return
        }
        guard !self[direction].bytes.isEmpty else {
            if direction == .toEdge {
                endAtEdge()
            } else {
                isOpenAtSpeaker = false
                speaker.closed(self)
            }
            return
        }
        let all = self[direction].bytes.count
        let isWhole = world.random.chance(2, in: 3)
        let count = isWhole ? all : Int.random(in: 1...all, using: &world.random)
        let chunk = Array(self[direction].bytes.prefix(count))
        self[direction].bytes.removeFirst(count)
        if direction == .toEdge { deliverToEdge(chunk) } else { speaker.received(chunk, on: self) }
        pump(direction, after: count < all ? world.latency(10...2000) : nil)
        if direction == .toSpeaker, let id, edge.pulls.contains(id) { edge.scheduleTurn() }
    }

    private func deliverToEdge(_ chunk: [UInt8]) {
        guard let id else { return }
        let bytes = edgeRest + chunk
        var used = 0
        edge.tell { used = $0.received(bytes.span.bytes, on: id, at: world.now, into: &$1) }
        edgeRest = used < bytes.count ? Array(bytes[used...]) : []
    }

    private func endAtEdge() {
        isOpenAtEdge = false
        guard let id, edge.live[id] === self else { return }
        edge.live[id] = nil
        edge.pulls.remove(id)
        edge.tell { $0.closed(id, at: world.now, into: &$1) }
    }

}

extension World {
    func connect(_ edge: Edge, _ speaker: Speaker) -> NetworkConnection {
        lastConnection += 1
        return NetworkConnection(lastConnection, edge, speaker, in: self)
    }

    /// An edge dials. What it asks for is looked up in its kernel: a device that is not on the
    /// right wire finds nobody.
    func dial(_ id: ConnectionID, _ dial: Dial, from edge: Edge) {
        let process = edge.process
        func fail(_ text: String, after delay: Duration) {
            after(delay) {
                guard edge.process == process, edge.dialing.remove(id) != nil else { return }
                edge.tell { $0.dialFailed(id, text, at: self.now, into: &$1) }
            }
        }
        edge.dialing.insert(id)
        let round = latency(1000...20_000)
        guard let device = edge.kernel.link(dial.device) else {
            return fail("No such device", after: .zero)
        }
        let hasAddress = edge.kernel.addresses(on: dial.device).contains {
            $0.address.address == dial.local && $0.state == .ready
        }
        guard hasAddress else { return fail("Cannot assign requested address", after: .zero) }
        after(round) { [unowned self] in
            guard edge.process == process, edge.dialing.contains(id) else { return }
            let found = speakers.first {
                $0.wire.edge === edge && $0.address == dial.remote && !$0.isSilent
                    && $0.edgeAddress == dial.local && $0.wire.device?.index == device.index
                    && $0.wire.carries(dial.local)
            }
            guard let speaker = found, speaker.secret == dial.passwordFile.map({ edge.secret($0) })
            else { return fail("timed out", after: .seconds(20)) }
            guard speaker.speaks, dial.port == 179 else {
                return fail("Connection refused", after: round)
            }
            let connection = connect(edge, speaker)
            connection.id = id
            guard speaker.accept(connection) else {
                return fail("Connection refused", after: round)
            }
            after(round) {
                guard edge.process == process, edge.dialing.remove(id) != nil else {
                    connection.isUp = true
                    connection.closed(by: .toSpeaker)
                    return
                }
                connection.isUp = true
                edge.live[id] = connection
                edge.tell { $0.dialed(id, at: self.now, into: &$1) }
                connection.pump(.toEdge)
            }
        }
    }

    /// A speaker dials its edge.
    func dial(from speaker: Speaker, _ attempt: Int) {
        let edge = speaker.wire.edge
        let round = latency(1000...20_000)
        func fail(after delay: Duration) {
            after(delay) { speaker.dialFailed(attempt) }
        }
        after(round) { [unowned self] in
            guard speaker.attempt == attempt else { return }
            guard speaker.wire.carries(speaker.edgeAddress), let device = speaker.wire.device else {
                return fail(after: .seconds(20))
            }
            guard let listener = edge.listener(for: device, speaker.address.family) else {
                return fail(after: round)
            }
            guard speaker.secret == edge.listenerSecret(listener, for: speaker) else {
                return fail(after: .seconds(20))
            }
            let connection = connect(edge, speaker)
            var id: ConnectionID?
            edge.tellFirst {
                id = $0.accepted(
                    on: listener, local: speaker.edgeAddress, remote: speaker.address,
                    at: self.now, into: &$1)
            }
            guard let id else {
                return fail(after: round)
            }
            connection.id = id
            edge.live[id] = connection
            edge.perform()
            edge.scheduleTurn()
            guard edge.isRunning else { return }
            after(round) {
                connection.isUp = true
                if speaker.dialed(connection, attempt) {
                    connection.pump(.toSpeaker)
                } else {
                    connection.closed(by: .toEdge)
                }
            }
        }
    }
}

extension Edge {
    /// What stands in a key file that may be used.
    func secret(_ path: String) -> String {
        guard let secret = secrets[path], !secret.isTooOpen else { return "missing" }
        return secret.text
    }

    /// The secret that the edge would check a speaker's segments with.
    func listenerSecret(_ listener: Listener, for speaker: Speaker) -> String? {
        listeners[listener]?.keys[speaker.address].map { secret($0) }
    }

    /// The listening socket that a segment from this device reaches.
    func listener(for device: ObservedLink, _ family: Family) -> Listener? {
        var vrf: ObservedLink?
        if device.master != .none {
            vrf = kernel.allLinks.first { $0.index == device.master }
        }
        let listener = Listener(vrf: vrf?.name, family: family, port: 179)
        guard let open = listeners[listener], open.device == vrf?.index else { return nil }
        return listener
    }
}
