// The steps of one event: what is there is taken in, the guard judges what is not, removals whose
// time has come are done, and only then newcomers are tried, so that they may take the freed place.

public import Net

/// What one event has touched so far.
struct Work {
    /// Paths whose file says something else than before.
    var dirty: Set<String> = []
    /// Applied files to be checked anew, since what they name has changed.
    var refocus: Set<String> = []
    /// Paths whose faults may differ.
    var touched: Set<String> = []
    /// Paths of circuits and tenants whose applied meaning differs.
    var changed: Set<String> = []
    var settingsChanged = false
    /// The bytes of a last good file differ from those saved.
    var mustSave = false
    var notes: [String] = []
}

extension Catalog {
    /// Files or keys have changed. The first delta after `init` should be complete; where it is
    /// not, what the last run left stays until one is.
    public mutating func changed(_ delta: DirectoryDelta, at now: Instant) -> CatalogChange {
        event(at: now, keys: delta.keys) { catalog, work in
            catalog.absorb(delta, at: now, &work)
        }
    }

    /// Time has passed: removals that are due are done.
    public mutating func tick(at now: Instant) -> CatalogChange {
        event(at: now) { _, _ in }
    }

    /// The operator confirms the removals that are held now.
    public mutating func confirm(at now: Instant) -> CatalogChange {
        event(at: now) { catalog, work in
            let paths = catalog.removals.takeHeld()
            for path in paths { catalog.remove(path, since: nil, &work) }
            guard !paths.isEmpty else { return }
            catalog.removals.settle(catalog.appliedCircuits)
            work.notes.append("confirmed: \(paths.count) held removals done")
        }
    }

    private mutating func event(
        at now: Instant, keys: [String: KeyFile]? = nil,
        _ body: (inout Catalog, inout Work) -> Void
    ) -> CatalogChange {
        var work = Work()
        let marks = (removals.held, Set(removals.removed.keys))
        if let keys { replaceKeys(keys, &work) }
        restore(at: now, &work)
        _ = removals.expire(at: now, applied: appliedCircuits)
        body(&self, &work)
        hasStarted = true
        judgeRemovals(&work)
        for due in removals.takeDue(at: now) { remove(due.path, since: due.since, &work) }
        settle(&work)
        var change = CatalogChange()
        compile(work, into: &change)
        report(&work)
        change.notes = work.notes
        if work.mustSave || marks != (removals.held, Set(removals.removed.keys)) {
            change.saved = encoded()
        }
        return change
    }

    private mutating func restore(at now: Instant, _ work: inout Work) {
        guard let saved = restoring else { return }
        restoring = nil
        func lost(_ path: String) -> String {
            "\(path): the last good form of it can no longer be read, and is given up"
        }
        if let bytes = saved.files[CatalogFile.settings.path] {
            let document = parsing.settings(bytes, CatalogFile.settings.path, hostName)
            settingsFile.good = Good(bytes, document, path: CatalogFile.settings.path)
            work.settingsChanged = settingsFile.good != nil
            if settingsFile.good == nil { work.notes.append(lost(CatalogFile.settings.path)) }
        }
        for path in saved.files.keys.sorted() {
            guard let bytes = saved.files[path], let file = CatalogFile(path: path) else {
                continue
            }
            switch file {
            case .settings: continue
            case .tenant:
                tenantFiles[path, default: Held()].good = Good(
                    bytes, readTenant(path, bytes), path: path)
            case .circuit:
                circuitFiles[path, default: Held()].good = readCircuit(path, bytes).flatMap {
                    Good(bytes, $0, path: path)
                }
            }
            if tenantFiles[path]?.good == nil, circuitFiles[path]?.good == nil {
                work.notes.append(lost(path))
                tenantFiles[path] = nil
                circuitFiles[path] = nil
            } else {
                work.refocus.insert(path)
                work.changed.insert(path)
            }
        }
        appliedCircuits = Set(circuitFiles.lazy.filter { $0.value.good != nil }.map(\.key))
        for path in work.changed { index(path) }
        let isApplied = { (path: String) in work.changed.contains(path) }
        removals.restore(
            held: saved.held.filter(isApplied), removed: saved.removed.subtracting(work.changed),
            applied: appliedCircuits, at: now)
    }

    private mutating func absorb(
        _ delta: DirectoryDelta, at now: Instant, _ work: inout Work
    ) {
        for (path, file) in delta.files { take(path, file, at: now, &work) }
        guard delta.isComplete else {
            // Without settings nothing else works: people are told at once.
            let settings = CatalogFile.settings.path
            if !hasStarted, delta.files[settings] == nil { take(settings, .gone, at: now, &work) }
            return
        }
        let known =
            [CatalogFile.settings.path] + tenantFiles.keys + circuitFiles.keys + oversights.keys
        for path in known where delta.files[path] == nil { take(path, .gone, at: now, &work) }
    }

    private mutating func take(
        _ path: String, _ file: DirectoryDelta.File, at now: Instant, _ work: inout Work
    ) {
        guard let kind = CatalogFile(path: path) else {
            let oversight = file == .gone ? nil : CatalogFile.oversight(path: path)
            guard oversight != oversights[path] else { return }
            oversights[path] = oversight
            work.touched.insert(path)
            return
        }
        switch kind {
        case .settings:
            guard settingsFile.file != file || !hasStarted else { return }
            settingsFile.file = file
            settingsFile.latest = settingsFile.read(path) { bytes in
                parsing.settings(bytes, path, hostName)
            }
            settingsFile.crossFaults = []
            waiting.insert(path)
        case .tenant:
            var held = tenantFiles[path] ?? Held()
            defer { tenantFiles[path] = held.isForgotten ? nil : held }
            keepTime(path, isApplied: held.good != nil, file, at: now)
            guard held.file != file else { return }
            held.file = file
            held.latest = held.read(path) { readTenant(path, $0) }
        case .circuit:
            var held = circuitFiles[path] ?? Held()
            defer { circuitFiles[path] = held.isForgotten ? nil : held }
            keepTime(path, isApplied: held.good != nil, file, at: now)
            guard held.file != file else { return }
            held.file = file
            held.latest = held.read(path) { readCircuit(path, $0) }
        }
        work.dirty.insert(path)
    }

    private mutating func keepTime(
        _ path: String, isApplied: Bool, _ file: DirectoryDelta.File, at now: Instant
    ) {
        if file == .gone, isApplied {
            removals.left(path, at: now)
        } else {
            removals.returned(path)
        }
    }

    /// Circuits that name a changed key are read again, what is applied of them too: a key that
    /// is taken away must take its session down even while the circuit's file is faulty.
    private mutating func replaceKeys(_ new: [String: KeyFile], _ work: inout Work) {
        guard new != keys else { return }
        let names = Set(new.keys).union(keys.keys).filter { new[$0] != keys[$0] }
        keys = new
        guard hasStarted else { return }
        for path in circuitFiles.keys {
            guard var held = circuitFiles[path] else { continue }
            let isUsed = { (circuit: Circuit?) in
                circuit?.passwordFiles.contains { names.contains($0) } ?? false
            }
            if case .bytes(let bytes) = held.file,
                held.latest?.value == nil || isUsed(held.latest?.value)
            {
                held.latest = readCircuit(path, bytes)
                work.dirty.insert(path)
            }
            if let good = held.good, isUsed(good.value) {
                if case .bytes(good.bytes) = held.file, let latest = held.latest {
                    held.good?.reread(latest)
                } else if let document = readCircuit(path, good.bytes) {
                    held.good?.reread(document)
                }
                work.changed.insert(path)
                work.touched.insert(path)
                let impact = held.good.map {
                    Catalog.impact(from: good.value, to: $0.value, on: settings?.edge)
                }
                work.notes.append(
                    "circuit \(good.value.name): a password of it has changed, "
                        + "impact \(impact ?? .session)")
            }
            circuitFiles[path] = held
        }
    }

    private mutating func judgeRemovals(_ work: inout Work) {
        guard removals.nextDeadline != nil else { return }
        let isEmpty =
            settingsFile.file == .gone && tenantFiles.values.allSatisfy { $0.file == .gone }
            && circuitFiles.values.allSatisfy { $0.file == .gone }
        let holds = removals.judge(
            going: circuits(endingWith: removals.absent.keys), applied: appliedCircuits,
            isDirectoryEmpty: isEmpty)
        if holds { work.notes.append(heldSentence) }
    }

    /// The applied circuits that end when these files' removal is done.
    func circuits(endingWith paths: some Sequence<String>) -> Set<String> {
        var going: Set<String> = []
        for path in paths {
            switch CatalogFile(path: path) {
            case .circuit: going.insert(path)
            case .tenant(let name):
                going.formUnion(neighbours.carriers(of: [Neighbours.tenantMark(name)]))
            default: break
            }
        }
        return going
    }

    /// Ends what was applied of a path; `since` is nil when the operator said so.
    private mutating func remove(_ path: String, since: Instant?, _ work: inout Work) {
        switch CatalogFile(path: path) {
        case .circuit(let name):
            work.notes.append("circuit \(name): removed, its file is gone")
            drop(path, since: since, &work)
        case .tenant(let name):
            guard tenantFiles[path]?.good != nil else { return }
            work.notes.append("tenant \(name): removed, its file is gone")
            tenantFiles[path]?.good = nil
            work.mustSave = true
            work.changed.insert(path)
            work.touched.insert(path)
            if tenantFiles[path]?.isForgotten == true { tenantFiles[path] = nil }
            index(path)
            for circuit in neighbours.carriers(of: [Neighbours.tenantMark(name)]).sorted() {
                let tenants = circuitFiles[circuit]?.good?.value.peerings.map(\.tenant) ?? []
                if tenants.contains(where: { tenant(named: $0) != nil }) {
                    // The other tenant's peerings of the same circuit go on.
                    work.refocus.insert(circuit)
                    work.changed.insert(circuit)
                    index(circuit)
                } else {
                    work.notes.append(
                        "\(circuit): removed with its tenant \(name), whose file is gone")
                    drop(circuit, since: since, &work)
                }
            }
        default: break
        }
    }

    private mutating func drop(_ path: String, since: Instant?, _ work: inout Work) {
        guard let circuit = circuitFiles[path]?.good?.value else { return }
        for peering in circuit.peerings {
            work.refocus.insert(CatalogFile.tenant(peering.tenant).path)
        }
        work.refocus.formUnion(
            neighbours.carriers(of: [Neighbours.exchangeMark(circuit.name)]))
        circuitFiles[path]?.good = nil
        if circuitFiles[path]?.isForgotten == true { circuitFiles[path] = nil }
        appliedCircuits.remove(path)
        removals.returned(path)
        if let since { removals.wasRemoved(path, since: since) }
        index(path)
        work.mustSave = true
        work.dirty.insert(path)
        work.changed.insert(path)
    }

    private func encoded() -> [UInt8] {
        var records: [String: SavedRecord] = [:]
        records[CatalogFile.settings.path] = settingsFile.good?.record
        for (path, held) in tenantFiles { records[path] = held.good?.record }
        for path in appliedCircuits { records[path] = circuitFiles[path]?.good?.record }
        return SavedCatalog.encoded(
            records: records.keys.sorted().compactMap { records[$0] }, held: removals.held,
            removed: Set(removals.removed.keys))
    }
}

extension Catalog {
    func readTenant(_ path: String, _ bytes: [UInt8]) -> Document<Tenant> {
        var document = parsing.tenant(bytes, path)
        if let name = document.value?.name, CatalogFile.tenant(name).path != path {
            document.value = nil
            document.faults.append(
                Fault(file: path, "tenant \(name) belongs into tenants/\(name).yaml"))
        }
        return document
    }

    /// Nil without settings, which decide what a circuit's file means.
    func readCircuit(_ path: String, _ bytes: [UInt8]) -> Document<Circuit>? {
        guard let settings = settingsFile.good?.value else { return nil }
        var document = parsing.circuit(bytes, path, settings, keys)
        if let name = document.value?.name, CatalogFile.circuit(name).path != path {
            document.value = nil
            document.faults.append(
                Fault(file: path, "circuit \(name) belongs into circuits/\(name).yaml"))
        }
        return document
    }
}

extension Held {
    /// What the file says; bytes that are applied already are not read again.
    func read(_ path: String, _ parse: ([UInt8]) -> Document<Value>?) -> Document<Value>? {
        switch file {
        case .gone: nil
        case .unreadable(let reason):
            Document(value: nil, faults: [Fault(file: path, "cannot be read: \(reason)")])
        case .bytes(let bytes):
            if let good, good.bytes == bytes { good.document } else { parse(bytes) }
        }
    }
}

extension Circuit {
    fileprivate var passwordFiles: Set<String> {
        Set(peerings.flatMap(\.links).flatMap(\.sessions).compactMap(\.password?.file))
    }
}
