// Snapshots for people and health: sorted, bounded, made when asked.

public import Net

extension RIB {
    /// What the source announces, accepted and refused.
    public func received(_ source: SourceID) -> PrefixCounts {
        guard let slot = slot(source) else { return PrefixCounts() }
        return common.sources[slot].counts(\.received)
    }

    /// What of it entered.
    public func accepted(_ source: SourceID) -> PrefixCounts {
        guard let slot = slot(source) else { return PrefixCounts() }
        return common.sources[slot].counts(\.accepted)
    }

    /// How many of the source's accepted prefixes the kernel has no route for: not yet, not any
    /// more, or not at all while no gateway of theirs is usable. Counted as rows change, so asking
    /// costs nothing; a lost gateway shows as soon as a sweep has come by its rows.
    public func unacknowledged(_ source: SourceID) -> UInt32 {
        guard let slot = slot(source) else { return 0 }
        return Family.allCases.reduce(0) { total, family in
            let life = common.sources[slot][family]
            return total &+ UInt32(clamping: life.present.lacking + life.stale.lacking)
        }
    }

    /// A source's paths, sorted; at most `limit`.
    public func paths(
        of source: SourceID, view: PathView, limit: Int = .max
    ) -> [PathEntry] {
        guard let slot = slot(source) else { return [] }
        var result = routes4.paths(slot, view, limit: limit, common)
        result += routes6.paths(slot, view, limit: limit - result.count, common)
        return result
    }

    /// The best path of each prefix of a space, with those that share its traffic behind it,
    /// sorted; at most `limit`.
    public func bestRoutes(_ space: SpaceID, limit: Int = .max) -> [PathEntry] {
        guard let index = common.spaceIndex[space] else { return [] }
        var result = routes4.bestRoutes(index, limit: limit, common)
        result += routes6.bestRoutes(index, limit: limit - result.count, common)
        return result
    }

    /// All candidates for a prefix in the order of selection, each with what put it there; refused
    /// paths stand at the end.
    public func explain(_ space: SpaceID, _ prefix: Prefix) -> [PathEntry] {
        guard let index = common.spaceIndex[space] else { return [] }
        return switch prefix {
        case .v4(let prefix): routes4.explain(index, prefix, common)
        case .v6(let prefix): routes6.explain(index, prefix, common)
        }
    }

    /// How many prefixes of a space have a path.
    public func routeCounts(_ space: SpaceID) -> PrefixCounts {
        guard let index = common.spaceIndex[space] else { return PrefixCounts() }
        return PrefixCounts(
            ipv4: UInt32(clamping: routes4.tables[index].count),
            ipv6: UInt32(clamping: routes6.tables[index].count))
    }
}

extension Source {
    /// A number of the present paths and the stale ones together, by family.
    func counts(_ number: KeyPath<Life.Counts, UInt32>) -> PrefixCounts {
        var result = PrefixCounts()
        for family in Family.allCases {
            let life = self[family]
            result[family] = life.present[keyPath: number] &+ life.stale[keyPath: number]
        }
        return result
    }
}

extension Routes {
    func paths(
        _ source: Int, _ view: PathView, limit: Int, _ common: borrowing Common
    ) -> [PathEntry] {
        let table = common.sources[source].space
        var found: [(row: Int, handle: UInt32)] = []
        for row in tables[table].rows.indices where tables[table].rows[row].flags.contains(.live) {
            var handle = tables[table].rows[row].paths
            while handle != 0 {
                let path = paths[handle]
                if path.tag.source == source, common.sources[source].isValid(path.tag, P.family),
                    view == .received || !path.tag.isRefused
                {
                    found.append((row, handle))
                }
                handle = path.next
            }
        }
        found.sort {
            let a = tables[table].rows[$0.row].prefix
            let b = tables[table].rows[$1.row].prefix
            if a != b { return a < b }
            return common.attributes.pathID(paths[$0.handle].attributes)
                < common.attributes.pathID(paths[$1.handle].attributes)
        }
        return found.prefix(max(limit, 0)).map {
            entry(table, $0.row, $0.handle, isReceived: view == .received, common)
        }
    }

    func bestRoutes(_ table: Int, limit: Int, _ common: borrowing Common) -> [PathEntry] {
        var result: [PathEntry] = []
        for row in tables[table].sorted {
            if result.count >= limit { break }
            if best(table, row, common) != nil {
                result += explain(table, tables[table].rows[row].prefix, common)
                    .filter { $0.isBest || $0.isMultipath }.prefix(limit - result.count)
            }
        }
        return result
    }

    func explain(_ table: Int, _ prefix: P, _ common: borrowing Common) -> [PathEntry] {
        guard let row = tables[table].find(prefix) else { return [] }
        var candidates: [Candidate] = []
        var refused: [PathEntry] = []
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            if common.sources[path.tag.source].isValid(path.tag, P.family) {
                if path.tag.isRefused {
                    refused.append(entry(table, row, handle, common))
                } else {
                    candidates.append(candidate(handle, path, common))
                }
            }
            handle = path.next
        }
        var reasons: [SelectionReason]? = []
        Selection.order(&candidates, reasons: &reasons)
        let sharers = sharers(candidates)
        var result: [PathEntry] = []
        for (place, candidate) in candidates.enumerated() {
            var entry = entry(table, row, candidate.path, common)
            entry.isBest = place == 0
            entry.isMultipath = sharers.contains(candidate.path)
            entry.reason = reasons?[place]
            if entry.isMultipath {
                let outdone = candidates.firstIndex { !sharers.contains($0.path) }
                entry.reason =
                    !entry.isBest
                    ? .multipath
                    : outdone.map { Selection.decision(candidates, winner: 0, loser: $0) }
                        ?? .only
            }
            result.append(entry)
        }
        return result + refused.sorted { ($0.source, $0.pathID) < ($1.source, $1.pathID) }
    }

    /// The paths that share the traffic, none where one has it all.
    private func sharers(_ candidates: [Candidate]) -> [UInt32] {
        var ways = candidates.filter { $0.gateway != 0 }
        let end = Selection.gather(&ways, from: 0)
        let gateways = Set(ways[..<end].map(\.gateway))
        return gateways.count > 1 ? ways[..<end].map(\.path) : []
    }

    /// Whether a path of a row is one of several that share the traffic.
    private func isSharing(
        _ table: Int, _ row: Int, _ path: Path, _ common: borrowing Common
    ) -> Bool {
        let own = Int(tables[table].rows[row].own)
        let end = common.forwarding.choices[own].key.endOfTier(0)
        guard own != 0, end > 1, path.gateway != 0,
            common.forwarding.choices[own].key.gateways[..<end].contains(path.gateway)
        else { return false }
        var candidates: [Candidate] = []
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let other = paths[handle]
            if !other.tag.isRefused, common.sources[other.tag.source].isValid(other.tag, P.family) {
                candidates.append(candidate(handle, other, common))
            }
            handle = other.next
        }
        return sharers(candidates).contains {
            paths[$0].tag == path.tag && paths[$0].attributes == path.attributes
        }
    }

    /// Whether the kernel's route leads to a gateway.
    private func isActive(
        _ table: Int, _ row: Int, _ gateway: UInt32, _ common: borrowing Common
    ) -> Bool {
        let held = tables[table].rows[row].held
        guard held != 0, held != unknownGroup else { return false }
        return common.forwarding.groups[Int(held)].actives.contains(gateway)
    }

    private func entry(
        _ table: Int, _ row: Int, _ handle: UInt32, isReceived: Bool = false,
        _ common: borrowing Common
    ) -> PathEntry {
        let prefix = tables[table].rows[row].prefix
        let path = paths[handle]
        let source = path.tag.source
        let shown =
            isReceived ? common.attributes.received(path.attributes) : path.attributes
        return PathEntry(
            prefix: prefix.prefix, source: SourceID(source),
            pathID: common.attributes.pathID(path.attributes),
            nextHop: common.attributes.nextHop(path.attributes),
            attributes: common.attributes.bytes(shown), localPref: localPref(path, common),
            gateway: path.gateway == 0
                ? nil : common.forwarding.gateways[Int(path.gateway)].id,
            refusal: path.tag.isRefused
                ? RIB.reason(prefix, path.attributes, source, common) : nil,
            isStale: common.sources[source].isStale(path.tag, P.family),
            isLongLived: common.sources[source].isLongLived(path.tag, P.family),
            isBest: handle == bestHandle(table, row, common),
            isMultipath: isSharing(table, row, path, common),
            isActive: isActive(table, row, path.gateway, common), reason: nil,
            isInKernel: tables[table].rows[row].held != 0)
    }
}
