// What epoll hands back with an event. Descriptors are reused by the kernel at once; generations
// are not, so an event that belongs to a closed predecessor does not match its slot any more.

/// The name of a registration with a `Poller`.
public struct Token: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// 8 bits of kind, 24 of slot, 32 of generation.
    public let rawValue: UInt64

    /// The bits as they are.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The caller's kind of descriptor (255 is the poller's own), its slot below 2^24 in the
    /// caller's table, and how many times the slot was used.
    public init(kind: UInt8, slot: Int, generation: UInt32 = 0) {
        precondition(slot >= 0 && slot < 1 << 24, "a token's slot has 24 bits")
        rawValue = UInt64(kind) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    /// The kind of descriptor.
    public var kind: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 56) }
    /// The slot in the caller's table.
    public var slot: Int { Int(rawValue >> 32 & 0xFF_FFFF) }
    /// How many times the slot was used before.
    public var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// `kind/slot.generation`.
    public var description: String { "\(kind)/\(slot).\(generation)" }
}
