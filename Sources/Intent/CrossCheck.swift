// What no file can know alone: conflicts between files, and names of one that another must have.

/// Checks files against each other.
public enum CrossCheck {
    /// Faults by file. Documents are keyed by file; `precedence` lists files that are applied
    /// already first, then others: of two files in conflict the later is faulted.
    public static func faults(
        settings: Document<Settings>, tenants: [String: Document<Tenant>],
        circuits: [String: Document<Circuit>], precedence: [String]
    ) -> [String: [Fault]] {
        [:]
    }
}
