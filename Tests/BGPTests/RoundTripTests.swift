import BGP
import Net
import Testing

struct RoundTripTests {
    /// The bodies of the UPDATEs in these bytes, which must be whole messages within the limit.
    static func bodies(_ bytes: [UInt8], maximumLength: Int) -> [[UInt8]] {
        var offset = 0
        var result: [[UInt8]] = []
        while offset < bytes.count {
            let frame = Frame(bytes.span.bytes, at: offset, maximumLength: maximumLength)
            guard case .whole(.update, let length) = frame else {
                Issue.record("\(frame) at \(offset)")
                return result
            }
            result.append(Array(bytes[offset + 19..<offset + length]))
            offset += length
        }
        return result
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `what is announced is what is decoded`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let maximum = random.flip() ? 4096 : 65535
        let isWide = random.flip()
        var attributes = random.attributes()
        if !isWide {
            // Towards an old speaker a closing 2-octet tail may follow; the path itself survives.
            attributes.asPath = ASPath(attributes.asPath.segments.flatMap(\.numbers))
        }
        let canonical = attributes.canonical()
        let four = random.list(upTo: 3000) { $0.prefix4() }
        let six = random.list(upTo: 1000) { $0.prefix6() }
        let nextHop4 = IPv4Address(192, 0, 2, 1)
        let nextHop6 = address6("2001:db8::1")
        let linkLocal = random.optional { _ in address6("fe80::1") }
        let rules = UpdateRules(hasFourOctetASN: isWide)

        var writer = UpdateWriter(maximumLength: maximum, hasFourOctetASN: isWide)
        let isFitting =
            writer.announce(four, attributes: canonical, nextHop: nextHop4)
            && writer.announce(
                six, attributes: canonical, nextHop: nextHop6, linkLocal: linkLocal)
        #expect(isFitting)
        var got4: [Prefix4] = []
        var got6: [Prefix6] = []
        let messages = writer.messages
        let bodies = Self.bodies(writer.take(), maximumLength: maximum)
        #expect(bodies.count == messages)
        for body in bodies {
            let update = decoded(body, rules)
            #expect(update.verdict == .ok)
            #expect(update.attributes == canonical)
            got4 += update.announced4
            got6 += update.announced6
            if !update.announced4.isEmpty { #expect(update.nextHop4 == .v4(nextHop4)) }
            if !update.announced6.isEmpty {
                #expect(update.nextHop6 == nextHop6 && update.linkLocal6 == linkLocal)
            }
        }
        #expect(got4 == four)
        #expect(got6 == six)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what is withdrawn is what is decoded`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let four = random.list(upTo: 5000) { $0.prefix4() }
        let six = random.list(upTo: 3000) { $0.prefix6() }
        var writer = UpdateWriter()
        writer.withdraw(four)
        writer.withdraw(six)
        let updates = Self.bodies(writer.take(), maximumLength: 4096).map { decoded($0) }
        #expect(updates.allSatisfy { $0.verdict == .ok && $0.endOfRIB == nil })
        #expect(updates.flatMap(\.withdrawn4) == four)
        #expect(updates.flatMap(\.withdrawn6) == six)
    }

    @Test(arguments: Family.allCases)
    func `the end of a RIB is read as such`(_ family: Family) {
        var writer = UpdateWriter()
        writer.endOfRIB(family)
        let bodies = Self.bodies(writer.take(), maximumLength: 4096)
        #expect(bodies.map { decoded($0).endOfRIB } == [family])
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `an attribute set is its canonical bytes`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let attributes = random.attributes()
        #expect(PathAttributes(canonical: attributes.canonical()) == attributes)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `a summary says what the set says`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        var attributes = random.attributes()
        attributes.localPref = random.optional { $0.u32() }
        attributes.clusterList = random.list(upTo: 3) { IPv4Address(raw: $0.u32()) }
        if random.flip() { attributes.communities.append(.noExport) }
        let canonical = attributes.canonical()
        let summary = AttributeSummary(canonical: canonical)
        #expect(summary.origin == attributes.origin)
        #expect(summary.pathLength == attributes.asPath.length)
        #expect(summary.firstAS == attributes.asPath.first)
        #expect(summary.originAS == attributes.asPath.origin)
        #expect(summary.med == attributes.med && summary.localPref == attributes.localPref)
        #expect(summary.clusterListLength == attributes.clusterList.count)
        #expect(summary.onlyToCustomer == attributes.onlyToCustomer)
        #expect(
            summary.flags.contains(.noExport) == attributes.communities.contains(.noExport))
        for number in attributes.asPath.segments.flatMap(\.numbers) {
            #expect(PathAttributes.containsAS(number, canonical: canonical))
        }
        #expect(!PathAttributes.containsAS(ASN(0), canonical: canonical))
    }

    static let marks: [(Community, AttributeSummary.Flags)] = [
        (.noExport, .noExport), (.noAdvertise, .noAdvertise),
        (.noExportSubconfed, .noExportSubconfed), (.gracefulShutdown, .gracefulShutdown),
        (.blackhole, .blackhole), (.longLivedStale, .longLivedStale),
        (.noLongLivedStale, .noLongLived),
    ]

    @Test(arguments: marks.indices)
    func `each well-known community has its own mark in a summary`(_ index: Int) {
        let (community, flag) = Self.marks[index]
        var attributes = PathAttributes()
        attributes.communities = [Community(65001, 1), community]
        let summary = AttributeSummary(canonical: attributes.canonical())
        #expect(summary.flags == flag)
        #expect(summary.onlyToCustomer == nil)
    }

    @Test func `ONLY_TO_CUSTOMER has a mark and a value in a summary`() {
        var attributes = PathAttributes()
        attributes.onlyToCustomer = ASN(4_200_000_000)
        let summary = AttributeSummary(canonical: attributes.canonical())
        #expect(summary.flags == .onlyToCustomer)
        #expect(summary.onlyToCustomer == ASN(4_200_000_000))
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `an OPEN survives the wire`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let open = Open(
            shortASN: UInt16(random.below(65536)), holdTime: UInt16(random.below(65536)),
            id: IPv4Address(raw: random.u32()),
            capabilities: random.list(upTo: 12) { $0.capability() })
        var bytes: [UInt8] = []
        open.encode(into: &bytes)
        #expect(Frame(bytes.span.bytes) == .whole(.open, length: bytes.count))
        let body = Array(bytes.dropFirst(19))
        #expect(try Open.decode(body.span.bytes).get() == open)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a NOTIFICATION survives the wire`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let notification = Notification(
            UInt8(random.below(256)), UInt8(random.below(256)),
            data: random.octets(random.below(4000)))
        var bytes: [UInt8] = []
        notification.encode(into: &bytes)
        let body = Array(bytes.dropFirst(19))
        #expect(Notification(body: body.span.bytes) == notification)
    }
}
