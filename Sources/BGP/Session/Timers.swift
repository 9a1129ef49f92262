// Deadlines of one connection, and the jitter that keeps thousands of them apart.

import Net

/// The timers of one connection; nil does not run.
struct Timers: Hashable, Sendable {
    var connectRetry: Instant?
    var hold: Instant?
    var keepalive: Instant?
    /// RFC 9687: the peer takes no bytes any more.
    var sendHold: Instant?

    /// RFC 4271 §8.2.2: the hold time until the peer's OPEN has said one.
    static let largeHold: Duration = .seconds(240)

    var next: Instant? {
        earlier(earlier(connectRetry, hold), earlier(keepalive, sendHold))
    }

    /// Takes one timer that is due, the graver ones first.
    mutating func take(due now: Instant) -> SessionEvent? {
        func take(_ timer: inout Instant?) -> Bool {
            guard let deadline = timer, deadline <= now else { return false }
            timer = nil
            return true
        }
        if take(&hold) { return .holdExpired }
        if take(&sendHold) { return .sendHoldExpired }
        if take(&keepalive) { return .keepaliveExpired }
        if take(&connectRetry) { return .connectRetryExpired }
        return nil
    }
}

/// Random numbers from a seed (SplitMix64), so that a simulation repeats itself.
struct Jitter: Hashable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// Three quarters to the whole of a duration (RFC 4271 §10).
    mutating func shorten(_ duration: Duration) -> Duration {
        let whole = max(duration.nanoseconds, 0)
        let quarter = UInt64(whole / 4)
        return .nanoseconds(whole - Int64(next() % (quarter + 1)))
    }
}
