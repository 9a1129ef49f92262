// The answers of /v1/circuits and /v1/circuits/NAME.

/// All circuits of the edge, in one line each.
public struct CircuitsReply: Hashable, Codable, Sendable {
    /// The circuits, in the order of names.
    public var circuits: [CircuitSummary]
    /// All circuits.
    public init(circuits: [CircuitSummary]) { self.circuits = circuits }
}

/// One circuit in one line.
public struct CircuitSummary: Hashable, Codable, Sendable {
    /// The name.
    public var name: String
    /// The tenants of its peerings.
    public var tenants: [String]
    /// The provider's profile.
    public var provider: String
    /// How it is.
    public var health: Health
    /// Why, the worst first; empty when healthy.
    public var reasons: [String]
    /// Its links.
    public var links: LinkCount
    /// Prefixes accepted from its peers (and static ones), best or not.
    public var prefixesIn: Int
    /// Prefixes announced to its peers.
    public var prefixesOut: Int
    /// How long its health has been what it is.
    public var sinceSeconds: Int

    /// All of it.
    public init(
        name: String, tenants: [String], provider: String, health: Health,
        reasons: [String] = [], links: LinkCount, prefixesIn: Int = 0, prefixesOut: Int = 0,
        sinceSeconds: Int = 0
    ) {
        self.name = name
        self.tenants = tenants
        self.provider = provider
        self.health = health
        self.reasons = reasons
        self.links = links
        self.prefixesIn = prefixesIn
        self.prefixesOut = prefixesOut
        self.sinceSeconds = sinceSeconds
    }
}

/// How many links a circuit has, and where.
public struct LinkCount: Hashable, Codable, Sendable {
    /// Links of this edge that forward.
    public var forwarding: Int
    /// Links of this edge.
    public var here: Int
    /// Links that other edges make: `secondary on ord2`.
    public var elsewhere: [String]

    /// All of it.
    public init(forwarding: Int, here: Int, elsewhere: [String] = []) {
        self.forwarding = forwarding
        self.here = here
        self.elsewhere = elsewhere
    }

    /// `1/2`: forwarding of those that are here.
    public var text: String { "\(forwarding)/\(here)" }

    /// `1 of 2 here, secondary on ord2`; nil when all links are here.
    public var placeText: String? {
        guard !elsewhere.isEmpty else { return nil }
        let others = elsewhere.joined(separator: ", ")
        return "\(here) of \(here + elsewhere.count) here, \(others)"
    }
}

/// One circuit in full.
public struct CircuitReply: Hashable, Codable, Sendable {
    /// Its line.
    public var summary: CircuitSummary
    /// The operator's note, or empty.
    public var note: String
    /// Ordered bits a second.
    public var bandwidth: UInt64?
    /// Its links of this edge.
    public var links: [LinkReply]
    /// Faults of its file.
    public var faults: [FileFault]
    /// Routes of it that should be in the kernel.
    public var routesWanted: Int
    /// Of these, acknowledged by the kernel.
    public var routesInstalled: Int

    /// All of it.
    public init(
        summary: CircuitSummary, note: String = "", bandwidth: UInt64? = nil,
        links: [LinkReply] = [], faults: [FileFault] = [], routesWanted: Int = 0,
        routesInstalled: Int = 0
    ) {
        self.summary = summary
        self.note = note
        self.bandwidth = bandwidth
        self.links = links
        self.faults = faults
        self.routesWanted = routesWanted
        self.routesInstalled = routesInstalled
    }
}

/// One link of this edge.
public struct LinkReply: Hashable, Codable, Sendable {
    /// The peering, "" for the only one.
    public var peering: String
    /// The name in the circuit.
    public var role: String
    /// The tenant.
    public var tenant: String
    /// Packets can pass: the session is established and its routes are in the kernel, or the static
    /// equal of it.
    public var forwarding: Bool
    /// The operator drained it.
    public var drained: Bool
    /// Where it stands, in a sentence: `forwarding`, `waiting for port bond0`.
    public var state: String
    /// The port's name in files.
    public var port: String
    /// The port's device.
    public var portDevice: String
    /// The device that carries the addresses.
    public var device: String
    /// `untagged`, `802.1q 310`, `802.1ad 1010, 802.1q 100`.
    public var tags: String
    /// The tenant's VRF device.
    public var vrf: String?
    /// The table of its routes.
    public var table: UInt32
    /// The MTU, once the device is there.
    public var mtu: UInt32?
    /// Packets can leave the device.
    public var carrier: Bool
    /// Our addresses.
    public var addresses: [AddressReply]
    /// Gateways of static routes.
    public var gateways: [String]
    /// Number of static routes through it.
    public var staticRoutes: Int
    /// Its sessions.
    public var sessions: [SessionReply]

    /// All of it.
    public init(
        peering: String = "", role: String, tenant: String, forwarding: Bool,
        drained: Bool = false, state: String, port: String, portDevice: String, device: String,
        tags: String, vrf: String? = nil, table: UInt32, mtu: UInt32? = nil, carrier: Bool,
        addresses: [AddressReply] = [], gateways: [String] = [], staticRoutes: Int = 0,
        sessions: [SessionReply] = []
    ) {
        self.peering = peering
        self.role = role
        self.tenant = tenant
        self.forwarding = forwarding
        self.drained = drained
        self.state = state
        self.port = port
        self.portDevice = portDevice
        self.device = device
        self.tags = tags
        self.vrf = vrf
        self.table = table
        self.mtu = mtu
        self.carrier = carrier
        self.addresses = addresses
        self.gateways = gateways
        self.staticRoutes = staticRoutes
        self.sessions = sessions
    }
}

/// An address of ours and whether the kernel has it.
public struct AddressReply: Hashable, Codable, Sendable {
    /// Where the address stands.
    public enum State: String, Hashable, Codable, Sendable {
        /// Usable.
        case ready
        /// Not on the device.
        case missing
        /// Duplicate address detection is running.
        case tentative
        /// Another host has it.
        case duplicate
    }

    /// `10.20.0.1/24`.
    public var address: String
    /// Where it stands.
    public var state: State

    /// An address.
    public init(_ address: String, _ state: State) {
        self.address = address
        self.state = state
    }
}
