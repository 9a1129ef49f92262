// A connected Unix stream socket, and what each of its failures means to an operator.

import Control
import Glibc

/// A connection to a socket of the daemon.
struct UnixSocket: ~Copyable {
    private let descriptor: Int32
    private let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Connects. A full backlog is waited for; nothing else is worth waiting for.
    static func connected(to path: String, patience: Int32) throws(Failure) -> UnixSocket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw Failure(.usage, "\(path) is too long for the name of a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0
        )
        guard descriptor >= 0 else {
            throw Failure(.unreachable, "no socket can be made: \(Self.words(errno))")
        }
        let made = UnixSocket(descriptor: descriptor, path: path)
        var waited: Int32 = 0
        while true {
            let result = withUnsafePointer(to: address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return made }
            let error = errno
            if error == EINTR { continue }
            // A Unix socket says EAGAIN while the listener's backlog is full.
            guard error == EAGAIN else { throw failure(error, path) }
            guard waited < patience else {
                throw Failure(.unreachable, "circuitd is too busy to answer at \(path)")
            }
            _ = poll(nil, 0, 50)
            waited += 50
        }
    }

    deinit { close(descriptor) }

    /// Sends all of it.
    borrowing func send(_ bytes: [UInt8], patience: Int32) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, patience)
            } else if errno != EINTR {
                throw Failure(.unreachable, "\(path): \(Self.words(errno))")
            }
        }
    }

    /// The next bytes; none when the other end has closed. A negative patience waits for ever.
    borrowing func receive(patience: Int32) throws(Failure) -> [UInt8] {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, initialized in
                count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                initialized = max(count, 0)
            }
            if count >= 0 { return bytes }
            let error = errno
            if error == EAGAIN {
                try wait(for: POLLIN, patience)
            } else if error != EINTR {
                throw Failure(.unreachable, "\(path): \(Self.words(error))")
            }
        }
    }

    private borrowing func wait(for events: Int32, _ patience: Int32) throws(Failure) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let result = poll(&entry, 1, patience)
        if result == 0 {
            throw Failure(
                .unreachable, "circuitd does not answer at \(path) within \(seconds(patience)) s")
        }
        if result < 0, errno != EINTR {
            throw Failure(.unreachable, "\(path): \(Self.words(errno))")
        }
    }

    /// What it means that a connection was refused.
    static func failure(_ error: Int32, _ path: String) -> Failure {
        switch error {
        case ENOENT, ENOTDIR:
            Failure(.unreachable, "circuitd is not running here: no socket \(path)")
        case ECONNREFUSED:
            Failure(.unreachable, "circuitd is not running here: nobody listens at \(path)")
        case EACCES, EPERM:
            Failure(
                .refused,
                "permission refused at \(path): join group \(readGroupName) to read, and also "
                    + "\(adminGroupName) to act")
        default:
            Failure(.unreachable, "\(path): \(words(error))")
        }
    }

    private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}

/// `10` or `0.1`.
private func seconds(_ milliseconds: Int32) -> String {
    milliseconds.isMultiple(of: 1000)
        ? String(milliseconds / 1000) : String(Double(milliseconds) / 1000)
}
