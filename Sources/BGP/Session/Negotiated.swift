// What both OPENs agreed, fixed for the life of a session.

public import Net

/// What a session may use.
public struct Negotiated: Hashable, Sendable {
    /// The peer's identifier.
    public var peerID: RouterID
    /// The peer's AS.
    public var peerASN: ASN
    /// The peer is in our AS.
    public var isInternal: Bool
    /// Families both sides offered.
    public var families: Set<Family>
    /// AS numbers are 4 octets wide on the wire.
    public var hasFourOctetASN: Bool
    /// The smaller hold time in seconds; 0 is none.
    public var holdTime: UInt16
    /// The longest message: 4096, or 65535 (RFC 8654).
    public var maximumLength: Int
    /// The peer answers ROUTE-REFRESH.
    public var hasRouteRefresh: Bool
    /// Both sides mark the begin and end of a refresh (RFC 7313).
    public var hasEnhancedRefresh: Bool
    /// What the peer said about graceful restart, when both sides said something.
    public var gracefulRestart: PeerGracefulRestart?
    /// The codes of all capabilities the peer named, for display.
    public var peerCapabilities: [UInt8]

    /// The peer's side of graceful restart.
    public struct PeerGracefulRestart: Hashable, Sendable {
        /// Seconds to keep the peer's routes while it restarts.
        public var restartTime: UInt16
        /// The peer has just restarted (R bit).
        public var isRestarting: Bool
        /// NOTIFICATIONs start a graceful restart too: both sides said so (RFC 8538).
        public var coversNotifications: Bool
        /// Negotiated families that the peer restarts gracefully.
        public var families: Set<Family>
        /// Those whose forwarding it preserved over its last restart (F bits).
        public var preserved: Set<Family>
    }
}

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
        case .stopped: "stopped"
        case .replaced: "replaced by a new connection of the peer"
        case .unreachable: "no connection"
        }
    }
}
