// The rules of `import` or `export`, compiled once for a session. Conditions on attributes are asked
// once for an attribute set; what is left for each prefix are the rules that name prefixes. All
// conditions ask what stands before the first change, so the order of rules matters only where
// two change the same thing, and where one refuses.

import BGP
import Net

struct RuleList: Sendable {
    private struct Entry: Sendable {
        var rule: RouteRule
        var prefixes4: FilterTable<Prefix4>?
        var prefixes6: FilterTable<Prefix6>?
    }

    private let entries: [Entry]
    /// The origin of routes with an empty path.
    private let localASN: ASN

    init(_ rules: [RouteRule], localASN: ASN) {
        entries = rules.map { rule in
            Entry(
                rule: rule, prefixes4: rule.prefixes.map { FilterTable($0) },
                prefixes6: rule.prefixes.map { FilterTable($0) })
        }
        self.localASN = localASN
    }

    var isEmpty: Bool { entries.isEmpty }

    subscript(_ index: Int) -> RouteRule { entries[index].rule }

    /// The rules whose conditions on attributes hold, in order.
    struct Holding: Sendable {
        var rules: [Int] = []
        /// Whether some of them ask for the prefix.
        var asksPrefix = false
        /// One of them, the last, refuses whatever the prefix.
        var isRefusal = false
    }

    func holding(_ attributes: PathAttributes) -> Holding {
        var result = Holding()
        for (index, entry) in entries.enumerated() where holds(entry.rule, attributes) {
            result.rules.append(index)
            if entry.rule.prefixes != nil {
                result.asksPrefix = true
            } else if entry.rule.isRefusal {
                result.isRefusal = true
                break
            }
        }
        return result
    }

    /// Of the rules that hold by attributes those that hold for a prefix; nil where one refuses.
    func matching<P: RoutePrefix>(_ prefix: P, of holding: Holding) -> [Int]? {
        guard holding.asksPrefix else { return holding.isRefusal ? nil : holding.rules }
        var result: [Int] = []
        for index in holding.rules {
            if entries[index].rule.prefixes != nil,
                P.half(entries[index].prefixes4, entries[index].prefixes6)?
                    .matches(prefix) != true
            {
                continue
            }
            if entries[index].rule.isRefusal { return nil }
            result.append(index)
        }
        return result
    }

    private func holds(_ rule: RouteRule, _ attributes: PathAttributes) -> Bool {
        let path = attributes.asPath
        if !rule.pathContains.isEmpty,
            !path.segments.contains(where: { segment in
                segment.numbers.contains { rule.pathContains.contains($0) }
            })
        {
            return false
        }
        if let bound = rule.pathLongerThan, path.length <= Int(bound) { return false }
        if let bound = rule.pathShorterThan, path.length >= Int(bound) { return false }
        if !rule.originAS.isEmpty {
            let origin = path.segments.isEmpty ? localASN : path.origin
            guard let origin, rule.originAS.contains(origin) else { return false }
        }
        return rule.communities.isEmpty
            || rule.communities.contains { attributes.has($0) }
    }
}

extension PathAttributes {
    /// Whether any community is meant by a pattern.
    func has(_ pattern: CommunityPattern) -> Bool {
        communities.contains { pattern.matches(.standard($0)) }
            || extendedCommunities.contains { pattern.matches(.extended($0)) }
            || largeCommunities.contains { pattern.matches(.large($0)) }
    }

    /// Removes the communities that a pattern means.
    mutating func remove(_ pattern: CommunityPattern) {
        communities.removeAll { pattern.matches(.standard($0)) }
        extendedCommunities.removeAll { pattern.matches(.extended($0)) }
        largeCommunities.removeAll { pattern.matches(.large($0)) }
    }

    /// Adds a community that is not there yet.
    mutating func add(_ community: AnyCommunity) {
        switch community {
        case .standard(let one): if !communities.contains(one) { communities.append(one) }
        case .extended(let one):
            if !extendedCommunities.contains(one) { extendedCommunities.append(one) }
        case .large(let one): if !largeCommunities.contains(one) { largeCommunities.append(one) }
        }
    }

    /// Does what a rule says, LOCAL_PREF apart, which means different things on both sides.
    mutating func apply(_ rule: RouteRule, prepending asn: ASN) {
        if let med = rule.med { self.med = med }
        asPath.prepend(asn, count: Int(rule.prepend))
        for pattern in rule.removes { remove(pattern) }
        for community in rule.adds { add(community) }
    }
}
