// Capabilities (RFC 5492). A capability that is malformed inside counts as not said: the peer
// loses that ability and nothing else. Those we do not know are kept as bytes and ignored. What
// both sides make of them is decided in `Negotiated`.

public import Net

/// One capability of an OPEN.
public enum Capability: Hashable, Sendable {
    /// A family (RFC 4760); nil families are those we do not speak.
    case multiprotocol(AddressFamily)
    /// Route refresh (RFC 2918).
    case routeRefresh
    /// Messages of up to 65535 bytes (RFC 8654).
    case extendedMessage
    /// Graceful restart (RFC 4724, N bit of RFC 8538).
    case gracefulRestart(GracefulRestartCapability)
    /// 4-octet AS numbers (RFC 6793), with the speaker's own.
    case fourOctetASN(ASN)
    /// Enhanced route refresh (RFC 7313).
    case enhancedRouteRefresh
    /// IPv4 routes with IPv6 next hops, and the like (RFC 8950).
    case extendedNextHop([ExtendedNextHopEntry])
    /// The speaker's role (RFC 9234) as a number: one that nobody knows fits no other.
    case role(UInt8)
    /// Several paths of a prefix (RFC 7911).
    case addPath([AddPathEntry])
    /// Long-lived graceful restart (RFC 9494).
    case longLived([LongLivedEntry])
    /// Host and domain name (draft-walton-bgp-hostname-capability): bytes of the peer's.
    case hostname([UInt8], domain: [UInt8])
    /// Name and version of the software (draft-abraitis-bgp-version-capability).
    case softwareVersion([UInt8])
    /// Anything else, or one of the above with a length that is wrong.
    case other(code: UInt8, value: [UInt8])

    /// The code on the wire.
    public var code: UInt8 {
        switch self {
        case .multiprotocol: 1
        case .routeRefresh: 2
        case .extendedNextHop: 5
        case .extendedMessage: 6
        case .role: 9
        case .gracefulRestart: 64
        case .fourOctetASN: 65
        case .addPath: 69
        case .enhancedRouteRefresh: 70
        case .longLived: 71
        case .hostname: 73
        case .softwareVersion: 75
        case .other(let code, _): code
        }
    }
}

/// An address family as on the wire: any AFI with any SAFI.
public struct AddressFamily: Hashable, Sendable {
    /// The address family identifier.
    public var afi: UInt16
    /// The subsequent address family identifier.
    public var safi: UInt8
    /// Any pair.
    public init(afi: UInt16, safi: UInt8) {
        self.afi = afi
        self.safi = safi
    }
    /// The unicast pair of a family.
    public init(_ family: Family) {
        afi = family == .ipv4 ? 1 : 2
        safi = 1
    }
    /// The family, when it is one we speak.
    public var family: Family? {
        switch (afi, safi) {
        case (1, 1): .ipv4
        case (2, 1): .ipv6
        default: nil
        }
    }
}

/// What a speaker says about graceful restart.
public struct GracefulRestartCapability: Hashable, Sendable {
    /// R bit: it has just restarted.
    public var isRestarting: Bool
    /// N bit: NOTIFICATIONs start a graceful restart too.
    public var coversNotifications: Bool
    /// Seconds, at most 4095.
    public var restartTime: UInt16
    /// The families, each with its F bit.
    public var families: [Entry]

    /// A family of the capability.
    public struct Entry: Hashable, Sendable {
        /// The family.
        public var family: AddressFamily
        /// F bit: forwarding was preserved.
        public var isPreserved: Bool
        /// An entry.
        public init(_ family: AddressFamily, isPreserved: Bool) {
            self.family = family
            self.isPreserved = isPreserved
        }
    }

    /// A capability.
    public init(
        isRestarting: Bool, coversNotifications: Bool, restartTime: UInt16, families: [Entry]
    ) {
        self.isRestarting = isRestarting
        self.coversNotifications = coversNotifications
        self.restartTime = min(restartTime, 4095)
        self.families = families
    }
}

/// A family of the ADD-PATH capability.
public struct AddPathEntry: Hashable, Sendable {
    /// The family.
    public var family: AddressFamily
    /// What the speaker takes and sends: at least one of the two.
    public var directions: AddPath
    /// An entry.
    public init(_ family: AddressFamily, _ directions: AddPath) {
        self.family = family
        self.directions = directions
    }
}

/// A family of the extended next hop capability, with the family of next hop it may have.
public struct ExtendedNextHopEntry: Hashable, Sendable {
    /// The address family identifier of the routes.
    public var afi: UInt16
    /// The subsequent address family identifier, two octets wide here alone.
    public var safi: UInt16
    /// The address family identifier of the next hops.
    public var nextHopAFI: UInt16
    /// An entry.
    public init(afi: UInt16, safi: UInt16, nextHopAFI: UInt16) {
        self.afi = afi
        self.safi = safi
        self.nextHopAFI = nextHopAFI
    }
    /// IPv4 unicast over IPv6.
    public static let ipv4 = ExtendedNextHopEntry(afi: 1, safi: 1, nextHopAFI: 2)
}

/// A family of the long-lived graceful restart capability.
public struct LongLivedEntry: Hashable, Sendable {
    /// The family.
    public var family: AddressFamily
    /// F bit: forwarding was preserved.
    public var isPreserved: Bool
    /// Seconds, at most 24 bits of them.
    public var staleTime: UInt32
    /// The most that 24 bits can say.
    public static let longestStaleTime: UInt32 = 0xFF_FFFF
    /// An entry.
    public init(_ family: AddressFamily, isPreserved: Bool, staleTime: UInt32) {
        self.family = family
        self.isPreserved = isPreserved
        self.staleTime = min(staleTime, LongLivedEntry.longestStaleTime)
    }
}
