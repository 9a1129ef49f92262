// One TCP connection with raw bytes on it, and the messages that come back.

import CLinux
import Glibc
import Host
import Net

/// What stands at the front of what the daemon said.
enum Incoming: CustomStringConvertible {
    case message(UInt8, Bytes)
    /// FIN.
    case closed
    /// RST.
    case reset
    /// Nothing came in that time.
    case silence
    /// Bytes that are no message.
    case garbage(Bytes)

    var description: String {
        switch self {
        case .message(Kind.notification, let body):
            "NOTIFICATION " + body.prefix(2).map(String.init).joined(separator: "/")
                + (body.count > 2 ? " data \(body.dropFirst(2).prefix(24).map { $0 })" : "")
        case .message(Kind.open, _): "OPEN"
        case .message(Kind.update, _): "UPDATE"
        case .message(Kind.keepalive, _): "KEEPALIVE"
        case .message(let type, let body): "a message of type \(type), \(body.count) bytes"
        case .closed: "closed"
        case .reset: "reset"
        case .silence: "nothing"
        case .garbage(let bytes): "garbage \(bytes.prefix(32).map { $0 })"
        }
    }
}

/// How slow this machine may be: all patience is multiplied by it.
let patience = Environment.variables["PATIENCE"].flatMap(Int.init) ?? 1

func deadline(_ seconds: Double) -> Instant {
    Clock.now() + .milliseconds(Int(seconds * 1000) * patience)
}

func pause(_ seconds: Double) { usleep(UInt32(seconds * 1e6)) }

/// One connection to the daemon.
final class Wire {
    let fd: Int32
    private var received: Bytes = []
    private var hasEnded: Incoming?

    /// Connects from one address to another, both IPv4; nil says why in `trouble`.
    init?(from: Bytes, to: Bytes, receiveBuffer: Int32? = nil, trouble: inout String) {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard fd >= 0 else {
            trouble = "socket: \(SystemError.text(errno))"
            return nil
        }
        if var size = receiveBuffer {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        var on: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        // Bound without a port yet: 1,000 connects from one address must not run out of them.
        setsockopt(fd, Int32(IPPROTO_IP), 24, &on, 4)
        let isBound = Wire.withName(from, port: 0) { bind(fd, $0, $1) } == 0
        let code = isBound && Wire.withName(to, port: 179) { connect(fd, $0, $1) } == 0 ? 0 : errno
        if code == EINPROGRESS, wait(POLLOUT, until: deadline(5)) {
            var error: Int32 = 0
            var length = socklen_t(4)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length)
            if error == 0 { return }
            trouble = "connect: \(SystemError.text(error))"
        } else {
            if code == 0 { return }
            trouble = "connect: \(SystemError.text(code))"
        }
        Glibc.close(fd)
        return nil
    }

    /// A connection that was accepted.
    init(adopting fd: Int32) { self.fd = fd }

    fileprivate static func withName<Result>(
        _ address: Bytes, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = address.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        return withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// False when the time is over.
    func wait(_ events: Int32, until end: Instant) -> Bool {
        while true {
            var entry = pollfd(fd: fd, events: Int16(events), revents: 0)
            let left = (end - Clock.now()).nanoseconds / 1_000_000
            let count = poll(&entry, 1, Int32(max(min(left, 60_000), 0)))
            if count > 0 { return true }
            if count == 0, left <= 0 { return false }
        }
    }

    /// Sends all of it; false when the connection is gone or takes no more.
    @discardableResult
    func send(_ bytes: Bytes, within seconds: Double = 10) -> Bool {
        let end = deadline(seconds)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                guard wait(POLLOUT, until: end) else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// The next message, or what is there instead of one.
    func next(within seconds: Double) -> Incoming { next(until: deadline(seconds)) }

    func next(until end: Instant) -> Incoming {
        while true {
            if let whole = takeMessage() { return whole }
            if let hasEnded { return hasEnded }
            var chunk = Bytes(repeating: 0, count: 65536)
            let count = recv(fd, &chunk, chunk.count, 0)
            if count > 0 {
                received += chunk[..<count]
            } else if count == 0 {
                hasEnded = .closed
            } else if errno == EAGAIN {
                guard wait(POLLIN, until: end) else { return .silence }
            } else if errno != EINTR {
                hasEnded = .reset
            }
        }
    }

    private func takeMessage() -> Incoming? {
        guard received.count >= 19 else { return nil }
        let length = Int(received[16]) << 8 | Int(received[17])
        guard received.prefix(16).allSatisfy({ $0 == 0xFF }), length >= 19 else {
            defer { received = [] }
            return .garbage(received)
        }
        guard received.count >= length else { return nil }
        defer { received.removeFirst(length) }
        return .message(received[18], Array(received[19..<length]))
    }

    /// Reads a few bytes, and forgets them.
    func sip(_ count: Int) {
        var bytes = zeros(count)
        _ = recv(fd, &bytes, count, 0)
    }

    /// No more bytes from us; theirs still come.
    func finish() { shutdown(fd, Int32(SHUT_WR)) }

    /// Ends it by FIN, or by RST.
    func close(reset: Bool = false) {
        if reset {
            var none = linger(l_onoff: 1, l_linger: 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(fd)
    }
}

/// Where the daemon dials us.
final class Ear {
    private let fd: Int32

    init(at address: Bytes) throws(Failure) {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var on: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        guard Wire.withName(address, port: 179, { bind(fd, $0, $1) }) == 0, listen(fd, 8) == 0
        else {
            throw Failure("listen: \(SystemError.text(errno))")
        }
    }

    deinit { close(fd) }

    /// The next connection.
    func accept(within seconds: Double) throws(Failure) -> Wire {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(seconds * 1000) * Int32(patience)) > 0 else {
            throw Failure("the daemon does not dial")
        }
        let number = Glibc.accept(fd, nil, nil)
        guard number >= 0 else { throw Failure("accept: \(SystemError.text(errno))") }
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        return Wire(adopting: number)
    }
}
