// What a client asked, complete and bounded, as plain values for another thread.

/// One HTTP request.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST`.
    public var method: String
    /// The path, decoded, without the query.
    public var path: String
    /// The query's arguments in order, decoded; a name without `=` has an empty value.
    public var query: [(String, String)]
    /// The body, at most 64 KiB.
    public var body: [UInt8]
    /// The name of the socket it came in by.
    public var socketName: String
    /// Who asks.
    public var peer: PeerCredentials

    /// A request as given, for tests.
    public init(
        method: String, path: String, query: [(String, String)] = [], body: [UInt8] = [],
        socketName: String, peer: PeerCredentials
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.socketName = socketName
        self.peer = peer
    }

    /// The first argument of a name.
    public func argument(_ name: String) -> String? { query.first { $0.0 == name }?.1 }
}
