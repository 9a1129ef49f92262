// Routes and nexthop objects. A route of ours never carries a gateway: it names an object.

/// What makes a route one of its kind in the kernel. The metric is ours alone, so that no foreign
/// route is ever met by NLM_F_REPLACE.
public struct RouteKey: Hashable, Sendable, CustomStringConvertible {
    /// The table.
    public var table: TableID
    /// The prefix.
    public var prefix: Prefix
    /// The metric (priority).
    public var metric: UInt32

    /// All of it.
    public init(table: TableID, prefix: Prefix, metric: UInt32) {
        self.table = table
        self.prefix = prefix
        self.metric = metric
    }

    /// As `ip route` would say it.
    public var description: String { "\(prefix) table \(table) metric \(metric)" }
}

/// A route of ours.
public struct Route: Hashable, Sendable {
    /// Where it leads.
    public enum Target: Hashable, Sendable {
        /// Through a nexthop object.
        case nextHop(NextHopID)
        /// Nowhere, with an answer to the sender.
        case unreachable
    }

    /// Table, prefix, metric.
    public var key: RouteKey
    /// Where it leads.
    public var target: Target

    /// A route.
    public init(_ key: RouteKey, _ target: Target) {
        self.key = key
        self.target = target
    }
}

/// A nexthop object of the kernel.
public struct NextHop: Hashable, Sendable {
    /// What an object says.
    public enum Content: Hashable, Sendable {
        /// One gateway on one device. `onlink` skips the check that the gateway is in a subnet.
        case gateway(IPAddress, device: InterfaceIndex, onlink: Bool)
        /// Several singles with weights 1 to 256, in this order.
        case group([Member])
    }

    /// A member of a group.
    public struct Member: Hashable, Sendable {
        /// The single.
        public var id: NextHopID
        /// 1 to 256.
        public var weight: UInt16
        /// A member.
        public init(_ id: NextHopID, weight: UInt16) {
            self.id = id
            self.weight = weight
        }
    }

    /// The kernel's number.
    public var id: NextHopID
    /// What it says.
    public var content: Content

    /// An object.
    public init(_ id: NextHopID, _ content: Content) {
        self.id = id
        self.content = content
    }
}

/// A nexthop object as the kernel reports it.
public struct ObservedNextHop: Hashable, Sendable {
    /// The object; content that we never make is reported as an empty group.
    public var nextHop: NextHop
    /// Whose it is.
    public var routeProtocol: UInt8

    /// All of it.
    public init(_ nextHop: NextHop, routeProtocol: UInt8) {
        self.nextHop = nextHop
        self.routeProtocol = routeProtocol
    }
}

/// A neighbour entry that we keep.
public struct Neighbour: Hashable, Sendable {
    /// What the entry is for.
    public enum Purpose: Hashable, Sendable {
        /// The placeholder's gateway, which must never resolve: FAILED, externally learned.
        case placeholder
        /// A peer's address that the kernel keeps resolved by itself (NTF_EXT_MANAGED).
        case managed
    }

    /// The device.
    public var link: InterfaceIndex
    /// The address.
    public var address: IPAddress
    /// What it is for.
    public var purpose: Purpose

    /// All of it.
    public init(link: InterfaceIndex, address: IPAddress, purpose: Purpose) {
        self.link = link
        self.address = address
        self.purpose = purpose
    }
}
