// What no file can know alone: conflicts between files, and names of one that another must have.
// Files claim tables, tags, subnets and device names one after the other, those that are applied
// already first; a file that finds a claim taken is faulted and claims nothing, so that it harms
// nobody else.

import Net

/// Checks files against each other.
public enum CrossCheck {
    /// Faults by file. Documents are keyed by file; `precedence` lists files that are applied
    /// already first, then others: of two files in conflict the later is faulted.
    public static func faults(
        settings: Document<Settings>, tenants: [String: Document<Tenant>],
        circuits: [String: Document<Circuit>], precedence: [String]
    ) -> [String: [Fault]] {
        let ranks = Dictionary(
            precedence.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        func ordered(_ files: some Sequence<String>) -> [String] {
            files.map { (ranks[$0] ?? .max, $0) }.sorted { $0 < $1 }.map(\.1)
        }
        var ledger = Ledger(settings: settings.value)
        var names = Names()
        for file in ordered(tenants.keys) {
            if let document = tenants[file], let tenant = document.value {
                ledger.begin(file, document.places)
                ledger.claim(tenant)
                if ledger.settle() { names.tenants[tenant.name] = tenant }
            }
            names.tenantFiles[stem(file)] = file
        }
        for file in ordered(circuits.keys) {
            if let document = circuits[file], let circuit = document.value {
                ledger.begin(file, document.places)
                ledger.claim(circuit, names)
                if ledger.settle() { names.circuits[circuit.name] = circuit.peerings.map(\.tenant) }
            }
            names.circuitFiles.insert(stem(file))
        }
        for file in ordered(tenants.keys) {
            guard let document = tenants[file], let tenant = document.value else { continue }
            ledger.begin(file, document.places)
            ledger.checkExchange(of: tenant, names)
        }
        return ledger.faults.mapValues(\.inReadingOrder)
    }

    /// `circuits/acme-azure.yaml` is `acme-azure`.
    static func stem(_ file: String) -> String {
        let slash = file.utf8.lastIndex(of: 0x2F).map { file.utf8.index(after: $0) }
        let name = file[(slash ?? file.startIndex)...]
        return String(name.hasSuffix(".yaml") ? name.dropLast(5) : name)
    }
}

/// Who is who among the files.
struct Names {
    /// Tenants that stand, by name.
    var tenants: [String: Tenant] = [:]
    /// Circuits that stand, by name, with their tenants.
    var circuits: [String: [String]] = [:]
    /// Tenants' files by the name that they should hold.
    var tenantFiles: [String: String] = [:]
    /// The names that circuits' files should hold.
    var circuitFiles: Set<String> = []
}
