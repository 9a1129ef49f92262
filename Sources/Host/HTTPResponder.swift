/// Answers one request, once, from any thread; later answers are ignored.
public final class HTTPResponder: Sendable {
    /// Answers with a whole body.
    public func respond(
        status: Int, contentType: String = "application/json", _ bytes: [UInt8]
    ) { preconditionFailure("not built") }

    /// Answers with lines that are pushed as they come up; nil when it is too late to answer.
    public func respondStreaming(
        contentType: String = "application/x-ndjson", queueLimit: Int = 256 << 10
    ) -> HTTPEventStream? { preconditionFailure("not built") }
}

/// A body that grows while somebody reads it.
public final class HTTPEventStream: Sendable {
    /// Adds bytes (whole lines); false when the reader is gone or was too slow and is dropped.
    @discardableResult public func push(_ bytes: [UInt8]) -> Bool { preconditionFailure("not built") }
    /// Whether anybody still reads.
    public var isOpen: Bool { preconditionFailure("not built") }
    /// Ends the body.
    public func finish() { preconditionFailure("not built") }
}
