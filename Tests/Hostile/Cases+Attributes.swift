// Every attribute of RFC 7606 §7 in each of its malformed forms. Where the answer is to withdraw,
// the route was announced in good form first: to forget the withdrawal is the quietest failure.

/// One attribute with a value of these lengths, flags and values: (name, bytes, reaction).
private func forms(
    _ name: String, type: UInt8, flags: UInt8, lengths: [Int] = [], wrongFlags: [UInt8] = [],
    value: Bytes, isInternal: Bool = false, instead: Bool = false, _ reaction: Reaction
) -> [Case] {
    let others = (isInternal ? good + [localPref] : good).filter { !instead || $0[1] != type }
    let inside = isInternal ? ", inside" : ""
    func form(_ what: String, _ bytes: Bytes) -> Case {
        Case("attributes", name + what + inside, others + [bytes], reaction, isInternal: isInternal)
    }
    return joined(
        lengths.map {
            form(" of \($0) bytes", attribute(flags, type, noise($0, seed: UInt64(type))))
        },
        wrongFlags.map {
            form(" with flags \(String($0, radix: 16))", attribute($0, type, value))
        })
}

private let aggregator = attribute(0xC0, 7, u32(65066) + [192, 0, 2, 66])
private let extended = attribute(0xC0, 16, [0, 2] + u16(65066) + u32(7))
private let large = attribute(0xC0, 32, u32(65066) + u32(1) + u32(2))

/// What is right must not be refused by all that follows.
private let right: [Case] = [
    Case(
        "attributes", "all that are known, in good form",
        good + [
            attribute(0x80, 4, u32(10)), attribute(0x40, 6), aggregator, communities, extended,
            large,
        ],
        .told(with: [attribute(0x40, 6), aggregator, communities, extended, large], without: [4])),
    Case(
        "attributes", "in reverse order",
        (good + [attribute(0x40, 6), aggregator, communities, extended, large]).reversed(),
        .told(with: [attribute(0x40, 6), aggregator, communities, extended, large])),
    Case(
        "attributes", "ORIGIN EGP", [attribute(0x40, 1, [1]), path, nextHop],
        .told(with: [attribute(0x40, 1, [1])])),
    Case(
        "attributes", "ORIGIN incomplete", [attribute(0x40, 1, [2]), path, nextHop],
        .told(with: [attribute(0x40, 1, [2])])),
    Case(
        "attributes", "ORIGIN with a wide length", [attribute(0x50, 1, [0]), path, nextHop],
        .told(with: [origin])),
    Case(
        "attributes", "ORIGIN with the partial bit", [attribute(0x60, 1, [0]), path, nextHop],
        .told(with: [origin])),
    Case(
        "attributes", "ORIGIN with low bits in its flags",
        [attribute(0x4F, 1, [0]), path, nextHop], .told(with: [origin])),
    Case(
        "attributes", "COMMUNITIES with a wide length",
        good + [attribute(0xD0, 8, u32(65066 << 16 | 7))], .told(with: [communities])),
    Case(
        "attributes", "900 communities",
        good + [attribute(0xC0, 8, (1...900).flatMap { u32(65066 << 16 | $0) })],
        .told(with: [attribute(0xC0, 8, (1...900).flatMap { u32(65066 << 16 | $0) })])),
    Case(
        "attributes", "extended communities of no known type",
        good + [attribute(0xC0, 16, noise(64, seed: 8))],
        .told(with: [attribute(0xC0, 16, noise(64, seed: 8))])),
    Case(
        "attributes", "an empty path, inside", [origin, asPath(bytes: []), nextHop, localPref],
        .told(path: behindEdge()), isInternal: true),
]

private let origins: [Case] = ([3, 127, 255] as Bytes).map { value in
    Case("attributes", "ORIGIN \(value)", [attribute(0x40, 1, [value]), path, nextHop], .withdrawn)
}

private let addresses: [(String, Bytes)] = [
    ("0.0.0.0", [0, 0, 0, 0]), ("127.0.0.1", [127, 0, 0, 1]), ("224.0.0.5", [224, 0, 0, 5]),
    ("255.255.255.255", [255, 255, 255, 255]), ("our own address", [10, 66, 0, 1]),
    ("somewhere else", [198, 51, 100, 1]),
]

private let nextHops: [Case] = addresses.map { name, bytes in
    Case("attributes", "NEXT_HOP \(name)", [origin, path, attribute(0x40, 3, bytes)], .withdrawn)
}

private let noAggregator = Case(
    "attributes", "AGGREGATOR of AS 0", good + [attribute(0xC0, 7, zeros(4) + u32(1))],
    .told(without: [7]))

private let wellKnown: [Case] = joined(
    origins, nextHops,
    forms(
        "ORIGIN", type: 1, flags: 0x40, lengths: [0, 2, 255, 256], wrongFlags: [0xC0, 0x80, 0x00],
        value: [0], instead: true, .withdrawn),
    forms(
        "ORIGIN", type: 1, flags: 0x40, lengths: [0], value: [0], isInternal: true, instead: true,
        .withdrawn),
    forms(
        "AS_PATH", type: 2, flags: 0x40, wrongFlags: [0xC0, 0x80, 0x00],
        value: segment(2, [Numbers.hostile]), instead: true, .withdrawn),
    forms(
        "NEXT_HOP", type: 3, flags: 0x40, lengths: [0, 1, 3, 5, 16],
        wrongFlags: [0xC0, 0x80, 0x00], value: [10, 66, 4, 9], instead: true, .withdrawn),
    forms(
        "LOCAL_PREF", type: 5, flags: 0x40, lengths: [0, 3, 4, 5], wrongFlags: [0xC0, 0x80],
        value: u32(1), .told(without: [5])),
    forms(
        "LOCAL_PREF", type: 5, flags: 0x40, lengths: [0, 3, 5], wrongFlags: [0xC0, 0x80],
        value: u32(1), isInternal: true, instead: true, .withdrawn),
    forms(
        "ATOMIC_AGGREGATE", type: 6, flags: 0x40, lengths: [1, 4], wrongFlags: [0xC0, 0x00],
        value: [], .told(without: [6])))

private let optional: [Case] = joined(
    [noAggregator],
    forms(
        "MED", type: 4, flags: 0x80, lengths: [0, 3, 5, 8], wrongFlags: [0xC0, 0x40, 0x00],
        value: u32(1), .withdrawn),
    forms(
        "AGGREGATOR", type: 7, flags: 0xC0, lengths: [0, 6, 7, 9], wrongFlags: [0x80, 0x40],
        value: u32(65066) + u32(1), .told(without: [7])),
    forms(
        "COMMUNITIES", type: 8, flags: 0xC0, lengths: [0, 1, 3, 5, 255],
        wrongFlags: [0x80, 0x40, 0x00], value: u32(7), .withdrawn),
    forms(
        "ORIGINATOR_ID", type: 9, flags: 0x80, lengths: [0, 3, 4, 5], wrongFlags: [0xC0],
        value: u32(1), .told(without: [9])),
    forms(
        "ORIGINATOR_ID", type: 9, flags: 0x80, lengths: [0, 3, 5], wrongFlags: [0xC0, 0x40],
        value: u32(1), isInternal: true, .withdrawn),
    forms(
        "CLUSTER_LIST", type: 10, flags: 0x80, lengths: [0, 3, 4], wrongFlags: [0xC0],
        value: u32(1), .told(without: [10])),
    forms(
        "CLUSTER_LIST", type: 10, flags: 0x80, lengths: [0, 3, 5, 6], wrongFlags: [0xC0, 0x40],
        value: u32(1), isInternal: true, .withdrawn),
    forms(
        "EXTENDED COMMUNITIES", type: 16, flags: 0xC0, lengths: [0, 1, 7, 9],
        wrongFlags: [0x80, 0x40], value: zeros(8), .withdrawn),
    forms(
        "LARGE_COMMUNITY", type: 32, flags: 0xC0, lengths: [0, 1, 11, 13],
        wrongFlags: [0x80, 0x40], value: zeros(12), .withdrawn),
    forms(
        "ONLY_TO_CUSTOMER", type: 35, flags: 0xC0, lengths: [0, 3, 5, 1024],
        wrongFlags: [0x80, 0x40], value: u32(65066), .withdrawn))

/// AS_PATH by its bytes, from outside: (name, value).
private let brokenPaths: [(String, Bytes)] = [
    ("of an unknown segment type", segment(5, [Numbers.hostile])),
    ("of segment type 0", segment(0, [Numbers.hostile])),
    ("of segment type 255", segment(255, [Numbers.hostile])),
    ("of one byte", [2]),
    ("with one byte behind", segment(2, [Numbers.hostile]) + [2]),
    ("of an empty segment", [2, 0]),
    ("with an empty segment behind", segment(2, [Numbers.hostile]) + [2, 0]),
    ("with a segment past the end", segment(2, [Numbers.hostile], count: 2)),
    ("with a segment of 255 past the end", segment(2, [Numbers.hostile], count: 255)),
    ("cut inside a number", segment(2, [Numbers.hostile]).dropLast()),
    ("of 2-octet numbers", [2, 1] + u16(65066)),
    ("with AS 0 first", segment(2, [0, Numbers.hostile])),
    ("with AS 0 last", segment(2, [Numbers.hostile, 0])),
    ("with AS 0 in a set", segment(2, [Numbers.hostile]) + segment(1, [0])),
    ("with AS_SET", segment(2, [Numbers.hostile]) + segment(1, [65001, 65002])),
    ("of AS_SET alone", segment(1, [Numbers.hostile])),
    ("with a confederation's sequence", segment(3, [Numbers.hostile])),
    ("with a confederation's set", segment(4, [Numbers.hostile])),
    ("with a confederation's sequence behind", segment(2, [Numbers.hostile]) + segment(3, [65001])),
    ("with a confederation's sequence of 255", segment(3, [UInt32](repeating: 65001, count: 255))),
    ("that begins with another AS", segment(2, [65001, Numbers.hostile])),
    ("that is empty", []),
    ("with our own AS", segment(2, [Numbers.hostile, Numbers.edge])),
]

private func longPath(_ name: String, _ value: Bytes, told: Bytes, isExtended: Bool = false) -> Case
{
    Case(
        "AS_PATH", name, [origin, asPath(bytes: value), nextHop], .told(path: told),
        opening: isExtended ? Open(more: [extendedMessages]) : Open())
}

private func hops(_ count: Int) -> [UInt32] {
    [Numbers.hostile] + (1..<count).map { 64512 + UInt32($0 % 50) }
}
private func segments(_ numbers: [UInt32]) -> Bytes {
    stride(from: 0, to: numbers.count, by: 255).flatMap {
        segment(2, Array(numbers[$0..<min($0 + 255, numbers.count)]))
    }
}
/// The edge's AS in a segment of its own, since the first one is full.
private let edgeAlone = segment(2, [Numbers.edge])

private let broken: [Case] = brokenPaths.map { name, value in
    Case("AS_PATH", name, [origin, asPath(bytes: value), nextHop], .withdrawn)
}

private let longPaths: [Case] = [
    longPath(
        "of two sequences", segment(2, [Numbers.hostile]) + segment(2, [65001]),
        told: segment(2, [Numbers.edge, Numbers.hostile]) + segment(2, [65001])),
    longPath("of 254 hops", segments(hops(254)), told: segment(2, [Numbers.edge] + hops(254))),
    longPath("of 255 hops", segments(hops(255)), told: edgeAlone + segments(hops(255))),
    longPath("of 256 hops", segments(hops(256)), told: edgeAlone + segments(hops(256))),
    longPath("of 1000 hops", segments(hops(1000)), told: edgeAlone + segments(hops(1000))),
    longPath(
        "with AS_TRANS", segment(2, [Numbers.hostile, 23456]),
        told: behindEdge(Numbers.hostile, 23456)),
    longPath(
        "with the largest AS", segment(2, [Numbers.hostile, .max]),
        told: behindEdge(Numbers.hostile, .max)),
    Case(
        "AS_PATH", "confederation, inside",
        [origin, asPath(bytes: segment(3, [65001])), nextHop, localPref],
        .withdrawn, isInternal: true),
    Case(
        "AS_PATH", "AS 0, inside", [origin, asPath(0), nextHop, localPref], .withdrawn,
        isInternal: true),
]

let attributeCases: [Case] = joined(right, wellKnown, optional, broken, longPaths)
