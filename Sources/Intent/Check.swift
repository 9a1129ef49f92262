// The whole directory at once, for `circuitctl check`.

import Net

/// Checks a configuration directory.
public enum Check {
    /// All faults of all files, by file, line and column. `files` and `keys` are keyed by path
    /// relative to the directory.
    public static func directory(
        files: [String: [UInt8]], keys: [String: KeyFile], hostName: String
    ) -> [Fault] {
        var faults: [Fault] = []
        var settings = Document<Settings>(value: nil)
        var tenants: [String: Document<Tenant>] = [:]
        var circuits: [String: Document<Circuit>] = [:]
        if let bytes = files["circuitd.yaml"] {
            settings = Reader.settings(bytes, file: "circuitd.yaml", hostName: hostName)
        } else {
            faults.append(Fault(file: "circuitd.yaml", "there is no such file; it names this edge"))
        }
        // With faulty settings circuits are checked as far as they stand alone, under a private
        // number that no provider refuses.
        let edge =
            settings.value
            ?? Settings(edge: hostName, routerID: RouterID(raw: 1), asn: ASN(4_200_000_000))
        for (file, bytes) in files {
            switch Kind(file) {
            case .tenant: tenants[file] = Reader.tenant(bytes, file: file)
            case .circuit:
                circuits[file] = Reader.circuit(bytes, file: file, settings: edge, keys: keys)
            case .unreadable(let why):
                faults.append(Fault(file: file, why, severity: .warning))
            case .other: continue
            }
        }
        faults += settings.faults
        faults += tenants.values.flatMap(\.faults)
        faults += circuits.values.flatMap(\.faults)
        let conflicts = CrossCheck.faults(
            settings: settings, tenants: tenants, circuits: circuits, precedence: [])
        return (faults + conflicts.values.flatMap(\.self)).inReadingOrder
    }

    /// What a file of the directory is, by its path.
    private enum Kind {
        case tenant
        case circuit
        /// Probably meant to be read, and not read.
        case unreadable(String)
        /// Not ours.
        case other

        init(_ file: String) {
            let parts = file.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "tenants" || parts[0] == "circuits" else {
                self = .other
                return
            }
            let isTenant = parts[0] == "tenants"
            if parts[1].hasPrefix(".") || parts[1].hasSuffix("~") || parts[1].hasPrefix("#") {
                self = .other
            } else if !parts[1].hasSuffix(".yaml") {
                self = .unreadable("not read, since its name does not end in .yaml")
            } else if !isName(CrossCheck.stem(file), dots: false) {
                self = .unreadable(
                    "not read, since its name has more than letters, digits, - and _")
            } else {
                self = isTenant ? .tenant : .circuit
            }
        }
    }
}
