// Which circuits could conflict with one another, so that one changed file is checked against a
// handful and not against four thousand. Every circuit leaves marks for what it occupies; whoever
// could conflict looks for those marks. Too many neighbours cost time, too few would miss a
// conflict: when in doubt a mark is coarser.

import Net

/// An index of applied circuits and tenants by what they occupy. All of them are named by path.
struct Neighbours: Sendable {
    private var users: [String: Set<String>] = [:]
    private var marks: [String: [String]] = [:]

    /// Who carries any of these marks.
    func carriers(of marks: [String]) -> Set<String> {
        marks.reduce(into: Set()) { found, mark in
            if let users = users[mark] { found.formUnion(users) }
        }
    }

    /// Replaces the marks of one file.
    mutating func set(_ path: String, _ new: [String]) {
        for mark in marks.removeValue(forKey: path) ?? [] {
            users[mark]?.remove(path)
            if users[mark]?.isEmpty == true { users[mark] = nil }
        }
        guard !new.isEmpty else { return }
        marks[path] = new
        for mark in new { users[mark, default: []].insert(path) }
    }

    /// What a circuit occupies, and what it must look for.
    static func marks(
        of circuit: Circuit, table: (_ tenant: String) -> TableID?
    ) -> (leaves: [String], seeks: [String]) {
        var leaves: [String] = []
        var seeks: [String] = []
        func both(_ mark: String) {
            leaves.append(mark)
            seeks.append(mark)
        }
        if let key = circuit.serviceKey { both("key \(key)") }
        for peering in circuit.peerings {
            leaves.append(tenantMark(peering.tenant))
            let space = table(peering.tenant)
            for link in peering.links {
                let port = link.port
                switch link.encapsulation {
                case .untagged: both("port \(port)")
                case .vlan(let id):
                    both("vlan \(port) \(id)")
                    seeks.append("outer \(port) \(id)")
                case .qinq(let outer, let inner):
                    both("qinq \(port) \(outer) \(inner)")
                    leaves.append("outer \(port) \(outer)")
                    seeks.append("vlan \(port) \(outer)")
                    // Names that were not shortened differ where port and tag differ.
                    let shared = DeviceName.outer(port: port, vlan: outer).description
                    if shared != "\(port)-s\(outer)" { both("device \(shared)") }
                }
                if let device = DeviceName.vlan(port: port, link.encapsulation) {
                    both("device \(device)")
                }
                guard let space else { continue }
                for address in link.addresses {
                    leaves.append("space \(space) \(address.address.family)")
                    seeks.append("wide \(space) \(address.address.family)")
                    if let bucket = bucket(of: address) {
                        both("net \(space) \(bucket)")
                    } else {
                        leaves.append("wide \(space) \(address.address.family)")
                        seeks.append("space \(space) \(address.address.family)")
                    }
                }
            }
        }
        return (leaves, seeks)
    }

    /// What a tenant occupies and looks for: its table and the name of its VRF device; the main
    /// table is shared on purpose, and its tenants are compared among themselves.
    static func marks(of tenant: Tenant) -> [String] {
        ["table \(tenant.table)", "device \(DeviceName.vrf(tenant: tenant.name))"]
            + tenant.exchange.flatMap { ["exchange \($0.from)", "exchange \($0.to)"] }
    }

    /// Carried by every circuit with a peering of the tenant.
    static func tenantMark(_ name: String) -> String { "tenant \(name)" }

    /// Carried by every tenant that names the circuit in its exchange.
    static func exchangeMark(_ name: String) -> String { "exchange \(name)" }

    /// Narrow subnets overlap only within one /24 or /64.
    private static func bucket(of address: InterfaceAddress) -> String? {
        switch address.address {
        case .v4(let v4): address.length >= 24 ? String(v4.raw >> 8, radix: 16) : nil
        case .v6(let v6): address.length >= 64 ? "v6 " + String(v6.high, radix: 16) : nil
        }
    }
}
