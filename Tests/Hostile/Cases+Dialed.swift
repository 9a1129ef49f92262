// Peers that the daemon dials: what they answer, how it tries again, and which of two connections
// stays when both sides dial at once (RFC 4271 §6.8, RFC 6286).

/// The daemon dials, `deed` is done to its connection, and it must dial again and be served.
private func answered(
    _ name: String, _ reaction: Reaction,
    _ deed: @escaping @Sendable (Conversation) -> Void
) -> Case {
    Case(
        group: "dialed", name: name, link: .dialed,
        act: .script { conversation throws(Failure) in
            let ear = try Ear(at: conversation.place.address)
            conversation.take(try ear.accept(within: 15))
            deed(conversation)
            let end = conversation.wire == nil ? nil : conversation.ending(within: 5)
            conversation.take(try ear.accept(within: 15))
            try conversation.answer()
            if let end = conversation.probe() {
                throw Failure("it dialed again, and then: \(Optional(end).described)")
            }
            return Outcome(end: end)
        }, reaction: reaction)
}

extension Conversation {
    /// Our part of a session that the daemon has opened.
    fileprivate func answer() throws(Failure) {
        try expect(Kind.open)
        send(opening.bytes)
        try expect(Kind.keepalive)
        send(keepalive)
    }
}

/// Both sides dial. The connection of the higher identifier stays, whichever OPEN comes first.
private func collision(_ name: String, id: UInt32, isTheirsFirst: Bool, staysTheirs: Bool) -> Case {
    Case(
        group: "dialed", name: name, opening: Open(id: id), link: .dialed,
        act: .script { conversation throws(Failure) in
            let ear = try Ear(at: conversation.place.address)
            let theirs = conversation
            theirs.take(try ear.accept(within: 15))
            let ours = Conversation(
                theirs.place, theirs.stage, theirs.opening, isInternal: false)
            try ours.connect()
            try theirs.expect(Kind.open)
            try ours.expect(Kind.open)
            for conversation in isTheirsFirst ? [theirs, ours] : [ours, theirs] {
                conversation.send(conversation.opening.bytes)
                pause(0.05)
            }
            let (winner, loser) = staysTheirs ? (theirs, ours) : (ours, theirs)
            guard case .notification(6, 7, _)? = loser.ending(within: 5) else {
                throw Failure("the other connection is not told of the collision")
            }
            try winner.expect(Kind.keepalive)
            winner.send(keepalive)
            return winner.outcome(winner.probe())
        }, reaction: .established)
}

private let low: UInt32 = 1
private let high: UInt32 = .max

let dialedCases: [Case] = [
    answered("garbage in answer", .notification(1, 1)) { $0.send(noise(100, seed: 22)) },
    answered("an UPDATE in answer", .notification(5, 1)) { $0.send(update()) },
    answered("an OPEN of another AS", .notification(2, 2)) { $0.send(Open(asn: 65001).bytes) },
    answered("an OPEN with hold time 1", .notification(2, 6)) { $0.send(Open(hold: 1).bytes) },
    answered("a shutdown in answer", .closed) { $0.send(notification(6, 2)) },
    answered("FIN in answer", .established) { $0.drop() },
    answered("RST in answer", .established) { $0.drop(reset: true) },
    answered("RST in the middle of an OPEN", .established) {
        $0.send(Bytes(Open().bytes.prefix(40)))
        $0.drop(reset: true)
    },
    collision("both dial, theirs stays", id: low, isTheirsFirst: true, staysTheirs: true),
    collision(
        "both dial, theirs stays, ours first", id: low, isTheirsFirst: false, staysTheirs: true),
    collision("both dial, ours stays", id: high, isTheirsFirst: false, staysTheirs: false),
    collision(
        "both dial, ours stays, theirs first", id: high, isTheirsFirst: true, staysTheirs: false),
]
