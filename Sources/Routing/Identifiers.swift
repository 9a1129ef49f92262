// Names that callers hold: spaces, sources, receivers, gateways. Small values, safe to copy.

public import Net

/// An address space: the kernel table that its routes go to.
public typealias SpaceID = TableID

/// Whoever gives us paths: a session, a link's static routes, a tenant's networks.
public struct SourceID: Hashable, Comparable, Sendable {
    /// The slot. A number comes back into use once its source is removed.
    public let rawValue: UInt32

    init(_ slot: Int) { rawValue = UInt32(truncatingIfNeeded: slot) }

    var slot: Int { Int(rawValue) }

    /// By number.
    public static func < (a: SourceID, b: SourceID) -> Bool { a.rawValue < b.rawValue }
}

/// A session that we announce to.
public struct ReceiverID: Hashable, Comparable, Sendable {
    /// The slot. A number comes back into use once its receiver is removed.
    public let rawValue: UInt32

    init(_ slot: Int) { rawValue = UInt32(truncatingIfNeeded: slot) }

    var slot: Int { Int(rawValue) }

    /// By number.
    public static func < (a: ReceiverID, b: ReceiverID) -> Bool { a.rawValue < b.rawValue }
}

/// A neighbour that packets can be handed to, on one device.
public struct GatewayID: Hashable, Sendable, CustomStringConvertible {
    /// The device.
    public var device: InterfaceIndex
    /// The neighbour's address.
    public var address: IPAddress

    /// A gateway.
    public init(_ device: InterfaceIndex, _ address: IPAddress) {
        self.device = device
        self.address = address
    }

    /// `192.0.2.1 on device 7`.
    public var description: String { "\(address) on device \(device)" }
}
