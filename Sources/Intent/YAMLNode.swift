// One file as a tree. Scalars stay text: what they mean is decided by the key they stand under,
// never by how they look (`no`, `12:30` and `0123` are text until a key says otherwise).

/// A node of a YAML document.
struct YAMLNode: Sendable {
    /// One `key: value`.
    struct Entry: Sendable {
        var key: String
        var keyPlace: Place
        var value: YAMLNode
    }

    /// What the node is.
    enum Content: Sendable {
        /// Text; plain means without quotes, so that nothing at all is a plain "".
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Entries in the file's order, each key once.
        case mapping([Entry])
        /// Something that is faulted already, and should not be faulted again.
        case broken
    }

    var content: Content
    var place: Place
    /// How many nodes it is, with all aliases followed.
    var size = 1

    /// Whether a key stands there without a value.
    var isEmpty: Bool {
        if case .scalar(let text, isPlain: true) = content { text.isEmpty } else { false }
    }

    /// A mapping with the entries of `self` where `lower` has none, mappings in turn merged by
    /// key. Anything but two mappings: `lower` takes the place.
    func overridden(by lower: YAMLNode) -> YAMLNode {
        guard case .mapping(var entries) = content, case .mapping(let below) = lower.content else {
            return lower
        }
        for entry in below {
            if let position = entries.firstIndex(where: { $0.key == entry.key }) {
                let merged = entries[position].value.overridden(by: entry.value)
                entries[position] = Entry(key: entry.key, keyPlace: entry.keyPlace, value: merged)
            } else {
                entries.append(entry)
            }
        }
        return YAMLNode(content: .mapping(entries), place: lower.place)
    }
}
