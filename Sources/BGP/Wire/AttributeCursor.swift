// Walks a list of path attributes, received or canonical, and never past its end.

import Net

/// A walk over a list of attributes.
struct AttributeCursor: ~Escapable {
    let list: RawSpan
    private(set) var code = AttributeCode(rawValue: 0)
    private(set) var flags: UInt8 = 0
    /// Of the current value.
    private(set) var range = 0..<0
    /// Of the current attribute, with its header.
    private(set) var start = 0
    private(set) var fault: Fault?

    /// How a list may fail to add up.
    enum Fault: Equatable {
        /// One or a few bytes are left that cannot be an attribute.
        case residue
        /// The attribute of this type runs past the end.
        case overrun(AttributeCode)
    }

    @_lifetime(copy list)
    init(_ list: RawSpan) { self.list = list }

    /// Goes to the next attribute; false at the end or at a fault.
    @_lifetime(self: copy self)
    mutating func advance() -> Bool {
        start = range.upperBound
        let left = list.byteCount - start
        if left == 0 { return false }
        guard left >= 3 else {
            fault = .residue
            return false
        }
        flags = list[start]
        code = AttributeCode(rawValue: list[start + 1])
        var header = 3
        var length = Int(list[start + 2])
        if flags & AttributeFlags.extendedLength != 0 {
            guard left >= 4 else {
                fault = .residue
                return false
            }
            header = 4
            length = length << 8 | Int(list[start + 3])
        }
        guard left - header >= length else {
            fault = .overrun(code)
            return false
        }
        range = start + header..<start + header + length
        return true
    }

    var value: RawSpan {
        @_lifetime(copy self)
        get { list.extracting(range) }
    }

    /// The attribute with its header.
    var whole: RawSpan {
        @_lifetime(copy self)
        get { list.extracting(start..<range.upperBound) }
    }
}

extension [UInt8] {
    /// Appends the header of an attribute with a value of `length` bytes, at most 65535.
    mutating func putAttribute(_ code: AttributeCode, flags: UInt8, length: Int) {
        let isLong = length > 255
        append(
            flags & ~AttributeFlags.extendedLength | (isLong ? AttributeFlags.extendedLength : 0))
        append(code.rawValue)
        if isLong {
            put(UInt16(length))
        } else {
            append(UInt8(length))
        }
    }
}

extension AttributeCode {
    /// The Optional and Transitive bits of the types we read; nil for all others.
    var definedFlags: UInt8? {
        switch rawValue {
        case 1, 2, 3, 5, 6: AttributeFlags.transitive
        case 4, 9, 10, 14, 15: AttributeFlags.optional
        case 7, 8, 16, 17, 18, 32, 35: AttributeFlags.optional | AttributeFlags.transitive
        default: nil
        }
    }
}
