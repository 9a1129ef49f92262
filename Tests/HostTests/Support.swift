import Glibc
import Host
import Net

// What the tests of this target share: a place of their own, patience without sleeping blindly,
// and the plainest of clients.

/// A directory that goes with its owner.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/circuitd-host-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "mkdtemp")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { run("rm -rf \(path)") }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func make(_ directory: String) { mkdir(file(directory), 0o755) }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) {
        let number = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
        precondition(number >= 0, "open \(name)")
        _ = Glibc.write(number, text, text.utf8.count)
        fchmod(number, mode)
        close(number)
    }

    func move(_ from: String, _ to: String) { rename(file(from), file(to)) }

    func text(_ name: String) -> String? {
        (try? AtomicFile.read(file(name))).flatMap { $0 }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

/// Runs a shell command and returns what it printed.
@discardableResult func run(_ command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&chunk, 1, chunk.count, pipe)
        if count == 0 { return String(decoding: output, as: UTF8.self) }
        output += chunk[..<count]
    }
}

/// Asks until the answer is yes, for at most `seconds`.
func eventually(_ seconds: Int = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Clock.now() + .seconds(seconds)
    while Clock.now() < end {
        if try condition() { return true }
        usleep(2000)
    }
    return try condition()
}

/// Waits until a descriptor can be read.
func waitReadable(_ descriptor: Int32, milliseconds: Int32 = 10_000) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
}

/// Waits until a descriptor can be written.
func waitWritable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 10_000) > 0
}

/// A value that threads share.
final class Shared<Value: Sendable>: Sendable {
    private let storage: Locked<Value>
    init(_ value: Value) { storage = Locked(value) }
    var value: Value { storage.withLock { $0 } }
    func update(_ body: @Sendable (inout Value) -> Void) { storage.withLock { body(&$0) } }
}

/// A blocking client of a Unix stream socket that says bytes and reads to the end.
final class RawClient {
    let descriptor: Int32

    init?(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let number = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return nil }
    }

    deinit { close(descriptor) }

    func say(_ text: String) {
        _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
    }

    /// Reads until the text is in what came, the end, or ten seconds; returns all that came.
    func hear(until text: String? = nil) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while waitReadable(descriptor) {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count <= 0 { break }
            bytes += chunk[..<count]
            if let text, String(decoding: bytes, as: UTF8.self).contains(text) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
