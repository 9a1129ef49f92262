// Collects what is wrong with one file and where its keys stand, while it is read. The same fault
// found twice (a key that two links inherit) is one fault.

final class Findings {
    private let file: String
    private var faults: [Fault]
    private var seen: Set<Fault>
    private(set) var places: [String: Place] = [:]

    init(file: String, faults: [Fault] = []) {
        self.file = file
        self.faults = faults
        seen = Set(faults)
    }

    func fault(_ place: Place, _ sentence: String) {
        note(Fault(file: file, line: place.line, column: place.column, sentence))
    }

    func warn(_ place: Place, _ sentence: String) {
        note(
            Fault(
                file: file, line: place.line, column: place.column, sentence, severity: .warning))
    }

    /// Records where a key stands.
    func stands(_ path: String, at place: Place) { places[path] = place }

    /// The document: without a value once there is a fault.
    func document<Value>(_ value: Value?) -> Document<Value> {
        let isFaulty = faults.contains { $0.severity == .fault }
        return Document(
            value: isFaulty ? nil : value, faults: faults.inReadingOrder, places: places)
    }

    private func note(_ fault: Fault) {
        if seen.insert(fault).inserted { faults.append(fault) }
    }
}

extension [Fault] {
    /// By file, line and column.
    var inReadingOrder: [Fault] {
        sorted { a, b in
            (a.file, a.line, a.column, a.sentence) < (b.file, b.line, b.column, b.sentence)
        }
    }
}

/// A file's text within a sentence: bounded, printable, in quotes.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(60).map { character in
        character.value < 0x20 || (0x7F...0x9F).contains(character.value)
            ? "?" : String(character)
    }
    return "\"" + shown.joined() + (text.unicodeScalars.count > 60 ? "...\"" : "\"")
}

/// The known word that was probably meant.
func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let limit = max(1, min(3, word.count / 3))
    return known.map { ($0, distance(word, $0)) }
        .filter { $0.1 <= limit }
        .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
}

/// How many letters to put in, take out, replace or swap.
private func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8.prefix(64))
    let b = Array(b.utf8.prefix(64))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                best = min(best, rows[i - 1][j - 1] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
