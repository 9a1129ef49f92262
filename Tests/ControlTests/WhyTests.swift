// What an explanation says, sentence by sentence.

import Control
import Testing

/// A prefix with a path of every verdict.
func whyExample() throws -> WhyReply {
    let best = WhyPath(
        RouteRow(
            prefix: "10.30.0.0/16", family: "ipv4", circuit: "acme-azure", link: "primary",
            peer: "169.254.10.2", nextHop: "169.254.10.2", asPath: "12076 64512", best: true),
        kind: .external, preference: 100, routerID: "10.0.0.1", verdict: .best,
        step: .pathLength)
    var second = best
    second.route.link = "secondary"
    second.route.peer = "169.254.10.6"
    second.verdict = .shares
    second.step = nil
    var third = best
    third.route.asPath = "12076 12076 {64512 64513}"
    third.route.peer = "169.254.11.2"
    third.verdict = .behind
    third.step = .pathLength
    var last = best
    last.verdict = .refused
    last.refusal = "not in accept"
    return WhyReply(
        asked: "10.30.0.0/16",
        tables: [
            WhyTable(
                tenant: "acme", table: 1001, vrf: "vrf-acme", asked: "10.30.0.0/16",
                prefix: "10.30.0.0/16", candidates: [best, second, third, last],
                kernel: KernelRoute(
                    .installed,
                    hops: [
                        .init(gateway: "169.254.10.2", device: "a"),
                        .init(gateway: "169.254.10.6", device: "b"),
                    ]))
        ])
}

@Suite struct `Why a prefix is routed so` {
    private func path(
        _ verdict: WhyPath.Verdict, _ step: SelectionStep? = nil,
        _ fill: (inout WhyPath) -> Void = { _ in }
    ) -> WhyPath {
        var path = WhyPath(
            RouteRow(
                prefix: "10.0.0.0/8", family: "ipv4", circuit: "c", link: "l", peer: "10.0.0.2",
                asPath: "65001"), kind: .external, verdict: verdict, step: step)
        fill(&path)
        return path
    }

    private func table(
        _ candidates: [WhyPath], asked: String = "10.0.0.0/8", prefix: String? = "10.0.0.0/8",
        kernel: KernelRoute? = nil
    ) -> WhyTable {
        WhyTable(
            tenant: "t", table: 254, asked: asked, prefix: prefix, candidates: candidates,
            kernel: kernel)
    }

    @Test func `all paths are told with what became of them`() throws {
        let table = try #require(try whyExample().tables.first)
        #expect(
            table.sentences == [
                "4 paths, 1 of them refused",
                "2 equal paths share the traffic: 169.254.10.2 of acme-azure primary; "
                    + "169.254.10.6 of acme-azure secondary",
                "the kernel has it, by 169.254.10.2 on a, 169.254.10.6 on b",
            ])
        #expect(
            table.candidates.map(\.sentence) == [
                "best; the next is behind, because its AS path is longer, 3 against 2",
                "shares the traffic: equal to the best as far as it matters",
                "behind the one before, because its AS path is longer, 3 against 2",
                "refused: not in accept",
            ])
    }

    @Test(arguments: SelectionStep.allCases)
    func `each step has words of its own`(step: SelectionStep) {
        let others = SelectionStep.allCases.filter { $0 != step }
        func words(_ step: SelectionStep) -> String? {
            table([path(.best, step), path(.behind, step)]).candidates.last?.sentence
        }
        let sentence = words(step)
        #expect(sentence?.hasPrefix("behind the one before, because ") == true)
        #expect(!others.contains { words($0) == sentence })
    }

    @Test(arguments: [
        (SelectionStep.localPref, "its local preference is 100, not 200"),
        (.origin, "its origin is incomplete, not igp"),
        (.med, "its MED 20 is higher than that of another path of AS 65001"),
        (.routerID, "all else is equal, and its router id 10.0.0.9 is higher than 10.0.0.1"),
        (.kind, "it is a route by BGP, and a route by BGP goes first"),
    ])
    func `the values that decided are named`(step: SelectionStep, expected: String) {
        let winner = path(.best, step) {
            $0.preference = 200
            $0.routerID = "10.0.0.1"
        }
        let loser = path(.behind, step) {
            $0.route.origin = "incomplete"
            $0.route.med = 20
            $0.routerID = "10.0.0.9"
        }
        #expect(
            table([winner, loser]).candidates.last?.sentence
                == "behind the one before, because \(expected)")
    }

    @Test func `a path that was made the last choice says so`() {
        let loser = path(.behind, .localPref) { $0.preference = 0 }
        #expect(
            table([path(.best, .localPref), loser]).candidates.last?.sentence
                == "behind the one before, because its local preference is 0, as the last choice, "
                + "not 100")
    }

    @Test(arguments: [
        ("", 0), ("65001", 1), ("65001 65002", 2), ("{65001 65002}", 1), ("65001 {65002}", 2),
        ("1 {2 3 4} 5", 3),
    ])
    func `a set in a path counts as one`(text: String, expected: Int) {
        let winner = path(.best, .pathLength) { $0.route.asPath = "" }
        let loser = path(.behind, .pathLength) { $0.route.asPath = text }
        #expect(
            table([winner, loser]).candidates.last?.sentence
                == "behind the one before, because its AS path is longer, \(expected) against 0")
    }

    @Test func `an address is answered with the prefix that covers it`() {
        let table = table([path(.best, .only)], asked: "10.1.2.3/32")
        #expect(
            table.sentences == [
                "10.1.2.3/32 itself is no route; 10.0.0.0/8 covers it", "1 path",
                "traffic goes by 10.0.0.2 of c l",
            ])
        #expect(table.candidates.map(\.sentence) == ["best: there is no other"])
    }

    @Test func `what nothing covers is said so`() {
        #expect(table([], prefix: nil).sentences == ["nothing here covers 10.0.0.0/8"])
    }

    @Test func `the best beside refused ones has no other`() {
        let table = table([path(.best, .only), path(.refused) { $0.refusal = "own AS in path" }])
        #expect(
            table.candidates.map(\.sentence) == [
                "best: there is no other", "refused: own AS in path",
            ])
    }

    @Test func `the best beside its equals alone says that they share`() {
        #expect(
            table([path(.best, .only), path(.shares)]).candidates.first?.sentence
                == "best; the others that may enter share the traffic with it")
    }

    @Test func `a refusal that says so itself is not said twice`() {
        let path = path(.refused) { $0.refusal = "refused by a rule of import" }
        #expect(table([path]).candidates.map(\.sentence) == ["refused by a rule of import"])
    }

    @Test func `where all is refused no traffic is spoken of`() {
        #expect(
            table([path(.refused), path(.refused)]).sentences == [
                "2 paths, all of them refused"
            ])
        #expect(table([path(.refused)]).sentences == ["1 path, which is refused"])
    }

    @Test func `a network of the tenant's own is announced and leads nowhere`() {
        let own = WhyPath(
            RouteRow(prefix: "10.0.0.0/8", family: "ipv4"), kind: .network, verdict: .best,
            step: .kind)
        let table = table([own, path(.behind, .kind)], kernel: KernelRoute(.unreachable))
        #expect(
            table.sentences == [
                "2 paths",
                "it is a network of the tenant's own, which we announce; what is not routed "
                    + "further inside it is unreachable",
                "the kernel has it, and answers that it is unreachable",
            ])
        #expect(
            table.candidates.last?.sentence
                == "behind the one before, because it is a route by BGP, and a network of the "
                + "tenant's own goes first")
    }

    @Test(arguments: [
        (KernelRoute(.installed), "the kernel has it"),
        (
            KernelRoute(.pending, hops: [.init(gateway: "10.0.0.2", device: "e")]),
            "on its way to the kernel, by 10.0.0.2 on e"
        ),
        (KernelRoute(.pending), "the kernel does not have it yet"),
        (KernelRoute(.refused, detail: "No such device"), "the kernel refuses it: No such device"),
        (
            KernelRoute(.foreign, detail: "10.0.0.0/8 table 254 metric 20"),
            "somebody else's route stands in its place in the kernel: 10.0.0.0/8 table 254 metric 20"
        ),
        (KernelRoute(.absent), "the kernel has no route of ours for it"),
    ])
    func `what the kernel has is a sentence`(kernel: KernelRoute, sentence: String) {
        #expect(table([path(.best, .only)], kernel: kernel).sentences.last == sentence)
    }

    @Test(arguments: [
        ("c", "l", "10.0.0.2", nil as UInt32?, "10.0.0.2 of c l"),
        ("c", "p/l", "10.0.0.2", 7, "10.0.0.2 of c p/l, path 7"),
        ("c", "l", nil, nil, "c l"), ("", "", nil, nil, "the tenant's own networks"),
    ])
    func `a path is named by its peer and its link`(
        circuit: String, link: String, peer: String?, id: UInt32?, expected: String
    ) {
        let path = path(.best) {
            $0.route.circuit = circuit
            $0.route.link = link
            $0.route.peer = peer
            $0.route.pathID = id
        }
        #expect(path.name == expected)
    }
}
