// What a source's policy says of one received attribute set: where packets go, what keeps all of
// its prefixes out, and what rules and roles make of it. Worked out once for an UPDATE; each
// prefix then costs what names prefixes. What was received stays behind what it became, so that a
// changed policy can judge again.

import BGP
import Net

struct Judgement {
    /// What becomes of one path. The attributes are counted once more.
    struct Outcome {
        var attributes: UInt32
        var gateway: UInt32
        var isRefused: Bool
    }

    /// The set as received, without a path identifier; counted once, as all in `variants`.
    private(set) var set: UInt32
    private(set) var gateway: UInt32
    /// What the attributes themselves say against their entering.
    private(set) var refusal: Refusal?
    /// Decoded where something may change.
    private var attributes: PathAttributes?
    /// Nothing changes, and no rule is asked.
    private var isPlain = true
    private var holding = RuleList.Holding()
    /// OTC as RFC 9234 §5 adds it.
    private var mark: ASN?
    private var variants: [(rules: [Int], set: UInt32)] = []

    /// `set` is taken over, with its count.
    init(
        set: UInt32, gateway: UInt32, refusal: Refusal?, of slot: Int, _ common: borrowing Common
    ) {
        self.set = set
        self.gateway = gateway
        self.refusal = refusal
        guard refusal == nil, common.sources[slot].isBGP else { return }
        let digest = common.attributes.digest(set)
        let isMarked = digest.flags.contains(.onlyToCustomer)
        let isReflected = digest.originatorID != nil || digest.clusterLength > 0
        let rules = common.sources[slot].rules
        let isInternal = common.sources[slot].rank.isInternal
        let role = isInternal ? nil : common.sources[slot].settings.policy.role
        guard role != nil || !rules.isEmpty || isInternal && isReflected else { return }
        let settings = common.sources[slot].settings
        let attributes = PathAttributes(canonical: common.attributes.bytes(set))
        if isInternal, Judgement.isLoop(attributes, settings.localID) {
            self.refusal = .loop
            return
        }
        if let role {
            if isMarked, Judgement.isLeak(attributes, role, settings.peerASN) {
                self.refusal = .leak
                return
            }
            if !isMarked, role == .customer || role == .routeServerClient || role == .peer {
                mark = settings.peerASN
            }
        }
        self.attributes = attributes
        isPlain = false
        holding = rules.holding(attributes)
    }

    /// RFC 4456 §8.
    private static func isLoop(_ attributes: PathAttributes, _ localID: RouterID) -> Bool {
        guard localID.raw != 0 else { return false }
        return attributes.originatorID == localID || attributes.clusterList.contains(localID)
    }

    /// RFC 9234 §5: marked routes do not come from below, and from beside only with its own mark.
    private static func isLeak(
        _ attributes: PathAttributes, _ role: PeeringRole, _ peer: ASN
    ) -> Bool {
        switch role {
        case .provider, .routeServer: true
        case .peer: attributes.onlyToCustomer != peer
        case .customer, .routeServerClient: false
        }
    }

    /// What the attributes, or rules, say against a prefix.
    func refusal<P: RoutePrefix>(
        _ prefix: P, of slot: Int, _ common: borrowing Common
    ) -> Refusal? {
        if let refusal { return refusal }
        return common.sources[slot].rules.matching(prefix, of: holding) == nil ? .rule : nil
    }

    /// What becomes of a prefix. `isListed` says that nothing speaks against the prefix itself.
    mutating func outcome<P: RoutePrefix>(
        _ prefix: P, pathID: UInt32, isListed: Bool, of slot: Int, _ common: inout Common
    ) -> Outcome {
        if isPlain, pathID == 0 {
            common.attributes.retain(set)
            let isRefused = refusal != nil || !isListed
            return Outcome(
                attributes: set, gateway: isRefused ? 0 : gateway, isRefused: isRefused)
        }
        guard refusal == nil, isListed,
            let matching = common.sources[slot].rules.matching(prefix, of: holding)
        else {
            return Outcome(
                attributes: received(pathID, &common), gateway: 0, isRefused: true)
        }
        let changed = variant(matching, of: slot, &common)
        guard changed != set else {
            return Outcome(
                attributes: received(pathID, &common), gateway: gateway, isRefused: false)
        }
        let origin = received(pathID, &common)
        let result = common.attributes.wrap(changed, origin: origin, pathID: pathID)
        common.attributes.release(origin)
        return Outcome(attributes: result, gateway: gateway, isRefused: false)
    }

    /// The number of what the peer said.
    private func received(_ pathID: UInt32, _ common: inout Common) -> UInt32 {
        if pathID != 0 { return common.attributes.wrap(set, origin: 0, pathID: pathID) }
        common.attributes.retain(set)
        return set
    }

    /// The set that some rules make of the received one.
    private mutating func variant(
        _ matching: [Int], of slot: Int, _ common: inout Common
    ) -> UInt32 {
        guard !matching.isEmpty || mark != nil, var changed = attributes else { return set }
        for variant in variants where variant.rules == matching { return variant.set }
        let source = common.sources[slot]
        var hasOwnPref = false
        for index in matching {
            let rule = source.rules[index]
            changed.apply(rule, prepending: source.settings.peerASN)
            if let preference = rule.localPref {
                changed.localPref = preference
                hasOwnPref = true
            }
        }
        if let mark { changed.onlyToCustomer = mark }
        let result = common.attributes.intern(
            changed.canonical(), nextHop: common.attributes.nextHop(set), hasOwnPref: hasOwnPref)
        variants.append((matching, result))
        return result
    }

    /// Gives back what it counts.
    func end(_ common: inout Common) {
        common.attributes.release(set)
        for variant in variants { common.attributes.release(variant.set) }
        if gateway != 0 { common.forwarding.tidy(gateway) }
    }
}
