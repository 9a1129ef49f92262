import BGP
import Net
import Testing

/// RFC 8950: IPv4 routes with IPv6 next hops, and the other ways IPv4 may come in MP attributes.
struct ExtendedNextHopTests {
    static let rules: UpdateRules = {
        var rules = UpdateRules()
        rules.hasExtendedNextHop = true
        return rules
    }()

    static let origin = UpdateErrorTests.origin
    static let path = UpdateErrorTests.path
    static let global = "20010db8 00000000 00000000 00000001 "
    static let linkLocal = "fe800000 00000000 00000000 00000002 "

    /// MP_REACH_NLRI of IPv4 with this next hop and 10.0.0.0/8.
    static func reach(_ nextHop: String) -> [UInt8] {
        let address = hex(nextHop)
        let value = hex("0001 01") + [UInt8(address.count)] + address + hex("00 08 0a")
        return [0x80, 14, UInt8(value.count)] + value
    }

    static func update(
        _ nextHop: String, _ rules: UpdateRules = rules, _ rest: String = "", field: String = ""
    ) -> UpdateBuffer {
        decoded(
            updateBody(
                attributes: reach(nextHop) + hex(origin + path + rest), field: hex(field)), rules)
    }

    @Test(
        arguments: [
            (global, "2001:db8::1", nil), (global + linkLocal, "2001:db8::1", "fe80::2"),
            (linkLocal, "fe80::2", "fe80::2"),
            ("00000000 00000000 00000000 00000000" + linkLocal, "fe80::2", "fe80::2"),
            ("c0000207", "192.0.2.7", nil),
        ] as [(String, String, String?)])
    func `RFC 8950 §3: the length of the next hop tells its family`(
        _ nextHop: String, _ expected: String, _ second: String?
    ) {
        let update = Self.update(nextHop)
        #expect(update.verdict == .ok)
        #expect(update.announced4 == [prefix4("10.0.0.0/8")])
        #expect(update.nextHop4 == IPAddress(expected))
        #expect(update.nextHop6 == nil)
        #expect(update.linkLocal6.map { .v6($0) } == second.flatMap { IPAddress($0) })
    }

    @Test(arguments: [
        "", "c00002", "c0000207 00", "20010db8 00000000", global + "00", global + global + "00",
    ])
    func `RFC 7606 §7.11: another length resets`(_ nextHop: String) {
        guard case .reset(let notification) = Self.update(nextHop).verdict else {
            Issue.record("no reset")
            return
        }
        #expect(notification.code == 3 && notification.subcode == 9)
    }

    @Test(arguments: [global, global + linkLocal])
    func `RFC 8950 §4: without agreement only four octets are a next hop`(_ nextHop: String) {
        guard case .reset(let notification) = Self.update(nextHop, UpdateRules()).verdict else {
            Issue.record("no reset")
            return
        }
        #expect(notification.subcode == 9)
        #expect(Self.update("c0000207", UpdateRules()).verdict == .ok)
    }

    @Test(arguments: [
        "ff020000 00000000 00000000 00000001", "00000000 00000000 00000000 00000000",
        "00000000 00000000 00000000 00000001", "00000000", "7f000001", "e0000001",
    ])
    func `a next hop that no packet can be sent to is treated as withdraw`(_ nextHop: String) {
        let update = Self.update(nextHop)
        #expect(update.verdict == .treatAsWithdraw(.value(.mpReach)))
        #expect(update.withdrawn4 == [prefix4("10.0.0.0/8")])
        #expect(update.announced4.isEmpty && update.nextHop4 == nil)
    }

    @Test func `RFC 4760 §3: NEXT_HOP beside MP_REACH_NLRI is ignored, even malformed`() {
        for rest in ["40 03 04 c0000201", "40 03 03 c00002", "c0 03 04 c0000201"] {
            let update = Self.update(Self.global, Self.rules, rest)
            #expect(update.verdict == .ok)
            #expect(update.nextHop4 == IPAddress("2001:db8::1"))
        }
    }

    @Test func `both fields of one message need one next hop`() {
        let same = Self.update("c0000201", Self.rules, UpdateErrorTests.nextHop, field: "08 0b")
        #expect(same.verdict == .ok)
        #expect(same.announced4 == [prefix4("11.0.0.0/8"), prefix4("10.0.0.0/8")])
        let two = Self.update(Self.global, Self.rules, UpdateErrorTests.nextHop, field: "08 0b")
        #expect(two.verdict == .treatAsWithdraw(.value(.mpReach)))
        #expect(two.withdrawn4 == [prefix4("11.0.0.0/8"), prefix4("10.0.0.0/8")])
    }

    @Test func `MP_UNREACH_NLRI withdraws IPv4 too`() {
        let update = decoded(updateBody(attributes: hex("80 0f 05 0001 01 08 0a")))
        #expect(update.verdict == .ok && update.endOfRIB == nil)
        #expect(update.withdrawn4 == [prefix4("10.0.0.0/8")])
    }

    @Test(arguments: [
        ("0000 0000", Family.ipv4), ("0000 0006 80 0f 03 0001 01", .ipv4),
        ("0000 0007 90 0f 0003 0001 01", .ipv4), ("0000 0006 80 0f 03 0002 01", .ipv6),
    ])
    func `RFC 4724 §2: the end of a RIB has a form for each family, and IPv4 has two`(
        _ body: String, _ family: Family
    ) {
        #expect(decoded(hex(body), Self.rules).endOfRIB == family)
    }

    @Test func `what a broken attribute comes with is withdrawn from MP_REACH_NLRI as well`() {
        let update = Self.update(Self.global, Self.rules, "c0 08 00")
        #expect(update.verdict == .treatAsWithdraw(.length(.communities)))
        #expect(update.withdrawn4 == [prefix4("10.0.0.0/8")])
    }

    @Test(arguments: [nil, "fe80::2"] as [String?])
    func `IPv4 prefixes are written with an IPv6 next hop`(_ linkLocal: String?) {
        var writer = UpdateWriter()
        let fits = writer.announce(
            [prefix4("10.0.0.0/8"), prefix4("172.16.0.0/12")], attributes: PathIDTests.attributes,
            nextHop: address6("2001:db8::1"), linkLocal: linkLocal.map(address6))
        #expect(fits)
        let expected =
            linkLocal == nil
            ? hex(
                """
                ffffffff ffffffff ffffffff ffffffff 0042 02 0000 002b
                90 0e 001a 0001 01 10 20010db8 00000000 00000000 00000001 00 08 0a 0c ac10
                40 01 01 00  40 02 06 02 01 0000fde9
                """)
            : hex(
                """
                ffffffff ffffffff ffffffff ffffffff 0052 02 0000 003b
                90 0e 002a 0001 01 20 20010db8 00000000 00000000 00000001
                fe800000 00000000 00000000 00000002 00 08 0a 0c ac10
                40 01 01 00  40 02 06 02 01 0000fde9
                """)
        #expect(writer.bytes == expected)
    }

    @Test(arguments: [0, 1])
    func `attributes that leave no room beside an IPv6 next hop are reported`(_ excess: Int) {
        var writer = UpdateWriter()
        let attributes = UpdateWriterTests.attributes(of: 4096 - 23 - 25 - 5 + excess)
        let fits = writer.announce(
            [prefix4("10.0.0.1/32"), prefix4("10.0.0.2/32")], attributes: attributes,
            nextHop: address6("2001:db8::1"))
        #expect(fits == (excess == 0))
        #expect(writer.messages == (excess == 0 ? 2 : 0))
    }
}
