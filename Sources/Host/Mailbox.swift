import CBSD
import CLinux
import Glibc

// The one way between threads: a queue behind a lock and an eventfd that wakes the reader.
// Posting never blocks. One wake-up stands for any number of messages.

/// A queue of messages from any thread to the one that polls its descriptor.
public final class Mailbox<Message: Sendable>: Sendable {
    private let queue = Locked<[Message]>([])
    private let event: FileDescriptor

    /// An empty mailbox.
    public init() throws(SystemError) {
        event = FileDescriptor(
            adopting: try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
    }

    /// Readable while there may be messages; for a `Poller`.
    public var descriptor: Int32 { event.raw }

    /// Messages that wait.
    public var count: Int { queue.withLock { $0.count } }

    /// Adds a message and wakes the reader. Any thread.
    public func post(_ message: Message) {
        let wasEmpty = queue.withLock { queue in
            queue.append(message)
            return queue.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        while write(event.raw, &one, 8) < 0 && errno == EINTR {}
    }

    /// Takes all messages, oldest first. The reader's thread.
    public func drain() -> [Message] {
        // The event is cleared before the queue: a message posted in between wakes again.
        var count: UInt64 = 0
        while read(event.raw, &count, 8) < 0 && errno == EINTR {}
        return queue.withLock { queue in
            let messages = queue
            queue = []
            return messages
        }
    }

    /// Waits for messages for at most `timeout` and takes them; for a thread without a poller.
    public func wait(timeout: Duration? = nil) -> [Message] {
        var poll = pollfd(fd: event.raw, events: Int16(POLLIN), revents: 0)
        let milliseconds = timeout.map { duration in
            let parts = duration.components
            return Int32(
                clamping: parts.seconds.multipliedReportingOverflow(by: 1000).partialValue
                    + parts.attoseconds / 1_000_000_000_000_000)
        }
        _ = Glibc.poll(&poll, 1, milliseconds ?? -1)
        return drain()
    }
}
