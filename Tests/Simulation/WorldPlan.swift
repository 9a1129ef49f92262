// What the operator wants, in plain terms: the files are written from it, the far ends are put up
// by it, and what must come of it is worked out from it alone, without the daemon's code.

public import Net

/// The operator's wishes for all edges.
public struct WorldPlan: Sendable {
    /// The AS of all edges.
    public static let asn = ASN(64600)

    /// An edge with its ports: the same file everywhere but for the edge's name and number.
    public struct EdgePlan: Sendable {
        /// Its name.
        public var name: String
        /// Ports by their name, with device and wished MTU.
        public var ports: [Port]
        /// Its BGP identifier.
        public var routerID: RouterID

        /// All of it.
        public init(name: String, ports: [Port], routerID: RouterID) {
            self.name = name
            self.ports = ports
            self.routerID = routerID
        }
    }

    /// A port.
    public struct Port: Sendable {
        /// Its name in files.
        public var name: String
        /// Its device.
        public var device: String
        /// The MTU wished.
        public var mtu: UInt32?
        /// 802.1ad outer tags.
        public var hasServiceTags = false

        /// All of it.
        public init(name: String, device: String, mtu: UInt32? = nil, hasServiceTags: Bool = false)
        {
            self.name = name
            self.device = device
            self.mtu = mtu
            self.hasServiceTags = hasServiceTags
        }
    }

    /// A tenant.
    public struct TenantPlan: Sendable {
        /// Its name.
        public var name: String
        /// Its table; nil for the main one.
        public var table: UInt32?
        /// Its networks, and whether they are always announced.
        public var networks: [(prefix: String, isAlways: Bool)] = []
        /// What passes between its circuits.
        public var exchange: [(from: String, to: String, prefixes: [String]?)] = []

        /// All of it.
        public init(name: String, table: UInt32?) {
            self.name = name
            self.table = table
        }
    }

    /// A circuit of one peering.
    public struct CircuitPlan: Sendable {
        /// Its name.
        public var name: String
        /// Its tenant.
        public var tenant: String
        /// Its provider.
        public var provider = "dedicated"
        /// Its links.
        public var links: [LinkPlan] = []
        /// The peer's AS.
        public var peerASN = ASN(65001)
        /// What may enter.
        public var accept: [String]?
        /// What may leave.
        public var advertise: [String]?
        /// Static routes instead of BGP.
        public var routes: [String] = []
        /// The hold time in seconds.
        public var holdTime = 30
        /// Whether sessions restart gracefully.
        public var hasGracefulRestart = true
        /// Which equal paths share the traffic.
        public var multipath = Multipath.off
        /// For people, changes nothing.
        public var note = ""

        /// All of it.
        public init(name: String, tenant: String) {
            self.name = name
            self.tenant = tenant
        }

        var isStatic: Bool { !routes.isEmpty }
    }

    /// A link.
    public struct LinkPlan: Sendable {
        /// Its name.
        public var role: String
        /// The edge.
        public var edge: String
        /// The port's name.
        public var port: String
        /// No tag, one, or two.
        public var tags: [UInt16]
        /// Our address and the peer's, of each family.
        public var ends: [EndPlan]
        /// Preference of what enters.
        public var localPref: UInt32?
        /// The MTU wished.
        public var mtu: UInt32?
        /// A key file.
        public var key: String?
        /// We wait to be dialed.
        public var isPassive = false

        /// All of it.
        public init(
            role: String, edge: String, port: String, tags: [UInt16], ends: [EndPlan]
        ) {
            self.role = role
            self.edge = edge
            self.port = port
            self.tags = tags
            self.ends = ends
        }
    }

    /// Two addresses on a wire.
    public struct EndPlan: Sendable {
        /// Ours.
        public var ours: String
        /// The far end's.
        public var theirs: String

        /// All of it.
        public init(ours: String, theirs: String) {
            self.ours = ours
            self.theirs = theirs
        }

        var address: InterfaceAddress { literal(InterfaceAddress(ours), ours) }
        var peer: IPAddress { literal(IPAddress(theirs), theirs) }
    }

    /// The edges.
    public var edges: [EdgePlan] = []
    /// The tenants.
    public var tenants: [TenantPlan] = []
    /// The circuits.
    public var circuits: [CircuitPlan] = []

    /// No wishes.
    public init() {}

    func tenant(_ name: String) -> TenantPlan? { tenants.first { $0.name == name } }
    func circuit(_ name: String) -> CircuitPlan? { circuits.first { $0.name == name } }
    func edge(_ name: String) -> EdgePlan? { edges.first { $0.name == name } }

    func port(_ link: LinkPlan) -> Port? {
        edge(link.edge)?.ports.first { $0.name == link.port }
    }

    func tags(_ link: LinkPlan) -> [VLANTag] {
        let outer: TagProtocol = port(link)?.hasServiceTags ?? false ? .dot1ad : .dot1q
        return link.tags.enumerated().map { position, number in
            let isOuter = link.tags.count == 2 && position == 0
            return VLANTag(
                isOuter ? outer : .dot1q, literal(VLANID(rawValue: number), "\(number)"))
        }
    }

    /// A table of a tenant.
    func table(_ tenant: String) -> TableID {
        self.tenant(tenant)?.table.map { TableID($0) } ?? .main
    }
}

/// A literal of the plan, whose spelling is the plan's own fault.
func literal<Value>(_ value: Value?, _ text: String) -> Value {
    guard let value else { preconditionFailure("cannot be read: \(text)") }
    return value
}

// The files.
extension WorldPlan {
    /// The configuration directory, without keys; the same for every edge but for its own file.
    func files(for edge: EdgePlan) -> [String: String] {
        var files = ["circuitd.yaml": settings(edge)]
        for tenant in tenants { files["tenants/\(tenant.name).yaml"] = text(tenant) }
        for circuit in circuits { files["circuits/\(circuit.name).yaml"] = text(circuit) }
        return files
    }

    private func settings(_ edge: EdgePlan) -> String {
        var text = "edge: \(edge.name)\nrouter-id: \(edge.routerID)\nasn: \(Self.asn)\nports:\n"
        for port in edge.ports {
            text += "  \(port.name): { device: \(port.device)"
            if let mtu = port.mtu { text += ", mtu: \(mtu)" }
            text += ", outer-tpid: \(port.hasServiceTags ? "802.1ad" : "802.1q") }\n"
        }
        return text
    }

    private func list(_ items: [String]) -> String {
        "[" + items.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }

    private func text(_ tenant: TenantPlan) -> String {
        var text = "tenant: \(tenant.name)\n"
        text += tenant.table.map { "vrf: { table: \($0) }\n" } ?? "vrf: none\n"
        text += "networks:\n"
        for network in tenant.networks {
            text += "  - { prefix: \"\(network.prefix)\""
            text += network.isAlways ? ", when: always }\n" : " }\n"
        }
        if tenant.networks.isEmpty { text = String(text.dropLast(10)) }
        if !tenant.exchange.isEmpty { text += "exchange:\n" }
        for leave in tenant.exchange {
            text += "  - { from: \(leave.from), to: \(leave.to)"
            text += leave.prefixes.map { ", prefixes: \(list($0)) }\n" } ?? " }\n"
        }
        return text
    }

    private func text(_ circuit: CircuitPlan) -> String {
        var text = "circuit: \(circuit.name)\ntenant: \(circuit.tenant)\n"
        text += "provider: \(circuit.provider)\n"
        if !circuit.note.isEmpty { text += "note: \(circuit.note)\n" }
        text += "links:\n"
        for link in circuit.links {
            text += "  \(link.role):\n    edge: \(link.edge)\n    port: \(link.port)\n"
            switch link.tags.count {
            case 0: text += "    vlan: untagged\n"
            case 1: text += "    vlan: \(link.tags[0])\n"
            default: text += "    vlan: { outer: \(link.tags[0]), inner: \(link.tags[1]) }\n"
            }
            for end in link.ends {
                let suffix = end.peer.family == .ipv6 ? "6" : ""
                text += "    address\(suffix): \"\(end.ours)\"\n"
                text += "    peer\(suffix): \"\(end.theirs)\"\n"
            }
            if let mtu = link.mtu { text += "    mtu: \(mtu)\n" }
            var own: [String] = []
            if let localPref = link.localPref { own.append("local-pref: \(localPref)") }
            if let key = link.key { own.append("password-file: \(key)") }
            if link.isPassive { own.append("passive: true") }
            if !own.isEmpty, !circuit.isStatic {
                text += "    bgp: { \(own.joined(separator: ", ")) }\n"
            }
        }
        if circuit.isStatic {
            return text + "routing: static\nroutes: \(list(circuit.routes))\n"
        }
        text += "bgp:\n  peer-asn: \(circuit.peerASN)\n  hold-time: \(circuit.holdTime)s\n"
        text += "  graceful-restart: \(circuit.hasGracefulRestart ? "on" : "off")\n"
        if circuit.multipath != .off { text += "  multipath: \(circuit.multipath)\n" }
        if let accept = circuit.accept { text += "  accept: \(list(accept))\n" }
        if let advertise = circuit.advertise { text += "  advertise: \(list(advertise))\n" }
        return text
    }
}
