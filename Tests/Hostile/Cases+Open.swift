// OPEN (RFC 4271 §6.2, RFC 6286, RFC 7607), its optional parameters (RFC 5492, RFC 9072), and
// capabilities of every malformed kind. A capability that is malformed inside may be ignored or
// refused by 2/0: what it must not do is harm.

private func refused(
    _ name: String, _ bytes: Bytes, _ subcode: UInt8, _ data: Bytes? = nil,
    isInternal: Bool = false
) -> Case {
    Case(
        group: "OPEN", name: name, isInternal: isInternal, act: .opening(bytes),
        reaction: .notification(2, subcode, data))
}

/// The session is established and serves; `opening` is what is said in place of a usual OPEN.
private func taken(
    _ group: String, _ name: String, _ opening: Open, isInternal: Bool = false,
    orRefused: [UInt8] = []
) -> Case {
    Case(
        group: group, name: name, opening: opening, isInternal: isInternal,
        act: .opening(opening.bytes),
        reaction: orRefused.reduce(.established) { .either($0, .notification(2, $1)) })
}

private func parameters(_ bytes: Bytes, count: Int? = nil) -> Open {
    Open(tail: [UInt8(count ?? bytes.count)] + bytes)
}

private let usual = Open().capabilities
private func long(_ bytes: Bytes, total: Int? = nil, count: UInt8 = 255) -> Open {
    Open(tail: [count, 255] + u16(total ?? bytes.count) + bytes)
}

private let versions: [Case] = ([0, 1, 3, 5, 255] as Bytes).map { version in
    refused("version \(version)", open { $0.version = version }, 1, u16(4))
}

private let fields: [Case] = [
    refused(
        "AS 0 without the 4-octet capability", open { ($0.shortASN, $0.asn) = (0, nil) }, 2),
    refused("AS 0 in the 4-octet capability", open { $0.asn = 0 }, 2),
    refused("AS 0 in the short field", open { $0.shortASN = 0 }, 2),
    refused("another AS", open { ($0.shortASN, $0.asn) = (65001, 65001) }, 2),
    refused("another AS in the capability", open { $0.asn = 65001 }, 2),
    refused("another AS, 2 octets", open { ($0.shortASN, $0.asn) = (65001, nil) }, 2),
    refused(
        "AS_TRANS without the capability", open { ($0.shortASN, $0.asn) = (23456, nil) }, 2),
    refused("our AS", open { ($0.shortASN, $0.asn) = (64600, 64600) }, 2),
    refused("AS 4294967295", open { ($0.shortASN, $0.asn) = (23456, .max) }, 2),
    refused("identifier 0", open { $0.id = 0 }, 3),
    refused(
        "our identifier, inside",
        open {
            ($0.shortASN, $0.asn) = (64600, 64600)
            $0.id = Numbers.edgeID
        }, 3, isInternal: true),
    taken("OPEN", "our identifier, outside", Open(id: Numbers.edgeID)),
    taken("OPEN", "identifier 255.255.255.255", Open(id: .max)),
    taken("OPEN", "identifier 127.0.0.1", Open(id: 0x7F00_0001)),
    refused("hold time 1", open { $0.hold = 1 }, 6),
    refused("hold time 2", open { $0.hold = 2 }, 6),
    taken("OPEN", "hold time 0", Open(hold: 0)),
    taken("OPEN", "hold time 3", Open(hold: 3)),
    taken("OPEN", "hold time 65535", Open(hold: 65535)),
    taken("OPEN", "a 2-octet speaker", Open(asn: nil)),
    taken("OPEN", "AS_TRANS and the capability", Open(shortASN: 23456)),
    Case(
        group: "OPEN", name: "no optional parameters at all",
        opening: Open(asn: nil, families: []),
        act: .opening(open { $0.tail = [0] }), reaction: .established),
]

private let structure: [Case] = [
    refused("parameters counted, none there", open(parameters: [], count: 4), 0),
    refused("a byte behind the parameters", open(parameters: parameter(2, usual) + [0]), 0),
    refused("parameters counted, all of 255", open(parameters: parameter(2, usual), count: 254), 0),
    refused("parameters not counted", open(parameters: parameter(2, usual), count: 0), 0),
    refused("parameters counted short", open(parameters: parameter(2, usual), count: 3), 0),
    refused("one byte of parameters", open(parameters: [2]), 0),
    refused("a parameter past the end", open(parameters: parameter(2, usual, length: 200)), 0),
    refused(
        "a parameter one byte past", open(parameters: parameter(2, usual, length: usual.count + 1)),
        0),
    refused("a second parameter cut", open(parameters: parameter(2, usual) + [2]), 0),
    refused("parameter type 1, authentication", open(parameters: parameter(1, [0, 1])), 4),
    refused("parameter type 0", open(parameters: parameter(0, [])), 4),
    refused("parameter type 3", open(parameters: parameter(3, [1])), 4),
    refused(
        "parameter type 254 behind good ones",
        open(parameters: parameter(2, usual) + parameter(254, [])), 4),
    refused(
        "a capability past its parameter",
        open(parameters: parameter(2, usual + capability(2, [], length: 4))), 0),
    refused("a capability of one byte", open(parameters: parameter(2, usual + [2])), 0),
    refused(
        "a capability that spans two parameters",
        open(parameters: parameter(2, [65, 4, 0]) + parameter(2, [0, 254, 42])), 0),
    refused("long parameters, length cut", open { $0.tail = [255, 255, 0] }, 0),
    refused("long parameters, the length alone", open { $0.tail = [255, 255, 0, 10] }, 0),
    refused("long parameters, one cut", open { $0.tail = [0xFF, 0xFF, 0, 2, 0, 1] }, 0),
    refused(
        "long parameters, shorter than counted", long(longParameter(2, usual), total: 4000).bytes, 0
    ),
    refused(
        "long parameters, longer than counted", long(longParameter(2, usual), total: 9).bytes, 0),
    refused(
        "long parameters, one past the end", long(longParameter(2, usual, length: 1000)).bytes, 0),
    refused("long parameters with a short one inside", long(parameter(2, usual)).bytes, 0),
    refused(
        "a long parameter of another type",
        long(longParameter(2, usual) + longParameter(1, [])).bytes, 4),
    taken("OPEN", "long parameters", long(longParameter(2, usual))),
    taken(
        "OPEN", "long parameters, first length not 255", long(longParameter(2, usual), count: 20)),
    taken("OPEN", "no long parameters", Open(asn: nil, families: [], tail: [255, 255, 0, 0])),
    taken("OPEN", "an empty parameter", parameters(parameter(2, []) + parameter(2, usual))),
    taken(
        "OPEN", "each capability in its own parameter",
        parameters(
            [multiprotocol(1, 1), multiprotocol(2, 1), fourOctets(Numbers.hostile)].flatMap {
                parameter(2, $0)
            })),
    taken(
        "OPEN", "4096 bytes of long parameters",
        long(
            longParameter(2, usual + capability(200, [1]) + zeros(4096 - 29 - 6 - 3 - usual.count)))
    ),
]

private let ours: Bytes = multiprotocol(1, 1) + multiprotocol(2, 1)

/// Capabilities beside the usual ones.
private let harmless: [(String, [Bytes])] = [
    ("unknown, without a value", [capability(200)]),
    ("unknown, of zero length, 100 times", [Bytes](repeating: capability(0), count: 100)),
    ("unknown, 230 bytes", [capability(222, noise(220, seed: 3))]),
    ("all repeated", [usual]),
    ("IPv4 unicast said five times", [Bytes](repeating: multiprotocol(1, 1), count: 5)),
    ("families that nobody knows", [multiprotocol(0, 0), multiprotocol(65535, 255)]),
    ("families that we do not speak", [multiprotocol(25, 70), multiprotocol(1, 133)]),
]

/// Malformed ones beside the usual ones.
private let malformed: [(String, [Bytes])] = [
    ("multiprotocol of 0 bytes", [capability(1)]),
    ("multiprotocol of 3 bytes", [capability(1, [0, 1, 0])]),
    ("multiprotocol of 5 bytes", [capability(1, [0, 1, 0, 1, 0])]),
    ("route refresh of 1 byte", [capability(2, [0])]),
    ("ORF of 255 entries, none there", [capability(3, [0, 1, 0, 1, 255])]),
    ("ORF of 1 byte", [capability(3, [0])]),
    ("extended next hop of 5 bytes", [capability(5, [0, 1, 0, 1, 0])]),
    ("extended next hop of other families", [capability(5, [0, 9, 0, 9, 0, 9])]),
    ("extended messages of 1 byte", [capability(6, [1])]),
    ("role of 0 bytes", [capability(9)]),
    ("role of 2 bytes", [capability(9, [0, 1])]),
    ("graceful restart of 0 bytes", [capability(64)]),
    ("graceful restart of 1 byte", [capability(64, [0])]),
    ("graceful restart of 3 bytes", [capability(64, [0, 120, 0])]),
    ("graceful restart of 5 bytes", [capability(64, [0, 120, 0, 1, 1])]),
    ("graceful restart of all bits", [capability(64, Bytes(repeating: 255, count: 22))]),
    ("graceful restart twice", [capability(64, [0, 120]), capability(64, [0, 1])]),
    ("dynamic capability of 0 bytes", [capability(67)]),
    ("add-path of 3 bytes", [capability(69, [0, 1, 1])]),
    ("add-path of 5 bytes", [capability(69, [0, 1, 1, 3, 0])]),
    ("add-path with 0 to say", [capability(69, [0, 1, 1, 0])]),
    ("add-path with 255 to say", [capability(69, [0, 1, 1, 255])]),
    ("enhanced refresh of 4 bytes", [capability(70, zeros(4))]),
    ("long-lived restart of 1 byte", [capability(71, [0])]),
    ("long-lived restart of 3 bytes", [capability(71, [0, 1, 1])]),
    ("long-lived restart of 6 bytes", [capability(71, [0, 1, 1, 0, 0, 1])]),
    ("long-lived restart of 8 bytes", [capability(71, zeros(8))]),
    ("FQDN whose host runs past", [capability(73, [255, 0x61, 0x62, 0x63])]),
    ("FQDN without a domain", [capability(73, [1, 0x61])]),
    ("FQDN whose domain runs past", [capability(73, [1, 0x61, 255, 0x62])]),
    ("FQDN of 0 bytes", [capability(73)]),
    ("FQDN of escape sequences", [capability(73, [8] + Array("\u{1B}[2J\r\n\u{7}".utf8) + [0])]),
    ("software version past the end", [capability(75, [255, 0x61])]),
    ("software version of 0 bytes", [capability(75)]),
    (
        "software version of escape sequences",
        [capability(75, [8] + Array("\u{1B}]0;x\u{7}\n\r".utf8))]
    ),
]

private func many(_ value: Bytes) -> Bytes {
    var list: Bytes = []
    for code in 128...254 as ClosedRange<UInt8> { list += capability(code, value) }
    return list
}

let openCases: [Case] = joined(
    versions, fields, structure,
    harmless.map { taken("capabilities", $0.0, Open(more: $0.1)) },
    malformed.map { taken("capabilities", $0.0, Open(more: $0.1), orRefused: [0]) },
    others)

private let others: [Case] = [
    taken(
        "capabilities", "255 unknown ones in long parameters",
        long(
            longParameter(
                2,
                usual + many([1]) + many(zeros(12))))),
    taken(
        "capabilities", "roles that differ",
        Open(more: [capability(9, [0]), capability(9, [3])]), orRefused: [11]),
    taken(
        "capabilities", "a role nobody knows", Open(more: [capability(9, [99])]),
        orRefused: [11]),
    taken(
        "capabilities", "4-octet AS of 0 bytes", Open(asn: nil, more: [capability(65)]),
        orRefused: [0]),
    taken(
        "capabilities", "4-octet AS of 3 bytes",
        Open(asn: nil, more: [capability(65, [0, 254])]), orRefused: [0]),
    taken(
        "capabilities", "4-octet AS of 5 bytes",
        Open(asn: nil, more: [capability(65, zeros(5))]), orRefused: [0]),
    refused(
        "4-octet AS twice, and both others",
        open { ($0.shortASN, $0.asn, $0.more) = (23456, 65001, [fourOctets(65002)]) }, 2),
    refused("only families that we do not speak", open { $0.families = [(25, 65)] }, 7, ours),
    taken("capabilities", "IPv4 alone", Open(families: [(1, 1)])),
    taken(
        "capabilities", "no family said", Open(families: [])),
]
