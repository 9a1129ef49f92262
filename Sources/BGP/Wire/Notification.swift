// NOTIFICATION (RFC 4271 §4.5): why a session ends. The data field is kept as raw bytes; text
// inside it comes from the peer and leaves this file only without control characters.

/// Why a session ends, as said on the wire.
public struct Notification: Hashable, Sendable {
    /// The error code.
    public var code: UInt8
    /// The error subcode; 0 is unspecific.
    public var subcode: UInt8
    /// What stood behind them, as received or to be sent.
    public var data: [UInt8]

    /// A notification.
    public init(_ code: UInt8, _ subcode: UInt8, data: [UInt8] = []) {
        self.code = code
        self.subcode = subcode
        self.data = data
    }

    /// A Cease (6) of one of its kinds, with a text where the kind carries one (RFC 9003).
    public init(_ cease: Cease, text: String = "") {
        var data: [UInt8] = []
        if !text.isEmpty {
            data = clipped(Array(text.utf8), to: 255)
            data.insert(UInt8(data.count), at: 0)
        }
        self.init(6, cease.rawValue, data: cease.carriesText ? data : [])
    }

    /// The subcodes of Cease (RFC 4486, 8538, 9384).
    public enum Cease: UInt8, Hashable, Sendable {
        /// More prefixes than allowed.
        case maximumPrefixes = 1
        /// Shut down by an operator.
        case administrativeShutdown = 2
        /// The peer is no longer configured.
        case peerDeconfigured = 3
        /// Reset by an operator.
        case administrativeReset = 4
        /// The connection is refused.
        case connectionRejected = 5
        /// Another change of configuration.
        case configurationChange = 6
        /// The other connection stays.
        case collision = 7
        /// Out of resources.
        case outOfResources = 8
        /// Routes are not to be kept; the real code is inside (RFC 8538).
        case hardReset = 9
        /// BFD says down.
        case bfdDown = 10

        /// Whether the data field is a text (RFC 9003).
        public var carriesText: Bool {
            self == .administrativeShutdown || self == .administrativeReset
        }
    }

    /// The kind of a Cease, when this is one that is known.
    public var cease: Cease? { code == 6 ? Cease(rawValue: subcode) : nil }

    /// The hold timer expired.
    public static let holdTimerExpired = Notification(4, 0)
    /// The send-hold timer expired (RFC 9687).
    public static let sendHoldTimerExpired = Notification(8, 0)

    /// What a hard reset carries: why the session really ends (RFC 8538 §3.1).
    public var inner: Notification? {
        guard cease == .hardReset, data.count >= 2 else { return nil }
        return Notification(data[0], data[1], data: Array(data.dropFirst(2)))
    }

    /// The peer's shutdown text (RFC 9003), printable and at most 255 bytes; nil without one. A
    /// hard reset has the one inside it.
    public var shutdownText: String? {
        inner?.ownText ?? ownText
    }

    private var ownText: String? {
        guard let cease, cease.carriesText, let length = data.first, length > 0 else { return nil }
        return printable(data.dropFirst().prefix(Int(length)))
    }
}

extension Notification: CustomStringConvertible {
    /// `cease/administrative shutdown: text`; a hard reset is followed by what it carries.
    public var description: String {
        // One inside another is not followed further: a peer could nest a thousand.
        let name = inner.map { "\(self.name) (\($0.name))" } ?? self.name
        return shutdownText.map { "\(name): \($0)" } ?? name
    }

    private var name: String {
        "\(codeName)\(subcodeName.map { "/" + $0 } ?? (subcode == 0 ? "" : "/\(subcode)"))"
    }

    private var codeName: String {
        switch code {
        case 1: "message header error"
        case 2: "OPEN error"
        case 3: "UPDATE error"
        case 4: "hold timer expired"
        case 5: "state machine error"
        case 6: "cease"
        case 7: "ROUTE-REFRESH error"
        case 8: "send hold timer expired"
        default: "error \(code)"
        }
    }

    private var subcodeName: String? {
        switch (code, subcode) {
        case (1, 1): "connection not synchronised"
        case (1, 2): "bad message length"
        case (1, 3): "bad message type"
        case (2, 1): "unsupported version"
        case (2, 2): "bad peer AS"
        case (2, 3): "bad BGP identifier"
        case (2, 4): "unsupported optional parameter"
        case (2, 6): "unacceptable hold time"
        case (2, 7): "unsupported capability"
        case (2, 11): "role mismatch"
        case (3, 1): "malformed attribute list"
        case (3, 2): "unrecognised well-known attribute"
        case (3, 3): "missing well-known attribute"
        case (3, 4): "attribute flags"
        case (3, 5): "attribute length"
        case (3, 6): "invalid ORIGIN"
        case (3, 8): "invalid NEXT_HOP"
        case (3, 9): "optional attribute"
        case (3, 10): "invalid network field"
        case (3, 11): "malformed AS_PATH"
        case (5, 1): "unexpected message in OpenSent"
        case (5, 2): "unexpected message in OpenConfirm"
        case (5, 3): "unexpected message in Established"
        case (6, 1): "maximum number of prefixes reached"
        case (6, 2): "administrative shutdown"
        case (6, 3): "peer de-configured"
        case (6, 4): "administrative reset"
        case (6, 5): "connection rejected"
        case (6, 6): "other configuration change"
        case (6, 7): "connection collision"
        case (6, 8): "out of resources"
        case (6, 9): "hard reset"
        case (6, 10): "BFD down"
        case (7, 1): "invalid message length"
        default: nil
        }
    }
}

/// Text of a peer's with control characters, invisible and direction-changing ones and broken
/// UTF-8 replaced, so that it can stand in a log line or on a terminal.
func printable(_ bytes: some Sequence<UInt8>) -> String {
    var result = ""
    for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            result.unicodeScalars.append("?")
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// The longest beginning of UTF-8 bytes within `limit` that does not cut a character.
func clipped(_ bytes: [UInt8], to limit: Int) -> [UInt8] {
    guard bytes.count > limit else { return bytes }
    var end = limit
    while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(bytes[..<end])
}
