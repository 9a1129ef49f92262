// The keys below `bgp`, each as it stands or nil. One level's map is read alone to find its
// faults, and all levels merged to find what a session gets.

import Net

struct BGPKeys {
    /// BFD as asked for.
    enum BFDChoice {
        case off
        case on(interval: Duration?, multiplier: UInt8?, isStrict: Bool)
    }

    /// Whether the operator keeps the session down.
    enum Shutdown {
        /// Undoes what a level above says.
        case off
        case on(String)

        /// What the peer is told; nil runs.
        var text: String? {
            if case .on(let text) = self { text } else { nil }
        }
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
    var holdDown: Duration?
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
    var restartTime: UInt16?
    var longLived: Duration?
    var ttlSecurity: Bool?
    var role: PeeringRole?
    var isRoleStrict: Bool?
    var addPath: AddPath?
    var extendedNextHop: Bool?
    var multipath: Multipath?
    var nextHopSelf: Bool?
    var reflectorClient: Bool?
    var identifies: Bool?
    var enforcesFirstAS: Bool?
    var extendedMessages: Bool?
    var shutdown: Shutdown?
    var importRules: [RouteRule]?
    var exportRules: [RouteRule]?
    var families: [Family]?
    var isPassive: Bool?
    var port: UInt16?
    /// Where the map stands in the tree of keys.
    let path: String
    let findings: Findings

    /// The names of all keys, to tell where a stray one belongs.
    static let names = [
        "peer-asn", "local-asn", "password-file", "hold-time", "accept", "advertise",
        "default-route", "max-prefixes", "min-prefixes", "bfd", "local-pref", "med", "prepend",
        "communities", "allow-own-as", "as-override", "remove-private-as", "graceful-restart",
        "ttl-security", "role", "families", "passive", "import", "export", "add-path",
        "extended-next-hop", "multipath", "next-hop-self", "route-reflector-client", "identify",
        "enforce-first-as", "extended-messages", "shutdown",
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
        if let limits = fields.fields("max-prefixes") { readLimits(limits) }
        minPrefixes = fields.read("min-prefixes", .number(0...UInt32.max))
        bfd = fields.take("bfd").flatMap { Self.bfd($0, path: path, findings) }
        localPref = fields.read("local-pref", .number(0...UInt32.max))
        med = fields.read("med", .number(0...UInt32.max))
        prepend = fields.read("prepend", .number(0...20 as ClosedRange<UInt8>))
        communities = fields.list("communities", .community)
        allowOwnAS = fields.read("allow-own-as", .number(0...10 as ClosedRange<UInt8>))
        overridesAS = fields.read("as-override", .flag)
        removesPrivateAS = fields.read("remove-private-as", .flag)
        if let restart = fields.take("graceful-restart") { readRestart(restart) }
        ttlSecurity = fields.read("ttl-security", .flag)
        if let role = fields.take("role") { readRole(role) }
        addPath = fields.read("add-path", .addPath)
        extendedNextHop = fields.read("extended-next-hop", .flag)
        multipath = fields.read("multipath", .multipath)
        nextHopSelf = fields.read("next-hop-self", .flag)
        reflectorClient = fields.read("route-reflector-client", .flag)
        identifies = fields.read("identify", .flag)
        enforcesFirstAS = fields.read("enforce-first-as", .flag)
        extendedMessages = fields.read("extended-messages", .flag)
        shutdown = fields.read("shutdown", .shutdown)
        importRules = fields.take("import").flatMap { RouteRule.list($0, in: "import", self) }
        exportRules = fields.take("export").flatMap { RouteRule.list($0, in: "export", self) }
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
}
