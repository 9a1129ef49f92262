// The keys below `bgp`, each as it stands or nil. One level's map is read alone to find its
// faults, and all levels merged to find what a session gets.

import Net

struct BGPKeys {
    /// BFD as asked for.
    enum BFDChoice {
        case off
        case on(interval: Duration?, multiplier: UInt8?, isStrict: Bool)
    }

    var peerASN: ASN?
    var localASN: ASN?
    var passwordFile: String?
    var holdTime: UInt16?
    var accept: PrefixFilter?
    var advertise: PrefixFilter?
    var defaultRoute: String?
    var largestIn: UInt32?
    var largestOut: UInt32?
    var warn: UInt8?
    var minPrefixes: UInt32?
    var bfd: BFDChoice?
    var localPref: UInt32?
    var med: UInt32?
    var prepend: UInt8?
    var communities: [AnyCommunity]?
    var allowOwnAS: UInt8?
    var overridesAS: Bool?
    var removesPrivateAS: Bool?
    var gracefulRestart: Bool?
    var ttlSecurity: Bool?
    var role: PeeringRole?
    var families: [Family]?
    var isPassive: Bool?
    var port: UInt16?
    /// Where the map stands in the tree of keys.
    let path: String
    private let findings: Findings

    /// The names of all keys, to tell where a stray one belongs.
    static let names = [
        "peer-asn", "local-asn", "password-file", "hold-time", "accept", "advertise",
        "default-route", "max-prefixes", "min-prefixes", "bfd", "local-pref", "med", "prepend",
        "communities", "allow-own-as", "as-override", "remove-private-as", "graceful-restart",
        "ttl-security", "role", "families", "passive",
    ]

    /// Reads a map; nil reads as a map without keys.
    init(_ node: YAMLNode?, path: String, _ findings: Findings) {
        self.path = path
        self.findings = findings
        guard let node, var fields = Fields(node, path: path, findings) else { return }
        peerASN = fields.read("peer-asn", .asn)
        localASN = fields.read("local-asn", .asn)
        passwordFile = fields.read("password-file", .keyFile)
        holdTime = fields.read("hold-time", .holdTime).map {
            UInt16(clamping: $0.components.seconds)
        }
        accept = fields.list("accept", .rule).map { PrefixFilter($0) }
        advertise = fields.list("advertise", .rule).map { PrefixFilter($0) }
        defaultRoute = fields.read("default-route", .word(["accept", "advertise", "both", "off"]))
        if var limits = fields.fields("max-prefixes") {
            largestIn = limits.read("in", .number(1...UInt32.max))
            largestOut = limits.read("out", .number(1...UInt32.max))
            warn = limits.read("warn", .percent)
            limits.end()
        }
        minPrefixes = fields.read("min-prefixes", .number(0...UInt32.max))
        bfd = fields.take("bfd").flatMap { Self.bfd($0, path: path, findings) }
        localPref = fields.read("local-pref", .number(0...UInt32.max))
        med = fields.read("med", .number(0...UInt32.max))
        prepend = fields.read("prepend", .number(0...20 as ClosedRange<UInt8>))
        communities = fields.list("communities", .community)
        allowOwnAS = fields.read("allow-own-as", .number(0...10 as ClosedRange<UInt8>))
        overridesAS = fields.read("as-override", .flag)
        removesPrivateAS = fields.read("remove-private-as", .flag)
        gracefulRestart = fields.read("graceful-restart", .flag)
        ttlSecurity = fields.read("ttl-security", .flag)
        role = fields.read("role", .role)
        families = fields.list("families", .family)
        isPassive = fields.read("passive", .flag)
        port = fields.read("port", .number(1...65535 as ClosedRange<UInt16>))
        if let families, families.isEmpty || Set(families).count != families.count {
            findings.fault(
                place("families") ?? fields.place, "families names each family once: [ipv4, ipv6]")
        }
        fields.end()
    }

    /// Where a key stands that this map or one above holds.
    func place(_ key: String) -> Place? { findings.places["\(path).\(key)"] }

    private static func bfd(
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
        let word = Term<String>.word(PeeringRole.allCases.map(\.description))
        return Term(word.expected) { text in
            PeeringRole.allCases.first { $0.description == text }
        } why: {
            word.why($0)
        }
    }
}

extension Term where Value == Family {
    /// `ipv4` or `ipv6`.
    static var family: Term {
        Term("ipv4 or ipv6") { text in Family.allCases.first { $0.description == text } }
    }
}
