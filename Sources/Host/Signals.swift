import CBSD
import CLinux
import Glibc

// Signals arrive as readable events on the loop. They must be blocked before the first thread
// starts, since a thread inherits the mask and one that does not block a signal would take it.

/// The signals that the daemon understands.
public enum Signal: Int32, CaseIterable, Sendable {
    /// Stop, keeping the kernel's state.
    case terminate = 15
    /// Stop, from a terminal.
    case interrupt = 2
    /// Read the files again.
    case hangup = 1
    /// For the daemon to choose.
    case user1 = 10
}

/// Signals as a descriptor.
public final class Signals {
    private let source: FileDescriptor

    /// Blocks the signals of `Signal` and ignores SIGPIPE. The first thing in the process.
    public static func block() {
        var set = signalSet()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Collects the blocked signals.
    public init() throws(SystemError) {
        var set = Signals.signalSet()
        source = FileDescriptor(
            adopting: try check("signalfd") {
                signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
            })
    }

    /// Readable when a signal has come; for a `Poller`.
    public var descriptor: Int32 { source.raw }

    /// Takes the signals that have come.
    public func drain() -> [Signal] {
        var signals: [Signal] = []
        var info = signalfd_siginfo()
        while true {
            let count = read(source.raw, &info, MemoryLayout<signalfd_siginfo>.size)
            if count < 0, errno == EINTR { continue }
            guard count == MemoryLayout<signalfd_siginfo>.size else { return signals }
            if let signal = Signal(rawValue: Int32(bitPattern: info.ssi_signo)) {
                signals.append(signal)
            }
        }
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in Signal.allCases { sigaddset(&set, signal.rawValue) }
        return set
    }
}
