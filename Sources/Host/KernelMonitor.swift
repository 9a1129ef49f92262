// The loop thread's side of rtnetlink: what the kernel tells everybody, without ever blocking.
public import Net

/// A nonblocking subscription to the kernel's changes.
public final class KernelMonitor {
    /// What epoll waits on.
    public let fd: Int32

    /// Subscribes in the calling thread's network namespace; `worker` is the port of the connection
    /// whose own routes and nexthops need not be told.
    public init(
        marks: KernelMarks, worker: UInt32, bufferBytes: Int32 = 16 << 20
    ) throws(KernelError) {
        throw KernelError(code: 38, text: "not built")
    }

    /// Appends events of at most `limit` datagrams; true when there may be more.
    public func read(into events: inout [KernelEvent], limit: Int) -> Bool { false }
}
