import Glibc
import Host
import Net
import Testing

@Suite struct PollerTests {
    @Test func `a token gives back its parts`() {
        let token = Token(kind: 200, slot: 0xABCDEF, generation: 0xFFFF_FFFE)
        #expect(token.kind == 200)
        #expect(token.slot == 0xABCDEF)
        #expect(token.generation == 0xFFFF_FFFE)
        #expect(Token(rawValue: token.rawValue) == token)
    }

    @Test func `an event of a closed registration carries the old generation`() throws {
        let poller = try Poller()
        var events: [Poller.Event] = []
        let old = try pair()
        try poller.add(old.0, Token(kind: 1, slot: 7, generation: 1), .read)
        _ = write(old.1, "x", 1)
        try poller.wait(until: nil, into: &events)
        // The batch at hand is older than what the descriptor becomes now.
        poller.remove(old.0)
        close(old.0)
        let new = try pair()
        try poller.add(new.0, Token(kind: 1, slot: 7, generation: 2), .read)
        #expect(new.0 == old.0, "the kernel gives the lowest number again")
        #expect(events.map(\.token.generation) == [1])
        _ = write(new.1, "x", 1)
        try poller.wait(until: nil, into: &events)
        #expect(events.map(\.token.generation) == [2])
        for number in [new.0, new.1, old.1] { close(number) }
    }

    @Test func `a deadline ends the wait, and not before its time`() throws {
        let poller = try Poller()
        var events: [Poller.Event] = []
        let deadline = Clock.now() + .milliseconds(20)
        try poller.wait(until: deadline, into: &events)
        #expect(events.isEmpty)
        #expect(Clock.now() >= deadline)
    }

    @Test func `a deadline in the past ends the wait at once, every time`() throws {
        let poller = try Poller()
        var events: [Poller.Event] = []
        let past = Clock.now() + .seconds(-1)
        for _ in 0..<3 { try poller.wait(until: past, into: &events) }
        #expect(events.isEmpty)
    }

    @Test func `a deadline taken back does not end the wait`() throws {
        let poller = try Poller()
        var events: [Poller.Event] = []
        let ends = try pair()
        try poller.add(ends.0, Token(kind: 1, slot: 1), .read)
        _ = write(ends.1, "x", 1)
        try poller.wait(until: Clock.now() + .milliseconds(10), into: &events)
        #expect(events.count == 1)
        usleep(20_000)
        try poller.wait(until: nil, into: &events)
        #expect(events.count == 1, "still readable, and nothing else")
        close(ends.0)
        close(ends.1)
    }

    @Test func `write interest is reported only while asked for`() throws {
        let poller = try Poller()
        var events: [Poller.Event] = []
        let ends = try pair()
        let token = Token(kind: 3, slot: 3)
        try poller.add(ends.0, token, [.read, .write])
        try poller.wait(until: nil, into: &events)
        #expect(events == [Poller.Event(token: token, isWritable: true)])
        try poller.modify(ends.0, token, .read)
        try poller.wait(until: Clock.now() + .milliseconds(5), into: &events)
        #expect(events.isEmpty)
        close(ends.1)
        try poller.wait(until: nil, into: &events)
        #expect(events.first?.isReadable == true)
        #expect(events.first?.isBroken == true)
        close(ends.0)
    }

    private func pair() throws -> (Int32, Int32) {
        var numbers: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0)
        return (numbers[0], numbers[1])
    }
}
