import CBSD
import CLinux
import Glibc

// The one owner of a descriptor: closed exactly once, when its owner goes.

/// An open file descriptor that is closed when its owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls; never close it.
    public let raw: Int32

    /// Takes over a descriptor.
    public init(adopting raw: Int32) {
        precondition(raw >= 0, "adopting a descriptor that is none")
        self.raw = raw
    }

    /// Gives the number away; the new owner closes it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    deinit { _ = close(raw) }
}
