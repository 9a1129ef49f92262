// The rules of `import` and `export`. What is wrong with a rule by itself is said here; that a rule
// means nothing towards a certain peer is the session's matter.

import Net

extension RouteRule {
    /// The rules of one key; nil when it holds no list. A rule that cannot be read is left out.
    static func list(_ node: YAMLNode, in key: String, _ keys: BGPKeys) -> [RouteRule]? {
        let findings = keys.findings
        guard case .sequence(let items) = node.content else {
            if case .broken = node.content { return nil }
            findings.fault(
                node.place, "\(key) must be a list of rules: [{ prefixes: [...], refuse: on }]")
            return nil
        }
        var rules: [RouteRule] = []
        for item in items {
            let path = "\(keys.path).\(key).\(rules.count)"
            guard var fields = Fields(item, path: path, name: "a rule of \(key)", findings) else {
                continue
            }
            findings.stands(path, at: item.place)
            rules.append(RouteRule(&fields, key))
        }
        return rules
    }

    private init(_ fields: inout Fields, _ key: String) {
        self.init()
        readConditions(&fields)
        let refusal = fields.read("refuse", .flag)
        isRefusal = refusal ?? false
        localPref = fields.read("local-pref", .number(0...UInt32.max))
        med = fields.read("med", .number(0...UInt32.max))
        prepend = fields.read("prepend", .number(1...20)) ?? 0
        adds = fields.list("add-communities", .community) ?? []
        removes = fields.list("remove-communities", .communityPattern) ?? []
        fields.end()
        let changes = [
            "local-pref", "med", "prepend", "add-communities", "remove-communities",
        ].filter { fields.has($0) && !fields.isEmptyList($0) }
        if isRefusal, let stray = changes.first {
            fields.findings.fault(
                fields.place(of: stray),
                "a rule with refuse: on changes nothing, so \(stray) has no place in it")
        } else if changes.isEmpty, !isRefusal, fields.has("refuse") == (refusal != nil) {
            // A refusal that could not be read is faulted already.
            fields.findings.fault(
                fields.place,
                "this rule changes nothing; it needs refuse, local-pref, med, prepend, "
                    + "add-communities or remove-communities")
        }
    }

    private mutating func readConditions(_ fields: inout Fields) {
        let filter = fields.list("prefixes", .rule)
        prefixes = filter.map { PrefixFilter($0) }
        pathContains = fields.list("as-path-contains", .pathASN) ?? []
        let lengths: ClosedRange<UInt16> = 0...1000
        pathLongerThan = fields.read("as-path-longer-than", .number(lengths))
        pathShorterThan = fields.read("as-path-shorter-than", .number(1...1000))
        originAS = fields.list("origin-as", .pathASN) ?? []
        communities = fields.list("communities", .communityPattern) ?? []
        for key in ["prefixes", "as-path-contains", "origin-as", "communities"]
        where fields.isEmptyList(key) {
            fields.findings.fault(
                fields.place(of: key),
                "\(key) names nothing; leave it out where all routes are meant")
        }
        for (position, rule) in (filter ?? []).enumerated()
        where AddressSpace.isRefused(rule.prefix) {
            fields.findings.warn(
                fields.place(of: "prefixes.\(position)"), "\(rule.prefix) never passes")
        }
        if let longer = pathLongerThan, let shorter = pathShorterThan, shorter <= longer + 1 {
            fields.findings.fault(
                fields.place(of: "as-path-shorter-than"),
                "no path is longer than \(longer) and shorter than \(shorter)")
        }
    }
}

extension Term where Value == ASN {
    /// An AS number as paths may hold it, reserved ones too.
    fileprivate static var pathASN: Term { Term("an AS number") { ASN($0) } }
}

extension Term where Value == CommunityPattern {
    /// Communities, one or many.
    fileprivate static var communityPattern: Term {
        Term("a community or a pattern such as 65000:1, 65000:* or 65000:1:*") {
            CommunityPattern($0)
        }
    }
}
