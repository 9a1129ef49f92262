// Why a session is down, and what that means for the routes it brought.

/// Why a session is down.
public enum DownReason: Hashable, Sendable, CustomStringConvertible {
    /// We ended it with this NOTIFICATION.
    case sent(Notification)
    /// The peer ended it with this NOTIFICATION.
    case received(Notification)
    /// The connection ended without one.
    case closed
    /// We closed it without one, on purpose.
    case stopped
    /// The peer opened a new connection in place of it (RFC 4724 §4.2).
    case replaced
    /// No connection could be made.
    case unreachable

    /// Whether the peer's routes are kept for a graceful restart (RFC 4724 §4.2, RFC 8538 §4).
    public func keepsRoutes(_ negotiated: Negotiated) -> Bool {
        guard let restart = negotiated.gracefulRestart else { return false }
        switch self {
        case .closed, .replaced: return true
        // Whoever announced too much gets no more of it: nothing of that is kept.
        case .sent(let notification) where notification.cease == .maximumPrefixes: return false
        case .sent(let notification), .received(let notification):
            return restart.coversNotifications && notification.cease != .hardReset
        case .stopped, .unreachable: return false
        }
    }

    /// A sentence without a full stop.
    public var description: String {
        switch self {
        case .sent(let notification): "sent \(notification)"
        case .received(let notification): "received \(notification)"
        case .closed: "connection closed by the peer"
        case .stopped: "ended by us"
        case .replaced: "replaced by a new connection of the peer"
        case .unreachable: "no connection"
        }
    }
}
