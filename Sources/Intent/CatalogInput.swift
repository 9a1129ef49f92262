// What the shell hands to the catalog, and what the catalog hands back. The shell reads files and
// writes bytes; it never judges what a file means or whether its absence counts.

/// What changed in the configuration directory since the last delta.
///
/// The shell rereads only the files that it heard of; after lost events, and at start, it hands in
/// everything with `isComplete`. A file that is handed in again with the same bytes costs a
/// comparison.
public struct DirectoryDelta: Sendable {
    /// What became of one file.
    public enum File: Hashable, Sendable {
        /// It is there and says this.
        case bytes([UInt8])
        /// It is there and cannot be read, with the reason: never taken for a removal.
        case unreadable(String)
        /// It is not there.
        case gone
    }

    /// Files by path relative to the configuration directory: `circuitd.yaml`,
    /// `tenants/acme.yaml`, `circuits/acme-azure.yaml`. Others are ignored.
    public var files: [String: File]
    /// All key files by relative path, such as `keys/acme-azure`; nil when none changed.
    public var keys: [String: KeyFile]?
    /// Whether files that `files` does not name are gone.
    public var isComplete: Bool

    /// A delta.
    public init(
        files: [String: File] = [:], keys: [String: KeyFile]? = nil, isComplete: Bool = false
    ) {
        self.files = files
        self.keys = keys
        self.isComplete = isComplete
    }

    /// The directory itself is not there: nothing is in it. Keys that are known stay known.
    public static let missingDirectory = DirectoryDelta(isComplete: true)
}

/// What followed from one event: pieces of desired state that differ from before.
public struct CatalogChange: Sendable {
    /// Shares by circuit; nil inside means that the circuit has none any more.
    public var circuits: [String: CircuitShare?] = [:]
    /// Shares by tenant; nil inside means that the tenant has none any more.
    public var tenants: [String: TenantShare?] = [:]
    /// The settings, when they differ.
    public var settings: Settings?
    /// The last good configuration, when it must be written before it counts as kept: encoded,
    /// to be renamed into place.
    public var saved: [UInt8]?
    /// Sentences for the log, in order.
    public var notes: [String] = []

    /// Whether desired state is as before.
    public var isEmpty: Bool { circuits.isEmpty && tenants.isEmpty && settings == nil }
}

/// One of the files that the catalog reads.
enum CatalogFile: Hashable, Sendable {
    case settings
    case tenant(String)
    case circuit(String)

    /// Nil for what is none of ours: other directories, dot-files, editors' leftovers.
    init?(path: String) {
        if path == CatalogFile.settings.path {
            self = .settings
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasSuffix(".yaml"), !parts[1].hasPrefix(".") else {
            return nil
        }
        let name = String(parts[1].dropLast(5))
        guard isName(name, dots: false) else { return nil }
        switch parts[0] {
        case "tenants": self = .tenant(name)
        case "circuits": self = .circuit(name)
        default: return nil
        }
    }

    /// Why a file that somebody may have meant to be read is not.
    static func oversight(path: String) -> Fault? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "tenants" || parts[0] == "circuits",
            parts[1].hasSuffix(".yaml") || parts[1].hasSuffix(".yml"), !parts[1].hasPrefix("."),
            !parts[1].hasPrefix("#"), CatalogFile(path: path) == nil
        else { return nil }
        return Fault(
            file: path,
            parts[1].hasSuffix(".yaml")
                ? "not read, since its name has more than letters, digits, - and _"
                : "not read, since its name does not end in .yaml",
            severity: .warning)
    }

    var path: String {
        switch self {
        case .settings: "circuitd.yaml"
        case .tenant(let name): "tenants/\(name).yaml"
        case .circuit(let name): "circuits/\(name).yaml"
        }
    }
}

/// How bytes become documents and documents are compared; tests put simpler ones in their place.
struct Parsing: Sendable {
    var settings: @Sendable (_ bytes: [UInt8], _ file: String, _ host: String) -> Document<Settings>
    var tenant: @Sendable (_ bytes: [UInt8], _ file: String) -> Document<Tenant>
    var circuit:
        @Sendable (_ bytes: [UInt8], _ file: String, Settings, [String: KeyFile]) -> Document<
            Circuit
        >
    var cross:
        @Sendable (
            Document<Settings>, _ tenants: [String: Document<Tenant>],
            _ circuits: [String: Document<Circuit>], _ precedence: [String]
        ) -> [String: [Fault]]

    /// The real ones.
    static let files = Parsing(
        settings: { Reader.settings($0, file: $1, hostName: $2) },
        tenant: { Reader.tenant($0, file: $1) },
        circuit: { Reader.circuit($0, file: $1, settings: $2, keys: $3) },
        cross: {
            CrossCheck.faults(settings: $0, tenants: $1, circuits: $2, precedence: $3)
        })
}
