// Help, made from the command table.

/// `circuitctl --help`.
func overview(_ table: [Command]) -> String {
    """
    usage: circuitctl [OPTION...] COMMAND [ARGUMENT...]

    Asks and tells circuitd, the daemon that keeps this edge's virtual circuits.

    commands:
    \(columns(table.map { ($0.name + operands($0), $0.sentence) }))
    options:
    \(columns(globalOptions.map { (spelling($0), $0.sentence) }))
    A command may be shortened to a beginning that no other has: `circuitctl st`.
    `circuitctl COMMAND --help` says more about one.

    exit codes: 0 fine; 1 unhealthy, faulty or refused; 2 not understood;
    3 the daemon does not answer.

    """
}

/// `circuitctl NAME --help`.
func manual(_ command: Command) -> String {
    var text = "usage: circuitctl \(command.name)\(operands(command))"
    if !command.options.isEmpty { text += " [OPTION...]" }
    text += "\n\n\(command.details)\n"
    if !command.options.isEmpty {
        text += "\noptions:\n\(columns(command.options.map { (spelling($0), $0.sentence) }))"
    }
    return text
}

private func operands(_ command: Command) -> String {
    command.operands.map { " \($0)" }.joined()
}

private func spelling(_ option: Option) -> String {
    option.value.map { "--\(option.name) \($0)" } ?? "--\(option.name)"
}

private func columns(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { left, right in
        "  \(left)\(String(repeating: " ", count: width - left.count))  \(right)\n"
    }.joined()
}
