import CBSD
import CLinux
import Glibc

// A value behind a pthread mutex. Synchronization's Mutex would do, but on Linux its lock is a
// futex in a library that the thread sanitizer cannot look into, so that every correct use of it
// is reported as a race and the real ones drown. This one the sanitizer understands.

/// A value that several threads share, one at a time.
public struct Locked<Value>: ~Copyable, @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    /// The first value; nobody else may hold on to it.
    public init(_ value: sending Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
    }

    /// Calls `body` with the value while no other thread has it; not recursive.
    public borrowing func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows
        -> Result
    {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }
}
