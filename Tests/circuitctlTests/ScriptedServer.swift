import Dispatch
import Glibc
import Synchronization

// A daemon that says what the test wrote down: one scripted answer a connection, in the pieces given.

final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        /// Writes the pieces one by one, then closes.
        case pieces([String])
        /// Reads the request and holds the connection open without a word until the server ends.
        case silence
    }

    let directory: String
    private let listener: Int32
    private let thread = DispatchGroup()
    private let heads = Mutex<[String]>([])
    private let held = Mutex<[Int32]>([])

    /// The requests so far, from method to the empty line.
    var requests: [String] { heads.withLock(\.self) }

    init(_ script: [Answer], socket name: String = "control.sock") throws {
        var template = Array("/tmp/circuitctl-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failed(what: "mkdtemp", code: errno) }
        directory = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("\(directory)/\(name)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 8) == 0 else { throw Failed(what: "bind", code: errno) }
        DispatchQueue.global().async(group: thread) { self.serve(script) }
    }

    /// Stops listening; the socket's file stays.
    func endListening() {
        // The number is free for others only once the thread has let go of it.
        shutdown(listener, Int32(SHUT_RDWR))
        thread.wait()
        close(listener)
    }

    /// Ends the server and takes its directory away.
    func end() {
        endListening()
        for descriptor in held.withLock(\.self) { close(descriptor) }
        removeDirectory()
    }

    /// Takes the directory and its sockets away.
    func removeDirectory() {
        for name in ["control.sock", "health.sock"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    private func serve(_ script: [Answer]) {
        for answer in script {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                var byte: UInt8 = 0
                guard recv(connection, &byte, 1, 0) == 1 else { break }
                head.append(byte)
            }
            heads.withLock { $0.append(String(decoding: head, as: UTF8.self)) }
            switch answer {
            case .pieces(let pieces):
                for piece in pieces {
                    let bytes = Array(piece.utf8)
                    _ = bytes.withUnsafeBytes {
                        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                }
                close(connection)
            case .silence:
                held.withLock { $0.append(connection) }
            }
        }
    }

    struct Failed: Error {
        var what: String
        var code: Int32
    }
}

/// An answer with its length.
func response(_ status: String, _ body: String, type: String = "application/json") -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
        + "Connection: close\r\n\r\n\(body)"
}
