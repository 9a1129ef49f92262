// What may enter, what is counted, and what a source's ups and downs leave.

import BGP
import Net
import Testing

@testable import Routing

struct ImportTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var prefix: String
        var refusal: Refusal?
        var policy = ImportPolicy(accept: everything)
        var path: [UInt32] = [65001]
        var nextHop = "10.255.1.2"
        var testDescription: String { "\(prefix) \(refusal?.description ?? "accepted")" }
    }

    static let cases = [
        Case(prefix: "20.0.0.0/8", refusal: nil),
        Case(prefix: "20.0.0.0/8", refusal: .noPolicy, policy: ImportPolicy()),
        Case(
            prefix: "20.0.0.0/8", refusal: .notListed,
            policy: ImportPolicy(accept: filter("21.0.0.0/8"))),
        Case(prefix: "0.0.0.0/0", refusal: .defaultRoute),
        Case(
            prefix: "0.0.0.0/0", refusal: nil,
            policy: ImportPolicy(accept: everything, acceptsDefault: true)),
        Case(prefix: "0.1.0.0/16", refusal: .martian),
        Case(prefix: "127.0.0.0/8", refusal: .martian),
        Case(prefix: "169.254.7.0/24", refusal: .martian),
        Case(prefix: "224.0.0.0/4", refusal: .martian),
        Case(prefix: "240.0.0.0/8", refusal: .martian),
        Case(prefix: "128.0.0.0/1", refusal: nil),
        Case(prefix: "fe80::/64", refusal: .martian, nextHop: "2001:db8:0:1::2"),
        Case(prefix: "ff02::/16", refusal: .martian, nextHop: "2001:db8:0:1::2"),
        Case(prefix: "::1/128", refusal: .martian, nextHop: "2001:db8:0:1::2"),
        Case(prefix: "2001:db8:7::/48", refusal: nil, nextHop: "2001:db8:0:1::2"),
        Case(prefix: "10.0.0.0/8", refusal: nil),
        Case(
            prefix: "10.0.0.0/8", refusal: .privateSpace,
            policy: ImportPolicy(accept: everything, isPublic: true)),
        Case(
            prefix: "100.64.0.0/10", refusal: .privateSpace,
            policy: ImportPolicy(accept: everything, isPublic: true)),
        Case(
            prefix: "fd00::/8", refusal: .privateSpace,
            policy: ImportPolicy(accept: everything, isPublic: true), nextHop: "2001:db8:0:1::2"),
        Case(prefix: "192.0.2.0/30", refusal: .reserved),
        Case(prefix: "192.0.2.1/32", refusal: .reserved),
        Case(prefix: "192.0.2.0/24", refusal: nil),
        Case(prefix: "20.0.0.0/8", refusal: .ownAS, path: [65001, 64600]),
        Case(
            prefix: "20.0.0.0/8", refusal: nil,
            policy: ImportPolicy(accept: everything, allowOwnAS: 1), path: [65001, 64600]),
        Case(
            prefix: "20.0.0.0/8", refusal: .ownAS,
            policy: ImportPolicy(accept: everything, allowOwnAS: 1), path: [64600, 64600]),
        Case(prefix: "20.0.0.0/8", refusal: nil, nextHop: "10.255.1.77"),
        Case(prefix: "20.0.0.0/8", refusal: .nextHop, nextHop: "10.255.2.2"),
        Case(prefix: "20.0.0.0/8", refusal: .nextHop, nextHop: "10.255.1.1"),
    ]

    @Test(arguments: cases)
    func `a path enters or says why not`(entry: Case) {
        var bench = Bench()
        bench.rib.setReserved(.main, [prefix("192.0.2.0/30")])
        let source = bench.peer(1, policy: entry.policy)
        let target = prefix(entry.prefix)
        let hop = address(entry.nextHop)
        bench.rib.learn(
            from: source, announced4: Prefix4(target).map { [$0] } ?? [],
            announced6: Prefix6(target).map { [$0] } ?? [], attributes: attributes(entry.path),
            nextHop4: hop, nextHop6: hop)
        let received = bench.rib.paths(of: source, view: .received)
        #expect(received.map(\.refusal) == [entry.refusal])
        #expect(
            bench.rib.paths(of: source, view: .accepted).count == (entry.refusal == nil ? 1 : 0))
        #expect(bench.rib.accepted(source).total == (entry.refusal == nil ? 1 : 0))
        #expect(bench.rib.received(source).total == 1)
        #expect(bench.rib.bestRoutes(.main).count == (entry.refusal == nil ? 1 : 0))
    }

    @Test func `announcing again counts once, and withdrawing counts back`() {
        var bench = Bench()
        let source = bench.peer(1, policy: ImportPolicy(accept: filter("20.0.0.0/16 upto 24")))
        bench.announce(source, 1, many(300))
        bench.announce(source, 1, many(300), attributes([65001, 7]))
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 300))
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 256))
        bench.withdraw(source, many(300))
        bench.withdraw(source, many(300))
        #expect(bench.rib.received(source) == PrefixCounts())
        #expect(bench.rib.accepted(source) == PrefixCounts())
    }

    @Test func `a wider or narrower policy holds for what is stored`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1, policy: ImportPolicy(accept: filter("20.0.0.0/24")))
        bench.announce(source, 1, many(2))
        bench.settle()
        #expect(bench.hasRoute(many(2)[0]) && !bench.hasRoute(many(2)[1]))
        var settings = bench.rib.common.sources[source.slot].settings
        settings.policy.accept = filter("20.0.1.0/24")
        bench.rib.update(source, settings)
        bench.settle()
        #expect(!bench.hasRoute(many(2)[0]) && bench.hasRoute(many(2)[1]))
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 1))
    }

    @Test func `what is over the limit is not stored, and the caller is told`() {
        var bench = Bench()
        let source = bench.peer(1, policy: ImportPolicy(accept: everything, limit: 3))
        let isWithin = bench.rib.learn(
            from: source, announced4: many(5).compactMap { Prefix4($0) }, announced6: [],
            attributes: attributes(), nextHop4: Bench.gateway(1).address, nextHop6: nil)
        #expect(!isWithin)
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 3))
        // What is known already may change.
        let isStillWithin = bench.rib.learn(
            from: source, announced4: many(3).compactMap { Prefix4($0) }, announced6: [],
            attributes: attributes([9]), nextHop4: Bench.gateway(1).address, nextHop6: nil)
        #expect(isStillWithin)
    }

    @Test func `a source that is down has nothing at once, and a new life is not swept`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(100))
        bench.settle()
        bench.rib.sourceDown(source)
        #expect(bench.rib.received(source) == PrefixCounts())
        #expect(bench.rib.paths(of: source, view: .received).isEmpty)
        bench.announce(source, 1, many(40))
        bench.settle()
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 40))
        #expect(bench.kernel.routes.count == 40)
        #expect(bench.rib.routeCounts(.main) == PrefixCounts(ipv4: 40))
    }

    @Test func `stale paths forward until swept, and what came again stays`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        bench.settle()
        _ = bench.steps()
        bench.rib.markStale(source)
        bench.settle()
        let steps = bench.steps()
        #expect(steps.isEmpty)
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 10))
        #expect(!bench.rib.paths(of: source, view: .accepted).contains { !$0.isStale })
        bench.announce(source, 1, many(4))
        bench.rib.sweepStale(source)
        bench.settle()
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 4))
        #expect(bench.kernel.routes.count == 4)
    }

    @Test func `marking twice lets go of what was stale before`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        bench.rib.markStale(source)
        bench.announce(source, 1, many(3))
        bench.rib.markStale(source)
        bench.settle()
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 3))
    }

    @Test func `no life of a source is mistaken for another after hundreds of them`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(5))
        for _ in 0..<600 { bench.rib.sourceDown(source) }
        #expect(bench.rib.paths(of: source, view: .received).isEmpty)
        bench.settle()
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
    }

    @Test func `a removed source leaves nothing, and its number can be used again`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.announce(source, 1, many(5))
        bench.settle()
        bench.rib.removeSource(source)
        bench.settle()
        #expect(bench.kernel.routes.isEmpty)
        let again = bench.peer(1)
        #expect(again == source)
        #expect(bench.rib.received(again) == PrefixCounts())
        #expect(bench.rib.common.attributes.count == 0)
    }
}
