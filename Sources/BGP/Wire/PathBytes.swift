// AS_PATH as bytes: its shape, and the passage between 2-octet and 4-octet numbers (RFC 6793).

import Net

/// What one look over the bytes of an AS_PATH tells.
struct PathShape {
    /// Segments of known types, none empty, none cut off, no AS 0 (RFC 7606 §7.2, RFC 7607).
    private(set) var isWellFormed = true
    private(set) var hasSet = false
    private(set) var hasConfederation = false
    private(set) var isEmpty = true
    /// A number is there that two octets cannot hold.
    private(set) var hasLargeNumber = false
    /// As selection counts: a set is one, confederation segments are none.
    private(set) var length = 0
    /// The first number of a leading sequence.
    private(set) var first: ASN?
    /// The last number of a closing sequence.
    private(set) var last: ASN?

    init(_ path: RawSpan, isWide: Bool) {
        var reader = Reader(path)
        do throws(ShortRead) {
            while !reader.isAtEnd {
                let kind = ASPath.Kind(rawValue: try reader.u8())
                let count = Int(try reader.u8())
                guard let kind, count > 0 else {
                    isWellFormed = false
                    return
                }
                last = nil
                for index in 0..<count {
                    let number = isWide ? try reader.u32() : UInt32(try reader.u16())
                    if number == 0 { isWellFormed = false }
                    if number > 0xFFFF { hasLargeNumber = true }
                    guard kind == .sequence else { continue }
                    if isEmpty, index == 0 { first = ASN(number) }
                    last = ASN(number)
                }
                isEmpty = false
                switch kind {
                case .sequence: length += count
                case .set:
                    hasSet = true
                    length += 1
                case .confederationSequence, .confederationSet: hasConfederation = true
                }
            }
        } catch {
            isWellFormed = false
        }
    }
}

/// Writes the first `limit` hops of a well-formed 2-octet path with 4-octet numbers.
func widenPath(_ path: RawSpan, limit: Int, to bytes: inout [UInt8]) {
    var writer = SegmentWriter()
    writer.copy(path, isWide: false, limit: limit, to: &bytes)
}

/// RFC 6793 §4.2.3: the hops in front that only AS_PATH knows, then AS4_PATH. A longer AS4_PATH
/// than AS_PATH is not to be believed: then nothing is written.
func mergePaths(narrow: RawSpan, wide: RawSpan, lead: Int, to bytes: inout [UInt8]) {
    guard lead >= 0 else { return }
    var writer = SegmentWriter()
    writer.copy(narrow, isWide: false, limit: lead, to: &bytes)
    writer.copy(wide, isWide: true, limit: .max, to: &bytes)
}

/// Writes segments, joining sequences that meet.
private struct SegmentWriter {
    /// Where the count of the last sequence stands.
    private var open: Int?

    mutating func copy(_ path: RawSpan, isWide: Bool, limit: Int, to bytes: inout [UInt8]) {
        var left = limit
        var reader = Reader(path)
        do throws(ShortRead) {
            while !reader.isAtEnd, left > 0 {
                let type = try reader.u8()
                let count = Int(try reader.u8())
                // RFC 6793 §3: confederation segments have no business in AS4_PATH.
                let isSkipped = type == 3 || type == 4
                let isSequence = type == 2
                let taken = isSequence ? min(count, left) : count
                if !isSkipped, !isSequence { begin(type, to: &bytes) }
                for index in 0..<count {
                    let number = isWide ? try reader.u32() : UInt32(try reader.u16())
                    if isSkipped || index >= taken { continue }
                    if open.map({ bytes[$0] == 255 }) ?? true { begin(type, to: &bytes) }
                    guard let open else { continue }
                    bytes[open] += 1
                    bytes.put(number)
                }
                if isSkipped { continue }
                if !isSequence { open = nil }
                left -= isSequence ? taken : 1
            }
        } catch {
            return
        }
    }

    private mutating func begin(_ type: UInt8, to bytes: inout [UInt8]) {
        bytes.append(type)
        open = bytes.count
        bytes.append(0)
    }
}

/// Writes a 4-octet path with 2-octet numbers, AS_TRANS in place of what does not fit.
func narrowPath(_ path: RawSpan, to bytes: inout [UInt8]) {
    var reader = Reader(path)
    do throws(ShortRead) {
        while !reader.isAtEnd {
            bytes.put(try reader.u8())
            let count = try reader.u8()
            bytes.put(count)
            for _ in 0..<count {
                bytes.put(UInt16(exactly: try reader.u32()) ?? UInt16(ASN.transition.rawValue))
            }
        }
    } catch {
        return
    }
}
