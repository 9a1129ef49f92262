// The only place that reads bytes of a peer: every step is checked against what is left, and a
// reader of an inner part cannot leave that part.

import Net

/// Fewer bytes than a field needs.
struct ShortRead: Error, Hashable {}

/// A cursor over received bytes, in network byte order.
struct Reader: ~Escapable {
    let bytes: RawSpan
    private(set) var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    var remaining: Int { bytes.byteCount - position }
    var isAtEnd: Bool { position == bytes.byteCount }

    @_lifetime(self: copy self)
    mutating func u8() throws(ShortRead) -> UInt8 {
        try UInt8(integer(UInt8.self))
    }

    @_lifetime(self: copy self)
    mutating func u16() throws(ShortRead) -> UInt16 {
        try UInt16(bigEndian: integer(UInt16.self))
    }

    @_lifetime(self: copy self)
    mutating func u32() throws(ShortRead) -> UInt32 {
        try UInt32(bigEndian: integer(UInt32.self))
    }

    @_lifetime(self: copy self)
    mutating func u64() throws(ShortRead) -> UInt64 {
        try UInt64(bigEndian: integer(UInt64.self))
    }

    @_lifetime(self: copy self)
    private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws(ShortRead) -> Value {
        guard remaining >= MemoryLayout<Value>.size else { throw ShortRead() }
        defer { position += MemoryLayout<Value>.size }
        // Within bounds by the guard; every bit pattern is an integer.
        return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: type)
    }

    @_lifetime(self: copy self)
    mutating func address4() throws(ShortRead) -> IPv4Address { try IPv4Address(raw: u32()) }

    @_lifetime(self: copy self)
    mutating func address6() throws(ShortRead) -> IPv6Address {
        try IPv6Address(high: u64(), low: u64())
    }

    /// The next `count` bytes, as a part of their own.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func take(_ count: Int) throws(ShortRead) -> RawSpan {
        guard count >= 0, remaining >= count else { throw ShortRead() }
        defer { position += count }
        return bytes.extracting(position..<position + count)
    }

    /// Everything that is left.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func rest() -> RawSpan {
        defer { position = bytes.byteCount }
        return bytes.extracting(position..<bytes.byteCount)
    }
}

extension RawSpan {
    /// One byte; `offset` must be in bounds.
    subscript(_ offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "byte offset out of bounds")
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// A copy of the first bytes, for the data of a NOTIFICATION.
    func copy(atMost limit: Int = .max) -> [UInt8] {
        var result: [UInt8] = []
        result.append(copying: self, atMost: limit)
        return result
    }
}

extension [UInt8] {
    /// Appends received bytes.
    mutating func append(copying bytes: RawSpan, atMost limit: Int = .max) {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe append(contentsOf: buffer.prefix(limit))
        }
    }

    /// Runs `body` on the bytes as a span.
    func withReader<Result>(_ body: (inout Reader) -> Result) -> Result {
        var reader = unsafe Reader(span.bytes)
        return body(&reader)
    }
}
