import CBSD
import CLinux
import Glibc

// One daemon for a run directory: pidfile_open(3bsd) holds a lock for as long as the process lives.

/// A locked file with the process's number, removed at a clean end.
public final class PIDFile {
    private var handle: OpaquePointer?

    /// Opens, locks and writes the file. A second daemon gets the number of the first in the error.
    public init(path: String, mode: UInt32 = 0o644) throws(SystemError) {
        var owner: pid_t = 0
        guard let handle = pidfile_open(path, mode_t(mode), &owner) else {
            let code = errno
            guard code == EEXIST else { throw SystemError(code, "pidfile_open", path) }
            let who = owner > 0 ? "process \(owner)" : "another process"
            throw SystemError(
                code, "pidfile_open", path, reason: "\(who) already runs with this directory")
        }
        self.handle = handle
        if pidfile_write(handle) < 0 {
            let error = SystemError.last("pidfile_write", path)
            remove()
            throw error
        }
    }

    /// Removes the file and gives up the lock.
    public func remove() {
        if let handle { pidfile_remove(handle) }
        handle = nil
    }

    deinit { remove() }
}
