// circuitd.yaml, validated: who this edge is, its ports, and how our kernel objects are marked.

public import Net

/// This edge.
public struct Settings: Hashable, Sendable {
    /// Which of the edges this host is.
    public var edge: String
    /// The BGP identifier.
    public var routerID: RouterID
    /// Our autonomous system.
    public var asn: ASN
    /// The ports by name.
    public var ports: [String: Port]
    /// Marks of our kernel objects.
    public var marks: KernelMarks

    /// All of it.
    public init(
        edge: String, routerID: RouterID, asn: ASN, ports: [String: Port] = [:],
        marks: KernelMarks = KernelMarks()
    ) {
        self.edge = edge
        self.routerID = routerID
        self.asn = asn
        self.ports = ports
        self.marks = marks
    }
}

/// An existing device of the edge. Never created or deleted by us.
public struct Port: Hashable, Sendable {
    /// The name in files.
    public var name: String
    /// The kernel's device.
    public var device: InterfaceName
    /// The MTU that it should have; nil leaves it.
    public var mtu: UInt32?
    /// The tag protocol of outer tags on it.
    public var outerTag: TagProtocol
    /// Where it is patched, for people: site, cage, panel, position.
    public var place: [String: String]

    /// All of it.
    public init(
        name: String, device: InterfaceName, mtu: UInt32? = nil, outerTag: TagProtocol = .dot1q,
        place: [String: String] = [:]
    ) {
        self.name = name
        self.device = device
        self.mtu = mtu
        self.outerTag = outerTag
        self.place = place
    }
}
