// The three kinds of communities as plain integers with their usual text, as peers say them and as
// files write them.

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

/// A community of any kind, as files write them.
public enum AnyCommunity: Hashable, Sendable, LosslessStringConvertible {
    /// `65000:1`, or a well-known name.
    case standard(Community)
    /// `rt:65000:1`, `ro:65000:1`.
    case extended(ExtendedCommunity)
    /// `65000:1:2`.
    case large(LargeCommunity)

    /// Well-known communities by the names that files use.
    public static let names: [(name: String, community: Community)] = [
        ("graceful-shutdown", .gracefulShutdown), ("llgr-stale", .longLivedStale),
        ("no-llgr", .noLongLivedStale), ("blackhole", .blackhole), ("no-export", .noExport),
        ("no-advertise", .noAdvertise), ("no-export-subconfed", .noExportSubconfed),
        ("no-peer", Community(0xFFFF, 0xFF04)),
    ]

    /// Parses the file's spelling.
    public init?(_ text: String) {
        if let known = Self.names.first(where: { $0.name == text }) {
            self = .standard(known.community)
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let kind: UInt64? = parts.first == "rt" ? 2 : parts.first == "ro" ? 3 : nil
        let numbers = (kind == nil ? parts : Array(parts.dropFirst()))
            .compactMap { decimal($0, below: 1 << 32) }
        switch (kind, parts.count, numbers.count) {
        case (nil, 2, 2) where numbers[0] < 1 << 16 && numbers[1] < 1 << 16:
            self = .standard(Community(UInt16(numbers[0]), UInt16(numbers[1])))
        case (nil, 3, 3):
            self = .large(
                LargeCommunity(UInt32(numbers[0]), UInt32(numbers[1]), UInt32(numbers[2])))
        case (let kind?, 3, 2) where numbers[0] < 1 << 16:
            // RFC 4360 §3.1: two octets of AS, four of number.
            self = .extended(
                ExtendedCommunity(
                    rawValue: kind << 48 | UInt64(numbers[0]) << 32 | UInt64(numbers[1])))
        case (let kind?, 3, 2) where numbers[1] < 1 << 16:
            // RFC 5668: four octets of AS, two of number.
            self = .extended(
                ExtendedCommunity(
                    rawValue: 2 << 56 | kind << 48 | UInt64(numbers[0]) << 16 | UInt64(numbers[1])))
        default: return nil
        }
    }

    /// The file's spelling.
    public var description: String {
        switch self {
        case .standard(let community):
            Self.names.first { $0.community == community }?.name ?? community.description
        case .extended(let community): community.description
        case .large(let community): community.description
        }
    }
}

/// Communities by pattern: `65000:1`, `65000:*`, `65000:1:*`, a well-known name, `rt:...`, or `*`.
public enum CommunityPattern: Hashable, Sendable, LosslessStringConvertible {
    /// Every community.
    case any
    /// This one.
    case one(AnyCommunity)
    /// Standard ones of this upper half.
    case standard(UInt16)
    /// Large ones of this administrator, and first local part where given.
    case large(UInt32, UInt32?)

    /// Parses the file's spelling.
    public init?(_ text: String) {
        if text == "*" {
            self = .any
            return
        }
        if let one = AnyCommunity(text) {
            self = .one(one)
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, last == "*",
            let number = decimal(first, below: 1 << 32)
        else { return nil }
        switch parts.count {
        case 2 where number < 1 << 16: self = .standard(UInt16(number))
        case 3 where parts[1] == "*": self = .large(UInt32(number), nil)
        case 3:
            guard let second = decimal(parts[1], below: 1 << 32) else { return nil }
            self = .large(UInt32(number), UInt32(second))
        default: return nil
        }
    }

    /// Whether a community is meant.
    public func matches(_ community: AnyCommunity) -> Bool {
        switch (self, community) {
        case (.any, _): true
        case (.one(let one), let other): one == other
        case (.standard(let high), .standard(let other)): other.rawValue >> 16 == UInt32(high)
        case (.large(let administrator, let data1), .large(let other)):
            other.administrator == administrator && (data1 == nil || other.data1 == data1)
        default: false
        }
    }

    /// The file's spelling.
    public var description: String {
        switch self {
        case .any: "*"
        case .one(let one): one.description
        case .standard(let high): "\(high):*"
        case .large(let administrator, nil): "\(administrator):*:*"
        case .large(let administrator, let data1?): "\(administrator):\(data1):*"
        }
    }
}
