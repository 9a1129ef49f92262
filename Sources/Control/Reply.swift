// What the engine answers. A reply is a plain value; turning it into bytes is left to whoever
// sends it, so that the loop never pays for it.

/// An answer to a request.
public enum Reply: Hashable, Sendable {
    /// To `health`.
    case health(HealthReply)
    /// To `status`.
    case status(StatusReply)
    /// To `circuits`.
    case circuits(CircuitsReply)
    /// To `circuit`.
    case circuit(CircuitReply)
    /// To `circuitRoutes` and `tenantRoutes`.
    case routes(RoutesReply)
    /// To `why`.
    case why(WhyReply)
    /// To `policy`.
    case policy(PolicyReply)
    /// To `plan`.
    case plan(PlanReply)
    /// To `events`: those kept so far; the shell streams what follows.
    case events([Event])
    /// To `metrics`.
    case metrics([MetricFamily])
    /// To `confirm`.
    case confirm(ConfirmReply)
    /// To every other action.
    case action(ActionReply)
    /// A refusal.
    case refusal(RequestError)

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .health(let reply): reply.code
        case .refusal(let error): error.status
        default: 200
        }
    }

    /// The HTTP content type.
    public var contentType: String {
        switch self {
        case .metrics: "text/plain; version=0.0.4; charset=utf-8"
        case .events: "application/x-ndjson"
        default: "application/json"
        }
    }

    /// The HTTP body.
    public var body: [UInt8] {
        switch self {
        case .health(let reply): JSON.encode(reply)
        case .status(let reply): JSON.encode(reply)
        case .circuits(let reply): JSON.encode(reply)
        case .circuit(let reply): JSON.encode(reply)
        case .routes(let reply): JSON.encode(reply)
        case .why(let reply): JSON.encode(reply)
        case .policy(let reply): JSON.encode(reply)
        case .plan(let reply): JSON.encode(reply)
        case .events(let events): events.flatMap(JSON.encode)
        case .metrics(let families): Array(prometheusText(families).utf8)
        case .confirm(let reply): JSON.encode(reply)
        case .action(let reply): JSON.encode(reply)
        case .refusal(let error): JSON.encode(ErrorReply(error: error.sentence))
        }
    }
}
