// What the engine remembers of a link, a session and their leaving. Plain state; the thinking is
// elsewhere.

import BGP
import Intent
import Net
import Routing

/// Names a link of a circuit on this edge.
struct LinkKey: Hashable, Comparable {
    var circuit: String
    var peering: String
    var role: String

    static func < (a: LinkKey, b: LinkKey) -> Bool {
        (a.circuit, a.peering, a.role) < (b.circuit, b.peering, b.role)
    }
}

/// A link of this edge as it runs.
struct LiveLink {
    var isLive = true
    var key: LinkKey
    var spec: LocalLink
    /// The device's number while it can carry packets, with our addresses ready.
    var device: InterfaceIndex?
    /// Neighbours that routing was told to be usable.
    var usable: Set<GatewayID> = []
    /// The static routes' source.
    var source: SourceID?
    /// Slots of its sessions.
    var sessions: [Int] = []
    /// Why its device cannot carry packets.
    var trouble: String?
    /// Families whose address cannot be used yet, with why.
    var muted: [Family: String] = [:]
    /// It could once: what ends that is worth a warning.
    var wasUp = false
    /// The operator moves its traffic away.
    var isDrained = false

    /// The first thing that is wrong with it.
    var worstTrouble: String? { trouble ?? muted.min { $0.key < $1.key }?.value }
}

/// The two ends that an incoming connection is told by.
struct Ends: Hashable {
    var vrf: InterfaceName?
    var local: IPAddress
    var peer: IPAddress
}

/// A session as it runs.
struct LiveSession {
    var isLive = true
    var id: SessionID
    var settings: SessionSettings
    var link: Int
    var peer: Peer
    /// The peer is allowed to try.
    var isStarted = false
    /// It was allowed to try before.
    var hasRun = false
    var connections: [Way: ConnectionID] = [:]
    var source: SourceID
    var receiver: ReceiverID?
    /// What was last agreed, for as long as it matters after the end.
    var negotiated: Negotiated?
    /// Families whose initial feed the peer has ended.
    var endOfRIB: Set<Family> = []
    /// Families whose routes of an earlier session are kept while the peer restarts, until it has
    /// said all of the family again.
    var kept: [Family: Keeping] = [:]
    /// When the state last changed.
    var since: Instant
    var lastState = SessionState.idle
    var lastError: String?
    /// Why the last session or attempt ended, as far as it was told.
    var lastDown: DownReason?
    /// The last NOTIFICATIONs that ended a session or an attempt, by whom they were sent.
    var lastSent: (notification: Notification, at: Instant)?
    var lastReceived: (notification: Notification, at: Instant)?
    /// Why it may not start, in a sentence.
    var hold: String?
    /// Families whose peer announces nearly as much as it may: said once.
    var nearLimit: Set<Family> = []
    /// Held down since the peer announced more than this, until the time, or a higher limit.
    var overLimit: (limit: UInt32, until: Instant)?
}

/// How a family's routes are kept.
struct Keeping {
    /// For no longer than this.
    var until: Instant
    /// As the last choice: the restart time is over (RFC 9494).
    var isLongLived = false
}

/// A listening socket's state.
struct ListenerState {
    var users: Set<Int> = []
    var rules = ListenerRules()
    var isOpen = false
    /// The VRF device's number when it was opened.
    var device: InterfaceIndex?
    var retryAt: Instant?
    var trouble: String?
}

/// Shares whose devices must wait until no route leads through them any more.
struct Leaving {
    /// What the owner asks for once routes are gone; nil for nothing.
    var owners: [String: Void] = [:]
    var deadline: Instant?

    var isEmpty: Bool { owners.isEmpty }
}

/// Counters that outlive sessions.
struct Totals {
    var stepsDone: UInt64 = 0
    var stepsFailed: UInt64 = 0
    var resyncs: UInt64 = 0
    var overflows: UInt64 = 0
    var reads: UInt64 = 0
}
