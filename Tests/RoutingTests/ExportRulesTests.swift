// What leaves: rules of `export`, roles, reflection and next hops. The bytes of the messages are
// read by the codec, as a peer does.

import BGP
import Net
import Testing

@testable import Routing

struct ExportRulesTests {
    /// What a peer hears of prefixes announced by peer 1 (circuit 1).
    static func heard(
        _ change: (inout ReceiverSettings) -> Void, _ prefixes: [Prefix] = many(3),
        _ bytes: [UInt8] = attributes(), from kind: SourceSettings.Kind = .external,
        source alter: (inout SourceSettings) -> Void = { _ in }
    ) -> Listener {
        var bench = Bench()
        let source = bench.peer(1, kind: kind)
        var sourceSettings = bench.rib.common.sources[source.slot].settings
        alter(&sourceSettings)
        bench.rib.update(source, sourceSettings)
        bench.announce(source, 1, prefixes, bytes)
        var settings = AdjOutTests.receiver()
        change(&settings)
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.isInternal = settings.policy.isInternal
        listener.pull(&bench, receiver)
        // The view says what the messages said.
        let told = bench.rib.advertised(receiver)
        #expect(
            Dictionary(uniqueKeysWithValues: told.map { ($0.prefix, $0.attributes) })
                == listener.routes.mapValues(\.attributes))
        return listener
    }

    static func value(_ listener: Listener, _ index: Int = 0) -> PathAttributes? {
        listener.routes[many(index + 1)[index]].map { PathAttributes(canonical: $0.attributes) }
    }

    @Test func `a rule that refuses keeps a route here, and others are changed`() {
        let listener = Self.heard {
            $0.policy.rules = [
                rule {
                    $0.prefixes = filter("20.0.1.0/24")
                    $0.isRefusal = true
                },
                rule {
                    $0.med = 7
                    $0.prepend = 1
                    $0.adds = [community("64600:9")]
                },
            ]
        }
        #expect(Set(listener.routes.keys) == [many(3)[0], many(3)[2]])
        #expect(Self.value(listener)?.med == 7)
        #expect(Self.value(listener)?.asPath.description == "64600 64600 65001")
        #expect(Self.value(listener)?.communities == [Community(64600, 9)])
    }

    @Test func `rules have the last word over the session's keys`() {
        let listener = Self.heard(
            {
                $0.policy.med = 1
                $0.policy.prepend = 1
                $0.policy.communities = [community("64600:1")]
                $0.policy.rules = [
                    rule {
                        $0.med = 2
                        $0.prepend = 1
                        $0.removes = [.any]
                    }, rule { $0.adds = [community("64600:2")] },
                ]
            }, many(1), attributes([65001], communities: [Community(65001, 3)]))
        #expect(Self.value(listener)?.med == 2)
        #expect(Self.value(listener)?.asPath.description == "64600 64600 64600 65001")
        #expect(Self.value(listener)?.communities == [Community(64600, 2)])
    }

    @Test(arguments: [true, false])
    func `a rule's preference is heard inside only`(isInternal: Bool) {
        let listener = Self.heard {
            $0.policy.isInternal = isInternal
            $0.policy.rules = [rule { $0.localPref = 444 }]
        }
        #expect(Self.value(listener)?.localPref == (isInternal ? 444 : nil))
    }

    @Test func `prefixes that rules change alike share messages`() {
        let listener = Self.heard(
            {
                $0.policy.rules = [
                    rule {
                        $0.prefixes = filter("20.0.0.0/17 upto 24")
                        $0.med = 1
                    }
                ]
            }, many(256))
        #expect(listener.routes.count == 256)
        // Two sets and two ends.
        #expect(listener.messages == 4)
        #expect(Self.value(listener)?.med == 1)
        #expect(Self.value(listener, 200)?.med == nil)
    }

    @Test func `another policy is told without a new session`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.announce(source, 1, many(4))
        var settings = AdjOutTests.receiver()
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.pull(&bench, receiver)
        settings.policy.rules = [
            rule {
                $0.prefixes = filter("20.0.0.0/23 upto 24")
                $0.isRefusal = true
            }
        ]
        bench.rib.update(receiver, settings)
        listener.pull(&bench, receiver)
        #expect(Set(listener.routes.keys) == Set(many(2, from: 2)))
        settings.policy.rules = []
        bench.rib.update(receiver, settings)
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 4)
    }

    @Test(arguments: [true, false])
    func `a drained link says so outside, and prefers nothing inside`(isInternal: Bool) {
        let listener = Self.heard {
            $0.policy.isInternal = isInternal
            $0.policy.isDrained = true
            $0.policy.rules = [
                rule {
                    $0.removes = [.any]
                    $0.localPref = 300
                }
            ]
        }
        #expect(Self.value(listener)?.communities == (isInternal ? [] : [.gracefulShutdown]))
        #expect(Self.value(listener)?.localPref == (isInternal ? 0 : nil))
    }

    @Test(arguments: [
        (Community.noExport, false, false), (.noExport, true, true),
        (.noExportSubconfed, false, false), (.noAdvertise, true, false),
        (.blackhole, false, true), (.gracefulShutdown, false, true),
    ])
    func `well-known communities are obeyed, whatever rules remove`(
        community: Community, isInternal: Bool, leaves: Bool
    ) {
        let listener = Self.heard(
            {
                $0.policy.isInternal = isInternal
                $0.policy.rules = [rule { $0.removes = [.any] }]
            }, many(1), attributes([65001], communities: [community]))
        #expect(listener.routes.count == (leaves ? 1 : 0))
    }

    // Roles

    struct Mark: Sendable, CustomTestStringConvertible {
        var role: PeeringRole?
        var said: UInt32?
        var leaves: Bool
        var heard: UInt32?
        var isInternal = false
        var testDescription: String {
            "\(role?.description ?? "-") \(said.map(String.init) ?? "-")"
        }
    }

    static let marks = [
        Mark(role: nil, said: nil, leaves: true),
        Mark(role: nil, said: 7, leaves: true, heard: 7),
        Mark(role: .provider, said: nil, leaves: true, heard: 64600),
        Mark(role: .provider, said: 7, leaves: true, heard: 7),
        Mark(role: .routeServer, said: nil, leaves: true, heard: 64600),
        Mark(role: .routeServer, said: 7, leaves: true, heard: 7),
        Mark(role: .peer, said: nil, leaves: true, heard: 64600),
        Mark(role: .peer, said: 7, leaves: false),
        Mark(role: .customer, said: nil, leaves: true),
        Mark(role: .customer, said: 7, leaves: false),
        Mark(role: .routeServerClient, said: nil, leaves: true),
        Mark(role: .routeServerClient, said: 7, leaves: false),
        Mark(role: .customer, said: 7, leaves: true, heard: 7, isInternal: true),
        Mark(role: .provider, said: nil, leaves: true, isInternal: true),
    ]

    @Test(arguments: marks)
    func `what is marked leaves downwards only, and what goes there is marked`(mark: Mark) {
        var said = PathAttributes(asPath: ASPath([ASN(65001)]))
        said.onlyToCustomer = mark.said.map { ASN($0) }
        let listener = Self.heard(
            {
                $0.policy.role = mark.role
                $0.policy.isInternal = mark.isInternal
            }, many(1), said.canonical())
        #expect(listener.routes.count == (mark.leaves ? 1 : 0))
        #expect(Self.value(listener)?.onlyToCustomer?.rawValue == mark.heard)
    }

    @Test func `a mark that we add keeps a route from going up again`() {
        let listener = Self.heard(
            { $0.policy.role = .peer }, many(1), attributes(),
            source: { $0.policy.role = .customer })
        #expect(listener.routes.isEmpty)
    }

    // Inside

    struct Pass: Sendable, CustomTestStringConvertible {
        var fromClient: Bool
        var toClient: Bool
        var passes: Bool
        var testDescription: String { "\(fromClient) to \(toClient)" }
    }

    static let passes = [
        Pass(fromClient: false, toClient: false, passes: false),
        Pass(fromClient: true, toClient: false, passes: true),
        Pass(fromClient: false, toClient: true, passes: true),
        Pass(fromClient: true, toClient: true, passes: true),
    ]

    @Test(arguments: passes)
    func `a reflector passes clients' routes to all, and the others' to clients`(pass: Pass) {
        let listener = Self.heard(
            {
                $0.policy.isInternal = true
                $0.policy.isReflectorClient = pass.toClient
                $0.localID = RouterID(9, 9, 9, 9)
            }, many(1), attributes([65001], localPref: 150), from: .internal,
            source: { $0.isReflectorClient = pass.fromClient })
        #expect(listener.routes.count == (pass.passes ? 1 : 0))
        guard pass.passes else { return }
        let heard = Self.value(listener)
        #expect(heard?.originatorID == RouterID(10, 255, 1, 2))
        #expect(heard?.clusterList == [RouterID(9, 9, 9, 9)])
        #expect(heard?.localPref == 150)
        #expect(heard?.asPath.description == "65001")
    }

    @Test func `a route reflected twice keeps its originator and lists both clusters`() {
        var said = PathAttributes(asPath: ASPath([ASN(65001)]))
        said.localPref = 100
        said.originatorID = RouterID(1, 1, 1, 1)
        said.clusterList = [RouterID(2, 2, 2, 2)]
        let listener = Self.heard(
            {
                $0.policy.isInternal = true
                $0.policy.isReflectorClient = true
                $0.localID = RouterID(9, 9, 9, 9)
            }, many(1), said.canonical(), from: .internal)
        #expect(Self.value(listener)?.originatorID == RouterID(1, 1, 1, 1))
        #expect(
            Self.value(listener)?.clusterList == [RouterID(9, 9, 9, 9), RouterID(2, 2, 2, 2)])
    }

    @Test func `outside nobody hears of reflection`() {
        var said = PathAttributes(asPath: ASPath([ASN(65001)]))
        said.originatorID = RouterID(1, 1, 1, 1)
        said.clusterList = [RouterID(2, 2, 2, 2)]
        let listener = Self.heard({ _ in }, many(1), said.canonical(), from: .internal)
        #expect(Self.value(listener)?.originatorID == nil)
        #expect(Self.value(listener)?.clusterList == [])
    }

    @Test func `inside a circuit a reflector spares the session it heard from`() {
        var bench = Bench()
        let first = bench.peer(1, circuit: 9, kind: .internal)
        let second = bench.peer(2, circuit: 9, kind: .internal)
        bench.announce(first, 1, many(2))
        var settings = AdjOutTests.receiver(circuit: 9, exchange: [])
        settings.policy.isInternal = true
        settings.policy.isReflectorClient = true
        for (session, count) in [(first, 0), (second, 2)] {
            settings.session = session
            let receiver = bench.rib.addReceiver(settings)
            var listener = Listener()
            listener.isInternal = true
            listener.pull(&bench, receiver)
            #expect(listener.routes.count == count)
        }
    }

    @Test func `a source that becomes a client is heard of by all`() {
        var bench = Bench()
        let source = bench.peer(1, kind: .internal)
        bench.announce(source, 1, many(2))
        var settings = AdjOutTests.receiver()
        settings.policy.isInternal = true
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.isInternal = true
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
        var changed = bench.rib.common.sources[source.slot].settings
        changed.isReflectorClient = true
        bench.rib.update(source, changed)
        listener.pull(&bench, receiver)
        #expect(listener.routes.count == 2)
        changed.isReflectorClient = false
        bench.rib.update(source, changed)
        listener.pull(&bench, receiver)
        #expect(listener.routes.isEmpty)
    }

    struct Way: Sendable, CustomTestStringConvertible {
        var isInternal: Bool
        var isSelf: Bool
        var isOurs: Bool
        var testDescription: String { "\(isInternal) \(isSelf)" }
    }

    @Test(arguments: [
        Way(isInternal: true, isSelf: true, isOurs: true),
        Way(isInternal: true, isSelf: false, isOurs: false),
        Way(isInternal: false, isSelf: false, isOurs: true),
    ])
    func `the next hop is ours, or inside the route's own`(way: Way) {
        let six = prefix("2001:db8:100::/48")
        let listener = Self.heard(
            {
                $0.policy.isInternal = way.isInternal
                $0.policy.isNextHopSelf = way.isSelf
            }, many(1) + [six])
        #expect(
            listener.routes[many(1)[0]]?.nextHop
                == address(way.isOurs ? "10.255.9.1" : "10.255.1.2"))
        #expect(
            listener.routes[six]?.nextHop
                == address(way.isOurs ? "2001:db8:0:9::1" : "2001:db8:0:1::2"))
    }

    // Limits

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a limit is not exceeded even for a moment`(seed: UInt64) {
        var random = Seeded(seed)
        var bench = Bench()
        let source = bench.peer(1)
        var settings = AdjOutTests.receiver(limit: 5)
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        listener.limit = 5
        let pool = many(12)
        for _ in 0..<200 {
            let some = Array(pool.shuffled(using: &random).prefix(3))
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<3: bench.announce(source, 1, some)
            case 3..<5: bench.withdraw(source, some)
            case 5 where Int.random(in: 0..<5, using: &random) == 0:
                settings.policy.limit = UInt32.random(in: 2...5, using: &random)
                bench.rib.update(receiver, settings)
            default:
                var bytes: [UInt8] = []
                _ = bench.rib.produce(receiver, into: &bytes, limit: 100)
                listener.read(bytes)
            }
        }
        listener.pull(&bench, receiver)
        let count = Int(bench.rib.received(source).total)
        let limit = Int(settings.policy.limit ?? 0)
        #expect(listener.routes.count == min(limit, count))
        #expect(Int(bench.rib.heldBackCounts(receiver).total) == max(0, count - limit))
    }

    // Random

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `what leaves is what each route alone would be`(seed: UInt64) {
        var random = Seeded(seed)
        var bench = Bench()
        let sources = [bench.peer(1), bench.peer(2)]
        var settings = AdjOutTests.receiver()
        settings.policy.rules = RandomPolicy.rules(&random)
        let receiver = bench.rib.addReceiver(settings)
        var listener = Listener()
        let pool = many(8)
        for _ in 0..<150 {
            let index = Int.random(in: 0...1, using: &random)
            let some = Array(pool.shuffled(using: &random).prefix(3))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                bench.announce(
                    sources[index], UInt8(index + 1), some,
                    attributes(
                        (0...Int.random(in: 0...2, using: &random)).map { _ in
                            UInt32.random(in: 1...3, using: &random)
                        }, communities: Bool.random(using: &random) ? [Community(1, 1)] : []))
            case 5..<7: bench.withdraw(sources[index], some)
            case 7:
                var changed = bench.rib.common.sources[sources[index].slot].settings
                changed.policy.rules = RandomPolicy.rules(&random)
                bench.rib.update(sources[index], changed)
            case 8:
                settings.policy.rules = RandomPolicy.rules(&random)
                bench.rib.update(receiver, settings)
            default: listener.pull(&bench, receiver)
            }
        }
        listener.pull(&bench, receiver)
        var expected: [Prefix: [UInt8]] = [:]
        for entry in bench.rib.bestRoutes(.main) {
            guard
                let bytes = RandomPolicy.naive(
                    settings.policy.rules, entry.prefix, entry.attributes,
                    prepending: ASN(64600), local: false, isLeaving: true)
            else { continue }
            expected[entry.prefix] = bytes
        }
        #expect(listener.routes.mapValues(\.attributes) == expected)
    }
}
