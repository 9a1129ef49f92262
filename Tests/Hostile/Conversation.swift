// Carries out one case: connects from the case's own address, opens the session as far as the case
// wants it, does the deed, and looks what became of it, at the hostile end and at the good peers.

import Glibc
import Host
import Net

/// A case that went otherwise than it must.
struct Failure: Error {
    var text: String
    init(_ text: String) { self.text = text }
}

/// What all cases share.
final class Stage: Sendable {
    let watchers: [GoodPeer]
    private let over = Locked(false)

    init(_ watchers: [GoodPeer]) { self.watchers = watchers }

    /// All cases but the stuck ones are done.
    var isOver: Bool { over.withLock { $0 } }
    func end() { over.withLock { $0 = true } }
}

final class Conversation {
    let place: Place
    let stage: Stage
    let isInternal: Bool
    var opening: Open
    /// Everything sent on this connection, to bound what a NOTIFICATION may hold.
    private(set) var sent = 0
    private(set) var wire: Wire?
    private var earlier: [Bytes?] = []
    private var earlier6: [Bytes?] = []

    init(_ place: Place, _ stage: Stage, _ opening: Open, isInternal: Bool) {
        self.place = place
        self.stage = stage
        self.isInternal = isInternal
        self.opening = opening
        if isInternal {
            self.opening.shortASN = Int(Numbers.edge)
            if opening.asn != nil { self.opening.asn = Numbers.edge }
        }
    }

    deinit { wire?.close() }

    /// The daemon has offered 4-octet numbers; it leaves all capabilities out for a peer that has
    /// refused them (RFC 5492 §3).
    private var isOfferedWide = true
    var isWide: Bool { opening.asn != nil && isOfferedWide }

    func path(_ numbers: [UInt32]) -> Bytes {
        isWide
            ? attribute(0x40, 2, segment(2, numbers))
            : attribute(0x40, 2, [2, UInt8(numbers.count)] + numbers.flatMap { u16(Int($0)) })
    }

    // Steps

    func connect(receiveBuffer: Int32? = nil) throws(Failure) {
        drop()
        sent = 0
        var trouble = ""
        wire = Wire(
            from: place.address, to: place.edge, receiveBuffer: receiveBuffer, trouble: &trouble)
        if wire == nil { throw Failure(trouble) }
    }

    /// Goes on with a connection that the daemon has opened.
    func take(_ other: Wire) {
        drop()
        sent = 0
        wire = other
    }

    /// Ends the connection.
    func drop(reset: Bool = false) {
        wire?.close(reset: reset)
        wire = nil
    }

    func send(_ bytes: Bytes) {
        sent += bytes.count
        wire?.send(bytes)
    }

    func next(within seconds: Double) -> Incoming { wire?.next(within: seconds) ?? .closed }

    func expect(_ type: UInt8, within seconds: Double = 10) throws(Failure) {
        let incoming = next(within: seconds)
        guard case .message(type, let body) = incoming else {
            throw Failure("wanted a message of type \(type), got \(incoming)")
        }
        if type == Kind.open { isOfferedWide = body.count > 10 }
    }

    /// Up to the daemon's KEEPALIVE.
    func exchangeOpens() throws(Failure) {
        try connect()
        send(opening.bytes)
        try expect(Kind.open)
        try expect(Kind.keepalive)
    }

    func establish() throws(Failure) {
        try exchangeOpens()
        send(keepalive)
    }

    /// One IPv4 prefix, with a path identifier where this session has them (RFC 7911).
    private func numbered(_ prefix: Bytes) -> Bytes {
        opening.more.contains(addPath) ? u32(1) + prefix : prefix
    }

    /// Attributes of a good route of this session.
    var goodAttributes: [Bytes] {
        let nextHop = attribute(0x40, 3, [10, place.edge[1], 4, 9])
        return [origin, path([Numbers.hostile, 65001]), nextHop] + (isInternal ? [localPref] : [])
    }

    /// Announces the case's routes as they stand before the deed, and waits until they are told.
    func announce() throws(Failure) {
        var bytes = update(attributes: goodAttributes, field: numbered(place.field))
        if opening.families.count > 1 {
            bytes += update(
                attributes: [
                    reach(place.field6), origin, path([Numbers.hostile, 65001]),
                ] + (isInternal ? [localPref] : []))
        }
        send(bytes)
        try poll("the good route is not told onward") {
            earlier = attributes(of: place.route)
            earlier6 = attributes(of: place.route6)
            return !earlier.contains(nil)
                && (opening.families.count < 2 || !earlier6.contains(nil))
        }
    }

    func attributes(of route: Route) -> [Bytes?] {
        stage.watchers.map { $0.attributes(of: route) }
    }

    /// Waits until something holds.
    func poll(
        _ complaint: String, within seconds: Double = 10, _ condition: () -> Bool
    ) throws(Failure) {
        let end = deadline(seconds)
        while !condition() {
            if wire != nil, let end = ending(within: 0) {
                throw Failure("\(complaint): \(Optional(end).described)")
            }
            guard Clock.now() < end else { throw Failure(complaint) }
            pause(0.003)
        }
    }

    /// How the daemon ends the session, if it does in that time; what else it says is let pass.
    func ending(within seconds: Double) -> Outcome.End? {
        let end = deadline(seconds)
        guard let wire else { return .other("no connection") }
        while true {
            switch wire.next(until: end) {
            case .silence: return nil
            case .closed, .reset: return .closed
            case .garbage(let bytes): return .other("\(Incoming.garbage(bytes))")
            case .message(Kind.notification, let body):
                guard body.count >= 2 else { return .other("a NOTIFICATION without codes") }
                // RFC 4271 §6: nothing may stand in the data but what was sent, and ours.
                guard body.count - 2 <= max(sent, 64) else {
                    return .other("a NOTIFICATION with more data than was sent")
                }
                switch wire.next(within: 5) {
                case .closed, .reset:
                    return .notification(body[0], body[1], Array(body.dropFirst(2)))
                case let other: return .other("NOTIFICATION, and then \(other)")
                }
            case .message(Kind.open...Kind.refresh, _): continue
            case let other: return .other("\(other)")
            }
        }
    }

    /// Reads until that many prefixes were announced to us.
    func hear(_ count: Int) throws(Failure) {
        var heard = 0
        while heard < count {
            switch next(within: 10) {
            case .message(Kind.update, let body):
                guard let parts = UpdateParts(body) else { throw Failure("an UPDATE of no sense") }
                heard += parts.announced.count
            case .message(Kind.keepalive, _): continue
            case let other: throw Failure("\(heard) of \(count) prefixes, then \(other)")
            }
        }
    }

    /// Announces one route more: when it is told onward, all before it was read.
    func probe() -> Outcome.End? {
        send(update(attributes: goodAttributes, field: numbered(place.probe)))
        let route = Route(place.probe)
        let end = deadline(15)
        while attributes(of: route).contains(nil) {
            if let end = ending(within: 0.003) { return end }
            if Clock.now() > end { return .other("a session that hears no UPDATE any more") }
        }
        return ending(within: 0)
    }

    /// How things stand now.
    func outcome(_ end: Outcome.End?) -> Outcome {
        Outcome(
            end: end, route: told(place.route, earlier), route6: told(place.route6, earlier6))
    }

    private func told(_ route: Route, _ before: [Bytes?]) -> Outcome.Told {
        let now = attributes(of: route)
        if now.allSatisfy({ $0 == nil }) { return .gone }
        if now == before { return .earlier }
        // Both must have heard; until then it counts as it was.
        guard let first = now.first ?? nil, !now.contains(nil),
            zip(now, before).allSatisfy({ $0 != $1 })
        else { return .earlier }
        return .changed(first)
    }
}

extension Conversation {
    /// The whole case.
    func run(_ act: Act, _ reaction: Reaction) throws(Failure) {
        let end: Outcome.End?
        switch act {
        case .opening(let bytes):
            try connect()
            send(bytes)
            end = try judgeOpening()
        case .confirming(let bytes):
            try exchangeOpens()
            send(bytes)
            end = ending(within: 5)
        case .saying(let bytes):
            try establish()
            try announce()
            send(bytes(place))
            end = probe()
        case .script(let script):
            let outcome = try script(self)
            if let complaint = reaction.complaint(outcome) { throw Failure(complaint) }
            return
        }
        try settle(end, reaction)
        guard end != nil else { return }
        // RFC 4271 §8.1.1: one failure holds a peer back for a moment, and it is let in again.
        opening = Open()
        if isInternal {
            opening.shortASN = Int(Numbers.edge)
            opening.asn = Numbers.edge
        }
        do {
            try establish()
        } catch {
            throw Failure("it cannot come back: \(error.text)")
        }
        if let end = probe() { throw Failure("it came back, and then: \(Optional(end).described)") }
    }

    /// The daemon answers an OPEN with a KEEPALIVE, or with the end.
    private func judgeOpening() throws(Failure) -> Outcome.End? {
        while true {
            switch next(within: 10) {
            case .message(Kind.open, _): continue
            case .message(Kind.keepalive, _):
                send(keepalive)
                return probe()
            case .message(Kind.notification, let body) where body.count >= 2:
                guard case .closed? = ending(within: 5) else {
                    throw Failure("the connection stays open behind a NOTIFICATION")
                }
                return .notification(body[0], body[1], Array(body.dropFirst(2)))
            case .closed, .reset: return .closed
            case let other: return .other("\(other)")
            }
        }
    }

    /// The good peers hear of things a little later.
    private func settle(_ end: Outcome.End?, _ reaction: Reaction) throws(Failure) {
        if reaction.isNothing { pause(0.15) }
        let limit = deadline(5)
        while let complaint = reaction.complaint(outcome(end)) {
            guard Clock.now() < limit else { throw Failure(complaint) }
            pause(0.005)
        }
    }
}
