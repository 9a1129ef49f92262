// Several paths of one source for one prefix (RFC 7911): told apart by identifier, counted one by
// one, and never mistaken for each other whatever their history.

import BGP
import Net
import Testing

@testable import Routing

struct AddPathReceiveTests {
    static func learn(
        _ bench: inout Bench, _ source: SourceID, _ number: UInt8, _ paths: [(Prefix, UInt32)],
        _ bytes: [UInt8] = attributes(), hop: UInt8 = 2
    ) -> Bool {
        bench.rib.learn(
            from: source, announced4: paths.compactMap { Prefix4($0.0) }, announced6: [],
            attributes: bytes, nextHop4: .v4(IPv4Address(10, 255, number, hop)), nextHop6: nil,
            pathIDs4: paths.map(\.1))
    }

    static func withdraw(_ bench: inout Bench, _ source: SourceID, _ paths: [(Prefix, UInt32)]) {
        bench.rib.withdraw(
            from: source, withdrawn4: paths.compactMap { Prefix4($0.0) }, withdrawn6: [],
            pathIDs4: paths.map(\.1))
    }

    @Test func `paths of one source stand beside each other and go one by one`() {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, [(target, 7), (target, 3)])
        _ = Self.learn(&bench, source, 1, [(target, 9)], attributes([1, 2]), hop: 77)
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 3))
        let entries = bench.rib.explain(.main, target)
        #expect(entries.map(\.pathID) == [3, 7, 9])
        #expect(entries.map(\.isBest) == [true, false, false])
        #expect(entries.map(\.reason) == [.source, .source, .pathLength])
        Self.withdraw(&bench, source, [(target, 3), (target, 7), (target, 8)])
        bench.settle()
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 1))
        #expect(bench.gateway(target)?.address == address("10.255.1.77"))
        Self.withdraw(&bench, source, [(target, 9)])
        bench.settle()
        #expect(!bench.hasRoute(target))
        #expect(bench.rib.common.attributes.count == 0)
    }

    @Test func `an identifier announced again replaces its own path alone`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, [(target, 1), (target, 2)])
        _ = Self.learn(&bench, source, 1, [(target, 1)], attributes([5, 6]))
        let paths = bench.rib.paths(of: source, view: .received)
        #expect(paths.map(\.pathID) == [1, 2])
        #expect(paths.map(\.attributes) == [attributes([5, 6]), attributes()])
    }

    @Test func `paths of one set share its bytes`() {
        var bench = Bench()
        let source = bench.peer(1)
        let paths = many(100).flatMap { prefix in (1...4).map { (prefix, UInt32($0)) } }
        _ = Self.learn(&bench, source, 1, paths)
        #expect(bench.rib.common.attributes.count == 5)
    }

    @Test func `the limit counts paths`() {
        var bench = Bench()
        let source = bench.peer(1, policy: ImportPolicy(accept: everything, limit: 2))
        let target = many(1)[0]
        #expect(Self.learn(&bench, source, 1, [(target, 1), (target, 2)]))
        #expect(!Self.learn(&bench, source, 1, [(target, 3)]))
        #expect(Self.learn(&bench, source, 1, [(target, 2)], attributes([9])))
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 2))
    }

    @Test func `a flood of paths for one prefix is cut`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, (0..<500).map { (target, $0) })
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 32))
    }

    @Test func `stale paths leave room for those that a restarted peer numbers anew`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, (0..<32).map { (target, $0) })
        bench.rib.markStale(source)
        _ = Self.learn(&bench, source, 1, (100..<132).map { (target, $0) })
        bench.rib.sweepStale(source)
        bench.settle()
        #expect(bench.rib.explain(.main, target).map(\.pathID) == Array(100..<132))
    }

    @Test func `a session that has no identifiers any more gives one path beside stale ones`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, [(target, 5), (target, 6)])
        bench.rib.markStale(source)
        bench.announce(source, 1, [target])
        bench.announce(source, 1, [target], attributes([7]))
        #expect(bench.rib.explain(.main, target).map(\.isStale) == [false, true, true])
        bench.rib.sweepStale(source)
        bench.settle()
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 1))
        bench.withdraw(source, [target])
        #expect(bench.rib.received(source) == PrefixCounts())
    }

    @Test func `all stale paths stay until swept, and those announced again remain`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, [(target, 1), (target, 2), (target, 3)])
        bench.rib.markStale(source)
        _ = Self.learn(&bench, source, 1, [(target, 2)])
        #expect(bench.rib.explain(.main, target).map(\.isStale) == [true, false, true])
        bench.rib.sweepStale(source)
        #expect(bench.rib.explain(.main, target).map(\.pathID) == [2])
        bench.settle()
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 1))
    }

    @Test func `a changed policy judges each path of a row`() {
        var bench = Bench()
        let source = bench.peer(1)
        let target = many(1)[0]
        _ = Self.learn(&bench, source, 1, [(target, 1)], attributes([1]))
        _ = Self.learn(&bench, source, 1, [(target, 2)], attributes([2]))
        var settings = bench.rib.common.sources[source.slot].settings
        settings.policy = rules(
            rule {
                $0.pathContains = [ASN(1)]
                $0.isRefusal = true
            }, rule { $0.med = 4 })
        bench.rib.update(source, settings)
        let entries = bench.rib.explain(.main, target)
        #expect(entries.map(\.pathID) == [2, 1])
        #expect(entries.map(\.refusal) == [nil, .rule])
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 1))
        settings.policy = ImportPolicy(accept: everything)
        bench.rib.update(source, settings)
        #expect(
            bench.rib.explain(.main, target).map(\.attributes).sorted {
                $0.lexicographicallyPrecedes($1)
            }
                == [attributes([1]), attributes([2])])
    }

    /// A path as the model has it.
    private struct Key: Hashable {
        var prefix: Prefix
        var id: UInt32
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `after any history the table holds what was said last, as the rules make it`(seed: UInt64)
    {
        var random = Seeded(seed)
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        var policy = ImportPolicy(accept: everything)
        var model: [Key: [UInt8]] = [:]
        let pool = many(5)
        for _ in 0..<300 {
            let paths = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (
                    pool[Int.random(in: 0..<pool.count, using: &random)],
                    UInt32.random(in: 0...3, using: &random)
                )
            }
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<6:
                let bytes = attributes(
                    (0...Int.random(in: 0...2, using: &random)).map { _ in
                        UInt32.random(in: 1...3, using: &random)
                    }, communities: Bool.random(using: &random) ? [Community(1, 1)] : [])
                _ = Self.learn(&bench, source, 1, paths, bytes)
                for path in paths { model[Key(prefix: path.0, id: path.1)] = bytes }
            case 6..<9:
                Self.withdraw(&bench, source, paths)
                for path in paths { model[Key(prefix: path.0, id: path.1)] = nil }
            case 9:
                policy.rules = RandomPolicy.rules(&random)
                var settings = bench.rib.common.sources[source.slot].settings
                settings.policy = policy
                bench.rib.update(source, settings)
            case 10 where Int.random(in: 0..<5, using: &random) == 0:
                bench.rib.sourceDown(source)
                model = [:]
            default: bench.rib.sweep(limit: 3)
            }
        }
        bench.settle()
        let said = bench.rib.paths(of: source, view: .received)
        #expect(
            Dictionary(
                uniqueKeysWithValues: said.map {
                    (Key(prefix: $0.prefix, id: $0.pathID), $0.attributes)
                }) == model)
        var expected: [Key: [UInt8]] = [:]
        for (key, bytes) in model {
            expected[key] = RandomPolicy.naive(
                policy.rules, key.prefix, bytes, prepending: ASN(65001), local: true)
        }
        let accepted = bench.rib.paths(of: source, view: .accepted)
        #expect(
            Dictionary(
                uniqueKeysWithValues: accepted.map {
                    (Key(prefix: $0.prefix, id: $0.pathID), $0.attributes)
                }) == expected)
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: UInt32(model.count)))
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: UInt32(expected.count)))
        bench.rib.removeSource(source)
        bench.settle()
        #expect(bench.rib.common.attributes.count == 0)
        #expect(bench.rib.routeCounts(.main) == PrefixCounts())
    }
}

/// Rules at random, and what they mean, read from the words of the format.
enum RandomPolicy {
    static func rules(_ random: inout Seeded) -> [RouteRule] {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
            rule {
                if Int.random(in: 0..<3, using: &random) == 0 {
                    $0.prefixes = filter(
                        "20.0.0.0/\(Int.random(in: 21...24, using: &random)) upto 24")
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    $0.pathContains = [ASN(UInt32.random(in: 1...3, using: &random))]
                }
                if Int.random(in: 0..<5, using: &random) == 0 { $0.pathLongerThan = 1 }
                if Int.random(in: 0..<5, using: &random) == 0 { $0.pathShorterThan = 3 }
                if Int.random(in: 0..<5, using: &random) == 0 {
                    $0.originAS = [ASN(UInt32.random(in: 1...3, using: &random))]
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    $0.communities = [
                        pattern(["1:1", "1:*", "2:*"].randomElement(using: &random) ?? "*")
                    ]
                }
                switch Int.random(in: 0..<6, using: &random) {
                case 0: $0.isRefusal = true
                case 1: $0.localPref = UInt32.random(in: 50...300, using: &random)
                case 2: $0.med = UInt32.random(in: 0...3, using: &random)
                case 3: $0.prepend = UInt8.random(in: 1...2, using: &random)
                case 4: $0.removes = [pattern(["*", "1:1"].randomElement(using: &random) ?? "*")]
                default: $0.adds = [community("2:2"), community("64600:1:1")]
                }
            }
        }
    }

    /// One route through the rules; nil where it does not pass.
    static func naive(
        _ rules: [RouteRule], _ prefix: Prefix, _ bytes: [UInt8], prepending asn: ASN, local: Bool,
        isLeaving: Bool = false
    ) -> [UInt8]? {
        let said = PathAttributes(canonical: bytes)
        var value = said
        if isLeaving {
            value.asPath.prepend(asn)
            value.med = nil
            value.localPref = nil
        }
        for rule in rules {
            guard meets(rule, prefix, said) else { continue }
            if rule.isRefusal { return nil }
            if local, let preference = rule.localPref { value.localPref = preference }
            if let med = rule.med { value.med = med }
            value.asPath.prepend(asn, count: Int(rule.prepend))
            value.communities.removeAll { one in
                rule.removes.contains { $0.matches(.standard(one)) }
            }
            value.largeCommunities.removeAll { one in
                rule.removes.contains { $0.matches(.large(one)) }
            }
            for added in rule.adds {
                switch added {
                case .standard(let one) where !value.communities.contains(one):
                    value.communities.append(one)
                case .large(let one) where !value.largeCommunities.contains(one):
                    value.largeCommunities.append(one)
                default: break
                }
            }
        }
        return value.canonical()
    }

    private static func meets(_ rule: RouteRule, _ prefix: Prefix, _ said: PathAttributes) -> Bool {
        if let prefixes = rule.prefixes, !prefixes.matches(prefix) { return false }
        let numbers = said.asPath.segments.flatMap(\.numbers)
        if !rule.pathContains.isEmpty, Set(numbers).isDisjoint(with: rule.pathContains) {
            return false
        }
        if let bound = rule.pathLongerThan, numbers.count <= bound { return false }
        if let bound = rule.pathShorterThan, numbers.count >= bound { return false }
        if !rule.originAS.isEmpty, !rule.originAS.contains(numbers.last ?? ASN(64600)) {
            return false
        }
        if rule.communities.isEmpty { return true }
        return rule.communities.contains { pattern in
            said.communities.contains { pattern.matches(.standard($0)) }
                || said.largeCommunities.contains { pattern.matches(.large($0)) }
        }
    }
}
