// What was read from a configuration directory, as plain values: reading is here, meaning is not.

/// The files of a configuration directory at one moment.
public struct DirectoryContents: Hashable, Sendable {
    /// A key file: its bytes, and whether others could have read or written it.
    public struct Key: Hashable, Sendable {
        /// The contents as they are; a trailing newline is the reader's to judge.
        public var bytes: [UInt8]
        /// Whether its mode or owner allow more than 0640 does.
        public var isTooOpen: Bool

        /// A key.
        public init(bytes: [UInt8], isTooOpen: Bool = false) {
            self.bytes = bytes
            self.isTooOpen = isTooOpen
        }
    }

    /// Contents by name inside the directory: `circuitd.yaml`, `circuits/acme.yaml`.
    public var files: [String: [UInt8]]
    /// Keys by name: `keys/acme-azure`.
    public var keys: [String: Key]
    /// Names that exist and were not read, each with a sentence.
    public var refused: [String: String]
    /// Whether the directory itself is not there.
    public var isMissing: Bool

    /// Contents as given.
    public init(
        files: [String: [UInt8]] = [:], keys: [String: Key] = [:], refused: [String: String] = [:],
        isMissing: Bool = false
    ) {
        self.files = files
        self.keys = keys
        self.refused = refused
        self.isMissing = isMissing
    }
}
