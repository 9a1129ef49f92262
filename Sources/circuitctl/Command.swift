// What a command is. The table in `CommandTable.swift` is dispatcher and help text at once.

/// An option of a command: `--view received`.
struct Option: Sendable {
    var name: String
    /// What stands for its value in help; nil for a switch.
    var value: String?
    var sentence: String
}

/// A command of the CLI.
struct Command: Sendable {
    var name: String
    /// `CIRCUIT`, `[NAME]`: as in help. Brackets say that it may be left out.
    var operands: [String] = []
    var options: [Option] = []
    /// One line, for the list.
    var sentence: String
    /// Paragraphs for `circuitctl NAME --help`.
    var details: String
    var run: @Sendable (Call) throws(Failure) -> ExitCode
}

/// A command with its words, ready to run.
struct Call {
    var operands: [String]
    var options: [String: String]
    var isJSON: Bool
    var client: Client
    var output: Output
}

/// Where words go.
struct Output {
    /// Columns of the terminal; nil when stdout is none.
    var width: Int?
    /// Rows of the terminal; nil when stdout is none.
    var height: Int?
    /// Colours are welcome.
    var inColour: Bool
    /// To stdout.
    var write: (String) -> Void
    /// To stderr.
    var warn: (String) -> Void
    /// A line typed by the operator; nil when nobody is there to type.
    var readLine: () -> String?

    func show(_ screen: Screen) { write(screen.text(inColour: inColour)) }
}

/// The command meant by a word: its whole name, or a beginning that no other command has. Where the
/// shortest of several is a beginning of the others (`circuit` of `circuits`), it is that one.
func command(meantBy word: String, in table: [Command]) throws(Failure) -> Command {
    if let exact = table.first(where: { $0.name == word }) { return exact }
    let candidates = table.filter { $0.name.hasPrefix(word) }
        .sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
    if let first = candidates.first, candidates.allSatisfy({ $0.name.hasPrefix(first.name) }) {
        return first
    }
    guard candidates.isEmpty else {
        let names = candidates.map(\.name).sorted()
        let list = names.dropLast().joined(separator: ", ") + " or \(names.last ?? "")"
        throw Failure(.usage, "\(word) may be \(list)")
    }
    throw Failure(
        .usage, "there is no command \(word)\(guess(word, among: table.map(\.name)))")
}
