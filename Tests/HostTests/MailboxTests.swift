import Glibc
import Host
import Net
import Testing

@Suite struct MailboxTests {
    @Test func `every message of every thread arrives, each thread's in order`() throws {
        let mailbox = try Mailbox<(Int, Int)>()
        let (threads, each) = (4, 5000)
        for thread in 0..<threads {
            try Thread.start(name: "post-\(thread)") {
                for number in 0..<each { mailbox.post((thread, number)) }
            }
        }
        var next = [Int](repeating: 0, count: threads)
        while next.reduce(0, +) < threads * each {
            try #require(waitReadable(mailbox.descriptor), "a wake-up is missing")
            for (thread, number) in mailbox.drain() {
                try #require(next[thread] == number)
                next[thread] += 1
            }
        }
        #expect(mailbox.drain().isEmpty)
    }

    @Test func `a drained mailbox is not readable`() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.post(1)
        mailbox.post(2)
        #expect(waitReadable(mailbox.descriptor, milliseconds: 0))
        #expect(mailbox.drain() == [1, 2])
        #expect(!waitReadable(mailbox.descriptor, milliseconds: 0))
    }

    @Test func `waiting ends with a message from another thread`() throws {
        let mailbox = try Mailbox<String>()
        try Thread.start(name: "post") { mailbox.post("come") }
        #expect(mailbox.wait(timeout: .seconds(10)) == ["come"])
    }

    @Test func `waiting ends empty at its limit`() throws {
        #expect(try Mailbox<Int>().wait(timeout: .milliseconds(5)).isEmpty)
    }

    @Test func `a thread carries its name, cut to what the kernel keeps`() throws {
        let mailbox = try Mailbox<String>()
        try Thread.start(name: "a-name-of-many-letters") {
            var name = [CChar](repeating: 0, count: 64)
            let number = open("/proc/thread-self/comm", O_RDONLY)
            _ = read(number, &name, 63)
            close(number)
            mailbox.post(String(decoding: name.prefix { $0 > 32 }.map { UInt8($0) }, as: UTF8.self))
        }
        #expect(mailbox.wait(timeout: .seconds(10)) == ["a-name-of-many-"])
    }
}
