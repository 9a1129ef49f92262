// What a handler holds of a request: a way to answer it once, from whatever thread, however late.

/// Answers one request, once, from any thread; later answers are ignored.
public final class HTTPResponder: Sendable {
    private let connection: HTTPConnection
    private let number: UInt64

    init(_ connection: HTTPConnection, _ number: UInt64) {
        self.connection = connection
        self.number = number
    }

    /// Answers with a whole body.
    public func respond(
        status: Int, contentType: String = "application/json", _ bytes: [UInt8]
    ) {
        _ = connection.answer(
            number, .whole(status: status, contentType: contentType, bytes))
    }

    /// Answers 200 with bytes that are pushed as they come up, at most `queueLimit` of them
    /// waiting; nil when it is too late to answer.
    public func respondStreaming(
        contentType: String = "application/x-ndjson", queueLimit: Int = 256 << 10
    ) -> HTTPEventStream? {
        let isTaken = connection.answer(
            number, .streaming(contentType: contentType), queueLimit: queueLimit)
        return isTaken ? HTTPEventStream(connection, number) : nil
    }
}

/// A body that grows while somebody reads it.
public final class HTTPEventStream: Sendable {
    private let connection: HTTPConnection
    private let number: UInt64

    init(_ connection: HTTPConnection, _ number: UInt64) {
        self.connection = connection
        self.number = number
    }

    /// Adds bytes (whole lines), never blocking; false when the reader is gone, or too slow and
    /// so dropped.
    @discardableResult public func push(_ bytes: [UInt8]) -> Bool {
        connection.push(number, bytes)
    }

    /// Whether anybody still reads.
    public var isOpen: Bool { connection.isStreaming(number) }

    /// Ends the body after what was pushed.
    public func finish() { connection.finishStream(number) }
}
