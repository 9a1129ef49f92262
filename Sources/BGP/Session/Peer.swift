// One neighbour: its two possible connections, which of them survives (RFC 4271 §6.8), when to
// dial again, and how long to hold back after failures.

public import Net

/// A neighbour as a value: events in, actions out, no clock and no I/O.
public struct Peer: Sendable {
    /// The settings it was made with.
    public let settings: PeerSettings
    /// Numbers for status and metrics.
    public internal(set) var counters = Counters()
    /// Why the last session or attempt ended.
    public internal(set) var lastDown: DownReason?
    /// Since when the session is established.
    public internal(set) var establishedAt: Instant?
    /// What the established session agreed.
    public internal(set) var negotiated: Negotiated?
    /// The connection of the established session.
    public internal(set) var establishedWay: Way?

    /// Numbers that only grow.
    public struct Counters: Hashable, Sendable {
        /// Messages received.
        public var messagesIn: UInt64 = 0
        /// Messages sent.
        public var messagesOut: UInt64 = 0
        /// UPDATEs received.
        public var updatesIn: UInt64 = 0
        /// UPDATEs sent.
        public var updatesOut: UInt64 = 0
        /// Times the session was established.
        public var established: UInt64 = 0
        /// Times it was lost.
        public var flaps: UInt64 = 0
        /// UPDATEs treated as withdrawals (RFC 7606).
        public var treatedAsWithdraw: UInt64 = 0
        /// Attributes discarded (RFC 7606).
        public var discardedAttributes: UInt64 = 0
    }

    /// A stopped peer; `seed` decides the jitter of its timers.
    public init(settings: PeerSettings, seed: UInt64) {
        self.settings = settings
    }

    /// The furthest state of its connections.
    public var state: SessionState { .idle }
    /// When `tick` is due; nil when no timer runs.
    public var nextDeadline: Instant? { nil }
    /// Whether an operator stopped it, or it was never started.
    public var isStopped: Bool { true }

    /// Starts, or ends any holding back and tries at once.
    public mutating func start(at now: Instant, into actions: inout [PeerAction]) {}
    /// Ends everything until `start`; without a notification the connections just close.
    public mutating func stop(
        _ notification: Notification?, at now: Instant, into actions: inout [PeerAction]
    ) {}
    /// The TCP connection asked for is up.
    public mutating func dialed(at now: Instant, into actions: inout [PeerAction]) {}
    /// The TCP connection asked for failed.
    public mutating func dialFailed(at now: Instant, into actions: inout [PeerAction]) {}
    /// The peer has connected; false refuses. Perform the actions before binding the new
    /// connection to `.incoming`: an older one may have to go first.
    public mutating func accepted(at now: Instant, into actions: inout [PeerAction]) -> Bool {
        false
    }
    /// A connection ended that we did not close.
    public mutating func closed(_ way: Way, at now: Instant, into actions: inout [PeerAction]) {}
    /// The kernel took bytes of this connection (RFC 9687).
    public mutating func wrote(_ way: Way, at now: Instant) {}
    /// UPDATEs were queued on the established connection.
    public mutating func sentUpdates(_ count: Int, at now: Instant) {}
    /// Asks the peer for its routes again; false when it cannot answer that.
    public mutating func requestRefresh(_ family: Family, into actions: inout [PeerAction]) -> Bool
    {
        false
    }
    /// Ends the established session, or the attempts at one, for a reason found above.
    public mutating func notify(
        _ notification: Notification, at now: Instant, into actions: inout [PeerAction]
    ) {}
    /// Runs what is due.
    public mutating func tick(at now: Instant, into actions: inout [PeerAction]) {}

    /// Takes whole messages from the front of `bytes`, and returns early after each UPDATE, which
    /// then stands in `update`: call again with the rest once it is handled. Bytes that are not
    /// consumed are the beginning of a message to be completed.
    public mutating func received(
        _ bytes: RawSpan, on way: Way, at now: Instant, update: inout UpdateBuffer,
        into actions: inout [PeerAction]
    ) -> (consumed: Int, hasUpdate: Bool) {
        (bytes.byteCount, false)
    }
}
