// Parts of the address space that routes are told apart by, for whoever judges files and whoever
// tells people what is refused.

/// Parts of the address space.
public enum AddressSpace {
    /// Where nobody's routes lie.
    public static let refused = list([
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/96",
        "::ffff:0:0/96", "fe80::/10", "fec0::/10", "ff00::/8",
    ])
    /// Where the Internet has no routes.
    public static let privateSpace = list([
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
    ])

    /// Whether nobody's routes lie there.
    public static func isRefused(_ prefix: Prefix) -> Bool {
        !prefix.isDefault && refused.contains { $0.contains(prefix) }
    }

    /// Whether the Internet has no such routes.
    public static func isPrivate(_ prefix: Prefix) -> Bool {
        privateSpace.contains { $0.contains(prefix) }
    }

    private static func list(_ texts: [String]) -> [Prefix] { texts.compactMap { Prefix($0) } }
}
