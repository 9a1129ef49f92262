// The policy of a scene, by the bits of its bytes: what enters, what leaves, and how routes share.

import Net
import Routing

/// What all sessions of a scene do with routes. 0 is what everybody did at first.
struct Habits {
    /// For sources: 7 limit, 6 public, 5 own AS allowed. For receivers: 0 and 1 prepends, 2 MED,
    /// 3 communities, 4 private AS and the peer's AS, 5 large communities, 6 limit.
    var policy: UInt8
    /// 0 and 1 multipath, 2 and 3 rules of import, 4 and 5 rules of export, 6 drained, 7 the one
    /// who is only told hears of all paths.
    var extent: UInt8 = 0

    var multipath: Multipath {
        switch extent & 3 {
        case 0: .off
        case 2: .circuits
        default: .links
        }
    }

    /// The second session is a link of the first one's circuit.
    var isOneCircuit: Bool { extent & 1 != 0 }
    var isDrained: Bool { extent & 0x40 != 0 }
    var hasWideListener: Bool { extent & 0x80 != 0 }
    var limit: UInt32? { policy & 0x40 != 0 ? 5 : nil }

    var imports: [RouteRule] {
        (extent & 4 != 0 ? Habits.plainImports : [])
            + (extent & 8 != 0 ? Habits.otherImports : [])
    }

    var exports: [RouteRule] {
        (extent & 0x10 != 0 ? Habits.plainExports : [])
            + (extent & 0x20 != 0 ? Habits.otherExports : [])
    }

    /// Those that a policy adds.
    var communities: [AnyCommunity] {
        (policy & 8 != 0 ? [.standard(Community(65000, 1)), .standard(Community(65000, 2))] : [])
            + (policy & 0x20 != 0 ? [.large(LargeCommunity(65000, 1, 2))] : [])
    }

    static let everything = filter("0.0.0.0/0 upto 32", "::/0 upto 128")

    private static func filter(_ rules: String...) -> PrefixFilter {
        PrefixFilter(rules.compactMap { PrefixRule($0) })
    }

    private static func rule(_ change: (inout RouteRule) -> Void) -> RouteRule {
        var rule = RouteRule()
        change(&rule)
        return rule
    }

    private static let plainImports = [
        rule {
            $0.prefixes = filter("10.0.0.0/11 upto 32", "2001:db8::/44 upto 128")
            $0.localPref = 200
            $0.adds = [.standard(Community(65000, 7))]
        },
        rule {
            $0.communities = [.standard(0)]
            $0.isRefusal = true
        },
    ]

    private static let otherImports = [
        rule {
            $0.pathLongerThan = 2
            $0.prepend = 3
            $0.removes = [.any]
            $0.adds = [.large(LargeCommunity(65000, 1, 2))]
        },
        rule {
            $0.originAS = [ASN(65001), ASN(65002)]
            $0.pathShorterThan = 4
            $0.med = 5
        },
        rule {
            $0.prefixes = filter("10.8.0.0/13 upto 16", "2001:db8:8::/45 upto 48")
            $0.isRefusal = true
        },
    ]

    private static let plainExports = [
        rule {
            $0.pathContains = [ASN(65001)]
            $0.prepend = 2
            $0.med = 9
            $0.adds = [.standard(Community(65000, 9)), .large(LargeCommunity(1, 2, 3))]
        },
        rule {
            $0.prefixes = filter("10.4.0.0/14 upto 32", "2001:db8:4::/46 upto 128")
            $0.isRefusal = true
        },
    ]

    private static let otherExports = [
        rule {
            $0.communities = [.standard(65000), .large(65000, nil)]
            $0.removes = [.any]
            $0.localPref = 70
        },
        rule {
            $0.pathLongerThan = 3
            $0.isRefusal = true
        },
    ]
}
