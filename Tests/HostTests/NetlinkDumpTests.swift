// A dump that something changes under is repeated, and given up in the end.
import CLinux
import Glibc
import Net
import Testing

@testable import Host

@Suite struct `Netlink dumps` {
    /// More nexthops than one datagram of a dump holds.
    private static let many: UInt32 = 3_000

    private func makeMany(_ bench: KernelBench) throws -> InterfaceIndex {
        let index = try bench.makePair("a", "10.0.1.1/24")
        let gateway = try address("10.0.1.2")
        let outcomes = bench.kernel.apply(
            (1...Self.many).map { number in
                (
                    UInt64(number),
                    .putNextHop(
                        NextHop(
                            NextHopID(number), .gateway(gateway, device: index, onlink: false)),
                        replacing: false)
                )
            })
        try #require(outcomes.allSatisfy { $0.error == nil })
        return index
    }

    /// Dumps all nexthops, deleting one in each of the first `disturbances` attempts.
    private func dump(_ bench: KernelBench, disturbances: UInt32) throws -> [NextHopID] {
        var left = disturbances
        let result: Result<[NextHopID], KernelError> = Result { () throws(KernelError) in
            try KernelDump().list(CLINUX_NEXTHOP, { clinux_dump_nexthops($0) }) { event in
                let id = NextHopID(event.nexthop.id)
                if left > 0, id == NextHopID(100) {
                    let victim = NextHopID(Self.many - left)
                    _ = bench.kernel.apply([(ticket: 1, step: .deleteNextHop(victim))])
                    left -= 1
                }
                return id
            }
        }
        return try result.get()
    }

    @Test func `a dump that a change interrupts is repeated until it is whole`() throws {
        try inNamespace { bench in
            _ = try makeMany(bench)
            let found = try dump(bench, disturbances: 2)
            #expect(found.count == Int(Self.many) - 2)
            #expect(Set(found).count == found.count)
        }
    }

    @Test func `a dump that is interrupted every time is an error, not half a truth`() throws {
        try inNamespace { bench in
            _ = try makeMany(bench)
            let error = #expect(throws: KernelError.self) {
                try dump(bench, disturbances: 10)
            }
            #expect(error?.code == EAGAIN)
            // The next one is none the worse.
            #expect(try bench.kernel.dump().nextHops.count == Int(Self.many) - 4)
        }
    }
}
