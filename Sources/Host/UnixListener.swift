import CBSD
import CLinux
import Glibc

// A listening Unix socket in the file system. What stands at its path is removed only when it is
// a socket that nobody answers: a live daemon's is never taken away.

/// A bound and listening Unix socket; its file goes with it.
struct UnixListener: ~Copyable, Sendable {
    let descriptor: Int32
    let path: String
    private let device: UInt64
    private let inode: UInt64

    init(path: String, mode: UInt32, group: UInt32?) throws(SystemError) {
        guard (1...107).contains(path.utf8.count) else {
            throw SystemError(
                ENAMETOOLONG, "bind", path, reason: "a socket's path has at most 107 bytes")
        }
        try UnixListener.clear(path)
        let socket = try openSocket(AF_UNIX, SOCK_STREAM)
        // The inode takes the socket's own mode: nobody else connects before the group is right.
        _ = try check("fchmod", path) { fchmod(socket.raw, 0o600) }
        let number = socket.raw
        _ = try check("bind", path) { withUnixAddress(path) { bind(number, $0, $1) } }
        do throws(SystemError) {
            if let group {
                _ = try check("chown", path) { chown(path, uid_t.max, gid_t(group)) }
            }
            _ = try check("chmod", path) { chmod(path, mode_t(mode)) }
            _ = try check("listen", path) { listen(number, 128) }
        } catch {
            unlink(path)
            throw error
        }
        var status = stat()
        lstat(path, &status)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        self.path = path
        descriptor = socket.release()
    }

    deinit {
        var status = stat()
        if lstat(path, &status) == 0, UInt64(status.st_dev) == device,
            UInt64(status.st_ino) == inode
        {
            unlink(path)
        }
        close(descriptor)
    }

    // Removes a dead socket; anything else at the path is an error.
    private static func clear(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw SystemError.last("lstat", path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError(
                EEXIST, "bind", path, reason: "something that is not a socket stands there")
        }
        let probe = try openSocket(AF_UNIX, SOCK_STREAM)
        let number = probe.raw
        let result = withUnixAddress(path) { connect(number, $0, $1) }
        let code = result < 0 ? errno : 0
        switch code {
        case ECONNREFUSED:
            _ = try check("unlink", path) { unlink(path) }
        case ENOENT:
            return
        case 0, EAGAIN:
            throw SystemError(
                EADDRINUSE, "bind", path, reason: "another process listens on this socket")
        default:
            throw SystemError(code, "connect", path)
        }
    }
}

/// Calls `body` with the kernel's form of a path of at most 107 bytes.
func withUnixAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
