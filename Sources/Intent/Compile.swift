// From what the files say to what this edge needs: devices with their parents, addresses,
// sessions, unreachable routes. Pure and without memory: the same files give the same shares.
//
// Shared devices (ports, outer VLANs, VRFs) stand in the share of every circuit that needs them.
// They are equal wherever they appear, but for a port: only the circuit with the untagged link
// knows its VRF. `Compile.joined` is how the union of shares puts such a pair together.

public import Net

/// Compiles circuits and tenants to their shares of one edge.
public enum Compile {
    /// What a circuit needs on this edge. Peerings whose tenant is not among `tenants`, and links
    /// whose port is not among the settings' ports, are left out.
    public static func share(
        of circuit: Circuit, tenants: [String: Tenant], settings: Settings
    ) -> CircuitShare {
        var share = CircuitShare(circuit: circuit.name)
        for peering in circuit.peerings {
            guard let tenant = tenants[peering.tenant] else { continue }
            for link in peering.links {
                let place = Site(
                    circuit: circuit.name, peering: peering, link: link, tenant: tenant)
                if let edge = link.edge, edge != settings.edge {
                    share.remoteLinks.append("\(place.label) on \(edge)")
                } else if let port = settings.ports[link.port] {
                    place.add(to: &share, port: port)
                }
            }
        }
        return share
    }

    /// What a tenant needs on this edge; nil when no circuit of it has a link here.
    public static func share(
        of tenant: Tenant, settings: Settings, hasLocalCircuits: Bool
    ) -> TenantShare? {
        guard hasLocalCircuits else { return nil }
        let vrf = vrf(of: tenant)
        var unreachable = vrf == nil ? [] : Family.allCases.map(Prefix.default)
        for network in tenant.networks where !unreachable.contains(network.prefix) {
            unreachable.append(network.prefix)
        }
        return TenantShare(tenant: tenant, vrf: vrf, unreachable: unreachable)
    }

    /// Two shares' words on the device of one name, put together: the VRF that either of them
    /// knows, and the larger MTU. Kind and alias are the same in both, or the files' check has
    /// failed; then `a` counts.
    public static func joined(_ a: Link, _ b: Link) -> Link {
        var link = a
        link.master = a.master ?? b.master
        link.mtu = [a.mtu, b.mtu].compactMap(\.self).max()
        return link
    }

    /// The VRF device of a tenant; nil in the main table.
    static func vrf(of tenant: Tenant) -> Link? {
        guard case .vrf(let table) = tenant.space else { return nil }
        return Link(
            name: DeviceName.vrf(tenant: tenant.name), kind: .vrf(table: table),
            alias: "circuitd:\(tenant.name)")
    }
}

/// One link of one peering, on its way into a share.
private struct Site {
    var circuit: String
    var peering: Peering
    var link: CircuitLink
    var tenant: Tenant

    /// `azure-private/primary`, or `primary` where the circuit has but one peering.
    var label: String { peering.name.isEmpty ? link.role : "\(peering.name)/\(link.role)" }

    func add(to share: inout CircuitShare, port: Port) {
        let vrf = Compile.vrf(of: tenant)
        // Parents stand before what stands on them.
        let devices = [vrf].compactMap(\.self) + devices(on: port, vrf: vrf?.name)
        for device in devices {
            if let known = share.links.firstIndex(where: { $0.name == device.name }) {
                share.links[known] = Compile.joined(share.links[known], device)
            } else {
                share.links.append(device)
            }
        }
        let device = devices.last?.name ?? port.device
        share.addresses += link.addresses.map { LinkAddress(device, $0) }
        let gateways = gateways
        share.localLinks.append(
            LocalLink(
                peering: peering.name, role: link.role, tenant: tenant.name, table: tenant.table,
                vrf: vrf?.name, device: device, port: port.device, addresses: link.addresses,
                gateways: gateways,
                routes: gateways.isEmpty
                    ? []
                    : peering.routes.filter { route in
                        gateways.contains { $0.family == route.family }
                    },
                sessions: peering.routing == .static ? [] : link.sessions))
    }

    /// The port, and what stands on it, down to the device that carries the addresses.
    private func devices(on port: Port, vrf: InterfaceName?) -> [Link] {
        let alias = "circuitd:\(circuit)/\(label)"
        var carrier = Link(name: port.device, kind: .port, mtu: port.mtu)
        guard let name = DeviceName.vlan(port: port.name, link.encapsulation) else {
            carrier.master = vrf
            carrier.mtu = [port.mtu, link.mtu].compactMap(\.self).max()
            return [carrier]
        }
        func vlan(on parent: InterfaceName, _ id: VLANID) -> Link {
            Link(
                name: name, kind: .vlan(parent: parent, tag: VLANTag(.dot1q, id)), master: vrf,
                mtu: link.mtu, alias: alias)
        }
        switch link.encapsulation {
        case .untagged: return [carrier]
        case .vlan(let id): return [carrier, vlan(on: port.device, id)]
        case .qinq(let outer, let inner):
            let shared = Link(
                name: DeviceName.outer(port: port.name, vlan: outer),
                kind: .vlan(parent: port.device, tag: VLANTag(port.outerTag, outer)),
                mtu: port.mtu, alias: "circuitd:\(port.name)/\(outer)")
            return [carrier, shared, vlan(on: shared.name, inner)]
        }
    }

    /// The first peer of each family, where the file has the routes.
    private var gateways: [IPAddress] {
        guard peering.routing != .bgp else { return [] }
        return Family.allCases.compactMap { family in
            link.peers.first { $0.family == family }
        }
    }
}
