// The keys below `bgp` that are a word or a map, and the words that only they know.

import Net

extension BGPKeys {
    /// `max-prefixes: { in, out, warn, hold-down }`.
    mutating func readLimits(_ map: Fields) {
        var limits = map
        largestIn = limits.read("in", .number(1...UInt32.max))
        largestOut = limits.read("out", .number(1...UInt32.max))
        warn = limits.read("warn", .percent)
        let week = Duration.seconds(7 * 24 * 3600)
        holdDown = limits.read("hold-down", .time(.seconds(1)...week, such: "15m"))
        limits.end()
    }

    /// `graceful-restart: on`, or `{ time, long-lived }`, which is on as well.
    mutating func readRestart(_ node: YAMLNode) {
        if case .scalar = node.content {
            let term = Term("on, off, or { time, long-lived }", read: Term.flag.read)
            gracefulRestart = findings.read(node, "graceful-restart", term)
            return
        }
        guard var fields = Fields(node, path: "\(path).graceful-restart", findings) else { return }
        gracefulRestart = true
        // RFC 4724 §3: 12 bits of seconds. RFC 9494 §3.1: 24 bits.
        restartTime = fields.read("time", .seconds(1...4095, such: "120s"))
            .map { UInt16(clamping: $0.components.seconds) }
        longLived = fields.read("long-lived", .seconds(1...(1 << 24 - 1), such: "24h"))
        fields.end()
    }

    /// `role: customer`, or `{ local: customer, strict: on }`.
    mutating func readRole(_ node: YAMLNode) {
        if case .scalar = node.content {
            role = findings.read(node, "role", .role)
            return
        }
        guard var fields = Fields(node, path: "\(path).role", findings) else { return }
        // Another level may say it: a session looks whether anybody did.
        role = fields.read("local", .role)
        isRoleStrict = fields.read("strict", .flag)
        fields.end()
    }

    /// `bfd: on`, or `{ interval, multiplier, strict }`.
    static func bfd(
        _ node: YAMLNode, path: String, _ findings: Findings
    ) -> BFDChoice? {
        if case .scalar = node.content {
            let term = Term("on, off, or { interval, multiplier, strict }", read: Term.flag.read)
            return findings.read(node, "bfd", term).map {
                $0 ? .on(interval: nil, multiplier: nil, isStrict: false) : .off
            }
        }
        guard var fields = Fields(node, path: "\(path).bfd", findings) else { return nil }
        let times = Duration.milliseconds(10) ... .seconds(60)
        let interval = fields.read("interval", .time(times, such: "300ms"))
        let multiplier = fields.read("multiplier", .number(1...255 as ClosedRange<UInt8>))
        let isStrict = fields.read("strict", .flag) ?? false
        fields.end()
        return .on(interval: interval, multiplier: multiplier, isStrict: isStrict)
    }
}

extension Term where Value == UInt8 {
    /// `80%` or `80`.
    static var percent: Term {
        Term("a percentage from 1% to 100%") { text in
            plainNumber(text.hasSuffix("%") ? text.dropLast() : text[...]).flatMap {
                (1...100).contains($0) ? UInt8($0) : nil
            }
        }
    }
}

extension Term where Value == PeeringRole {
    /// Our role towards a peer.
    static var role: Term {
        Term<String>.word(PeeringRole.allCases.map(\.description)).meaning { text in
            PeeringRole.allCases.first { $0.description == text }
        }
    }
}

extension Term where Value == AddPath {
    /// Directions of several paths.
    static var addPath: Term {
        let values: KeyValuePairs<String, AddPath> = [
            "off": [], "receive": .receive, "send": .send, "both": [.receive, .send],
        ]
        return Term<String>.word(values.map(\.key)).meaning { text in
            values.first { $0.key == text }?.value
        }
    }
}

extension Term where Value == Multipath {
    /// Which equal paths share the traffic.
    static var multipath: Term {
        Term<String>.word(Multipath.allCases.map(\.rawValue)).meaning { Multipath(rawValue: $0) }
    }
}

extension Term where Value == BGPKeys.Shutdown {
    /// Words for the peer (RFC 9003: at most 255 octets), or on and off without any.
    static var shutdown: Term {
        Term("a text for the peer, on or off") { text in
            if let flag = Term<Bool>.flag.read(text) { return flag ? .on("") : .off }
            let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            return text.utf8.count <= 255 && isPlain ? .on(text) : nil
        } why: { text in
            text.utf8.count > 255
                ? "has \(text.utf8.count) bytes; a peer is told 255 at most"
                : "must be one line of text"
        }
    }
}

extension Term where Value == Family {
    /// `ipv4` or `ipv6`.
    static var family: Term {
        Term("ipv4 or ipv6") { text in Family.allCases.first { $0.description == text } }
    }
}

extension Term where Value == String {
    /// Words that stand for something.
    fileprivate func meaning<Meaning>(
        _ meaning: @escaping (String) -> Meaning?
    ) -> Term<Meaning> {
        let why = why
        return Term<Meaning>(expected, read: meaning) { why($0) }
    }
}
