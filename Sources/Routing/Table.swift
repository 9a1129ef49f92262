// The rows of one address space and family: an open-addressed index over a dense array, so that a
// row's number stays the same for as long as the row lives, and a pass can walk rows in pieces.

import Net

/// What stands in a row besides its numbers.
struct RowFlags: OptionSet, Sendable {
    let rawValue: UInt8
    /// The row is in use.
    static let live = RowFlags(rawValue: 1)
    /// It waits in the queue to the kernel.
    static let queued = RowFlags(rawValue: 2)
    /// A step for it was handed out.
    static let inFlight = RowFlags(rawValue: 4)
    /// Found in the kernel at start, and nobody has offered it since.
    static let stale = RowFlags(rawValue: 8)
    /// It failed; `failures` knows until when it waits.
    static let waiting = RowFlags(rawValue: 16)
    /// Somebody else touched it while a step was in flight.
    static let disturbed = RowFlags(rawValue: 32)
    /// Its accepted paths are counted as unacknowledged.
    static let lacking = RowFlags(rawValue: 64)
}

/// All that is known of a prefix. 24 bytes for IPv4.
struct Row<P: RoutePrefix>: Sendable {
    var prefix: P
    var flags: RowFlags
    /// How many receivers have it marked or announced.
    var outs: UInt16 = 0
    /// The first path in the order of selection.
    var paths: UInt32 = 0
    /// The choice of gateways that its paths offer.
    var own: UInt32 = 0
    /// The group that the kernel acknowledged, or `unknownGroup`.
    var held: UInt32 = 0
    /// The group of the step in flight; 0 for a deletion.
    var target: UInt32 = 0

    init(_ prefix: P) {
        self.prefix = prefix
        flags = .live
    }

    var isIdle: Bool {
        flags == .live && paths == 0 && own == 0 && held == 0 && target == 0 && outs == 0
    }
}

struct Table<P: RoutePrefix>: Sendable {
    private(set) var count = 0
    var rows: [Row<P>] = []
    /// Row number plus one; 0 is free. A power of two, at most three quarters full.
    private var slots: [UInt32]
    private var free: [UInt32] = []
    private let seed: UInt64
    /// Rows that the pass has still to look at, and the next one. It goes round all rows that were
    /// there as it began; those that come behind them would take the place of others.
    var passRemaining = 0
    var passCursor = 0
    var passEnd = 0

    init(seed: UInt64) {
        self.seed = seed
        slots = Array(repeating: 0, count: 8)
    }

    func find(_ prefix: P) -> Int? {
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: prefix.hash(seed: seed)) & mask
        while true {
            let slot = slots[position]
            if slot == 0 { return nil }
            if rows[Int(slot) - 1].prefix == prefix { return Int(slot) - 1 }
            position = (position + 1) & mask
        }
    }

    mutating func findOrInsert(_ prefix: P) -> Int {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let mask = slots.count - 1
        var position = Int(truncatingIfNeeded: prefix.hash(seed: seed)) & mask
        while true {
            let slot = slots[position]
            if slot == 0 { break }
            if rows[Int(slot) - 1].prefix == prefix { return Int(slot) - 1 }
            position = (position + 1) & mask
        }
        let row: Int
        if let reused = free.popLast() {
            row = Int(reused)
            rows[row] = Row(prefix)
        } else {
            row = rows.count
            rows.append(Row(prefix))
        }
        slots[position] = UInt32(truncatingIfNeeded: row + 1)
        count += 1
        return row
    }

    /// Forgets an idle row; its number may come back.
    mutating func remove(_ row: Int) {
        let mask = slots.count - 1
        let prefix = rows[row].prefix
        var hole = Int(truncatingIfNeeded: prefix.hash(seed: seed)) & mask
        while slots[hole] != UInt32(truncatingIfNeeded: row + 1) {
            if slots[hole] == 0 { preconditionFailure("removing a row that is not in the index") }
            hole = (hole + 1) & mask
        }
        // Backward shift: every entry of the run that may stand nearer to its home moves up.
        var next = hole
        while true {
            next = (next + 1) & mask
            let slot = slots[next]
            if slot == 0 { break }
            let home =
                Int(truncatingIfNeeded: rows[Int(slot) - 1].prefix.hash(seed: seed)) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slot
                hole = next
            }
        }
        slots[hole] = 0
        rows[row].flags = []
        free.append(UInt32(truncatingIfNeeded: row))
        count -= 1
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for row in rows.indices where rows[row].flags.contains(.live) {
            var position = Int(truncatingIfNeeded: rows[row].prefix.hash(seed: seed)) & mask
            while slots[position] != 0 { position = (position + 1) & mask }
            slots[position] = UInt32(truncatingIfNeeded: row + 1)
        }
    }

    /// Live rows in the order of their prefixes.
    var sorted: [Int] {
        rows.indices.filter { rows[$0].flags.contains(.live) }
            .sorted { rows[$0].prefix < rows[$1].prefix }
    }
}

/// A bit for each row number; grows as far as it was set.
struct RowSet: Sendable {
    private(set) var words: [UInt64] = []
    private(set) var count = 0

    func contains(_ row: Int) -> Bool {
        row >> 6 < words.count && words[row >> 6] >> UInt64(row & 63) & 1 == 1
    }

    /// Whether the row was not in it.
    mutating func insert(_ row: Int) -> Bool {
        let word = row >> 6
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
        }
        let bit: UInt64 = 1 << UInt64(row & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    /// Whether the row was in it.
    mutating func remove(_ row: Int) -> Bool {
        guard contains(row) else { return false }
        words[row >> 6] &= ~(1 << UInt64(row & 63))
        count -= 1
        return true
    }

    /// The first member at or behind `row`.
    func next(from row: Int) -> Int? {
        guard count > 0 else { return nil }
        var word = row >> 6
        guard word < words.count else { return nil }
        var bits = words[word] & (~0 << UInt64(row & 63))
        while bits == 0 {
            word += 1
            if word == words.count { return nil }
            bits = words[word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }
}
