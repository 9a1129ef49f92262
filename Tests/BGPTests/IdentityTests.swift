import BGP
import Net
import Testing

/// Reading what we write and writing it again gives the same bytes, for every kind of message.
struct IdentityTests {
    /// The body of one message that must be whole and of this kind.
    static func body(_ bytes: [UInt8], _ kind: MessageKind) -> [UInt8] {
        #expect(
            Frame(bytes.span.bytes, maximumLength: 65535) == .whole(kind, length: bytes.count))
        return Array(bytes.dropFirst(headerLength))
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `an OPEN with any capabilities is written as it was read`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var capabilities = random.list(upTo: 30) { $0.capability() }
        // One that we know with a length that is wrong stays as it is.
        for code in [1, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73, 75] as [UInt8]
        where random.below(4) == 0 {
            guard let value = random.malformed(code) else { continue }
            capabilities.insert(.other(code: code, value: value), at: 0)
        }
        var bytes: [UInt8] = []
        Open(
            shortASN: UInt16(random.below(65536)), holdTime: UInt16(random.below(65536)),
            id: IPv4Address(raw: random.u32()), capabilities: capabilities
        ).encode(into: &bytes)
        let body = Self.body(bytes, .open)
        let open = try Open.decode(body.span.bytes).get()
        #expect(open.capabilities == Array(capabilities.prefix(open.capabilities.count)))
        var again: [UInt8] = []
        open.encode(into: &again)
        #expect(again == bytes)
    }

    /// The forms in which an UPDATE is written and read.
    static let rules: [UpdateRules] = [
        UpdateRules(firstAS: ASN(65001)), UpdateRules(isInternal: true, acceptsSets: true),
        UpdateRules(hasFourOctetASN: false, acceptsSets: true),
        UpdateRules(hasFourOctetASN: false, isInternal: true),
    ]

    /// Attributes that are accepted under these rules.
    static func attributes(
        _ random: inout SeededGenerator, _ rules: UpdateRules
    ) -> PathAttributes {
        var value = random.attributes()
        if rules.acceptsSets, random.flip() {
            value.asPath.segments.append(
                .init(.set, (0...random.below(5)).map { _ in random.asn() }))
        }
        if let first = rules.firstAS { value.asPath.prepend(first) }
        // Through an old speaker sequences that meet come out joined, full ones first.
        if !rules.hasFourOctetASN { value.asPath.segments = Self.joined(value.asPath.segments) }
        if rules.isInternal {
            value.localPref = random.u32()
            value.originatorID = random.optional { IPv4Address(raw: $0.u32()) }
            value.clusterList = random.list(upTo: 80) { IPv4Address(raw: $0.u32()) }
        }
        return value
    }

    private static func joined(_ segments: [ASPath.Segment]) -> [ASPath.Segment] {
        var result: [ASPath.Segment] = []
        for segment in segments {
            for number in segment.numbers {
                if let last = result.last, last.kind == segment.kind, last.numbers.count < 255 {
                    result[result.count - 1].numbers.append(number)
                } else {
                    result.append(.init(segment.kind, [number]))
                }
            }
        }
        return result
    }

    @Test(arguments: 0..<50 as Range<UInt64>, rules)
    func `an UPDATE is written as it was read`(_ seed: UInt64, _ rules: UpdateRules) {
        var random = SeededGenerator(seed)
        let attributes = Self.attributes(&random, rules).canonical()
        let four = (0...random.below(40)).map { _ in random.prefix4() }
        let six = (0...random.below(40)).map { _ in random.prefix6() }
        func write4(_ prefixes: [Prefix4], _ attributes: [UInt8]) -> [UInt8] {
            var writer = UpdateWriter(
                maximumLength: 65535, hasFourOctetASN: rules.hasFourOctetASN)
            let isWritten = writer.announce(
                prefixes, attributes: attributes, nextHop: IPv4Address(192, 0, 2, 1))
            #expect(isWritten)
            return writer.take()
        }
        let bytes4 = write4(four, attributes)
        let update4 = decoded(Self.body(bytes4, .update), rules)
        #expect(update4.verdict == .ok && update4.discarded == 0 && update4.announced4 == four)
        #expect(update4.attributes == attributes)
        #expect(write4(update4.announced4, update4.attributes) == bytes4)

        func write6(
            _ prefixes: [Prefix6], _ attributes: [UInt8], _ linkLocal: IPv6Address?
        ) -> [UInt8] {
            var writer = UpdateWriter(
                maximumLength: 65535, hasFourOctetASN: rules.hasFourOctetASN)
            let isWritten = writer.announce(
                prefixes, attributes: attributes, nextHop: address6("2001:db8::1"),
                linkLocal: linkLocal)
            #expect(isWritten)
            return writer.take()
        }
        let bytes6 = write6(six, attributes, random.optional { _ in address6("fe80::1") })
        let update6 = decoded(Self.body(bytes6, .update), rules)
        #expect(update6.verdict == .ok && update6.discarded == 0 && update6.announced6 == six)
        #expect(update6.attributes == attributes)
        #expect(write6(update6.announced6, update6.attributes, update6.linkLocal6) == bytes6)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a withdrawal is written as it was read`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let four = (0...random.below(100)).map { _ in random.prefix4() }
        let six = (0...random.below(100)).map { _ in random.prefix6() }
        var writer = UpdateWriter()
        writer.withdraw(four)
        let bytes4 = writer.take()
        writer.withdraw(decoded(Self.body(bytes4, .update)).withdrawn4)
        #expect(writer.take() == bytes4)
        writer.withdraw(six)
        let bytes6 = writer.take()
        writer.withdraw(decoded(Self.body(bytes6, .update)).withdrawn6)
        #expect(writer.take() == bytes6)
    }

    /// Which families carry path identifiers, and whether IPv4 goes over IPv6.
    static let forms: [UpdateRules] = (0..<8 as Range<UInt8>).map { bits in
        var rules = UpdateRules(hasFourOctetASN: bits & 1 == 0, isInternal: true)
        rules.hasPathIDs4 = bits & 2 != 0
        rules.hasPathIDs6 = bits & 4 != 0
        rules.hasExtendedNextHop = bits & 2 == 0 || bits & 4 != 0
        return rules
    }

    private static func writer(_ rules: UpdateRules) -> UpdateWriter {
        UpdateWriter(
            maximumLength: 65535, hasFourOctetASN: rules.hasFourOctetASN,
            pathIDs: Set(
                (rules.hasPathIDs4 ? [.ipv4] : []) + (rules.hasPathIDs6 ? [.ipv6] : [])))
    }

    @Test(arguments: 0..<25 as Range<UInt64>, forms)
    func `path identifiers are written as they were read`(
        _ seed: UInt64, _ rules: UpdateRules
    ) {
        var random = SeededGenerator(seed)
        let attributes = Self.attributes(&random, rules).canonical()
        let nextHop = address6("2001:db8::1")
        let four = (0...random.below(40)).map { _ in random.prefix4() }
        let ids4 = rules.hasPathIDs4 ? four.map { _ in random.u32() } : []
        var writer = Self.writer(rules)
        let isWritten4 =
            rules.hasExtendedNextHop
            ? writer.announce(four, ids: ids4, attributes: attributes, nextHop: nextHop)
            : writer.announce(
                four, ids: ids4, attributes: attributes, nextHop: IPv4Address(192, 0, 2, 1))
        #expect(isWritten4)
        let bytes4 = writer.take()
        let update4 = decoded(Self.body(bytes4, .update), rules)
        #expect(update4.verdict == .ok && update4.discarded == 0 && update4.announced4 == four)
        #expect(update4.announcedIDs4 == ids4 && update4.announcedIDs6.isEmpty)
        #expect(update4.attributes == attributes)
        #expect((update4.nextHop4 == .v6(nextHop)) == rules.hasExtendedNextHop)

        let six = (0...random.below(40)).map { _ in random.prefix6() }
        let ids6 = rules.hasPathIDs6 ? six.map { _ in random.u32() } : []
        let isWritten6 = writer.announce(six, ids: ids6, attributes: attributes, nextHop: nextHop)
        #expect(isWritten6)
        let bytes6 = writer.take()
        let update6 = decoded(Self.body(bytes6, .update), rules)
        #expect(update6.verdict == .ok && update6.announced6 == six)
        #expect(update6.announcedIDs6 == ids6 && update6.announcedIDs4.isEmpty)
        #expect(update6.attributes == attributes && update6.nextHop6 == nextHop)
    }

    @Test(arguments: 0..<20 as Range<UInt64>, forms)
    func `RFC 8950: a next hop of IPv6 comes with its kin or alone`(
        _ seed: UInt64, _ rules: UpdateRules
    ) {
        var rules = rules
        rules.hasExtendedNextHop = true
        var random = SeededGenerator(seed)
        let four = (0...random.below(40)).map { _ in random.prefix4() }
        let ids = rules.hasPathIDs4 ? four.map { _ in random.u32() } : []
        let kin = random.optional { _ in address6("fe80::1") }
        let attributes = Self.attributes(&random, rules).canonical()
        let nextHop = IPv6Address(high: 0x2001_0DB8_0000_0000, low: random.next())
        var writer = Self.writer(rules)
        let isWritten = writer.announce(
            four, ids: ids, attributes: attributes, nextHop: nextHop, linkLocal: kin)
        #expect(isWritten)
        let bytes = writer.take()
        let update = decoded(Self.body(bytes, .update), rules)
        #expect(update.verdict == .ok && update.announced4 == four)
        #expect(update.nextHop4 == .v6(nextHop) && update.linkLocal6 == kin)
        let isAgain = writer.announce(
            update.announced4, ids: update.announcedIDs4, attributes: update.attributes,
            nextHop: nextHop, linkLocal: update.linkLocal6)
        #expect(isAgain && writer.take() == bytes)
    }

    @Test(arguments: 0..<20 as Range<UInt64>, forms)
    func `a withdrawal is written with its identifiers as it was read`(
        _ seed: UInt64, _ rules: UpdateRules
    ) {
        var random = SeededGenerator(seed)
        let four = (0...random.below(100)).map { _ in random.prefix4() }
        let six = (0...random.below(100)).map { _ in random.prefix6() }
        var writer = Self.writer(rules)
        writer.withdraw(four, ids: four.map { _ in random.u32() })
        let bytes4 = writer.take()
        let update4 = decoded(Self.body(bytes4, .update), rules)
        #expect(update4.withdrawn4 == four)
        #expect(update4.withdrawnIDs4.count == (rules.hasPathIDs4 ? four.count : 0))
        writer.withdraw(update4.withdrawn4, ids: update4.withdrawnIDs4)
        #expect(writer.take() == bytes4)
        writer.withdraw(six, ids: six.map { _ in random.u32() })
        let bytes6 = writer.take()
        let update6 = decoded(Self.body(bytes6, .update), rules)
        #expect(update6.withdrawn6 == six)
        #expect(update6.withdrawnIDs6.count == (rules.hasPathIDs6 ? six.count : 0))
        writer.withdraw(update6.withdrawn6, ids: update6.withdrawnIDs6)
        #expect(writer.take() == bytes6)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a NOTIFICATION is written as it was read`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        var bytes: [UInt8] = []
        Notification(
            UInt8(random.below(256)), UInt8(random.below(256)),
            data: random.octets(random.below(4076))
        ).encode(into: &bytes)
        var again: [UInt8] = []
        let body = Self.body(bytes, .notification)
        Notification(body: body.span.bytes).encode(into: &again)
        #expect(again == bytes)
    }

    @Test(arguments: Family.allCases, [0, 1, 2] as [UInt8])
    func `a ROUTE-REFRESH is read as it was written`(_ family: Family, _ subtype: UInt8) {
        var bytes: [UInt8] = []
        // An end counts behind a beginning only.
        if subtype == 2 { RouteRefresh(AddressFamily(family), subtype: 1).encode(into: &bytes) }
        RouteRefresh(AddressFamily(family), subtype: subtype).encode(into: &bytes)
        var peer = VerdictTests.peer(.established)
        var update = UpdateBuffer()
        var actions: [PeerAction] = []
        _ = peer.received(
            bytes.span.bytes, on: .outgoing, at: .zero, update: &update, into: &actions)
        let wanted: [PeerAction] = [
            .refresh(family), .refreshBegan(family), .refreshEnded(family),
        ]
        #expect(actions == (subtype == 2 ? Array(wanted[1...]) : [wanted[Int(subtype)]]))
    }
}
