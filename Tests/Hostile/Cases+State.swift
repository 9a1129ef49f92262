// Messages that come in a state that has no place for them (RFC 4271 §8.2.2, RFC 6608),
// NOTIFICATIONs of every kind (RFC 9003), and connections that end or multiply at any moment.

private let someUpdate = update(attributes: good, field: [24, 10, 99, 99])

private let before: [(String, Bytes, UInt8)] = [
    ("an UPDATE", someUpdate, Kind.update), ("a KEEPALIVE", keepalive, Kind.keepalive),
    ("a ROUTE-REFRESH", refresh(), Kind.refresh),
]

private let unconfirmed: [(String, Bytes, UInt8)] = [
    ("an UPDATE", someUpdate, Kind.update), ("an OPEN", Open().bytes, Kind.open),
    ("a ROUTE-REFRESH", refresh(), Kind.refresh),
]

private let confirmed: [Case] = [
    Case(
        "states", "an OPEN when established", saying: Open().bytes,
        .notification(5, 3, [Kind.open])),
    Case(
        "states", "another OPEN when established", saying: Open(asn: 65001).bytes,
        .notification(5, 3, [Kind.open])),
    Case("states", "KEEPALIVEs when established", saying: repeated(keepalive, 100), .ignored),
]

private let states: [Case] = joined(
    before.map { name, bytes, type in
        Case(
            group: "states", name: "\(name) before OPEN", act: .opening(bytes),
            reaction: .notification(5, 1, [type]))
    },
    unconfirmed.map { name, bytes, type in
        Case(
            group: "states", name: "\(name) before the KEEPALIVE", act: .confirming(bytes),
            reaction: .notification(5, 2, [type]))
    },
    confirmed)

private func text(_ text: String, length: Int? = nil) -> Bytes {
    let bytes = Array(text.utf8)
    return [UInt8(length ?? bytes.count)] + bytes
}

/// Every one ends the session without an answer.
private let notifications: [(String, Bytes)] = [
    ("Cease without more", notification(6, 0)),
    ("a shutdown without a text", notification(6, 2)),
    ("a shutdown with an empty text", notification(6, 2, [0])),
    ("a shutdown text of 128 bytes", notification(6, 2, text(String(repeating: "a", count: 128)))),
    ("a shutdown text of 255 bytes", notification(6, 2, text(String(repeating: "b", count: 255)))),
    ("a shutdown text past the end", notification(6, 2, text("short", length: 255))),
    ("a shutdown text of half its bytes", notification(6, 4, text("half and half", length: 4))),
    (
        "a shutdown text that is not UTF-8",
        notification(6, 2, [6, 0xC3, 0x28, 0xF0, 0x28, 0x8C, 0xFF])
    ),
    (
        "a shutdown text of escape sequences",
        notification(6, 2, text("\u{1B}]0;pwned\u{7}\u{1B}[2J\u{1B}[31mred"))
    ),
    (
        "a shutdown text of lines",
        notification(6, 2, text("\r\nlevel=error event=\"all is lost\"\n\n"))
    ),
    (
        "a shutdown text that runs backwards",
        notification(6, 4, text("\u{202E}txt.exe\u{2066}\u{200B}\u{9B}31m\u{85}"))
    ),
    ("a shutdown text of zeros", notification(6, 2, [32] + zeros(32))),
    ("a hard reset with a shutdown inside", notification(6, 9, [6, 2] + text("\u{1B}c"))),
    ("a hard reset without a code", notification(6, 9)),
    ("code 0", notification(0, 0)),
    ("code 255", notification(255, 255, noise(64, seed: 4))),
    ("4096 bytes", notification(6, 2, noise(4075, seed: 5))),
    ("an unsupported capability", notification(2, 7, [1, 4, 0, 1, 0, 1])),
    ("hold timer expired", notification(4, 0)),
    ("an UPDATE error with data", notification(3, 1, noise(200, seed: 6))),
]

/// A connection that ends in the middle of what it says.
private func cut(_ name: String, _ bytes: Bytes, isReset: Bool, before: Bool) -> Case {
    Case(
        group: "ends", name: "\(isReset ? "RST" : "FIN") in \(name)",
        act: .script { conversation throws(Failure) in
            if before {
                try conversation.connect()
            } else {
                try conversation.establish()
                try conversation.announce()
            }
            conversation.send(Bytes(bytes.prefix(bytes.count * 2 / 3)))
            pause(0.02)
            conversation.drop(reset: isReset)
            if !before {
                try conversation.poll("the routes of a connection that is gone are told") {
                    conversation.attributes(of: conversation.place.route).allSatisfy { $0 == nil }
                }
            }
            pause(0.05)
            try conversation.establish()
            return conversation.outcome(conversation.probe())
        }, reaction: .established)
}

/// What a connection may end in the middle of: (name, bytes).
private let cutBefore: [(String, Bytes)] = [
    ("an OPEN", Open().bytes), ("a header", marker), ("a KEEPALIVE", keepalive),
]

private let cutLater: [(String, Bytes)] = [
    ("an UPDATE", someUpdate), ("a header", marker), ("a KEEPALIVE", keepalive),
    ("a NOTIFICATION", notification(6, 2, text("bye"))), ("a ROUTE-REFRESH", refresh()),
    ("nothing", []),
]

private let cuts: [Case] = [true, false].flatMap { isReset in
    joined(
        cutBefore.map { cut("\($0.0) before OPEN", $0.1, isReset: isReset, before: true) },
        cutLater.map { cut("\($0.0), established", $0.1, isReset: isReset, before: false) })
}

private let ends: [Case] = [
    Case(
        group: "ends", name: "half a close behind a whole UPDATE",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            try conversation.announce()
            conversation.wire?.finish()
            return conversation.outcome(conversation.ending(within: 5))
        }, reaction: .closed),
    Case(
        group: "ends", name: "a second connection beside an established one",
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            try conversation.announce()
            let second = Conversation(
                conversation.place, conversation.stage, Open(), isInternal: false)
            try second.connect()
            second.send(Open().bytes)
            switch second.ending(within: 5) {
            case .closed?, .notification(6, 7, _)?: break
            case let end: throw Failure("the second connection met \(end.described)")
            }
            return conversation.outcome(conversation.probe())
        }, reaction: .ignored),
    Case(
        group: "ends", name: "a second connection beside a silent one",
        act: .script { conversation throws(Failure) in
            let silent = Conversation(
                conversation.place, conversation.stage, Open(), isInternal: false)
            try silent.connect()
            try silent.expect(Kind.open)
            try conversation.establish()
            return conversation.outcome(conversation.probe())
        }, reaction: .established),
]

private let early: [Case] = [
    Case(
        group: "notifications", name: "a shutdown before OPEN",
        act: .opening(notification(6, 2, text("\u{1B}[5mno"))), reaction: .closed),
    Case(
        group: "notifications", name: "a shutdown before the KEEPALIVE",
        act: .confirming(notification(6, 2, text("\u{1B}[5mno"))), reaction: .closed),
    Case(
        group: "notifications", name: "an unsupported parameter before OPEN",
        act: .opening(notification(2, 4)), reaction: .closed),
]

let stateCases: [Case] = joined(
    states, notifications.map { Case("notifications", $0.0, saying: $0.1, .closed) }, early, cuts,
    ends)
