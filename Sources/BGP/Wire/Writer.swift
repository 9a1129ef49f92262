// Appending in network byte order. Lengths are filled in once what they count is written.

import Net

extension [UInt8] {
    mutating func put(_ value: UInt8) { append(value) }

    mutating func put(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func put(_ value: UInt32) {
        put(UInt16(truncatingIfNeeded: value >> 16))
        put(UInt16(truncatingIfNeeded: value))
    }

    mutating func put(_ value: UInt64) {
        put(UInt32(truncatingIfNeeded: value >> 32))
        put(UInt32(truncatingIfNeeded: value))
    }

    mutating func put(_ address: IPv4Address) { put(address.raw) }

    mutating func put(_ address: IPv6Address) {
        put(address.high)
        put(address.low)
    }

    /// Writes a length of two bytes over the ones at `offset`: what follows them, plus `extra`.
    mutating func patchLength(at offset: Int, extra: Int = 0) {
        let length = count - offset - 2 + extra
        precondition(length <= 0xFFFF, "length does not fit its field")
        self[offset] = UInt8(truncatingIfNeeded: length >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: length)
    }

    /// Appends a message: header, what `body` writes, and the length over both.
    mutating func putMessage(_ kind: MessageKind, _ body: (inout [UInt8]) -> Void = { _ in }) {
        append(contentsOf: repeatElement(0xFF, count: 16))
        let length = count
        put(UInt16(0))
        put(kind.rawValue)
        body(&self)
        patchLength(at: length, extra: 18)
    }
}
