// How an UPDATE holds together (RFC 4271 §6.3, RFC 7606 §3 to §5): lengths that lie, prefixes that do
// not fit, lists that do not add up, what is missing, what stands twice, and which error wins.

private let tooLong: Bytes = [33, 10, 99, 99, 99, 128]

private let lengths: [Case] = [
    Case("framing", "withdrawn length past the end", .notification(3, 1)) { _ in
        update(withdrawnLength: 3)
    },
    Case("framing", "withdrawn length 65535", .notification(3, 1)) {
        update(attributes: good, field: $0.field, withdrawnLength: 65535)
    },
    Case("framing", "withdrawn length that leaves one byte", .notification(3, 1)) { _ in
        update(withdrawnLength: 1)
    },
    Case("framing", "attributes' length past the end", .notification(3, 1)) {
        update(attributes: good, field: $0.field, attributesLength: 4000)
    },
    Case("framing", "attributes' length one past the end", .notification(3, 1)) {
        let list = good.flatMap(\.self)
        return update(attributes: good, field: $0.field, attributesLength: list.count + 5)
    },
    Case("framing", "attributes' length 65535", .notification(3, 1)) {
        update(attributes: good, field: $0.field, attributesLength: 65535)
    },
    Case("framing", "both lengths 65535", .notification(3, 1)) {
        update(
            attributes: good, field: $0.field, withdrawnLength: 65535, attributesLength: 65535)
    },
    Case("framing", "withdrawn prefix of 33 bits", .notification(3, 10)) { _ in
        update(withdrawn: tooLong)
    },
    Case("framing", "withdrawn prefix of 255 bits", .notification(3, 10)) { _ in
        update(withdrawn: [255] + zeros(32))
    },
    Case("framing", "withdrawn prefix past the end", .notification(3, 10)) { _ in
        update(withdrawn: [24, 10, 99])
    },
    Case("framing", "withdrawn prefix without a byte", .notification(3, 10)) { _ in
        update(withdrawn: [1])
    },
    Case("framing", "announced prefix of 33 bits", .notification(3, 10)) {
        update(attributes: good, field: $0.field + tooLong)
    },
    Case("framing", "announced prefix of 129 bits", .notification(3, 10)) {
        update(attributes: good, field: $0.field + [129] + zeros(17))
    },
    Case("framing", "announced prefix of 255 bits", .notification(3, 10)) {
        update(attributes: good, field: [255] + $0.field)
    },
    Case("framing", "announced prefix past the end", .notification(3, 10)) {
        update(attributes: good, field: $0.field + [32, 10, 99, 99])
    },
    Case("framing", "announced prefix without a byte", .notification(3, 10)) {
        update(attributes: good, field: $0.field + [9])
    },
    // RFC 7606 §5.2: nothing is there that could be withdrawn.
    Case("framing", "an attribute past the list's end, and no prefix", .notification(3, 1)) { _ in
        update(attributes: [[0x40, 1, 0x20, 0]])
    },
    Case("framing", "one byte of attributes, and no prefix", .notification(3, 1)) { _ in
        update(attributes: [[0x40]])
    },
    Case("framing", "a bad ORIGIN, and no prefix", .notification(3, 6)) { _ in
        update(attributes: [attribute(0x40, 1, [9]), path, nextHop])
    },
    Case("framing", "a bad ORIGIN beside a withdrawal only", .notification(3, 6)) {
        update(withdrawn: $0.field, attributes: [attribute(0x40, 1, [9]), path])
    },
    Case("framing", "attributes without a prefix", .ignored) { _ in update(attributes: good) },
    Case("framing", "an unknown attribute without a prefix", .ignored) { _ in
        update(attributes: [attribute(0xC0, 99, [1])])
    },
]

/// A list that does not add up in front of an announced prefix: (name, what stands behind `good`).
private let residues: [(String, Bytes)] = [
    ("1 byte left over", [0x40]),
    ("2 bytes left over", [0x40, 1]),
    ("3 bytes left over, wide length", [0x50, 4, 0]),
    ("1 zero left over", [0]),
    ("an attribute 1 byte past the end", [0x80, 4, 5] + zeros(4)),
    ("an attribute 255 bytes past the end", [0xC0, 99, 255]),
    ("an attribute 65535 bytes past the end", [0xD0, 99, 255, 255]),
    ("an unknown well-known past the end", [0x40, 99, 255]),
]

private let repeats: [Case] = [
    Case(
        "repeats", "ORIGIN twice, then bad", good + [attribute(0x40, 1, [9])], .told(with: [origin])
    ),
    Case("repeats", "ORIGIN twice, first bad", [attribute(0x40, 1, [9])] + good, .withdrawn),
    Case("repeats", "AS_PATH twice", good + [asPath(Numbers.hostile, 65009)], .told()),
    Case("repeats", "AS_PATH twice, then bad", good + [asPath(bytes: [2, 9])], .told()),
    Case("repeats", "NEXT_HOP twice", good + [attribute(0x40, 3, zeros(4))], .told()),
    Case(
        "repeats", "MED twice", good + [attribute(0x80, 4, u32(1)), attribute(0x80, 4, u32(2))],
        .told()),
    Case(
        "repeats", "COMMUNITIES twice", good + [communities, attribute(0xC0, 8, u32(1))],
        .told(with: [communities])),
    Case(
        "repeats", "an unknown one twice",
        good + [attribute(0xC0, 99, [1]), attribute(0xC0, 99, [2])],
        .told(with: [attribute(0xE0, 99, [1])])),
    Case(
        "repeats", "CLUSTER_LIST twice, inside",
        good + [localPref, attribute(0x80, 10, u32(1)), attribute(0x80, 10, [])],
        .told(without: [10]), isInternal: true),
    Case("repeats", "MP_REACH_NLRI twice", .notification(3, 1)) {
        update(attributes: [reach($0.field6), origin, path, reach($0.field6)])
    },
    Case("repeats", "MP_UNREACH_NLRI twice", .notification(3, 1)) {
        update(attributes: [unreach($0.field6), unreach($0.field6)])
    },
    Case("repeats", "MP_REACH_NLRI of other families twice", .notification(3, 1)) { _ in
        update(attributes: [reach(afi: 1, safi: 133, []), reach(afi: 1, safi: 133, [])])
    },
    Case("repeats", "the same prefix 900 times", .told()) { place in
        update(attributes: good, field: repeated(place.field, 900))
    },
    Case("repeats", "withdrawn and announced in one message", .told()) {
        update(withdrawn: $0.field, attributes: good, field: $0.field)
    },
    Case("repeats", "announced, withdrawn, announced", .told()) {
        update(attributes: good, field: $0.field) + update(withdrawn: $0.field)
            + update(attributes: good, field: $0.field)
    },
    Case(
        group: "framing", name: "bits behind the length of a prefix",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            let number = UInt8(conversation.place.number & 0xFE)
            conversation.send(update(attributes: good, field: [23, 10, 118, number | 1]))
            let end = conversation.probe()
            let masked = Route([23, 10, 118, number])
            try conversation.poll("the masked prefix is not told") {
                !conversation.attributes(of: masked).contains(nil)
            }
            return conversation.outcome(end)
        }, reaction: .established),
    Case("repeats", "withdrawn twice", .withdrawn) {
        update(withdrawn: $0.field + $0.field) + update(withdrawn: $0.field)
    },
    Case("repeats", "withdrawn, never announced", .ignored) { _ in
        update(withdrawn: [24, 10, 99, 1, 32, 192, 0, 2, 1, 0])
    },
]

/// Without these the prefix cannot be believed (RFC 7606 §3(d)).
private let missing: [Case] = [
    Case("missing", "all attributes", [], .withdrawn),
    Case("missing", "ORIGIN", [path, nextHop], .withdrawn),
    Case("missing", "AS_PATH", [origin, nextHop], .withdrawn),
    Case("missing", "NEXT_HOP", [origin, path], .withdrawn),
    Case("missing", "LOCAL_PREF, inside", good, .withdrawn, isInternal: true),
    Case("missing", "ORIGIN, inside", [path, nextHop, localPref], .withdrawn, isInternal: true),
    Case(
        "missing", "all but an unknown one", [attribute(0xC0, 31, noise(16, seed: 7))], .withdrawn),
    Case("missing", "all but MP_UNREACH_NLRI", [unreach([])], .withdrawn),
    Case("missing", "all but COMMUNITIES", [communities], .withdrawn),
    Case("missing", "ORIGIN of an IPv6 route", .withdrawn6) {
        update(attributes: [reach($0.field6), path])
    },
    Case("missing", "AS_PATH of an IPv6 route", .withdrawn6) {
        update(attributes: [reach($0.field6), origin])
    },
    Case("missing", "all of an IPv6 route", .withdrawn6) { update(attributes: [reach($0.field6)]) },
]

/// RFC 7606 §3(h).
private let strongest: [Case] = [
    Case(
        "strongest", "withdraw over discard",
        good + [attribute(0x40, 5, [1]), attribute(0x80, 4, [1])], .withdrawn),
    Case("strongest", "reset over withdraw", .notification(3, 9)) {
        update(
            attributes: [attribute(0x40, 1, [9]), path, nextHop, attribute(0x80, 14, [0, 2, 1])],
            field: $0.field)
    },
    Case("strongest", "reset of a later attribute over withdraw", .notification(3, 2)) {
        update(
            attributes: [attribute(0x40, 1, []), path, nextHop, attribute(0x40, 99)],
            field: $0.field)
    },
    Case("strongest", "reset of a prefix over withdraw", .notification(3, 10)) {
        update(attributes: [attribute(0x40, 1, []), path, nextHop], field: $0.field + tooLong)
    },
    Case("strongest", "all malformed, and the withdrawals count", .withdrawn) {
        update(
            attributes: [attribute(0x40, 1, []), attribute(0x40, 2, [1]), attribute(0x40, 3, [])],
            field: $0.field)
    },
]

let framingCases: [Case] = joined(
    lengths, residues.map { Case("framing", $0.0, good + [$0.1], .withdrawn) }, repeats, missing,
    strongest)
