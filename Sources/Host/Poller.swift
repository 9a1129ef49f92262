import CBSD
import CLinux
import Glibc
public import Net

// One epoll, level-triggered, and one timerfd that is armed again only when the deadline moves.
// The caller compares an event's token with its table and drops what does not match: after a
// close, events of the old registration may still be in the batch at hand.

/// Waits for descriptors and deadlines. Belongs to one thread.
public final class Poller {
    /// What a registration waits for.
    public struct Interest: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// The bits as they are.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Bytes, a connection or the end can be read.
        public static let read = Interest(rawValue: 1)
        /// Bytes can be written, or a connect has ended.
        public static let write = Interest(rawValue: 2)
    }

    /// What has happened to one registration.
    public struct Event: Hashable, Sendable {
        /// The registration.
        public var token: Token
        /// A read will not block.
        public var isReadable: Bool
        /// A write will not block.
        public var isWritable: Bool
        /// The other end is gone or the descriptor has failed; reading tells why.
        public var isBroken: Bool

        /// An event as given.
        public init(
            token: Token, isReadable: Bool = false, isWritable: Bool = false, isBroken: Bool = false
        ) {
            self.token = token
            self.isReadable = isReadable
            self.isWritable = isWritable
            self.isBroken = isBroken
        }
    }

    private static let timerToken = Token(kind: 255, slot: 0)
    private let epoll: FileDescriptor
    private let timer: FileDescriptor
    private var armed: Instant?
    private var raw: [epoll_event]

    /// A poller that reports at most `batch` events at once.
    public init(batch: Int = 256) throws(SystemError) {
        epoll = FileDescriptor(
            adopting: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        timer = FileDescriptor(
            adopting: try check("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
            })
        raw = Array(repeating: epoll_event(), count: max(batch, 1))
        try add(timer.raw, Poller.timerToken, .read)
    }

    /// Begins to watch a descriptor.
    public func add(
        _ descriptor: Int32, _ token: Token, _ interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, descriptor, token, interest)
    }

    /// Changes what a watched descriptor waits for, or its token.
    public func modify(
        _ descriptor: Int32, _ token: Token, _ interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, token, interest)
    }

    /// Stops watching; to be called before the descriptor is closed.
    public func remove(_ descriptor: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(epoll.raw, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Waits until something happens or the deadline has come (nil: only for events), and
    /// replaces the contents of `events`. An empty result is an ordinary one.
    public func wait(until deadline: Instant?, into events: inout [Event]) throws(SystemError) {
        events.removeAll(keepingCapacity: true)
        try arm(deadline)
        let count = epoll_wait(epoll.raw, &raw, Int32(raw.count), -1)
        if count < 0 {
            if errno == EINTR { return }
            throw SystemError.last("epoll_wait")
        }
        for event in raw.prefix(Int(count)) {
            let token = Token(rawValue: event.data.u64)
            if token == Poller.timerToken {
                var expirations: UInt64 = 0
                _ = read(timer.raw, &expirations, 8)
                armed = nil
                continue
            }
            events.append(
                Event(
                    token: token,
                    isReadable: event.events & (CLINUX_EPOLLIN | CLINUX_EPOLLRDHUP) != 0,
                    isWritable: event.events & CLINUX_EPOLLOUT != 0,
                    isBroken: event.events & (CLINUX_EPOLLERR | CLINUX_EPOLLHUP) != 0))
        }
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ token: Token, _ interest: Interest
    ) throws(SystemError) {
        var event = epoll_event()
        if interest.contains(.read) { event.events |= CLINUX_EPOLLIN | CLINUX_EPOLLRDHUP }
        if interest.contains(.write) { event.events |= CLINUX_EPOLLOUT }
        event.data.u64 = token.rawValue
        _ = try check("epoll_ctl", token.description) {
            epoll_ctl(epoll.raw, operation, descriptor, &event)
        }
    }

    private func arm(_ deadline: Instant?) throws(SystemError) {
        guard deadline != armed else { return }
        // Zero disarms; a deadline of the past fires at once at one nanosecond.
        let isArmed = deadline != nil && deadline != .distantFuture
        let nanoseconds = isArmed ? max(deadline?.nanoseconds ?? 0, 1) : 0
        _ = try check("timerfd_settime") { clinux_timer_arm(timer.raw, nanoseconds) }
        armed = deadline
    }
}
