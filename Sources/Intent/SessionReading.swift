// The sessions of one link: which peers get one, what each carries, and what the provider says to
// its keys.

import Net

struct SessionReading {
    let link: LinkReading
    let addresses: [InterfaceAddress]
    let peers: [PeerEntry]

    private var findings: Findings { link.findings }
    private var profile: Profile { link.profile }
    private var rule: Profile.PeeringRule { link.peering.rule }

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
        where !addresses.contains(where: { $0.address.family == family }) {
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
        session.hasGracefulRestart =
            keys.gracefulRestart ?? !(profile.separatesRestartAndBFD && session.bfd != nil)
        session.accept = keys.accept
        session.advertise = keys.advertise
        session.isPublic = rule.isPublic
        layDefault(keys.defaultRoute, &session)
        session.limits.inbound = keys.largestIn
        session.limits.outbound =
            keys.largestOut ?? families.compactMap { rule.outbound[$0] }.min()
        session.limits.warn = keys.warn ?? session.limits.warn
        session.minPrefixes = keys.minPrefixes ?? (rule.isEmptyNormal ? 0 : 1)
        session.localPref = keys.localPref
        session.med = keys.med
        session.prepend = keys.prepend ?? 0
        session.communities = keys.communities ?? []
        session.allowOwnAS = keys.allowOwnAS ?? 0
        session.overridesAS = keys.overridesAS ?? false
        session.removesPrivateAS = keys.removesPrivateAS ?? false
        session.role = keys.role
        checkBudget(keys, families)
        return session
    }

    private func bfd(_ keys: BGPKeys) -> SessionSettings.BFD? {
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

// What the provider and plain sense say to the keys.
extension SessionReading {
    private func check(_ keys: BGPKeys) {
        checkASN(keys)
        checkTimers(keys)
        checkFilters(keys)
        if keys.ttlSecurity == true, profile.refusesTTLSecurity,
            let place = keys.place("ttl-security")
        {
            findings.fault(
                place, "\(profile.name) sends with TTL 1, so ttl-security would refuse it")
        }
        if profile.demandsPassword, keys.place("password-file") == nil {
            findings.warn(link.place, "\(profile.name) demands a password-file")
        }
    }

    private func checkASN(_ keys: BGPKeys) {
        let usual = profile.peerASN
        if let own = keys.peerASN, let usual, own != usual, let place = keys.place("peer-asn") {
            if profile.isPeerASNFixed {
                findings.fault(place, "\(profile.name) is always AS \(usual), not \(own)")
            } else {
                findings.warn(place, "\(profile.name) is usually AS \(usual), not \(own)")
            }
        }
        let ours = keys.localASN ?? link.peering.circuit.settings.asn
        if profile.refusedLocalASNs.contains(where: { $0.contains(ours.rawValue) }) {
            findings.fault(
                keys.place("local-asn") ?? link.place, "\(profile.name) refuses AS \(ours) as ours")
        }
        if rule.isPublic, ours.isPrivate, keys.prepend ?? 0 > 0, let place = keys.place("prepend") {
            findings.warn(
                place,
                "\(profile.name) strips the private AS \(ours), so prepending it does nothing")
        }
    }

    private func checkTimers(_ keys: BGPKeys) {
        if let hold = keys.holdTime, let place = keys.place("hold-time") {
            if hold == 0, !profile.takesNoHoldTime {
                findings.fault(place, "\(profile.name) refuses a hold time of 0")
            } else if hold != 0, !profile.holdTimes.contains(hold) {
                let times = profile.holdTimes
                findings.fault(
                    place,
                    "\(profile.name) takes hold times from \(times.lowerBound)s to "
                        + "\(times.upperBound)s")
            }
        }
        guard let bfd = bfd(keys), let place = keys.place("bfd") else { return }
        if !profile.bfdIntervals.contains(bfd.interval) {
            let times = profile.bfdIntervals
            findings.warn(
                place,
                "\(profile.name) takes BFD intervals from \(spelled(times.lowerBound)) to "
                    + "\(spelled(times.upperBound))")
        }
        if !profile.bfdMultipliers.contains(bfd.multiplier) {
            let counts = profile.bfdMultipliers
            findings.warn(
                place,
                "\(profile.name) takes BFD multipliers from \(counts.lowerBound) to "
                    + "\(counts.upperBound)")
        }
        if keys.gracefulRestart == true, profile.separatesRestartAndBFD,
            let place = keys.place("graceful-restart")
        {
            findings.warn(place, "\(profile.name) asks for graceful restart or BFD, not both")
        }
    }

    private func checkFilters(_ keys: BGPKeys) {
        if rule.isPublic, let choice = keys.defaultRoute, choice != "off",
            let place = keys.place("default-route")
        {
            findings.fault(place, "\(link.peering.name) carries no default route")
        }
        check(keys.accept, "accept", keys, allowsDefault: ["accept", "both"])
        check(keys.advertise, "advertise", keys, allowsDefault: ["advertise", "both"])
    }

    private func check(
        _ filter: PrefixFilter?, _ key: String, _ keys: BGPKeys, allowsDefault: [String]
    ) {
        guard let filter else { return }
        for (position, rule) in filter.rules.enumerated() {
            guard let place = keys.place("\(key).\(position)") ?? keys.place(key) else { continue }
            let isDefault = rule.prefix.isDefault && rule.upto == 0
            if isDefault, !allowsDefault.contains(keys.defaultRoute ?? "off") {
                findings.fault(place, "\(rule) passes only with default-route: \(key)")
            } else if AddressSpace.isRefused(rule.prefix) {
                findings.warn(place, "\(rule.prefix) never passes")
            } else if self.rule.isPublic, AddressSpace.isPrivate(rule.prefix) {
                findings.fault(
                    place, "\(rule.prefix) is private space, which \(link.peering.name) refuses")
            }
        }
    }

    private func checkBudget(_ keys: BGPKeys, _ families: Set<Family>) {
        guard let wanted = keys.largestOut, let place = keys.place("max-prefixes.out") else {
            return
        }
        if let largest = rule.largestOutbound, wanted > largest {
            findings.fault(place, "\(profile.name) takes at most \(largest) prefixes from us")
            return
        }
        for family in families.sorted() {
            if let budget = rule.outbound[family], wanted > budget {
                findings.warn(
                    place,
                    "\(profile.name) usually takes at most \(budget) \(family) prefixes from us")
            }
        }
    }
}
