// What a tenant and a circuit claim on this edge.

import Net

extension Ledger {
    /// A tenant's name, table, device and networks.
    mutating func claim(_ tenant: Tenant) {
        let owner = Owner("tenant", tenant.name)
        claim(name: tenant.name, isTenant: true, at: "tenant")
        switch tenant.space {
        case .vrf(let table):
            claim(.table(table), for: owner, at: "vrf.table") {
                "table \(table) is \($0)'s already"
            }
            claim(
                device: DeviceName.vrf(tenant: tenant.name), meaning: .vrf(tenant: tenant.name),
                for: owner, at: "tenant")
        case .main:
            for (position, network) in tenant.networks.enumerated() {
                claim(.network(network.prefix), for: owner, at: "networks.\(position)") {
                    "network \(network.prefix) of the main table is \($0)'s already"
                }
            }
        }
    }

    /// A circuit's name, and for each link of this edge its tags, device and subnets.
    mutating func claim(_ circuit: Circuit, _ names: Names) {
        claim(name: circuit.name, isTenant: false, at: "circuit")
        for peering in circuit.peerings {
            let path = isAt("peerings") ? "peerings.\(peering.name)." : ""
            let tenant = names.tenants[peering.tenant]
            if tenant == nil {
                let name = quoted(peering.tenant)
                fault(
                    "\(path)tenant",
                    names.tenantFiles[peering.tenant].map {
                        "tenant \(name) has faults of its own, in \($0)"
                    } ?? "there is no tenant \(name)")
            }
            for link in peering.links {
                let owner = Owner(circuit.name, path.isEmpty ? "" : peering.name, link.role)
                claim(link, of: tenant, for: owner, at: "\(path)links.\(link.role)")
            }
        }
    }

    /// Routes pass between circuits of the tenant's own only.
    mutating func checkExchange(of tenant: Tenant, _ names: Names) {
        for (position, leave) in tenant.exchange.enumerated() {
            for (key, circuit) in [("from", leave.from), ("to", leave.to)] {
                let path = "exchange.\(position).\(key)"
                if let tenants = names.circuits[circuit] {
                    if !tenants.contains(tenant.name) {
                        let others = Set(tenants).sorted().joined(separator: " and ")
                        fault(
                            path, "circuit \(quoted(circuit)) is of tenant \(others), not this one")
                    }
                } else if !names.circuitFiles.contains(circuit) {
                    fault(path, "there is no circuit \(quoted(circuit))", .warning)
                }
            }
        }
    }

    private mutating func claim(name: String, isTenant: Bool, at path: String) {
        let stem = CrossCheck.stem(file)
        if name != stem {
            let kind = isTenant ? "tenant" : "circuit"
            fault(
                path,
                "the file is named \(quoted(stem)), so its \(kind) must be, not \(quoted(name))")
        } else {
            claim(.name(isTenant: isTenant, name), for: Owner(file), at: path) {
                "\(quoted(name)) is \($0) already"
            }
        }
    }

    private mutating func claim(
        _ link: CircuitLink, of tenant: Tenant?, for owner: Owner, at path: String
    ) {
        guard let settings, link.edge == nil || link.edge == settings.edge else { return }
        guard let port = settings.ports[link.port] else {
            let meant = nearest(to: link.port, among: settings.ports.keys)
            let hint = meant.map { "; did you mean \"\($0)\"?" } ?? ""
            fault("\(path).port", "edge \(settings.edge) has no port \(quoted(link.port))\(hint)")
            return
        }
        if let mtu = link.mtu, let most = port.mtu,
            mtu > most || link.encapsulation == .untagged && mtu != most
        {
            fault(
                isAt("\(path).mtu") ? "\(path).mtu" : "\(path).port",
                "port \(port.name) has an MTU of \(most), which \(mtu) does not fit")
        }
        claim(link.encapsulation, on: port, for: owner, at: "\(path).vlan")
        if let device = DeviceName.vlan(port: port.name, link.encapsulation) {
            claim(
                device: device, meaning: .link(port: port.name, link.encapsulation), for: owner,
                at: "\(path).vlan")
        }
        guard let tenant else { return }
        for address in link.addresses {
            let place = pathOfAddress(address, in: path)
            claim(subnet: address.network, in: tenant.table, for: owner, at: place)
        }
    }

    /// Our address stands outright, or follows from the subnet.
    private func pathOfAddress(_ address: InterfaceAddress, in path: String) -> String {
        let suffix = address.address.family == .ipv4 ? "" : "6"
        let outright = "\(path).address\(suffix)"
        return isAt(outright) ? outright : "\(path).subnet\(suffix)"
    }

    private mutating func claim(
        _ encapsulation: Encapsulation, on port: Port, for owner: Owner, at path: String
    ) {
        switch encapsulation {
        case .untagged:
            claim(.untagged(port: port.name), for: owner, at: path) {
                "untagged port \(port.name) is \($0)'s already"
            }
        case .vlan(let id):
            claim(.tag(port: port.name, .dot1q, id), for: owner, at: path) {
                "VLAN \(id) of port \(port.name) is \($0)'s already"
            }
        case .qinq(let outer, let inner):
            share(.tag(port: port.name, port.outerTag, outer), for: owner, at: path) {
                "VLAN \(outer) of port \(port.name) is \($0)'s already, and no outer tag"
            }
            claim(
                .pair(port: port.name, port.outerTag, outer: outer, inner: inner), for: owner,
                at: path
            ) {
                "VLAN \(outer)/\(inner) of port \(port.name) is \($0)'s already"
            }
            claim(
                device: DeviceName.outer(port: port.name, vlan: outer),
                meaning: .outer(port: port.name, outer), for: owner, at: path)
        }
    }
}
