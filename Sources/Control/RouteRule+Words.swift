// Rules and roles in words, as steps of a policy.

import Net

extension PeeringRole {
    /// RFC 9234 §5, receiving.
    func inbound(_ peer: ASN, isStrict: Bool) -> String {
        let also = isStrict ? "; a peer without a role is refused" : ""
        let what =
            switch self {
            case .provider, .routeServer:
                "routes marked only-to-customer are leaks and refused"
            case .peer:
                "routes marked only-to-customer by another AS than \(peer) are leaks and refused; "
                    + "unmarked ones are marked with \(peer)"
            case .customer, .routeServerClient: "unmarked routes are marked with \(peer)"
            }
        return "our role is \(self): \(what)\(also)"
    }

    /// RFC 9234 §5, sending.
    func outbound(_ ours: ASN) -> String {
        switch self {
        case .provider, .routeServer:
            "our role is \(self): unmarked routes are marked only-to-customer with \(ours)"
        case .peer:
            "our role is peer: routes marked only-to-customer stay; others are marked with \(ours)"
        case .customer, .routeServerClient:
            "our role is \(self): routes marked only-to-customer stay"
        }
    }
}

extension RouteRule {
    func step(_ position: Int, of key: String, prepending asn: ASN) -> PolicyStep {
        let conditions = conditions
        let head = conditions.isEmpty ? "all" : conditions.joined(separator: " and ")
        return PolicyStep(
            .rule,
            "\(key) \(position): \(head): \(changes(prepending: asn).joined(separator: ", "))",
            rule: PolicyRule(self, position: position))
    }

    private var conditions: [String] {
        var parts: [String] = []
        if let prefixes { parts.append(listed(prefixes)) }
        if !pathContains.isEmpty {
            parts.append("AS path with \(any(pathContains.map(\.description)))")
        }
        if let pathLongerThan { parts.append("AS path longer than \(pathLongerThan)") }
        if let pathShorterThan { parts.append("AS path shorter than \(pathShorterThan)") }
        if !originAS.isEmpty { parts.append("origin AS \(any(originAS.map(\.description)))") }
        if !communities.isEmpty {
            parts.append("community \(any(communities.map(\.description)))")
        }
        return parts
    }

    private func changes(prepending asn: ASN) -> [String] {
        if isRefusal { return ["refused"] }
        var parts: [String] = []
        if let localPref { parts.append("local preference \(localPref)") }
        if let med { parts.append("MED \(med)") }
        if prepend > 0 {
            parts.append("AS \(asn) \(prepend) more \(prepend == 1 ? "time" : "times") in front")
        }
        if !removes.isEmpty {
            parts.append("communities gone: \(removes.map(\.description).joined(separator: ", "))")
        }
        if !adds.isEmpty {
            parts.append("communities added: \(adds.map(\.description).joined(separator: ", "))")
        }
        return parts
    }

    private func any(_ words: [String]) -> String { words.joined(separator: " or ") }
}
