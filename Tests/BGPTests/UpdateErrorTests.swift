import BGP
import Net
import Testing

/// RFC 7606 as a table: each malformed form meets a table that already holds the route, since the
/// failure to fear is a route that lives on.
struct UpdateErrorTests {
    enum Reaction: Sendable {
        /// As if nothing was wrong with it, but this many attributes were left out.
        case accept(discarded: Int)
        case withdraw(WithdrawReason)
        case reset(UInt8)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var attributes: String
        var reaction: Reaction
        var isInternal = false
        var acceptsSets = false
        var field = "08 0a"
        var testDescription: String { name }

        init(
            _ name: String, _ attributes: String, _ reaction: Reaction, isInternal: Bool = false,
            acceptsSets: Bool = false, field: String = "08 0a"
        ) {
            self.name = name
            self.attributes = attributes
            self.reaction = reaction
            self.isInternal = isInternal
            self.acceptsSets = acceptsSets
            self.field = field
        }
    }

    static let origin = "40 01 01 00 "
    static let path = "40 02 06 02 01 0000fde9 "
    static let nextHop = "40 03 04 c0000201 "
    static let good = origin + path + nextHop
    static let inner = good + "40 05 04 00000064 "
    static func code(_ number: UInt8) -> AttributeCode { AttributeCode(rawValue: number) }

    static let mandatory: [Case] = [
        Case("nothing at all", "", .withdraw(.missing(.origin))),
        Case("no ORIGIN", path + nextHop, .withdraw(.missing(.origin))),
        Case("no AS_PATH", origin + nextHop, .withdraw(.missing(.asPath))),
        Case("no NEXT_HOP", origin + path, .withdraw(.missing(.nextHop))),
        Case("no LOCAL_PREF inside", good, .withdraw(.missing(.localPref)), isInternal: true),
        Case("LOCAL_PREF inside", inner, .accept(discarded: 0), isInternal: true),
        Case("only an unknown one", "c0 1f 02 0000", .withdraw(.missing(.origin))),
        Case("only MP_UNREACH", "80 0f 03 0002 01", .withdraw(.missing(.origin))),
        Case("ORIGIN of 0", "40 01 00 " + path + nextHop, .withdraw(.length(.origin))),
        Case("ORIGIN of 2", "40 01 02 0000 " + path + nextHop, .withdraw(.length(.origin))),
        Case("ORIGIN 3", "40 01 01 03 " + path + nextHop, .withdraw(.value(.origin))),
        Case("ORIGIN optional", "c0 01 01 00 " + path + nextHop, .withdraw(.flags(.origin))),
        Case("ORIGIN local", "00 01 01 00 " + path + nextHop, .withdraw(.flags(.origin))),
        Case("ORIGIN twice", good + "40 01 01 09", .accept(discarded: 1)),
        Case("NEXT_HOP of 3", origin + path + "40 03 03 c00002", .withdraw(.length(.nextHop))),
        Case("NEXT_HOP of 0", origin + path + "40 03 00", .withdraw(.length(.nextHop))),
        Case("NEXT_HOP 0.0.0.0", origin + path + "40 03 04 00000000", .withdraw(.value(.nextHop))),
        Case("NEXT_HOP loop", origin + path + "40 03 04 7f000001", .withdraw(.value(.nextHop))),
        Case("NEXT_HOP group", origin + path + "40 03 04 e0000001", .withdraw(.value(.nextHop))),
        Case("NEXT_HOP all", origin + path + "40 03 04 ffffffff", .withdraw(.value(.nextHop))),
    ]

    static func withPath(_ value: String) -> String {
        let length = String(hex(value).count, radix: 16)
        return origin + nextHop + "40 02 " + (length.count == 1 ? "0" : "") + length + " " + value
    }

    static let paths: [Case] = [
        Case("an empty path", withPath(""), .accept(discarded: 0)),
        Case("an unknown segment", withPath("0501 0000fde9"), .withdraw(.value(.asPath))),
        Case("segment type 0", withPath("0001 0000fde9"), .withdraw(.value(.asPath))),
        Case("an empty segment", withPath("0200"), .withdraw(.value(.asPath))),
        Case("one byte", withPath("02"), .withdraw(.value(.asPath))),
        Case("one byte behind", withPath("0201 0000fde9 02"), .withdraw(.value(.asPath))),
        Case("a segment overrun", withPath("0202 0000fde9"), .withdraw(.value(.asPath))),
        Case("AS 0", withPath("0202 0000fde9 00000000"), .withdraw(.value(.asPath))),
        Case("AS_SET", withPath("0201 0000fde9 0101 0000fdea"), .withdraw(.value(.asPath))),
        Case(
            "AS_SET let through", withPath("0201 0000fde9 0101 0000fdea"), .accept(discarded: 0),
            acceptsSets: true),
        Case(
            "confederation", withPath("0301 0000fde9"), .withdraw(.value(.asPath)),
            acceptsSets: true),
        Case(
            "confed set", withPath("0401 0000fde9"), .withdraw(.value(.asPath)), acceptsSets: true),
        Case("optional", good.replacing("40 02", with: "c0 02"), .withdraw(.flags(.asPath))),
    ]

    static let optional: [Case] = [
        Case("MED of 3", good + "80 04 03 000000", .withdraw(.length(.med))),
        Case("MED of 5", good + "80 04 05 0000000000", .withdraw(.length(.med))),
        Case("MED transitive", good + "c0 04 04 00000000", .withdraw(.flags(.med))),
        Case("LOCAL_PREF outside", good + "40 05 04 00000064", .accept(discarded: 1)),
        Case("LOCAL_PREF of 3 outside", good + "40 05 03 000064", .accept(discarded: 1)),
        Case(
            "LOCAL_PREF of 3", good + "40 05 03 000064", .withdraw(.length(.localPref)),
            isInternal: true),
        Case("ATOMIC_AGGREGATE", good + "40 06 00", .accept(discarded: 0)),
        Case("ATOMIC_AGGREGATE of 1", good + "40 06 01 00", .accept(discarded: 1)),
        Case("ATOMIC_AGGREGATE optional", good + "c0 06 00", .accept(discarded: 1)),
        Case("AGGREGATOR", good + "c0 07 08 0000fde9 c0000201", .accept(discarded: 0)),
        Case("AGGREGATOR of 6", good + "c0 07 06 fde9 c0000201", .accept(discarded: 1)),
        Case("AGGREGATOR of AS 0", good + "c0 07 08 00000000 c0000201", .accept(discarded: 1)),
        Case("AGGREGATOR local", good + "80 07 08 0000fde9 c0000201", .accept(discarded: 1)),
        Case("COMMUNITIES of 0", good + "c0 08 00", .withdraw(.length(.communities))),
        Case("COMMUNITIES of 5", good + "c0 08 05 0000000000", .withdraw(.length(.communities))),
        Case("COMMUNITIES local", good + "80 08 04 00000000", .withdraw(.flags(.communities))),
        Case("ORIGINATOR_ID outside", good + "80 09 03 000000", .accept(discarded: 1)),
        Case(
            "ORIGINATOR_ID of 3", inner + "80 09 03 000000", .withdraw(.length(.originatorID)),
            isInternal: true),
        Case("CLUSTER_LIST outside", good + "80 0a 04 00000001", .accept(discarded: 1)),
        Case(
            "CLUSTER_LIST of 0", inner + "80 0a 00", .withdraw(.length(.clusterList)),
            isInternal: true),
        Case("ext. communities of 0", good + "c0 10 00", .withdraw(.length(.extendedCommunities))),
        Case(
            "ext. communities of 7", good + "c0 10 07 00020000000000",
            .withdraw(.length(.extendedCommunities))),
        Case("AS4_PATH from a new speaker", good + "c0 11 02 0200", .accept(discarded: 1)),
        Case("AS4_AGGREGATOR from one", good + "c0 12 01 00", .accept(discarded: 1)),
        Case("AS4_PATH before AS_PATH, broken", "c0 11 03 020100 " + good, .accept(discarded: 1)),
        Case("large communities of 0", good + "c0 20 00", .withdraw(.length(.largeCommunities))),
        Case(
            "large communities of 11", good + "c0 20 0b 0000000000000000000000",
            .withdraw(.length(.largeCommunities))),
        Case("OTC of 3", good + "c0 23 03 00fde9", .withdraw(.length(.onlyToCustomer))),
        Case("IPv6 ext. communities of 19", good + "c0 19 01 00", .accept(discarded: 0)),
        Case("tunnel encapsulation overrun", good + "c0 17 06 000700ff01ff", .accept(discarded: 0)),
        Case("Prefix-SID of zeros", good + "c0 28 07 00000000000000", .accept(discarded: 0)),
        Case("attribute 255", good + "c0 ff 02 0000", .accept(discarded: 0)),
        Case("attribute 39 of nothing", good + "c0 27 00", .accept(discarded: 0)),
        Case("AIGP overrun, not transitive", good + "80 1a 03 0100c8", .accept(discarded: 0)),
        Case("attribute 99 well-known", good + "40 63 01 00", .reset(2)),
        Case("the worst of several", good + "c0 08 00 40 63 01 00", .reset(2)),
    ]

    static let lists: [Case] = [
        Case("the last one overruns", good + "c0 08 08 00000000", .withdraw(.attributeList)),
        Case("a long length cut", good + "d0 08 00", .withdraw(.attributeList)),
        Case("1 byte left", good + "40", .withdraw(.attributeList)),
        Case("2 bytes left", good + "40 06", .withdraw(.attributeList)),
        Case("overrun without NLRI", "40 01 20 00", .reset(1), field: ""),
        Case("residue without NLRI", "40", .reset(1), field: ""),
        Case("bad ORIGIN without NLRI", "40 01 01 07", .reset(6), field: ""),
        Case("bad MED without NLRI", good + "80 04 03 000000", .reset(5), field: ""),
        Case("a discard without NLRI", good + "40 06 01 00", .accept(discarded: 1), field: ""),
        Case("a prefix of 33 bits", good, .reset(10), field: "21 0a000000 00"),
        Case("a prefix overrun", good, .reset(10), field: "18 0a00"),
    ]

    static let reach = "80 0e 1a 0002 01 10 20010db8 00000000 00000000 00000001 00 20 20010db8 "
    static let multiprotocol: [Case] = [
        Case("MP_REACH twice", good + reach + reach, .reset(1)),
        Case("MP_UNREACH twice", good + "80 0f 03 0002 01 80 0f 03 0002 01", .reset(1)),
        Case("MP_REACH of 4", good + "80 0e 04 0002 01 10", .reset(9)),
        Case("MP_REACH next hop of 0", good + "80 0e 05 0002 01 00 00", .reset(9)),
        Case("MP_REACH next hop overrun", good + "80 0e 07 0002 01 10 000000", .reset(9)),
        Case(
            "MP_REACH prefix of 129", good + reach.replacing("00 20 2", with: "00 81 2"), .reset(9)),
        Case(
            "MP_REACH prefix overrun", good + reach.replacing("00 20 2", with: "00 28 2"), .reset(9)
        ),
        Case("MP_REACH overruns the list", good + "80 0e 40 0002 01", .reset(1)),
        Case(
            "MP_REACH transitive", good + reach.replacing("80 0e", with: "c0 0e"),
            .withdraw(.flags(.mpReach))),
        Case(
            "MP_REACH to a group",
            good
                + reach.replacing("20010db8 00000000 00000000", with: "ff020000 00000000 00000000"),
            .withdraw(.value(.mpReach))),
        Case(
            "MP_REACH to itself",
            good
                + reach.replacing("20010db8 00000000 00000000", with: "00000000 00000000 00000000"),
            .withdraw(.value(.mpReach))),
        Case("MP_UNREACH of 2", good + "80 0f 02 0002", .reset(9)),
        Case("MP_UNREACH of 0", "80 0f 00", .reset(9), field: ""),
        Case("MP_UNREACH prefix of 129", "80 0f 05 0002 01 81 00", .reset(9), field: ""),
        Case("MP_UNREACH prefix overrun", "80 0f 05 0002 01 20 20", .reset(9), field: ""),
        Case(
            "flowspec of length 0, unread", good + "80 0e 06 0001 85 00 00 00",
            .accept(discarded: 0)),
        Case(
            "two next hops for IPv4", good + "80 0e 0b 0001 01 04 c0000207 00 08 0b",
            .withdraw(.value(.mpReach))),
        Case(
            "bad ORIGIN before MP_REACH", "40 01 01 09 " + path + nextHop + reach,
            .withdraw(.value(.origin))),
        Case("overrun behind MP_REACH", good + reach + "c0 08 ff 00", .withdraw(.attributeList)),
    ]

    @Test(arguments: mandatory + paths + optional + lists + multiprotocol)
    func `each malformed form has its reaction, and never leaves the old route`(_ example: Case) {
        let rules = UpdateRules(
            isInternal: example.isInternal, acceptsSets: example.acceptsSets)
        let body = updateBody(attributes: hex(example.attributes), field: hex(example.field))
        // The table after the good route, 10.0.0.0/8 and 2001:db8::/32, and this message.
        var routes: Set<Prefix> = [.v4(prefix4("10.0.0.0/8")), .v6(prefix6("2001:db8::/32"))]
        let update = decoded(body, rules)
        for prefix in update.withdrawn4 { routes.remove(.v4(prefix)) }
        for prefix in update.withdrawn6 { routes.remove(.v6(prefix)) }

        switch example.reaction {
        case .accept(let discarded):
            #expect(update.verdict == .ok)
            #expect(update.discarded == discarded)
            #expect(update.announced4.isEmpty == example.field.isEmpty)
        case .withdraw(let reason):
            #expect(update.verdict == .treatAsWithdraw(reason))
            #expect(update.announced4.isEmpty && update.announced6.isEmpty)
            #expect(update.attributes.isEmpty)
            #expect(!routes.contains(.v4(prefix4("10.0.0.0/8"))))
            if example.attributes.contains("20 20010db8") {
                #expect(!routes.contains(.v6(prefix6("2001:db8::/32"))))
            }
        case .reset(let subcode):
            guard case .reset(let notification) = update.verdict else {
                Issue.record("\(update.verdict)")
                return
            }
            #expect(notification.code == 3 && notification.subcode == subcode)
            #expect(update.announced4.isEmpty && update.withdrawn4.isEmpty)
        }
    }

    @Test(arguments: ["0005 00", "0000 0005 40", "ffff", "0000 ffff", "0001 0000", "00", ""])
    func `lengths that exceed the message are a malformed attribute list`(_ body: String) {
        #expect(decoded(hex(body)).verdict == .reset(Notification(3, 1)))
    }

    @Test(arguments: ["0002 21 0a 0000", "0002 18 0a 0000"])
    func `withdrawn prefixes that cannot be read reset`(_ body: String) {
        #expect(decoded(hex(body)).verdict == .reset(Notification(3, 10)))
    }

    @Test(arguments: [("0201 0000fde9", true), ("0201 0000fdea", false), ("", false)])
    func `the first AS must be the peer's where that is enforced`(_ path: String, _ isGood: Bool) {
        let rules = UpdateRules(firstAS: ASN(65001))
        let body = updateBody(attributes: hex(Self.withPath(path)), field: [8, 10])
        let verdict = decoded(body, rules).verdict
        #expect(verdict == (isGood ? .ok : .treatAsWithdraw(.value(.asPath))))
    }

    @Test func `a 2-octet path that outgrows an attribute when widened is withdrawn`() {
        // 70 segments of 255 hops: 35,840 bytes on the wire, 71,540 in 4-octet numbers.
        var path: [UInt8] = []
        for _ in 0..<70 { path += [2, 255] + (0..<255).flatMap { _ in [0xFD, 0xE9] as [UInt8] } }
        var attributes = hex(Self.origin + Self.nextHop)
        attributes += [0x50, 2, UInt8(path.count >> 8), UInt8(path.count & 255)] + path
        let update = decoded(
            updateBody(attributes: attributes, field: [8, 10]), UpdateRules(hasFourOctetASN: false))
        #expect(update.verdict == .treatAsWithdraw(.length(.asPath)))
        #expect(update.withdrawn4 == [prefix4("10.0.0.0/8")])
    }

    @Test func `an unknown attribute of 3000 bytes passes through`() {
        let value = [UInt8](repeating: 0xA5, count: 3000)
        let attribute = hex("f0 63 0bb8") + value
        let update = decoded(
            updateBody(attributes: hex(Self.good) + attribute, field: [8, 10]))
        #expect(update.verdict == .ok)
        #expect(Array(update.attributes.suffix(attribute.count)) == attribute)
    }
}
