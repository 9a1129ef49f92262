// What a resolved policy says, step by step.

import Control
import Net
import Testing

private func filter(_ rules: String...) -> PrefixFilter {
    PrefixFilter(rules.compactMap { PrefixRule($0) })
}

/// A session with a key of every kind.
func policyExample() throws -> PolicyTerms {
    var terms = PolicyTerms(
        link: "primary", tenant: "acme", peer: try #require(IPAddress("169.254.10.2")),
        peerASN: ASN(12076), localASN: ASN(64600), families: [.ipv4])
    var leaks = RouteRule()
    leaks.pathContains = [ASN(3356), ASN(174)]
    leaks.isRefusal = true
    var far = RouteRule()
    far.prefixes = filter("10.30.0.0/16 upto 24")
    far.communities = [.standard(12076)]
    far.localPref = 200
    var out = RouteRule()
    out.prepend = 1
    out.adds = [.standard(Community(64600, 1))]
    terms.accept = filter("10.30.0.0/16 upto 24")
    terms.importRules = [leaks, far]
    terms.limitIn = 1000
    terms.networks = [try #require(Prefix("10.20.0.0/16"))]
    terms.exchange = [.init(circuit: "acme-inside", prefixes: filter("10.20.0.0/16 upto 24"))]
    terms.advertise = filter("10.20.0.0/16 upto 24")
    terms.exportRules = [out]
    terms.limitOut = 4000
    terms.multipath = .links
    return terms
}

@Suite struct `A resolved policy` {
    private func terms(
        _ fill: (inout PolicyTerms) -> Void = { _ in }
    ) throws -> PolicyTerms {
        var terms = PolicyTerms(
            link: "l", tenant: "t", peer: try #require(IPAddress("10.0.0.2")), peerASN: ASN(65001),
            localASN: ASN(64600), families: [.ipv4, .ipv6])
        fill(&terms)
        return terms
    }

    private func inbound(_ fill: (inout PolicyTerms) -> Void) throws -> [String] {
        SessionPolicy(try terms(fill)).inbound.map(\.sentence)
    }

    private func outbound(_ fill: (inout PolicyTerms) -> Void) throws -> [String] {
        SessionPolicy(try terms(fill)).outbound.map(\.sentence)
    }

    @Test func `what enters is told in the order of the speaker`() throws {
        #expect(
            SessionPolicy(try policyExample()).inbound.map(\.sentence) == [
                "at most 1000 prefixes of a family may come, with a warning at 80%; above, the "
                    + "session ends and is held down for 15m",
                "an AS path must begin with the peer's AS 12076",
                "paths with our AS 64600 are refused",
                "the next hop must be the peer or lie in the link's subnet",
                "never: reserved space, subnets of links, and addresses of this edge",
                "a default route may not enter", "accept 10.30.0.0/16 upto 24",
                "import 1: AS path with 3356 or 174: refused",
                "import 2: 10.30.0.0/16 upto 24 and community 12076:*: local preference 200",
                "local preference is 100 where no rule says another",
                "equal paths of this circuit's links share the traffic",
            ])
    }

    @Test func `what leaves is told in the order of the speaker`() throws {
        #expect(
            SessionPolicy(try policyExample()).outbound.map(\.sentence) == [
                "networks of tenant acme: 10.20.0.0/16",
                "routes of circuit acme-inside: 10.20.0.0/16 upto 24",
                "advertise 10.20.0.0/16 upto 24", "a default route may not leave",
                "what carries no-export or no-advertise stays",
                "the next hop is our address on the link",
                "export 1: all: AS 64600 1 more time in front, communities added: 64600:1",
                "at most 4000 prefixes of a family leave; what is more is held back",
            ])
    }

    @Test func `values stand beside the sentences`() throws {
        let policy = SessionPolicy(try policyExample())
        let accept = try #require(policy.inbound.first { $0.name == .accept })
        let entry = try #require(accept.prefixes?.first)
        #expect((entry.prefix, entry.from, entry.upto) == ("10.30.0.0/16", 16, 24))
        let rules = policy.inbound.compactMap(\.rule)
        #expect(rules.map(\.position) == [1, 2])
        #expect(rules.map(\.refuse) == [true, false])
        #expect(rules.first?.asPathContains == [3356, 174])
        #expect(rules.last?.communities == ["12076:*"])
        #expect(rules.last?.localPref == 200)
        #expect(policy.inbound.first { $0.name == .limit }?.number == 1000)
        #expect(policy.outbound.first { $0.name == .exchange }?.circuit == "acme-inside")
    }

    @Test func `without accept nothing enters, and with an empty one neither`() throws {
        let none = try inbound { _ in }
        #expect(none.contains("there is no accept, so nothing enters (RFC 8212)"))
        #expect(
            try inbound { $0.accept = filter() }.contains("accept is empty, so nothing enters"))
    }

    @Test func `without advertise the tenant's networks leave`() throws {
        #expect(
            try outbound { _ in }.contains(
                "there is no advertise, so the tenant's networks leave and nothing else"))
        #expect(
            try outbound { $0.advertise = filter() }.contains(
                "advertise is empty, so nothing leaves"))
    }

    @Test func `what never passes is listed for the families carried, private space where public`()
        throws
    {
        let plain = SessionPolicy(try terms { $0.families = [.ipv4] })
        let never = try #require(plain.inbound.first { $0.name == .never }?.prefixes)
        #expect(never.map(\.prefix).contains("127.0.0.0/8"))
        #expect(!never.map(\.prefix).contains("10.0.0.0/8"))
        #expect(!never.map(\.prefix).contains("fe80::/10"))
        #expect(never.allSatisfy { $0.upto == 32 })
        let open = SessionPolicy(try terms { $0.isPublic = true })
        let more = try #require(open.inbound.first { $0.name == .never })
        #expect(more.prefixes?.map(\.prefix).contains("10.0.0.0/8") == true)
        #expect(more.prefixes?.map(\.prefix).contains("fc00::/7") == true)
        #expect(more.sentence.contains("private space"))
    }

    @Test(arguments: [
        (
            PeeringRole.provider, "routes marked only-to-customer are leaks and refused",
            "our role is provider: unmarked routes are marked only-to-customer with 64600"
        ),
        (
            .customer, "unmarked routes are marked with 65001",
            "our role is customer: routes marked only-to-customer stay"
        ),
        (
            .peer,
            "routes marked only-to-customer by another AS than 65001 are leaks and refused; "
                + "unmarked ones are marked with 65001",
            "our role is peer: routes marked only-to-customer stay; others are marked with 64600"
        ),
        (
            .routeServer, "routes marked only-to-customer are leaks and refused",
            "our role is rs: unmarked routes are marked only-to-customer with 64600"
        ),
        (
            .routeServerClient, "unmarked routes are marked with 65001",
            "our role is rs-client: routes marked only-to-customer stay"
        ),
    ])
    func `a role says what becomes of marks`(
        _ role: PeeringRole, _ enters: String, _ leaves: String
    ) throws {
        #expect(try inbound { $0.role = role }.contains("our role is \(role): \(enters)"))
        #expect(try outbound { $0.role = role }.contains(leaves))
        #expect(
            try inbound {
                $0.role = role
                $0.isRoleStrict = true
            }.contains("our role is \(role): \(enters); a peer without a role is refused"))
    }

    @Test func `towards our own AS other things hold`() throws {
        let enters = try inbound { $0.peerASN = ASN(64600) }
        #expect(!enters.contains { $0.hasPrefix("an AS path must begin") })
        #expect(enters.contains("local preference is what the peer says, else 100"))
        let leaves = try outbound {
            $0.peerASN = ASN(64600)
            $0.isNextHopSelf = false
            $0.isReflectorClient = true
            $0.isDrained = true
        }
        #expect(leaves.contains("the link is drained: what leaves has local preference 0"))
        #expect(leaves.contains("the next hop stays what it is"))
        #expect(leaves.contains("what carries no-advertise stays"))
        #expect(leaves.contains("the peer is a client: it hears routes of all peers of our AS"))
    }

    @Test func `what the session's keys change stands before the rules`() throws {
        var rule = RouteRule()
        rule.removes = [.any]
        rule.med = 5
        let leaves = try outbound {
            $0.removesPrivateAS = true
            $0.overridesAS = true
            $0.prepend = 2
            $0.med = 7
            $0.communities = [.standard(.noExport)]
            $0.exportRules = [rule]
            $0.isDrained = true
        }
        #expect(
            leaves.suffix(9)
                == [
                    "what carries no-export or no-advertise stays",
                    "private AS numbers are taken out of the path",
                    "the peer's AS 65001 in the path becomes 64600",
                    "our AS 64600 stands 3 times in front of the path", "MED is 7",
                    "communities come: no-export", "the next hop is our address on the link",
                    "export 1: all: MED 5, communities gone: *",
                    "the link is drained: what leaves carries graceful-shutdown",
                    "any number of prefixes leaves",
                ].suffix(9))
    }

    @Test func `a session that is kept down says so first, both ways`() throws {
        #expect(
            try inbound { $0.shutdown = "rack 12" }.first == "the session is kept down: rack 12")
        #expect(try outbound { $0.shutdown = "" }.first == "the session is kept down")
    }

    @Test(arguments: [
        (Duration.seconds(900), "15m"), (.seconds(1), "1s"), (.seconds(90), "90s"),
        (.seconds(7200), "2h"),
    ])
    func `the time of the hold-down is written as in files`(
        _ time: Duration, _ expected: String
    ) throws {
        let first = try inbound {
            $0.limitIn = 1
            $0.holdDown = time
        }.first
        #expect(first?.hasSuffix("held down for \(expected)") == true)
    }

    @Test func `a rule names all its conditions`() throws {
        var rule = RouteRule()
        rule.pathLongerThan = 3
        rule.pathShorterThan = 9
        rule.originAS = [ASN(65002), ASN(65003)]
        rule.isRefusal = true
        #expect(
            try inbound { $0.importRules = [rule] }.contains(
                "import 1: AS path longer than 3 and AS path shorter than 9 and origin AS 65002 "
                    + "or 65003: refused"))
    }
}
