// libyaml's complaints in the words of people who write files, and at the place that helps them:
// what is not closed is shown where it was opened.

import CYAML

/// Why libyaml gave up.
struct YAMLSyntax {
    /// Where it gave up.
    let index: Int
    /// Where to look.
    let place: Place
    let sentence: String

    init(_ parser: yaml_parser_t, _ text: YAMLText) {
        if parser.error == YAML_READER_ERROR {
            index = text.characters.firstIndex { isControl($0) } ?? 0
            place = text.place(index)
            sentence = "a control character is not text"
            return
        }
        index = Int(parser.problem_mark.index)
        let here = text.place(index)
        let opening = text.place(Int(parser.context_mark.index))
        let isTab = index < text.characters.count && text.characters[index] == "\t"
        let isStar =
            Int(parser.context_mark.index) < text.characters.count
            && text.characters[Int(parser.context_mark.index)] == "*"
        let problem = parser.problem.map { String(cString: $0) } ?? "unreadable"
        let context = parser.context.map { " " + String(cString: $0) } ?? ""
        (place, sentence) =
            switch problem {
            case "mapping values are not allowed in this context":
                (here, "a second \"key:\" on one line, or an indentation that does not fit")
            case "found character that cannot start any token" where !isTab:
                (here, "this character must be inside quotes here")
            case "found character that cannot start any token",
                "found a tab character that violates indentation":
                (here, "a tab cannot indent; use spaces")
            case "found unexpected end of stream": (opening, "this quote is not closed")
            case "did not find expected ',' or ']'": (opening, "this bracket [ is not closed")
            case "did not find expected ',' or '}'": (opening, "this brace { is not closed")
            case "did not find expected key": (here, "an indentation that does not fit")
            case "did not find expected alphabetic or numeric character" where isStar:
                (opening, "a * must be quoted: \"*\"")
            case "could not find expected ':'": (here, "a key without its \":\"")
            default: (here, "not YAML: \(problem)\(context)")
            }
    }
}

/// What YAML refuses wherever it stands.
private func isControl(_ character: Unicode.Scalar) -> Bool {
    switch character.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0x10000...0x10FFFF: false
    case 0xE000...0xFFFD: character.value == 0xFEFF
    default: true
    }
}

/// The place of the first byte that is not UTF-8.
func firstInvalid(_ bytes: [UInt8]) -> Place {
    var place = Place(line: 1, column: 1)
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while case .scalarValue(let character) = decoder.decode(&iterator) {
        if character == "\n" {
            place = Place(line: place.line + 1, column: 1)
        } else {
            place.column += 1
        }
    }
    return place
}
