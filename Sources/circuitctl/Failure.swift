// How a command ends.

/// The exit codes, the same for every command.
enum ExitCode: Int32 {
    /// Asked, answered and well.
    case fine = 0
    /// Unhealthy, faulty or refused.
    case refused = 1
    /// The command line is not understood.
    case usage = 2
    /// The daemon does not answer.
    case unreachable = 3
}

/// The end of a command that could not do its work: one sentence for stderr.
struct Failure: Error, Equatable {
    var code: ExitCode
    var sentence: String
    init(_ code: ExitCode, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}
