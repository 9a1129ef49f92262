// TCP connections and listening sockets by slot. A slot's generation goes into its token, so that
// an event for a connection that ended is never taken for its successor's.

import Core
import Host
import Net

/// Kinds of tokens.
enum TokenKind {
    static let mailbox: UInt8 = 1
    static let signals: UInt8 = 2
    static let monitor: UInt8 = 3
    static let directory: UInt8 = 4
    static let stream: UInt8 = 5
    static let listener: UInt8 = 6
}

/// One connection.
final class Connection {
    let id: ConnectionID
    let stream: Host.Stream
    /// Bytes of a message that is not whole yet.
    var rest: [UInt8] = []
    var interest: Poller.Interest = .read
    /// The engine has routes for it.
    var wantsPull = false
    /// Close when what was sent has left, or then.
    var closeAt: Instant?

    init(_ id: ConnectionID, _ stream: Host.Stream) {
        self.id = id
        self.stream = stream
    }
}

/// A table of slots with generations.
struct SlotTable<Element> {
    private var slots: [(generation: UInt32, element: Element?)] = []
    private var free: [Int] = []

    mutating func insert(_ element: Element, kind: UInt8) -> Token {
        if let slot = free.popLast() {
            slots[slot].element = element
            return Token(kind: kind, slot: slot, generation: slots[slot].generation)
        }
        slots.append((0, element))
        return Token(kind: kind, slot: slots.count - 1, generation: 0)
    }

    subscript(token: Token) -> Element? {
        guard slots.indices.contains(token.slot),
            slots[token.slot].generation == token.generation
        else { return nil }
        return slots[token.slot].element
    }

    mutating func remove(_ token: Token) {
        guard self[token] != nil else { return }
        slots[token.slot].element = nil
        slots[token.slot].generation &+= 1
        free.append(token.slot)
    }

    var all: [Element] { slots.compactMap(\.element) }
}
