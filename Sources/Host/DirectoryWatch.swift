/// Tells which files of a configuration directory have changed.
public final class DirectoryWatch {
    /// What has happened since the last question.
    public struct Changes: Hashable, Sendable {
        /// Names inside the directory: `circuits/acme.yaml`. May have vanished.
        public var names: Set<String>
        /// Whether everything must be read again: an overflow, or a directory came or went.
        public var needsRescan: Bool
    }

    /// Watches `root`, which need not exist yet.
    public init(root: String) throws(SystemError) { preconditionFailure("not built") }

    /// Readable when something may have changed; for a `Poller`.
    public var descriptor: Int32 { preconditionFailure("not built") }

    /// Takes what has changed; empty when nothing of ours did.
    public func drain() -> Changes { preconditionFailure("not built") }
}
