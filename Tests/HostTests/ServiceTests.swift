import Glibc
import Host
import Net
import Testing

@Suite struct ServiceManagerTests {
    /// A datagram socket in the place of systemd's.
    private final class Listener {
        let descriptor: Int32

        init(_ name: [UInt8]) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let number = descriptor
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(number, $0, socklen_t(2 + name.count))
                }
            }
            try #require(result == 0)
        }

        deinit { close(descriptor) }

        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    @Test func `every notice reaches a socket in the file system`() throws {
        let place = TemporaryDirectory()
        let path = place.file("notify")
        let listener = try Listener(Array(path.utf8))
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": path])
        manager.ready(status: "all\nwell")
        manager.status("12 circuits")
        manager.reloading(at: Instant(nanoseconds: 5_000_123))
        manager.watchdog()
        manager.stopping(status: "bye")
        #expect(manager.isPresent)
        #expect(listener.next() == "READY=1\nSTATUS=all well")
        #expect(listener.next() == "STATUS=12 circuits")
        #expect(listener.next() == "RELOADING=1\nMONOTONIC_USEC=5000")
        #expect(listener.next() == "WATCHDOG=1")
        #expect(listener.next() == "STOPPING=1\nSTATUS=bye")
        #expect(listener.next() == nil)
    }

    @Test func `an abstract socket is reached too`() throws {
        let name = "circuitd-host-test-\(getpid())"
        let listener = try Listener([0] + Array(name.utf8))
        ServiceManager(environment: ["NOTIFY_SOCKET": "@" + name]).watchdog()
        #expect(listener.next() == "WATCHDOG=1")
    }

    @Test(arguments: ["", "relative", "/no/such/socket", "@"])
    func `without a listener nothing happens`(_ socket: String) {
        ServiceManager(environment: ["NOTIFY_SOCKET": socket]).ready(status: "x")
        ServiceManager(environment: [:]).ready(status: "x")
    }

    @Test func `the watchdog's limit is ours only with our number`() {
        func limit(_ environment: [String: String]) -> Duration? {
            ServiceManager(environment: environment).watchdogInterval
        }
        #expect(limit(["WATCHDOG_USEC": "30000000"]) == .seconds(30))
        #expect(
            limit(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "\(getpid())"]) == .milliseconds(1))
        #expect(limit(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]) == nil)
        #expect(limit(["WATCHDOG_USEC": "0"]) == nil)
        #expect(limit(["WATCHDOG_USEC": "many"]) == nil)
        #expect(limit([:]) == nil)
    }
}

@Suite struct PIDFileTests {
    @Test func `a second daemon learns who runs already`() throws {
        let place = TemporaryDirectory()
        let path = place.file("circuitd.pid")
        let first = try PIDFile(path: path)
        #expect(place.text("circuitd.pid") == "\(getpid())")
        let error = #expect(throws: SystemError.self) { _ = try PIDFile(path: path) }
        #expect(error?.reason.contains("process \(getpid())") == true)
        first.remove()
        #expect(place.text("circuitd.pid") == nil)
        _ = try PIDFile(path: path)
    }

    @Test func `a file left by a crash is taken over`() throws {
        let place = TemporaryDirectory()
        place.write("circuitd.pid", "99999999")
        let file = try PIDFile(path: place.file("circuitd.pid"))
        #expect(place.text("circuitd.pid") == "\(getpid())")
        file.remove()
    }

    @Test func `a directory that is not there is named`() {
        let error = #expect(throws: SystemError.self) { _ = try PIDFile(path: "/no/such/x.pid") }
        #expect(error?.description.contains("/no/such/x.pid") == true)
    }
}

@Suite struct AtomicFileTests {
    @Test func `what was written is read, and nothing else is left behind`() throws {
        let place = TemporaryDirectory()
        let path = place.file("state")
        #expect(try AtomicFile.read(path) == nil)
        try AtomicFile.write(path, Array("one".utf8))
        try AtomicFile.write(path, Array("two".utf8), mode: 0o600)
        #expect(place.text("state") == "two")
        #expect(run("ls -A \(place.path)") == "state\n")
        #expect(run("stat -c %a \(path)") == "600\n")
    }

    @Test func `a directory that cannot be written leaves the old file`() throws {
        let place = TemporaryDirectory()
        #expect(throws: SystemError.self) { try AtomicFile.write(place.file("no/state"), [1]) }
        place.make("state")
        #expect(throws: SystemError.self) { try AtomicFile.write(place.file("state"), [1]) }
        #expect(run("ls -A \(place.path)") == "state\n")
    }

    @Test func `more than the limit is an error`() throws {
        let place = TemporaryDirectory()
        place.write("state", "12345")
        #expect(throws: SystemError.self) { try AtomicFile.read(place.file("state"), limit: 4) }
        #expect(try AtomicFile.read(place.file("state"), limit: 5)?.count == 5)
    }
}

@Suite struct CredentialsTests {
    @Test func `groups are found by name`() {
        #expect(Credentials.group(named: "root") == 0)
        #expect(Credentials.group(named: "no-such-group-here") == nil)
    }

    @Test func `membership counts the main and the other groups`() {
        let peer = PeerCredentials(uid: 1, gid: 10, groups: [20, 30])
        #expect(peer.isMember(of: 10))
        #expect(peer.isMember(of: 30))
        #expect(!peer.isMember(of: 40))
        #expect(!peer.isMember(of: nil))
    }
}

@Suite struct SignalsTests {
    @Test func `blocked signals come by the descriptor`() async throws {
        // In a process of its own: the mask of this one's threads is not ours to change.
        await #expect(processExitsWith: .success) {
            Signals.block()
            let signals = try Signals()
            // To this thread: the test library's own threads began before the block.
            raise(SIGHUP)
            raise(SIGTERM)
            guard waitReadable(signals.descriptor) else { exit(2) }
            guard Set(signals.drain()) == [.hangup, .terminate] else { exit(3) }
            exit(signals.drain().isEmpty ? 0 : 4)
        }
    }
}

@Suite struct EnvironmentTests {
    @Test func `the process's title is what ps shows`() async {
        await #expect(processExitsWith: .success) {
            guard Environment.variables["PATH"] != nil else { exit(2) }
            Environment.setTitle("circuitd: 7 circuits settled")
            let shown = run("tr '\\0' ' ' < /proc/\(getpid())/cmdline")
            exit(shown.hasPrefix("circuitd: 7 circuits settled") ? 0 : 3)
        }
    }
}
