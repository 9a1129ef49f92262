import CBSD
import CLinux
import Glibc
public import Net

// One non-blocking TCP connection: reads go to a buffer shared by all, writes that the kernel
// does not take at once wait here in order. Close only after the poller has forgotten it.

/// Where reads of all connections land, one after the other.
public final class ReadBuffer {
    /// The memory.
    public let bytes: UnsafeMutableRawBufferPointer

    /// 256 KiB reads at the speed of larger ones.
    public init(capacity: Int = 256 << 10) {
        bytes = .allocate(byteCount: capacity, alignment: 64)
    }

    /// The first `count` bytes, as read last.
    public func withBytes<Result>(_ count: Int, _ body: (RawSpan) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: bytes[..<count]).bytes)
    }

    deinit { bytes.deallocate() }
}

/// A TCP connection. Belongs to one thread.
public final class Stream {
    /// What a read brought.
    public enum ReadOutcome: Hashable, Sendable {
        /// That many bytes are in the buffer.
        case bytes(Int)
        /// Nothing yet.
        case wouldBlock
        /// The peer has closed its direction.
        case closed
        /// The connection is gone.
        case failed(SystemError)
    }

    /// The other end.
    public let remote: Endpoint
    /// Whether connect has not ended yet.
    public private(set) var isConnecting: Bool
    private var owner: FileDescriptor?
    private var pending: [UInt8] = []
    private var written = 0

    init(_ owner: consuming FileDescriptor, remote: Endpoint, isConnecting: Bool) {
        self.owner = consume owner
        self.remote = remote
        self.isConnecting = isConnecting
    }

    /// For a `Poller`; -1 when closed.
    public var descriptor: Int32 {
        switch owner {
        case .some(let owner): owner.raw
        case .none: -1
        }
    }

    /// Our end; nil before the connection is bound, or when closed.
    public var local: Endpoint? {
        let number = descriptor
        return Endpoint { getsockname(number, $0, $1) }
    }

    /// The device that the kernel took the connection in or out by, where the socket is bound to
    /// one (by itself or through its VRF).
    public var device: InterfaceIndex? {
        var index = Int32(0)
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SO_BINDTOIFINDEX (Linux 5.0) is 62.
        guard getsockopt(descriptor, SOL_SOCKET, 62, &index, &length) == 0, index > 0 else {
            return nil
        }
        return InterfaceIndex(index)
    }

    /// Generalized TTL security (RFC 5082) from now on: for a connection that was accepted, whose
    /// listener serves others too. What has come before the call is not judged by it.
    public func setTTLSecurity(_ hops: UInt8) throws(SystemError) {
        try setTTL(descriptor, remote.address.family, 255)
        try setSmallestTTL(descriptor, remote.address.family, hops: hops)
    }

    /// The kernel ends the connection when its peer takes nothing for this long.
    public func setUserTimeout(_ time: Duration) throws(SystemError) {
        try Host.setUserTimeout(descriptor, time)
    }

    /// Bytes that wait for the kernel.
    public var pendingBytes: Int { pending.count - written }

    /// Asked when a connecting stream becomes writable: true when it is connected, false when
    /// not yet, and the reason for people when it failed.
    public func finishConnect() throws(SystemError) -> Bool {
        guard isConnecting else { return true }
        var code = Int32(0)
        var length = socklen_t(MemoryLayout<Int32>.size)
        let number = descriptor
        _ = try check("getsockopt SO_ERROR") {
            getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &length)
        }
        guard code == 0 else { throw TCPConnector.failure(code, remote) }
        guard (Endpoint { getpeername(number, $0, $1) }) != nil else { return false }
        isConnecting = false
        return true
    }

    /// Reads once.
    public func read(into buffer: ReadBuffer) -> ReadOutcome { read(into: buffer.bytes) }

    /// Reads once, at most as much as the buffer holds.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .closed }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN { return .wouldBlock }
            return .failed(SystemError(code, "recv", remote.description))
        }
    }

    /// Sends bytes, keeping what the kernel does not take; true when nothing is left waiting.
    public func write(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        pending.append(contentsOf: bytes)
        return try flush()
    }

    /// Sends what waits; true when nothing is left, else ask again when writable.
    public func flush() throws(SystemError) -> Bool {
        guard !isConnecting else { return pending.isEmpty }
        while written < pending.count {
            let number = descriptor
            let count = pending.withUnsafeBytes { raw in
                send(
                    number, raw.baseAddress.map { $0 + written }, raw.count - written,
                    Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                written += count
                continue
            }
            let code = errno
            if code == EINTR { continue }
            guard code == EAGAIN else {
                throw SystemError(code, "send", remote.description)
            }
            // Keep the tail only when the head has become the larger part.
            if written > pending.count / 2 {
                pending.removeFirst(written)
                written = 0
            }
            return false
        }
        pending.removeAll(keepingCapacity: pending.capacity <= 64 << 10)
        written = 0
        return true
    }

    /// Closes; pending bytes are lost. With `reset` the peer sees RST, not FIN.
    public func close(reset: Bool = false) {
        if reset, descriptor >= 0 {
            var none = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
        }
        owner = nil
        pending = []
        written = 0
    }
}
