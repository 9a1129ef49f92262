import CBSD
import CLinux
import Glibc

// Files that are whole or absent: written under another name in the same directory, synced,
// renamed, and the directory synced, so that a power cut leaves the old one or the new one.

/// Whole files of our own, for state and caches.
public enum AtomicFile {
    /// Replaces the file's contents.
    public static func write(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o640
    ) throws(SystemError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let temporary = "\(directory)/.\(name).\(getpid()).tmp"
        do throws(SystemError) {
            try writeNew(temporary, bytes, mode_t(mode))
            _ = try check("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
        let parent = FileDescriptor(
            adopting: try check("open", directory) {
                open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        _ = try check("fsync", directory) { fsync(parent.raw) }
    }

    /// The file's contents, or nil when it does not exist; more than `limit` bytes are an error.
    public static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8]? {
        let number: Int32
        do throws(SystemError) {
            number = try check("open", path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        let file = FileDescriptor(adopting: number)
        return try readAll(file.raw, path, limit: limit)
    }

    private static func writeNew(
        _ path: String, _ bytes: [UInt8], _ mode: mode_t
    ) throws(SystemError) {
        // What a crash left under our own name is ours to remove.
        unlink(path)
        let file = FileDescriptor(
            adopting: try check("open", path) {
                open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
            })
        var written = 0
        while written < bytes.count {
            written += try check("write", path) {
                bytes.withUnsafeBytes { raw in
                    Glibc.write(
                        file.raw, raw.baseAddress.map { $0 + written }, raw.count - written)
                }
            }
        }
        _ = try check("fsync", path) { fsync(file.raw) }
    }
}

/// Reads from where the descriptor stands to the end, at most `limit` bytes.
func readAll(_ descriptor: Int32, _ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = try check("read", path) { read(descriptor, &chunk, chunk.count) }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
        guard bytes.count <= limit else {
            throw SystemError(EFBIG, "read", path, reason: "larger than \(limit) bytes")
        }
    }
}
