// A peer that does nothing wrong, in a namespace of its own: it must not notice that others do. It
// keeps a hold time of 3 seconds, counts the daemon's silences, remembers every route it is told,
// and judges each UPDATE of the daemon by its own reading of the RFC.

import CLinux
import Glibc
import Host
import Net

final class GoodPeer: Sendable {
    struct State {
        var isEstablished = false
        /// What the daemon has told, with the attribute list as it came.
        var table: [Route: Bytes] = [:]
        /// How many /32 it knows, by the second octet.
        var hosts = [Int](repeating: 0, count: 256)
        /// Sessions lost, routes lost, messages that no speaker may send.
        var faults: [String] = []
        /// The longest time in which neither KEEPALIVE nor UPDATE came, in seconds.
        var longestSilence = 0.0
        /// Silences of more than two keepalive intervals.
        var missed = 0
        /// The longest time in which this thread itself did not run: silences up to it are ours.
        var longestStall = 0.0
        var keepalives = 0
        var updates = 0
        /// The announcement of the neighbours' routes is over.
        var hasEndOfRIB = false
        var isEnding = false
    }

    struct Setting: Sendable {
        /// 1 or 2.
        let number: UInt8
        /// The path of its network namespace.
        let namespace: String
        var name: String { "good-\(number)" }
        var address: Bytes { [10, 68, number, 2] }
        var edge: Bytes { [10, 68, number, 1] }
        var asn: UInt32 { 65000 + UInt32(number) }
        /// The first takes long messages, the second does not.
        var hasExtendedMessages: Bool { number == 1 }
        /// The second octet of the prefixes 10.X.n.0/24 that it announces.
        var block: UInt8 { 19 + number }
        /// The block of the other good peer, which must never be withdrawn.
        var others: UInt8 { 22 - number }
    }

    static let blockSize = 200
    /// A third of the hold time is at most one second; two of them is one KEEPALIVE missed.
    static let longestSilence = 2.0 * Double(patience)
    let setting: Setting
    let state = Locked(State())

    init(_ setting: Setting) { self.setting = setting }

    /// What the daemon tells of a route now, as an attribute list.
    func attributes(of route: Route) -> Bytes? { state.withLock { $0.table[route] } }

    func start() throws(SystemError) {
        try Thread.start(name: setting.name) { self.run() }
    }

    private func fault(_ text: String) {
        state.withLock { if $0.faults.count < 20 { $0.faults.append("\(setting.name): \(text)") } }
    }

    private func run() {
        let namespace = Glibc.open(setting.namespace, O_RDONLY | O_CLOEXEC)
        guard namespace >= 0, clinux_enter_network_namespace(namespace) == 0 else {
            return fault("cannot enter \(setting.namespace): \(SystemError.text(errno))")
        }
        var trouble = ""
        guard let wire = Wire(from: setting.address, to: setting.edge, trouble: &trouble) else {
            return fault(trouble)
        }
        wire.send(
            Open(
                shortASN: Int(setting.asn), hold: 3, id: 0xC000_0200 | UInt32(setting.block),
                asn: setting.asn, more: setting.hasExtendedMessages ? [extendedMessages] : []
            ).bytes)
        guard case .message(Kind.open, _) = wire.next(within: 5) else {
            return fault("no OPEN came")
        }
        wire.send(keepalive)
        guard case .message(Kind.keepalive, _) = wire.next(within: 5) else {
            return fault("no KEEPALIVE came")
        }
        wire.send(announcement)
        state.withLock { $0.isEstablished = true }
        listen(wire)
        state.withLock { $0.isEstablished = false }
        wire.close()
    }

    private var announcement: Bytes {
        let attributes = [
            origin, asPath(setting.asn), attribute(0x40, 3, setting.address),
        ]
        var field: Bytes = []
        for number in 0..<GoodPeer.blockSize { field += [24, 10, setting.block, UInt8(number)] }
        return update(attributes: attributes, field: field) + update()
    }

    private func listen(_ wire: Wire) {
        var heard = Clock.now()
        var ran = heard
        var said = heard
        while !state.withLock({ $0.isEnding }) {
            let incoming = wire.next(until: Clock.now() + .milliseconds(20))
            let now = Clock.now()
            let stall = (now - ran).seconds
            ran = now
            if now - said > .milliseconds(700) {
                wire.send(keepalive)
                said = now
            }
            let silence = (now - heard).seconds
            state.withLock {
                $0.longestStall = max($0.longestStall, stall)
                $0.longestSilence = max($0.longestSilence, silence)
            }
            switch incoming {
            case .silence: continue
            case .message(Kind.keepalive, _): state.withLock { $0.keepalives += 1 }
            case .message(Kind.update, let body): take(body)
            default: return fault("the session ended: \(incoming)")
            }
            if silence > GoodPeer.longestSilence { state.withLock { $0.missed += 1 } }
            heard = now
        }
    }

    private func take(_ body: Bytes) {
        guard let parts = UpdateParts(body) else {
            return fault("an UPDATE that does not add up: \(body.prefix(64).map { $0 })")
        }
        if let wrong = parts.fault(from: Numbers.edge) { fault(wrong) }
        state.withLock { state in
            state.updates += 1
            if body.count == 4 { state.hasEndOfRIB = true }
            for route in parts.withdrawn {
                let isKnown = state.table.removeValue(forKey: route) != nil
                if isKnown, route.isHost { state.hosts[route.block] -= 1 }
                if !route.isV6, route.block == Int(setting.others), state.faults.count < 20 {
                    state.faults.append("\(setting.name): \(route) was withdrawn")
                }
            }
            for route in parts.announced {
                let isKnown = state.table.updateValue(parts.attributes, forKey: route) != nil
                if !isKnown, route.isHost { state.hosts[route.block] += 1 }
            }
        }
    }
}

/// An UPDATE taken apart.
struct UpdateParts {
    var withdrawn: [Route] = []
    var announced: [Route] = []
    var attributes: Bytes = []

    init?(_ body: Bytes) {
        guard body.count >= 4 else { return nil }
        let first = Int(body[0]) << 8 | Int(body[1])
        guard body.count >= 4 + first else { return nil }
        let second = Int(body[2 + first]) << 8 | Int(body[3 + first])
        guard body.count >= 4 + first + second else { return nil }
        attributes = Array(body[(4 + first)..<(4 + first + second)])
        guard UpdateParts.read(body[2..<(2 + first)], false, &withdrawn),
            UpdateParts.read(body[(4 + first + second)...], false, &announced),
            let list = Attributes(attributes)
        else { return nil }
        if let value = list[14]?.value {
            guard value.count >= 5, value.count >= 5 + Int(value[3]),
                UpdateParts.read(value[(5 + Int(value[3]))...], true, &announced)
            else { return nil }
        }
        if let value = list[15]?.value {
            guard value.count >= 3, UpdateParts.read(value[3...], true, &withdrawn) else {
                return nil
            }
        }
    }

    private static func read(
        _ field: ArraySlice<UInt8>, _ isV6: Bool, _ routes: inout [Route]
    ) -> Bool {
        var rest = field
        while !rest.isEmpty {
            var used = 0
            guard let route = Route(reading: rest, isV6: isV6, used: &used) else { return false }
            routes.append(route)
            rest = rest.dropFirst(used)
        }
        return true
    }

    /// What an external peer may complain of.
    func fault(from asn: UInt32) -> String? {
        guard !announced.isEmpty, let list = Attributes(attributes) else { return nil }
        if list.hasRepeats { return "an attribute stands twice" }
        if list[1]?.whole != origin, list[1]?.value.count != 1 { return "ORIGIN is wrong" }
        guard let path = list[2]?.value, path.count >= 6, path[0] == 2, path[1] > 0,
            Array(path[2..<6]) == u32(asn)
        else { return "AS_PATH does not begin with the edge's AS" }
        if list[14] == nil, list[3]?.value.count != 4 { return "NEXT_HOP is wrong" }
        if list[5] != nil { return "LOCAL_PREF came from outside" }
        return nil
    }
}

/// A list of path attributes taken apart.
struct Attributes {
    struct Entry {
        var flags: UInt8
        var value: Bytes
        var whole: Bytes
    }

    private(set) var entries: [UInt8: Entry] = [:]
    private(set) var hasRepeats = false

    subscript(_ type: UInt8) -> Entry? { entries[type] }

    init?(_ list: Bytes) {
        var rest = list[...]
        while let flags = rest.first {
            let header = flags & 0x10 != 0 ? 4 : 3
            guard rest.count >= header else { return nil }
            let start = rest.startIndex
            let length =
                header == 4
                ? Int(rest[start + 2]) << 8 | Int(rest[start + 3]) : Int(rest[start + 2])
            guard rest.count >= header + length else { return nil }
            let whole = rest.prefix(header + length)
            if entries[rest[start + 1]] != nil { hasRepeats = true }
            entries[rest[start + 1]] = Entry(
                flags: flags, value: Array(whole.dropFirst(header)), whole: Array(whole))
            rest = rest.dropFirst(header + length)
        }
    }
}
