// The sessions of one link: which peers get one, what each carries, and what the keys, the profile
// and defaults make of it.

import Net

struct SessionReading {
    let link: LinkReading
    let addresses: [InterfaceAddress]
    let peers: [PeerEntry]

    var findings: Findings { link.findings }
    var profile: Profile { link.profile }
    var rule: Profile.PeeringRule { link.peering.rule }

    /// One session for each peer, unless another peer's session carries its family.
    func read(_ bgp: YAMLNode?, isReadable: Bool) -> [SessionSettings] {
        guard !peers.isEmpty else {
            // Read all the same, for what is wrong with the keys.
            let keys = BGPKeys(bgp, path: "\(link.path).bgp", findings)
            if isReadable, !addresses.isEmpty {
                findings.fault(link.place, "link \(link.role) has no peer for BGP")
            }
            check(keys)
            return []
        }
        let shared = BGPKeys(bgp, path: "\(link.path).bgp", findings)
        let each = peers.map { peer -> (peer: PeerEntry, keys: BGPKeys) in
            guard let own = peer.bgp else { return (peer, shared) }
            let path = "\(link.path).peers.\(peer.address).bgp"
            return (peer, BGPKeys(bgp?.overridden(by: own) ?? own, path: path, findings))
        }
        return each.compactMap { peer, keys in
            let own = peer.address.family
            let families = Set(keys.families ?? [own])
            // `families` on a link with peers of both: those of the first family named carry it.
            let carrier = families.contains(.ipv4) ? Family.ipv4 : .ipv6
            let hasCarrier = each.contains { other in
                other.peer.address.family == carrier
                    && Set(other.keys.families ?? [carrier]) == families
            }
            if own != carrier, hasCarrier { return nil }
            return session(with: peer, keys, families)
        }
    }

    private func session(
        with peer: PeerEntry, _ keys: BGPKeys, _ families: Set<Family>
    ) -> SessionSettings? {
        check(keys)
        let ours = addresses.first { $0.address.family == peer.address.family }
        for family in families.sorted()
        where !carries(family, to: peer.address, keys) {
            if let place = keys.place("families") {
                findings.fault(place, "families has \(family), and the link has no such address")
            }
        }
        guard let peerASN = keys.peerASN ?? profile.peerASN else {
            // A number that could not be read is faulted where it stands.
            if keys.place("peer-asn") == nil {
                findings.fault(
                    link.place,
                    "link \(link.role) has no peer-asn, and \(profile.name) no usual one")
            }
            return nil
        }
        guard let ours else { return nil }
        var session = SessionSettings(
            local: ours.address, peer: peer.address,
            localASN: keys.localASN ?? link.peering.circuit.settings.asn, peerASN: peerASN,
            families: families)
        session.port = keys.port ?? session.port
        session.isPassive = keys.isPassive ?? false
        session.holdTime = keys.holdTime ?? profile.holdTime
        session.password = keys.passwordFile.map { password($0, at: keys.place("password-file")) }
        session.hasTTLSecurity = keys.ttlSecurity ?? false
        session.bfd = bfd(keys)
        session.accept = keys.accept
        session.advertise = keys.advertise
        session.isPublic = rule.isPublic
        layDefault(keys.defaultRoute, &session)
        session.limits.inbound = keys.largestIn
        session.limits.outbound =
            keys.largestOut ?? families.compactMap { rule.outbound[$0] }.min()
        session.limits.warn = keys.warn ?? session.limits.warn
        session.limits.holdDown = keys.holdDown ?? session.limits.holdDown
        session.minPrefixes = keys.minPrefixes ?? (rule.isEmptyNormal ? 0 : 1)
        session.localPref = keys.localPref
        session.med = keys.med
        session.prepend = keys.prepend ?? 0
        session.communities = keys.communities ?? []
        session.allowOwnAS = keys.allowOwnAS ?? 0
        session.overridesAS = keys.overridesAS ?? false
        session.removesPrivateAS = keys.removesPrivateAS ?? false
        layCapabilities(keys, &session)
        session.multipath = keys.multipath ?? rule.multipath
        session.isNextHopSelf = keys.nextHopSelf ?? true
        session.isReflectorClient = keys.reflectorClient ?? false
        session.shutdown = keys.shutdown?.text
        session.importRules = keys.importRules ?? []
        session.exportRules = keys.exportRules ?? []
        checkBudget(keys, families)
        return session
    }

    /// Whether routes of a family have a next hop on the link.
    private func carries(_ family: Family, to peer: IPAddress, _ keys: BGPKeys) -> Bool {
        // RFC 8950: IPv4 routes go to the IPv6 address of a peer.
        let isExtended =
            keys.extendedNextHop == true && family == .ipv4 && peer.family == .ipv6
        return isExtended || addresses.contains { $0.address.family == family }
    }

    /// What is offered in OPEN, and asked of the peer there.
    private func layCapabilities(_ keys: BGPKeys, _ session: inout SessionSettings) {
        session.hasGracefulRestart =
            keys.gracefulRestart ?? !(profile.separatesRestartAndBFD && session.bfd != nil)
        session.restartTime = keys.restartTime ?? session.restartTime
        session.longLived = session.hasGracefulRestart ? keys.longLived : nil
        session.role = keys.role
        session.isRoleStrict = keys.isRoleStrict ?? false
        session.addPath = keys.addPath ?? []
        session.hasExtendedNextHop = keys.extendedNextHop ?? false
        session.identifies = keys.identifies ?? false
        session.enforcesFirstAS = keys.enforcesFirstAS ?? true
        session.hasExtendedMessages = keys.extendedMessages ?? true
    }

    func bfd(_ keys: BGPKeys) -> SessionSettings.BFD? {
        guard case .on(let interval, let multiplier, let isStrict) = keys.bfd else { return nil }
        return SessionSettings.BFD(
            interval: interval ?? profile.bfd.interval,
            multiplier: multiplier ?? profile.bfd.multiplier, isStrict: isStrict)
    }

    /// Lets the default through where the file says so, and only there.
    private func layDefault(_ choice: String?, _ session: inout SessionSettings) {
        session.acceptsDefault = choice == "accept" || choice == "both"
        session.advertisesDefault = choice == "advertise" || choice == "both"
        let rules = session.families.sorted().compactMap { PrefixRule(Prefix.default($0)) }
        func extended(_ filter: PrefixFilter?) -> PrefixFilter {
            let own = filter?.rules ?? []
            return PrefixFilter(own + rules.filter { !own.contains($0) })
        }
        if session.acceptsDefault { session.accept = extended(session.accept) }
        // Without a filter the tenant's networks leave, and the default beside them.
        if session.advertisesDefault, session.advertise != nil {
            session.advertise = extended(session.advertise)
        }
    }

    private func password(_ file: String, at place: Place?) -> SessionSettings.Password {
        let key = link.peering.circuit.keys[file]
        let place = place ?? link.place
        if let key, !key.isTooOpen, key.fault == nil {
            // The session may try: whoever is right, the far side decides.
            if let fault = key.form.flatMap({ profile.password.fault(in: $0) }) {
                findings.warn(place, "\(file) is nothing for \(profile.name): \(fault)")
            }
            return SessionSettings.Password(file: file, digest: key.digest)
        }
        // No digest: a session that asks for a password is never run without one.
        let reason =
            switch key {
            case nil: "is missing"
            case .some(let key) where key.isTooOpen:
                "is readable by others, mode 0640 is the most"
            case .some(let key): key.fault ?? "cannot be used"
            }
        findings.warn(place, "\(file) \(reason); its sessions stay down")
        return SessionSettings.Password(file: file, digest: nil)
    }
}
