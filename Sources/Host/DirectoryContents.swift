// What was read from a configuration directory, as plain values: reading is here, meaning is not.

import Net

/// The files of a configuration directory at one moment.
public struct DirectoryContents: Hashable, Sendable {
    /// A key file: its bytes, and whether others could have read or written it.
    public struct Key: Hashable, Sendable {
        /// The contents as they are.
        public var bytes: [UInt8]
        /// Whether its mode or owner allow more than 0640 does.
        public var isTooOpen: Bool

        /// The secret; may be empty.
        public var secret: [UInt8] { SigningSecret.password(in: bytes) }

        /// Why nothing can be signed with it, or nil; mode and owner are not judged here.
        public var fault: String? { SigningSecret.fault(in: secret) }

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
    /// Whether the directory itself is not there; one that cannot be opened is refused instead.
    public var isMissing: Bool
    /// Whether all places of keys were looked at: only then is a key that is neither in `keys` nor
    /// in `refused` one that is gone.
    public var hasAllKeys: Bool

    /// Contents as given.
    public init(
        files: [String: [UInt8]] = [:], keys: [String: Key] = [:], refused: [String: String] = [:],
        isMissing: Bool = false, hasAllKeys: Bool = true
    ) {
        self.files = files
        self.keys = keys
        self.refused = refused
        self.isMissing = isMissing
        self.hasAllKeys = hasAllKeys
    }
}
