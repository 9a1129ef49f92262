import CBSD
import CLinux
import Glibc
public import Net
import Synchronization

// One line an event, `key=value`, one write(2) a line, so that lines of threads never mix. What a
// peer said is never trusted: every value is encoded by vis(3) and cut. Fields are built only
// when the level is on.

/// The daemon's log, to standard error.
public final class Log: Sendable {
    /// How much a line matters, by syslog's numbers.
    public enum Level: Int, Comparable, Sendable, CaseIterable {
        /// Something does not work.
        case error = 3
        /// Something will not work, or not fully.
        case warning = 4
        /// Worth knowing: a session up or down, a circuit settled.
        case notice = 5
        /// What the daemon does.
        case info = 6
        /// For those who look for a fault.
        case debug = 7

        /// More important first.
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    /// A line's fields, in order.
    public typealias Fields = KeyValuePairs<String, String>

    private struct Limit {
        var until: Instant
        var suppressed: Int
    }

    private let descriptor: Int32
    private let isJournal: Bool
    private let threshold: Atomic<Int>
    private let limits = Locked<[String: Limit]>([:])

    /// A log; lines carry the journal's `<N>` only when JOURNAL_STREAM is set, else the time.
    public init(
        level: Level = .info, descriptor: Int32 = 2,
        environment: [String: String] = Environment.variables
    ) {
        self.descriptor = descriptor
        isJournal = environment["JOURNAL_STREAM"] != nil
        threshold = Atomic(level.rawValue)
    }

    /// The least important level that is written; may be changed by any thread.
    public var level: Level {
        get { Level(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Something does not work.
    public func error(_ event: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.error, event, fields)
    }
    /// Something will not work, or not fully.
    public func warning(_ event: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.warning, event, fields)
    }
    /// Worth knowing.
    public func notice(_ event: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.notice, event, fields)
    }
    /// What the daemon does.
    public func info(_ event: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.info, event, fields)
    }
    /// For those who look for a fault.
    public func debug(_ event: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.debug, event, fields)
    }

    /// A line that is written at most once in `interval` for a `key` (the call site's, or one for
    /// each peer); the next one says how many were left out.
    public func limited(
        _ key: String, _ level: Level, _ event: String, _ fields: @autoclosure () -> Fields = [:],
        per interval: Duration = .seconds(10), at now: Instant = Clock.now()
    ) {
        guard level.rawValue <= threshold.load(ordering: .relaxed) else { return }
        let suppressed: Int? = limits.withLock { limits in
            if let limit = limits[key], now < limit.until {
                limits[key]?.suppressed += 1
                return nil
            }
            let count = limits[key]?.suppressed ?? 0
            // Keys come from peers' names too: forget the ones that have run out.
            if limits.count >= 1024 {
                limits = limits.filter { now < $0.value.until }
                if limits.count >= 1024 { limits = [:] }
            }
            limits[key] = Limit(until: now + interval, suppressed: 0)
            return count
        }
        guard let suppressed else { return }
        write(level, event, fields, suppressed: suppressed)
    }

    /// A line whose level and fields are only known now.
    public func write(_ level: Level, _ event: String, _ fields: [(String, String)]) {
        write(level, event, { fields.map { (key: $0.0, value: $0.1) } })
    }

    private func write(
        _ level: Level, _ event: String,
        _ fields: () -> some Sequence<(key: String, value: String)>,
        suppressed: Int = 0
    ) {
        guard level.rawValue <= threshold.load(ordering: .relaxed) else { return }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line += isJournal ? Array("<\(level.rawValue)>".utf8) : Array("\(timestamp()) ".utf8)
        line += Array("level=\(level) event=\(LogText.quoted(event))".utf8)
        for (key, value) in fields() {
            line += Array(" \(LogText.key(key))=\(LogText.quoted(value))".utf8)
        }
        if suppressed > 0 { line += Array(" suppressed=\(suppressed)".utf8) }
        line.append(0x0A)
        while Glibc.write(descriptor, line, line.count) < 0 && errno == EINTR {}
    }

    private func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func pad(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
        }
        return pad(Int(parts.tm_year) + 1900, 4) + "-" + pad(Int(parts.tm_mon) + 1, 2) + "-"
            + pad(Int(parts.tm_mday), 2) + "T" + pad(Int(parts.tm_hour), 2) + ":"
            + pad(Int(parts.tm_min), 2) + ":" + pad(Int(parts.tm_sec), 2) + "."
            + pad(time.tv_nsec / 1_000_000, 3) + "Z"
    }
}

/// Text that comes from outside, made fit for a line.
public enum LogText {
    /// The longest value in bytes before it is cut.
    public static let limit = 1024

    /// Encodes control characters and all that is not ASCII by vis(3), without quotes.
    public static func sanitised(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(limit))
        var output = [CChar](repeating: 0, count: bytes.count * 4 + 1)
        let flags = VIS_CSTYLE | VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOLOCALE
        let length = bytes.withUnsafeBytes { raw in
            strnvisx(
                &output, output.count, raw.bindMemory(to: CChar.self).baseAddress, bytes.count,
                flags)
        }
        guard length >= 0 else { return "" }
        let visible = String(
            decoding: output.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.utf8.count > limit ? visible + "..." : visible
    }

    /// A value as it stands behind `=`: sanitised, in double quotes where a reader would need them.
    public static func quoted(_ text: String) -> String {
        let visible = sanitised(text)
        let isPlain = visible.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C
        }
        if isPlain, !visible.isEmpty { return visible }
        return "\""
            + visible.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\\\"") + "\""
    }

    static func key(_ text: String) -> String {
        String(
            text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_" }
        )
    }
}
