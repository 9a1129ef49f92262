import CBSD
import CLinux
import Glibc

// Reads a snapshot: every file is compared with itself before and after, the directories'
// lists are compared at the end, and what will not hold still is refused rather than believed.
// Nothing here follows a symbolic link, waits for a fifo, or reads more than it was told to.

/// Reads a configuration directory.
public struct DirectoryReader: Sendable {
    /// The most bytes of a file.
    public static let fileLimit = 1 << 20
    /// The most bytes of a key.
    public static let keyLimit = 4096
    /// The most names in one directory.
    public static let countLimit = 65_536

    private let root: String
    private let credentials: String?

    /// A reader of `root`; keys are looked for in `credentials` too (systemd's directory).
    public init(
        root: String, credentials: String? = Environment.variables["CREDENTIALS_DIRECTORY"]
    ) {
        self.root = root
        self.credentials = credentials
    }

    /// Reads everything. A name in `refused` exists, as a file or as a whole directory: what was
    /// known from it still holds.
    public func read() -> DirectoryContents {
        for _ in 0..<3 {
            let before = names()
            let contents = readOnce(before)
            if contents.isMissing || names() == before { return contents }
        }
        let last = names()
        var contents = readOnce(last)
        contents.refused["."] = "the directory kept changing while it was read"
        contents.hasAllKeys = false
        return contents
    }

    /// Reads named files only (`circuits/acme.yaml`, `keys/acme`); a name that is missing from
    /// the result does not exist any more.
    public func read(_ names: Set<String>) -> DirectoryContents {
        var list = Listing()
        for path in names where DirectoryLayout.split(path) != nil { list.names.insert(path) }
        return readOnce(list, isAll: false)
    }

    private struct Listing: Equatable {
        var names: Set<String> = []
        var refused: [String: String] = [:]
        var hasKeys = true
    }

    // What can be read, by path from the root.
    private func names() -> Listing {
        var list = Listing()
        let top: FileDescriptor
        do throws(SystemError) {
            top = try openDirectory(root)
        } catch {
            list.hasKeys = false
            if error.code != ENOENT { list.refused["."] = sentence(error) }
            return list
        }
        collect(try? entries(top.raw), "", &list) { DirectoryLayout.isRootFile($0) }
        for name in DirectoryLayout.subdirectories {
            do throws(SystemError) {
                let directory = try openDirectory(name, in: top.raw)
                collect(try entries(directory.raw), name + "/", &list) {
                    !DirectoryLayout.isIgnored($0)
                }
            } catch {
                if name == DirectoryLayout.keys { list.hasKeys = false }
                if error.code != ENOENT { list.refused[name] = sentence(error) }
            }
        }
        return list
    }

    private func collect(
        _ entries: [String]?, _ prefix: String, _ list: inout Listing, _ isOurs: (String) -> Bool
    ) {
        guard let entries else {
            list.refused[prefix.isEmpty ? "." : prefix] = "the directory cannot be listed"
            return
        }
        if entries.count >= DirectoryReader.countLimit {
            let name = prefix.isEmpty ? "." : String(prefix.dropLast())
            list.refused[name] = "more than \(DirectoryReader.countLimit) files"
            if name == DirectoryLayout.keys { list.hasKeys = false }
        }
        for entry in entries where isOurs(entry) { list.names.insert(prefix + entry) }
    }

    private func readOnce(_ list: Listing, isAll: Bool = true) -> DirectoryContents {
        var contents = DirectoryContents(refused: list.refused, hasAllKeys: list.hasKeys)
        let top: FileDescriptor
        do throws(SystemError) {
            top = try openDirectory(root)
        } catch {
            contents.isMissing = error.code == ENOENT
            contents.hasAllKeys = false
            if error.code != ENOENT { contents.refused["."] = sentence(error) }
            readCredentials(isAll ? nil : list.names, &contents)
            return contents
        }
        var directories: [String: Int32] = [:]
        defer { for number in directories.values { close(number) } }
        for path in list.names {
            guard let (directory, name) = DirectoryLayout.split(path) else { continue }
            var place = top.raw
            if let directory {
                if let known = directories[directory] {
                    place = known
                } else {
                    do throws(SystemError) {
                        place = try openDirectory(directory, in: top.raw).release()
                        directories[directory] = place
                    } catch {
                        if directory == DirectoryLayout.keys { contents.hasAllKeys = false }
                        if error.code != ENOENT { contents.refused[directory] = sentence(error) }
                        continue
                    }
                }
            }
            if directory == DirectoryLayout.keys {
                readKey(path, name, in: place, &contents)
            } else if !name.hasSuffix(".yaml") {
                var status = stat()
                if fstatat(place, name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
                    contents.refused[path] = "not read: the name does not end in .yaml"
                }
            } else {
                readFile(path, name, in: place, &contents)
            }
        }
        readCredentials(isAll ? nil : list.names, &contents)
        return contents
    }

    private func readFile(
        _ path: String, _ name: String, in directory: Int32, _ contents: inout DirectoryContents
    ) {
        do throws(SystemError) {
            let (bytes, status) = try stableRead(name, in: directory, DirectoryReader.fileLimit)
            if status.st_mode & 0o002 != 0 {
                contents.refused[path] = "not read: everybody may write to it"
            } else {
                contents.files[path] = bytes
            }
        } catch {
            if error.code != ENOENT { contents.refused[path] = sentence(error) }
        }
    }

    private func readKey(
        _ path: String, _ name: String, in directory: Int32, _ contents: inout DirectoryContents
    ) {
        do throws(SystemError) {
            let (bytes, status) = try stableRead(name, in: directory, DirectoryReader.keyLimit)
            let isForeign = status.st_uid != 0 && status.st_uid != geteuid()
            contents.keys[path] = DirectoryContents.Key(
                bytes: bytes, isTooOpen: status.st_mode & 0o027 != 0 || isForeign)
        } catch {
            if error.code != ENOENT { contents.refused[path] = sentence(error) }
        }
    }

    // The second place of keys: nil asks for all, and a file of the first place wins.
    private func readCredentials(_ wanted: Set<String>?, _ contents: inout DirectoryContents) {
        guard let credentials else { return }
        guard let directory = try? openDirectory(credentials),
            let names = try? entries(directory.raw)
        else {
            contents.hasAllKeys = false
            return
        }
        for name in names where !DirectoryLayout.isIgnored(name) {
            let path = "\(DirectoryLayout.keys)/\(name)"
            guard wanted?.contains(path) != false, contents.keys[path] == nil,
                contents.refused[path] == nil
            else { continue }
            readKey(path, name, in: directory.raw, &contents)
        }
    }

    private func sentence(_ error: SystemError) -> String {
        switch error.code {
        case ELOOP: "not read: it is a symbolic link"
        default: "not read: \(error.reason)"
        }
    }
}

/// Opens a directory; below another one never through a symbolic link.
private func openDirectory(
    _ name: String, in parent: Int32? = nil
) throws(SystemError) -> FileDescriptor {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK
    return FileDescriptor(
        adopting: try check("open", name) {
            if let parent { return openat(parent, name, flags | O_NOFOLLOW) }
            return open(name, flags)
        })
}

/// The names in a directory, at most `DirectoryReader.countLimit` of them.
private func entries(_ directory: Int32) throws(SystemError) -> [String] {
    // fdopendir takes its descriptor over and moves its offset: give it one of its own.
    let own = try check("openat") { openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(own) else {
        close(own)
        throw SystemError.last("fdopendir")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < DirectoryReader.countLimit {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw SystemError.last("readdir") }
            break
        }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// Reads a regular file that does not change meanwhile.
private func stableRead(
    _ name: String, in directory: Int32, _ limit: Int
) throws(SystemError) -> ([UInt8], stat) {
    for _ in 0..<3 {
        let file = FileDescriptor(
            adopting: try check("open", name) {
                openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            })
        var before = stat()
        _ = try check("fstat", name) { fstat(file.raw, &before) }
        guard before.st_mode & S_IFMT == S_IFREG else {
            throw SystemError(EINVAL, "open", name, reason: "it is not a regular file")
        }
        guard before.st_size <= limit else {
            throw SystemError(EFBIG, "open", name, reason: "it is larger than \(limit) bytes")
        }
        let bytes = try readAll(file.raw, name, limit: limit)
        var after = stat()
        _ = try check("fstat", name) { fstat(file.raw, &after) }
        let isSame =
            before.st_size == after.st_size && bytes.count == Int(after.st_size)
            && before.st_mtim.tv_sec == after.st_mtim.tv_sec
            && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec
        if isSame { return (bytes, after) }
    }
    throw SystemError(EAGAIN, "read", name, reason: "it kept changing while it was read")
}
