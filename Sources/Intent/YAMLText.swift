// The characters of a file, their lines, and IPv6 addresses that YAML would tear apart: a colon
// before a space, a comma or a bracket ends a key, and in brackets so does one at the start. Such
// an address is faulted where it stands and then read as if it were quoted, so that everything
// else in the file is checked all the same.

import Net

struct YAMLText {
    /// The characters, by libyaml's own index.
    private(set) var characters: [Unicode.Scalar]
    /// Index of the first character of each line of the file.
    private let lineStarts: [Int]
    /// Where quotes were put in, by index in `characters`, ascending.
    private var quotes: [Int] = []
    /// The text with the quotes put in.
    private(set) var utf8: [UInt8]

    init(_ text: String) {
        utf8 = Array(text.utf8)
        characters = Array(text.unicodeScalars)
        var starts = [0]
        for (index, character) in characters.enumerated() {
            let isBreak =
                character == "\n"
                || character == "\r"
                    && !(index + 1 < characters.count && characters[index + 1] == "\n")
            if isBreak { starts.append(index + 1) }
        }
        lineStarts = starts
    }

    /// Where an index stands in the file as it was written.
    func place(_ index: Int) -> Place {
        let original = index - firstPosition(in: quotes, from: index)
        let line = firstPosition(in: lineStarts, from: original + 1)
        let start = line > 0 ? lineStarts[line - 1] : 0
        return Place(line: max(line, 1), column: original - start + 1)
    }

    /// An IPv6 address that begins or ends with `::` and does not lie within what YAML read as one
    /// text, in front of `end`; with what belongs to the same value behind it.
    func tornAddress(outside texts: [Range<Int>], upto end: Int) -> Range<Int>? {
        var index = 0
        var text = texts.startIndex
        while index < min(end, characters.count) {
            while text < texts.endIndex, texts[text].upperBound <= index { text += 1 }
            let within = text < texts.endIndex && texts[text].contains(index) ? texts[text] : nil
            if within == nil, characters[index] == "#", index == 0 || isSpace(index - 1) {
                while index < characters.count, !isBreak(index) { index += 1 }
            } else if isWord(index), index == 0 || !isWord(index - 1),
                let found = address(at: index),
                within.map({ $0.upperBound < found.upperBound }) ?? true
            {
                // A prefix rule goes on: `::/0 from 8 upto 48`.
                var last = found.upperBound
                while let next = bound(after: last) { last = next }
                return found.lowerBound..<last
            } else {
                index += 1
            }
        }
        return nil
    }

    /// The end of the line that holds `index`.
    func endOfLine(_ index: Int) -> Int {
        var end = min(index, characters.count)
        while end < characters.count, !isBreak(end) { end += 1 }
        return end
    }

    /// Puts quotes around a range that holds none.
    mutating func quote(_ range: Range<Int>) {
        characters.insert("\"", at: range.upperBound)
        characters.insert("\"", at: range.lowerBound)
        let added = [range.lowerBound, range.upperBound + 1]
        quotes =
            (quotes.map { $0 >= range.lowerBound ? $0 + ($0 >= range.upperBound ? 2 : 1) : $0 }
            + added)
            .sorted()
        utf8 = Array(self.text(characters.indices).utf8)
    }

    private func address(at start: Int) -> Range<Int>? {
        // What follows a quote or a letter is part of something else.
        if start > 0, !isSpace(start - 1), !"[{,".unicodeScalars.contains(characters[start - 1]) {
            return nil
        }
        var end = start
        var hasGap = false
        while end < characters.count, isWord(end) {
            hasGap = hasGap || end > start && characters[end] == ":" && characters[end - 1] == ":"
            end += 1
        }
        guard hasGap else { return nil }
        func isTorn(_ range: Range<Int>) -> Bool {
            let word = text(range)
            let address = word.prefix { $0 != "/" }
            guard address.hasPrefix("::") || address.hasSuffix("::") else { return false }
            return IPv6Address(String(address)) != nil
                && (address.count == word.count || InterfaceAddress(word) != nil)
        }
        // As a key it has a colon more.
        if !isTorn(start..<end), end > start, characters[end - 1] == ":" { end -= 1 }
        guard isTorn(start..<end) else { return nil }
        if end < characters.count, !isSpace(end), !":,]}".unicodeScalars.contains(characters[end]) {
            return nil
        }
        return start..<end
    }

    private func bound(after end: Int) -> Int? {
        var index = end
        while index < characters.count, characters[index] == " " { index += 1 }
        guard index > end, index + 4 <= characters.count,
            ["from", "upto"].contains(text(index..<index + 4))
        else { return nil }
        index += 4
        let gap = index
        while index < characters.count, characters[index] == " " { index += 1 }
        let digits = index
        while index < characters.count, ("0"..."9").contains(characters[index]) { index += 1 }
        return digits > gap && index > digits ? index : nil
    }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: characters[range])
        return String(view)
    }

    private func isWord(_ index: Int) -> Bool {
        switch characters[index] {
        case "0"..."9", "a"..."f", "A"..."F", ":", ".", "/": true
        default: false
        }
    }

    private func isSpace(_ index: Int) -> Bool {
        characters[index] == " " || characters[index] == "\t" || isBreak(index)
    }

    private func isBreak(_ index: Int) -> Bool {
        characters[index] == "\n" || characters[index] == "\r"
    }

    /// The position of the first element not below `value`.
    private func firstPosition(in sorted: [Int], from value: Int) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
