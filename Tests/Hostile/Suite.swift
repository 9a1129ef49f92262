// Runs all cases against a daemon that serves two good peers meanwhile, and says what failed.
//
//   hostile files DIR                    writes the daemon's files
//   hostile run NS1 NS2 [WORD ...]       all cases, or those whose names hold a word, from this
//                                        network namespace; the good peers are in NS1 and NS2
//   hostile list                         names the cases

import Glibc
import Host
import Net

@main
struct Suite {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch (arguments.first, arguments.count) {
            case ("files", 2): try write(to: arguments[1])
            case ("list", 1):
                for (_, one) in Roster.all.cases { say("\(one.group): \(one.name)") }
            case ("run", 3...):
                let isFine = try run(
                    namespaces: Array(arguments[1...2]), words: Array(arguments.dropFirst(3)))
                exit(isFine ? 0 : 1)
            default:
                say("usage: hostile files DIR | hostile run NS1 NS2 [WORD ...] | hostile list")
                exit(2)
            }
        } catch {
            say("hostile: \(error)")
            exit(1)
        }
    }

    static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
    }

    static func write(to directory: String) throws {
        for (name, text) in Roster.all.files {
            try AtomicFile.write("\(directory)/\(name)", Array(text.utf8))
        }
    }

    private final class Book: Sendable {
        struct Page {
            var passed: [String: Int] = [:]
            var failures: [String] = []
            var next = 0
            var running = 0
        }
        let page = Locked(Page())
    }

    static func run(namespaces: [String], words: [String]) throws -> Bool {
        let started = Clock.now()
        let watchers = [
            GoodPeer(GoodPeer.Setting(number: 1, namespace: namespaces[0])),
            GoodPeer(GoodPeer.Setting(number: 2, namespace: namespaces[1])),
        ]
        for watcher in watchers { try watcher.start() }
        let isServed = waitUntil(20) {
            watchers.allSatisfy { $0.state.withLock { $0.table.count >= GoodPeer.blockSize } }
        }
        guard isServed else {
            say("  FAIL  the good peers do not hear of each other at the start")
            for watcher in watchers { watcher.state.withLock { say("        \($0.faults)") } }
            return false
        }
        let book = Book()
        let stage = Stage(watchers)
        let chosen = Roster.all.cases.filter { _, one in
            words.isEmpty || words.contains { "\(one.group): \(one.name)".contains($0) }
        }
        let patient: Set = ["slow", "dialed", "restarts"]
        func isPatient(_ one: Case) -> Bool { patient.contains(one.group) }
        // The slow ones wait most of the time; each has a thread of its own from the beginning.
        for (number, one) in chosen where isPatient(one) {
            try start(1, [(number, one)], stage, book)
        }
        let heavy: Set = ["floods", "crowds"]
        let quick = chosen.filter { !isPatient($0.case) && !heavy.contains($0.case.group) }
        try start(16, quick, stage, book)
        let stuck = chosen.count { $0.case.link == .stuck }
        _ = waitUntil(600) { book.page.withLock { $0.running } <= stuck }
        // One kind at a time: how long the daemon takes for one is what the good peers measure.
        try start(1, chosen.filter { $0.case.group == "floods" }, stage, book)
        try start(1, chosen.filter { $0.case.group == "crowds" }, stage, book)
        _ = waitUntil(600) { book.page.withLock { $0.running } <= stuck }
        stage.end()
        _ = waitUntil(30) { book.page.withLock { $0.running } == 0 }
        let isWell = areWell(watchers, book)
        return report(chosen.map(\.case), book, started) && isWell
    }

    static func waitUntil(_ seconds: Double, _ condition: () -> Bool) -> Bool {
        let end = deadline(seconds)
        while !condition() {
            if Clock.now() > end { return false }
            pause(0.02)
        }
        return true
    }

    /// Threads that take one case after the other.
    nonisolated private static func start(
        _ threads: Int, _ cases: [(number: Int, case: Case)], _ stage: Stage, _ book: Book
    ) throws(SystemError) {
        let next = Counter()
        book.page.withLock { $0.running += min(threads, cases.count) }
        for _ in 0..<min(threads, cases.count) {
            try Thread.start(name: "hostile") {
                while let index = next.take(below: cases.count) {
                    carryOut(cases[index].number, cases[index].case, stage, book)
                }
                book.page.withLock { $0.running -= 1 }
            }
        }
    }

    private final class Counter: Sendable {
        private let value = Locked(0)
        func take(below limit: Int) -> Int? {
            value.withLock { value in
                guard value < limit else { return nil }
                value += 1
                return value - 1
            }
        }
    }

    private static func carryOut(_ number: Int, _ one: Case, _ stage: Stage, _ book: Book) {
        let conversation = Conversation(
            Roster.all.place(number), stage, one.opening, isInternal: one.isInternal)
        do {
            try conversation.run(one.act, one.reaction)
            book.page.withLock { $0.passed[one.group, default: 0] += 1 }
        } catch {
            say("  FAIL  \(one.group): \(one.name): \(error.text)")
            book.page.withLock { $0.failures.append("\(one.group): \(one.name)") }
        }
    }

    /// What the whole is about: nobody else has noticed anything.
    private static func areWell(_ watchers: [GoodPeer], _ book: Book) -> Bool {
        var isWell = true
        func check(_ sentence: String, _ holds: Bool, _ more: String = "") {
            say("  \(holds ? "ok  " : "FAIL")  \(sentence)\(more)")
            if !holds { isWell = false }
        }
        for watcher in watchers {
            let name = watcher.setting.name
            // The routes of sessions that are over must go.
            let isClean = waitUntil(20) {
                watcher.state.withLock { $0.table.count } <= GoodPeer.blockSize + 1
            }
            let left = watcher.state.withLock { state in
                state.table.keys.filter { $0.block != Int(watcher.setting.others) }
            }
            check(
                "\(name): no route of a hostile peer is left", isClean,
                isClean ? "" : ": \(left.count), such as \(left.prefix(5))")
            let state = watcher.state.withLock { $0 }
            let kept = state.table.keys.count { $0.block == Int(watcher.setting.others) }
            check("\(name): its session was never lost", state.isEstablished)
            check(
                "\(name): its \(kept) routes were never withdrawn, every UPDATE was right",
                state.faults.isEmpty && kept >= GoodPeer.blockSize,
                state.faults.map { "\n          \($0)" }.joined())
            check(
                "\(name): no keepalive was missed", state.missed == 0,
                " (longest silence \(state.longestSilence.hundredths) s, own stall "
                    + "\(state.longestStall.hundredths) s, \(state.keepalives) KEEPALIVEs, \(state.updates) UPDATEs)"
            )
        }
        for watcher in watchers { watcher.state.withLock { $0.isEnding = true } }
        return isWell
    }

    private static func report(_ cases: [Case], _ book: Book, _ started: Instant) -> Bool {
        let page = book.page.withLock { $0 }
        var groups: [String] = []
        for one in cases where !groups.contains(one.group) { groups.append(one.group) }
        say("  group           cases  passed")
        for group in groups {
            let count = cases.count { $0.group == group }
            say(
                "  " + group.padded(14) + String(count).padded(7, left: true)
                    + String(page.passed[group] ?? 0).padded(8, left: true))
        }
        let passed = page.passed.values.reduce(0, +)
        let lasted = (Clock.now() - started).seconds
        say("\(passed) passed, \(cases.count - passed) failed, in \(Int(lasted)) s")
        return passed == cases.count
    }
}

extension String {
    func padded(_ width: Int, left: Bool = false) -> String {
        let room = String(repeating: " ", count: max(width - count, 0))
        return left ? room + self : self + room
    }
}

extension Double {
    /// With two digits.
    var hundredths: String {
        let value = Int((self * 100).rounded())
        return "\(value / 100)." + (value % 100 < 10 ? "0" : "") + "\(value % 100)"
    }
}
