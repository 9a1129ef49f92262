// The prefix lists of `accept`, `advertise` and `exchange`, shared by whoever reads the files and
// whoever filters routes.

/// One entry: `10.0.0.0/8`, `10.0.0.0/8 upto 24`, `0.0.0.0/0 from 8 upto 24`.
public struct PrefixRule: Hashable, Sendable, LosslessStringConvertible {
    /// The covering prefix.
    public let prefix: Prefix
    /// The shortest length that matches.
    public let from: UInt8
    /// The longest length that matches.
    public let upto: UInt8

    /// Exactly this prefix, or with bounds on the length; refuses bounds out of order.
    public init?(_ prefix: Prefix, from: UInt8? = nil, upto: UInt8? = nil) {
        let from = from ?? prefix.length
        let upto = upto ?? (from > prefix.length ? UInt8(prefix.family.addressBits) : from)
        guard from >= prefix.length, upto >= from, Int(upto) <= prefix.family.addressBits else {
            return nil
        }
        self.prefix = prefix
        self.from = from
        self.upto = upto
    }

    /// Parses the file's spelling.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard let first = words.first, let prefix = Prefix(String(first)) else { return nil }
        var bounds: [Substring: UInt8] = [:]
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            guard word == "from" || word == "upto", bounds[word] == nil,
                let value = rest.popFirst(), let length = decimal(value, below: 129)
            else { return nil }
            bounds[word] = UInt8(length)
        }
        self.init(prefix, from: bounds["from"], upto: bounds["upto"])
    }

    /// Whether the rule lets `candidate` through.
    public func matches(_ candidate: Prefix) -> Bool {
        candidate.length >= from && candidate.length <= upto && prefix.contains(candidate)
    }

    /// The file's spelling.
    public var description: String {
        if from == prefix.length, upto == prefix.length { return prefix.description }
        if from == prefix.length { return "\(prefix) upto \(upto)" }
        return "\(prefix) from \(from) upto \(upto)"
    }
}

/// A list of rules: a prefix passes if any rule matches it.
public struct PrefixFilter: Hashable, Sendable, CustomStringConvertible {
    /// The rules in the order of the file.
    public var rules: [PrefixRule]

    /// A filter of these rules; no rules let nothing through.
    public init(_ rules: [PrefixRule] = []) { self.rules = rules }

    /// Whether any rule lets `prefix` through.
    public func matches(_ prefix: Prefix) -> Bool { rules.contains { $0.matches(prefix) } }

    /// `[10.0.0.0/8 upto 24, ...]`.
    public var description: String {
        "[" + rules.map(\.description).joined(separator: ", ") + "]"
    }
}
