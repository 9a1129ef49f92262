// From an UPDATE to the paths of rows: where the next hop leads, what the policy says of the set and
// of each prefix, and the same again over what is stored when the policy changes.

import BGP
import Net

extension RIB {
    /// The gateway of a next hop: the peer itself, or a neighbour on the same link.
    private static func gateway(
        _ nextHop: IPAddress, _ slot: Int, _ common: inout Common
    ) -> UInt32? {
        let source = common.sources[slot]
        for handle in source.gateways
        where common.forwarding.gateways[Int(handle)].id.address == nextHop {
            return handle
        }
        guard let first = source.gateways.first, !source.settings.locals.contains(nextHop) else {
            return nil
        }
        let isOnLink: Bool
        if case .v6(let address) = nextHop, address.isLinkLocal {
            isOnLink = true
        } else {
            isOnLink = source.settings.subnets.contains { $0.contains(nextHop) }
        }
        guard isOnLink else { return nil }
        let leader =
            source.gateways.first {
                common.forwarding.gateways[Int($0)].id.address.family == nextHop.family
            } ?? first
        return common.forwarding.gateway(
            GatewayID(common.forwarding.gateways[Int(leader)].id.device, nextHop), leader: leader)
    }

    /// What attributes and next hops say of all prefixes that share them: where packets go, or nil
    /// where nothing may enter.
    private static func resolve(
        _ attributes: [UInt8], _ nextHops: [IPAddress?], _ family: Family, _ slot: Int,
        _ common: inout Common
    ) -> (gateway: UInt32, refusal: Refusal?) {
        switch common.sources[slot].settings.kind {
        case .originated:
            return (0, nil)
        case .static:
            let gateway = common.sources[slot].gateways.first {
                common.forwarding.gateways[Int($0)].id.address.family == family
            }
            return (gateway ?? 0, nil)
        case .external, .internal:
            let settings = common.sources[slot].settings
            let count = PathAttributes.occurrences(
                of: settings.localASN, canonical: attributes.span.bytes)
            if count > Int(settings.policy.allowOwnAS) { return (0, .ownAS) }
            for case let nextHop? in nextHops {
                if let gateway = gateway(nextHop, slot, &common) { return (gateway, nil) }
            }
            return (0, .nextHop)
        }
    }

    /// The received set with what the source's policy says of it.
    private static func judgement(
        _ attributes: [UInt8], _ nextHops: [IPAddress?], _ family: Family, _ slot: Int,
        _ common: inout Common
    ) -> Judgement {
        let (gateway, refusal) = resolve(attributes, nextHops, family, slot, &common)
        let nextHop = gateway == 0 ? nextHops.compactMap { $0 }.first : nil
        let known =
            common.sources[slot].isBGP
            ? nextHop ?? common.forwarding.gateways[Int(gateway)].id.address : nil
        let set = common.attributes.intern(attributes, nextHop: known)
        return Judgement(set: set, gateway: gateway, refusal: refusal, of: slot, common)
    }

    @discardableResult
    static func learn<P: RoutePrefix>(
        _ prefixes: [P], _ pathIDs: [UInt32], _ attributes: [UInt8], _ nextHops: [IPAddress?],
        _ slot: Int, _ routes: inout Routes<P>, _ common: inout Common
    ) -> Bool {
        var judgement = judgement(attributes, nextHops, P.family, slot, &common)
        let space = common.sources[slot].space
        let gate = Gate<P>(slot, common)
        let limit = common.sources[slot].settings.policy.limit ?? .max
        // Stale paths may have identifiers still where the session has none any more.
        if !pathIDs.isEmpty { common.sources[slot].hasPathIDs = true }
        let only: UInt32? = common.sources[slot].hasPathIDs ? 0 : nil
        var isWithin = true
        for (index, prefix) in prefixes.enumerated() {
            let id = index < pathIDs.count ? pathIDs[index] : only
            if common.sources[slot][P.family].present.received >= limit,
                !routes.has(prefix, id: id, table: space, source: slot, common)
            {
                isWithin = false
                continue
            }
            let outcome = judgement.outcome(
                prefix, pathID: id ?? 0, isListed: gate.refusal(prefix) == nil, of: slot, &common)
            routes.learn(
                prefix, id: id, table: space, source: slot, attributes: outcome.attributes,
                gateway: outcome.gateway, isRefused: outcome.isRefused, &common)
            common.attributes.release(outcome.attributes)
        }
        judgement.end(&common)
        return isWithin
    }

    static func withdraw<P: RoutePrefix>(
        _ prefixes: [P], _ pathIDs: [UInt32], _ slot: Int, _ routes: inout Routes<P>,
        _ common: inout Common
    ) {
        let space = common.sources[slot].space
        for (index, prefix) in prefixes.enumerated() {
            let id = index < pathIDs.count ? pathIDs[index] : nil
            routes.withdraw(prefix, id: id, table: space, source: slot, &common)
        }
    }

    /// Judges all stored paths of a source anew. Neighbouring rows often came with one UPDATE, so
    /// the last judgement is kept.
    static func rejudge<P: RoutePrefix>(
        _ slot: Int, _ routes: inout Routes<P>, _ common: inout Common
    ) {
        let gate = Gate<P>(slot, common)
        var last: Judgement?
        var lastSet: UInt32 = 0
        routes.rejudge(common.sources[slot].space, source: slot, &common) {
            prefix, handle, common in
            let received = common.attributes.received(handle)
            let set = common.attributes.base(received)
            var judgement: Judgement
            if let last, set == lastSet {
                judgement = last
            } else {
                last?.end(&common)
                judgement = RIB.judgement(
                    common.attributes.bytes(set), [common.attributes.nextHop(set)], P.family,
                    slot, &common)
                lastSet = set
            }
            let outcome = judgement.outcome(
                prefix, pathID: common.attributes.pathID(handle),
                isListed: gate.refusal(prefix) == nil, of: slot, &common)
            last = judgement
            return outcome
        }
        last?.end(&common)
    }

    /// Why a stored path did not enter, for people.
    static func reason<P: RoutePrefix>(
        _ prefix: P, _ attributes: UInt32, _ slot: Int, _ common: borrowing Common
    ) -> Refusal {
        let settings = common.sources[slot].settings
        let bytes = common.attributes.bytes(attributes)
        let count = PathAttributes.occurrences(
            of: settings.localASN, canonical: bytes.span.bytes)
        if count > Int(settings.policy.allowOwnAS) { return .ownAS }
        if let refusal = Gate<P>(slot, common).refusal(prefix) { return refusal }
        let judgement = Judgement(
            set: common.attributes.base(attributes), gateway: 0, refusal: nil, of: slot, common)
        return judgement.refusal(prefix, of: slot, common) ?? .nextHop
    }
}

/// What a source's policy says of prefixes alone.
struct Gate<P: RoutePrefix> {
    private var isBGP: Bool
    private var accept: FilterTable<P>?
    private var policy: ImportPolicy
    private var reserved: ReservedTable<P>

    init(_ slot: Int, _ common: borrowing Common) {
        isBGP = common.sources[slot].isBGP
        accept = P.accept(common.sources[slot])
        policy = common.sources[slot].settings.policy
        reserved = P.reserved(common.spaces[common.sources[slot].space])
    }

    func refusal(_ prefix: P) -> Refusal? {
        isBGP ? Source.refusal(prefix, accept: accept, policy, reserved: reserved) : nil
    }
}
