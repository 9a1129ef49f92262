// Which names of a configuration directory are ours to read, shared by reader and watch.

/// The shape of a configuration directory.
enum DirectoryLayout {
    /// Where keys lie.
    static let keys = "keys"
    /// The directories below the root.
    static let subdirectories = ["tenants", "circuits", keys]

    /// Editors' and package managers' leftovers, and files that are being written.
    static func isIgnored(_ name: String) -> Bool {
        name.isEmpty || name.hasPrefix(".") || name.hasSuffix("~") || name.hasSuffix(".tmp")
            || name.hasSuffix(".swp") || name.contains(".dpkg-")
            || (name.hasPrefix("#") && name.hasSuffix("#")) || name.contains("/")
    }

    /// Whether a name in the root is read: `.yaml` only, so that a README may lie there.
    static func isRootFile(_ name: String) -> Bool { !isIgnored(name) && name.hasSuffix(".yaml") }

    /// `circuits/acme.yaml` as directory and name; nil when it has not that shape.
    static func split(_ path: String) -> (directory: String?, name: String)? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1 where isRootFile(parts[0]): return (nil, parts[0])
        case 2 where subdirectories.contains(parts[0]) && !isIgnored(parts[1]):
            return (parts[0], parts[1])
        default: return nil
        }
    }
}
