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
    /// What the peer says of itself: bytes of its own, to be escaped before anybody reads them.
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

extension Negotiated {
    /// The hold time.
    var hold: Duration { .seconds(Int(holdTime)) }

    /// Compares what the peer says with what we offer, or says the NOTIFICATION it deserves
    /// (RFC 4271 §6.2).
    static func agree(_ open: Open, _ settings: PeerSettings) -> Result<Negotiated, OpenFault> {
        func refuse(_ subcode: UInt8, data: [UInt8] = []) -> Result<Negotiated, OpenFault> {
            .failure(OpenFault(Notification(2, subcode, data: data)))
        }
        // RFC 7607: AS 0 is nobody.
        guard open.asn.rawValue != 0, open.shortASN != 0, open.asn == settings.peerASN else {
            return refuse(2)
        }
        // RFC 6286: identifiers need to differ within an AS only.
        guard open.id.raw != 0, !settings.isInternal || open.id != settings.localID else {
            return refuse(3)
        }
        guard open.holdTime == 0 || open.holdTime >= 3 else { return refuse(6) }

        var offered: Set<Family> = []
        var saysFamilies = false
        var result = Negotiated(
            peerID: open.id, peerASN: open.asn, isInternal: settings.isInternal, families: [],
            hasFourOctetASN: false, holdTime: min(open.holdTime, settings.offeredHoldTime),
            maximumLength: 4096, hasRouteRefresh: false, hasEnhancedRefresh: false,
            gracefulRestart: nil, peerCapabilities: open.capabilities.map(\.code))
        var restart: GracefulRestartCapability?
        for capability in open.capabilities {
            switch capability {
            case .multiprotocol(let family):
                saysFamilies = true
                if let family = family.family { offered.insert(family) }
            case .routeRefresh: result.hasRouteRefresh = true
            case .extendedMessage where settings.offersExtendedMessages:
                result.maximumLength = 65535
            case .gracefulRestart(let said): restart = said  // RFC 4724 §3: the last one counts.
            case .fourOctetASN: result.hasFourOctetASN = settings.offersFourOctetASN
            case .enhancedRouteRefresh: result.hasEnhancedRefresh = settings.offersEnhancedRefresh
            case .extendedMessage, .other: break
            }
        }
        // RFC 4760 §8: who names no family speaks IPv4 unicast.
        result.families = (saysFamilies ? offered : [.ipv4]).intersection(settings.families)
        guard !result.families.isEmpty else {
            var wanted: [UInt8] = []
            for family in settings.families.sorted() {
                Capability.multiprotocol(AddressFamily(family)).encode(into: &wanted)
            }
            return refuse(7, data: wanted)
        }
        if let restart, let ours = settings.gracefulRestart {
            let named = restart.families.filter {
                $0.family.family.map(result.families.contains) ?? false
            }
            result.gracefulRestart = PeerGracefulRestart(
                restartTime: restart.restartTime, isRestarting: restart.isRestarting,
                coversNotifications: restart.coversNotifications && ours.coversNotifications,
                families: Set(named.compactMap(\.family.family)),
                preserved: Set(named.filter(\.isPreserved).compactMap(\.family.family)))
        }
        return .success(result)
    }

    /// How the peer's UPDATEs are to be read.
    func rules(_ settings: PeerSettings) -> UpdateRules {
        UpdateRules(
            hasFourOctetASN: hasFourOctetASN, isInternal: isInternal, families: families,
            firstAS: settings.enforcesFirstAS && !isInternal ? peerASN : nil,
            acceptsSets: settings.acceptsSets)
    }
}

extension PeerSettings {
    /// 1 and 2 cannot be offered.
    var offeredHoldTime: UInt16 { holdTime == 0 ? 0 : max(holdTime, 3) }

    /// Our OPEN; without capabilities for a peer that chokes on them (RFC 5492 §3).
    func open(restart: GracefulRestartOffer?, withCapabilities: Bool) -> Open {
        var capabilities: [Capability] = []
        if withCapabilities {
            capabilities = families.sorted().map { .multiprotocol(AddressFamily($0)) }
            capabilities.append(.routeRefresh)
            if offersExtendedMessages { capabilities.append(.extendedMessage) }
            if let restart {
                capabilities.append(
                    .gracefulRestart(
                        GracefulRestartCapability(
                            isRestarting: restart.isRestarting,
                            coversNotifications: restart.coversNotifications,
                            restartTime: restart.restartTime,
                            families: families.sorted().map {
                                .init(
                                    AddressFamily($0),
                                    isPreserved: restart.preserved.contains($0))
                            })))
            }
            if offersFourOctetASN { capabilities.append(.fourOctetASN(localASN)) }
            if offersEnhancedRefresh { capabilities.append(.enhancedRouteRefresh) }
        }
        let short = UInt16(exactly: localASN.rawValue) ?? UInt16(ASN.transition.rawValue)
        return Open(
            shortASN: short, holdTime: offeredHoldTime, id: localID, capabilities: capabilities)
    }
}
