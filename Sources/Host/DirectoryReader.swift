/// Reads a configuration directory.
public struct DirectoryReader: Sendable {
    /// A reader of `root`; keys are looked for in `credentials` too (systemd's directory).
    public init(root: String, credentials: String? = Environment.variables["CREDENTIALS_DIRECTORY"])
    {}

    /// Reads everything.
    public func read() -> DirectoryContents { preconditionFailure("not built") }

    /// Reads named files only (`circuits/acme.yaml`, `keys/acme`); a name that is missing from
    /// the result does not exist any more.
    public func read(_ names: Set<String>) -> DirectoryContents { preconditionFailure("not built") }
}
