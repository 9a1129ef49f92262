// What one circuit or tenant asks of this edge: the pieces that desired state is the union of.
// One changed file replaces its own share and touches nothing else.

public import Net

/// Names one session of this edge for as long as its peer stays the same.
public struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The circuit.
    public var circuit: String
    /// The peering, "" for the only one.
    public var peering: String
    /// The link.
    public var role: String
    /// The peer.
    public var peer: IPAddress
    /// A name.
    public init(circuit: String, peering: String, role: String, peer: IPAddress) {
        self.circuit = circuit
        self.peering = peering
        self.role = role
        self.peer = peer
    }
    /// `acme-azure/azure-private/primary 169.254.10.2`.
    public var description: String {
        peering.isEmpty ? "\(circuit)/\(role) \(peer)" : "\(circuit)/\(peering)/\(role) \(peer)"
    }
    /// By name.
    public static func < (a: SessionID, b: SessionID) -> Bool {
        (a.circuit, a.peering, a.role, a.peer) < (b.circuit, b.peering, b.role, b.peer)
    }
}

/// An address on a device of ours, by the device's name.
public struct LinkAddress: Hashable, Sendable {
    /// The device.
    public var link: InterfaceName
    /// The address.
    public var address: InterfaceAddress
    /// An address on a device.
    public init(_ link: InterfaceName, _ address: InterfaceAddress) {
        self.link = link
        self.address = address
    }
}

/// A link of a circuit as it stands on this edge.
public struct LocalLink: Hashable, Sendable {
    /// The peering it belongs to.
    public var peering: String
    /// Its name in the circuit.
    public var role: String
    /// The tenant.
    public var tenant: String
    /// The table of the tenant's routes.
    public var table: TableID
    /// The tenant's VRF device, if it has one.
    public var vrf: InterfaceName?
    /// The device that carries the addresses.
    public var device: InterfaceName
    /// The port's device below.
    public var port: InterfaceName
    /// Our addresses.
    public var addresses: [InterfaceAddress]
    /// Gateways of static routes, one a family at most.
    public var gateways: [IPAddress]
    /// Static routes through it.
    public var routes: [Prefix]
    /// Sessions on it.
    public var sessions: [SessionSettings]
    /// All of it.
    public init(
        peering: String, role: String, tenant: String, table: TableID, vrf: InterfaceName?,
        device: InterfaceName, port: InterfaceName, addresses: [InterfaceAddress],
        gateways: [IPAddress], routes: [Prefix], sessions: [SessionSettings]
    ) {
        self.peering = peering
        self.role = role
        self.tenant = tenant
        self.table = table
        self.vrf = vrf
        self.device = device
        self.port = port
        self.addresses = addresses
        self.gateways = gateways
        self.routes = routes
        self.sessions = sessions
    }
}

/// One circuit's share of this edge.
public struct CircuitShare: Hashable, Sendable {
    /// The circuit's name.
    public var circuit: String
    /// Devices, parents first, the shared ones (ports, outer VLANs, VRFs) among them. Shared ones
    /// are equal wherever they appear, but for a port's VRF: see `Compile.joined`.
    public var links: [Link]
    /// Addresses.
    public var addresses: [LinkAddress]
    /// The circuit's links of this edge.
    public var localLinks: [LocalLink]
    /// Links that other edges make: `secondary on ord2`, for people.
    public var remoteLinks: [String]
    /// A share.
    public init(
        circuit: String, links: [Link] = [], addresses: [LinkAddress] = [],
        localLinks: [LocalLink] = [], remoteLinks: [String] = []
    ) {
        self.circuit = circuit
        self.links = links
        self.addresses = addresses
        self.localLinks = localLinks
        self.remoteLinks = remoteLinks
    }
}

/// One tenant's share of this edge, made only while a circuit of it has a link here.
public struct TenantShare: Hashable, Sendable {
    /// The tenant as the file says it.
    public var tenant: Tenant
    /// Its VRF device, if it has one.
    public var vrf: Link?
    /// Unreachable routes: the VRF's defaults, and one for each originated network.
    public var unreachable: [Prefix]
    /// A share.
    public init(tenant: Tenant, vrf: Link?, unreachable: [Prefix]) {
        self.tenant = tenant
        self.vrf = vrf
        self.unreachable = unreachable
    }
}
