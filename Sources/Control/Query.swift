// Percent-encoding and the fields of a query.

/// The fields of a query; each is taken once, and what is left at the end is refused.
struct QueryFields {
    private var fields: [String: String] = [:]

    init(_ query: String) throws(RequestError) {
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = percentDecoded(halves[0], plusIsSpace: true),
                let value = halves.count > 1 ? percentDecoded(halves[1], plusIsSpace: true) : ""
            else {
                throw RequestError(status: 400, "the query is not percent-encoded UTF-8: \(query)")
            }
            guard fields.updateValue(value, forKey: key) == nil else {
                throw RequestError(status: 400, "\(key) is said twice")
            }
        }
    }

    mutating func take(_ key: String) -> String? { fields.removeValue(forKey: key) }

    func end(_ path: String) throws(RequestError) {
        if let key = fields.keys.min() {
            throw RequestError(status: 400, "\(path) takes no \(key)")
        }
    }
}

/// The text, or nil when an escape is broken or the bytes are not UTF-8 or hold a NUL.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%") {
            guard let high = rest.popFirst().flatMap(hexValue),
                let low = rest.popFirst().flatMap(hexValue)
            else { return nil }
            bytes.append(high << 4 | low)
        } else if plusIsSpace, byte == UInt8(ascii: "+") {
            bytes.append(0x20)
        } else {
            bytes.append(byte)
        }
    }
    guard !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
}

/// RFC 3986: all but the unreserved bytes as `%XX`.
public func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return result
}

private func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
