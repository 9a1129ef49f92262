// One BGP session in the answer of /v1/circuits/NAME: its state, what both sides agreed, how full
// each family is, and what they last said when they parted. Texts of the peer are made harmless here.

/// One BGP session.
public struct SessionReply: Hashable, Codable, Sendable {
    /// The peer's address.
    public var peer: String
    /// Our address.
    public var local: String
    /// The peer's AS.
    public var peerASN: UInt32
    /// Our AS towards it.
    public var localASN: UInt32
    /// RFC 4271's word: `Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm`, `Established`.
    public var state: String
    /// How long it has been in this state (for `Established`: the uptime).
    public var sinceSeconds: Int
    /// Why it last ended or failed, in a sentence.
    public var lastError: String?
    /// The negotiated hold time; nil unless established.
    public var holdSeconds: Int?
    /// The negotiated keepalive interval; nil unless established.
    public var keepaliveSeconds: Int?
    /// BFD in a word (`up`, `down`, `waiting`); nil without BFD.
    public var bfd: String?
    /// Our role towards the peer (RFC 9234); nil where the file gives none.
    public var role: String?
    /// The peer's role; nil where it says none.
    public var peerRole: String?
    /// What both sides agreed; nil unless established.
    public var capabilities: CapabilitiesReply?
    /// What each family carries.
    public var families: [FamilyReply]
    /// For how long more the session is held down because of too many prefixes.
    public var holdDownSeconds: Int?
    /// The operator keeps it down, with this text for the peer.
    public var shutdown: String?
    /// The last NOTIFICATION that we sent.
    public var lastSent: NotificationReply?
    /// The last NOTIFICATION that the peer sent.
    public var lastReceived: NotificationReply?
    /// Sentences about policy: `no accept: nothing enters (RFC 8212)`.
    public var warnings: [String]

    /// All of it.
    public init(
        peer: String, local: String, peerASN: UInt32, localASN: UInt32, state: String,
        sinceSeconds: Int, lastError: String? = nil, holdSeconds: Int? = nil,
        keepaliveSeconds: Int? = nil, bfd: String? = nil, role: String? = nil,
        peerRole: String? = nil, capabilities: CapabilitiesReply? = nil,
        families: [FamilyReply] = [], holdDownSeconds: Int? = nil, shutdown: String? = nil,
        lastSent: NotificationReply? = nil, lastReceived: NotificationReply? = nil,
        warnings: [String] = []
    ) {
        self.peer = peer
        self.local = local
        self.peerASN = peerASN
        self.localASN = localASN
        self.state = state
        self.sinceSeconds = sinceSeconds
        self.lastError = lastError
        self.holdSeconds = holdSeconds
        self.keepaliveSeconds = keepaliveSeconds
        self.bfd = bfd
        self.role = role
        self.peerRole = peerRole
        self.capabilities = capabilities
        self.families = families
        self.holdDownSeconds = holdDownSeconds
        self.shutdown = shutdown
        self.lastSent = lastSent
        self.lastReceived = lastReceived
        self.warnings = warnings
    }

    /// Whether routes can pass.
    public var isEstablished: Bool { state == "Established" }
}

/// What both OPENs agreed, and what the peer said of itself.
public struct CapabilitiesReply: Hashable, Codable, Sendable {
    /// AS numbers of four octets (RFC 6793).
    public var fourOctetASN: Bool
    /// The peer answers ROUTE-REFRESH (RFC 2918).
    public var routeRefresh: Bool
    /// Refreshes have a begin and an end (RFC 7313).
    public var enhancedRefresh: Bool
    /// Messages of up to 65535 bytes (RFC 8654).
    public var extendedMessages: Bool
    /// IPv4 routes may have IPv6 next hops (RFC 8950).
    public var extendedNextHop: Bool
    /// Families in which the peer may give several paths of a prefix (RFC 7911).
    public var pathsIn: [String]
    /// Families in which we may give several paths of a prefix.
    public var pathsOut: [String]
    /// How long the peer's routes are kept while it restarts; nil without RFC 4724.
    public var restartSeconds: Int?
    /// Families that the peer restarts gracefully.
    public var restartFamilies: [String]
    /// A NOTIFICATION is a graceful restart, too (RFC 8538).
    public var restartOnNotification: Bool
    /// For how long the peer's routes may be kept as the last choice, by family (RFC 9494).
    public var longLivedSeconds: [String: Int]
    /// The peer's name and domain.
    public var hostname: String?
    /// The peer's software.
    public var version: String?

    /// All of it. Names and version are taken as the peer says them, and made harmless.
    public init(
        fourOctetASN: Bool = true, routeRefresh: Bool = true, enhancedRefresh: Bool = false,
        extendedMessages: Bool = false, extendedNextHop: Bool = false, pathsIn: [String] = [],
        pathsOut: [String] = [], restartSeconds: Int? = nil, restartFamilies: [String] = [],
        restartOnNotification: Bool = false, longLivedSeconds: [String: Int] = [:],
        hostname: String? = nil, version: String? = nil
    ) {
        self.fourOctetASN = fourOctetASN
        self.routeRefresh = routeRefresh
        self.enhancedRefresh = enhancedRefresh
        self.extendedMessages = extendedMessages
        self.extendedNextHop = extendedNextHop
        self.pathsIn = pathsIn
        self.pathsOut = pathsOut
        self.restartSeconds = restartSeconds
        self.restartFamilies = restartFamilies
        self.restartOnNotification = restartOnNotification
        self.longLivedSeconds = longLivedSeconds
        self.hostname = hostname.flatMap { $0.isEmpty ? nil : printable($0) }
        self.version = version.flatMap { $0.isEmpty ? nil : printable($0) }
    }

    /// The capabilities by name, with what is worth knowing of each; without what every peer has.
    public var names: [String] {
        var names: [String] = []
        if !fourOctetASN { names.append("2-octet AS only") }
        if enhancedRefresh {
            names.append("enhanced refresh")
        } else {
            names.append(routeRefresh ? "refresh" : "no refresh")
        }
        if extendedMessages { names.append("extended messages") }
        if extendedNextHop { names.append("extended next hop") }
        if !pathsIn.isEmpty { names.append("add-path in \(pathsIn.joined(separator: "+"))") }
        if !pathsOut.isEmpty { names.append("add-path out \(pathsOut.joined(separator: "+"))") }
        if let restartSeconds {
            let families =
                restartFamilies.isEmpty
                ? " as helper" : " \(restartFamilies.joined(separator: "+"))"
            let also = restartOnNotification ? " with notifications" : ""
            names.append("graceful restart \(restartSeconds)s\(families)\(also)")
        }
        for (family, seconds) in longLivedSeconds.sorted(by: { $0.key < $1.key }) {
            names.append("long-lived \(seconds)s \(family)")
        }
        return names
    }
}

/// A NOTIFICATION of either side.
public struct NotificationReply: Hashable, Codable, Sendable {
    /// The error code.
    public var code: Int
    /// The subcode.
    public var subcode: Int
    /// Both in words: `cease/administrative shutdown`.
    public var name: String
    /// The operator's text at the other end (RFC 9003), made harmless.
    public var text: String?
    /// How long ago.
    public var sinceSeconds: Int

    /// A NOTIFICATION.
    public init(code: Int, subcode: Int, name: String, text: String? = nil, sinceSeconds: Int) {
        self.code = code
        self.subcode = subcode
        self.name = printable(name)
        self.text = text.map { printable($0) }
        self.sinceSeconds = sinceSeconds
    }
}

/// Prefixes of one family of one session.
public struct FamilyReply: Hashable, Codable, Sendable {
    /// `ipv4` or `ipv6`.
    public var family: String
    /// The peer agreed to carry it.
    public var negotiated: Bool
    /// As announced by the peer.
    public var received: Int
    /// Let in by policy.
    public var accepted: Int
    /// Announced by us.
    public var advertised: Int
    /// Not announced, though policy lets them: over the limit.
    public var heldBack: Int
    /// The most that the peer may announce; nil for any number.
    public var limitIn: Int?
    /// The most that we announce.
    public var limitOut: Int?
    /// How full `limitIn` is, rounded down: 100 is full.
    public var percentIn: Int?
    /// How full `limitOut` is.
    public var percentOut: Int?

    /// All of it; the percentages follow.
    public init(
        family: String, negotiated: Bool, received: Int = 0, accepted: Int = 0,
        advertised: Int = 0, heldBack: Int = 0, limitIn: Int? = nil, limitOut: Int? = nil
    ) {
        self.family = family
        self.negotiated = negotiated
        self.received = received
        self.accepted = accepted
        self.advertised = advertised
        self.heldBack = heldBack
        self.limitIn = limitIn
        self.limitOut = limitOut
        percentIn = limitIn.flatMap { percent(received, of: $0) }
        percentOut = limitOut.flatMap { percent(advertised, of: $0) }
    }
}

/// Rounded down, so that 100 says that it is full.
private func percent(_ count: Int, of limit: Int) -> Int? {
    guard limit > 0, count >= 0 else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: 100)
    return overflow ? nil : product / limit
}
