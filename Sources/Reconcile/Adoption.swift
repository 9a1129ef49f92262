// What was there before us. Core keeps these records in a file that does not outlive a boot, so
// that a port is given back as it was found even after a crash.

public import Net

/// What a port was like before we changed it; nil where we never changed it.
public struct PreviousValues: Hashable, Sendable {
    /// Whether it was up.
    public var isUp: Bool?
    /// Its MTU.
    public var mtu: UInt32?
    /// Its master by name; "none" is `.some(nil)`.
    public var master: InterfaceName??

    /// Nothing was changed.
    public init(isUp: Bool? = nil, mtu: UInt32? = nil, master: InterfaceName?? = nil) {
        self.isUp = isUp
        self.mtu = mtu
        self.master = master
    }
}

/// What we did to one device that is not wholly ours.
public struct Adoption: Hashable, Sendable {
    /// The device's number: another device of the same name is not the one we adopted.
    public var index: InterfaceIndex
    /// What we changed, as it was before.
    public var previous: PreviousValues
    /// The addresses that we added; all others on the device are foreign.
    public var addresses: Set<InterfaceAddress>

    /// A record.
    public init(
        index: InterfaceIndex, previous: PreviousValues = PreviousValues(),
        addresses: Set<InterfaceAddress> = []
    ) {
        self.index = index
        self.previous = previous
        self.addresses = addresses
    }
}
