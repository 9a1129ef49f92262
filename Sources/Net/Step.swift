// One change to the kernel, and how it ended. Devices are named by index, which the observed
// state knows; nothing asks the kernel before it acts.

/// One change to the kernel.
public enum Step: Hashable, Sendable {
    /// Make a VLAN, down, exclusively, marked with our group.
    case createVLAN(InterfaceName, parent: InterfaceIndex, VLANTag, mtu: UInt32?)
    /// Make a VRF device, down, exclusively, marked with our group.
    case createVRF(InterfaceName, TableID)
    /// Make the placeholder's device, down, with ARP on, marked with our group: a dummy, or one
    /// end of a veth pair where the kernel has no dummy.
    case createPlaceholder(InterfaceName)
    /// Change an existing device.
    case changeLink(InterfaceIndex, LinkChange)
    /// Delete a device that we created.
    case deleteLink(InterfaceIndex)
    /// Add an address.
    case addAddress(InterfaceIndex, InterfaceAddress)
    /// Remove an address.
    case deleteAddress(InterfaceIndex, InterfaceAddress)
    /// Make unresolved packets on a device drop at once (mcast_probes 0, both families).
    case silenceNeighbours(InterfaceIndex)
    /// Put a neighbour entry.
    case putNeighbour(Neighbour)
    /// Make a nexthop object: exclusively, or over the one that is known to be ours.
    case putNextHop(NextHop, replacing: Bool)
    /// Delete a nexthop object of ours.
    case deleteNextHop(NextHopID)
    /// Make a route: exclusively, or over the one that is known to be ours.
    case putRoute(Route, replacing: Bool)
    /// Delete a route of ours, told by table, prefix, metric and protocol.
    case deleteRoute(RouteKey)
}

/// What to change on a device; nil leaves a property as it is.
public struct LinkChange: Hashable, Sendable {
    /// Up or down.
    public var isUp: Bool?
    /// The MTU.
    public var mtu: UInt32?
    /// The VRF above; `InterfaceIndex.none` releases it.
    public var master: InterfaceIndex?
    /// The alias.
    public var alias: String?

    /// The changes given.
    public init(
        isUp: Bool? = nil, mtu: UInt32? = nil, master: InterfaceIndex? = nil, alias: String? = nil
    ) {
        self.isUp = isUp
        self.mtu = mtu
        self.master = master
        self.alias = alias
    }
}

/// The kernel's refusal.
public struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The errno, positive.
    public var code: Int32
    /// The kernel's own sentence (extended acknowledgement), or the errno's text.
    public var text: String

    /// A refusal.
    public init(code: Int32, text: String) {
        self.code = code
        self.text = text
    }

    /// `Device does not exist (errno 19)`.
    public var description: String { "\(text) (errno \(code))" }
}

/// How one step of a batch ended.
public struct StepOutcome: Sendable {
    /// The step's number, given by whoever asked for it.
    public var ticket: UInt64
    /// What was asked.
    public var step: Step
    /// The refusal, or nil for done.
    public var error: KernelError?

    /// An outcome.
    public init(ticket: UInt64, step: Step, error: KernelError? = nil) {
        self.ticket = ticket
        self.step = step
        self.error = error
    }
}
