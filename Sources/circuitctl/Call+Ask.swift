// Asking the daemon from a command: refusals become failures, replies become values.

import Control

extension Call {
    /// Asks and decodes. The bytes come too, for `--json`.
    func ask<Value: Decodable>(
        _ request: Request, as type: Value.Type
    ) throws(Failure) -> (value: Value, bytes: [UInt8]) {
        let answer = try client.ask(request)
        let isHealth = if case .health = request { answer.status == 503 } else { false }
        guard answer.status == 200 || isHealth else { throw refusal(answer) }
        guard let value = JSON.decode(type, from: answer.body) else {
            throw Failure(
                .unreachable,
                "\(client.path(for: request)): the answer is not understood by circuitctl "
                    + "\(circuitdVersion); are circuitd and circuitctl of one version?")
        }
        return (value, answer.body)
    }

    /// Asks, and prints the reply as JSON or as the screen that `draw` makes of it.
    func show<Value: Decodable>(
        _ request: Request, as type: Value.Type, draw: (Value, inout Screen) -> Void
    ) throws(Failure) -> Value {
        let (value, bytes) = try ask(request, as: type)
        if isJSON {
            output.write(prettyJSON(bytes))
        } else {
            var screen = Screen(width: output.width)
            draw(value, &screen)
            output.show(screen)
        }
        return value
    }

    /// What an answer other than 200 says.
    func refusal(_ answer: Client.Answer) -> Failure {
        let sentence = JSON.decode(ErrorReply.self, from: answer.body)?.error
        let code: ExitCode = (502...504).contains(answer.status) ? .unreachable : .refused
        return Failure(code, sentence ?? "circuitd answers with HTTP status \(answer.status)")
    }
}
