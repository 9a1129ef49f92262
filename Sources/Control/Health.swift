// Health of a circuit, and the answer of /healthz.

/// How a circuit is.
public enum Health: String, Hashable, Comparable, CaseIterable, Codable, Sendable {
    /// No link of ours forwards.
    case down
    /// It works, and something is missing.
    case degraded
    /// The order has not got that far.
    case pending
    /// The operator took it out.
    case maintenance
    /// All links of ours forward.
    case healthy

    /// The worst first: the order in which people want to read.
    public static func < (a: Health, b: Health) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .down: 0
        case .degraded: 1
        case .pending: 2
        case .maintenance: 3
        case .healthy: 4
        }
    }
}

/// The answer of `/healthz`, and the daemon's own part of `/v1/status`.
public struct HealthReply: Hashable, Codable, Sendable {
    /// The answer in a word.
    public enum Status: String, Hashable, Codable, Sendable {
        /// Nothing is wrong.
        case ok
        /// It works; the reasons say what is missing.
        case degraded
        /// It does not do its work.
        case unhealthy
    }

    /// The answer in a word.
    public var status: Status
    /// Sentences, the worst first; empty when all is well.
    public var reasons: [String]

    /// An answer.
    public init(_ status: Status, reasons: [String] = []) {
        self.status = status
        self.reasons = reasons
    }

    /// The HTTP status: 503 only when unhealthy.
    public var code: Int { status == .unhealthy ? 503 : 200 }

    /// The same answer for somebody who may not learn names of tenants and circuits.
    public var withoutNames: HealthReply {
        switch reasons.count {
        case 0: self
        case 1: HealthReply(status, reasons: ["1 reason; group \(readGroupName) sees it"])
        default:
            HealthReply(
                status, reasons: ["\(reasons.count) reasons; group \(readGroupName) sees them"])
        }
    }
}
