// The small answers: to what was done, to what would be done, and what happens.

/// What an action did, in a sentence.
public struct ActionReply: Hashable, Codable, Sendable {
    /// One sentence: `reading the files again`.
    public var done: String
    /// A sentence.
    public init(_ done: String) { self.done = done }
}

/// What `confirm` let go.
public struct ConfirmReply: Hashable, Codable, Sendable {
    /// Circuits that are removed now; empty when nothing was held back.
    public var circuits: [String]
    /// Tenants that are removed now.
    public var tenants: [String]
    /// What was let go.
    public init(circuits: [String], tenants: [String] = []) {
        self.circuits = circuits
        self.tenants = tenants
    }
}

/// What is still to do, and what it means.
public struct PlanReply: Hashable, Codable, Sendable {
    /// What a change does to traffic.
    public enum Impact: String, Hashable, Codable, Sendable {
        /// Nothing.
        case none
        /// A route refresh.
        case soft
        /// Sessions are reset.
        case session
        /// Devices are made anew.
        case interface
    }

    /// What happens to one circuit.
    public struct Change: Hashable, Codable, Sendable {
        /// The circuit.
        public var circuit: String
        /// What it does to traffic.
        public var impact: Impact
        /// One sentence.
        public var sentence: String
        /// A change.
        public init(circuit: String, impact: Impact, sentence: String) {
            self.circuit = circuit
            self.impact = impact
            self.sentence = sentence
        }
    }

    /// Changes by circuit.
    public var changes: [Change]
    /// Steps towards the kernel in their order, as sentences.
    public var steps: [String]
    /// Steps that are not listed because there are too many.
    public var moreSteps: Int

    /// A plan.
    public init(changes: [Change] = [], steps: [String] = [], moreSteps: Int = 0) {
        self.changes = changes
        self.steps = steps
        self.moreSteps = moreSteps
    }
}

/// Something that happened: one line of `/v1/events`.
public struct Event: Hashable, Codable, Sendable {
    /// Counts up from 1 since the start; a gap says that lines were lost.
    public var number: UInt64
    /// Wall clock, UTC, RFC 3339: see `timestamp(unixNanoseconds:)`.
    public var time: String
    /// `session`, `link`, `circuit`, `files`, `kernel`, `daemon`.
    public var kind: String
    /// The circuit, if it is about one.
    public var circuit: String?
    /// The link, if it is about one.
    public var link: String?
    /// One sentence.
    public var text: String

    /// An event.
    public init(
        number: UInt64, time: String, kind: String, circuit: String? = nil, link: String? = nil,
        text: String
    ) {
        self.number = number
        self.time = time
        self.kind = kind
        self.circuit = circuit
        self.link = link
        self.text = text
    }
}

/// The body of every refusal.
public struct ErrorReply: Hashable, Codable, Sendable {
    /// One sentence.
    public var error: String
    /// A sentence.
    public init(error: String) { self.error = error }
}
