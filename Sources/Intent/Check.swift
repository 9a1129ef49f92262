// The whole directory at once, for `circuitctl check`.

/// Checks a configuration directory.
public enum Check {
    /// All faults of all files, by file, line and column. `files` and `keys` are keyed by path
    /// relative to the directory.
    public static func directory(
        files: [String: [UInt8]], keys: [String: KeyFile], hostName: String
    ) -> [Fault] {
        []
    }
}
