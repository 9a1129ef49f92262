// The only notion of time below the shell: nanoseconds of the monotonic clock, handed in by
// whoever calls. Nothing here reads a clock, so a test or the simulation owns time.

/// A point on the monotonic clock.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since an arbitrary origin (the machine's boot, or zero in a simulation).
    public var nanoseconds: Int64

    /// An instant that many nanoseconds after the origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The origin.
    public static let zero = Instant(nanoseconds: 0)

    /// A point that never comes.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Orders by time.
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The instant `duration` later; sums past either end stay at that end.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        guard overflow else { return Instant(nanoseconds: sum) }
        return Instant(nanoseconds: duration.nanoseconds < 0 ? .min : .max)
    }

    /// The time from `b` to `a`.
    public static func - (a: Instant, b: Instant) -> Duration {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return .nanoseconds(overflow ? (a < b ? .min : .max) : difference)
    }
}

extension Duration {
    /// The whole duration in nanoseconds, held within 64 bits.
    public var nanoseconds: Int64 {
        let parts = components
        let (scaled, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return parts.seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
        return carry ? (parts.seconds < 0 ? .min : .max) : sum
    }

    /// The duration in seconds, for people and metrics.
    public var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// The sooner of two deadlines, either of which may be absent.
public func earlier(_ a: Instant?, _ b: Instant?) -> Instant? {
    guard let a else { return b }
    guard let b else { return a }
    return min(a, b)
}
