import BGP
import Net
import Testing

struct UpdateWriterTests {
    static let prefix = prefix4("10.0.0.0/8")

    @Test func `the golden announcement is written byte for byte`() {
        var value = PathAttributes(asPath: ASPath([ASN(65001), ASN(65002)]))
        value.med = 100
        value.communities = [Community(65001, 1), .noExport]
        var writer = UpdateWriter()
        let prefixes = [prefix4("10.0.0.0/8"), prefix4("172.16.16.0/20")]
        let fits = writer.announce(
            prefixes, attributes: value.canonical(), nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits)
        let expected = hex(
            """
            ffffffff ffffffff ffffffff ffffffff 0047 02 0000 002a
            40 01 01 00  40 02 0a 02 02 0000fde9 0000fdea  40 03 04 c0000201
            80 04 04 00000064  c0 08 08 fde90001 ffffff01
            08 0a  14 ac1010
            """)
        #expect(writer.bytes == expected)
    }

    @Test func `MP_REACH_NLRI stands first`() {
        var writer = UpdateWriter()
        let attributes = PathAttributes(asPath: ASPath([ASN(65001)])).canonical()
        let prefixes = [prefix6("2001:db8::/32"), prefix6("::/0")]
        let fits = writer.announce(
            prefixes, attributes: attributes, nextHop: address6("2001:db8::1"),
            linkLocal: address6("fe80::1"))
        #expect(fits)
        #expect(writer.bytes[23] == 0x90 && writer.bytes[24] == 14)
    }

    @Test func `an old speaker gets AS_TRANS with the truth beside it`() {
        var value = PathAttributes(asPath: ASPath([ASN(65001), ASN(70000)]))
        value.aggregator = .init(asn: ASN(70000), id: IPv4Address(192, 0, 2, 9))
        value.largeCommunities = [LargeCommunity(1, 2, 3)]
        var writer = UpdateWriter(hasFourOctetASN: false)
        let fits = writer.announce(
            [Self.prefix], attributes: value.canonical(), nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits)
        let expected = hex(
            """
            40 01 01 00  40 02 06 02 02 fde9 5ba0  40 03 04 c0000201  c0 07 06 5ba0 c0000209
            c0 11 0a 02 02 0000fde9 00011170  c0 12 08 00011170 c0000209
            c0 20 0c 00000001 00000002 00000003  08 0a
            """)
        #expect(Array(writer.bytes.dropFirst(23)) == expected)
    }

    @Test func `an old speaker gets no AS4_PATH that says nothing new`() {
        var writer = UpdateWriter(hasFourOctetASN: false)
        let attributes = PathAttributes(asPath: ASPath([ASN(65001)])).canonical()
        let fits = writer.announce(
            [Self.prefix], attributes: attributes, nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits)
        let expected = hex("40 01 01 00  40 02 04 02 01 fde9  40 03 04 c0000201  08 0a")
        #expect(Array(writer.bytes.dropFirst(23)) == expected)
    }

    /// Canonical attributes of exactly this many bytes: ORIGIN, an empty AS_PATH and an unknown.
    static func attributes(of size: Int) -> [UInt8] {
        let value = size - 7 - 4
        return hex("40 01 01 00 40 02 00") + [0xF0, 99, UInt8(value >> 8), UInt8(value & 255)]
            + [UInt8](repeating: 0, count: value)
    }

    @Test(arguments: [(4096, 0), (4096, 1), (65535, 0), (65535, 1)])
    func `attributes that leave no room for a prefix are reported`(_ maximum: Int, _ excess: Int) {
        // Header and lengths take 23 bytes, NEXT_HOP 7, a /32 5; MP_REACH_NLRI 25, a /128 17.
        let isFitting = excess == 0
        var writer = UpdateWriter(maximumLength: maximum)
        let four = Self.attributes(of: maximum - 23 - 7 - 5 + excess)
        let fits4 = writer.announce(
            [prefix4("10.0.0.1/32"), prefix4("10.0.0.2/32")], attributes: four,
            nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits4 == isFitting)
        #expect(writer.bytes.count == (isFitting ? 2 * maximum : 0))
        _ = writer.take()
        let six = Self.attributes(of: maximum - 23 - 25 - 17 + excess)
        let fits6 = writer.announce(
            [prefix6("2001:db8::1/128")], attributes: six, nextHop: address6("2001:db8::1"))
        #expect(fits6 == isFitting)
        #expect(writer.bytes.count == (isFitting ? maximum : 0))
    }

    @Test func `attributes larger than any message are reported, not trapped`() {
        var value = PathAttributes()
        value.asPath.prepend(ASN(65001), count: 20000)
        value.communities = Array(repeating: .noExport, count: 40000)
        var writer = UpdateWriter(maximumLength: 65535)
        let isFitting = writer.announce(
            [Self.prefix], attributes: value.canonical(), nextHop: IPv4Address(192, 0, 2, 1))
        #expect(!isFitting && writer.bytes.isEmpty)
    }

    @Test func `a full segment is followed by a new one`() {
        var path = ASPath()
        path.prepend(ASN(1), count: 255)
        path.prepend(ASN(2))
        #expect(path.segments.map(\.numbers.count) == [1, 255])
        #expect(path.length == 256 && path.first == ASN(2))
    }

    @Test func `messages are filled before the next begins`() {
        var writer = UpdateWriter()
        let prefixes = (0..<3000).map { Prefix4(IPv4Address(raw: UInt32($0) << 8), length: 24) }
        let attributes = PathAttributes(asPath: ASPath([ASN(65001)])).canonical()
        let fits = writer.announce(
            prefixes, attributes: attributes, nextHop: IPv4Address(192, 0, 2, 1))
        #expect(fits)
        #expect(writer.messages == 3)  // 4 bytes each, 4,053 to fill
    }
}
