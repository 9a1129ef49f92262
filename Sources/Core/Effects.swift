// What the Engine asks of the shell. Effects are carried out in their order; "send NOTIFICATION,
// then close" is two of them. The shell decides nothing and reports results as new events.

public import Control
public import Net

/// Names one TCP connection from its making to its end. A number is never used twice.
public struct ConnectionID: RawRepresentable, Hashable, Sendable {
    /// The number.
    public var rawValue: UInt64
    /// The number as it is.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One listening socket: a VRF (or the default one), a family, a port.
public struct Listener: Hashable, Sendable {
    /// The VRF device that it is bound to; nil for the default VRF.
    public var vrf: InterfaceName?
    /// The family.
    public var family: Family
    /// The TCP port.
    public var port: UInt16
    /// A listener.
    public init(vrf: InterfaceName?, family: Family, port: UInt16) {
        self.vrf = vrf
        self.family = family
        self.port = port
    }
}

/// A key of a listening socket for one peer. The secret stays with the shell.
public struct ListenerKey: Hashable, Sendable {
    /// Whose segments are signed.
    public var peer: IPAddress
    /// The file that holds the secret.
    public var file: String
    /// A hash of the secret: another one is another key.
    public var digest: UInt64
}

/// What a listening socket asks of those who dial.
public struct ListenerRules: Hashable, Sendable {
    /// The peers that must sign.
    public var keys: [ListenerKey]
    /// The peers that must be neighbours (RFC 5082).
    public var neighbours: [IPAddress]
    /// Rules.
    public init(keys: [ListenerKey] = [], neighbours: [IPAddress] = []) {
        self.keys = keys
        self.neighbours = neighbours
    }
}

/// What holds for a connection from its first byte on.
public struct ConnectionRules: Hashable, Sendable {
    /// RFC 5082: send with TTL 255 and take nothing below it.
    public var hasTTLSecurity: Bool
    /// How long the peer may leave what was sent unacknowledged, or take nothing, before the kernel
    /// ends the connection; nil for ever.
    public var userTimeout: Duration?
}

/// How to dial a peer.
public struct Dial: Hashable, Sendable {
    /// The device that the socket is bound to.
    public var device: InterfaceName
    /// Our end.
    public var local: IPAddress
    /// The peer.
    public var remote: IPAddress
    /// Its port.
    public var port: UInt16
    /// The file that holds the TCP MD5 secret, if the session has one.
    public var passwordFile: String?
    /// What holds for the connection.
    public var rules: ConnectionRules
}

/// How much a log line matters.
public enum LogLevel: UInt8, Comparable, Sendable {
    /// Somebody must act.
    case error = 3
    /// Somebody should look.
    case warning = 4
    /// Worth knowing tomorrow.
    case notice = 5
    /// Worth knowing now.
    case info = 6
    /// For whoever hunts a bug.
    case debug = 7
    /// More severe first.
    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// One request of the control API, to be answered once.
public struct RequestID: Hashable, Sendable {
    /// The number, given by the shell.
    public var rawValue: UInt64
    /// The number as it is.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What the Engine asks of the shell.
public enum Effect: Sendable {
    /// Open a listening socket, or change the rules of an open one.
    case listen(Listener, ListenerRules)
    /// Close a listening socket.
    case stopListening(Listener)
    /// Dial; ends in `dialed` or `dialFailed`.
    case dial(ConnectionID, Dial)
    /// Send these bytes.
    case send(ConnectionID, [UInt8])
    /// There are routes to send: ask `produce` whenever the socket has room.
    case pull(ConnectionID)
    /// Close once what was sent has left, or at once if it does not leave.
    case close(ConnectionID)
    /// From now on our objects are marked like this in the kernel.
    case mark(KernelMarks)
    /// Carry out these steps in this order.
    case program([TicketedStep])
    /// Dump the kernel: ends in `dumped`.
    case dump
    /// Keep this in the state directory under this name.
    case save(name: String, bytes: [UInt8])
    /// Read the configuration directory again, whole.
    case reread
    /// Something worth a line in the log and in the stream of events.
    case log(LogLevel, String, fields: [(String, String)])
    /// An event for those who follow the stream.
    case tell(Event)
    /// The daemon is up.
    case ready
    /// The daemon is done: end the process.
    case stop
}

/// A step with the number under which its outcome is expected.
public struct TicketedStep: Sendable {
    /// The number.
    public var ticket: UInt64
    /// The step.
    public var step: Step
    /// A step.
    public init(ticket: UInt64, step: Step) {
        self.ticket = ticket
        self.step = step
    }
}
