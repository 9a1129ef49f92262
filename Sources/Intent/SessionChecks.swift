// What the provider and plain sense say to the keys of one session.

import Net

extension SessionReading {
    func check(_ keys: BGPKeys) {
        checkASN(keys)
        checkTimers(keys)
        checkFilters(keys)
        checkRelation(keys)
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

    /// What has a meaning towards another AS only, or towards our own.
    private func checkRelation(_ keys: BGPKeys) {
        if keys.extendedNextHop == true, !addresses.isEmpty,
            !addresses.contains(where: { $0.address.family == .ipv6 }),
            let place = keys.place("extended-next-hop")
        {
            findings.fault(
                place, "extended-next-hop needs an IPv6 address, and link \(link.role) has none")
        }
        if keys.isRoleStrict != nil, let place = keys.place("role"),
            keys.place("role.local") == nil
        {
            findings.fault(place, "role has no local: { local: customer, strict: on }")
        }
        guard let peer = keys.peerASN ?? profile.peerASN else { return }
        let ours = keys.localASN ?? link.peering.circuit.settings.asn
        if peer == ours {
            if keys.role != nil, let place = keys.place("role") {
                findings.fault(place, "role is for a peer of another AS, and \(peer) is our own")
            }
            return
        }
        if keys.reflectorClient == true, let place = keys.place("route-reflector-client") {
            findings.warn(
                place, "route-reflector-client is for peers of our own AS; it does nothing here")
        }
        if keys.nextHopSelf == false, let place = keys.place("next-hop-self") {
            findings.warn(
                place, "next-hop-self is for peers of our own AS; another one hears our address")
        }
        for (position, rule) in (keys.exportRules ?? []).enumerated() where rule.localPref != nil {
            if let place = keys.place("export.\(position).local-pref") {
                findings.warn(place, "local-pref is told to peers of our own AS only")
            }
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

    func checkBudget(_ keys: BGPKeys, _ families: Set<Family>) {
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
