// The operator's directory as the daemon believes it: of each file what it says now, and what of
// it is applied. The two differ while a file is faulty, conflicts with what is applied, or is gone.
//
// Promises: a file's fault never disturbs what is applied, neither its own circuit nor others;
// between files the applied one wins; what is applied outlives restarts through `saved`; nothing
// is removed because a copy failed (CatalogGuard). One event costs what changed, not what there is.
//
// The steps of one event are in Catalog+Events, acceptance between files in Catalog+Settle,
// what people are told in Catalog+Faults.

public import Net

/// What the configuration directory means, with its history as far as it decides.
public struct Catalog: Sendable {
    let hostName: String
    let parsing: Parsing
    /// What the last run left, until the first event.
    var restoring: SavedCatalog?
    var hasStarted = false

    var settingsFile = Held<Settings>()
    /// By path.
    var tenantFiles: [String: Held<Tenant>] = [:]
    /// By path.
    var circuitFiles: [String: Held<Circuit>] = [:]
    var keys: [String: KeyFile] = [:]
    /// Files that somebody may have meant to be read, by path.
    var oversights: [String: Fault] = [:]

    /// Files that say something good that is not applied: they are tried again at every event.
    var waiting: Set<String> = []
    var removals = RemovalGuard()
    var neighbours = Neighbours()
    /// Paths of applied circuits.
    var appliedCircuits: Set<String> = []
    /// Circuits' paths with links of this edge, by tenant.
    var localUsers: [String: Set<String>] = [:]
    /// Faults by path, where there are any.
    var reported: [String: [Fault]] = [:]

    var circuitShares: [String: CircuitShare] = [:]
    var tenantShares: [String: TenantShare] = [:]

    /// A catalog that starts from what the last run saved. It is empty until the first event.
    public init(restoring: SavedCatalog?, hostName: String) {
        self.init(restoring: restoring, hostName: hostName, parsing: .files)
    }

    init(restoring: SavedCatalog?, hostName: String, parsing: Parsing) {
        self.restoring = restoring
        self.hostName = hostName
        self.parsing = parsing
    }

    /// The settings that are applied; nil until there were good ones.
    public var settings: Settings? { settingsFile.good?.value }

    /// Whether there ever were good settings, without which no circuit can be read.
    public var hasSettings: Bool { settings != nil }

    /// The applied circuits by name.
    public var circuits: [String: Circuit] {
        var circuits: [String: Circuit] = [:]
        for path in appliedCircuits {
            guard let circuit = circuitFiles[path]?.good?.value else { continue }
            circuits[circuit.name] = circuit
        }
        return circuits
    }

    /// The applied tenants by name.
    public var tenants: [String: Tenant] {
        var tenants: [String: Tenant] = [:]
        for file in tenantFiles.values {
            guard let tenant = file.good?.value else { continue }
            tenants[tenant.name] = tenant
        }
        return tenants
    }

    /// The applied circuit of a name.
    public func circuit(named name: String) -> Circuit? {
        circuitFiles[CatalogFile.circuit(name).path]?.good?.value
    }

    /// The applied tenant of a name.
    public func tenant(named name: String) -> Tenant? {
        tenantFiles[CatalogFile.tenant(name).path]?.good?.value
    }

    /// What the circuit's file says now, when it is good and differs from what is applied: for
    /// plans.
    public func candidate(named name: String) -> Circuit? {
        guard let file = circuitFiles[CatalogFile.circuit(name).path], file.isCandidate else {
            return nil
        }
        return file.latest?.value
    }

    /// The current share of every circuit, by name.
    public var shares: [String: CircuitShare] { circuitShares }

    /// The current share of every tenant with links here, by name.
    public var sharesOfTenants: [String: TenantShare] { tenantShares }

    /// Paths of files whose removal waits for the operator's word, in order.
    public var heldRemovals: [String] { removals.held.sorted() }

    /// When `tick` has something to do.
    public var nextDeadline: Instant? { removals.nextDeadline }
}

/// One file: what is there, and what of it is applied.
struct Held<Value: Hashable & Sendable>: Sendable {
    /// What is there.
    var file = DirectoryDelta.File.gone
    /// What that says; nil when it is gone, or cannot be read for want of settings.
    var latest: Document<Value>?
    /// What is applied.
    var good: Good<Value>?
    /// What is wrong with it beside other files.
    var crossFaults: [Fault] = []

    /// Whether what is there is good, and not applied.
    var isCandidate: Bool {
        guard let value = latest?.value else { return false }
        return value != good?.value
    }

    /// Nothing is there, and nothing applied.
    var isForgotten: Bool { file == .gone && good == nil }
}

/// The last good of one file.
struct Good<Value: Hashable & Sendable>: Sendable {
    let bytes: [UInt8]
    var document: Document<Value>
    var value: Value
    /// As it is saved.
    let record: SavedRecord

    /// Nil when the document has no value.
    init?(_ bytes: [UInt8], _ document: Document<Value>, path: String) {
        guard let value = document.value else { return nil }
        self.bytes = bytes
        self.document = document
        self.value = value
        record = SavedRecord(.file, path, bytes)
    }

    /// The same bytes, read again under other settings or keys.
    mutating func reread(_ document: Document<Value>) {
        guard let value = document.value else { return }
        self.document = document
        self.value = value
    }
}
