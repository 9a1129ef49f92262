import CBSD
import CLinux
import Glibc

// inotify names what to look at and is never taken for content. A file counts as changed when its
// writer has closed it or renamed it into place; its mode or owner counts too (a key may have
// become too open), except while somebody still writes. A directory that comes, goes or is
// replaced is watched anew, which always asks for a full reading, since files may have come first.

/// Tells which files of a configuration directory have changed. Belongs to one thread.
public final class DirectoryWatch {
    /// What has happened since the last question.
    public struct Changes: Hashable, Sendable {
        /// Names inside the directory: `circuits/acme.yaml`. May have vanished.
        public var names: Set<String>
        /// Whether everything must be read again: an overflow, or a directory came or went.
        public var needsRescan: Bool

        /// Changes as given.
        public init(names: Set<String> = [], needsRescan: Bool = false) {
            self.names = names
            self.needsRescan = needsRescan
        }

        /// Nothing happened.
        public var isEmpty: Bool { names.isEmpty && !needsRescan }
    }

    // What a watch is for: the step towards a root that may not be there yet, or a directory of
    // ours with the prefix of its files' names.
    private enum Role: Equatable {
        case ancestor(next: String)
        case root
        case subdirectory(String)
    }

    private let root: [String]
    private let inotify: FileDescriptor
    private var roles: [Int32: Role] = [:]
    private var unfinished: Set<String> = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// Why a directory could not be watched, for the log; the rest is.
    public private(set) var failure: SystemError?

    /// Watches `root`, which need not exist yet.
    public init(root: String) throws(SystemError) {
        var path = root
        if !root.hasPrefix("/") {
            guard let current = getcwd(nil, 0) else { throw SystemError.last("getcwd") }
            defer { free(current) }
            path = String(cString: current) + "/" + root
        }
        self.root = path.split(separator: "/").map(String.init).filter { $0 != "." }
        inotify = FileDescriptor(
            adopting: try check("inotify_init1") {
                inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            })
        _ = arm()
        if let failure { throw failure }
    }

    /// Readable when something may have changed; for a `Poller`.
    public var descriptor: Int32 { inotify.raw }

    /// Takes what has changed; empty when nothing of ours did.
    public func drain() -> Changes {
        var changes = Changes()
        var mustArm = false
        while true {
            let count = Glibc.read(inotify.raw, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            each(count) { watch, mask, name in
                mustArm = handle(watch, mask, name, &changes) || mustArm
            }
        }
        if mustArm, arm() { changes.needsRescan = true }
        return changes
    }

    /// Compares the watches with the directories that are there now (a mount over one makes no
    /// event); for a slow periodic check.
    public func verify() -> Changes {
        var changes = drain()
        if arm() { changes.needsRescan = true }
        return changes
    }

    // Walks the events of one read; a cut one at the end cannot be, but is not trusted either.
    private func each(_ count: Int, _ body: (Int32, UInt32, String) -> Void) {
        let header = MemoryLayout<inotify_event>.size
        buffer.withUnsafeBytes { raw in
            var position = 0
            while count - position >= header {
                let event = raw.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                let start = position + header
                guard count - start >= Int(event.len) else { return }
                let name = raw[start..<start + Int(event.len)].prefix { $0 != 0 }
                body(event.wd, event.mask, String(decoding: name, as: UTF8.self))
                position = start + Int(event.len)
            }
        }
    }

    // Whether the watches have to be looked at again.
    private func handle(
        _ watch: Int32, _ mask: UInt32, _ name: String, _ changes: inout Changes
    ) -> Bool {
        func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }
        if has(IN_Q_OVERFLOW) {
            changes.needsRescan = true
            unfinished = []
            return true
        }
        guard let role = roles[watch] else { return false }
        if has(IN_IGNORED) {
            roles[watch] = nil
            if case .ancestor = role { return true }
            changes.needsRescan = true
            return true
        }
        if has(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) { return true }
        switch role {
        case .ancestor(let next):
            return name == next && has(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        case .root:
            if DirectoryLayout.subdirectories.contains(name) {
                return has(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB)
            }
            if DirectoryLayout.isRootFile(name) { fileEvent(name, mask, &changes) }
        case .subdirectory(let directory):
            if !DirectoryLayout.isIgnored(name) {
                fileEvent("\(directory)/\(name)", mask, &changes)
            }
        }
        return false
    }

    private func fileEvent(_ path: String, _ mask: UInt32, _ changes: inout Changes) {
        func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }
        if has(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) {
            unfinished.remove(path)
            changes.names.insert(path)
        } else if has(IN_CREATE) {
            // A second name of a whole file, or a symbolic link: nobody will close it.
            var status = stat()
            let full = "/" + root.joined(separator: "/") + "/" + path
            if lstat(full, &status) == 0,
                status.st_mode & S_IFMT != S_IFREG || status.st_nlink > 1
            {
                changes.names.insert(path)
            } else {
                unfinished.insert(path)
            }
        } else if has(IN_MODIFY) {
            unfinished.insert(path)
        } else if has(IN_ATTRIB), !unfinished.contains(path) {
            changes.names.insert(path)
        }
    }

    // Watches what is there now; true when a directory of ours is watched anew or not any more.
    private func arm() -> Bool {
        let old = roles
        var current: [Int32: Role] = [:]
        failure = nil
        let path = "/" + root.joined(separator: "/")
        let structure =
            IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF
            | IN_MOVE_SELF
        let files = structure | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB
        // The nearest ancestor that exists, its own included when it is the parent. Looked at
        // before what is below: a directory made in between is then seen by its event.
        for depth in stride(from: root.count - 1, through: 0, by: -1) {
            let ancestor = "/" + root[..<depth].joined(separator: "/")
            if let watch = add(ancestor, structure) {
                current[watch] = .ancestor(next: root[depth])
                break
            }
        }
        if let watch = add(path, files) {
            current[watch] = .root
            for name in DirectoryLayout.subdirectories {
                if let watch = add("\(path)/\(name)", files | IN_DONT_FOLLOW) {
                    current[watch] = .subdirectory(name)
                }
            }
        }
        for watch in old.keys where current[watch] == nil { inotify_rm_watch(inotify.raw, watch) }
        roles = current
        func ours(_ roles: [Int32: Role]) -> [Int32: Role] {
            roles.filter { if case .ancestor = $0.value { false } else { true } }
        }
        let isNew = ours(current) != ours(old)
        if isNew { unfinished = [] }
        return isNew
    }

    private func add(_ path: String, _ mask: Int32) -> Int32? {
        let watch = inotify_add_watch(
            inotify.raw, path, UInt32(bitPattern: mask | IN_ONLYDIR))
        if watch >= 0 { return watch }
        let code = errno
        if code != ENOENT, code != ENOTDIR, code != ELOOP {
            failure = SystemError(code, "inotify_add_watch", path)
        }
        return nil
    }
}
