import CBSD
import CLinux
import Glibc

// A call into the kernel or libc that failed: which call, on what, and why, in words that can go
// to an operator unchanged.

/// A failed system call.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The errno.
    public var code: Int32
    /// The call's name.
    public var call: String
    /// What the call was about (a path, an address), or empty.
    public var subject: String
    /// The reason for people; the kernel's own text unless the caller knows better.
    public var reason: String

    /// An error with the kernel's text.
    public init(_ code: Int32, _ call: String, _ subject: String = "") {
        self.init(code, call, subject, reason: SystemError.text(code))
    }

    /// An error with a text of ours.
    public init(_ code: Int32, _ call: String, _ subject: String = "", reason: String) {
        self.code = code
        self.call = call
        self.subject = subject
        self.reason = reason
    }

    /// The error of the call that has just failed on this thread.
    public static func last(_ call: String, _ subject: String = "") -> SystemError {
        SystemError(errno, call, subject)
    }

    /// The kernel's text of an errno, in lower case: `connection refused`.
    public static func text(_ code: Int32) -> String {
        guard let pointer = clinux_error_text(code) else { return "error \(code)" }
        let text = String(cString: pointer)
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// `bind /run/x.sock: permission denied`.
    public var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }
}

/// Repeats a call that a signal interrupted, and turns -1 into an error.
func check<Result: FixedWidthInteger & SignedInteger>(
    _ call: String, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw SystemError(code, call, subject()) }
    }
}
