import CBSD
import CLinux
import Glibc

// What the process was given: variables, and the name it shows in ps.

/// The process's surroundings.
public enum Environment {
    /// The variables, read once before other threads exist.
    public static let variables: [String: String] = {
        var result: [String: String] = [:]
        guard var entry = clinux_environment() else { return result }
        while let text = entry.pointee {
            let parts = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return result
    }()

    /// This process.
    public static var processID: Int32 { getpid() }

    /// Shows `text` as the process's name in ps (setproctitle). Not thread-safe: from the loop.
    public static func setTitle(_ text: String) {
        _ = titleSpace
        clinux_title_set(text)
    }

    private static let titleSpace: Void = {
        // The variables and arguments are copied first: the title is written over them.
        _ = variables.count
        _ = CommandLine.arguments
        clinux_title_begin(CommandLine.argc, CommandLine.unsafeArgv)
    }()
}
