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

        /// A listening socket.
        public init(name: String, path: String, mode: UInt32, group: UInt32? = nil) {
            self.name = name
            self.path = path
            self.mode = mode
            self.group = group
        }
    }

    /// What answers a request; called on an API thread, must not block.
    public typealias Handler = @Sendable (HTTPRequest, HTTPResponder) -> Void

    /// Listens and serves until `stop`.
    public init(
        sockets: [Socket], answerLimit: Duration = .seconds(10), handler: @escaping Handler
    ) throws(SystemError) { preconditionFailure("not built") }

    /// Ends all connections and removes the sockets. Blocks shortly; once.
    public func stop() { preconditionFailure("not built") }
}
