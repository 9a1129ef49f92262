// Packs prefixes that share one attribute set into as few UPDATEs as their maximum length allows.
// What does not fit is reported and leaves no byte behind.

public import Net

/// Appends whole UPDATE messages to a buffer.
public struct UpdateWriter: Sendable {
    /// The messages so far.
    public internal(set) var bytes: [UInt8] = []
    /// How many messages `bytes` holds.
    public internal(set) var messages = 0
    /// The longest message the peer takes: 4096, or 65535 (RFC 8654).
    public let maximumLength: Int
    /// Whether the peer reads 4-octet AS numbers (RFC 6793).
    public let hasFourOctetASN: Bool

    var wire: [UInt8] = []

    /// A writer towards a peer of these abilities.
    public init(maximumLength: Int = 4096, hasFourOctetASN: Bool = true) {
        self.maximumLength = min(max(maximumLength, 4096), 65535)
        self.hasFourOctetASN = hasFourOctetASN
    }

    /// A writer for a session.
    public init(_ negotiated: Negotiated) {
        self.init(
            maximumLength: negotiated.maximumLength, hasFourOctetASN: negotiated.hasFourOctetASN)
    }
}

extension UpdateWriter {
    /// Announces IPv4 prefixes with canonical attributes; false when the attributes leave no room
    /// for a prefix: then nothing is written, and nothing may be announced with them.
    public mutating func announce(
        _ prefixes: [Prefix4], attributes: [UInt8], nextHop: IPv4Address
    ) -> Bool { false }

    /// Announces IPv6 prefixes with canonical attributes; false as above.
    public mutating func announce(
        _ prefixes: [Prefix6], attributes: [UInt8], nextHop: IPv6Address,
        linkLocal: IPv6Address? = nil
    ) -> Bool { false }

    /// Withdraws IPv4 prefixes.
    public mutating func withdraw(_ prefixes: [Prefix4]) {}

    /// Withdraws IPv6 prefixes.
    public mutating func withdraw(_ prefixes: [Prefix6]) {}

    /// Says that the initial routes of a family are complete (RFC 4724).
    public mutating func endOfRIB(_ family: Family) {}

    /// Hands out the messages and begins anew.
    public mutating func take() -> [UInt8] {
        defer {
            bytes.removeAll(keepingCapacity: true)
            messages = 0
        }
        return bytes
    }
}
