// Asks the daemon over its Unix sockets: one connection, one request, one answer. Blocking, with a
// limit on every wait and every size.

import Control

/// The daemon's sockets.
struct Client {
    /// An answer as it came.
    struct Answer {
        var status: Int
        var body: [UInt8]
    }

    /// The directory of the sockets.
    var directory: String
    /// The longest silence that is waited for, in milliseconds.
    var patience: Int32 = 10_000

    private static let longestBody = 256 * 1024 * 1024
    private static let longestLine = 1024 * 1024

    /// Health is asked on the socket that everybody may open.
    func path(for request: Request) -> String {
        if case .health = request {
            "\(directory)/health.sock"
        } else {
            "\(directory)/control.sock"
        }
    }

    /// Asks, and waits for the whole answer.
    func ask(_ request: Request) throws(Failure) -> Answer {
        var answer = Answer(status: 0, body: [])
        try exchange(request, patience: patience, longestBody: Self.longestBody) {
            (status, bytes) throws(Failure) in
            answer.status = status
            answer.body += bytes
        }
        return answer
    }

    /// Asks, and hands over each line of a good answer as it comes, until the daemon closes. A
    /// refusal is returned like any other answer.
    func follow(_ request: Request, line: ([UInt8]) -> Void) throws(Failure) -> Answer {
        var answer = Answer(status: 0, body: [])
        try exchange(request, patience: -1, longestBody: .max) { (status, bytes) throws(Failure) in
            answer.status = status
            answer.body += bytes
            while status == 200, let end = answer.body.firstIndex(of: 0x0A) {
                line(Array(answer.body[..<end]))
                answer.body.removeFirst(end + 1)
            }
            guard answer.body.count <= Self.longestLine else {
                throw Failure(.unreachable, "\(path(for: request)): a line without an end")
            }
        }
        return answer
    }

    /// One request and its response; `take` is called with the status and each piece of the body,
    /// at least once.
    private func exchange(
        _ request: Request, patience: Int32, longestBody: Int,
        take: (Int, [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        let path = path(for: request)
        let socket = try UnixSocket.connected(to: path, patience: self.patience)
        let (method, target, query) = request.target
        let head = [
            "\(method) \(query.isEmpty ? target : "\(target)?\(query)") HTTP/1.1",
            "Host: circuitd", "Connection: close", "Content-Length: 0", "", "",
        ]
        try socket.send(Array(head.joined(separator: "\r\n").utf8), patience: self.patience)
        var reader = HTTPReader(longestBody: longestBody)
        while !reader.isComplete {
            let more = try socket.receive(patience: patience)
            do throws(HTTPReader.Garbage) {
                if more.isEmpty { try reader.close() } else { try reader.read(more) }
            } catch {
                throw Failure(.unreachable, "\(path): \(error.sentence)")
            }
            if let status = reader.status { try take(status, reader.takeBody()) }
        }
    }
}
