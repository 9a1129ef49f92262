// Adj-RIB-Out: what a receiver holds after all messages is what the policy says, and nothing else.

import BGP
import Net
import Testing

@testable import Routing

struct AdjOutTests {
    static func receiver(
        circuit: UInt32 = 9, exchange: [UInt32] = [1, 2], advertise: PrefixFilter? = everything,
        limit: UInt32? = nil
    ) -> ReceiverSettings {
        ReceiverSettings(
            space: .main, circuit: circuit, families: [.ipv4, .ipv6],
            nextHop4: IPv4Address(10, 255, 9, 1),
            nextHop6: IPv6Address(high: 0x2001_0db8_0000_0009, low: 1),
            policy: ExportPolicy(
                exchange: exchange.map { ExportPolicy.Exchange(circuit: $0) },
                advertise: advertise, localASN: ASN(64600), peerASN: ASN(65009), limit: limit))
    }

    @Test func `a receiver is fed what is there, then told the end of each family`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3000) + [prefix("2001:db8:100::/48")])
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        #expect(bench.rib.hasPending(receiver))
        listener.pull(&bench, receiver)
        #expect(Set(listener.routes.keys) == Set(many(3000) + [prefix("2001:db8:100::/48")]))
        #expect(listener.ends == [.ipv4, .ipv6])
        #expect(bench.rib.isFed(receiver))
        #expect(listener.path(many(1)[0]) == "64600 65001")
        #expect(listener.routes[many(1)[0]]?.nextHop == address("10.255.9.1"))
        #expect(bench.rib.advertisedCounts(receiver) == PrefixCounts(ipv4: 3000, ipv6: 1))
        // About a thousand prefixes of four bytes fill a message.
        #expect(listener.messages < 10)
    }

    @Test func `prefixes of one attribute set share messages, however they came`() {
        var bench = Bench()
        let source = bench.peer(1)
        for index in 0..<300 {
            bench.announce(
                source, 1, many(1, from: index), attributes([65001, UInt32(index % 3 + 1)]))
        }
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 300)
        #expect(listener.messages == 5)
    }

    @Test func `what changes twice between two pulls is told once`() {
        var bench = Bench()
        let source = bench.peer(1)
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        bench.announce(source, 1, many(10))
        bench.announce(source, 1, many(10), attributes([65001, 7]))
        bench.announce(source, 1, many(5, from: 20))
        bench.withdraw(source, many(5, from: 20))
        listener.pull(&bench, receiver)
        #expect(listener.announcements == 10 && listener.withdrawals == 0)
        #expect(listener.path(many(1)[0]) == "64600 65001 7")
    }

    @Test func `a source that comes back with what it had is announced again`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        bench.rib.sourceDown(source)
        bench.rib.refresh(receiver, .ipv4)
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
        bench.announce(source, 1, many(3))
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 3)
    }

    @Test func `nothing goes back into the circuit it came from`() {
        var bench = Bench()
        let source = bench.peer(1, circuit: 9)
        bench.announce(source, 1, many(3))
        let receiver = bench.rib.addReceiver(Self.receiver(circuit: 9, exchange: [9]))
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
        #expect(listener.ends.count == 2)
    }

    @Test func `without advertise only what the tenant originates leaves`() {
        var bench = Bench()
        let own = bench.rib.addSource(
            SourceSettings(space: .main, circuit: 0, kind: .originated))
        let others = bench.rib.addSource(
            SourceSettings(space: .main, circuit: 0, kind: .originated))
        let source = bench.peer(1)
        bench.announce(source, 1, many(3))
        bench.rib.offer(from: own, [prefix("10.20.0.0/16")])
        bench.rib.offer(from: others, [prefix("10.21.0.0/16")])
        var settings = Self.receiver(advertise: nil)
        settings.origin = own
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(Array(listener.routes.keys) == [prefix("10.20.0.0/16")])
        #expect(listener.path(prefix("10.20.0.0/16")) == "64600")
        bench.rib.offer(from: own, [])
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
    }

    @Test func `an exchange may name prefixes, and advertise has the last word`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        var settings = Self.receiver(advertise: filter("20.0.0.0/22 upto 24"))
        settings.policy.exchange = [
            ExportPolicy.Exchange(circuit: 1, prefixes: filter("20.0.2.0/23 upto 24"))
        ]
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(Set(listener.routes.keys) == Set(many(2, from: 2)))
        settings.policy.advertise = filter("20.0.0.0/16 upto 24")
        settings.policy.exchange = [ExportPolicy.Exchange(circuit: 1)]
        bench.rib.update(receiver, settings)
        listener.pull(&bench, receiver)
        #expect(Set(listener.routes.keys) == Set(many(10)))
        settings.policy.exchange = []
        bench.rib.update(receiver, settings)
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
    }

    @Test func `the limit holds back, and lets in as others leave`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        let receiver = bench.rib.addReceiver(Self.receiver(limit: 4))
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 4)
        #expect(bench.rib.heldBackCounts(receiver) == PrefixCounts(ipv4: 6))
        bench.withdraw(source, many(3))
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 4)
        #expect(bench.rib.heldBackCounts(receiver) == PrefixCounts(ipv4: 3))
        bench.withdraw(source, many(10))
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
        #expect(bench.rib.heldBackCounts(receiver) == PrefixCounts())
    }

    @Test func `a refresh says everything of one family again, without an end`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10) + [prefix("2001:db8:100::/48")])
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        listener.announcements = 0
        listener.ends = []
        bench.rib.refresh(receiver, .ipv4)
        #expect(bench.rib.hasPending(receiver))
        listener.pull(&bench, receiver)
        #expect(listener.announcements == 10)
        #expect(listener.ends.isEmpty)
    }

    @Test(arguments: [Community.noExport, .noAdvertise])
    func `what its origin keeps to itself stays here`(community: Community) {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(1), attributes([65001], communities: [community]))
        let receiver = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
    }

    struct Clothes: Sendable, CustomTestStringConvertible {
        var name: String
        var change: @Sendable (inout ExportPolicy) -> Void
        var path: [UInt32] = [65001, 64512, 65009]
        var expected: String
        var testDescription: String { name }
    }

    static let wardrobe = [
        Clothes(name: "plain", change: { _ in }, expected: "64600 65001 64512 65009"),
        Clothes(
            name: "prepend", change: { $0.prepend = 2 },
            expected: "64600 64600 64600 65001 64512 65009"),
        Clothes(
            name: "private removed, the peer's own kept", change: { $0.removesPrivateAS = true },
            path: [174, 64512, 65009], expected: "64600 174 65009"),
        Clothes(
            name: "peer's AS replaced", change: { $0.overridesAS = true },
            expected: "64600 65001 64512 64600"),
        Clothes(name: "internal", change: { $0.isInternal = true }, expected: "65001 64512 65009"),
    ]

    @Test(arguments: wardrobe)
    func `the path is dressed as the policy says`(clothes: Clothes) {
        var policy = Self.receiver().policy
        clothes.change(&policy)
        let value = PathAttributes(
            canonical: Dress(policy).dress(attributes(clothes.path, med: 7), localPref: 150))
        #expect(value.asPath.description == clothes.expected)
        #expect(value.localPref == (policy.isInternal ? 150 : nil))
        // RFC 4271 §5.1.4: a MED goes no further than the neighbouring AS.
        #expect(value.med == (policy.isInternal ? 7 : nil))
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `editing bytes comes to the same as building anew`(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<300 {
            var value = PathAttributes(
                origin: .incomplete,
                asPath: ASPath(
                    (0..<[0, 1, 3, 62, 63, 253, 254, 255, 300][
                        Int.random(in: 0..<9, using: &random)]).map { ASN(UInt32($0) + 1) }))
            if Bool.random(using: &random) {
                value.asPath.segments.insert(ASPath.Segment(.set, [ASN(5), ASN(6)]), at: 0)
            }
            if Bool.random(using: &random) { value.med = 9 }
            if Bool.random(using: &random) { value.localPref = 300 }
            if Bool.random(using: &random) { value.communities = [Community(1, 2)] }
            if Bool.random(using: &random) { value.originatorID = RouterID(1, 2, 3, 4) }
            if Bool.random(using: &random) { value.clusterList = [RouterID(1, 2, 3, 4)] }
            if Bool.random(using: &random) { value.atomicAggregate = true }
            var policy = Self.receiver().policy
            policy.isInternal = Bool.random(using: &random)
            policy.prepend = UInt8.random(in: 0...3, using: &random)
            policy.med = Bool.random(using: &random) ? 77 : nil
            let dress = Dress(policy)
            let bytes = value.canonical()
            #expect(
                dress.dress(bytes, localPref: 123) == dress.rebuild(bytes, localPref: 123))
            if value.asPath.length < 250 { #expect(dress.edit(bytes, localPref: 123) != nil) }
        }
    }

    @Test func `MED and communities are added once`() {
        var policy = Self.receiver().policy
        policy.med = 30
        policy.communities = [.standard(Community(65000, 1)), .standard(.noExport)]
        policy.communities.append(.large(LargeCommunity(64600, 1, 2)))
        let value = PathAttributes(
            canonical: Dress(policy).dress(
                attributes([1], communities: [Community(65000, 1)]), localPref: 100))
        #expect(value.med == 30)
        #expect(value.communities == [Community(65000, 1), .noExport])
        #expect(value.largeCommunities == [LargeCommunity(64600, 1, 2)])
    }

    @Test func `a receiver that went leaves nothing behind`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(10))
        let receiver = bench.rib.addReceiver(Self.receiver())
        let other = bench.rib.addReceiver(Self.receiver())
        var listener = Listener()
        listener.pull(&bench, receiver)
        listener.pull(&bench, other)
        bench.withdraw(source, many(10))
        bench.rib.removeReceiver(receiver)
        #expect(!bench.rib.hasPending(receiver))
        listener = Listener()
        bench.rib.removeReceiver(other)
        bench.settle()
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
    }

    // Random

    private static func expected(
        _ bench: Bench, _ settings: ReceiverSettings, _ circuits: [SourceID: UInt32]
    ) -> [Prefix: String] {
        var result: [Prefix: String] = [:]
        for entry in bench.rib.bestRoutes(.main) {
            guard let circuit = circuits[entry.source] else { continue }
            if circuit == 0 {
                guard settings.policy.advertise?.matches(entry.prefix) ?? true else { continue }
            } else {
                guard circuit != settings.circuit,
                    let advertise = settings.policy.advertise, advertise.matches(entry.prefix),
                    settings.policy.exchange.contains(where: {
                        $0.circuit == circuit && $0.prefixes?.matches(entry.prefix) ?? true
                    })
                else { continue }
            }
            let path = PathAttributes(canonical: entry.attributes).asPath.description
            result[entry.prefix] = path.isEmpty ? "64600" : "64600 " + path
        }
        return result
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `after any history a receiver holds what the policy says`(seed: UInt64) {
        var random = Seeded(seed)
        var bench = Bench()
        var circuits: [SourceID: UInt32] = [:]
        var sources: [UInt8: SourceID] = [:]
        for number in 1...4 as ClosedRange<UInt8> {
            let source = bench.peer(number, circuit: UInt32(number + 1) / 2)
            sources[number] = source
            circuits[source] = UInt32(number + 1) / 2
        }
        let own = bench.rib.addSource(
            SourceSettings(space: .main, circuit: 0, kind: .originated))
        circuits[own] = 0
        let pool = many(30) + (0..<8).map { prefix("2001:db8:\($0 + 100)::/48") }
        var listeners: [(ReceiverID, ReceiverSettings, Listener)] = []
        func policy(_ random: inout Seeded) -> ReceiverSettings {
            var settings = Self.receiver(
                circuit: UInt32.random(in: 1...3, using: &random),
                exchange: [1, 2].filter { _ in Bool.random(using: &random) },
                advertise: [
                    nil, everything, filter("20.0.0.0/20 upto 24", "2001:db8:100::/46 upto 48"),
                ].randomElement(using: &random) ?? nil)
            if Bool.random(using: &random), !settings.policy.exchange.isEmpty {
                settings.policy.exchange[0].prefixes = filter("20.0.8.0/21 upto 24")
            }
            return settings
        }
        for _ in 0..<400 {
            let number = UInt8.random(in: 1...4, using: &random)
            guard let source = sources[number] else { continue }
            let some = Array(pool.shuffled(using: &random).prefix(6))
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7:
                bench.announce(
                    source, number, some,
                    attributes(
                        (0...Int.random(in: 0...2, using: &random)).map { _ in
                            65000 + UInt32(number)
                        }))
            case 7..<10: bench.withdraw(source, some)
            case 10: bench.rib.sourceDown(source)
            case 11: bench.rib.offer(from: own, some)
            case 12 where listeners.count < 4:
                let settings = policy(&random)
                listeners.append((bench.rib.addReceiver(settings), settings, Listener()))
            case 13 where !listeners.isEmpty:
                let index = Int.random(in: 0..<listeners.count, using: &random)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    bench.rib.removeReceiver(listeners[index].0)
                    listeners.remove(at: index)
                } else {
                    let circuit = listeners[index].1.circuit
                    listeners[index].1 = policy(&random)
                    listeners[index].1.circuit = circuit
                    bench.rib.update(listeners[index].0, listeners[index].1)
                }
            case 14: bench.rib.sweep(limit: 5)
            case 15 where !listeners.isEmpty:
                let index = Int.random(in: 0..<listeners.count, using: &random)
                bench.rib.refresh(listeners[index].0, .ipv4)
            default:
                guard !listeners.isEmpty else { continue }
                let index = Int.random(in: 0..<listeners.count, using: &random)
                var bytes: [UInt8] = []
                _ = bench.rib.produce(
                    listeners[index].0, into: &bytes,
                    limit: Int.random(in: 1...300, using: &random))
                listeners[index].2.read(bytes)
            }
        }
        bench.rib.sweep(limit: .max)
        bench.rib.sweep(limit: .max)
        for index in listeners.indices {
            listeners[index].2.pull(&bench, listeners[index].0)
            let (receiver, settings, listener) = listeners[index]
            let expected = Self.expected(bench, settings, circuits)
            let held = listener.routes.mapValues {
                PathAttributes(canonical: $0.attributes).asPath.description
            }
            #expect(held == expected)
            let told = bench.rib.advertised(receiver)
            #expect(told.map(\.prefix) == expected.keys.sorted())
            #expect(Int(bench.rib.advertisedCounts(receiver).total) == expected.count)
            bench.rib.removeReceiver(receiver)
        }
        for source in circuits.keys { bench.rib.removeSource(source) }
        bench.settle()
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
        #expect(bench.rib.common.attributes.count == 0)
    }
}
