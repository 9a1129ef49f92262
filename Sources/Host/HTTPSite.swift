import CBSD
import CLinux
import CMicroHTTPD
import Glibc
import Net

// One listening socket with its library daemon, and the functions that the library calls.

/// A socket that is served.
final class HTTPSite: Sendable {
    /// The longest path.
    static let pathLimit = 4096

    private let name: String
    private let sweeper: HTTPSweeper
    private let answerLimit: Duration
    private let handler: HTTPServer.Handler
    private let userLimit: Int
    // Connections by user.
    private let users = Locked<[UInt32: Int]>([:])
    // Set before anybody else knows the site, and cleared by the one call of `stop`.
    nonisolated(unsafe) private var listener: UnixListener?
    nonisolated(unsafe) private var daemon: OpaquePointer?

    init(
        _ socket: HTTPServer.Socket, _ sweeper: HTTPSweeper, _ answerLimit: Duration,
        _ handler: @escaping HTTPServer.Handler
    ) throws(SystemError) {
        name = socket.name
        self.sweeper = sweeper
        self.answerLimit = answerLimit
        self.handler = handler
        userLimit = socket.userLimit ?? .max
        let listener = try UnixListener(path: socket.path, mode: socket.mode, group: socket.group)
        let descriptor = listener.descriptor
        self.listener = consume listener
        let limit = UInt32(clamping: max(answerLimit.components.seconds, 1))
        daemon = circuitd_http_start(
            descriptor, siteAccess, siteCompleted, siteConnection,
            Unmanaged.passUnretained(self).toOpaque(), UInt32(HTTPServer.connectionLimit), limit,
            32 << 10)
        guard daemon != nil else {
            throw SystemError(
                EINVAL, "MHD_start_daemon", socket.path, reason: "the HTTP server did not start")
        }
    }

    /// Takes no connections any more.
    func quiesce() { if let daemon { _ = MHD_quiesce_daemon(daemon) } }

    /// Ends the library's thread; nothing may be suspended.
    func stop() {
        quiesce()
        if let daemon { MHD_stop_daemon(daemon) }
        daemon = nil
        listener = nil
    }

    // The library's thread from here on.

    fileprivate func started(_ pointer: OpaquePointer) -> HTTPConnection {
        let connection = HTTPConnection(pointer, now: Clock.now())
        sweeper.add(connection)
        if let user = connection.peer?.uid {
            let count = users.withLock { users in
                users[user, default: 0] += 1
                return users[user] ?? 0
            }
            if count > userLimit { connection.refuse() }
        }
        return connection
    }

    fileprivate func ended(_ connection: HTTPConnection) {
        connection.close()
        sweeper.remove(connection)
        guard let user = connection.peer?.uid else { return }
        users.withLock { users in
            let count = (users[user] ?? 0) - 1
            users[user] = count > 0 ? count : nil
        }
    }

    fileprivate func began(
        _ pointer: OpaquePointer, _ connection: HTTPConnection, _ path: String
    ) -> MHD_Result {
        if path.utf8.count > HTTPSite.pathLimit {
            return send(pointer, connection, .error(414, "the path is too long"))
        }
        let announced = MHD_lookup_connection_value(pointer, .HEADER_KIND, "Content-Length")
        if let announced,
            decimal(String(cString: announced), below: UInt64(HTTPConnection.bodyLimit) + 1) == nil
        {
            return send(pointer, connection, .error(413, "the body is too large"))
        }
        return .YES
    }

    fileprivate func whole(
        _ pointer: OpaquePointer, _ connection: HTTPConnection, _ method: String, _ path: String
    ) -> MHD_Result {
        if !connection.isWhole {
            guard let peer = connection.peer else { return .NO }
            guard let body = connection.takeBody() else {
                return send(pointer, connection, .error(413, "the body is too large"))
            }
            if sweeper.isStopping {
                return send(pointer, connection, .error(503, "the daemon is stopping"))
            }
            let request = HTTPRequest(
                method: method, path: path, query: arguments(pointer), body: body,
                socketName: name, peer: peer)
            let number = connection.beginWaiting(until: Clock.now() + answerLimit)
            handler(request, HTTPResponder(connection, number))
        }
        guard let answer = connection.takeAnswerOrSuspend() else { return .YES }
        return queue(pointer, connection, answer)
    }

    private func send(
        _ pointer: OpaquePointer, _ connection: HTTPConnection, _ answer: HTTPConnection.Answer
    ) -> MHD_Result {
        connection.beginSending()
        return queue(pointer, connection, answer)
    }

    private func queue(
        _ pointer: OpaquePointer, _ connection: HTTPConnection, _ answer: HTTPConnection.Answer
    ) -> MHD_Result {
        let code: Int
        let response: OpaquePointer?
        let type: String
        switch answer {
        case .none: return .NO
        case .whole(let status, let contentType, var bytes):
            (code, type) = (status, contentType)
            response = MHD_create_response_from_buffer(
                bytes.count, &bytes, .RESPMEM_MUST_COPY)
        case .streaming(let contentType):
            (code, type) = (200, contentType)
            response = MHD_create_response_from_callback(
                .max, 16 << 10, sitePull, Unmanaged.passUnretained(connection).toOpaque(), nil)
        }
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        _ = MHD_add_response_header(response, "Content-Type", type)
        _ = MHD_add_response_header(response, "Cache-Control", "no-store")
        return MHD_queue_response(pointer, UInt32(clamping: code), response)
    }

    private func arguments(_ pointer: OpaquePointer) -> [(String, String)] {
        var result: [(String, String)] = []
        _ = withUnsafeMutablePointer(to: &result) { result in
            MHD_get_connection_values(
                pointer, .GET_ARGUMENT_KIND,
                { context, _, key, value in
                    guard let key else { return .YES }
                    context?.assumingMemoryBound(to: [(String, String)].self).pointee.append(
                        (String(cString: key), value.map { String(cString: $0) } ?? ""))
                    return .YES
                }, result)
        }
        return result
    }
}

// The library holds a site unretained (the server outlives its daemons) and a connection retained
// between the two notifications.

private func site(_ context: UnsafeMutableRawPointer?) -> HTTPSite? {
    context.map { Unmanaged<HTTPSite>.fromOpaque($0).takeUnretainedValue() }
}

private func connection(_ pointer: OpaquePointer) -> HTTPConnection? {
    circuitd_http_context(pointer).map {
        Unmanaged<HTTPConnection>.fromOpaque($0).takeUnretainedValue()
    }
}

private func siteConnection(
    _ context: UnsafeMutableRawPointer?, _ pointer: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ what: MHD_ConnectionNotificationCode
) {
    guard let site = site(context), let pointer, let slot else { return }
    if what == .CONNECTION_NOTIFY_STARTED {
        slot.pointee = Unmanaged.passRetained(site.started(pointer)).toOpaque()
    } else if let raw = slot.pointee {
        slot.pointee = nil
        site.ended(Unmanaged<HTTPConnection>.fromOpaque(raw).takeRetainedValue())
    }
}

private func siteAccess(
    _ context: UnsafeMutableRawPointer?, _ pointer: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?,
    _ upload: UnsafePointer<CChar>?, _ uploadSize: UnsafeMutablePointer<Int>?,
    _ seen: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let site = site(context), let pointer, let url, let method, let uploadSize, let seen,
        let connection = connection(pointer)
    else { return .NO }
    let path = String(cString: url)
    if seen.pointee == nil {
        seen.pointee = UnsafeMutableRawPointer(pointer)
        return site.began(pointer, connection, path)
    }
    if uploadSize.pointee > 0 {
        let bytes = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
        uploadSize.pointee = 0
        return connection.receive(bytes) ? .YES : .NO
    }
    return site.whole(pointer, connection, String(cString: method), path)
}

private func siteCompleted(
    _ context: UnsafeMutableRawPointer?, _ pointer: OpaquePointer?,
    _ seen: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ why: MHD_RequestTerminationCode
) {
    guard let pointer else { return }
    connection(pointer)?.finishRequest(now: Clock.now())
}

private func sitePull(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int {
    guard let context else { return -2 }
    return Unmanaged<HTTPConnection>.fromOpaque(context).takeUnretainedValue().pull(
        into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
}
