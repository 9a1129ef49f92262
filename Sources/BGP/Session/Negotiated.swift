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
    /// The codes of all capabilities the peer named, each once, for display.
    public var peerCapabilities: [UInt8]
    /// Families whose prefixes carry path identifiers from the peer (RFC 7911).
    public var addPathIn: Set<Family> = []
    /// Families whose prefixes carry path identifiers to the peer.
    public var addPathOut: Set<Family> = []
    /// IPv4 routes may have IPv6 next hops, both ways (RFC 8950).
    public var hasExtendedNextHop = false
    /// The role that the peer said (RFC 9234).
    public var peerRole: PeeringRole?
    /// Seconds that the peer's routes may be kept as the last choice, by family (RFC 9494), when
    /// both sides said something.
    public var longLived: [Family: UInt32] = [:]
    /// Those of `longLived` whose forwarding the peer preserved while it was away (F bits).
    public var longLivedPreserved: Set<Family> = []
    /// What the peer says of itself, with control characters and the like replaced.
    public var peerIdentity: SpeakerIdentity?

    /// An agreement as it comes out of two OPENs; the defaults are those of a modern peer.
    public init(
        peerID: RouterID, peerASN: ASN, isInternal: Bool = false, families: Set<Family>,
        hasFourOctetASN: Bool = true, holdTime: UInt16 = 90, maximumLength: Int = 4096,
        hasRouteRefresh: Bool = true, hasEnhancedRefresh: Bool = false,
        gracefulRestart: PeerGracefulRestart? = nil, peerCapabilities: [UInt8] = []
    ) {
        self.peerID = peerID
        self.peerASN = peerASN
        self.isInternal = isInternal
        self.families = families
        self.hasFourOctetASN = hasFourOctetASN
        self.holdTime = holdTime
        self.maximumLength = maximumLength
        self.hasRouteRefresh = hasRouteRefresh
        self.hasEnhancedRefresh = hasEnhancedRefresh
        self.gracefulRestart = gracefulRestart
        self.peerCapabilities = peerCapabilities
    }

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

        /// The peer's side.
        public init(
            restartTime: UInt16, isRestarting: Bool, coversNotifications: Bool,
            families: Set<Family>, preserved: Set<Family>
        ) {
            self.restartTime = restartTime
            self.isRestarting = isRestarting
            self.coversNotifications = coversNotifications
            self.families = families
            self.preserved = preserved
        }
    }
}
