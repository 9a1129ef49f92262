// What an operator decides about one peer, as the state machine needs it.

public import Net

/// The settings of one peer. Any change of them takes a new session.
public struct PeerSettings: Hashable, Sendable {
    /// Our AS towards this peer.
    public var localASN: ASN
    /// The AS the peer must say.
    public var peerASN: ASN
    /// Our identifier.
    public var localID: RouterID
    /// The hold time we offer, in seconds; 0 for none, else at least 3.
    public var holdTime: UInt16
    /// The families we offer.
    public var families: Set<Family>
    /// Only wait for the peer to connect.
    public var isPassive: Bool
    /// What we say about graceful restart; nil says nothing.
    public var gracefulRestart: GracefulRestartOffer?
    /// Offer messages of up to 65535 bytes (RFC 8654).
    public var offersExtendedMessages: Bool
    /// Offer enhanced route refresh (RFC 7313): its begin and end marks are then sent and obeyed.
    public var offersEnhancedRefresh: Bool
    /// Offer 4-octet AS numbers; off only to act an old speaker in tests.
    public var offersFourOctetASN: Bool
    /// Refuse external paths whose first AS is not the peer's.
    public var enforcesFirstAS: Bool
    /// Let AS_SET through (RFC 9774 says it must not).
    public var acceptsSets: Bool
    /// How long one attempt to connect may take, and the pause behind a failed one.
    public var connectRetry: Duration
    /// Our role towards the peer (RFC 9234); nil says nothing.
    public var role: PeeringRole?
    /// A peer that says no role is refused.
    public var isRoleStrict: Bool
    /// Several paths of a prefix (RFC 7911), for all families.
    public var addPath: AddPath
    /// Offer IPv4 routes with IPv6 next hops (RFC 8950).
    public var offersExtendedNextHop: Bool
    /// Seconds that routes of ours may be kept as the last choice (RFC 9494); nil says nothing.
    public var longLivedTime: UInt32?
    /// What we say of ourselves; nil says nothing.
    public var identity: SpeakerIdentity?

    /// Settings of a plain peer.
    public init(
        localASN: ASN, peerASN: ASN, localID: RouterID, holdTime: UInt16 = 90,
        families: Set<Family> = [.ipv4], isPassive: Bool = false,
        gracefulRestart: GracefulRestartOffer? = nil
    ) {
        self.localASN = localASN
        self.peerASN = peerASN
        self.localID = localID
        self.holdTime = holdTime
        self.families = families
        self.isPassive = isPassive
        self.gracefulRestart = gracefulRestart
        offersExtendedMessages = true
        offersEnhancedRefresh = true
        offersFourOctetASN = true
        enforcesFirstAS = true
        acceptsSets = false
        connectRetry = .seconds(5)
        isRoleStrict = false
        addPath = []
        offersExtendedNextHop = false
    }

    /// Whether the peer is in our AS.
    public var isInternal: Bool { localASN == peerASN }
}

/// What a speaker says of itself: FQDN (draft-walton-bgp-hostname-capability, code 73) and software
/// version (draft-abraitis-bgp-version-capability, code 75).
public struct SpeakerIdentity: Hashable, Sendable {
    /// The host's name.
    public var hostname: String
    /// Its domain; may be empty.
    public var domain: String
    /// Name and version of the software; may be empty.
    public var version: String

    /// An identity.
    public init(hostname: String, domain: String = "", version: String = "") {
        self.hostname = hostname
        self.domain = domain
        self.version = version
    }
}

/// What we say about graceful restart (RFC 4724, RFC 8538).
public struct GracefulRestartOffer: Hashable, Sendable {
    /// Seconds the peer may keep our routes while we restart, at most 4095.
    public var restartTime: UInt16
    /// We have just restarted (R bit).
    public var isRestarting: Bool
    /// Families whose forwarding we really preserved (F bits).
    public var preserved: Set<Family>
    /// NOTIFICATIONs start a graceful restart too (N bit, RFC 8538).
    public var coversNotifications: Bool

    /// An offer.
    public init(
        restartTime: UInt16, isRestarting: Bool = false, preserved: Set<Family> = [],
        coversNotifications: Bool = true
    ) {
        self.restartTime = min(restartTime, 4095)
        self.isRestarting = isRestarting
        self.preserved = preserved
        self.coversNotifications = coversNotifications
    }
}
