// How two OPENs become an agreement: what the peer said against what we offer, and our own OPEN.
// A capability counts only where both sides said it (RFC 5492 §3).

import Net

extension Negotiated {
    /// The hold time.
    var hold: Duration { .seconds(Int(holdTime)) }

    /// Compares what the peer says with what we offer, or says the NOTIFICATION it deserves
    /// (RFC 4271 §6.2). Where our OPEN had no capabilities, those of the peer's count for nothing.
    static func agree(
        _ open: Open, _ settings: PeerSettings, saidCapabilities: Bool = true
    ) -> Result<Negotiated, OpenFault> {
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

        let said = Said(saidCapabilities ? open.capabilities : [])
        let roles = Set(
            open.capabilities.compactMap { capability in
                if case .role(let number) = capability { number } else { nil }
            })
        guard settings.isInternal || settings.suits(roles) else { return refuse(11) }
        // RFC 4760 §8: who names no family speaks IPv4 unicast.
        let families = (said.families ?? [.ipv4]).intersection(settings.families)
        guard !families.isEmpty else {
            var wanted: [UInt8] = []
            for family in settings.families.sorted() {
                Capability.multiprotocol(AddressFamily(family)).encode(into: &wanted)
            }
            return refuse(7, data: wanted)
        }
        var seen: Set<UInt8> = []
        var result = Negotiated(
            peerID: open.id, peerASN: open.asn, isInternal: settings.isInternal,
            families: families,
            hasFourOctetASN: said.hasFourOctetASN && settings.offersFourOctetASN,
            holdTime: min(open.holdTime, settings.offeredHoldTime),
            maximumLength: said.hasExtendedMessage && settings.offersExtendedMessages
                ? 65535 : 4096,
            hasRouteRefresh: said.hasRouteRefresh,
            hasEnhancedRefresh: said.hasEnhancedRefresh && settings.offersEnhancedRefresh,
            gracefulRestart: nil,
            peerCapabilities: open.capabilities.map(\.code).filter { seen.insert($0).inserted })
        result.agreeOnPaths(said, settings)
        result.agreeOnRestart(said, settings)
        if !settings.isInternal { result.peerRole = roles.first.flatMap(PeeringRole.init) }
        result.peerIdentity = said.identity
        return .success(result)
    }

    /// RFC 7911 §4 and RFC 8950 §4.
    private mutating func agreeOnPaths(_ said: Said, _ settings: PeerSettings) {
        for family in families {
            let directions = said.addPath[family] ?? []
            if settings.addPath.contains(.receive), directions.contains(.send) {
                addPathIn.insert(family)
            }
            if settings.addPath.contains(.send), directions.contains(.receive) {
                addPathOut.insert(family)
            }
        }
        hasExtendedNextHop =
            said.hasExtendedNextHop && settings.offersExtendedNextHop && families.contains(.ipv4)
    }

    private mutating func agreeOnRestart(_ said: Said, _ settings: PeerSettings) {
        guard let restart = said.restart, let ours = settings.gracefulRestart else { return }
        let named = restart.families.filter { $0.family.family.map(families.contains) ?? false }
        gracefulRestart = PeerGracefulRestart(
            restartTime: restart.restartTime, isRestarting: restart.isRestarting,
            coversNotifications: restart.coversNotifications && ours.coversNotifications,
            families: Set(named.compactMap(\.family.family)),
            preserved: Set(named.filter(\.isPreserved).compactMap(\.family.family)))
        // RFC 9494 §4.2: without the one above it means nothing.
        guard settings.longLivedTime != nil else { return }
        for entry in said.longLived {
            guard let family = entry.family.family, families.contains(family) else { continue }
            longLived[family] = entry.staleTime
            if entry.isPreserved {
                longLivedPreserved.insert(family)
            } else {
                longLivedPreserved.remove(family)
            }
        }
    }

    /// How the peer's UPDATEs are to be read.
    func rules(_ settings: PeerSettings) -> UpdateRules {
        var rules = UpdateRules(
            hasFourOctetASN: hasFourOctetASN, isInternal: isInternal, families: families,
            firstAS: settings.enforcesFirstAS && !isInternal ? peerASN : nil,
            acceptsSets: settings.acceptsSets)
        rules.hasPathIDs4 = addPathIn.contains(.ipv4)
        rules.hasPathIDs6 = addPathIn.contains(.ipv6)
        rules.hasExtendedNextHop = hasExtendedNextHop
        return rules
    }
}

/// The capabilities of an OPEN taken together. Of those that may stand there once, the last counts.
private struct Said {
    /// Nil when none is named.
    var families: Set<Family>?
    var hasRouteRefresh = false
    var hasEnhancedRefresh = false
    var hasExtendedMessage = false
    var hasFourOctetASN = false
    var hasExtendedNextHop = false
    var addPath: [Family: AddPath] = [:]
    var restart: GracefulRestartCapability?
    var longLived: [LongLivedEntry] = []
    var identity: SpeakerIdentity?

    init(_ capabilities: [Capability]) {
        for capability in capabilities {
            switch capability {
            case .multiprotocol(let family):
                if families == nil { families = [] }
                if let family = family.family { families?.insert(family) }
            case .routeRefresh: hasRouteRefresh = true
            case .extendedMessage: hasExtendedMessage = true
            case .gracefulRestart(let said): restart = said  // RFC 4724 §3: the last one.
            case .fourOctetASN: hasFourOctetASN = true
            case .enhancedRouteRefresh: hasEnhancedRefresh = true
            case .extendedNextHop(let entries):
                if entries.contains(.ipv4) { hasExtendedNextHop = true }
            case .addPath(let entries):
                addPath = [:]
                for entry in entries {
                    if let family = entry.family.family { addPath[family] = entry.directions }
                }
            case .longLived(let entries): longLived = entries
            case .hostname(let host, let domain):
                identity = SpeakerIdentity(
                    hostname: printable(host), domain: printable(domain),
                    version: identity?.version ?? "")
            case .softwareVersion(let text):
                if identity == nil { identity = SpeakerIdentity(hostname: "") }
                identity?.version = printable(text)
            case .role, .other: break
            }
        }
    }
}

extension PeerSettings {
    /// Whether the roles fit (RFC 9234 §4.2). A peer that says two is refused even by those who say
    /// none; one that says none is refused only where that is asked for.
    fileprivate func suits(_ said: Set<UInt8>) -> Bool {
        guard said.count <= 1 else { return false }
        guard let role else { return true }
        guard let peerRole = said.first else { return !isRoleStrict }
        return peerRole == role.counterpart.rawValue
    }

    /// 1 and 2 cannot be offered.
    var offeredHoldTime: UInt16 { holdTime == 0 ? 0 : max(holdTime, 3) }

    /// Our OPEN; without capabilities for a peer that chokes on them (RFC 5492 §3).
    func open(restart: GracefulRestartOffer?, withCapabilities: Bool) -> Open {
        let short = UInt16(exactly: localASN.rawValue) ?? UInt16(ASN.transition.rawValue)
        return Open(
            shortASN: short, holdTime: offeredHoldTime, id: localID,
            capabilities: withCapabilities ? capabilities(restart: restart) : [])
    }

    /// In the order of their codes.
    private func capabilities(restart: GracefulRestartOffer?) -> [Capability] {
        let families = families.sorted()
        var result = families.map { Capability.multiprotocol(AddressFamily($0)) }
        result.append(.routeRefresh)
        if offersExtendedNextHop, families.contains(.ipv4) {
            result.append(.extendedNextHop([.ipv4]))
        }
        if offersExtendedMessages { result.append(.extendedMessage) }
        // RFC 9234 §4.1: between different AS only.
        if let role, !isInternal { result.append(.role(role.rawValue)) }
        if let restart {
            result.append(
                .gracefulRestart(
                    GracefulRestartCapability(
                        isRestarting: restart.isRestarting,
                        coversNotifications: restart.coversNotifications,
                        restartTime: restart.restartTime,
                        families: families.map {
                            .init(
                                AddressFamily($0), isPreserved: restart.preserved.contains($0))
                        })))
        }
        if offersFourOctetASN { result.append(.fourOctetASN(localASN)) }
        if !addPath.isEmpty {
            result.append(.addPath(families.map { AddPathEntry(AddressFamily($0), addPath) }))
        }
        if offersEnhancedRefresh { result.append(.enhancedRouteRefresh) }
        if let longLivedTime, let restart {
            result.append(
                .longLived(
                    families.map {
                        LongLivedEntry(
                            AddressFamily($0), isPreserved: restart.preserved.contains($0),
                            staleTime: longLivedTime)
                    }))
        }
        if let identity {
            result.append(
                .hostname(
                    clipped(Array(identity.hostname.utf8), to: 64),
                    domain: clipped(Array(identity.domain.utf8), to: 64)))
            if !identity.version.isEmpty {
                result.append(.softwareVersion(clipped(Array(identity.version.utf8), to: 64)))
            }
        }
        return result
    }
}
