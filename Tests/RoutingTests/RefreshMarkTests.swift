// Marks around what is announced again (RFC 7313): in front of the first route and behind the last,
// never before the first feed has ended.

import BGP
import Net
import Testing

@testable import Routing

struct RefreshMarkTests {
    /// A letter for each message: B and E for marks, . for End-of-RIB, u for other UPDATEs.
    private static func shape(_ bench: inout Bench, _ receiver: ReceiverID) -> String {
        var bytes: [UInt8] = []
        while bench.rib.produce(receiver, into: &bytes, limit: 4096) {}
        var result = ""
        var position = 0
        while position + 19 <= bytes.count {
            let length = Int(bytes[position + 16]) << 8 | Int(bytes[position + 17])
            switch (bytes[position + 18], length) {
            case (5, 23): result += bytes[position + 21] == 1 ? "B" : "E"
            case (2, 23), (2, 30): result += "."
            default: result += "u"
            }
            position += max(length, 19)
        }
        return result
    }

    private static func fed() -> (Bench, ReceiverID) {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        // The receiver first: a tuple copies its parts from left to right.
        let receiver = bench.rib.addReceiver(AdjOutTests.receiver())
        return (bench, receiver)
    }

    @Test func `marks stand around a feed that was asked for`() {
        var (bench, receiver) = Self.fed()
        #expect(Self.shape(&bench, receiver) == "u..")
        bench.rib.refresh(receiver, .ipv4, isMarked: true)
        #expect(bench.rib.hasPending(receiver))
        #expect(Self.shape(&bench, receiver) == "BuE")
        #expect(!bench.rib.hasPending(receiver))
    }

    @Test func `a family without routes has its marks too`() {
        var (bench, receiver) = Self.fed()
        _ = Self.shape(&bench, receiver)
        bench.rib.refresh(receiver, .ipv6, isMarked: true)
        #expect(Self.shape(&bench, receiver) == "BE")
    }

    @Test func `no mark comes before the first feed has ended`() {
        var (bench, receiver) = Self.fed()
        bench.rib.refresh(receiver, .ipv4, isMarked: true)
        #expect(Self.shape(&bench, receiver) == "u..")
    }

    @Test func `a peer that knows no marks gets none`() {
        var (bench, receiver) = Self.fed()
        _ = Self.shape(&bench, receiver)
        bench.rib.refresh(receiver, .ipv4)
        #expect(Self.shape(&bench, receiver) == "u")
    }

    @Test func `a request during the answer begins it anew and ends it once`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3000))
        let receiver = bench.rib.addReceiver(AdjOutTests.receiver())
        _ = Self.shape(&bench, receiver)
        bench.rib.refresh(receiver, .ipv4, isMarked: true)
        var bytes: [UInt8] = []
        #expect(bench.rib.produce(receiver, into: &bytes, limit: 1))
        bench.rib.refresh(receiver, .ipv4, isMarked: true)
        let rest = Self.shape(&bench, receiver)
        #expect(rest.first == "B" && rest.last == "E")
        #expect(rest.filter { $0 == "E" }.count == 1)
    }
}
