// From the bytes of one file to its validated meaning. Pure: nothing here opens a file, and no
// input may trap.

/// Reads the operator's files.
public enum Reader {
    /// circuitd.yaml; `hostName` is the edge's name where the file gives none.
    public static func settings(
        _ bytes: [UInt8], file: String, hostName: String
    ) -> Document<Settings> {
        Document(value: nil)
    }

    /// tenants/NAME.yaml.
    public static func tenant(_ bytes: [UInt8], file: String) -> Document<Tenant> {
        Document(value: nil)
    }

    /// circuits/NAME.yaml; `keys` are the passwords' files by path relative to the configuration
    /// directory, such as `keys/acme-azure`.
    public static func circuit(
        _ bytes: [UInt8], file: String, settings: Settings, keys: [String: KeyFile]
    ) -> Document<Circuit> {
        Document(value: nil)
    }
}
