import Glibc
import Host
import Net
import Testing

@Suite struct LogTests {
    private final class Sink {
        let read: Int32
        let write: Int32
        init() throws {
            var numbers: [Int32] = [0, 0]
            try #require(pipe(&numbers) == 0)
            (read, write) = (numbers[0], numbers[1])
            _ = fcntl(read, F_SETFL, O_NONBLOCK)
        }
        deinit {
            close(read)
            close(write)
        }
        func lines() -> [String] {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(read, &bytes, bytes.count)
            return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
                .split(separator: "\n").map(String.init)
        }
    }

    private func journal(_ sink: Sink, _ level: Log.Level = .info) -> Log {
        Log(level: level, descriptor: sink.write, environment: ["JOURNAL_STREAM": "8:1"])
    }

    @Test func `a line is a level, an event and its fields in order`() throws {
        let sink = try Sink()
        journal(sink).notice("session up", ["peer": "192.0.2.1", "vrf": "vrf-acme"])
        #expect(
            sink.lines() == ["<5>level=notice event=\"session up\" peer=192.0.2.1 vrf=vrf-acme"])
    }

    @Test func `outside the journal a line begins with the time`() throws {
        let sink = try Sink()
        Log(descriptor: sink.write, environment: [:]).error("lost")
        let line = try #require(sink.lines().first)
        let pattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=error event=lost/
        #expect(line.wholeMatch(of: pattern) != nil)
    }

    @Test func `what is below the level is neither written nor built`() throws {
        let sink = try Sink()
        let log = journal(sink, .warning)
        func never() -> String {
            Issue.record("built for nothing")
            return ""
        }
        log.info("x", ["a": never()])
        #expect(sink.lines().isEmpty)
        log.level = .debug
        log.debug("x")
        #expect(sink.lines() == ["<7>level=debug event=x"])
    }

    @Test(arguments: [
        ("plain", "plain"),
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("a=b", "\"a=b\""),
        ("say \"no\"", "\"say \\\"no\\\"\""),
        ("line\nbreak", "\"line\\nbreak\""),
        ("tab\tescape\u{1B}[31m", "\"tab\\tescape\\033[31m\""),
        ("nul\u{0}byte", "\"nul\\0byte\""),
        ("back\\slash", "\"back\\\\slash\""),
        ("caf\u{E9}", "\"caf\\303\\251\""),
    ])
    func `a value cannot break out of its place`(_ value: String, _ expected: String) throws {
        #expect(LogText.quoted(value) == expected)
        let sink = try Sink()
        journal(sink).info("x", ["text": value])
        #expect(sink.lines() == ["<6>level=info event=x text=\(expected)"])
    }

    @Test func `a long value is cut`() {
        let text = LogText.sanitised(String(repeating: "x", count: 5000))
        #expect(text == String(repeating: "x", count: LogText.limit) + "...")
    }

    @Test func `a limited line says how many were left out`() throws {
        let sink = try Sink()
        let log = journal(sink)
        for second in [0, 1, 9, 10, 11] {
            let now = Instant.zero + .seconds(second)
            log.limited("k", .warning, "bad", ["n": "\(second)"], at: now)
            log.limited("other-\(second)", .info, "fine", at: now)
        }
        let lines = sink.lines()
        #expect(
            lines.filter { $0.contains("bad") } == [
                "<4>level=warning event=bad n=0",
                "<4>level=warning event=bad n=10 suppressed=2",
            ])
        #expect(lines.filter { $0.contains("fine") }.count == 5)
    }
}
