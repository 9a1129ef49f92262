import CBSD
import CLinux
import Glibc
import Net

// All connections of a server, and the thread that looks at the clock for them.

/// Knows the connections and ends what takes too long.
final class HTTPSweeper: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: HTTPConnection] = [:]
        var isStopping = false
    }

    private let state = Locked(State())
    private let wake: Mailbox<Void>
    private let patience: Duration

    init(patience: Duration) throws(SystemError) {
        self.patience = patience
        wake = try Mailbox()
        try Thread.start(name: "http-sweeper") { [self] in run() }
    }

    /// Whether the server is at its end, so that nothing may begin to wait.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    func add(_ connection: HTTPConnection) {
        let isFirst = state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = connection
            return state.connections.count == 1
        }
        if isFirst { wake.post(()) }
    }

    func remove(_ connection: HTTPConnection) {
        state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// Ends what waits; true when nothing is left to send.
    func end(_ goodbye: HTTPConnection.Answer) -> Bool {
        let connections = state.withLock { state in
            state.isStopping = true
            return Array(state.connections.values)
        }
        var isDone = true
        for connection in connections where !connection.end(goodbye) { isDone = false }
        return isDone
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wake.post(())
    }

    // A limit is kept to within a quarter of a second, or better when it is short.
    private func run() {
        let pause = min(.milliseconds(250), patience / 8)
        while true {
            let (connections, isStopping) = state.withLock { state in
                (Array(state.connections.values), state.isStopping)
            }
            if isStopping { return }
            let now = Clock.now()
            for connection in connections {
                connection.sweep(
                    now: now, patience: patience,
                    late: .error(504, "the daemon did not answer in time"))
            }
            _ = wake.wait(timeout: connections.isEmpty ? nil : pause)
        }
    }
}
