// The explanation in sentences, for somebody who wonders where packets go.

extension WhyTable {
    /// Writes the sentences of the table and of its candidates.
    mutating func explain(_ asked: String) {
        let isShared = candidates.contains { $0.verdict == .shares }
        for index in candidates.indices {
            candidates[index].sentence = candidates[index].verdictSentence(
                before: index > 0 ? candidates[index - 1] : nil,
                behind: candidates[(index + 1)...].first { $0.verdict == .behind },
                isShared: isShared)
        }
        guard let prefix else {
            sentences = ["nothing here covers \(asked)"]
            return
        }
        sentences = []
        if prefix != asked { sentences.append("\(asked) itself is no route; \(prefix) covers it") }
        sentences.append(count)
        if let way { sentences.append(way) }
        if let kernel { sentences.append(kernel.sentence) }
    }

    /// `3 paths, 1 of them refused`.
    private var count: String {
        let refused = candidates.count { $0.verdict == .refused }
        switch (candidates.count, refused) {
        case (0, _): return "no path is left of it"
        case (1, 0): return "1 path"
        case (1, _): return "1 path, which is refused"
        case (let all, let some) where all == some:
            return "\(all) paths, all of them refused"
        case (let all, 0): return "\(all) paths"
        case (let all, let some): return "\(all) paths, \(some) of them refused"
        }
    }

    /// Where the traffic goes, and why there.
    private var way: String? {
        guard let best = candidates.first(where: { $0.verdict == .best }) else { return nil }
        guard best.kind != .network else {
            return "it is a network of the tenant's own, which we announce; what is not routed "
                + "further inside it is unreachable"
        }
        let sharing = candidates.filter { $0.verdict == .shares }
        if !sharing.isEmpty {
            let ways = ([best] + sharing).map(\.name)
            return "\(ways.count) equal paths share the traffic: \(ways.joined(separator: "; "))"
        }
        return "traffic goes by \(best.name)"
    }
}

extension WhyPath {
    /// Whose path it is: `169.254.10.2 of acme-azure azure-private/primary`.
    public var name: String {
        let place = [route.circuit, route.link].filter { !$0.isEmpty }.joined(separator: " ")
        let gateway = route.peer ?? route.nextHop
        let path = route.pathID.map { ", path \($0)" } ?? ""
        switch (gateway, place.isEmpty) {
        case (let gateway?, false): return "\(gateway) of \(place)\(path)"
        case (let gateway?, true): return "\(gateway)\(path)"
        case (nil, false): return place
        case (nil, true): return "the tenant's own networks"
        }
    }

    /// The verdict with its reason; `before` is the path before it, `behind` the first one that
    /// this one put behind; `isShared` says that others are equal to the best.
    func verdictSentence(before: WhyPath?, behind: WhyPath?, isShared: Bool = false) -> String {
        switch verdict {
        case .refused:
            let why = refusal ?? route.reason ?? "by policy"
            return why.hasPrefix("refused") ? why : "refused: \(why)"
        case .shares: return "shares the traffic: equal to the best as far as it matters"
        case .behind:
            guard let step, let before else { return "behind the one before" }
            return "behind the one before, because \(step.sentence(loser: self, winner: before))"
        case .best:
            guard let step, step != .only, let behind else {
                if isShared { return "best; the others that may enter share the traffic with it" }
                return step == .only || behind == nil ? "best: there is no other" : "best"
            }
            return "best; the next is behind, because "
                + step.sentence(loser: behind, winner: self)
        }
    }

    /// The length of the AS path as selection counts it: a set is one.
    var pathLength: Int {
        var length = 0
        var isInside = false
        for word in route.asPath.split(separator: " ") {
            if !isInside { length += 1 }
            if word.hasPrefix("{") { isInside = true }
            if word.hasSuffix("}") { isInside = false }
        }
        return length
    }

    private var neighbour: String {
        route.asPath.split(separator: " ").first.map(String.init) ?? ""
    }

    fileprivate var kindName: String {
        switch kind {
        case .network: "a network of the tenant's own"
        case .static: "a static route"
        case .external, .internal: "a route by BGP"
        }
    }

    fileprivate var medText: String {
        let name = neighbour.isEmpty ? "" : " of AS \(neighbour)"
        return "its MED \(route.med ?? 0) is higher than that of another path\(name)"
    }
}

extension SelectionStep {
    /// What made `loser` lose against `winner`: a half sentence about the loser.
    func sentence(loser: WhyPath, winner: WhyPath) -> String {
        switch self {
        case .only: return "there is no other"
        case .kind: return "it is \(loser.kindName), and \(winner.kindName) goes first"
        case .longLived: return "its peer is gone for long, and it is the last choice"
        case .localPref:
            let drained = loser.preference == 0 ? ", as the last choice" : ""
            return "its local preference is \(loser.preference)\(drained), not "
                + "\(winner.preference)"
        case .pathLength:
            return "its AS path is longer, \(loser.pathLength) against \(winner.pathLength)"
        case .origin:
            return "its origin is \(loser.route.origin), not \(winner.route.origin)"
        case .med: return loser.medText
        case .external: return "it comes from our own AS, and one of another AS goes first"
        case .routerID:
            guard let lower = winner.routerID, let higher = loser.routerID, lower != higher else {
                return "all else is equal, and its router id is higher"
            }
            return "all else is equal, and its router id \(higher) is higher than \(lower)"
        case .clusterLength: return "it was reflected more often"
        case .peerAddress: return "all else is equal, and its peer's address is higher"
        case .order: return "all is equal, and the other was there first"
        }
    }
}

extension KernelRoute {
    /// What the kernel has, in a sentence.
    var sentence: String {
        let ways = hops.map { "\($0.gateway) on \($0.device)" }.joined(separator: ", ")
        let end = detail.map { ": \($0)" } ?? ""
        switch state {
        case .installed:
            return hops.isEmpty
                ? "the kernel has it" : "the kernel has it, by \(ways)"
        case .pending:
            return hops.isEmpty
                ? "the kernel does not have it yet" : "on its way to the kernel, by \(ways)"
        case .refused: return "the kernel refuses it\(end)"
        case .foreign: return "somebody else's route stands in its place in the kernel\(end)"
        case .unreachable: return "the kernel has it, and answers that it is unreachable"
        case .absent: return "the kernel has no route of ours for it"
        }
    }
}
