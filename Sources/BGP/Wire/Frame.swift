// Where one message ends and the next begins, and whether its header is legal (RFC 4271 §6.1).
// A wrong header is told from the first bytes that show it, without waiting for the rest.

/// The types of messages.
public enum MessageKind: UInt8, Hashable, CaseIterable, Sendable {
    /// OPEN.
    case open = 1
    /// UPDATE.
    case update = 2
    /// NOTIFICATION.
    case notification = 3
    /// KEEPALIVE.
    case keepalive = 4
    /// ROUTE-REFRESH (RFC 2918).
    case routeRefresh = 5

    /// The shortest whole message of this type.
    var minimumLength: Int {
        switch self {
        case .open: 29
        case .update: 23
        case .notification: 21
        case .keepalive: 19
        case .routeRefresh: 23
        }
    }

    /// The longest, where messages of up to `negotiated` bytes are agreed (RFC 8654 §4).
    func maximumLength(negotiated: Int) -> Int {
        switch self {
        case .open: 4096
        case .keepalive: 19
        case .update, .notification, .routeRefresh: negotiated
        }
    }
}

/// The bytes of every header.
public let headerLength = 19

/// What stands at the front of received bytes.
public enum Frame: Hashable, Sendable {
    /// The beginning of a message; nothing is wrong yet.
    case partial
    /// A whole message of this many bytes, header included.
    case whole(MessageKind, length: Int)
    /// No message can begin like this.
    case broken(Notification)

    /// Looks at the bytes from `offset`.
    public init(_ bytes: RawSpan, at offset: Int = 0, maximumLength: Int = 4096) {
        let available = bytes.byteCount - offset
        guard available > 0 else {
            self = .partial
            return
        }
        for position in 0..<min(available, 16) where bytes[offset + position] != 0xFF {
            self = .broken(Notification(1, 1))
            return
        }
        guard available >= 18 else {
            self = .partial
            return
        }
        let high = bytes[offset + 16]
        let low = bytes[offset + 17]
        let length = Int(high) << 8 | Int(low)
        guard length >= headerLength, length <= max(maximumLength, 4096) else {
            self = .broken(Notification(1, 2, data: [high, low]))
            return
        }
        guard available >= headerLength else {
            self = .partial
            return
        }
        guard let kind = MessageKind(rawValue: bytes[offset + 18]) else {
            self = .broken(Notification(1, 3, data: [bytes[offset + 18]]))
            return
        }
        let longest = kind.maximumLength(negotiated: max(maximumLength, 4096))
        guard length >= kind.minimumLength, length <= longest else {
            self = .broken(Notification(1, 2, data: [high, low]))
            return
        }
        self = available >= length ? .whole(kind, length: length) : .partial
    }
}
