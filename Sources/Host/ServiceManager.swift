import CBSD
import CLinux
import Glibc
public import Net

// sd_notify(3) without libsystemd: one datagram to $NOTIFY_SOCKET. Without that variable every
// call is nothing. A full or vanished socket is not our trouble and is ignored.

/// What the daemon tells systemd.
public final class ServiceManager: Sendable {
    private let path: [UInt8]?
    private let interval: Duration?

    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from `environment`.
    public init(environment: [String: String] = Environment.variables) {
        let socket = environment["NOTIFY_SOCKET"].map { Array($0.utf8) } ?? []
        // A path, or `@name` for the abstract space, which has a zero byte instead.
        if socket.count >= 2, socket.count <= 107, socket[0] == 0x2F || socket[0] == 0x40 {
            path = socket
        } else {
            path = nil
        }
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        if isOurs, let text = environment["WATCHDOG_USEC"],
            let microseconds = decimal(text, below: 1 << 50), microseconds > 0
        {
            interval = .microseconds(Int64(microseconds))
        } else {
            interval = nil
        }
    }

    /// Whether somebody listens.
    public var isPresent: Bool { path != nil }

    /// The watchdog's limit; a sign of life is due at less than half of it.
    public var watchdogInterval: Duration? { interval }

    /// Start or reload is over.
    public func ready(status: String) { send("READY=1\nSTATUS=\(oneLine(status))") }
    /// What `systemctl status` shows.
    public func status(_ text: String) { send("STATUS=\(oneLine(text))") }
    /// A reload begins; `ready` ends it.
    public func reloading(at now: Instant) {
        send("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)")
    }
    /// The daemon ends.
    public func stopping(status: String) { send("STOPPING=1\nSTATUS=\(oneLine(status))") }
    /// A sign of life; only ever from the loop thread.
    public func watchdog() { send("WATCHDOG=1") }

    private func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func send(_ text: String) {
        guard let path else { return }
        guard let descriptor = try? openSocket(AF_UNIX, SOCK_DGRAM) else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        if path[0] == 0x40 { address.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(text.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                sendto(
                    descriptor.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL),
                    pointer, length)
            }
        }
    }
}
