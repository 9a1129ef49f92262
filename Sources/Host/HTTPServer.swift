import CBSD
import CLinux
import CMicroHTTPD
import Glibc
import Net
import Synchronization

// libmicrohttpd on Unix sockets, one polling thread for each socket, so that a crowd at one does
// not keep anybody from the other. A sweeper thread, asleep while nobody is connected, ends
// requests that take too long to arrive or to be answered. Answers come from any thread.

/// Serves HTTP on Unix sockets.
public final class HTTPServer: Sendable {
    /// A listening socket.
    public struct Socket: Sendable {
        /// What `HTTPRequest.socketName` says.
        public var name: String
        /// Where it stands.
        public var path: String
        /// Its mode: who may connect.
        public var mode: UInt32
        /// Its group's number, or nil for the process's own.
        public var group: UInt32?
        /// How many connections one user may hold, so that nobody shuts the others out; nil for
        /// as many as there are.
        public var userLimit: Int?

        /// A listening socket.
        public init(
            name: String, path: String, mode: UInt32, group: UInt32? = nil, userLimit: Int? = nil
        ) {
            self.name = name
            self.path = path
            self.mode = mode
            self.group = group
            self.userLimit = userLimit
        }
    }

    /// What answers a request; called on an API thread, must not block.
    public typealias Handler = @Sendable (HTTPRequest, HTTPResponder) -> Void

    /// Connections at one socket.
    public static let connectionLimit = 64

    private let sites: [HTTPSite]
    private let sweeper: HTTPSweeper
    private let isStopped = Atomic(false)

    /// Listens and serves until `stop`. A request that `handler` does not answer within
    /// `answerLimit` is answered 504; a client has as long to send a whole request.
    public init(
        sockets: [Socket], answerLimit: Duration = .seconds(10), handler: @escaping Handler
    ) throws(SystemError) {
        let sweeper = try HTTPSweeper(patience: answerLimit)
        self.sweeper = sweeper
        var sites: [HTTPSite] = []
        do throws(SystemError) {
            for socket in sockets {
                sites.append(try HTTPSite(socket, sweeper, answerLimit, handler))
            }
        } catch {
            for site in sites { site.stop() }
            sweeper.stop()
            throw error
        }
        self.sites = sites
    }

    /// Ends all connections and removes the sockets. Blocks shortly; the first call counts.
    public func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        for site in sites { site.quiesce() }
        let goodbye = HTTPConnection.Answer.error(503, "the daemon is stopping")
        // What is being sent gets a moment to leave.
        for _ in 0..<50 {
            if sweeper.end(goodbye) { break }
            usleep(10_000)
        }
        for site in sites { site.stop() }
        sweeper.stop()
    }

    deinit { stop() }
}

extension HTTPConnection.Answer {
    /// A short answer of the server's own.
    static func error(_ status: Int, _ sentence: String) -> HTTPConnection.Answer {
        .whole(
            status: status, contentType: "application/json",
            Array("{\"error\":\"\(sentence)\"}\n".utf8))
    }
}
