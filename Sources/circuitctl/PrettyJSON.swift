// A reply as it came, set out for reading: every key and number of a newer daemon stays.

/// JSON with a line for each member, two spaces a level. What is not JSON comes out as it went in,
/// but for spaces.
func prettyJSON(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    var depth = 0
    var isInString = false
    var isEscaped = false
    func newline() {
        result.append(0x0A)
        result.append(contentsOf: repeatElement(0x20, count: 2 * max(depth, 0)))
    }
    for (position, byte) in bytes.enumerated() {
        if isInString {
            result.append(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            result.append(byte)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            result.append(byte)
            depth += 1
            let next = bytes[(position + 1)...].first { !isSpace($0) }
            if next != byte + 2 { newline() }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if let last = result.last, last != byte - 2 { newline() }
            result.append(byte)
        case UInt8(ascii: ","):
            result.append(byte)
            newline()
        case UInt8(ascii: ":"):
            result.append(contentsOf: [byte, 0x20])
        case let space where isSpace(space):
            break
        default:
            result.append(byte)
        }
    }
    return String(decoding: result, as: UTF8.self) + "\n"
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
}
