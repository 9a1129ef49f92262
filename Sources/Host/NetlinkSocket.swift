// A NETLINK_ROUTE socket with its receive buffer. Reading is by datagram; what arrives is walked
// message by message by the shim, which trusts none of it.
import CBSD
import CLinux
import Glibc
import Net

/// A netlink socket, closed with its last reference. Used by one thread at a time.
final class NetlinkSocket {
    let fd: Int32
    let port: UInt32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    init(groups: UInt32, isNonblocking: Bool, bufferBytes: Int32) throws(KernelError) {
        fd = clinux_netlink_open(groups, isNonblocking ? 1 : 0, bufferBytes)
        var port: UInt32 = 0
        let result = fd < 0 ? fd : clinux_netlink_port(fd, &port)
        self.port = port
        if result < 0 { throw KernelError(errno: -result) }
    }

    deinit {
        if fd >= 0 { close(fd) }
        buffer.deallocate()
    }

    /// Hands requests to the kernel, which has executed them when this returns.
    func send(_ requests: UnsafeRawBufferPointer) throws(KernelError) {
        let result = clinux_netlink_send(fd, requests.baseAddress, requests.count)
        if result < 0 { throw KernelError(errno: -result) }
    }

    /// Waits for a datagram and hands over its messages until `body` says false.
    func receive(
        filter: clinux_filter = clinux_filter(), within seconds: Int32,
        _ body: (clinux_event) -> Void
    ) throws(KernelError) {
        var ready: Int32
        repeat { ready = clinux_netlink_wait(fd, seconds * 1_000) } while ready == -EINTR
        if ready < 0 { throw KernelError(errno: -ready) }
        if ready == 0 {
            throw KernelError(
                code: ETIMEDOUT, text: "the kernel did not answer within \(seconds) s")
        }
        try read(filter: filter, body)
    }

    /// Reads one datagram and hands over its messages. A message that cannot be read is handed over
    /// as CLINUX_MALFORMED.
    func read(
        filter: clinux_filter = clinux_filter(), _ body: (clinux_event) -> Void
    ) throws(KernelError) {
        let received = clinux_netlink_receive(fd, buffer.baseAddress, buffer.count)
        if received < 0 { throw KernelError(errno: Int32(truncatingIfNeeded: -received)) }
        NetlinkSocket.walk(
            UnsafeRawBufferPointer(rebasing: buffer[..<Int(received)]), filter: filter, body)
    }

    /// Hands over the messages of a datagram.
    static func walk(
        _ datagram: UnsafeRawBufferPointer, filter: clinux_filter, _ body: (clinux_event) -> Void
    ) {
        var event = clinux_event()
        var rest = datagram
        while !rest.isEmpty {
            let step = clinux_decode(rest.baseAddress, rest.count, filter, &event)
            body(event)
            guard step > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[Int(step)...])
        }
    }
}

extension KernelError {
    /// An errno with the C library's text.
    init(errno code: Int32) {
        self.init(code: code, text: String(cString: strerror(code)))
    }

    /// What an answer or the end of a dump says, with the kernel's own sentence where it has one.
    init?(_ event: clinux_event) {
        if event.error == 0 { return nil }
        let text = String(event.text)
        self.init(
            code: event.error, text: text.isEmpty ? String(cString: strerror(event.error)) : text)
    }
}
