// Capabilities (RFC 5492). A capability that is malformed inside counts as not said: the peer
// loses that ability and nothing else. Those we do not know are kept as bytes and ignored.

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
    /// Anything else, or one of the above with a length that is wrong.
    case other(code: UInt8, value: [UInt8])

    /// The code on the wire.
    public var code: UInt8 {
        switch self {
        case .multiprotocol: 1
        case .routeRefresh: 2
        case .extendedMessage: 6
        case .gracefulRestart: 64
        case .fourOctetASN: 65
        case .enhancedRouteRefresh: 70
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

extension Capability {
    /// Reads the value of one capability.
    init(code: UInt8, value: RawSpan) {
        var reader = Reader(value)
        self =
            (try? Capability(code: code, reading: &reader))
            ?? .other(code: code, value: value.copy())
    }

    private init?(code: UInt8, reading reader: inout Reader) throws(ShortRead) {
        switch (code, reader.remaining) {
        case (1, 4):
            let afi = try reader.u16()
            _ = try reader.u8()
            self = try .multiprotocol(AddressFamily(afi: afi, safi: reader.u8()))
        case (2, 0): self = .routeRefresh
        case (6, 0): self = .extendedMessage
        case (64, let length) where length >= 2 && length % 4 == 2:
            let head = try reader.u16()
            var families: [GracefulRestartCapability.Entry] = []
            while !reader.isAtEnd {
                let family = try AddressFamily(afi: reader.u16(), safi: reader.u8())
                try families.append(.init(family, isPreserved: reader.u8() & 0x80 != 0))
            }
            self = .gracefulRestart(
                GracefulRestartCapability(
                    isRestarting: head & 0x8000 != 0, coversNotifications: head & 0x4000 != 0,
                    restartTime: head & 0x0FFF, families: families))
        case (65, 4): self = try .fourOctetASN(ASN(reader.u32()))
        case (70, 0): self = .enhancedRouteRefresh
        default: return nil
        }
    }

    /// Appends code, length and value. A value of more than 255 bytes is cut.
    func encode(into bytes: inout [UInt8]) {
        bytes.put(code)
        let length = bytes.count
        bytes.put(UInt8(0))
        switch self {
        case .multiprotocol(let family):
            bytes.put(family.afi)
            bytes.put(UInt8(0))
            bytes.put(family.safi)
        case .routeRefresh, .extendedMessage, .enhancedRouteRefresh: break
        case .gracefulRestart(let restart):
            bytes.put(
                (restart.isRestarting ? 0x8000 : 0) | (restart.coversNotifications ? 0x4000 : 0)
                    | restart.restartTime & 0x0FFF)
            for entry in restart.families.prefix(63) {
                bytes.put(entry.family.afi)
                bytes.put(entry.family.safi)
                bytes.put(UInt8(entry.isPreserved ? 0x80 : 0))
            }
        case .fourOctetASN(let asn): bytes.put(asn.rawValue)
        case .other(_, let value): bytes.append(contentsOf: value.prefix(255))
        }
        bytes[length] = UInt8(bytes.count - length - 1)
    }
}
