// Peers that are slow, stuck or silent, with a hold time of 3 seconds: only whole KEEPALIVEs and
// UPDATEs keep a session (RFC 4271 §8.2.2), and a peer that takes nothing must not cost the others
// anything (RFC 9687; its timer of eight minutes is left to the unit tests).

import Host
import Net

private let brief = Open(hold: 3)

/// Ends by the hold timer, neither too early nor too late; meanwhile `step` is called all 0.25 s.
private func expires(
    _ name: String, isConfirmed: Bool = true,
    _ step: @escaping @Sendable (Conversation, Int) -> Void
) -> Case {
    Case(
        group: "slow", name: name, opening: brief,
        act: .script { conversation throws(Failure) in
            if isConfirmed {
                try conversation.establish()
                try conversation.announce()
                conversation.send(keepalive)
            } else {
                try conversation.exchangeOpens()
            }
            let started = Clock.now()
            for turn in 0..<48 {
                if let end = conversation.ending(within: 0.25) {
                    let lasted = (Clock.now() - started).seconds
                    guard lasted > 2.5 else { throw Failure("it ended after \(lasted) s") }
                    conversation.drop()
                    try conversation.poll("its routes stay") {
                        conversation.attributes(of: conversation.place.route)
                            .allSatisfy { $0 == nil }
                    }
                    return Outcome(end: end)
                }
                step(conversation, turn)
            }
            throw Failure("it was kept for 12 s")
        }, reaction: .notification(4, 0))
}

private let stuck: [Case] = (1...4).map { number in
    // The window closes once the buffers are full; the peer itself stays lively.
    Case(
        group: "slow", name: "a peer that never reads, and lives (\(number))", link: .stuck,
        act: .script { conversation throws(Failure) in
            try conversation.connect(receiveBuffer: 2048)
            conversation.send(Open(hold: number == 1 ? 3 : 90).bytes + keepalive)
            while !conversation.stage.isOver {
                pause(0.5)
                guard conversation.wire?.send(keepalive) == true else {
                    throw Failure("the session ended before its time")
                }
            }
            return Outcome()
        }, reaction: .established)
}

let slowCases: [Case] =
    stuck + [
        expires("silence in place of the KEEPALIVE", isConfirmed: false) { _, _ in },
        expires("silence") { _, _ in },
        expires("a byte of an UPDATE a second") { conversation, turn in
            if turn % 4 == 0 {
                let bytes = update(attributes: good, field: conversation.place.field)
                conversation.send([bytes[turn / 4]])
            }
        },
        expires("a whole UPDATE but its last byte") { conversation, turn in
            if turn == 0 {
                conversation.send(
                    update(attributes: good, field: conversation.place.field).dropLast())
            }
        },
        expires("ROUTE-REFRESHes alone") { conversation, turn in
            if turn % 2 == 0 { conversation.send(refresh(afi: 9)) }
        },
        Case(
            group: "slow", name: "silence where no hold time was agreed", opening: Open(hold: 0),
            act: .script { conversation throws(Failure) in
                try conversation.establish()
                try conversation.announce()
                if let end = conversation.ending(within: 8) {
                    throw Failure(Optional(end).described)
                }
                return conversation.outcome(conversation.probe())
            }, reaction: .ignored),
        Case(
            group: "slow", name: "KEEPALIVEs cut in halves", opening: brief,
            act: .script { conversation throws(Failure) in
                try conversation.establish()
                try conversation.announce()
                for _ in 0..<14 {
                    conversation.send(Bytes(keepalive.prefix(7)))
                    if let end = conversation.ending(within: 0.3) {
                        throw Failure(Optional(end).described)
                    }
                    conversation.send(Bytes(keepalive.dropFirst(7)))
                    if let end = conversation.ending(within: 0.3) {
                        throw Failure(Optional(end).described)
                    }
                }
                return conversation.outcome(conversation.probe())
            }, reaction: .ignored),
        Case(
            group: "slow", name: "a peer that reads a little at a time", link: .stuck,
            act: .script { conversation throws(Failure) in
                try conversation.connect(receiveBuffer: 2048)
                conversation.send(Open().bytes + keepalive)
                while !conversation.stage.isOver {
                    conversation.wire?.sip(64)
                    conversation.send(keepalive)
                    pause(0.1)
                }
                return Outcome()
            }, reaction: .established),
    ]
