// Prometheus' text format 0.0.4 over plain values.

/// A metric with all its samples.
public struct MetricFamily: Hashable, Sendable {
    /// What the numbers do.
    public enum Kind: String, Hashable, Sendable {
        /// Goes up and down.
        case gauge
        /// Only goes up.
        case counter
        /// Buckets, sum and count.
        case histogram
    }

    /// A label.
    public struct Label: Hashable, Sendable {
        /// The name: letters, digits and underscores.
        public var name: String
        /// Any text.
        public var value: String
        /// A label.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A number.
    public struct Sample: Hashable, Sendable {
        /// `_bucket`, `_sum` or `_count` of a histogram; else empty.
        public var suffix: String
        /// Its labels, in the order of writing.
        public var labels: [Label]
        /// The number.
        public var value: Double
        /// A number.
        public init(_ value: Double, _ labels: [Label] = [], suffix: String = "") {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// `circuitd_session_established`.
    public var name: String
    /// One sentence.
    public var help: String
    /// What the numbers do.
    public var kind: Kind
    /// The numbers.
    public var samples: [Sample]

    /// A family.
    public init(_ name: String, _ help: String, _ kind: Kind, _ samples: [Sample] = []) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}

/// The text of `/metrics`. Families of one name are written together, with HELP and TYPE once.
public func prometheusText(_ families: [MetricFamily]) -> String {
    var order: [String] = []
    var byName: [String: MetricFamily] = [:]
    for family in families {
        if byName[family.name] == nil { order.append(family.name) }
        byName[family.name, default: MetricFamily(family.name, family.help, family.kind)]
            .samples += family.samples
    }
    var text = ""
    for family in order.compactMap({ byName[$0] }) where !family.samples.isEmpty {
        text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        for sample in family.samples {
            text += family.name
            text += sample.suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.map {
                    "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                }
                text += "{\(labels.joined(separator: ","))}"
            }
            text += " \(number(sample.value))\n"
        }
    }
    return text
}

private func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\"" where quotes: result += "\\\""
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return "\(value)"
}
