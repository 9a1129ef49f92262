// What a peer asks of its caller. The order of actions is the order to perform them in.

public import Net

/// The two connections a pair of speakers may have for a moment (RFC 4271 §6.8).
public enum Way: UInt8, Hashable, CaseIterable, Sendable {
    /// The one we opened.
    case outgoing
    /// The one the peer opened.
    case incoming

    /// The other one.
    public var other: Way { self == .outgoing ? .incoming : .outgoing }
}

/// The states of RFC 4271 §8, in the order of progress.
public enum SessionState: UInt8, Hashable, Comparable, CaseIterable, Sendable,
    CustomStringConvertible
{
    /// Stopped, or holding back after a failure.
    case idle
    /// Opening a connection.
    case connect
    /// Waiting for a connection, or for the next attempt.
    case active
    /// Our OPEN is sent.
    case openSent
    /// The peer's OPEN is accepted.
    case openConfirm
    /// Routes are exchanged.
    case established

    /// By progress.
    public static func < (a: SessionState, b: SessionState) -> Bool { a.rawValue < b.rawValue }
    /// The name used in replies.
    public var description: String {
        switch self {
        case .idle: "idle"
        case .connect: "connect"
        case .active: "active"
        case .openSent: "open-sent"
        case .openConfirm: "open-confirm"
        case .established: "established"
        }
    }
}

/// Something to be done for a peer.
public enum PeerAction: Hashable, Sendable {
    /// Open a TCP connection; the answer is `dialed` or `dialFailed`.
    case connect
    /// Queue these bytes.
    case send(Way, [UInt8])
    /// Close the connection (or give up opening it) after trying to write what is queued. Nothing
    /// is to be reported back.
    case close(Way)
    /// Routes may be exchanged over `Peer.establishedWay`.
    case established(Negotiated)
    /// The session that was established is down.
    case down(DownReason)
    /// The peer asks for all our routes of a family again.
    case refresh(Family)
    /// The peer begins to send all its routes of a family again (RFC 7313).
    case refreshBegan(Family)
    /// The peer has sent all its routes of a family again: older ones are gone (RFC 7313).
    case refreshEnded(Family)
}
