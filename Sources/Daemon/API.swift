// The control API's thread side: permissions, parsing, and health from a snapshot that carries the
// loop's age, so that a loop that stands still is reported by somebody who does not.

import Control
import Host
import Net
import Synchronization

/// A request on its way to the loop.
struct APIRequest: Sendable {
    var request: Request
    var responder: HTTPResponder
    var follows: Bool = false
}

/// What the loop publishes for the API thread.
final class Pulse: Sendable {
    /// A loop that did not move for this long is wedged.
    static let limit = Duration.seconds(5)

    private let beatAt = Atomic<Int64>(0)
    private let answers = Locked<(all: HealthReply, daemon: HealthReply)>(
        (
            HealthReply(.unhealthy, reasons: ["starting"]),
            HealthReply(.unhealthy, reasons: ["starting"])
        ))

    func beat(at now: Instant) { beatAt.store(now.nanoseconds, ordering: .relaxed) }

    func publish(all: HealthReply, daemon: HealthReply) {
        answers.withLock { $0 = (all, daemon) }
    }

    /// The answer for a monitor, wedged loop included.
    func answer(_ scope: Request.HealthScope, at now: Instant) -> HealthReply? {
        let age = now - Instant(nanoseconds: beatAt.load(ordering: .relaxed))
        if age > Pulse.limit {
            return HealthReply(
                .unhealthy,
                reasons: ["the daemon's loop has not moved for \(Int(age.seconds)) seconds"])
        }
        switch scope {
        case .all: return answers.withLock { $0.all }
        case .daemon: return answers.withLock { $0.daemon }
        case .circuit: return nil
        }
    }
}

/// Answers on the API's threads what can be answered there, and posts the rest to the loop.
struct API: Sendable {
    let pulse: Pulse
    let permission: Permission
    let loop: Mailbox<LoopMessage>

    static let controlSocket = "control"
    static let healthSocket = "health"

    func handle(_ http: HTTPRequest, _ responder: HTTPResponder) {
        let query = http.query
            .map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        let request: Request
        switch Request.parse(method: http.method, path: http.path, query: query, body: http.body) {
        case .success(let parsed): request = parsed
        case .failure(let error): return respond(.refusal(error), responder)
        }
        let gids = [http.peer.gid] + http.peer.groups
        if http.socketName == API.healthSocket {
            guard case .health(let scope) = request else {
                return respond(
                    .refusal(
                        RequestError(
                            status: 404,
                            "this socket answers /healthz alone; the rest is on control.sock")),
                    responder)
            }
            let maySeeNames = permission.maySeeNames(uid: http.peer.uid, gids: gids)
            if case .circuit = scope, !maySeeNames {
                return respond(
                    .refusal(
                        RequestError(
                            status: 403,
                            "only root and members of group \(readGroupName) may ask for a circuit")
                    ),
                    responder)
            }
            if let answer = pulse.answer(scope, at: Clock.now()) {
                return respond(.health(maySeeNames ? answer : answer.withoutNames), responder)
            }
        } else {
            if let refusal = permission.refusal(
                uid: http.peer.uid, gids: gids, needsAdmin: request.needsAdmin)
            {
                return respond(.refusal(refusal), responder)
            }
            if case .health(let scope) = request,
                let answer = pulse.answer(scope, at: Clock.now())
            {
                return respond(.health(answer), responder)
            }
        }
        var post = APIRequest(request: request, responder: responder)
        if case .events = request { post.follows = true }
        loop.post(.asked(post))
    }

    private func respond(_ reply: Reply, _ responder: HTTPResponder) {
        responder.respond(
            status: reply.status, contentType: reply.contentType, reply.body)
    }
}
