import CBSD
import CLinux
import Glibc
public import Net

// The only place that reads a clock for decisions.

/// The machine's monotonic clock.
public enum Clock {
    /// The present, in nanoseconds since boot without the time spent suspended.
    public static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
