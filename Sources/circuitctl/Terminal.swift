// The terminal that we were started in, if any.

import Glibc

extension Output {
    /// stdout, stderr and stdin of this process. Colours only on a terminal, and not against
    /// NO_COLOR (no-color.org) or a terminal that says it is dumb.
    static func standard() -> Output {
        var size = winsize()
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let hasSize =
            isTerminal && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let wantsColour = (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
        return Output(
            width: isTerminal ? (hasSize ? Int(size.ws_col) : 80) : nil,
            height: isTerminal ? (hasSize ? Int(size.ws_row) : 24) : nil,
            inColour: isTerminal && wantsColour,
            write: { write($0, to: STDOUT_FILENO) },
            warn: { write($0, to: STDERR_FILENO) },
            readLine: { isatty(STDIN_FILENO) == 1 ? Swift.readLine() : nil })
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes.removeFirst(count)
            } else if errno != EINTR {
                // Nobody reads any more, or the disk is full: there is nobody to tell.
                exit(ExitCode.refused.rawValue)
            }
        }
    }
}
