// The forms a session may have, chosen by the first bytes of an input, and the bytes of a good
// peer that agrees to them.

import BGP
import Net

/// What two speakers agree on, as far as it changes how bytes are read.
///
/// An input begins with two bytes of them, or with three. Inputs are kept for years: a bit never
/// gets another meaning, and a new form takes one of the spare bits, where 0 is the form of before.
struct Terms {
    /// The first byte.
    let form: UInt8
    /// The second byte.
    let manner: UInt8
    /// The third byte, where the second says that there is one.
    let extent: UInt8

    init(_ input: inout Input) {
        form = input.byte()
        manner = input.byte()
        extent = manner & 0x20 != 0 ? input.byte() : 0
    }

    init(form: UInt8, manner: UInt8, extent: UInt8 = 0) {
        self.form = form
        self.manner = manner
        self.extent = extent
    }

    var isInternal: Bool { form & 0x01 != 0 }
    var isOldSpeaker: Bool { form & 0x02 != 0 }
    var hasEnhancedRefresh: Bool { form & 0x04 != 0 }
    var hasLongMessages: Bool { form & 0x08 != 0 }
    var hasGracefulRestart: Bool { form & 0x10 != 0 }
    var enforcesFirstAS: Bool { form & 0x80 == 0 }
    var families: Set<Family> {
        switch form >> 5 & 3 {
        case 1: [.ipv4]
        case 2: [.ipv6]
        default: [.ipv4, .ipv6]
        }
    }

    /// The connection the bytes come on.
    var way: Way { manner & 0x01 == 0 ? .outgoing : .incoming }
    /// The input is the stream itself, headers and all, in chunks.
    var isRaw: Bool { manner & 0x02 != 0 }
    var hasNoHoldTime: Bool { manner & 0x04 != 0 }
    var acceptsSets: Bool { manner & 0x08 != 0 }
    /// The second connection is under way too.
    var isColliding: Bool { manner & 0x10 != 0 }
    /// There is a third byte of terms, for each session, and a second one of policy.
    var isExtended: Bool { manner & 0x20 != 0 }

    /// Ours; the peer takes and sends whatever we do.
    var addPath: AddPath { AddPath(rawValue: extent & 3) }
    var hasExtendedNextHop: Bool { extent & 0x04 != 0 }
    /// Ours, between different AS.
    var role: PeeringRole? {
        if isInternal || extent >> 3 & 7 == 0 { return nil }
        return PeeringRole(rawValue: (extent >> 3 & 7) - 1) ?? .customer
    }
    /// With the last two numbers of a role, the peer says none, or we are strict.
    var saysRole: Bool { role != nil && extent >> 3 & 7 != 6 }
    var isRoleStrict: Bool { extent >> 3 & 7 == 7 }
    /// The bits of a role mean something else between internal speakers.
    var isReflectorClient: Bool { isInternal && extent & 0x08 != 0 }
    var isNextHopSelf: Bool { !isInternal || extent & 0x10 == 0 }
    var hasLocalID: Bool { !isInternal || extent & 0x20 == 0 }
    var isLongLived: Bool { extent & 0x40 != 0 }
    var hasIdentity: Bool { extent & 0x80 != 0 }

    var localASN: ASN { ASN(65000) }
    /// One that two octets hold, so that an old speaker can say it.
    func peerASN(_ number: UInt32) -> ASN { isInternal ? localASN : ASN(65000 + number) }

    /// Our side of the session with peer `number`, from 1.
    func settings(_ number: UInt32 = 1) -> PeerSettings {
        var settings = PeerSettings(
            localASN: localASN, peerASN: peerASN(number), localID: IPv4Address(192, 0, 2, 9),
            holdTime: hasNoHoldTime ? 0 : 90, families: families,
            gracefulRestart: hasGracefulRestart
                ? GracefulRestartOffer(restartTime: 120, preserved: [.ipv4]) : nil)
        settings.offersFourOctetASN = !isOldSpeaker
        settings.offersEnhancedRefresh = hasEnhancedRefresh
        settings.offersExtendedMessages = hasLongMessages
        settings.enforcesFirstAS = enforcesFirstAS
        settings.acceptsSets = acceptsSets
        settings.addPath = addPath
        settings.offersExtendedNextHop = hasExtendedNextHop
        settings.role = role
        settings.isRoleStrict = isRoleStrict
        settings.longLivedTime = isLongLived ? 3600 : nil
        settings.identity =
            hasIdentity
            ? SpeakerIdentity(hostname: "edge", domain: "example.net", version: "circuitd 1")
            : nil
        return settings
    }

    /// What peer `number` says to become established.
    func hello(_ number: UInt32 = 1) -> [UInt8] {
        var capabilities = families.sorted().map { Capability.multiprotocol(AddressFamily($0)) }
        capabilities += [.routeRefresh]
        if hasLongMessages { capabilities.append(.extendedMessage) }
        if hasGracefulRestart {
            capabilities.append(
                .gracefulRestart(
                    GracefulRestartCapability(
                        isRestarting: false, coversNotifications: true, restartTime: 60,
                        families: families.sorted().map {
                            .init(AddressFamily($0), isPreserved: true)
                        })))
        }
        if !isOldSpeaker { capabilities.append(.fourOctetASN(peerASN(number))) }
        if hasEnhancedRefresh { capabilities.append(.enhancedRouteRefresh) }
        capabilities += extensions
        var bytes: [UInt8] = []
        Open(
            shortASN: UInt16(clamping: peerASN(number).rawValue), holdTime: 90,
            id: IPv4Address(raw: 0xC000_0200 + number), capabilities: capabilities
        ).encode(into: &bytes)
        Keepalive.encode(into: &bytes)
        return bytes
    }

    /// What a peer says because of the third byte.
    private var extensions: [Capability] {
        var result: [Capability] = []
        if hasExtendedNextHop { result.append(.extendedNextHop([.ipv4])) }
        if saysRole, let role { result.append(.role(role.counterpart.rawValue)) }
        if !addPath.isEmpty {
            result.append(
                .addPath(
                    families.sorted().map { AddPathEntry(AddressFamily($0), [.receive, .send]) }))
        }
        if isLongLived {
            result.append(
                .longLived(
                    families.sorted().map {
                        LongLivedEntry(AddressFamily($0), isPreserved: true, staleTime: 60)
                    }))
        }
        if hasIdentity {
            result.append(.hostname(Array("peer".utf8), domain: []))
            result.append(.softwareVersion([0x1B, 0x5B, 0xFF, 0x41]))
        }
        return result
    }
}

/// A message around a body, cut where the header could not say its length.
func message(_ kind: MessageKind, _ body: [UInt8]) -> [UInt8] {
    let body = body.prefix(65535 - headerLength)
    let length = UInt16(headerLength + body.count)
    return Array(repeating: 0xFF, count: 16)
        + [UInt8(length >> 8), UInt8(length & 255), kind.rawValue] + body
}

/// The whole messages in bytes that we wrote ourselves.
func messages(_ bytes: [UInt8], maximumLength: Int) -> [(kind: MessageKind, body: [UInt8])] {
    var result: [(kind: MessageKind, body: [UInt8])] = []
    var offset = 0
    while offset < bytes.count {
        let frame = Frame(bytes.span.bytes, at: offset, maximumLength: maximumLength)
        guard case .whole(let kind, let length) = frame else {
            fatalError("broken promise: we wrote \(frame)")
        }
        result.append((kind, Array(bytes[offset + headerLength..<offset + length])))
        offset += length
    }
    return result
}
