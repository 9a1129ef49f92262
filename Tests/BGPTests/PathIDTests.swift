import BGP
import Net
import Testing

/// RFC 7911 on the wire: an identifier of four octets in front of every prefix.
struct PathIDTests {
    static let rules: UpdateRules = {
        var rules = UpdateRules()
        rules.hasPathIDs4 = true
        rules.hasPathIDs6 = true
        return rules
    }()

    static let good = UpdateErrorTests.good
    static let reach =
        "80 0e 25 0002 01 10 20010db8 00000000 00000000 00000001 00"
        + " 00000001 20 20010db8 00000002 10 2001 "

    @Test func `RFC 7911 §3: each IPv4 prefix has its identifier in front`() {
        let body = updateBody(
            withdrawn: hex("00000007 18 c63364 ffffffff 00"), attributes: hex(Self.good),
            field: hex("00000001 08 0a 00000002 08 0a 00000003 20 0a000001"))
        let update = decoded(body, Self.rules)
        #expect(update.verdict == .ok)
        #expect(update.withdrawn4 == [prefix4("198.51.100.0/24"), prefix4("0.0.0.0/0")])
        #expect(update.withdrawnIDs4 == [7, .max])
        #expect(
            update.announced4.map(\.description) == ["10.0.0.0/8", "10.0.0.0/8", "10.0.0.1/32"])
        #expect(update.announcedIDs4 == [1, 2, 3])
        #expect(update.announcedIDs6.isEmpty && update.withdrawnIDs6.isEmpty)
    }

    @Test func `RFC 7911 §3: each IPv6 prefix has its identifier in front`() {
        let unreach = "80 0f 12 0002 01 00000009 20 20010db8 0000000a 08 20"
        let attributes = hex(Self.reach + unreach + Self.good)
        let update = decoded(updateBody(attributes: attributes), Self.rules)
        #expect(update.verdict == .ok)
        #expect(update.announced6 == [prefix6("2001:db8::/32"), prefix6("2001::/16")])
        #expect(update.announcedIDs6 == [1, 2])
        #expect(update.withdrawn6 == [prefix6("2001:db8::/32"), prefix6("2000::/8")])
        #expect(update.withdrawnIDs6 == [9, 10])
        #expect(update.announcedIDs4.isEmpty && update.withdrawnIDs4.isEmpty)
    }

    @Test func `identifiers and IPv6 next hops go together`() {
        var rules = Self.rules
        rules.hasExtendedNextHop = true
        let update = decoded(Array(Golden.pathIDs.dropFirst(19)), rules)
        #expect(update.verdict == .ok)
        #expect(update.announced4 == [prefix4("10.1.0.0/16")] && update.announcedIDs4 == [1])
        #expect(update.withdrawn4 == [prefix4("198.51.100.0/24")] && update.withdrawnIDs4 == [7])
        #expect(update.nextHop4 == IPAddress("2001:db8::1"))
    }

    @Test func `identifiers are per family`() {
        var rules = Self.rules
        rules.hasPathIDs6 = false
        let attributes = hex(
            Self.good
                + "80 0e 1a 0002 01 10 20010db8 00000000 00000000 00000001 00 20 20010db8")
        let update = decoded(
            updateBody(attributes: attributes, field: hex("00000001 08 0a")), rules)
        #expect(update.verdict == .ok)
        #expect(update.announcedIDs4 == [1] && update.announcedIDs6.isEmpty)
        #expect(update.announced6 == [prefix6("2001:db8::/32")])
    }

    @Test func `RFC 7606 §2: identifiers are withdrawn with their prefixes`() {
        let body = updateBody(
            withdrawn: hex("00000007 18 c63364"),
            attributes: hex(Self.reach + Self.good + "c0 08 00"),
            field: hex("00000001 08 0a 00000002 08 0a"))
        let update = decoded(body, Self.rules)
        #expect(update.verdict == .treatAsWithdraw(.length(.communities)))
        #expect(
            update.withdrawn4
                == [prefix4("198.51.100.0/24"), prefix4("10.0.0.0/8"), prefix4("10.0.0.0/8")])
        #expect(update.withdrawnIDs4 == [7, 1, 2])
        #expect(update.withdrawn6 == [prefix6("2001:db8::/32"), prefix6("2001::/16")])
        #expect(update.withdrawnIDs6 == [1, 2])
        #expect(update.announcedIDs4.isEmpty && update.announcedIDs6.isEmpty)
    }

    @Test(arguments: [
        "00", "000000", "00000001", "00000001 08", "00000001 18 0a00", "00000001 21 0a00000000",
        "00000001 08 0a 00", "00000001 08 0a 00000002", "08 0a",
    ])
    func `RFC 7606 §5.3: a field that ends inside an identifier or a prefix resets`(
        _ field: String
    ) {
        let announced = updateBody(attributes: hex(Self.good), field: hex(field))
        #expect(decoded(announced, Self.rules).verdict == .reset(Notification(3, 10)))
        let withdrawn = decoded(updateBody(withdrawn: hex(field)), Self.rules)
        #expect(withdrawn.verdict == .reset(Notification(3, 10)))
        #expect(withdrawn.withdrawn4.isEmpty && withdrawn.withdrawnIDs4.isEmpty)
    }

    @Test(arguments: ["000000", "00000001", "00000001 81", "00000001 20 2001", "00000001 00 00"])
    func `RFC 7606 §7.12: MP_UNREACH_NLRI that ends inside one resets`(_ field: String) {
        let value = hex("0002 01" + field)
        let body = updateBody(attributes: [0x80, 15, UInt8(value.count)] + value)
        guard case .reset(let notification) = decoded(body, Self.rules).verdict else {
            Issue.record("no reset")
            return
        }
        #expect(notification.code == 3 && notification.subcode == 9)
    }

    @Test func `a family that is not negotiated leaves no identifiers behind`() {
        var rules = UpdateRules(families: [.ipv6])
        rules.hasPathIDs4 = true
        let body = updateBody(
            withdrawn: hex("00000007 18 c63364"), attributes: hex(Self.good),
            field: hex("00000001 08 0a"))
        let update = decoded(body, rules)
        #expect(update.withdrawn4.isEmpty && update.withdrawnIDs4.isEmpty)
        #expect(update.announced4.isEmpty && update.announcedIDs4.isEmpty)
    }

    @Test func `a warm buffer shows no identifiers of the message before`() {
        var buffer = UpdateBuffer()
        let body = updateBody(
            withdrawn: hex("00000007 18 c63364"), attributes: hex(Self.reach + Self.good),
            field: hex("00000001 08 0a"))
        buffer.decode(body.span.bytes, rules: Self.rules)
        #expect(buffer.announcedIDs6 == [1, 2])
        buffer.decode(hex("0000 0000").span.bytes, rules: Self.rules)
        #expect(buffer.announcedIDs4.isEmpty && buffer.withdrawnIDs4.isEmpty)
        #expect(buffer.announcedIDs6.isEmpty && buffer.withdrawnIDs6.isEmpty)
        #expect(buffer.endOfRIB == .ipv4)
    }

    @Test func `the end of a RIB carries no identifier`() {
        let body = updateBody(attributes: hex("90 0f 0003 0002 01"))
        #expect(decoded(body, Self.rules).endOfRIB == .ipv6)
        var writer = UpdateWriter(pathIDs: [.ipv4, .ipv6])
        writer.endOfRIB(.ipv6)
        #expect(Array(writer.take().dropFirst(19)) == body)
    }

    // Written

    static let attributes = PathAttributes(asPath: ASPath([ASN(65001)])).canonical()

    @Test func `identifiers are written in front of IPv4 prefixes`() {
        var writer = UpdateWriter(pathIDs: [.ipv4])
        let fits = writer.announce(
            [prefix4("10.0.0.0/8"), prefix4("10.0.0.0/8")], ids: [1, 0xDEAD_BEEF],
            attributes: Self.attributes, nextHop: IPv4Address(192, 0, 2, 1))
        writer.withdraw([prefix4("172.16.0.0/12")], ids: [7])
        #expect(fits)
        let expected = hex(
            """
            ffffffff ffffffff ffffffff ffffffff 0037 02 0000 0014
            40 01 01 00  40 02 06 02 01 0000fde9  40 03 04 c0000201
            00000001 08 0a  deadbeef 08 0a
            ffffffff ffffffff ffffffff ffffffff 001e 02 0007
            00000007 0c ac10 0000
            """)
        #expect(writer.bytes == expected)
    }

    @Test func `identifiers are written in front of IPv6 prefixes`() {
        var writer = UpdateWriter(pathIDs: [.ipv6])
        let fits = writer.announce(
            [prefix6("2001:db8::/32")], ids: [5], attributes: Self.attributes,
            nextHop: address6("2001:db8::1"))
        writer.withdraw([prefix6("2001:db8::/32")], ids: [6])
        #expect(fits)
        let expected = hex(
            """
            ffffffff ffffffff ffffffff ffffffff 0046 02 0000 002f
            90 0e 001e 0002 01 10 20010db8 00000000 00000000 00000001 00 00000005 20 20010db8
            40 01 01 00  40 02 06 02 01 0000fde9
            ffffffff ffffffff ffffffff ffffffff 0027 02 0000 0010
            90 0f 000c 0002 01 00000006 20 20010db8
            """)
        #expect(writer.bytes == expected)
    }

    @Test func `a family without identifiers ignores them, one with them never lacks them`() {
        let prefixes = [prefix4("10.0.0.0/8"), prefix4("11.0.0.0/8")]
        var plain = UpdateWriter(pathIDs: [.ipv6])
        plain.withdraw(prefixes, ids: [1, 2])
        #expect(decoded(Array(plain.bytes.dropFirst(19))).withdrawn4 == prefixes)
        var other = UpdateWriter(pathIDs: [.ipv4])
        other.withdraw(prefixes)
        let update = decoded(Array(other.bytes.dropFirst(19)), Self.rules)
        #expect(update.withdrawn4 == prefixes && update.withdrawnIDs4 == [0, 0])
    }

    @Test(arguments: [[], .receive, .send, [.receive, .send]] as [AddPath])
    func `a session reads and writes identifiers as it agreed to`(_ ours: AddPath) throws {
        var settings = CapabilityTests.everything
        settings.addPath = ours
        var probe = PeerProbe(settings)
        probe.establish(Golden.fullOpen)
        let agreed = try #require(probe.peer.negotiated)
        let isIn = ours.contains(.receive)
        let isOut = ours.contains(.send)
        #expect(agreed.addPathIn == (isIn ? [.ipv4, .ipv6] : []))
        #expect(UpdateWriter(agreed).pathIDs == (isOut ? [.ipv4, .ipv6] : []))
        var writer = UpdateWriter(pathIDs: isIn ? [.ipv4, .ipv6] : [])
        let prefixes = [prefix4("10.0.0.0/8"), prefix4("10.0.0.0/8")]
        let fits = writer.announce(
            prefixes, ids: [3, 4], attributes: Self.attributes, nextHop: address6("2001:db8::1"))
        #expect(fits)
        probe.hear(writer.take())
        #expect(probe.update.verdict == .ok && probe.update.announced4 == prefixes)
        #expect(probe.update.announcedIDs4 == (isIn ? [3, 4] : []))
        #expect(probe.update.nextHop4 == IPAddress("2001:db8::1"))
    }

    @Test func `a writer for a session writes what was agreed on`() {
        var agreed = SessionTests.agreed
        agreed.addPathIn = [.ipv6]
        agreed.addPathOut = [.ipv4]
        #expect(UpdateWriter(agreed).pathIDs == [.ipv4])
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `what is written with identifiers is what is decoded`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let maximum = random.flip() ? 4096 : 65535
        let canonical = random.attributes().canonical()
        let four = random.list(upTo: 2000) { $0.prefix4() }
        let six = random.list(upTo: 700) { $0.prefix6() }
        let ids4 = four.map { _ in random.u32() }
        let ids6 = six.map { _ in random.u32() }
        var writer = UpdateWriter(maximumLength: maximum, pathIDs: [.ipv4, .ipv6])
        let isFitting =
            writer.announce(
                four, ids: ids4, attributes: canonical, nextHop: IPv4Address(192, 0, 2, 1))
            && writer.announce(
                four, ids: ids4, attributes: canonical, nextHop: address6("2001:db8::1"),
                linkLocal: random.flip() ? address6("fe80::1") : nil)
            && writer.announce(
                six, ids: ids6, attributes: canonical, nextHop: address6("2001:db8::1"))
        #expect(isFitting)
        writer.withdraw(four, ids: ids4)
        writer.withdraw(six, ids: ids6)
        var rules = Self.rules
        rules.hasExtendedNextHop = true
        let updates = RoundTripTests.bodies(writer.take(), maximumLength: maximum)
            .map { decoded($0, rules) }
        #expect(updates.allSatisfy { $0.verdict == .ok })
        #expect(updates.flatMap(\.announced4) == four + four)
        #expect(updates.flatMap(\.announcedIDs4) == ids4 + ids4)
        #expect(updates.flatMap(\.announced6) == six)
        #expect(updates.flatMap(\.announcedIDs6) == ids6)
        #expect(updates.flatMap(\.withdrawn4) == four)
        #expect(updates.flatMap(\.withdrawnIDs4) == ids4)
        #expect(updates.flatMap(\.withdrawn6) == six)
        #expect(updates.flatMap(\.withdrawnIDs6) == ids6)
    }

    @Test(arguments: [(4096, 0), (4096, 1), (65535, 0), (65535, 1)])
    func `attributes that leave no room for a prefix and its identifier are reported`(
        _ maximum: Int, _ excess: Int
    ) {
        // As without identifiers, and four bytes more each.
        let isFitting = excess == 0
        var writer = UpdateWriter(maximumLength: maximum, pathIDs: [.ipv4, .ipv6])
        let four = UpdateWriterTests.attributes(of: maximum - 23 - 7 - 9 + excess)
        let fits4 = writer.announce(
            [prefix4("10.0.0.1/32"), prefix4("10.0.0.1/32")], ids: [1, 2], attributes: four,
            nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits4 == isFitting)
        #expect(writer.bytes.count == (isFitting ? 2 * maximum : 0))
        _ = writer.take()
        let six = UpdateWriterTests.attributes(of: maximum - 23 - 25 - 21 + excess)
        let fits6 = writer.announce(
            [prefix6("2001:db8::1/128")], ids: [1], attributes: six,
            nextHop: address6("2001:db8::1"))
        #expect(fits6 == isFitting)
        #expect(writer.bytes.count == (isFitting ? maximum : 0))
    }
}
