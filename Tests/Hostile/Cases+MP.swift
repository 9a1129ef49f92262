// MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 §7, RFC 7606 §5.3 and §7.11): what cannot be parsed
// ends the session, families that were not agreed are not looked into, and prefixes inside are
// withdrawn whatever is wrong elsewhere in the message. And ROUTE-REFRESH (RFC 2918, RFC 7313).

private func reset(_ name: String, _ attributes: @escaping @Sendable (Place) -> [Bytes]) -> Case {
    Case("MP", name, .either(.notification(3, 9), .notification(3, 1))) {
        update(attributes: attributes($0))
    }
}

/// An UPDATE of the case's IPv6 prefix.
private func route6(
    _ name: String, _ reaction: Reaction, isInternal: Bool = false,
    _ attributes: @escaping @Sendable (Bytes) -> [Bytes]
) -> Case {
    Case("MP", name, reaction, isInternal: isInternal) {
        update(attributes: attributes($0.field6))
    }
}

private let short: [Case] = (0...4).map { length in
    reset("MP_REACH_NLRI of \(length) bytes") { _ in
        [attribute(0x80, 14, Bytes([0, 2, 1, 16].prefix(length))), origin, path]
    }
}

private let hops: [Case] = [0, 3, 8, 15, 17, 24, 33, 48].map { length in
    reset("a next hop of \(length) bytes") {
        [reach(nextHop: noise(length, seed: 16), $0.field6), origin, path]
    }
}

private let resets: [Case] = [
    reset("a next hop past the end") {
        [reach(nextHopLength: 255, $0.field6), origin, path]
    },
    reset("a next hop that leaves no reserved byte") {
        [reach(nextHopLength: 22, $0.field6), origin, path]
    },
    reset("an IPv6 prefix of 129 bits") {
        [reach($0.field6 + [129] + zeros(17)), origin, path]
    },
    reset("an IPv6 prefix of 255 bits") { [reach([255] + $0.field6), origin, path] },
    reset("an IPv6 prefix past the end") { [reach($0.field6 + [64, 0xFD]), origin, path] },
    reset("MP_REACH_NLRI of IPv4 with a next hop of 3") {
        [reach(afi: 1, nextHop: [10, 66, 4], $0.field), origin, path]
    },
    reset("MP_REACH_NLRI of IPv4 with 33 bits") { _ in
        [reach(afi: 1, nextHop: [10, 66, 4, 9], [33] + zeros(5)), origin, path]
    },
    reset("MP_REACH_NLRI past the list's end") { _ in
        [origin, path, [0x80, 14, 40, 0, 2, 1, 16]]
    },
    reset("MP_UNREACH_NLRI past the list's end") { _ in [[0x80, 15, 40, 0, 2, 1]] },
    reset("MP_UNREACH_NLRI of 0 bytes") { _ in [attribute(0x80, 15)] },
    reset("MP_UNREACH_NLRI of 1 byte") { _ in [attribute(0x80, 15, [0])] },
    reset("MP_UNREACH_NLRI of 2 bytes") { _ in [attribute(0x80, 15, [0, 2])] },
    reset("a withdrawn IPv6 prefix of 129 bits") { _ in [unreach([129] + zeros(17))] },
    reset("a withdrawn IPv6 prefix past the end") { _ in [unreach([64, 0xFD, 0x10])] },
]

private let routes: [Case] = [
    route6("a good IPv6 route", .told6) { [reach($0), origin, path] },
    route6("MP_REACH_NLRI behind all others", .told6) { [origin, path, communities, reach($0)] },
    route6("a reserved byte that is not 0", .told6) { [reach(reserved: 255, $0), origin, path] },
    route6("a next hop with a link-local one behind", .told6) {
        [reach(nextHop: nextHop6 + [0xFE, 0x80] + zeros(13) + [9], $0), origin, path]
    },
    route6("NEXT_HOP beside it", .told6) { [reach($0), origin, path, nextHop] },
    route6("a bad ORIGIN in front", .withdrawn6) { [attribute(0x40, 1, [7]), path, reach($0)] },
    route6("a bad ORIGIN behind", .withdrawn6) { [reach($0), path, attribute(0x40, 1, [7])] },
    route6("a bad AS_PATH in front", .withdrawn6) { [origin, asPath(bytes: [2]), reach($0)] },
    route6("bad COMMUNITIES behind", .withdrawn6) {
        [reach($0), origin, path, attribute(0xC0, 8, [1])]
    },
    route6("one byte left over behind", .withdrawn6) { [reach($0), origin, path, [0x40]] },
    route6("an attribute past the end behind", .withdrawn6) {
        [reach($0), origin, path, [0x80, 4, 9, 1]]
    },
    route6("MP_REACH_NLRI as transitive", .withdrawn6) { [reach($0, flags: 0xC0), origin, path] },
    route6("MP_REACH_NLRI as well known", .withdrawn6) { [reach($0, flags: 0x40), origin, path] },
    route6("MP_UNREACH_NLRI as transitive", .withdrawn6) { [unreach($0, flags: 0xC0)] },
    route6("next hop ::", .withdrawn6) { [reach(nextHop: zeros(16), $0), origin, path] },
    route6("next hop ::1", .withdrawn6) { [reach(nextHop: zeros(15) + [1], $0), origin, path] },
    route6("next hop ff02::1", .withdrawn6) {
        [reach(nextHop: [0xFF, 2] + zeros(13) + [1], $0), origin, path]
    },
    route6("LOCAL_PREF missing, inside", .withdrawn6, isInternal: true) {
        [reach($0), origin, path]
    },
    Case("MP", "a withdrawal", .withdrawn6) { update(attributes: [unreach($0.field6)]) },
    Case("MP", "an IPv4 route in MP_REACH_NLRI", .told()) {
        update(attributes: [reach(afi: 1, nextHop: [10, 66, 4, 9], $0.field), origin, path])
    },
    Case("MP", "both routes malformed in one message", .withdrawn) {
        update(
            attributes: [reach($0.field6), attribute(0x40, 1, [9]), path, nextHop], field: $0.field)
    },
    Case("MP", "both routes malformed, the IPv6 one", .withdrawn6) {
        update(
            attributes: [reach($0.field6), attribute(0x40, 1, [9]), path, nextHop], field: $0.field)
    },
    Case("MP", "End-of-RIB of IPv6", saying: update(attributes: [unreach([])]), .ignored),
    Case(
        "MP", "MP_REACH_NLRI without a prefix",
        saying: update(attributes: [reach([]), origin, path]), .ignored),
]

/// Families that were not agreed: (name, afi, safi, what stands behind).
private let strange: [(String, Int, UInt8, Bytes)] = [
    ("flowspec", 1, 133, [0] + [0xF0, 1] + noise(20, seed: 17)),
    ("IPv6 flowspec", 2, 133, noise(30, seed: 18)),
    ("labels past the end", 1, 4, [8, 0, 0]),
    ("VPN routes", 1, 128, noise(11, seed: 19)),
    ("EVPN", 25, 70, [1, 255, 0]),
    ("BGP-LS", 16388, 71, noise(40, seed: 20)),
    ("IPv4 multicast", 1, 2, [33] + zeros(5)),
    ("AFI 0", 0, 0, [255]),
    ("AFI 65535", 65535, 255, [255]),
]

private let foreign: [Case] = strange.flatMap { name, afi, safi, field in
    [
        Case("MP", "\(name), announced", .ignored) { _ in
            let attribute = reach(afi: afi, safi: safi, nextHop: [10, 66, 4, 9], field)
            return update(attributes: [attribute, origin, path])
        },
        Case("MP", "\(name), withdrawn", .ignored) { _ in
            update(attributes: [unreach(afi: afi, safi: safi, field)])
        },
    ]
}

private let unagreed: [Case] = [
    Case("MP", "IPv6 where only IPv4 was agreed", .withdrawn6, opening: Open(families: [(1, 1)])) {
        update(attributes: [reach([129] + $0.field6), origin, path])
    },
    Case("MP", "other families with a next hop past the end", .ignored) { _ in
        update(attributes: [reach(afi: 1, safi: 133, nextHopLength: 255, []), origin, path])
    },
]

private let refreshBytes: [(String, Bytes)] = [
    ("of a family that was not agreed", refresh(afi: 1, safi: 128)),
    ("of AFI 65535", refresh(afi: 65535, safi: 255)),
    ("of subtype 3", refresh(subtype: 3)),
    ("of subtype 255", refresh(subtype: 255)),
    ("with ORF entries past the end", refresh(more: [1, 0x40, 0xFF, 0xFF])),
    ("with ORF entries of zeros", refresh(more: zeros(4000))),
    ("a begin that was not agreed", refresh(subtype: 1)),
    ("an end that was not agreed", refresh(subtype: 2)),
    ("one byte behind", refresh(more: [0])),
]

let familyCases: [Case] = joined(
    short, hops, resets, routes, foreign, unagreed,
    refreshBytes.map { Case("refresh", $0.0, saying: $0.1, .ignored) }, refreshes)

private let refreshes: [Case] = [
    Case(
        "refresh", "a begin with one byte behind", saying: refresh(subtype: 1, more: [0]),
        .either(.ignored, .notification(7, 1, refresh(subtype: 1, more: [0])))),
    Case(
        "refresh", "a begin with one byte behind, both sides enhanced",
        saying: refresh(subtype: 1, more: [0]), .either(.ignored, .notification(7, 1)),
        opening: Open(more: [capability(70)])),
    Case(
        group: "refresh", name: "brings all routes again",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            for _ in 0..<3 {
                try conversation.hear(2 * GoodPeer.blockSize)
                conversation.send(refresh())
            }
            return conversation.outcome(conversation.probe())
        }, reaction: .established),
]
