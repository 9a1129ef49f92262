// From words to a command, and from its end to an exit code.

import Control

/// The words of a command line, taken apart.
struct Words: Equatable {
    var run = "/run/circuitd"
    var isJSON = false
    var wantsHelp = false
    var wantsVersion = false
    var command: String?
    var operands: [String] = []
    var options: [String: String] = [:]
}

/// `; did you mean status?`, or nothing.
func guess(_ word: String, among names: [String]) -> String {
    nearest(to: word, among: names).map { "; did you mean \($0)?" } ?? ""
}

/// Options of every command.
let globalOptions = [
    Option(name: "run", value: "DIR", sentence: "the daemon's sockets, usually /run/circuitd"),
    Option(name: "json", sentence: "the daemon's reply as JSON"),
    Option(name: "help", sentence: "what a command does"),
    Option(name: "version", sentence: "the version of circuitctl"),
]

/// Takes the words apart; global options may stand anywhere.
func parse(_ arguments: [String], table: [Command]) throws(Failure) -> Words {
    var words = Words()
    var meant: Command?
    var rest = arguments[...]
    var isPlain = false
    while let word = rest.popFirst() {
        if !isPlain, word == "--" {
            isPlain = true
        } else if !isPlain, word == "-h" {
            words.wantsHelp = true
        } else if !isPlain, word.hasPrefix("-"), word != "-" {
            try option(word, &rest, of: meant, into: &words)
        } else if meant == nil {
            let found = try command(meantBy: word, in: table)
            meant = found
            words.command = found.name
        } else {
            words.operands.append(word)
        }
    }
    return words
}

private func option(
    _ word: String, _ rest: inout ArraySlice<String>, of command: Command?, into words: inout Words
) throws(Failure) {
    let halves = word.drop { $0 == "-" }.split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = halves.first.map(String.init) ?? ""
    let known = globalOptions + (command?.options ?? [])
    guard word.hasPrefix("--"), let option = known.first(where: { $0.name == name }) else {
        let near = guess("--\(name)", among: known.map { "--\($0.name)" })
        let place = command.map { " of \($0.name)" } ?? ""
        throw Failure(.usage, "there is no option \(word)\(place)\(near)")
    }
    var value = ""
    if option.value != nil {
        guard let text = halves.count > 1 ? String(halves[1]) : rest.popFirst() else {
            throw Failure(.usage, "--\(name) needs \(option.value ?? "a value")")
        }
        value = text
    } else if halves.count > 1 {
        throw Failure(.usage, "--\(name) takes no value")
    }
    switch name {
    case "run": words.run = value
    case "json": words.isJSON = true
    case "help": words.wantsHelp = true
    case "version": words.wantsVersion = true
    default: words.options[name] = value
    }
}

/// Runs a command line; failures are one sentence on stderr.
func run(_ arguments: [String], output: Output, patience: Int32 = 10_000) -> ExitCode {
    do throws(Failure) {
        let words = try parse(arguments, table: commands)
        if words.wantsVersion {
            output.write("circuitctl \(circuitdVersion)\n")
            return .fine
        }
        guard let name = words.command else {
            if words.wantsHelp {
                output.write(overview(commands))
                return .fine
            }
            output.warn(overview(commands))
            return .usage
        }
        let command = try command(meantBy: name, in: commands)
        if words.wantsHelp {
            output.write(manual(command))
            return .fine
        }
        try check(words.operands, command)
        return try command.run(
            Call(
                operands: words.operands, options: words.options, isJSON: words.isJSON,
                client: Client(directory: words.run, patience: patience), output: output))
    } catch {
        output.warn("circuitctl: \(printable(error.sentence))\n")
        if error.code == .usage { output.warn("Try: circuitctl --help\n") }
        return error.code
    }
}

private func check(_ operands: [String], _ command: Command) throws(Failure) {
    let needed = command.operands.count { !$0.hasPrefix("[") }
    if operands.count < needed {
        throw Failure(.usage, "\(command.name) needs \(command.operands[operands.count])")
    }
    if operands.count > command.operands.count {
        throw Failure(
            .usage, "\(command.name) does not take \(operands[command.operands.count])")
    }
}
