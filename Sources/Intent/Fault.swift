// What is wrong with a file, in one sentence, at its place.

/// A fault of the operator's files.
public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// How much it matters.
    public enum Severity: Hashable, Sendable {
        /// The file is not applied.
        case fault
        /// The file is applied; somebody should look.
        case warning
    }

    /// The file, relative to the configuration directory.
    public var file: String
    /// Counted from 1; 0 when the fault is about the whole file.
    public var line: Int
    /// Counted from 1, in characters.
    public var column: Int
    /// One sentence for a network engineer.
    public var sentence: String
    /// How much it matters.
    public var severity: Severity

    /// A fault.
    public init(
        file: String, line: Int = 0, column: Int = 0, _ sentence: String,
        severity: Severity = .fault
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.sentence = sentence
        self.severity = severity
    }

    /// `FILE:LINE:COLUMN: sentence`.
    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return severity == .warning ? "\(place): warning: \(sentence)" : "\(place): \(sentence)"
    }
}
