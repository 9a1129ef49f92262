// A mapping being read: each key asked for is remembered, and what is left over at the end is
// unknown. A value that cannot be read is faulted and reads as nil, so reading goes on.

struct Fields {
    let findings: Findings
    /// Dotted, "" for the file itself.
    let path: String
    let place: Place
    private let entries: [YAMLNode.Entry]
    private var known: [String] = []

    /// Faults what is no mapping.
    init?(_ node: YAMLNode, path: String, name: String? = nil, _ findings: Findings) {
        switch node.content {
        case .mapping(let entries): self.entries = entries
        case .broken: return nil
        default:
            let what = name ?? (path.isEmpty ? "the file" : Fields.last(path))
            findings.fault(node.place, "\(what) must be a mapping of keys to values")
            return nil
        }
        self.findings = findings
        self.path = path
        place = node.place
    }

    /// The keys in the file's order; all count as known.
    mutating func all() -> [YAMLNode.Entry] {
        known = entries.map(\.key)
        for entry in entries { findings.stands(path(entry.key), at: entry.keyPlace) }
        return entries
    }

    /// The value of a key, if it is there.
    mutating func take(_ key: String) -> YAMLNode? {
        known.append(key)
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        findings.stands(path(key), at: entry.value.place)
        return entry.value
    }

    /// Whether a key is there, readable or not.
    func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// Whether a key is there with a list of nothing.
    func isEmptyList(_ key: String) -> Bool {
        guard case .sequence(let items)? = entries.first(where: { $0.key == key })?.value.content
        else { return false }
        return items.isEmpty
    }

    /// Where a key's value stands, once it was taken; else the mapping.
    func place(of key: String) -> Place { findings.places[path(key)] ?? place }

    /// A scalar, if it is there.
    mutating func read<Value>(_ key: String, _ term: Term<Value>) -> Value? {
        take(key).flatMap { findings.read($0, key, term) }
    }

    /// A scalar that must be there.
    mutating func require<Value>(_ key: String, _ term: Term<Value>) -> Value? {
        if !has(key) {
            findings.fault(place, path.isEmpty ? "\(key) is missing" : "\(path) has no \(key)")
        }
        return read(key, term)
    }

    /// A list of scalars, if it is there.
    mutating func list<Value>(_ key: String, _ term: Term<Value>) -> [Value]? {
        take(key).flatMap { findings.list($0, path(key), term) }
    }

    /// A mapping, if it is there.
    mutating func fields(_ key: String) -> Fields? {
        take(key).flatMap { Fields($0, path: path(key), findings) }
    }

    /// Faults every key that nobody asked for; `elsewhere` says where a key belongs.
    func end(elsewhere: [String: String] = [:]) {
        // A file that is none of ours says enough with its first hundred.
        for entry in entries.filter({ !known.contains($0.key) }).prefix(100) {
            let key = quoted(entry.key)
            if let home = elsewhere[entry.key] {
                findings.fault(entry.keyPlace, "\(key) does not stand here but \(home)")
            } else if let meant = nearest(to: entry.key, among: known) {
                findings.fault(entry.keyPlace, "unknown key \(key); did you mean \"\(meant)\"?")
            } else if known.count <= 12 {
                let list = known.joined(separator: ", ")
                findings.fault(entry.keyPlace, "unknown key \(key); known here: \(list)")
            } else {
                findings.fault(entry.keyPlace, "unknown key \(key)")
            }
        }
    }

    /// The dotted path of a key of this mapping.
    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The last word of a path.
    static func last(_ path: String) -> String {
        path.split(separator: ".").last.map(String.init) ?? path
    }
}

extension Findings {
    /// A scalar; `what` names it in sentences.
    func read<Value>(_ node: YAMLNode, _ what: String, _ term: Term<Value>) -> Value? {
        switch node.content {
        case .broken: break
        case .sequence: fault(node.place, "\(what) is a list, not \(term.expected)")
        case .mapping: fault(node.place, "\(what) is a mapping, not \(term.expected)")
        case .scalar:
            if node.isEmpty {
                fault(node.place, "\(what) has no value; it is \(term.expected)")
            } else if case .scalar(let text, _) = node.content {
                if let value = term.read(text) { return value }
                let why = term.why(text) ?? "is not \(term.expected)"
                fault(node.place, "\(what) \(quoted(text)) \(why)")
            }
        }
        return nil
    }

    /// A list of scalars; what cannot be read is left out, and places are counted without it.
    func list<Value>(_ node: YAMLNode, _ path: String, _ term: Term<Value>) -> [Value]? {
        let what = Fields.last(path)
        guard case .sequence(let items) = node.content else {
            if case .broken = node.content { return nil }
            fault(node.place, "\(what) must be a list in brackets or with dashes")
            return nil
        }
        var values: [Value] = []
        for item in items {
            guard let value = read(item, what, term) else { continue }
            stands("\(path).\(values.count)", at: item.place)
            values.append(value)
        }
        return values
    }
}
