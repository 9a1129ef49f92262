// What both families share: sources, spaces, attributes, forwarding, and the queue of rows to the
// kernel.

import Net

/// An address space.
struct Space: Sendable {
    var id: SpaceID
    /// What an earlier run left is let alone.
    var isHolding = false
    var sources: [UInt32] = []
    var receivers: [UInt32] = []
    /// Receivers that hear of more than the best path, by family.
    var listeners4: [UInt32] = []
    var listeners6: [UInt32] = []
    /// Removed sources whose paths are not all swept yet.
    var leaving: [UInt32] = []
    var reserved4 = ReservedTable<Prefix4>()
    var reserved6 = ReservedTable<Prefix6>()
}

/// A row of either family by number.
struct RowRef: Hashable, Sendable {
    private let bits: UInt64

    init(_ family: Family, table: Int, row: Int) {
        bits =
            (family == .ipv6 ? 1 << 60 : 0) | UInt64(truncatingIfNeeded: table) << 32
            | UInt64(truncatingIfNeeded: row)
    }

    init(payload: UInt64) { bits = payload & ((1 << 61) - 1) }

    var payload: UInt64 { bits }
    var family: Family { bits >> 60 == 0 ? .ipv4 : .ipv6 }
    var table: Int { Int(bits >> 32 & 0xFFF_FFFF) }
    var row: Int { Int(bits & 0xFFFF_FFFF) }
}

/// A row that the kernel refused, and when it is tried again.
struct Failure: Sendable {
    var count: UInt8 = 0
    var retryAt = Instant.zero
    /// A foreign route stands at its key.
    var isShadowed = false
}

struct Common: Sendable {
    let marks: KernelMarks
    let seed: UInt64
    var sources: [Source] = []
    var freeSources: [UInt32] = []
    var spaces: [Space] = []
    var spaceIndex: [SpaceID: Int] = [:]
    var receivers: [Receiver] = []
    var freeReceivers: [UInt32] = []
    var attributes: AttributeStore
    var forwarding = Forwarding()
    var queue = Fifo<RowRef>()
    var failures: [RowRef: Failure] = [:]
    /// No failure is due before.
    var nextRetry: Instant?
    /// Rows that the kernel acknowledged.
    var installed = 0
    /// Steps handed out and not answered.
    var inFlight = 0
    var lastError: KernelError?

    init(marks: KernelMarks, seed: UInt64) {
        self.marks = marks
        self.seed = seed
        attributes = AttributeStore(seed: seed)
    }

    /// How long a row waits after its `count`th failure in a row.
    static func backoff(_ count: UInt8) -> Duration {
        .milliseconds(Int64(250) << Int64(min(count, 7)))
    }

    /// A foreign route stays for longer than a moment.
    static let shadowedRetry = Duration.seconds(30)

    mutating func fail(_ ref: RowRef, isShadowed: Bool, at now: Instant) {
        var failure = failures[ref] ?? Failure()
        failure.isShadowed = isShadowed
        failure.retryAt = now + (isShadowed ? Common.shadowedRetry : Common.backoff(failure.count))
        failure.count = min(failure.count + 1, 20)
        failures[ref] = failure
        nextRetry = earlier(nextRetry, failure.retryAt)
    }
}
