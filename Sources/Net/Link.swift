// Devices and their addresses: what is wanted, and what the kernel reports.

/// A device as it should be. Created links are VLANs, VRFs and the placeholder; a port exists
/// already and is only adopted.
public struct Link: Hashable, Sendable {
    /// What kind of device it is, with what can never be changed in place.
    public enum Kind: Hashable, Sendable {
        /// An existing device (NIC, bond, veth), never created or deleted by us.
        case port
        /// A VLAN on another link of this state.
        case vlan(parent: InterfaceName, tag: VLANTag)
        /// A VRF device with its table.
        case vrf(table: TableID)
        /// The device that the forwarding sets' placeholder stands on: never loses carrier.
        case placeholder
    }

    /// The device's name.
    public var name: InterfaceName
    /// Its kind.
    public var kind: Kind
    /// The VRF device that it belongs to.
    public var master: InterfaceName?
    /// The MTU; nil leaves what is there.
    public var mtu: UInt32?
    /// What people see in `ip link`: `circuitd:...`. Not written on ports.
    public var alias: String

    /// A link that should be up.
    public init(
        name: InterfaceName, kind: Kind, master: InterfaceName? = nil, mtu: UInt32? = nil,
        alias: String = ""
    ) {
        self.name = name
        self.kind = kind
        self.master = master
        self.mtu = mtu
        self.alias = alias
    }
}

/// A device as the kernel reports it.
public struct ObservedLink: Hashable, Sendable {
    /// What the kernel says it is, as far as it matters here.
    public enum Kind: Hashable, Sendable {
        /// A VLAN; its parent is `parent`.
        case vlan(VLANTag)
        /// A VRF with its table.
        case vrf(TableID)
        /// Anything else, by the kernel's word: empty for a NIC, else `veth`, `bond`, `dummy`.
        case other(String)
    }

    /// The kernel's number.
    public var index: InterfaceIndex
    /// The name.
    public var name: InterfaceName
    /// The kind.
    public var kind: Kind
    /// The device below a VLAN (in this namespace), else none.
    public var parent: InterfaceIndex
    /// The VRF, bridge or bond above, else none.
    public var master: InterfaceIndex
    /// The MTU.
    public var mtu: UInt32
    /// IFLA_GROUP: the mark of what we created.
    public var group: UInt32
    /// The alias, empty if none.
    public var alias: String
    /// IFF_UP.
    public var isUp: Bool
    /// IFF_LOWER_UP and not dormant: packets can leave.
    public var hasCarrier: Bool
    /// The number of the kernel object, which changes when a device of the same name is made anew.
    public var isUsable: Bool { isUp && hasCarrier }

    /// All of it.
    public init(
        index: InterfaceIndex, name: InterfaceName, kind: Kind, parent: InterfaceIndex = .none,
        master: InterfaceIndex = .none, mtu: UInt32 = 1500, group: UInt32 = 0, alias: String = "",
        isUp: Bool = false, hasCarrier: Bool = false
    ) {
        self.index = index
        self.name = name
        self.kind = kind
        self.parent = parent
        self.master = master
        self.mtu = mtu
        self.group = group
        self.alias = alias
        self.isUp = isUp
        self.hasCarrier = hasCarrier
    }
}

/// An address on a device as the kernel reports it.
public struct ObservedAddress: Hashable, Sendable {
    /// Why an IPv6 address cannot be used yet, or at all.
    public enum State: UInt8, Hashable, Sendable {
        /// Usable.
        case ready
        /// Duplicate address detection is running.
        case tentative
        /// Duplicate address detection found another owner.
        case duplicate
    }

    /// The device.
    public var link: InterfaceIndex
    /// The address with its subnet's length.
    public var address: InterfaceAddress
    /// Whether it can be used.
    public var state: State

    /// All of it.
    public init(link: InterfaceIndex, address: InterfaceAddress, state: State = .ready) {
        self.link = link
        self.address = address
        self.state = state
    }
}
