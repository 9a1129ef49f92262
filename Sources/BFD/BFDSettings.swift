// What an operator decides about one BFD session, and what the session asks of its caller.

import Net

/// The settings of one session; they may change while it is Up.
public struct BFDSettings: Hashable, Sendable {
    /// The time between packets we would like to send; above one second until Up.
    public var desiredMinTx: Duration
    /// The time between packets we can bear.
    public var requiredMinRx: Duration
    /// How many of our packets may be lost, at least 1.
    public var detectMultiplier: UInt8
    /// Say nothing before the peer has.
    public var isPassive: Bool

    /// Settings with one interval for both directions.
    public init(
        interval: Duration = .milliseconds(300), detectMultiplier: UInt8 = 3,
        isPassive: Bool = false
    ) {
        desiredMinTx = interval
        requiredMinRx = interval
        self.detectMultiplier = max(detectMultiplier, 1)
        self.isPassive = isPassive
    }
}

/// Why a session left Up.
public enum BFDDown: Hashable, Sendable, CustomStringConvertible {
    /// Nothing was heard for the detection time: the path is to be given up.
    case expired
    /// The peer does not hear us: the path is to be given up.
    case neighbor(BFDDiagnostic)
    /// The peer's operator took BFD away: the path may well be good (RFC 5882 §4.2).
    case neighborAdminDown
    /// Our operator took BFD away.
    case adminDown

    /// A sentence without a full stop.
    public var description: String {
        switch self {
        case .expired: "nothing heard for the detection time"
        case .neighbor(let diagnostic): "neighbor says down (\(diagnostic))"
        case .neighborAdminDown: "neighbor is administratively down"
        case .adminDown: "administratively down"
        }
    }
}

/// Something to be done for a session.
public enum BFDAction: Hashable, Sendable {
    /// Send this packet.
    case send(ControlPacket)
    /// The session is Up.
    case up
    /// The session was Up and is not any more.
    case down(BFDDown)
}
