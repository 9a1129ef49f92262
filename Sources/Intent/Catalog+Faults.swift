// What people are told: every fault at its place, what is held back and how to let it go. And the
// last step of an event, from applied files to changed shares.

import Net

extension Catalog {
    /// Everything that is wrong now, by file, in each file's order.
    public var faults: [Fault] {
        var faults = fileFaults
        if !removals.held.isEmpty {
            faults.append(Fault(file: "circuits", heldSentence, severity: .warning))
        }
        return faults
    }

    /// What is wrong in files that are there: all faults but those of held removals.
    public var fileFaults: [Fault] { reported.keys.sorted().flatMap { reported[$0] ?? [] } }

    /// What is wrong with a circuit's file, with its tenants' files, or with its removal.
    public func faults(forCircuit name: String) -> [Fault] {
        let path = CatalogFile.circuit(name).path
        let held = circuitFiles[path]
        let tenants = Set(
            [held?.good?.value, held?.latest?.value].compactMap(\.self).flatMap(\.peerings)
                .map { CatalogFile.tenant($0.tenant).path })
        var faults = ([path] + tenants.sorted()).flatMap { reported[$0] ?? [] }
        for path in ([path] + tenants.sorted()) where removals.held.contains(path) {
            faults.append(
                Fault(
                    file: path, "is gone; its removal is held until `circuitctl confirm`",
                    severity: .warning))
        }
        return faults
    }

    /// What the operator must know about held removals.
    var heldSentence: String {
        let paths = heldRemovals
        let names = paths.prefix(4).joined(separator: ", ")
        let more = paths.count > 4 ? " and \(paths.count - 4) more" : ""
        let lately = removals.removed.keys
        let gone = circuits(endingWith: paths).union(lately).count
        let all = appliedCircuits.union(lately).count
        return
            "\(names)\(more) \(paths.count == 1 ? "is" : "are") gone, and with that \(gone) of "
            + "\(all) circuits would go; nothing of it is removed until the files return or "
            + "`circuitctl confirm` says so"
    }

    /// Renews the faults of what the event has touched.
    mutating func report(_ work: inout Work) {
        for path in work.touched.sorted() {
            let faults = currentFaults(of: path)
            let before = Set(reported[path] ?? [])
            guard Set(faults) != before else { continue }
            reported[path] = faults.isEmpty ? nil : faults
            work.notes += faults.filter { !before.contains($0) }.map(\.description)
            if !faults.contains(where: \.isFault), before.contains(where: \.isFault) {
                work.notes.append("\(path): no faults any more")
            }
        }
    }

    private func currentFaults(of path: String) -> [Fault] {
        switch CatalogFile(path: path) {
        case .settings:
            guard settingsFile.file == .gone else { return settingsFile.faults }
            return [
                Fault(
                    file: path,
                    hasSettings
                        ? "is gone; the last good settings stay"
                        : "is not there; without it nothing can be applied")
            ]
        case .tenant: return tenantFiles[path]?.faults ?? []
        case .circuit: return circuitFiles[path]?.faults ?? []
        case nil: return [oversights[path]].compactMap(\.self)
        }
    }

    /// Compiles what changed, and keeps what came out different.
    mutating func compile(_ work: Work, into change: inout CatalogChange) {
        guard let settings else { return }
        if work.settingsChanged { change.settings = settings }
        var circuits = work.settingsChanged ? appliedCircuits : []
        var tenants: Set<String> = []
        for path in work.changed {
            switch CatalogFile(path: path) {
            case .circuit: circuits.insert(path)
            case .tenant(let name):
                tenants.insert(name)
                circuits.formUnion(neighbours.carriers(of: [Neighbours.tenantMark(name)]))
            default: break
            }
        }
        for path in circuits {
            guard case .circuit(let name) = CatalogFile(path: path) else { continue }
            let old = circuitShares[name]
            let new = circuitFiles[path]?.good.map { share(of: $0.value, settings) }
            guard old != new else { continue }
            circuitShares[name] = new
            change.circuits.updateValue(new, forKey: name)
            let before = Set(old?.localLinks.map(\.tenant) ?? [])
            let after = Set(new?.localLinks.map(\.tenant) ?? [])
            for tenant in before.subtracting(after) { localUsers[tenant]?.remove(path) }
            for tenant in after { localUsers[tenant, default: []].insert(path) }
            tenants.formUnion(before.symmetricDifference(after))
        }
        for name in tenants {
            let isUsed = localUsers[name]?.isEmpty == false
            if !isUsed { localUsers[name] = nil }
            let new = tenant(named: name).flatMap {
                Compile.share(of: $0, settings: settings, hasLocalCircuits: isUsed)
            }
            guard tenantShares[name] != new else { continue }
            tenantShares[name] = new
            change.tenants.updateValue(new, forKey: name)
        }
    }

    private func share(of circuit: Circuit, _ settings: Settings) -> CircuitShare {
        var tenants: [String: Tenant] = [:]
        for peering in circuit.peerings {
            tenants[peering.tenant] = tenant(named: peering.tenant)
        }
        return Compile.share(of: circuit, tenants: tenants, settings: settings)
    }
}

extension Held {
    /// All that is wrong with what the file says now.
    fileprivate var faults: [Fault] { (latest?.faults ?? []) + crossFaults }
}
