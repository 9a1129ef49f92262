import BGP
import Net
import Testing

struct UpdateDecodeTests {
    static func body(_ golden: [UInt8]) -> [UInt8] { Array(golden.dropFirst(19)) }

    @Test func `an IPv4 announcement stands in flat arrays`() {
        let update = decoded(Self.body(Golden.announce4))
        #expect(update.verdict == .ok)
        #expect(update.withdrawn4 == [prefix4("198.51.100.0/24")])
        #expect(update.announced4 == [prefix4("10.0.0.0/8"), prefix4("172.16.16.0/20")])
        #expect(update.nextHop4 == IPAddress("192.0.2.1"))
        #expect(
            update.attributes
                == hex(
                    """
                    40 01 01 00
                    40 02 0a 02 02 0000fde9 0000fdea
                    80 04 04 00000064
                    c0 08 08 fde90001 ffffff01
                    e0 63 04 deadbeef
                    """))
    }

    @Test func `an IPv6 announcement keeps both next hops`() {
        let update = decoded(Self.body(Golden.announce6))
        #expect(update.verdict == .ok)
        #expect(update.announced6 == [prefix6("2001:db8::/32"), prefix6("::/0")])
        #expect(update.nextHop6 == address6("2001:db8::1"))
        #expect(update.linkLocal6 == address6("fe80::1"))
        #expect(update.attributes == hex("40 01 01 00 40 02 06 02 01 0000fde9"))
    }

    @Test func `a withdrawal needs no attributes`() {
        let update = decoded(Self.body(Golden.withdraw6))
        #expect(update.verdict == .ok)
        #expect(update.withdrawn6 == [prefix6("2001:db8:1::/56")])
        #expect(update.endOfRIB == nil)
    }

    @Test func `an UPDATE without anything ends the IPv4 RIB`() {
        #expect(decoded([0, 0, 0, 0]).endOfRIB == .ipv4)
        #expect(decoded([0, 0, 0, 0], UpdateRules(families: [.ipv6])).endOfRIB == nil)
    }

    @Test func `an empty MP_UNREACH_NLRI ends the RIB of its family`() {
        #expect(decoded(Self.body(Golden.endOfRIB6)).endOfRIB == .ipv6)
        let body = updateBody(attributes: hex("80 0f 03 0001 01"))
        #expect(decoded(body).endOfRIB == .ipv4)
    }

    @Test func `paths and aggregators of a 2-octet speaker are merged`() {
        let rules = UpdateRules(hasFourOctetASN: false)
        let update = decoded(Self.body(Golden.oldSpeaker), rules)
        let attributes = PathAttributes(canonical: update.attributes)
        #expect(update.verdict == .ok)
        #expect(attributes.asPath.description == "65001 70000 4200000000")
        #expect(attributes.aggregator?.asn == ASN(70000))
        #expect(attributes.unknown.isEmpty)
    }

    static let merges: [(narrow: String, wide: String, path: String)] = [
        ("", "", ""),
        ("0203 0001 5ba0 0003", "0202 00011170 00000003", "1 70000 3"),
        ("0201 5ba0", "0202 00011170 00000003", "23456"),  // longer: not believed
        ("0202 0001 5ba0", "0201 00011170 00", "1 23456"),  // malformed: discarded
        ("0202 0001 5ba0", "0201 00000000", "1 23456"),  // AS 0: discarded
        ("0202 0001 5ba0", "0301 00000009 0201 00011170", "1 70000"),  // confederation: left out
        ("0201 0001 0202 5ba0 0003", "0202 00011170 00000003", "1 70000 3"),
    ]

    @Test(arguments: merges.indices)
    func `AS4_PATH stands behind the hops only AS_PATH knows`(_ index: Int) {
        let example = Self.merges[index]
        let narrow = hex(example.narrow)
        let wide = hex(example.wide)
        var attributes = hex("40 01 01 00 40 03 04 c0000201")
        attributes += [0x40, 2, UInt8(narrow.count)] + narrow
        attributes += [0xC0, 17, UInt8(wide.count)] + wide
        let body = updateBody(attributes: attributes, field: [8, 10])
        let update = decoded(body, UpdateRules(hasFourOctetASN: false))
        #expect(update.verdict == .ok)
        #expect(PathAttributes(canonical: update.attributes).asPath.description == example.path)
    }

    @Test func `an AGGREGATOR of a 2-octet AS makes AS4_PATH void`() {
        let attributes = hex(
            """
            40 01 01 00  40 02 04 02 01 5ba0  40 03 04 c0000201
            c0 07 06 fde9 c0000209  c0 11 06 02 01 00011170  c0 12 08 00011170 c0000209
            """)
        let body = updateBody(attributes: attributes, field: [8, 10])
        let value = PathAttributes(
            canonical: decoded(body, UpdateRules(hasFourOctetASN: false)).attributes)
        #expect(value.asPath.description == "23456")
        #expect(value.aggregator?.asn == ASN(65001))
    }

    @Test func `attributes come out ascending and the first of a kind counts`() {
        let attributes = hex(
            """
            e0 63 01 aa  80 04 04 00000001  40 03 04 c0000201  40 02 06 02 01 0000fde9
            40 01 01 00  80 04 04 00000002  80 37 02 beef
            """)
        let update = decoded(updateBody(attributes: attributes, field: [8, 10]))
        #expect(update.verdict == .ok)
        #expect(update.discarded == 1)
        #expect(
            update.attributes
                == hex(
                    "40 01 01 00 40 02 06 02 01 0000fde9 80 04 04 00000001 e0 63 01 aa"))
    }

    @Test func `an unknown transitive attribute keeps its bytes and gains the Partial bit`() {
        let attributes = hex(
            "40 01 01 00 40 02 06 02 01 0000fde9 40 03 04 c0000201 df ff 0003 010203")
        let update = decoded(updateBody(attributes: attributes, field: [8, 10]))
        #expect(update.attributes.suffix(7) == hex("f0 ff 0003 010203"))
    }

    @Test func `families that were not negotiated are not looked into`() {
        let attributes = hex(
            """
            40 01 01 00  40 02 06 02 01 0000fde9
            80 0e 09 0002 01 10 20010db8 ff
            """)
        let update = decoded(updateBody(attributes: attributes), UpdateRules(families: [.ipv4]))
        #expect(update.verdict == .ok)
        #expect(update.announced6.isEmpty && update.attributes.isEmpty && update.nextHop6 == nil)
    }

    @Test func `IPv4 prefixes may come in MP_REACH_NLRI`() {
        let attributes = hex(
            "40 01 01 00 40 02 06 02 01 0000fde9 80 0e 0b 0001 01 04 c0000207 00 08 0a")
        let update = decoded(updateBody(attributes: attributes))
        #expect(update.verdict == .ok)
        #expect(update.announced4 == [prefix4("10.0.0.0/8")])
        #expect(update.nextHop4 == IPAddress("192.0.2.7"))
    }

    @Test(
        arguments: [
            ("10 fe800000 00000000 00000000 00000001", "fe80::1", "fe80::1"),
            (
                "20 00000000 00000000 00000000 00000000 fe800000 00000000 00000000 00000002",
                "fe80::2", "fe80::2"
            ),
            ("10 20010db8 00000000 00000000 00000001", "2001:db8::1", nil),
        ] as [(String, String, String?)])
    func `next hops of IPv6 come in several shapes`(
        _ nextHop: String, _ global: String, _ linkLocal: String?
    ) {
        let value = hex("0002 01 " + nextHop + " 00 00")
        let attributes =
            [0x80, 14, UInt8(value.count)] + value + hex("40 01 01 00 40 02 06 02 01 0000fde9")
        let update = decoded(updateBody(attributes: attributes))
        #expect(update.nextHop6 == address6(global))
        #expect(update.linkLocal6 == linkLocal.map(address6))
    }

    @Test func `bits behind a prefix are ignored`() {
        let update = decoded(updateBody(withdrawn: hex("09 0aff 00 1f ffffffff")))
        #expect(
            update.withdrawn4
                == [prefix4("10.128.0.0/9"), prefix4("0.0.0.0/0"), prefix4("255.255.255.254/31")])
    }

    @Test func `a warm buffer shows nothing of the message before`() {
        var buffer = UpdateBuffer()
        buffer.decode(Self.body(Golden.announce4).span.bytes, rules: UpdateRules())
        buffer.decode(Self.body(Golden.endOfRIB6).span.bytes, rules: UpdateRules())
        #expect(buffer.withdrawn4.isEmpty && buffer.announced4.isEmpty)
        #expect(buffer.attributes.isEmpty && buffer.nextHop4 == nil)
        buffer.decode(Self.body(Golden.withdraw6).span.bytes, rules: UpdateRules())
        #expect(buffer.endOfRIB == nil)
    }
}
