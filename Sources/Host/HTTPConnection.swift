import CBSD
import CLinux
import CMicroHTTPD
import Glibc
import Net

// One client's connection and the request at hand. Three threads meet here: the library's, which
// owns the connection; the one that answers; and the sweeper, which ends what takes too long.
// A connection is suspended while there is nothing to do for the library, and resumed exactly
// once for each suspension, always under the lock. Lock order: this one, then the library's.

/// The state of a connection, shared by the threads of the API.
final class HTTPConnection: Sendable {
    /// What an answer is made of.
    enum Answer {
        case whole(status: Int, contentType: String, [UInt8])
        case streaming(contentType: String)
        // Nobody to answer any more.
        case none
    }

    private enum Phase {
        // Since when the client owes us a whole request.
        case receiving(since: Instant)
        case waiting(until: Instant)
        case answered(Answer)
        case sending
        case streaming
        case closed
    }

    private struct State {
        var phase: Phase
        // Which of the connection's requests; a late answer carries an old number.
        var number: UInt64 = 0
        var isSuspended = false
        var body: [UInt8] = []
        var discarded = 0
        var queue: [UInt8] = []
        var queueLimit = 0
        var isFinished = false
        var isDropped = false
    }

    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    static let bodyLimit = 64 << 10
    private let handle: Handle
    private let descriptor: Int32
    let peer: PeerCredentials?
    private let state: Locked<State>

    init(_ pointer: OpaquePointer, now: Instant) {
        handle = Handle(pointer: pointer)
        descriptor = circuitd_http_descriptor(pointer)
        peer = try? PeerCredentials(descriptor: descriptor)
        state = Locked(State(phase: .receiving(since: now)))
    }

    private static func resume(_ state: inout State, _ handle: Handle) {
        guard state.isSuspended else { return }
        state.isSuspended = false
        MHD_resume_connection(handle.pointer)
    }

    // MHD's thread: a request.

    /// Takes a part of the body; false when the client sends on beyond all measure.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            if state.body.count + bytes.count <= HTTPConnection.bodyLimit, state.discarded == 0 {
                state.body += bytes
                return true
            }
            state.discarded += bytes.count
            return state.discarded <= 1 << 20
        }
    }

    /// The body, or nil when it was too large.
    func takeBody() -> [UInt8]? {
        state.withLock { state in
            let body = state.discarded == 0 ? state.body : nil
            state.body = []
            state.discarded = 0
            return body
        }
    }

    /// The request is whole: waits for its answer from now on, and returns the request's number.
    func beginWaiting(until deadline: Instant) -> UInt64 {
        state.withLock { state in
            state.phase = .waiting(until: deadline)
            return state.number
        }
    }

    /// The answer, if there is one; else the connection sleeps until there is.
    func takeAnswerOrSuspend() -> Answer? {
        state.withLock { state in
            switch state.phase {
            case .answered(let answer):
                if case .streaming = answer {
                    state.phase = .streaming
                } else {
                    state.phase = .sending
                }
                return answer
            case .waiting:
                if !state.isSuspended {
                    state.isSuspended = true
                    MHD_suspend_connection(handle.pointer)
                }
                return nil
            case .receiving, .sending, .streaming, .closed: return Answer.none
            }
        }
    }

    /// Whether the handler still owes an answer, or it has not been taken yet.
    var isWhole: Bool {
        state.withLock { state in
            switch state.phase {
            case .waiting, .answered: true
            case .receiving, .sending, .streaming, .closed: false
            }
        }
    }

    /// An answer of the server's own begins.
    func beginSending() { state.withLock { $0.phase = .sending } }

    /// The answer has left, or the connection has failed; the next request may come.
    func finishRequest(now: Instant) {
        state.withLock { state in
            state.number += 1
            state.phase = .receiving(since: now)
            state.queue = []
            state.body = []
            state.discarded = 0
            state.isFinished = false
            state.isDropped = false
        }
    }

    /// Turns the client away before it has said anything.
    func refuse() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The library is about to forget the connection.
    func close() {
        state.withLock { state in
            state.number += 1
            state.phase = .closed
            state.queue = []
        }
    }

    /// The next bytes of a stream: a count, 0 after suspending, -1 at the end, -2 to break off.
    func pull(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            if state.isDropped { return -2 }
            let count = min(buffer.count, state.queue.count)
            if count > 0 {
                buffer.copyBytes(from: state.queue[..<count])
                state.queue.removeFirst(count)
                return count
            }
            if state.isFinished { return -1 }
            state.isSuspended = true
            MHD_suspend_connection(handle.pointer)
            return 0
        }
    }

    // Any thread.

    /// Gives the answer to a request; false when it is not waited for any more.
    func answer(_ number: UInt64, _ answer: Answer, queueLimit: Int = 0) -> Bool {
        state.withLock { state in
            guard state.number == number, case .waiting = state.phase else { return false }
            state.phase = .answered(answer)
            state.queueLimit = queueLimit
            HTTPConnection.resume(&state, handle)
            return true
        }
    }

    /// Adds to a stream; false when its reader is gone, or too slow and so dropped.
    func push(_ number: UInt64, _ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard HTTPConnection.isStreaming(state, number), !state.isFinished else { return false }
            guard state.queue.count + bytes.count <= state.queueLimit else {
                drop(&state)
                return false
            }
            state.queue += bytes
            HTTPConnection.resume(&state, handle)
            return true
        }
    }

    /// Whether a stream is still read.
    func isStreaming(_ number: UInt64) -> Bool {
        state.withLock { HTTPConnection.isStreaming($0, number) && !$0.isFinished }
    }

    /// Ends a stream after what it holds.
    func finishStream(_ number: UInt64) {
        state.withLock { state in
            guard HTTPConnection.isStreaming(state, number) else { return }
            state.isFinished = true
            HTTPConnection.resume(&state, handle)
        }
    }

    private static func isStreaming(_ state: State, _ number: UInt64) -> Bool {
        guard state.number == number, !state.isDropped else { return false }
        switch state.phase {
        case .streaming, .answered(.streaming): return true
        default: return false
        }
    }

    // The library sees the shutdown at its next look at the socket; it closes, never we.
    private func drop(_ state: inout State) {
        state.isDropped = true
        state.queue = []
        shutdown(descriptor, Int32(SHUT_RDWR))
        HTTPConnection.resume(&state, handle)
    }

    /// Ends what has taken too long or has lost its client.
    func sweep(now: Instant, patience: Duration, late: Answer) {
        state.withLock { state in
            switch state.phase {
            case .receiving(let since):
                if now - since > patience { shutdown(descriptor, Int32(SHUT_RDWR)) }
            case .waiting(let deadline):
                if isHungUp {
                    state.phase = .answered(.none)
                    HTTPConnection.resume(&state, handle)
                } else if now >= deadline {
                    state.phase = .answered(late)
                    HTTPConnection.resume(&state, handle)
                }
            case .streaming:
                if state.isSuspended, isHungUp { drop(&state) }
            case .answered, .sending, .closed: break
            }
        }
    }

    /// Ends everything that waits, for the server's end; true when nothing is left to send.
    func end(_ goodbye: Answer) -> Bool {
        state.withLock { state in
            switch state.phase {
            case .waiting:
                state.phase = .answered(goodbye)
                HTTPConnection.resume(&state, handle)
                return false
            case .streaming, .answered(.streaming):
                if !state.isDropped { drop(&state) }
                return true
            case .answered, .sending: return false
            case .receiving, .closed: return true
            }
        }
    }

    // While suspended the library does not look at the socket.
    private var isHungUp: Bool {
        var poll = pollfd(fd: descriptor, events: 0, revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0 && poll.revents & Int16(POLLHUP | POLLERR) != 0
    }
}
