// Attributes that this daemon does not read, above all those that have reset many networks: what is
// optional and transitive is passed on byte by byte with the partial bit set (RFC 4271 §5), what
// is optional alone is dropped, and only what claims to be well known ends the session. And the
// leftovers of 2-octet AS numbers (RFC 6793).

/// With the partial bit, as it must be told onward.
private func partial(_ attribute: Bytes) -> Bytes { [attribute[0] | 0x20] + attribute.dropFirst() }

private func passedOn(_ name: String, _ attributes: Bytes...) -> Case {
    Case("unknown", name, good + attributes, .told(with: attributes.map(partial)))
}

/// Types that others read; 32 and 35 are ours too.
private let killerTypes: Bytes = (20...40).filter { $0 != 32 && $0 != 35 }

private let killers: [Case] = killerTypes.flatMap { type -> [Case] in
    let broken = attribute(0xC0, type, noise(13, seed: UInt64(type)))
    let empty = attribute(0xC0, type)
    // RFC 7606 and its kin withdraw what they know to be malformed; we do not look inside.
    return [
        Case(
            "killers", "type \(type) of noise", good + [broken],
            .either(.told(with: [partial(broken)]), .either(.told(without: [type]), .withdrawn))),
        Case(
            "killers", "type \(type) of no bytes", good + [empty],
            .either(.told(with: [partial(empty)]), .either(.told(without: [type]), .withdrawn))),
    ]
}

private func hundred(_ flags: UInt8) -> [Bytes] {
    (100..<200 as Range<UInt8>).map { attribute(flags, $0, [$0]) }
}

private let history: [Case] = [
    passedOn("99 of 3000 bytes (2010)", attribute(0xD0, 99, noise(3000, seed: 10))),
    passedOn("255 (2019)", attribute(0xC0, 255, noise(28, seed: 11))),
    passedOn("28, a corrupt entropy label (2023)", attribute(0xC0, 28, [0xFF])),
    passedOn("23, a tunnel past its end (2023)", attribute(0xC0, 23, [0, 7, 0, 0xFF, 1, 0xFF])),
    passedOn("40 of zeros (2025)", attribute(0xC0, 40, zeros(37))),
    passedOn("40, a sub-TLV past its end", attribute(0xC0, 40, [1, 0, 0xFF, 0, 0, 0])),
    passedOn("39, a TLV below what is left", attribute(0xC0, 39, [0, 1, 1, 0, 0, 1, 0, 0xFF])),
    passedOn("26, a TLV past its end", attribute(0xC0, 26, [1, 0, 200, 0, 0])),
    passedOn("128, a set of attributes that is none", attribute(0xC0, 128, noise(40, seed: 12))),
    passedOn("25 of 19 bytes", attribute(0xC0, 25, noise(19, seed: 13))),
    passedOn("type 0", attribute(0xC0, 0, [1, 2, 3])),
    passedOn("with a wide length that was not needed", attribute(0xD0, 99, [1])),
    passedOn("that is partial already", attribute(0xE0, 99, [1])),
    Case(
        "unknown", "with low bits in its flags", good + [attribute(0xCF, 100, [1])],
        .told(with: [attribute(0xE0, 100, [1])])),
    Case(
        "unknown", "100 different ones",
        good + hundred(0xC0), .told(with: hundred(0xE0))),
    Case(
        "unknown", "100 of them, in falling order",
        good + hundred(0xC0).reversed(), .told(with: hundred(0xE0))),
    Case("unknown", "not transitive", good + [attribute(0x80, 99, [1])], .told(without: [99])),
    Case(
        "unknown", "not transitive, 3000 bytes",
        good + [attribute(0x90, 99, noise(3000, seed: 14))], .told(without: [99])),
    Case(
        "unknown", "not transitive, partial", good + [attribute(0xA0, 99, [1])],
        .told(without: [99])),
    Case(
        "unknown", "well known 41", good + [attribute(0x40, 41, [1])],
        .notification(3, 2, attribute(0x40, 41, [1]))),
    Case(
        "unknown", "well known 0", good + [attribute(0x40, 0)],
        .notification(3, 2, attribute(0x40, 0))),
    Case(
        "unknown", "well known 255, not transitive", good + [attribute(0x00, 255, [1])],
        .notification(3, 2, attribute(0x00, 255, [1]))),
    Case(
        "unknown", "well known of 3000 bytes", good + [attribute(0x50, 99, noise(3000, seed: 15))],
        .notification(3, 2, attribute(0x50, 99, noise(3000, seed: 15)))),
    // What fits a message here may not fit it with our AS in front: one peer is told, the other,
    // which takes 4096 bytes, is not. Neither session may suffer.
    Case(
        group: "unknown", name: "attributes that fill a message of 4096",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            let place = conversation.place
            conversation.send(
                update(attributes: good + [filler(good, messageLength: 4096)], field: place.field))
            let outcome = conversation.outcome(conversation.probe())
            try conversation.poll("the peer of long messages is not told") {
                conversation.attributes(of: place.route)[0] != nil
            }
            pause(0.2)
            guard conversation.attributes(of: place.route)[1] == nil else {
                throw Failure("the peer of short messages was told what does not fit")
            }
            return outcome
        }, reaction: .established),
    Case(
        group: "AS_PATH", name: "of 3000 hops in a long message",
        opening: Open(more: [extendedMessages]),
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            let numbers = [Numbers.hostile] + [UInt32](repeating: 65001, count: 2999)
            let bytes = stride(from: 0, to: 3000, by: 250).flatMap {
                segment(2, Array(numbers[$0..<$0 + 250]))
            }
            let place = conversation.place
            conversation.send(
                update(attributes: [origin, asPath(bytes: bytes), nextHop], field: place.field))
            let outcome = conversation.outcome(conversation.probe())
            try conversation.poll("the peer of long messages is not told") {
                conversation.attributes(of: place.route)[0] != nil
            }
            return outcome
        }, reaction: .established),
]

private let old = Open(asn: nil)
private let narrow = attribute(0x40, 2, [2, 1] + u16(65066))
private func oldCase(_ name: String, _ attributes: [Bytes], _ reaction: Reaction) -> Case {
    Case("2-octet", name, [origin] + attributes + [nextHop], reaction, opening: old)
}
private func narrowPath(_ numbers: Int...) -> Bytes {
    attribute(0x40, 2, [2, UInt8(numbers.count)] + numbers.flatMap(u16))
}
private func as4Path(_ numbers: UInt32...) -> Bytes { attribute(0xC0, 17, segment(2, numbers)) }

private let narrowCases: [Case] = [
    oldCase("a plain path", [narrow], .told()),
    oldCase(
        "AS4_PATH merged", [narrowPath(65066, 23456), as4Path(70000)],
        .told(path: behindEdge(65066, 70000), without: [17])),
    oldCase("AS4_PATH longer than AS_PATH", [narrow, as4Path(70000, 70001)], .told(without: [17])),
    oldCase(
        "AS4_PATH past its end", [narrow, attribute(0xC0, 17, segment(2, [70000], count: 9))],
        .told(without: [17])),
    oldCase("AS4_PATH of no bytes", [narrow, attribute(0xC0, 17)], .told(without: [17])),
    oldCase("AS4_PATH of 1 byte", [narrow, attribute(0xC0, 17, [2])], .told(without: [17])),
    oldCase("AS4_PATH of AS 0", [narrow, as4Path(0)], .told(without: [17])),
    oldCase(
        "AS4_PATH with wrong flags", [narrow, attribute(0x80, 17, segment(2, [70000]))],
        .told(without: [17])),
    oldCase(
        "AS4_PATH in front, malformed", [attribute(0xC0, 17, [2, 3, 0]), narrow],
        .told(without: [17])),
    oldCase(
        "AS4_AGGREGATOR of 7 bytes",
        [narrow, attribute(0xC0, 7, u16(23456) + u32(1)), attribute(0xC0, 18, zeros(7))],
        .told(with: [attribute(0xC0, 7, u32(23456) + u32(1))], without: [18])),
    oldCase(
        "AGGREGATOR of 8 bytes", [narrow, attribute(0xC0, 7, zeros(3) + [1] + u32(1))],
        .told(without: [7])),
    oldCase(
        "AGGREGATOR of AS 0", [narrow, attribute(0xC0, 7, zeros(2) + u32(1))], .told(without: [7])),
    oldCase("a path of 4-octet numbers", [path], .withdrawn),
    oldCase("a path past its end", [attribute(0x40, 2, [2, 2] + u16(65066))], .withdrawn),
    Case("2-octet", "AS4_PATH of a 4-octet speaker", good + [as4Path(70000)], .told(without: [17])),
    Case(
        "2-octet", "AS4_PATH of a 4-octet speaker, malformed",
        good + [attribute(0xC0, 17, [9, 9])], .told(without: [17])),
    Case(
        "2-octet", "AS4_AGGREGATOR of a 4-octet speaker", good + [attribute(0xC0, 18, zeros(3))],
        .told(without: [18])),
]

let unknownCases: [Case] = joined(killers, history, narrowCases)
