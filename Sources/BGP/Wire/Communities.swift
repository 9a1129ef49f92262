// The three kinds of communities as plain integers with their usual text.

/// A community (RFC 1997).
public struct Community: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number.
    public var rawValue: UInt32
    /// Any number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// From its two halves.
    public init(_ high: UInt16, _ low: UInt16) { rawValue = UInt32(high) << 16 | UInt32(low) }

    /// GRACEFUL_SHUTDOWN (RFC 8326).
    public static let gracefulShutdown = Community(0xFFFF, 0)
    /// LLGR_STALE (RFC 9494).
    public static let longLivedStale = Community(0xFFFF, 6)
    /// NO_LLGR (RFC 9494).
    public static let noLongLivedStale = Community(0xFFFF, 7)
    /// BLACKHOLE (RFC 7999).
    public static let blackhole = Community(0xFFFF, 666)
    /// NO_EXPORT.
    public static let noExport = Community(0xFFFF, 0xFF01)
    /// NO_ADVERTISE.
    public static let noAdvertise = Community(0xFFFF, 0xFF02)
    /// NO_EXPORT_SUBCONFED.
    public static let noExportSubconfed = Community(0xFFFF, 0xFF03)

    /// By number.
    public static func < (a: Community, b: Community) -> Bool { a.rawValue < b.rawValue }
}

extension Community: CustomStringConvertible {
    /// `65000:1`.
    public var description: String { "\(rawValue >> 16):\(rawValue & 0xFFFF)" }
}

/// An extended community (RFC 4360), type included.
public struct ExtendedCommunity: RawRepresentable, Hashable, Comparable, Sendable {
    /// The eight octets.
    public var rawValue: UInt64
    /// Any eight octets.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// By number.
    public static func < (a: ExtendedCommunity, b: ExtendedCommunity) -> Bool {
        a.rawValue < b.rawValue
    }
}

extension ExtendedCommunity: CustomStringConvertible {
    /// `rt:65000:1`, `ro:...`, or the octets in hexadecimal.
    public var description: String {
        let value = rawValue & 0xFFFF_FFFF_FFFF
        let name: String
        switch UInt8(truncatingIfNeeded: rawValue >> 48) {
        case 2: name = "rt"
        case 3: name = "ro"
        default: return "0x" + String(rawValue, radix: 16)
        }
        switch UInt8(truncatingIfNeeded: rawValue >> 56) & 0xBF {
        case 0: return "\(name):\(value >> 32):\(value & 0xFFFF_FFFF)"
        case 2: return "\(name):\(value >> 16):\(value & 0xFFFF)"
        default: return "0x" + String(rawValue, radix: 16)
        }
    }
}

/// A large community (RFC 8092).
public struct LargeCommunity: Hashable, Comparable, Sendable {
    /// The AS that defines the rest.
    public var administrator: UInt32
    /// First local part.
    public var data1: UInt32
    /// Second local part.
    public var data2: UInt32
    /// From its three parts.
    public init(_ administrator: UInt32, _ data1: UInt32, _ data2: UInt32) {
        self.administrator = administrator
        self.data1 = data1
        self.data2 = data2
    }
    /// By parts.
    public static func < (a: LargeCommunity, b: LargeCommunity) -> Bool {
        (a.administrator, a.data1, a.data2) < (b.administrator, b.data1, b.data2)
    }
}

extension LargeCommunity: CustomStringConvertible {
    /// `64496:1:2`.
    public var description: String { "\(administrator):\(data1):\(data2)" }
}
