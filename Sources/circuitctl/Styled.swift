// Text on its way to a person: pieces with a style, made harmless at the door. Peers choose some of
// the text that is shown here, and no escape sequence of theirs may reach a terminal.

import Control

/// What a piece of text means; the terminal's colours follow from it.
enum Style {
    case plain
    case good
    case warning
    case bad
    case dim
    case bold

    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .dim: "2"
        case .bold: "1"
        }
    }
}

/// Text in one line, with styles.
struct Styled: ExpressibleByStringInterpolation {
    private(set) var pieces: [(text: String, style: Style)] = []

    init(_ text: String, _ style: Style = .plain) { pieces = [(printable(text), style)] }

    init(stringLiteral text: String) { self.init(text) }

    /// Characters that it takes on the screen.
    var width: Int { pieces.reduce(0) { $0 + $1.text.count } }

    var isEmpty: Bool { pieces.allSatisfy(\.text.isEmpty) }

    static func + (a: Styled, b: Styled) -> Styled {
        var sum = a
        sum.pieces += b.pieces
        return sum
    }

    static func += (a: inout Styled, b: Styled) { a = a + b }

    func rendered(inColour: Bool) -> String {
        pieces.map { piece in
            guard inColour, !piece.text.isEmpty, let code = piece.style.code else {
                return piece.text
            }
            return "\u{1B}[\(code)m\(piece.text)\u{1B}[0m"
        }.joined()
    }

    /// Words, in their styles, for wrapping: a word ends at a space and nowhere else.
    private var words: [Styled] {
        var words: [Styled] = []
        var isOpen = false
        for piece in pieces {
            for (position, part) in piece.text.split(
                separator: " ", omittingEmptySubsequences: false
            ).enumerated() {
                if position > 0 { isOpen = false }
                guard !part.isEmpty else { continue }
                let text = Styled(String(part), piece.style)
                if isOpen, let last = words.indices.last {
                    words[last] += text
                } else {
                    words.append(text)
                }
                isOpen = true
            }
        }
        return words
    }

    /// Lines of at most `width` characters, broken at spaces; a longer word stands alone.
    func wrapped(to width: Int?) -> [Styled] {
        guard let width, self.width > width else { return [self] }
        var lines: [Styled] = []
        var line = Styled("")
        for word in words {
            if line.isEmpty {
                line = word
            } else if line.width + 1 + word.width <= width {
                line += Styled(" ") + word
            } else {
                lines.append(line)
                line = word
            }
        }
        lines.append(line)
        return lines
    }
}

/// `1,204`.
func grouped(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var result = ""
    for (position, digit) in digits.enumerated() {
        if position > 0, (digits.count - position).isMultiple(of: 3) { result.append(",") }
        result.append(digit)
    }
    return value < 0 ? "-\(result)" : result
}

/// `1 fault`, `3 faults`.
func counted(_ value: Int, _ noun: String) -> String {
    value == 1 ? "1 \(noun)" : "\(grouped(value)) \(noun)s"
}

/// The two largest units: `42s`, `3m 20s`, `2h 5m`, `3d 4h`.
func elapsed(_ seconds: Int) -> String {
    switch seconds {
    case ..<0: "0s"
    case ..<60: "\(seconds)s"
    case ..<3600: "\(seconds / 60)m \(seconds % 60)s"
    case ..<86_400: "\(seconds / 3600)h \(seconds / 60 % 60)m"
    default: "\(grouped(seconds / 86_400))d \(seconds / 3600 % 24)h"
    }
}
