// Message headers (RFC 4271 §6.1) and lengths at every boundary of every type (RFC 8654 §4).

private func ascii(_ text: String) -> Bytes { Array(text.utf8) }

/// In place of an OPEN: (name, bytes, subcode, data).
private let first: [(String, Bytes, UInt8, Bytes?)] = [
    ("marker of zeros", message(Kind.open, zeros(10), marker: zeros(16)), 1, nil),
    ("marker with its last bit off", message(4, marker: marker.dropLast() + [0xFE]), 1, nil),
    ("marker with its first bit off", message(4, marker: [0x7F] + marker.dropFirst()), 1, nil),
    ("one wrong byte, and no more", [0x00], 1, nil),
    ("fifteen right bytes and a wrong one", marker.dropLast() + [0x00], 1, nil),
    ("an HTTP request", ascii("GET / HTTP/1.1\r\n\r\n"), 1, nil),
    ("an SSH banner", ascii("SSH-2.0-OpenSSH_9.2p1\r\n"), 1, nil),
    ("a TLS hello", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + noise(505, seed: 1), 1, nil),
    ("noise", noise(4096, seed: 2), 1, nil),
    ("length 0", message(4, length: 0), 2, u16(0)),
    ("length 1", message(4, length: 1), 2, u16(1)),
    ("length 18", message(4, length: 18), 2, u16(18)),
    ("length 4097", message(Kind.open, zeros(4078)), 2, u16(4097)),
    ("length 65535 of an OPEN", message(Kind.open, length: 65535), 2, u16(65535)),
    ("length 65535 of an UPDATE", message(Kind.update, length: 65535), 2, u16(65535)),
    ("OPEN of 19", message(Kind.open), 2, u16(19)),
    ("OPEN of 28", message(Kind.open, zeros(9)), 2, u16(28)),
    ("OPEN of 4097, all there", open(parameters: zeros(4068), count: 255), 2, u16(4097)),
    ("KEEPALIVE of 18", message(Kind.keepalive, length: 18), 2, u16(18)),
    ("KEEPALIVE of 20", message(Kind.keepalive, [0]), 2, u16(20)),
    ("KEEPALIVE of 4096", message(Kind.keepalive, zeros(4077)), 2, u16(4096)),
    ("UPDATE of 22", message(Kind.update, zeros(3)), 2, u16(22)),
    ("NOTIFICATION of 20", message(Kind.notification, [6]), 2, u16(20)),
    ("type 0", message(0), 3, [0]),
    ("type 6", message(6), 3, [6]),
    ("type 7", message(7), 3, [7]),
    ("type 128", message(128), 3, [128]),
    ("type 255", message(255, zeros(100)), 3, [255]),
]

/// On an established session: (name, bytes, subcode, data, with extended messages).
private let established: [(String, Bytes, UInt8, Bytes?, Bool)] = [
    ("marker wrong", message(4, marker: zeros(16)), 1, nil, false),
    (
        "marker wrong behind 5 KEEPALIVEs", repeated(keepalive, 5) + zeros(19), 1, nil,
        false
    ),
    ("length 18", message(2, length: 18), 2, u16(18), false),
    ("KEEPALIVE of 20", message(4, [0]), 2, u16(20), false),
    ("KEEPALIVE of 65535", message(4, zeros(65516)), 2, u16(65535), true),
    ("UPDATE of 22", message(2, zeros(3)), 2, u16(22), false),
    ("UPDATE of 19", message(2), 2, u16(19), false),
    ("UPDATE of 4097, not negotiated", message(2, zeros(4078)), 2, u16(4097), false),
    ("NOTIFICATION of 19", message(3), 2, u16(19), false),
    ("NOTIFICATION of 20", message(3, [6]), 2, u16(20), false),
    ("NOTIFICATION of 4097", message(3, zeros(4078)), 2, u16(4097), false),
    ("ROUTE-REFRESH of 19", message(5), 2, u16(19), false),
    ("ROUTE-REFRESH of 22", message(5, [0, 1, 0]), 2, u16(22), false),
    ("ROUTE-REFRESH of 4097", message(5, zeros(4078)), 2, u16(4097), false),
    ("OPEN of 4097 with extended messages", message(1, zeros(4078)), 2, u16(4097), true),
    ("type 0", message(0), 3, [0], false),
    ("type 6, as of the old dynamic capabilities", message(6, [1, 0, 64, 0]), 3, [6], false),
    ("type 6 without a body", message(6), 3, [6], false),
    ("type 9 of 65535", message(9, zeros(65516)), 3, [9], true),
    ("type 255", message(255), 3, [255], false),
]

/// An attribute nobody knows that fills an UPDATE for one /24 up to this length.
func filler(_ attributes: [Bytes], messageLength: Int, prefixes: Int = 1) -> Bytes {
    let rest = messageLength - 23 - attributes.reduce(0) { $0 + $1.count } - 4 * prefixes - 4
    return attribute(0xD0, 99, noise(rest, seed: 9))
}

private func boundary(_ name: String, _ length: Int, isExtended: Bool) -> Case {
    // Non-transitive, so that what is told onward is short again.
    let filler = [0x90] + filler(good, messageLength: length).dropFirst()
    return Case(
        "header", name, good + [Bytes(filler)], .told(without: [99]),
        opening: isExtended ? Open(more: [extendedMessages]) : Open())
}

let headerCases: [Case] = joined(
    first.map { name, bytes, subcode, data in
        Case(
            group: "header", name: "\(name), before OPEN", act: .opening(bytes),
            reaction: .notification(1, subcode, data))
    },
    established.map { name, bytes, subcode, data, isExtended in
        Case(
            "header", "\(name), established", saying: bytes, .notification(1, subcode, data),
            opening: isExtended ? Open(more: [extendedMessages]) : Open())
    },
    boundaries)

private let boundaries: [Case] = [
    boundary("UPDATE of 4095", 4095, isExtended: false),
    boundary("UPDATE of 4096", 4096, isExtended: false),
    boundary("UPDATE of 4097, negotiated", 4097, isExtended: true),
    boundary("UPDATE of 65534", 65534, isExtended: true),
    boundary("UPDATE of 65535", 65535, isExtended: true),
    Case("header", "UPDATE of 23: End-of-RIB", saying: update(), .ignored),
    Case("header", "many End-of-RIBs", saying: repeated(update(), 50), .ignored),
    Case(
        group: "header", name: "OPEN, KEEPALIVE and UPDATE in one segment",
        act: .script { conversation throws(Failure) in
            try conversation.connect()
            conversation.send(
                Open().bytes + keepalive
                    + update(attributes: good, field: conversation.place.field))
            try conversation.expect(Kind.open)
            try conversation.expect(Kind.keepalive)
            return conversation.outcome(conversation.probe())
        }, reaction: .told()),
    Case(
        group: "header", name: "an OPEN a byte at a time",
        act: .script { conversation throws(Failure) in
            try conversation.connect()
            for byte in Open().bytes {
                conversation.send([byte])
                pause(0.002)
            }
            try conversation.expect(Kind.open)
            try conversation.expect(Kind.keepalive)
            conversation.send(keepalive)
            return conversation.outcome(conversation.probe())
        }, reaction: .established),
    Case(
        group: "header", name: "an UPDATE a byte at a time",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            for byte in update(attributes: good, field: conversation.place.field) {
                conversation.send([byte])
                pause(0.002)
            }
            return conversation.outcome(conversation.probe())
        }, reaction: .told()),
    Case(
        group: "header", name: "a header that stops at its length",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            conversation.send(Bytes(message(2, length: 4097).prefix(18)))
            return conversation.outcome(conversation.ending(within: 5))
        }, reaction: .notification(1, 2, u16(4097))),
]
