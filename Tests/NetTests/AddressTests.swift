import Net
import Testing

@Suite struct Addresses {
    @Test(arguments: ["0.0.0.0", "10.20.30.40", "255.255.255.255"])
    func `an IPv4 address prints as it was written`(text: String) {
        #expect(IPv4Address(text)?.description == text)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", " 1.2.3.4",
        "1..2.3", "a.b.c.d", "1.2.3.99999999999999999999",
    ])
    func `what is not an IPv4 address is refused`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(arguments: [
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"), ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
        ("fe80:0:0:0:0:0:0:1", "fe80::1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ])
    func `an IPv6 address prints in its canonical form`(text: String, canonical: String) {
        #expect(IPv6Address(text)?.description == canonical)
    }

    @Test(arguments: [
        "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
        "::1%eth0",
        "1:2:3:4:5:6:7:8::", "::10.0.0.256", ":1:2:3:4:5:6:7", "+1::", "\u{0661}::",
    ])
    func `what is not an IPv6 address is refused`(text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test(arguments: ["10.1.2.3", "2001:db8::42", "0.0.0.0", "ffff::"])
    func `bytes of an address make the address`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [0, 1, 3, 5, 15, 17])
    func `only 4 or 16 bytes make an address`(count: Int) {
        #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }
}

@Suite struct Prefixes {
    @Test(arguments: ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "2001:db8::/32", "::1/128"])
    func `a prefix prints as it was written`(text: String) {
        #expect(Prefix(text)?.description == text)
    }

    @Test(arguments: [
        "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "::/129", "::1/64",
        "10.0.0.0/8/8", "/8", "10.0.0.0/-1",
    ])
    func `what is not a prefix is refused`(text: String) {
        #expect(Prefix(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.0/16", true), ("10.0.0.0/8", "10.0.0.0/8", true),
        ("10.0.0.0/16", "10.0.0.0/8", false), ("0.0.0.0/0", "192.0.2.0/24", true),
        ("::/0", "10.0.0.0/8", false), ("2001:db8::/32", "2001:db8:ffff::/48", true),
        ("2001:db8::/33", "2001:db8:8000::/48", false), ("fd00::/65", "fd00::/127", true),
    ])
    func `a prefix contains what lies inside it`(outer: String, inner: String, expected: Bool)
        throws
    {
        #expect(try #require(Prefix(outer)).contains(try #require(Prefix(inner))) == expected)
    }

    @Test func `an interface address knows its network`() throws {
        let address = try #require(InterfaceAddress("10.20.0.1/24"))
        #expect(address.network == Prefix("10.20.0.0/24"))
        #expect(InterfaceAddress("10.20.0.1/33") == nil)
        #expect(InterfaceAddress("fd00::1/126")?.network == Prefix("fd00::/126"))
    }
}

@Suite struct PrefixRules {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8", true), ("10.0.0.0/8", "10.1.0.0/16", false),
        ("10.0.0.0/8 upto 24", "10.1.0.0/16", true), ("10.0.0.0/8 upto 24", "10.1.1.0/25", false),
        ("0.0.0.0/0 from 8 upto 24", "0.0.0.0/0", false),
        ("0.0.0.0/0 from 8 upto 24", "192.0.2.0/24", true),
        ("0.0.0.0/0 from 8", "192.0.2.1/32", true), ("fd30::/16 upto 48", "fd30:1::/32", true),
        ("fd30::/16 upto 48", "10.0.0.0/8", false),
    ])
    func `a rule matches by cover and length`(rule: String, prefix: String, expected: Bool) throws {
        #expect(try #require(PrefixRule(rule)).matches(try #require(Prefix(prefix))) == expected)
    }

    @Test(arguments: [
        "10.0.0.0/8 upto 7", "10.0.0.0/8 upto 33", "10.0.0.0/8 from 4", "10.0.0.0/8 to 24",
        "10.0.0.0/8 upto", "10.0.0.0/8 from 20 upto 10", "10.0.0.0/8 upto 24 upto 25", "",
    ])
    func `a rule that cannot match is refused`(text: String) {
        #expect(PrefixRule(text) == nil)
    }
}

@Suite struct Names {
    @Test(arguments: ["a", "eth0", "ecx-a-1010-100", "123456789012345"])
    func `an interface name keeps its text`(text: String) {
        #expect(InterfaceName(text)?.description == text)
    }

    @Test(arguments: ["", "1234567890123456", "a b", "a/b", "a:b", ".", "..", "a\u{7f}"])
    func `what the kernel would refuse is refused`(text: String) {
        #expect(InterfaceName(text) == nil)
    }

    @Test(arguments: [("64600", 64600), ("4294967295", 4_294_967_295), ("1.10", 65546)])
    func `an AS number is read in either notation`(text: String, value: UInt32) {
        #expect(ASN(text)?.rawValue == value)
    }

    @Test(arguments: ["", "-1", "4294967296", "1.65536", "1.", "as1", "1.2.3"])
    func `what is not an AS number is refused`(text: String) {
        #expect(ASN(text) == nil)
    }
}

@Suite struct Time {
    @Test func `sums past the end stay at the end`() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.zero + .seconds(2) - .zero == .seconds(2))
        #expect(
            Instant.zero + Duration(secondsComponent: .max, attosecondsComponent: 0)
                == .distantFuture)
    }
}
