import BGP
import Net
import Testing

// What the tests of this module share: bytes from annotated hexadecimal, random values from a
// seed, and prefixes and addresses from text.

/// Bytes from hexadecimal; spaces are ignored, and so is what follows `#` on a line.
func hex(_ text: String) -> [UInt8] {
    var digits: [UInt8] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
        for character in line.prefix(while: { $0 != "#" }) where !character.isWhitespace {
            guard let digit = character.hexDigitValue else {
                preconditionFailure("not hexadecimal: \(character)")
            }
            digits.append(UInt8(digit))
        }
    }
    precondition(digits.count.isMultiple(of: 2), "half a byte")
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// A message of this type around a body.
func message(_ type: UInt8, _ body: [UInt8] = []) -> [UInt8] {
    let length = UInt16(19 + body.count)
    return Array(repeating: 0xFF, count: 16) + [UInt8(length >> 8), UInt8(length & 255), type]
        + body
}

/// The body of an UPDATE from its three parts.
func updateBody(
    withdrawn: [UInt8] = [], attributes: [UInt8] = [], field: [UInt8] = []
) -> [UInt8] {
    func counted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
    return counted(withdrawn) + counted(attributes) + field
}

/// Decodes one body into a fresh buffer.
func decoded(_ body: [UInt8], _ rules: UpdateRules = UpdateRules()) -> UpdateBuffer {
    var buffer = UpdateBuffer()
    buffer.decode(body.span.bytes, rules: rules)
    return buffer
}

func prefix4(_ text: String) -> Prefix4 {
    guard case .v4(let prefix) = Prefix(text) else { preconditionFailure("not IPv4: \(text)") }
    return prefix
}

func prefix6(_ text: String) -> Prefix6 {
    guard case .v6(let prefix) = Prefix(text) else { preconditionFailure("not IPv6: \(text)") }
    return prefix
}

func address6(_ text: String) -> IPv6Address {
    guard let address = IPv6Address(text) else { preconditionFailure("not IPv6: \(text)") }
    return address
}

extension Instant {
    /// That many seconds after the origin.
    static func at(_ seconds: Double) -> Instant {
        Instant(nanoseconds: Int64(seconds * 1e9))
    }
}

/// Random numbers that repeat for a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    mutating func flip() -> Bool { Bool.random(using: &self) }
    mutating func u32() -> UInt32 { UInt32.random(in: .min ... .max, using: &self) }
    mutating func octets(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
    mutating func optional<Value>(_ value: (inout SeededGenerator) -> Value) -> Value? {
        flip() ? value(&self) : nil
    }
    mutating func list<Value>(
        upTo limit: Int, _ value: (inout SeededGenerator) -> Value
    ) -> [Value] {
        let count = below(limit + 1)
        return (0..<count).map { _ in value(&self) }
    }
}
