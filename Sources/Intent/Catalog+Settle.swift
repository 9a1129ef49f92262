// Which of the candidates may be applied beside what is applied already. All candidates are tried
// together, so that two files can swap a VLAN or name each other; those at fault are taken back to
// their last good until nobody is; then each of these is tried alone, since the other's withdrawal
// may have made room.

import Net

extension Catalog {
    /// Applies what can be applied.
    mutating func settle(_ work: inout Work) {
        let path = CatalogFile.settings.path
        if waiting.contains(path) { trySettings(&work) }
        guard hasSettings else {
            work.touched.formUnion(work.dirty)
            waiting.formUnion(work.dirty)
            return
        }
        settleFiles(&work)
    }

    private mutating func settleFiles(_ work: inout Work) {
        for path in work.dirty { keepMeaning(path, &work) }
        let tried = work.dirty.union(waiting).subtracting([CatalogFile.settings.path])
        let candidates = tried.filter(isCandidate)
        waiting.subtract(tried)
        work.touched.formUnion(work.dirty)
        for path in work.dirty.subtracting(candidates) { setCrossFaults(path, []) }
        var refused = settle(
            candidates, beside: work.refocus.union(work.dirty).subtracting(candidates), &work)
        // One refusal alone was final; of several, each may have been for the sake of another.
        var before = refused.count + 1
        while refused.count > 1, refused.count < before {
            before = refused.count
            for path in refused.sorted() {
                waiting.remove(path)
                if settle([path], beside: [], &work).isEmpty { refused.remove(path) }
            }
        }
        work.dirty = []
        work.refocus = []
    }

    /// The same meaning in other words is applied already, with its own places for faults.
    private mutating func keepMeaning(_ path: String, _ work: inout Work) {
        if let held = tenantFiles[path], let good = held.sameMeaning(path) {
            tenantFiles[path]?.good = good
            work.mustSave = true
        } else if let held = circuitFiles[path], let good = held.sameMeaning(path) {
            circuitFiles[path]?.good = good
            work.mustSave = true
        }
    }

    private func isCandidate(_ path: String) -> Bool {
        tenantFiles[path]?.isCandidate ?? circuitFiles[path]?.isCandidate ?? false
    }

    /// Tries candidates together; answers with those that were refused.
    private mutating func settle(
        _ candidates: Set<String>, beside others: Set<String>, _ work: inout Work
    ) -> Set<String> {
        guard !candidates.isEmpty || !others.isEmpty else { return [] }
        var trial = candidates
        var refusals: [String: [Fault]] = [:]
        let focus = focus(candidates, others)
        let scope = scope(focus, trial: candidates)
        var found = check(scope, trial: trial)
        while !trial.isEmpty {
            var refused = found.filter {
                trial.contains($0.key) && $0.value.contains(where: \.isFault)
            }
            if refused.isEmpty { refused = culprits(found, scope, trial) }
            guard !refused.isEmpty else { break }
            refusals.merge(refused) { _, new in new }
            trial.subtract(refused.keys)
            found = check(scope, trial: trial)
        }
        for path in trial.sorted(by: >) { apply(path, &work) }  // tenants before circuits
        for path in focus where !waiting.contains(path) {
            setCrossFaults(path, refusals[path] ?? found[path] ?? [])
        }
        work.touched.formUnion(focus)
        waiting.formUnion(refusals.keys)
        return Set(refusals.keys)
    }

    /// Whose faults the check decides: the candidates, and what names them or is named by them.
    private func focus(_ candidates: Set<String>, _ others: Set<String>) -> Set<String> {
        var focus = candidates.union(others)
        for path in candidates {
            switch CatalogFile(path: path) {
            case .tenant(let name):
                focus.formUnion(neighbours.carriers(of: [Neighbours.tenantMark(name)]))
            case .circuit(let name):
                focus.formUnion(neighbours.carriers(of: [Neighbours.exchangeMark(name)]))
                for circuit in forms(of: path) {
                    focus.formUnion(
                        circuit.peerings.map { CatalogFile.tenant($0.tenant).path })
                }
            default: break
            }
        }
        return focus.filter { tenantFiles[$0] != nil || circuitFiles[$0] != nil }
    }

    /// What must be on the table for the focus to be judged as if everything were.
    private func scope(_ focus: Set<String>, trial: Set<String>) -> Set<String> {
        var scope = focus
        for path in focus {
            for tenant in formsOfTenant(path) {
                scope.formUnion(neighbours.carriers(of: Neighbours.marks(of: tenant)))
                for exchange in tenant.exchange {
                    scope.insert(CatalogFile.circuit(exchange.from).path)
                    scope.insert(CatalogFile.circuit(exchange.to).path)
                }
            }
            for circuit in forms(of: path) {
                for isTrial in [false, true] {
                    let seeks = Neighbours.marks(of: circuit) { name in
                        let held = tenantFiles[CatalogFile.tenant(name).path]
                        return (isTrial ? held?.latest?.value : nil)?.table
                            ?? held?.good?.value.table
                    }.seeks
                    scope.formUnion(neighbours.carriers(of: seeks))
                }
            }
        }
        for path in scope {
            for circuit in forms(of: path) {
                scope.formUnion(circuit.peerings.map { CatalogFile.tenant($0.tenant).path })
            }
        }
        return scope
    }

    private func forms(of path: String) -> [Circuit] {
        guard let held = circuitFiles[path] else { return [] }
        return [held.good?.value, held.latest?.value].compactMap(\.self)
    }

    private func formsOfTenant(_ path: String) -> [Tenant] {
        guard let held = tenantFiles[path] else { return [] }
        return [held.good?.value, held.latest?.value].compactMap(\.self)
    }

    /// Faults of the scope with the trial's candidates in place of their last good. A file that
    /// is there and not applied stands as an empty document, so that whoever names it is told so.
    private func check(_ scope: Set<String>, trial: Set<String>) -> [String: [Fault]] {
        var tenants: [String: Document<Tenant>] = [:]
        for path in scope {
            guard let held = tenantFiles[path] else { continue }
            tenants[path] =
                (trial.contains(path) ? held.latest : held.good?.document) ?? Document(value: nil)
        }
        var circuits: [String: Document<Circuit>] = [:]
        var orphans: [String: [Fault]] = [:]
        for path in scope {
            guard let held = circuitFiles[path] else { continue }
            var document =
                (trial.contains(path) ? held.latest : held.good?.document) ?? Document(value: nil)
            if !trial.contains(path) {
                orphans[path] = document.leaveOut(path) { name in
                    tenants[CatalogFile.tenant(name).path]?.value == nil
                }
            }
            circuits[path] = document
        }
        let paths = Array(tenants.keys) + Array(circuits.keys)
        let precedence =
            [CatalogFile.settings.path]
            + paths.filter { !trial.contains($0) }.sorted()
            + paths.filter(trial.contains).sorted()
        let found = parsing.cross(
            settingsFile.good?.document ?? Document(value: nil), tenants, circuits, precedence)
        return found.merging(orphans) { $1 + $0 }
    }

    /// The trial has no fault itself, but what is applied has one that it had not before: the
    /// candidates that can have caused it, each with the fault that it would cause.
    private func culprits(
        _ found: [String: [Fault]], _ scope: Set<String>, _ trial: Set<String>
    ) -> [String: [Fault]] {
        let applied = found.filter {
            !trial.contains($0.key) && $0.value.contains(where: \.isFault)
        }
        guard !applied.isEmpty else { return [:] }
        let before = check(scope, trial: [])
        var culprits: [String: [Fault]] = [:]
        for path in applied.keys.sorted() {
            let new = Set((applied[path] ?? []).filter(\.isFault)).subtracting(before[path] ?? [])
            guard let fault = new.min(by: { $0.description < $1.description }) else { continue }
            var causes = Set(
                forms(of: path).flatMap(\.peerings).map { CatalogFile.tenant($0.tenant).path })
            causes.formUnion(
                formsOfTenant(path).flatMap(\.exchange).flatMap {
                    [CatalogFile.circuit($0.from).path, CatalogFile.circuit($0.to).path]
                })
            causes.formIntersection(trial)
            if causes.isEmpty { causes = trial }
            for cause in causes {
                culprits[cause, default: []].append(
                    Fault(file: cause, "would break what is applied: \(fault)"))
            }
        }
        return culprits
    }

    /// A candidate becomes what is applied.
    private mutating func apply(_ path: String, _ work: inout Work) {
        if let held = tenantFiles[path], case .bytes(let bytes) = held.file,
            let good = held.latest.flatMap({ Good(bytes, $0, path: path) })
        {
            work.notes.append(
                "tenant \(good.value.name): \(held.good == nil ? "applied" : "changed")")
            tenantFiles[path]?.good = good
            index(path)
            for circuit in neighbours.carriers(of: [Neighbours.tenantMark(good.value.name)]) {
                index(circuit)
            }
        } else if let held = circuitFiles[path], case .bytes(let bytes) = held.file,
            let good = held.latest.flatMap({ Good(bytes, $0, path: path) })
        {
            let impact = held.good.map {
                Catalog.impact(from: $0.value, to: good.value, on: settings?.edge)
            }
            work.notes.append(
                "circuit \(good.value.name): "
                    + (impact.map { "changed, impact \($0)" } ?? "applied"))
            circuitFiles[path]?.good = good
            appliedCircuits.insert(path)
            removals.applied(path)
            index(path)
        } else {
            preconditionFailure("a candidate is a file that says something good: \(path)")
        }
        work.changed.insert(path)
        work.mustSave = true
    }

    private mutating func setCrossFaults(_ path: String, _ faults: [Fault]) {
        if tenantFiles[path] != nil {
            tenantFiles[path]?.crossFaults = faults
        } else if circuitFiles[path] != nil {
            circuitFiles[path]?.crossFaults = faults
        }
    }

    /// Renews the marks that an applied file leaves for its neighbours.
    mutating func index(_ path: String) {
        if let tenant = tenantFiles[path]?.good?.value {
            neighbours.set(path, Neighbours.marks(of: tenant))
        } else if let circuit = circuitFiles[path]?.good?.value {
            let marks = Neighbours.marks(of: circuit) { tenant(named: $0)?.table }
            neighbours.set(path, marks.leaves)
        } else {
            neighbours.set(path, [])
        }
    }
}

extension Catalog {
    /// New settings are applied if nothing that runs breaks: every applied circuit can still be
    /// read, in its file's form or in its last good one.
    private mutating func trySettings(_ work: inout Work) {
        let path = CatalogFile.settings.path
        waiting.remove(path)
        work.touched.insert(path)
        work.dirty.remove(path)
        guard case .bytes(let bytes) = settingsFile.file, let document = settingsFile.latest,
            let good = Good(bytes, document, path: path)
        else { return }
        guard settingsFile.good?.value != good.value else {
            work.mustSave = work.mustSave || settingsFile.good?.bytes != bytes
            settingsFile.good = good
            settingsFile.crossFaults = []
            return
        }
        var trial = self
        var trialWork = work
        if let broken = trial.adopt(good, &trialWork) {
            settingsFile.crossFaults = [
                Fault(file: path, "would break what is applied: \(broken)")
            ]
            waiting.insert(path)
        } else {
            let isFirst = settingsFile.good == nil
            self = trial
            work = trialWork
            settingsFile.crossFaults = []
            work.notes.append(isFirst ? "settings: applied" : "settings: changed")
        }
    }

    /// Reads everything under these settings; answers with the first thing that they break.
    private mutating func adopt(_ good: Good<Settings>, _ work: inout Work) -> Fault? {
        let before = circuitFiles.mapValues { Set($0.crossFaults) }
        let tenantsBefore = tenantFiles.mapValues { Set($0.crossFaults) }
        settingsFile.good = good
        work.settingsChanged = true
        work.mustSave = true
        var stranded: [String: ([UInt8], Fault)] = [:]
        for path in circuitFiles.keys.sorted() {
            guard var held = circuitFiles[path] else { continue }
            if case .bytes(let bytes) = held.file { held.latest = readCircuit(path, bytes) }
            if let old = held.good {
                let isSame = held.file == .bytes(old.bytes)
                let document = isSame ? held.latest : readCircuit(path, old.bytes)
                if let document, document.value != nil {
                    held.good?.reread(document)
                } else {
                    stranded[path] = (
                        old.bytes,
                        document?.faults.first(where: \.isFault)
                            ?? Fault(file: path, "cannot be read any more")
                    )
                }
            }
            circuitFiles[path] = held
            index(path)
        }
        work.dirty.formUnion(circuitFiles.keys)
        work.dirty.formUnion(tenantFiles.keys)
        settleFiles(&work)
        for (path, (bytes, fault)) in stranded.sorted(by: { $0.key < $1.key })
        where circuitFiles[path]?.good?.bytes == bytes { return fault }
        for (path, faults) in before.sorted(by: { $0.key < $1.key }) {
            if let fault = circuitFiles[path]?.newHarm(faults) { return fault }
        }
        for (path, faults) in tenantsBefore.sorted(by: { $0.key < $1.key }) {
            if let fault = tenantFiles[path]?.newHarm(faults) { return fault }
        }
        return nil
    }
}

extension Held {
    /// The last good in the words that the file has now, when only the words differ.
    fileprivate func sameMeaning(_ path: String) -> Good<Value>? {
        guard let good, case .bytes(let bytes) = file, bytes != good.bytes, let latest,
            latest.value == good.value
        else { return nil }
        return Good(bytes, latest, path: path)
    }

    /// A fault of what is applied that was not there before.
    fileprivate func newHarm(_ before: Set<Fault>) -> Fault? {
        guard good != nil, !isCandidate else { return nil }
        return crossFaults.first { $0.isFault && !before.contains($0) }
    }
}

extension Document<Circuit> {
    /// What is applied goes on without the peerings of tenants that are gone, and keeps the claims
    /// of the others.
    fileprivate mutating func leaveOut(
        _ path: String, isGone: (_ tenant: String) -> Bool
    ) -> [Fault]? {
        guard let circuit = value else { return nil }
        let orphans = circuit.peerings.filter { isGone($0.tenant) }
        guard !orphans.isEmpty else { return nil }
        value?.peerings.removeAll { isGone($0.tenant) }
        return orphans.map { peering in
            let prefix = peering.name.isEmpty ? "" : "peerings.\(peering.name)."
            let place = places["\(prefix)tenant"] ?? places["tenant"]
            return Fault(
                file: path, line: place?.line ?? 0, column: place?.column ?? 0,
                "there is no tenant \(peering.tenant)")
        }
    }
}

extension Fault {
    var isFault: Bool { severity == .fault }
}
