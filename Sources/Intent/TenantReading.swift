// tenants/NAME.yaml, key by key.

import Net

extension Tenant {
    /// Reads the file's root; nil when something that must be there is not.
    static func read(_ root: YAMLNode, _ findings: Findings) -> Tenant? {
        guard var fields = Fields(root, path: "", findings) else { return nil }
        let name = fields.require("tenant", .name)
        _ = fields.read("note", .text)
        if !fields.has("vrf") {
            findings.fault(
                fields.place, "vrf is missing: { table: NUMBER }, or none for the main table")
        }
        let space = fields.take("vrf").flatMap { Space.read($0, findings) }
        let networks = fields.take("networks").map { Network.list($0, findings) } ?? []
        let exchange = fields.take("exchange").map { Exchange.list($0, findings) } ?? []
        fields.end()
        guard let name, let space else { return nil }
        return Tenant(name: name, space: space, networks: networks, exchange: exchange)
    }
}

extension Tenant.Space {
    fileprivate static func read(_ node: YAMLNode, _ findings: Findings) -> Tenant.Space? {
        if case .scalar = node.content {
            let word = Term<String>("none, or a mapping { table: NUMBER }") {
                $0 == "none" ? $0 : nil
            }
            return findings.read(node, "vrf", word).map { _ in .main }
        }
        guard var fields = Fields(node, path: "vrf", findings) else { return nil }
        let table = fields.require("table", .table)
        fields.end()
        return table.map { .vrf(TableID($0)) }
    }
}

extension Tenant.Network {
    fileprivate static func list(_ node: YAMLNode, _ findings: Findings) -> [Tenant.Network] {
        guard case .sequence(let items) = node.content else {
            _ = findings.list(node, "networks", .prefix())
            return []
        }
        var networks: [Tenant.Network] = []
        for (position, item) in items.enumerated() {
            let path = "networks.\(position)"
            findings.stands(path, at: item.place)
            var network: Tenant.Network?
            if case .mapping = item.content, var fields = Fields(item, path: path, findings) {
                let prefix = fields.require("prefix", .prefix())
                let when = fields.read("when", .word(["always", "inside"]))
                fields.end()
                network = prefix.map { Tenant.Network($0, isAlways: when == "always") }
            } else {
                network = findings.read(item, "networks", .prefix()).map { Tenant.Network($0) }
            }
            guard let network else { continue }
            if AddressSpace.isRefused(network.prefix) {
                findings.fault(item.place, "\(network.prefix) is never routed")
            } else if networks.contains(where: { $0.prefix == network.prefix }) {
                findings.fault(item.place, "network \(network.prefix) stands here twice")
            } else {
                networks.append(network)
            }
        }
        return networks
    }
}

extension Tenant.Exchange {
    fileprivate static func list(_ node: YAMLNode, _ findings: Findings) -> [Tenant.Exchange] {
        guard case .sequence(let items) = node.content else {
            _ = findings.list(node, "exchange", Term<String>.text)
            return []
        }
        var leaves: [Tenant.Exchange] = []
        for (position, item) in items.enumerated() {
            let path = "exchange.\(position)"
            findings.stands(path, at: item.place)
            guard var fields = Fields(item, path: path, findings) else { continue }
            let from = fields.require("from", .name)
            let to = fields.require("to", .name)
            let prefixes = fields.list("prefixes", .rule).map { PrefixFilter($0) }
            fields.end()
            guard let from, let to else { continue }
            if from == to {
                findings.fault(
                    findings.places["\(path).to"] ?? item.place,
                    "routes never pass from a circuit back into itself")
            } else if leaves.contains(where: { $0.from == from && $0.to == to }) {
                findings.fault(item.place, "from \(from) to \(to) stands here twice")
            } else {
                leaves.append(Tenant.Exchange(from: from, to: to, prefixes: prefixes))
            }
        }
        return leaves
    }
}
