// Long-lived graceful restart (RFC 9494): what is stale for long is the last choice, marked on its
// way out, and kept from those who do not know the mark.

import BGP
import Net
import Testing

@testable import Routing

struct LongLivedTests {
    /// Peer 1 is away for long; peer 2, if there is one, has a worse path.
    static func stale(
        _ bytes: [UInt8] = attributes([65001]), count: Int = 2, hasOther: Bool = true
    ) -> (Bench, SourceID) {
        var bench = Bench()
        bench.up(1, 2)
        let first = bench.peer(1)
        bench.announce(first, 1, many(count), bytes)
        if hasOther {
            let second = bench.peer(2)
            bench.announce(
                second, 2, many(count),
                attributes([65002, 2, 3, 4], communities: [.gracefulShutdown]))
        }
        bench.settle()
        bench.rib.markStale(first)
        return (bench, first)
    }

    @Test func `what is stale for long is the last choice`() {
        var (bench, first) = Self.stale()
        #expect(bench.rib.bestRoutes(.main).first?.source == first)
        bench.rib.markLongLived(first)
        let entries = bench.rib.explain(.main, many(1)[0])
        #expect(entries.last?.source == first)
        #expect(entries.map(\.reason) == [.longLived, .longLived])
        #expect(entries.map(\.isLongLived) == [false, true])
        bench.settle()
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(2))
        #expect(bench.rib.accepted(first) == PrefixCounts(ipv4: 2))
    }

    @Test func `nothing else is there, so it forwards on`() {
        var (bench, first) = Self.stale(hasOther: false)
        bench.rib.markLongLived(first)
        bench.settle()
        #expect(bench.gateway(many(1)[0]) == Bench.gateway(1))
        bench.rib.sweepStale(first)
        bench.settle()
        #expect(bench.kernel.routes.isEmpty)
    }

    @Test func `NO_LLGR goes`() {
        var (bench, first) = Self.stale(
            attributes([65001], communities: [.noLongLivedStale]), hasOther: false)
        bench.rib.markLongLived(first)
        #expect(bench.rib.received(first) == PrefixCounts())
        bench.settle()
        #expect(bench.kernel.routes.isEmpty)
    }

    @Test func `one family is the last choice, the other still what it was`() {
        var (bench, first) = Self.stale(hasOther: false)
        bench.announce(first, 1, [prefix("2001:db8:30::/48")])
        bench.rib.markStale(first, .ipv6)
        bench.rib.markLongLived(first, .ipv6)
        let entries = bench.rib.paths(of: first, view: .accepted)
        #expect(entries.map(\.isStale) == [true, true, true])
        #expect(entries.map(\.isLongLived) == [false, false, true])
    }

    @Test func `announced again as it was it is fresh, and so are others told`() {
        var (bench, first) = Self.stale()
        var settings = AdjOutTests.receiver()
        settings.knowsLongLived = true
        let receiver = bench.rib.addReceiver(settings)
        bench.rib.markLongLived(first)
        var listener = Listener()
        listener.pull(&bench, receiver)
        bench.announce(first, 1, many(1))
        #expect(bench.rib.explain(.main, many(1)[0]).first?.source == first)
        listener.pull(&bench, receiver)
        #expect(listener.path(many(1)[0]) == "64600 65001")
        #expect(listener.path(many(2)[1]) == "64600 65002 2 3 4")
    }

    struct Audience: Sendable, CustomTestStringConvertible {
        var isInternal: Bool
        var knows: Bool
        var communities: [Community]?
        var localPref: UInt32?
        var testDescription: String { "\(isInternal ? "inside" : "outside") \(knows)" }
    }

    static let audiences = [
        Audience(isInternal: false, knows: false),
        Audience(isInternal: false, knows: true, communities: [.longLivedStale]),
        Audience(isInternal: true, knows: true, communities: [.longLivedStale], localPref: 100),
        Audience(
            isInternal: true, knows: false, communities: [.longLivedStale, .noExport],
            localPref: 0),
    ]

    @Test(arguments: audiences, [true, false])
    func `who knows the mark hears it, others nothing, our own a warning`(
        audience: Audience, isMarkedBefore: Bool
    ) {
        var (bench, first) = Self.stale(
            attributes([65001], communities: isMarkedBefore ? [.longLivedStale] : []),
            hasOther: false)
        var settings = AdjOutTests.receiver()
        settings.policy.isInternal = audience.isInternal
        settings.knowsLongLived = audience.knows
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.isInternal = audience.isInternal
        listener.pull(&bench, receiver)
        if !isMarkedBefore {
            #expect(listener.routes.count == 2)
            bench.rib.markLongLived(first)
            listener.pull(&bench, receiver)
        }
        let heard = listener.routes[many(1)[0]].map { PathAttributes(canonical: $0.attributes) }
        #expect(heard?.communities == audience.communities)
        #expect(heard?.localPref == audience.localPref)
    }

    @Test func `a route that comes marked is the last choice`() {
        var bench = Bench()
        let first = bench.peer(1)
        let second = bench.peer(2)
        bench.announce(first, 1, many(1), attributes([1], communities: [.longLivedStale]))
        bench.announce(
            second, 2, many(1), attributes([1, 2, 3], communities: [.gracefulShutdown]))
        #expect(bench.rib.explain(.main, many(1)[0]).map(\.source) == [second, first])
    }
}
