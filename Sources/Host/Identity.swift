// Who this process and this host are: what differs from one to the other.

import CBSD
import CLinux
import Glibc
import Net

extension Environment {
    /// Numbers that nobody can guess, for jitter and hashing.
    public static func randomSeed() -> UInt64 {
        UInt64(arc4random()) << 32 | UInt64(arc4random())
    }

    /// The host's name up to the first dot.
    public static var hostName: String {
        var name = [UInt8](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 && $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }

    /// This boot of the host, as the kernel names it; empty where it does not say.
    public static var bootID: String {
        guard
            let bytes = try? AtomicFile.read("/proc/sys/kernel/random/boot_id", limit: 64)
        else { return "" }
        return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }
}

extension Clock {
    /// The wall clock at the origin of `Instant`, in Unix nanoseconds.
    public static func wallClockOrigin() -> Int64 {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec) - now().nanoseconds
    }
}

/// Makes a directory (0755, less the umask) where there is none; its parent must exist.
public func makeDirectory(_ path: String) throws(SystemError) {
    guard mkdir(path, 0o755) < 0, errno != EEXIST else { return }
    throw SystemError.last("mkdir", path)
}

/// A line to standard error, for people at a terminal.
public func complain(_ text: String) {
    let bytes = Array(text.utf8) + [0x0A]
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
