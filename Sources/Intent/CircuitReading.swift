// circuits/NAME.yaml, level by level: circuit, peering, link, single peer. A key stands where it
// holds for all below; maps merge by key. Each level's keys are read once by themselves, so that a
// fault shows even where every level below overrides it, and once merged for what holds.

import Net

/// The reading of one circuit's file.
struct CircuitReading {
    let settings: Settings
    let keys: [String: KeyFile]
    let findings: Findings

    /// Keys that a level hands down to what is below.
    typealias Level = [String: YAMLNode]
    static let peeringKeys = ["tenant", "routing", "routes"]
    static let linkKeys = ["vlan", "port", "mtu", "edge", "bgp"]

    /// Reads the file's root; nil when something that must be there is not.
    func read(_ root: YAMLNode) -> Circuit? {
        guard var fields = Fields(root, path: "", findings) else { return nil }
        let name = fields.require("circuit", .name)
        let provider = fields.require("provider", .word(Profile.all.map(\.name)))
        let profile = provider.flatMap { Profile.named($0) } ?? .unknown
        let note = fields.read("note", .text) ?? ""
        let bandwidth = fields.read("bandwidth", .rate)
        let serviceKey = fields.read("service-key", .text)
        let level = lay(&fields, over: [:], Self.peeringKeys + Self.linkKeys)
        var peerings: [Peering] = []
        if let node = fields.take("peerings") {
            for key in ["peering", "links"] {
                guard let stray = fields.take(key) else { continue }
                findings.fault(
                    stray.place, "\(key) stands in each peering where there are peerings")
            }
            peerings = several(node, profile, level)
        } else {
            let name = fields.take("peering").flatMap { peeringName($0, profile) } ?? ""
            let reading = PeeringReading(circuit: self, profile: profile, name: name, path: "")
            if let peering = reading.read(&fields, level, place: fields.place) {
                peerings = [peering]
            }
        }
        fields.end(elsewhere: elsewhere(in: .circuit))
        guard let name, let provider else { return nil }
        return Circuit(
            name: name, provider: provider, note: note, bandwidth: bandwidth,
            serviceKey: serviceKey, peerings: peerings)
    }

    private func several(_ node: YAMLNode, _ profile: Profile, _ level: Level) -> [Peering] {
        guard var fields = Fields(node, path: "peerings", findings) else { return [] }
        var peerings: [Peering] = []
        let entries = fields.all()
        if entries.isEmpty { findings.fault(node.place, "a circuit has at least one peering") }
        for entry in entries {
            let key = YAMLNode(content: .scalar(entry.key, isPlain: false), place: entry.keyPlace)
            let path = fields.path(entry.key)
            let name = peeringName(key, profile)
            guard var own = Fields(entry.value, path: path, findings) else { continue }
            let below = lay(&own, over: level, Self.peeringKeys + Self.linkKeys)
            let reading = PeeringReading(
                circuit: self, profile: profile, name: name ?? "", path: path)
            let peering = reading.read(&own, below, place: entry.keyPlace)
            _ = own.read("note", .text)
            own.end(elsewhere: elsewhere(in: .peering))
            if let peering { peerings.append(peering) }
        }
        profile.check(peerings, findings)
        return peerings
    }

    private func peeringName(_ node: YAMLNode, _ profile: Profile) -> String? {
        if profile.peerings.isEmpty { return findings.read(node, "peering", .name) }
        return findings.read(node, "peering", .word(profile.peerings.keys.sorted()))
    }

    /// What holds below: the keys of this level over those of the levels above.
    func lay(_ fields: inout Fields, over above: Level, _ keys: [String]) -> Level {
        var level = above
        for key in keys {
            guard let node = fields.take(key) else { continue }
            validate(node, key, fields.path(key))
            level[key] = above[key]?.overridden(by: node) ?? node
        }
        return level
    }

    /// Finds the faults of one level's value by itself.
    private func validate(_ node: YAMLNode, _ key: String, _ path: String) {
        switch key {
        case "bgp": _ = BGPKeys(node, path: path, findings)
        case "vlan": _ = Encapsulation.read(node, path, findings, isWhole: false)
        case "mtu": _ = findings.read(node, key, .mtu)
        case "edge": _ = findings.read(node, key, .hostName)
        case "routing": _ = findings.read(node, key, .routing)
        case "routes": _ = findings.list(node, path, .prefix())
        default: _ = findings.read(node, key, .name)
        }
    }

    /// A level of the file below which keys may stand.
    enum Place { case circuit, peering, link }

    /// Where keys belong that stand on the wrong level.
    func elsewhere(in place: Place) -> [String: String] {
        var homes: [String: String] = [:]
        for key in BGPKeys.names { homes[key] = "under bgp" }
        for key in ["subnet", "address", "peer", "peers"] where place != .link {
            homes[key] = "in a link"
            homes["\(key)6"] = "in a link"
        }
        for key in Self.peeringKeys where place == .link {
            homes[key] = "in the peering or at the top"
        }
        for key in ["circuit", "provider", "bandwidth", "service-key"] where place != .circuit {
            homes[key] = "at the top of the file"
        }
        return homes
    }
}

extension Term where Value == Peering.Routing {
    /// Where routes come from.
    static var routing: Term { Term("bgp, static or both") { Peering.Routing(rawValue: $0) } }
}

extension Encapsulation {
    /// A number, `untagged`, or `{ outer, inner }`; while levels are read one by one a map may be
    /// partial.
    static func read(
        _ node: YAMLNode, _ path: String, _ findings: Findings, isWhole: Bool
    ) -> Encapsulation? {
        if case .mapping = node.content, var fields = Fields(node, path: path, findings) {
            let outer = fields.read("outer", .vlan)
            let inner = fields.read("inner", .vlan)
            fields.end()
            if isWhole {
                for key in ["outer", "inner"] where !fields.has(key) {
                    findings.fault(node.place, "vlan has no \(key) tag at any level")
                }
            }
            guard let outer, let inner else { return nil }
            return .qinq(outer: outer, inner: inner)
        }
        let term = Term<Encapsulation>("a VLAN from 1 to 4094, { outer, inner }, or untagged") {
            $0 == "untagged" ? .untagged : Term<VLANID>.vlan.read($0).map { .vlan($0) }
        }
        return findings.read(node, "vlan", term)
    }
}
