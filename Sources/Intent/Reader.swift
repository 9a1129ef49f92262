// From the bytes of one file to its validated meaning. Pure: nothing here opens a file, and no
// input may trap.

/// Reads the operator's files.
public enum Reader {
    /// circuitd.yaml; `hostName` is the edge's name where the file gives none.
    public static func settings(
        _ bytes: [UInt8], file: String, hostName: String
    ) -> Document<Settings> {
        read(bytes, file) { Settings.read($0, $1, hostName: hostName) }
    }

    /// tenants/NAME.yaml.
    public static func tenant(_ bytes: [UInt8], file: String) -> Document<Tenant> {
        read(bytes, file) { Tenant.read($0, $1) }
    }

    /// circuits/NAME.yaml; `keys` are the passwords' files by path relative to the configuration
    /// directory, such as `keys/acme-azure`.
    public static func circuit(
        _ bytes: [UInt8], file: String, settings: Settings, keys: [String: KeyFile]
    ) -> Document<Circuit> {
        read(bytes, file) { root, findings in
            CircuitReading(settings: settings, keys: keys, findings: findings).read(root)
        }
    }

    private static func read<Value>(
        _ bytes: [UInt8], _ file: String, _ meaning: (YAMLNode, Findings) -> Value?
    ) -> Document<Value> {
        let (root, faults) = YAMLLoader.load(bytes, file: file)
        let findings = Findings(file: file, faults: faults)
        return findings.document(root.flatMap { meaning($0, findings) })
    }
}
