import Net
import Testing

@testable import BGP

/// RFC 7606 §3 and §7 for every attribute that we read, from internal and from external peers; and
/// RFC 4271 §5 for all that we do not.
struct AttributeRuleTests {
    /// An attribute in its good form, and what becomes of a bad one.
    struct Rule: Sendable, CustomTestStringConvertible {
        var code: AttributeCode
        var flags: UInt8
        var value: String
        var badLengths: [Int]
        /// Discarded when it is malformed.
        var isDiscarded = false
        /// Discarded from external peers, whatever its form.
        var isInternal = false
        var testDescription: String { code.description }
    }

    static let rules: [Rule] = [
        Rule(code: .origin, flags: 0x40, value: "00", badLengths: [0, 2]),
        Rule(code: .asPath, flags: 0x40, value: "0201 0000fde9", badLengths: [1, 3, 5, 7]),
        Rule(code: .nextHop, flags: 0x40, value: "c0000201", badLengths: [0, 3, 5, 16]),
        Rule(code: .med, flags: 0x80, value: "00000064", badLengths: [0, 3, 5]),
        Rule(
            code: .localPref, flags: 0x40, value: "00000064", badLengths: [0, 3, 5],
            isInternal: true),
        Rule(
            code: .atomicAggregate, flags: 0x40, value: "", badLengths: [1, 4], isDiscarded: true),
        Rule(
            code: .aggregator, flags: 0xC0, value: "0000fde9 c0000209", badLengths: [0, 6, 7, 9],
            isDiscarded: true),
        Rule(code: .communities, flags: 0xC0, value: "fde90001", badLengths: [0, 3, 5, 6]),
        Rule(
            code: .originatorID, flags: 0x80, value: "c0000209", badLengths: [0, 3, 5],
            isInternal: true),
        Rule(
            code: .clusterList, flags: 0x80, value: "c0000209 c000020a", badLengths: [0, 3, 5],
            isInternal: true),
        Rule(
            code: .extendedCommunities, flags: 0xC0, value: "0002fde9 00000001",
            badLengths: [0, 4, 7, 9, 12]),
        Rule(
            code: .largeCommunities, flags: 0xC0, value: "0000fde9 00000001 00000002",
            badLengths: [0, 8, 11, 13]),
        Rule(code: .onlyToCustomer, flags: 0xC0, value: "0000fde9", badLengths: [0, 2, 3, 5, 8]),
    ]

    static func attribute(_ code: AttributeCode, _ flags: UInt8, _ value: [UInt8]) -> [UInt8] {
        [flags, code.rawValue, UInt8(value.count)] + value
    }

    /// An UPDATE for 10.0.0.0/8 with everything that must be there, one attribute exchanged.
    static func update(
        _ rule: Rule, flags: UInt8? = nil, value: [UInt8]? = nil, isInternal: Bool
    ) -> UpdateBuffer {
        var list: [UInt8] = []
        for other in rules.prefix(3) where other.code != rule.code {
            list += attribute(other.code, other.flags, hex(other.value))
        }
        if isInternal, rule.code != .localPref {
            list += attribute(.localPref, 0x40, hex("00000064"))
        }
        list += attribute(rule.code, flags ?? rule.flags, value ?? hex(rule.value))
        return decoded(
            updateBody(attributes: list, field: [8, 10]), UpdateRules(isInternal: isInternal))
    }

    static func expect(
        _ update: UpdateBuffer, _ rule: Rule, _ reason: WithdrawReason, isInternal: Bool
    ) {
        if rule.isDiscarded || rule.isInternal && !isInternal {
            #expect(update.verdict == .ok && update.discarded == 1)
            #expect(update.announced4 == [prefix4("10.0.0.0/8")])
            var cursor = AttributeCursor(update.attributes.span.bytes)
            while cursor.advance() { #expect(cursor.code != rule.code) }
        } else {
            #expect(update.verdict == .treatAsWithdraw(reason))
            #expect(update.withdrawn4 == [prefix4("10.0.0.0/8")] && update.announced4.isEmpty)
        }
    }

    @Test(arguments: rules, [false, true])
    func `RFC 4271 §5: each attribute in its good form is kept, or not for external peers`(
        _ rule: Rule, _ isInternal: Bool
    ) {
        let update = Self.update(rule, isInternal: isInternal)
        #expect(update.verdict == .ok && update.announced4 == [prefix4("10.0.0.0/8")])
        let isKept = rule.code != .nextHop && (isInternal || !rule.isInternal)
        #expect(update.discarded == (isInternal || !rule.isInternal ? 0 : 1))
        let bytes = Self.attribute(rule.code, rule.flags, hex(rule.value))
        var isThere = false
        var cursor = AttributeCursor(update.attributes.span.bytes)
        while cursor.advance() { if cursor.whole.copy() == bytes { isThere = true } }
        #expect(isThere == isKept)
    }

    @Test(arguments: rules, [0x80, 0x40, 0xC0] as [UInt8])
    func `RFC 7606 §3(c): wrong Optional or Transitive bits`(_ rule: Rule, _ change: UInt8) {
        for isInternal in [false, true] {
            let update = Self.update(rule, flags: rule.flags ^ change, isInternal: isInternal)
            Self.expect(update, rule, .flags(rule.code), isInternal: isInternal)
        }
    }

    @Test(arguments: rules, [false, true])
    func `RFC 7606 §7: wrong lengths`(_ rule: Rule, _ isInternal: Bool) {
        for length in rule.badLengths {
            let value = Array((hex(rule.value) + [UInt8](repeating: 1, count: 16)).prefix(length))
            let update = Self.update(rule, value: value, isInternal: isInternal)
            let isPath = rule.code == .asPath
            Self.expect(
                update, rule, isPath ? .value(rule.code) : .length(rule.code),
                isInternal: isInternal)
        }
    }

    @Test(arguments: rules)
    func `RFC 7606 §3(g): of two the first counts, even if the second is malformed`(_ rule: Rule) {
        var list: [UInt8] = []
        for other in Self.rules.prefix(3) where other.code != rule.code {
            list += Self.attribute(other.code, other.flags, hex(other.value))
        }
        if rule.code != .localPref { list += Self.attribute(.localPref, 0x40, [0, 0, 0, 9]) }
        list += Self.attribute(rule.code, rule.flags, hex(rule.value))
        let once = decoded(
            updateBody(attributes: list, field: [8, 10]), UpdateRules(isInternal: true))
        list += Self.attribute(rule.code, rule.flags ^ 0xC0, [1, 2, 3])
        let twice = decoded(
            updateBody(attributes: list, field: [8, 10]), UpdateRules(isInternal: true))
        #expect(once.verdict == .ok && twice.verdict == .ok)
        #expect(twice.attributes == once.attributes && twice.discarded == 1)
    }

    @Test(arguments: rules)
    func `the Partial bit is no error, and stays where it has a meaning`(_ rule: Rule) {
        let update = Self.update(rule, flags: rule.flags | 0x20, isInternal: true)
        #expect(update.verdict == .ok && update.discarded == 0)
        let isTransitive = rule.flags == 0xC0
        var cursor = AttributeCursor(update.attributes.span.bytes)
        while cursor.advance() {
            if cursor.code == rule.code {
                #expect(cursor.flags == (isTransitive ? rule.flags | 0x20 : rule.flags))
            }
        }
    }

    @Test(arguments: [false, true])
    func `RFC 4456 §8: what reflectors add is read from internal peers alone`(_ isInternal: Bool) {
        let list = UpdateErrorTests.inner + "80 09 04 c0000209 80 0a 08 c000020a c000020b"
        let update = decoded(
            updateBody(attributes: hex(list), field: [8, 10]), UpdateRules(isInternal: isInternal))
        let summary = AttributeSummary(canonical: update.attributes)
        #expect(summary.originatorID == (isInternal ? IPv4Address(192, 0, 2, 9) : nil))
        #expect(summary.clusterListLength == (isInternal ? 2 : 0))
        #expect(update.discarded == (isInternal ? 0 : 3))
    }

    @Test(arguments: [3, 4] as [UInt8], [false, true])
    func `RFC 5065 §5: confederation segments are refused from everybody`(
        _ kind: UInt8, _ isInternal: Bool
    ) {
        let path: [UInt8] = [kind, 1, 0, 0, 0xFD, 0xE9, 2, 1, 0, 0, 0xFD, 0xEA]
        let update = Self.update(Self.rules[1], value: path, isInternal: isInternal)
        #expect(update.verdict == .treatAsWithdraw(.value(.asPath)))
    }

    @Test(arguments: [false, true])
    func `RFC 9774 §3: AS_SET is treated as withdraw unless it is let through`(_ accepts: Bool) {
        let list = UpdateErrorTests.withPath("0201 0000fde9 0102 0000fdea 0000fdeb")
        let update = decoded(
            updateBody(attributes: hex(list), field: [8, 10]), UpdateRules(acceptsSets: accepts))
        #expect(update.verdict == (accepts ? .ok : .treatAsWithdraw(.value(.asPath))))
    }

    @Test func `RFC 9774 §3: a set in AS4_PATH is one as well`() {
        let list =
            UpdateErrorTests.origin + UpdateErrorTests.nextHop
            + "40 02 06 0202 fde9 5ba0 c0 11 06 0101 00011170"
        let update = decoded(
            updateBody(attributes: hex(list), field: [8, 10]), UpdateRules(hasFourOctetASN: false))
        #expect(update.verdict == .treatAsWithdraw(.value(.as4Path)))
    }

    @Test(arguments: [("c0 07 06 fde9 c0000209", 0), ("c0 07 08 0000fde9 c0000209", 1)])
    func `RFC 7606 §7.7: the length of AGGREGATOR goes by the width of AS numbers`(
        _ aggregator: String, _ discarded: Int
    ) {
        let list = UpdateErrorTests.origin + UpdateErrorTests.nextHop + "40 02 04 0201 fde9"
        let update = decoded(
            updateBody(attributes: hex(list + aggregator), field: [8, 10]),
            UpdateRules(hasFourOctetASN: false))
        #expect(update.verdict == .ok && update.discarded == discarded)
    }

    // What we do not read

    static let unknown = (UInt8.min ... .max).map(AttributeCode.init(rawValue:))
        .filter { $0.definedFlags == nil }

    @Test(arguments: unknown)
    func `RFC 4271 §5: an unknown attribute goes by its bits`(_ code: AttributeCode) {
        func update(_ attribute: [UInt8]) -> UpdateBuffer {
            decoded(
                updateBody(attributes: hex(UpdateErrorTests.good) + attribute, field: [8, 10]))
        }
        let plain = update([]).attributes
        // Transitive: passed on with the Partial bit, the width of its length as it came.
        for (attribute, expected) in [
            ([0xC0, code.rawValue, 2, 0xBE, 0xEF], [0xE0, code.rawValue, 2, 0xBE, 0xEF]),
            ([0xF0, code.rawValue, 0, 2, 0xBE, 0xEF], [0xF0, code.rawValue, 0, 2, 0xBE, 0xEF]),
            ([0xC0, code.rawValue, 0], [0xE0, code.rawValue, 0]),
        ] as [([UInt8], [UInt8])] {
            let passed = update(attribute)
            #expect(passed.verdict == .ok && passed.discarded == 0)
            #expect(PathAttributes(canonical: passed.attributes).unknown.map(\.bytes) == [expected])
            var writer = UpdateWriter()
            let fits = writer.announce(
                passed.announced4, attributes: passed.attributes,
                nextHop: IPv4Address(192, 0, 2, 1))
            #expect(fits)
            let again = decoded(Array(writer.bytes.dropFirst(19)))
            #expect(again.attributes == passed.attributes)
        }
        // Not transitive: ignored and not passed on.
        let dropped = update([0x80, code.rawValue, 2, 0xBE, 0xEF])
        #expect(dropped.verdict == .ok && dropped.discarded == 0 && dropped.attributes == plain)
        // Well-known: RFC 4271 §6.3.
        let bad: [UInt8] = [0x40, code.rawValue, 1, 0]
        #expect(update(bad).verdict == .reset(Notification(3, 2, data: bad)))
    }
}
