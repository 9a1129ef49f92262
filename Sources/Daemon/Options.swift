// The command line: three directories and a log level.

import Host
import Net

/// What the command line says.
struct Options: Sendable {
    var config = "/etc/circuitd"
    var state = "/var/lib/circuitd"
    var run = "/run/circuitd"
    var level = Log.Level.info
    var restartHold = Duration.seconds(120)

    static let usage = """
        usage: circuitd [--config DIR] [--state DIR] [--run DIR] [--log LEVEL]

          --config DIR   the operator's files (/etc/circuitd)
          --state DIR    last good configuration and records (/var/lib/circuitd)
          --run DIR      the sockets and the pid file (/run/circuitd)
          --log LEVEL    error, warning, notice, info or debug (info)
          --restart-hold SECONDS
                         how long routes of an earlier run are kept while peers are silent (120)
          --version      print the version and end

        Runs in the foreground until SIGTERM, after which the kernel goes on forwarding;
        `circuitctl shutdown` removes everything instead.
        """

    /// nil with a sentence where the command line makes no sense.
    static func parse(_ arguments: [String]) -> Result<Options, OptionsError> {
        var options = Options()
        var rest = arguments[...]
        while let word = rest.popFirst() {
            var name = word
            var value: String?
            if let equals = word.firstIndex(of: "="), word.hasPrefix("--") {
                name = String(word[..<equals])
                value = String(word[word.index(after: equals)...])
            }
            guard
                ["--config", "--state", "--run", "--log", "--restart-hold"].contains(name)
            else {
                return .failure(OptionsError("unknown argument \(word)"))
            }
            guard let text = value ?? rest.popFirst(), !text.isEmpty else {
                return .failure(OptionsError("\(name) needs a value"))
            }
            switch name {
            case "--config": options.config = text
            case "--state": options.state = text
            case "--run": options.run = text
            case "--restart-hold":
                guard let seconds = decimal(text, below: 4096) else {
                    return .failure(OptionsError("\(text) is not a number of seconds below 4096"))
                }
                options.restartHold = .seconds(Int64(seconds))
            default:
                let levels: [String: Log.Level] = [
                    "error": .error, "warning": .warning, "notice": .notice, "info": .info,
                    "debug": .debug,
                ]
                guard let level = levels[text] else {
                    return .failure(OptionsError("there is no log level \(text)"))
                }
                options.level = level
            }
        }
        return .success(options)
    }
}

/// One sentence about the command line.
struct OptionsError: Error {
    var sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}
