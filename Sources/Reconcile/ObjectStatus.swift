// How far one object is from what is wanted, in words for people at 3 a.m.: every sentence names
// the device and the reason.

public import Net

/// What the reconciler keeps equal: a device, or an address on a device.
public enum ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// A device by name.
    case link(InterfaceName)
    /// An address on a device.
    case address(InterfaceName, InterfaceAddress)

    /// The device.
    public var link: InterfaceName {
        switch self {
        case .link(let name): name
        case .address(let name, _): name
        }
    }

    /// `azure100`, or `169.254.10.1/30 on azure100`.
    public var description: String {
        switch self {
        case .link(let name): name.description
        case .address(let name, let address): "\(address) on \(name)"
        }
    }

    /// By device, the device before its addresses.
    public static func < (a: ObjectKey, b: ObjectKey) -> Bool {
        switch (a, b) {
        case (.address(let a, let first), .address(let b, let second)):
            (a, first) < (b, second)
        case (.link(let a), .link(let b)): a < b
        case (.link(let a), .address(let b, _)): a <= b
        case (.address(let a, _), .link(let b)): a < b
        }
    }
}

/// How far an object is from what is wanted.
public enum ObjectStatus: Hashable, Sendable {
    /// As wanted.
    case settled
    /// A step is queued or under way.
    case working
    /// Something else has to happen first; no error.
    case waiting(String)
    /// Refused by the kernel, or in somebody's way. Without a time it is tried again when the
    /// situation changes.
    case failed(String, retry: Instant?)

    /// The sentence, if there is one.
    public var reason: String? {
        switch self {
        case .settled, .working: nil
        case .waiting(let reason), .failed(let reason, _): reason
        }
    }

    /// Whether it is as wanted.
    public var isSettled: Bool { self == .settled }
}
