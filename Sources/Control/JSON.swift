// Replies to bytes and back. Keys are sorted, so that two equal replies are equal bytes; a body is
// one line with its newline, so that a stream of events is lines and curl ends on a fresh one.

import FoundationEssentials

/// Replies as JSON.
public enum JSON {
    /// One line.
    public static func encode(_ reply: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(reply) else {
            preconditionFailure("a reply that cannot be JSON: \(reply)")
        }
        return Array(data) + [0x0A]
    }

    /// The value, or nil when the bytes are something else.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}
