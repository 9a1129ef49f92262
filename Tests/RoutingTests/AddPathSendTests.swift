// Receivers that hear of all paths of a prefix (RFC 7911): which paths, under which identifiers,
// and that they go one by one.

import BGP
import Net
import Testing

@testable import Routing

struct AddPathSendTests {
    static func receiver(limit: UInt32? = nil) -> ReceiverSettings {
        var settings = AdjOutTests.receiver(exchange: [1, 2, 3], limit: limit)
        settings.addPath = [.ipv4]
        return settings
    }

    static func listener(limit: Int = .max) -> Listener {
        var listener = Listener()
        listener.pathIDs = [.ipv4]
        listener.limit = limit
        return listener
    }

    /// The paths that a listener knows, by AS path.
    static func paths(_ listener: Listener, _ prefix: Prefix) -> [String] {
        (listener.wide[prefix] ?? [:]).values.map {
            PathAttributes(canonical: $0.attributes).asPath.description
        }.sorted()
    }

    @Test func `all accepted paths leave, each under a number of its own`() {
        var bench = Bench()
        let first = bench.peer(1)
        let second = bench.peer(2)
        let target = many(1)[0]
        bench.announce(first, 1, [target, prefix("2001:db8:100::/48")])
        bench.announce(second, 2, [target, prefix("2001:db8:100::/48")])
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Self.listener()
        listener.pull(&bench, receiver)
        #expect(Self.paths(listener, target) == ["64600 65001", "64600 65002"])
        #expect(listener.wide[target].map { Set($0.keys) } == [1, 2])
        // The other family has not said that it carries several.
        #expect(listener.routes.count == 1)
        #expect(bench.rib.advertisedCounts(receiver) == PrefixCounts(ipv4: 2, ipv6: 1))
        let told = bench.rib.advertised(receiver).filter { $0.prefix == target }
        #expect(Set(told.map(\.pathID)) == [1, 2])
        #expect(listener.ends == [.ipv4, .ipv6])
    }

    @Test func `a path keeps its number while others come and go`() {
        var bench = Bench()
        let sources = [bench.peer(1), bench.peer(2), bench.peer(3)]
        let target = many(1)[0]
        bench.announce(sources[0], 1, [target])
        bench.announce(sources[1], 2, [target])
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Self.listener()
        listener.pull(&bench, receiver)
        let numbers = listener.wide[target]?.mapValues(\.attributes)
        bench.withdraw(sources[0], [target])
        bench.announce(sources[2], 3, [target])
        listener.withdrawals = 0
        listener.announcements = 0
        listener.pull(&bench, receiver)
        #expect(listener.withdrawals == 1)
        let kept = numbers?.first { $0.value == listener.wide[target]?[$0.key]?.attributes }
        #expect(
            kept.map { PathAttributes(canonical: $0.value).asPath.description } == "64600 65002")
        #expect(Self.paths(listener, target) == ["64600 65002", "64600 65003"])
        // Who comes does not take the number of who goes in the same step.
        #expect(listener.wide[target].map { Set($0.keys) } == [2, 3])
    }

    @Test func `a change of a path that is not the best is told`() {
        var bench = Bench()
        let sources = [bench.peer(1), bench.peer(2)]
        let target = many(1)[0]
        bench.announce(sources[0], 1, [target])
        bench.announce(sources[1], 2, [target])
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Self.listener()
        listener.pull(&bench, receiver)
        bench.announce(sources[1], 2, [target], attributes([65002, 7]))
        listener.pull(&bench, receiver)
        #expect(Self.paths(listener, target) == ["64600 65001", "64600 65002 7"])
        bench.rib.sourceDown(sources[1])
        bench.rib.sweep(limit: .max)
        listener.pull(&bench, receiver)
        #expect(Self.paths(listener, target) == ["64600 65001"])
    }

    @Test func `no more than eight paths of a prefix leave`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = AddPathReceiveTests.learn(&bench, source, 1, (1...20).map { (target, $0) })
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Self.listener()
        listener.pull(&bench, receiver)
        #expect(listener.wideCount == 8)
        #expect(listener.messages == 3)
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `after any history a receiver holds each path that may pass`(seed: UInt64) {
        var random = Seeded(seed)
        var bench = Bench()
        let sources = [bench.peer(1), bench.peer(2), bench.peer(3)]
        let limit: UInt32? = seed % 2 == 0 ? nil : 9
        var settings = Self.receiver(limit: limit)
        let receiver = bench.rib.addReceiver(settings)
        var listener = Self.listener(limit: limit.map(Int.init) ?? .max)
        let pool = many(6)
        for _ in 0..<250 {
            let index = Int.random(in: 0...2, using: &random)
            let number = UInt8(index + 1)
            let some = Array(pool.shuffled(using: &random).prefix(2)).map {
                ($0, UInt32.random(in: 0...2, using: &random))
            }
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<5:
                _ = AddPathReceiveTests.learn(
                    &bench, sources[index], number, some,
                    attributes(
                        (0...Int.random(in: 0...2, using: &random)).map { _ in
                            UInt32.random(in: 1...3, using: &random)
                        }, communities: Bool.random(using: &random) ? [Community(1, 1)] : []))
            case 5..<7: AddPathReceiveTests.withdraw(&bench, sources[index], some)
            case 7 where Int.random(in: 0..<4, using: &random) == 0:
                bench.rib.sourceDown(sources[index])
            case 8:
                settings.policy.rules = RandomPolicy.rules(&random)
                bench.rib.update(receiver, settings)
            case 9: bench.rib.sweep(limit: 2)
            case 10 where Int.random(in: 0..<4, using: &random) == 0:
                bench.rib.refresh(receiver, .ipv4)
            default:
                var bytes: [UInt8] = []
                _ = bench.rib.produce(
                    receiver, into: &bytes, limit: Int.random(in: 1...300, using: &random))
                listener.read(bytes)
            }
        }
        bench.rib.sweep(limit: .max)
        bench.rib.sweep(limit: .max)
        listener.pull(&bench, receiver)
        var expected: [Prefix: [[UInt8]]] = [:]
        var count = 0
        for prefix in pool {
            let leaving = bench.rib.explain(.main, prefix).filter { $0.refusal == nil }.prefix(8)
                .compactMap {
                    RandomPolicy.naive(
                        settings.policy.rules, prefix, $0.attributes, prepending: ASN(64600),
                        local: false, isLeaving: true)
                }
            if !leaving.isEmpty { expected[prefix] = leaving }
            count += leaving.count
        }
        #expect(listener.wideCount == min(count, limit.map(Int.init) ?? .max))
        #expect(Int(bench.rib.advertisedCounts(receiver).ipv4) == listener.wideCount)
        func sorted(_ paths: [[UInt8]]) -> [[UInt8]] {
            paths.sorted { $0.lexicographicallyPrecedes($1) }
        }
        if limit == nil {
            #expect(
                listener.wide.mapValues { sorted($0.values.map(\.attributes)) }
                    == expected.mapValues { sorted($0) })
        }
        bench.rib.removeReceiver(receiver)
        for source in sources { bench.rib.removeSource(source) }
        bench.settle()
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
        #expect(bench.rib.common.attributes.count == 0)
    }

    /// What a RIB tells, and what another makes of the bytes.
    static func relay(_ bytes: [UInt8], to bench: inout Bench, _ source: SourceID) {
        var rules = UpdateRules()
        rules.hasPathIDs4 = true
        rules.hasExtendedNextHop = true
        var offset = 0
        var buffer = UpdateBuffer()
        while case .whole(.update, let length) = Frame(
            bytes.span.bytes, at: offset, maximumLength: 4096)
        {
            let body = Array(bytes[(offset + headerLength)..<(offset + length)])
            buffer.decode(body.span.bytes, rules: rules)
            bench.rib.learn(from: source, buffer)
            offset += length
        }
        #expect(offset == bytes.count)
    }

    @Test func `what one speaker tells another learns, path by path`() {
        var teller = Bench()
        let sources = [teller.peer(1), teller.peer(2)]
        teller.announce(sources[0], 1, many(5))
        teller.announce(sources[1], 2, many(3))
        var settings = Self.receiver()
        settings.nextHop4 = IPv4Address(10, 255, 4, 2)
        let receiver = teller.rib.addReceiver(settings)
        var hearer = Bench()
        let source = hearer.peer(4, policy: ImportPolicy(accept: everything, allowOwnAS: 1))
        func turn() {
            var bytes: [UInt8] = []
            while teller.rib.produce(receiver, into: &bytes, limit: 4096) {}
            Self.relay(bytes, to: &hearer, source)
        }
        turn()
        #expect(hearer.rib.accepted(source) == PrefixCounts(ipv4: 8))
        teller.withdraw(sources[0], many(5))
        turn()
        let left = hearer.rib.paths(of: source, view: .received)
        #expect(left.map(\.prefix) == many(3))
        #expect(
            left.allSatisfy {
                PathAttributes(canonical: $0.attributes).asPath.description == "64600 65002"
            })
    }

    // RFC 8950

    @Test func `an IPv4 route comes through the link-local address where the other is elsewhere`() {
        var teller = Bench()
        let first = teller.peer(1)
        teller.announce(first, 1, many(1))
        var settings = Self.receiver()
        settings.nextHop4 = nil
        settings.nextHop6 = IPv6Address(high: 0x2001_0db8_ffff_0000, low: 1)
        settings.linkLocal6 = IPv6Address(high: 0xFE80 << 48, low: 5)
        settings.hasExtendedNextHop = true
        let receiver = teller.rib.addReceiver(settings)
        var bytes: [UInt8] = []
        while teller.rib.produce(receiver, into: &bytes, limit: 4096) {}
        var hearer = Bench()
        let source = hearer.peer(4, policy: ImportPolicy(accept: everything, allowOwnAS: 1))
        Self.relay(bytes, to: &hearer, source)
        let entries = hearer.rib.paths(of: source, view: .received)
        #expect(entries.map(\.gateway?.address) == [address("fe80::5")])
    }

    @Test func `without an IPv4 address of ours routes leave with the IPv6 one`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        var settings = AdjOutTests.receiver()
        settings.nextHop4 = nil
        let silent = bench.rib.addReceiver(settings)
        settings.hasExtendedNextHop = true
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.hasExtendedNextHop = true
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 3)
        #expect(listener.routes[many(1)[0]]?.nextHop == address("2001:db8:0:9::1"))
        #expect(bench.rib.advertised(receiver).first?.nextHop == address("2001:db8:0:9::1"))
        bench.withdraw(source, many(3))
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
        var other = Listener()
        other.pull(&bench, silent)
        #expect(other.announcements == 0)
    }
}
