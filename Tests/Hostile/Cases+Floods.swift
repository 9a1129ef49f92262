// Too much of everything: messages, prefixes, attributes, connections, from peers and strangers. The
// good peers are watched all the while.

import Host
import Net

private func flood(
    _ name: String, limit: Int? = nil, opening: Open = Open(),
    _ reaction: Reaction = .established,
    _ body: @escaping @Sendable (Conversation) throws(Failure) -> Outcome
) -> Case {
    Case(
        group: "floods", name: name, opening: opening,
        keys: limit.map { "max-prefixes: { in: \($0) }" }, act: .script(body), reaction: reaction)
}

private func crowd(
    _ name: String, _ body: @escaping @Sendable (Conversation) throws(Failure) -> Outcome
) -> Case {
    Case(group: "crowds", name: name, act: .script(body), reaction: .established)
}

/// Host `number` of a block of 131,072 that begins at 10.(200 + block).0.0.
private func host(_ number: Int, block: Int) -> Bytes {
    [32, 10, UInt8(200 + block + number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255)]
}

/// Whole messages that announce, or withdraw, the first hosts of a block.
private func hosts(_ count: Int, block: Int, attributes: [Bytes]?) -> Bytes {
    var bytes: Bytes = []
    for start in stride(from: 0, to: count, by: 700) {
        var field: Bytes = []
        for number in start..<min(start + 700, count) { field += host(number, block: block) }
        if let attributes {
            bytes += update(attributes: attributes, field: field)
        } else {
            bytes += update(withdrawn: field)
        }
    }
    return bytes
}

/// An UPDATE whose attributes nobody else has.
private func single(_ number: Int) -> Bytes {
    let own: [Bytes] = [
        attribute(0xC0, 8, u32(UInt32(number))),
        attribute(0xC0, 99, noise(64, seed: UInt64(number))),
    ]
    return update(attributes: good + own, field: host(number, block: 6))
}

extension Conversation {
    /// How many hosts of `hosts` the good peers know, each.
    fileprivate func known(_ block: Int) -> [Int] {
        stage.watchers.map { watcher in
            watcher.state.withLock { $0.hosts[200 + block] + $0.hosts[201 + block] }
        }
    }

    fileprivate func connects(
        _ count: Int, _ body: (Conversation, Int) -> Void
    ) {
        for number in 0..<count {
            let other = Conversation(place, stage, Open(), isInternal: false)
            // Refused while it is held back, or taken.
            guard (try? other.connect()) != nil else { continue }
            body(other, number)
        }
    }

    /// A peer that failed often is held back for a while, and let in again.
    fileprivate func comesBack(within seconds: Double) throws(Failure) -> Outcome {
        let end = deadline(seconds)
        while true {
            if (try? establish()) != nil { return outcome(probe()) }
            if Clock.now() > end { throw Failure("it is not let in again") }
            pause(0.2)
        }
    }
}

private let messages: [Case] = [
    flood("20,000 KEEPALIVEs, then an UPDATE", .told()) { conversation throws(Failure) in
        try conversation.establish()
        try conversation.announce()
        conversation.send(repeated(keepalive, 20000))
        conversation.send(update(attributes: good, field: conversation.place.field))
        return conversation.outcome(conversation.probe())
    },
    flood("20,000 changes of one route", .told()) { conversation throws(Failure) in
        try conversation.establish()
        try conversation.announce()
        let field = conversation.place.field
        let change = update(attributes: good, field: field) + update(withdrawn: field)
        conversation.send(repeated(change, 10000))
        conversation.send(update(attributes: good, field: field))
        let end = conversation.probe()
        pause(0.3)
        return conversation.outcome(end)
    },
    flood("20,000 malformed routes", .withdrawn) { conversation throws(Failure) in
        try conversation.establish()
        try conversation.announce()
        let bad = update(
            attributes: [attribute(0x40, 1, [9]), path, nextHop], field: conversation.place.field)
        conversation.send(repeated(bad, 20000))
        let end = conversation.probe()
        pause(0.3)
        return conversation.outcome(end)
    },
    flood("2,000 ROUTE-REFRESHes") { conversation throws(Failure) in
        try conversation.establish()
        conversation.send(repeated(refresh(), 2000))
        try conversation.hear(2 * GoodPeer.blockSize)
        return conversation.outcome(conversation.probe())
    },
    flood("20,000 routes with attributes of their own, then death") {
        conversation throws(Failure) in
        try conversation.establish()
        for number in 0..<20000 { conversation.send(single(number)) }
        try conversation.poll("not all were told", within: 60) {
            conversation.known(6) == [20000, 20000]
        }
        conversation.drop(reset: true)
        try conversation.poll("routes of a dead session are told", within: 60) {
            conversation.known(6) == [0, 0]
        }
        try conversation.establish()
        return conversation.outcome(conversation.probe())
    },
    flood("100,000 prefixes, then death") { conversation throws(Failure) in
        try conversation.establish()
        conversation.wire?.send(hosts(100_000, block: 0, attributes: good), within: 60)
        try conversation.poll("not all were told", within: 60) {
            conversation.known(0) == [100_000, 100_000]
        }
        conversation.drop(reset: true)
        try conversation.poll("routes of a dead session are told", within: 60) {
            conversation.known(0) == [0, 0]
        }
        try conversation.establish()
        return conversation.outcome(conversation.probe())
    },
    flood("100,000 prefixes and their withdrawals", .established) { conversation throws(Failure) in
        try conversation.establish()
        conversation.wire?.send(hosts(100_000, block: 3, attributes: good), within: 60)
        conversation.wire?.send(hosts(100_000, block: 3, attributes: nil), within: 60)
        let end = conversation.probe()
        try conversation.poll("withdrawn routes are told", within: 30) {
            conversation.known(3) == [0, 0]
        }
        return conversation.outcome(end)
    },
    flood("500 attributes of 60,000 bytes, then death", opening: Open(more: [extendedMessages])) {
        conversation throws(Failure) in
        try conversation.establish()
        for number in 0..<500 {
            let heavy = attribute(0xD0, 99, u32(UInt32(number)) + noise(60000, seed: 21))
            conversation.send(update(attributes: good + [heavy], field: host(number, block: 12)))
        }
        let end = conversation.probe()
        conversation.drop(reset: true)
        try conversation.poll("routes of a dead session are told", within: 60) {
            conversation.known(12) == [0, 0]
        }
        return conversation.outcome(end)
    },
    flood("one prefix more than is allowed", limit: 1000, .notification(6, 1)) {
        conversation throws(Failure) in
        try conversation.establish()
        conversation.send(hosts(1001, block: 8, attributes: good))
        let end = conversation.ending(within: 5)
        conversation.drop()
        try conversation.poll("its routes stay") { conversation.known(8) == [0, 0] }
        return conversation.outcome(end)
    },
    // The last of all: nothing else happens that would help the daemon on to clear it away.
    flood("as many prefixes as are allowed, then death", limit: 1001) {
        conversation throws(Failure) in
        try conversation.establish()
        conversation.send(hosts(1000, block: 10, attributes: good))
        return conversation.outcome(conversation.probe())
    },
]

private let connections: [Case] = [
    crowd("500 connections of one peer at once") { conversation throws(Failure) in
        var held: [Conversation] = []
        conversation.connects(500) { other, _ in held.append(other) }
        for other in held { other.send(Bytes(Open().bytes.prefix(25))) }
        pause(0.5)
        held = []
        return try conversation.comesBack(within: 20)
    },
    crowd("300 half OPENs, one after the other") { conversation throws(Failure) in
        conversation.connects(300) { other, _ in other.send(Bytes(Open().bytes.prefix(30))) }
        return try conversation.comesBack(within: 20)
    },
    crowd("1,000 connects and resets") { conversation throws(Failure) in
        conversation.connects(1000) { other, _ in other.drop(reset: true) }
        return try conversation.comesBack(within: 20)
    },
    crowd("1,000 sessions that end at once") { conversation throws(Failure) in
        conversation.connects(1000) { other, number in
            other.send(Open().bytes + keepalive)
            if number % 2 == 0 { _ = other.next(within: 0.05) }
            other.drop(reset: number % 3 == 0)
        }
        return try conversation.comesBack(within: 90)
    },
    crowd("300 connects with garbage") { conversation throws(Failure) in
        conversation.connects(300) { other, number in
            other.send(noise(2000, seed: UInt64(number)))
            _ = other.ending(within: 0.05)
        }
        return try conversation.comesBack(within: 90)
    },
    crowd("500 connects of a stranger") { conversation throws(Failure) in
        var stranger = conversation.place
        stranger.address = [10, 66, 15, 15]
        for number in 0..<500 {
            let other = Conversation(stranger, conversation.stage, Open(), isInternal: false)
            guard (try? other.connect()) != nil else { continue }
            other.send(Open().bytes)
            // Not a byte for a stranger.
            if number % 50 == 0 {
                let end = other.ending(within: 10)
                guard end == .closed else { throw Failure("a stranger met \(end.described)") }
            }
        }
        try conversation.establish()
        return conversation.outcome(conversation.probe())
    },
]

let floodCases: [Case] = joined(connections, messages)
