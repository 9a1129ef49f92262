// The steps of a policy in sentences. The order is that of the speaker: what is written first is
// asked first.

import Net

extension SessionPolicy {
    /// The policy that a session's keys come to.
    public init(_ terms: PolicyTerms) {
        self.init(
            peering: terms.peering, link: terms.link, tenant: terms.tenant,
            peer: terms.peer.description, peerASN: terms.peerASN.rawValue,
            localASN: terms.localASN.rawValue,
            families: terms.families.sorted().map(\.description), inbound: terms.inbound,
            outbound: terms.outbound)
    }
}

extension PolicyTerms {
    var inbound: [PolicyStep] {
        var steps = [PolicyStep?]()
        steps.append(shutdownStep)
        steps.append(inboundLimit)
        if enforcesFirstAS, !isInternal {
            steps.append(
                PolicyStep(.firstAS, "an AS path must begin with the peer's AS \(peerASN)"))
        }
        steps.append(ownAS)
        steps.append(
            PolicyStep(.nextHop, "the next hop must be the peer or lie in the link's subnet"))
        steps.append(never)
        steps.append(
            PolicyStep(
                .defaultRoute,
                acceptsDefault ? "a default route may enter" : "a default route may not enter"))
        if let accept {
            steps.append(
                PolicyStep(
                    .accept,
                    accept.rules.isEmpty
                        ? "accept is empty, so nothing enters" : "accept \(listed(accept))",
                    prefixes: accept))
        } else {
            steps.append(PolicyStep(.accept, "there is no accept, so nothing enters (RFC 8212)"))
        }
        if isInternal {
            steps.append(
                PolicyStep(
                    .reflection, "what our own reflection brings back to us is refused"))
        } else if let role {
            steps.append(PolicyStep(.role, role.inbound(peerASN, isStrict: isRoleStrict)))
        }
        for (index, rule) in importRules.enumerated() {
            steps.append(rule.step(index + 1, of: "import", prepending: peerASN))
        }
        steps.append(preference)
        steps.append(sharing)
        if isDrained {
            steps.append(
                PolicyStep(.drained, "the link is drained: its routes are the last choice"))
        }
        return steps.compactMap(\.self)
    }

    var outbound: [PolicyStep] {
        var steps = [PolicyStep?]()
        steps.append(shutdownStep)
        steps += sources
        if isInternal {
            steps.append(
                PolicyStep(
                    .reflection,
                    isReflectorClient
                        ? "the peer is a client: it hears routes of all peers of our AS"
                        : "routes of peers of our AS pass where one of both is a client"))
        }
        if let advertise {
            steps.append(
                PolicyStep(
                    .advertise,
                    advertise.rules.isEmpty
                        ? "advertise is empty, so nothing leaves"
                        : "advertise \(listed(advertise))",
                    prefixes: advertise))
        } else {
            steps.append(
                PolicyStep(
                    .advertise,
                    "there is no advertise, so the tenant's networks leave and "
                        + "nothing else"))
        }
        steps.append(
            PolicyStep(
                .defaultRoute,
                advertisesDefault
                    ? "a default route may leave, if there is one"
                    : "a default route may not leave"))
        steps.append(
            PolicyStep(
                .communities,
                isInternal
                    ? "what carries no-advertise stays"
                    : "what carries no-export or no-advertise stays",
                communities: isInternal ? ["no-advertise"] : ["no-export", "no-advertise"]))
        steps += changes
        for (index, rule) in exportRules.enumerated() {
            steps.append(rule.step(index + 1, of: "export", prepending: localASN))
        }
        if let role, !isInternal { steps.append(PolicyStep(.role, role.outbound(localASN))) }
        if isDrained {
            steps.append(
                isInternal
                    ? PolicyStep(
                        .drained, "the link is drained: what leaves has local preference 0")
                    : PolicyStep(
                        .drained, "the link is drained: what leaves carries graceful-shutdown",
                        communities: ["graceful-shutdown"]))
        }
        steps.append(
            limitOut.map {
                PolicyStep(
                    .limit, "at most \($0) prefixes of a family leave; what is more is held back",
                    number: $0)
            } ?? PolicyStep(.limit, "any number of prefixes leaves"))
        return steps.compactMap(\.self)
    }

    private var shutdownStep: PolicyStep? {
        shutdown.map {
            PolicyStep(.shutdown, "the session is kept down" + ($0.isEmpty ? "" : ": \($0)"))
        }
    }

    private var inboundLimit: PolicyStep {
        guard let limitIn else { return PolicyStep(.limit, "any number of prefixes may come") }
        return PolicyStep(
            .limit,
            "at most \(limitIn) prefixes of a family may come, with a warning at \(warn)%; above, "
                + "the session ends and is held down for \(spelled(holdDown))",
            number: limitIn)
    }

    private var ownAS: PolicyStep {
        allowOwnAS == 0
            ? PolicyStep(.ownAS, "paths with our AS \(localASN) are refused", number: 0)
            : PolicyStep(
                .ownAS, "our AS \(localASN) may stand in a path \(allowOwnAS) times at most",
                number: UInt32(allowOwnAS))
    }

    private var never: PolicyStep {
        let lists = AddressSpace.refused + (isPublic ? AddressSpace.privateSpace : [])
        let space = isPublic ? ", private space" : ""
        return PolicyStep(
            .never,
            "never: reserved space\(space), subnets of links, and addresses of this edge",
            prefixes: PrefixFilter(
                lists.filter { families.contains($0.family) }.compactMap {
                    PrefixRule($0, upto: UInt8($0.family.addressBits))
                }))
    }

    private var preference: PolicyStep {
        if let localPref {
            return PolicyStep(
                .localPref, "local preference is \(localPref) where no rule says another",
                number: localPref)
        }
        return isInternal
            ? PolicyStep(.localPref, "local preference is what the peer says, else 100")
            : PolicyStep(
                .localPref, "local preference is 100 where no rule says another", number: 100)
    }

    private var sharing: PolicyStep {
        switch multipath {
        case .off: PolicyStep(.multipath, "the best path alone carries traffic")
        case .links: PolicyStep(.multipath, "equal paths of this circuit's links share the traffic")
        case .circuits:
            PolicyStep(
                .multipath, "equal paths of all circuits that say so share the traffic")
        }
    }

    private var sources: [PolicyStep] {
        var steps: [PolicyStep] = []
        if networks.isEmpty {
            steps.append(PolicyStep(.networks, "tenant \(tenant) has no networks of its own"))
        } else {
            let rules = PrefixFilter(networks.compactMap { PrefixRule($0) })
            steps.append(
                PolicyStep(
                    .networks, "networks of tenant \(tenant): \(listed(rules))", prefixes: rules))
        }
        for entry in exchange {
            let which = entry.prefixes.map { ": \(listed($0))" } ?? ""
            steps.append(
                PolicyStep(
                    .exchange, "routes of circuit \(entry.circuit)\(which)",
                    prefixes: entry.prefixes, circuit: entry.circuit))
        }
        return steps
    }

    /// What the session's keys change in whatever leaves.
    private var changes: [PolicyStep] {
        var steps: [PolicyStep] = []
        if removesPrivateAS {
            steps.append(PolicyStep(.asPath, "private AS numbers are taken out of the path"))
        }
        if overridesAS {
            steps.append(
                PolicyStep(.asPath, "the peer's AS \(peerASN) in the path becomes \(localASN)"))
        }
        let count = UInt32(prepend) + (isInternal ? 0 : 1)
        if prepend > 0 {
            steps.append(
                PolicyStep(
                    .asPath, "our AS \(localASN) stands \(count) times in front of the path",
                    number: count))
        }
        if let med { steps.append(PolicyStep(.med, "MED is \(med)", number: med)) }
        if !communities.isEmpty {
            let names = communities.map(\.description)
            steps.append(
                PolicyStep(
                    .communities, "communities come: \(names.joined(separator: ", "))",
                    communities: names))
        }
        if isInternal, !isNextHopSelf {
            steps.append(PolicyStep(.nextHop, "the next hop stays what it is"))
        } else {
            steps.append(PolicyStep(.nextHop, "the next hop is our address on the link"))
        }
        return steps
    }
}

/// `10.0.0.0/8 upto 24, 10.1.0.0/16`.
func listed(_ filter: PrefixFilter) -> String {
    filter.rules.map(\.description).joined(separator: ", ")
}

/// `15m`, `90s`, `1h`.
private func spelled(_ time: Duration) -> String {
    let seconds = time.components.seconds
    for (unit, length) in [("h", 3600), ("m", 60)] as [(String, Int64)]
    where seconds >= length && seconds % length == 0 {
        return "\(seconds / length)\(unit)"
    }
    return "\(seconds)s"
}
