// Rules of `import`, roles, reflection loops: what the peer said, and what became of it.

import BGP
import Net
import Testing

@testable import Routing

/// A rule from its changes.
func rule(_ change: (inout RouteRule) -> Void) -> RouteRule {
    var rule = RouteRule()
    change(&rule)
    return rule
}

func pattern(_ text: String) -> CommunityPattern {
    guard let pattern = CommunityPattern(text) else { preconditionFailure("no pattern: \(text)") }
    return pattern
}

func community(_ text: String) -> AnyCommunity {
    guard let community = AnyCommunity(text) else { preconditionFailure("none: \(text)") }
    return community
}

/// A policy that lets everything in, and then asks rules.
func rules(_ rules: RouteRule...) -> ImportPolicy {
    var policy = ImportPolicy(accept: everything, acceptsDefault: true)
    policy.rules = rules
    return policy
}

struct ImportRulesTests {
    struct Condition: Sendable, CustomTestStringConvertible {
        var name: String
        var change: @Sendable (inout RouteRule) -> Void
        var holds: Bool
        var path: [UInt32] = [65001, 64999, 3356]
        var testDescription: String { name }
    }

    static let conditions = [
        Condition(name: "none", change: { _ in }, holds: true),
        Condition(
            name: "prefix", change: { $0.prefixes = filter("20.0.0.0/16 upto 24") }, holds: true),
        Condition(
            name: "other prefix", change: { $0.prefixes = filter("21.0.0.0/8") }, holds: false),
        Condition(
            name: "other family", change: { $0.prefixes = filter("2001:db8::/32") }, holds: false),
        Condition(
            name: "in path", change: { $0.pathContains = [ASN(1), ASN(64999)] }, holds: true),
        Condition(name: "not in path", change: { $0.pathContains = [ASN(1)] }, holds: false),
        Condition(name: "longer than 2", change: { $0.pathLongerThan = 2 }, holds: true),
        Condition(name: "longer than 3", change: { $0.pathLongerThan = 3 }, holds: false),
        Condition(name: "shorter than 4", change: { $0.pathShorterThan = 4 }, holds: true),
        Condition(name: "shorter than 3", change: { $0.pathShorterThan = 3 }, holds: false),
        Condition(name: "origin", change: { $0.originAS = [ASN(3356)] }, holds: true),
        Condition(name: "not the origin", change: { $0.originAS = [ASN(65001)] }, holds: false),
        Condition(
            name: "origin of an empty path is ours", change: { $0.originAS = [ASN(64600)] },
            holds: true, path: []),
        Condition(
            name: "community", change: { $0.communities = [pattern("65001:7")] }, holds: true),
        Condition(
            name: "any of two communities",
            change: { $0.communities = [pattern("1:1"), pattern("65001:*")] }, holds: true),
        Condition(
            name: "other community", change: { $0.communities = [pattern("65001:8")] }, holds: false
        ),
        Condition(
            name: "all must hold",
            change: {
                $0.originAS = [ASN(3356)]
                $0.pathContains = [ASN(1)]
            }, holds: false),
    ]

    @Test(arguments: conditions)
    func `a rule is asked about prefix, path and communities`(condition: Condition) {
        var refusal = rule(condition.change)
        refusal.isRefusal = true
        var bench = Bench()
        let source = bench.peer(1, policy: rules(refusal))
        bench.announce(
            source, 1, many(1), attributes(condition.path, communities: [Community(65001, 7)]))
        let entries = bench.rib.paths(of: source, view: .received)
        #expect(entries.map(\.refusal) == [condition.holds ? .rule : nil])
        #expect(bench.rib.explain(.main, many(1)[0]).map(\.refusal) == entries.map(\.refusal))
    }

    @Test func `changes show in what was accepted, and not in what was received`() {
        var bench = Bench()
        let source = bench.peer(
            1,
            policy: rules(
                rule {
                    $0.localPref = 250
                    $0.med = 9
                    $0.prepend = 2
                    $0.removes = [pattern("65001:*")]
                    $0.adds = [community("64600:5"), community("64600:1:2")]
                }))
        let said = attributes(
            [65001, 7], med: 1, communities: [Community(65001, 7), Community(2, 2)])
        bench.announce(source, 1, many(2), said)
        #expect(bench.rib.paths(of: source, view: .received).map(\.attributes) == [said, said])
        let became = bench.rib.paths(of: source, view: .accepted).map {
            PathAttributes(canonical: $0.attributes)
        }
        #expect(became.count == 2)
        #expect(became.first == became.last)
        #expect(became.first?.localPref == 250)
        #expect(became.first?.med == 9)
        #expect(became.first?.asPath.description == "65001 65001 65001 7")
        #expect(became.first?.communities == [Community(2, 2), Community(64600, 5)])
        #expect(became.first?.largeCommunities == [LargeCommunity(64600, 1, 2)])
    }

    @Test func `a rule without refuse goes on, and the last word on a preference counts`() {
        var bench = Bench()
        let source = bench.peer(
            1,
            policy: rules(
                rule { $0.localPref = 300 },
                rule {
                    $0.prefixes = filter("20.0.1.0/24")
                    $0.localPref = 50
                },
                rule {
                    $0.prefixes = filter("20.0.2.0/24")
                    $0.isRefusal = true
                }))
        bench.announce(source, 1, many(3))
        let entries = bench.rib.paths(of: source, view: .received)
        #expect(entries.map(\.refusal) == [nil, nil, .rule])
        let accepted = bench.rib.paths(of: source, view: .accepted).map {
            PathAttributes(canonical: $0.attributes).localPref
        }
        #expect(accepted == [300, 50])
    }

    @Test func `conditions ask what was received, whatever an earlier rule changed`() {
        var bench = Bench()
        let source = bench.peer(
            1,
            policy: rules(
                rule { $0.removes = [.any] },
                rule {
                    $0.communities = [pattern("65001:7")]
                    $0.isRefusal = true
                }))
        bench.announce(source, 1, many(1), attributes([65001], communities: [Community(65001, 7)]))
        #expect(bench.rib.paths(of: source, view: .received).map(\.refusal) == [.rule])
    }

    @Test func `a rule's preference stands above the session's, and decides`() {
        var bench = Bench()
        var policy = rules(
            rule {
                $0.communities = [pattern("65001:80")]
                $0.localPref = 80
            })
        policy.localPref = 200
        let first = bench.peer(1, policy: policy)
        let second = bench.peer(2)
        bench.announce(second, 2, many(2))
        bench.announce(first, 1, many(1))
        bench.announce(
            first, 1, many(1, from: 1), attributes([1], communities: [Community(65001, 80)]))
        #expect(bench.rib.bestRoutes(.main).map(\.source) == [first, second])
        #expect(bench.rib.explain(.main, many(2)[1]).last?.reason == .localPref)
    }

    @Test func `a changed policy is judged on what was received`() {
        var bench = Bench()
        let source = bench.peer(1, policy: rules(rule { $0.removes = [.any] }))
        let said = attributes([65001], communities: [Community(65001, 7)])
        bench.announce(source, 1, many(3), said)
        var settings = bench.rib.common.sources[source.slot].settings
        settings.policy = rules(
            rule {
                $0.communities = [pattern("65001:7")]
                $0.prefixes = filter("20.0.1.0/24")
                $0.isRefusal = true
            })
        bench.rib.update(source, settings)
        #expect(bench.rib.paths(of: source, view: .received).map(\.refusal) == [nil, .rule, nil])
        #expect(bench.rib.paths(of: source, view: .accepted).map(\.attributes) == [said, said])
        settings.policy = rules(rule { $0.med = 5 })
        bench.rib.update(source, settings)
        #expect(bench.rib.accepted(source) == PrefixCounts(ipv4: 3))
        #expect(
            bench.rib.bestRoutes(.main).allSatisfy {
                PathAttributes(canonical: $0.attributes).med == 5
            })
        bench.rib.removeSource(source)
        bench.settle()
        #expect(bench.rib.common.attributes.count == 0)
    }

    @Test func `what no rule changes is stored once`() {
        var bench = Bench()
        let source = bench.peer(
            1,
            policy: rules(
                rule {
                    $0.prefixes = filter("20.0.0.0/24")
                    $0.med = 1
                }, rule { $0.removes = [pattern("9:9")] }))
        bench.announce(source, 1, many(10))
        // What was received, what the rule made of it, and the two tied together.
        #expect(bench.rib.common.attributes.count == 3)
        bench.withdraw(source, many(1))
        #expect(bench.rib.common.attributes.count == 1)
    }

    @Test func `another limit leaves what is stored alone and holds at once`() {
        var bench = Bench()
        let source = bench.peer(1, policy: ImportPolicy(accept: everything, limit: 2))
        func learn(_ bench: inout Bench, _ prefixes: [Prefix]) -> Bool {
            bench.rib.learn(
                from: source, announced4: prefixes.compactMap { Prefix4($0) }, announced6: [],
                attributes: attributes(), nextHop4: Bench.gateway(1).address, nextHop6: nil)
        }
        #expect(!learn(&bench, many(3)))
        var settings = bench.rib.common.sources[source.slot].settings
        settings.policy.limit = 3
        bench.rib.update(source, settings)
        #expect(learn(&bench, many(3)))
        #expect(bench.rib.received(source) == PrefixCounts(ipv4: 3))
    }

    @Test func `paths of a drained link are the last choice`() {
        var bench = Bench()
        var policy = rules(rule { $0.localPref = 500 })
        policy.isDrained = true
        let first = bench.peer(1, policy: policy)
        let second = bench.peer(2)
        bench.announce(first, 1, many(1), attributes([1]))
        bench.announce(second, 2, many(1), attributes([1, 2, 3, 4]))
        #expect(bench.rib.explain(.main, many(1)[0]).map(\.source) == [second, first])
        policy.isDrained = false
        var settings = bench.rib.common.sources[first.slot].settings
        settings.policy = policy
        bench.rib.update(first, settings)
        #expect(bench.rib.explain(.main, many(1)[0]).map(\.source) == [first, second])
    }

    // Roles

    struct Leak: Sendable, CustomTestStringConvertible {
        var role: PeeringRole
        /// OTC as received.
        var said: UInt32?
        var refusal: Refusal?
        /// OTC as accepted.
        var became: UInt32?
        var testDescription: String { "\(role) \(said.map(String.init) ?? "-")" }
    }

    static let leaks = [
        Leak(role: .provider, said: nil, refusal: nil, became: nil),
        Leak(role: .provider, said: 65001, refusal: .leak),
        Leak(role: .routeServer, said: nil, refusal: nil, became: nil),
        Leak(role: .routeServer, said: 65001, refusal: .leak),
        Leak(role: .customer, said: nil, refusal: nil, became: 65001),
        Leak(role: .customer, said: 7, refusal: nil, became: 7),
        Leak(role: .routeServerClient, said: nil, refusal: nil, became: 65001),
        Leak(role: .routeServerClient, said: 7, refusal: nil, became: 7),
        Leak(role: .peer, said: nil, refusal: nil, became: 65001),
        Leak(role: .peer, said: 65001, refusal: nil, became: 65001),
        Leak(role: .peer, said: 7, refusal: .leak),
    ]

    @Test(arguments: leaks, [true, false])
    func `a mark tells leaks, and its absence is mended`(leak: Leak, isExternal: Bool) {
        var bench = Bench()
        var policy = rules()
        policy.role = leak.role
        let source = bench.peer(1, kind: isExternal ? .external : .internal, policy: policy)
        var value = PathAttributes(asPath: ASPath([ASN(65001)]))
        value.onlyToCustomer = leak.said.map { ASN($0) }
        bench.announce(source, 1, many(1), value.canonical())
        let received = bench.rib.paths(of: source, view: .received)
        #expect(received.map(\.attributes) == [value.canonical()])
        #expect(received.map(\.refusal) == [isExternal ? leak.refusal : nil])
        let accepted = bench.rib.paths(of: source, view: .accepted).map {
            PathAttributes(canonical: $0.attributes).onlyToCustomer?.rawValue
        }
        if isExternal {
            #expect(accepted == (leak.refusal == nil ? [leak.became] : []))
        } else {
            #expect(accepted == [leak.said])
        }
    }

    // Reflection

    struct Loop: Sendable, CustomTestStringConvertible {
        var name: String
        var originator: RouterID?
        var clusters: [RouterID] = []
        var isLoop: Bool
        var testDescription: String { name }
    }

    static let ours = RouterID(10, 9, 9, 9)
    static let loops = [
        Loop(name: "none", isLoop: false),
        Loop(name: "originator", originator: ours, isLoop: true),
        Loop(name: "another originator", originator: RouterID(1, 1, 1, 1), isLoop: false),
        Loop(name: "cluster", clusters: [RouterID(1, 1, 1, 1), ours], isLoop: true),
        Loop(name: "another cluster", clusters: [RouterID(1, 1, 1, 1)], isLoop: false),
    ]

    @Test(arguments: loops)
    func `what was reflected back to us does not enter`(loop: Loop) {
        var bench = Bench()
        let source = bench.peer(1, kind: .internal)
        var settings = bench.rib.common.sources[source.slot].settings
        settings.localID = Self.ours
        bench.rib.update(source, settings)
        var value = PathAttributes(asPath: ASPath([ASN(65001)]))
        value.originatorID = loop.originator
        value.clusterList = loop.clusters
        bench.announce(source, 1, many(1), value.canonical())
        #expect(
            bench.rib.explain(.main, many(1)[0]).map(\.refusal) == [loop.isLoop ? .loop : nil])
    }

    // RFC 8950

    @Test(arguments: ["2001:db8:0:1::2", "fe80::9"])
    func `an IPv4 route goes to an IPv6 neighbour of the link`(hop: String) {
        var bench = Bench()
        bench.up(1)
        let source = bench.peer(1)
        bench.rib.learn(
            from: source, announced4: [prefix4("20.0.0.0/8")], announced6: [],
            attributes: attributes(), nextHop4: address(hop), nextHop6: nil)
        bench.settle()
        let gateway = bench.gateway(prefix("20.0.0.0/8"))
        #expect(gateway == GatewayID(InterfaceIndex(1), address(hop)))
    }

    @Test func `a link-local next hop is the second choice for IPv4 too`() {
        var bench = Bench()
        let source = bench.peer(1)
        bench.rib.learn(
            from: source, announced4: [prefix4("20.0.0.0/8")], announced6: [],
            attributes: attributes(), nextHop4: address("2001:db8:ffff::1"), nextHop6: nil,
            linkLocal6: IPv6Address(high: 0xFE80 << 48, low: 5))
        let entries = bench.rib.paths(of: source, view: .accepted)
        #expect(entries.map(\.gateway) == [GatewayID(InterfaceIndex(1), address("fe80::5"))])
    }
}
