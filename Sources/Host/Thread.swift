import CBSD
import CLinux
import Glibc

// Threads with names and enough stack. A closure that reaches a thread from main-actor code
// would trap there, so threads are started from nonisolated functions only, never in main.swift.

/// A detached thread of the process.
public enum Thread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that runs `body` once; its name is cut to the kernel's 15 bytes.
    public nonisolated static func start(
        name: String, stackSize: Int = 8 << 20, body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let box = Unmanaged.passRetained(Body(name, body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                Thread.setName(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw SystemError(code, "pthread_create", name)
        }
    }

    /// Names the calling thread.
    public static func setName(_ name: String) {
        clinux_thread_name(String(decoding: name.utf8.prefix(15), as: UTF8.self))
    }
}
