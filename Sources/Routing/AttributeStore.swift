// Interned attribute sets: canonical bytes and next hop behind one number, counted, with what
// selection asks beside it. Equal sets have equal numbers. The bytes stand in one arena that is
// rewritten when more than half of it is dead.

import BGP
import Net

/// What selection and export ask of a set, in plain numbers.
struct Digest: Sendable {
    var localPref: UInt32?
    var med: UInt32 = 0
    /// 0 when the path is empty or begins with a set.
    var firstAS: UInt32 = 0
    var pathLength: UInt16 = 0
    var origin: UInt8 = 0
    var flags: AttributeSummary.Flags = []
    /// Of CLUSTER_LIST.
    var clusterLength: UInt8 = 0
    var originatorID: UInt32?

    init() {}

    init(_ canonical: [UInt8]) {
        guard !canonical.isEmpty else { return }
        let summary = AttributeSummary(canonical: canonical)
        localPref = summary.localPref
        med = summary.med ?? 0
        firstAS = summary.firstAS?.rawValue ?? 0
        pathLength = UInt16(clamping: summary.pathLength)
        origin = summary.origin.rawValue
        flags = summary.flags
        clusterLength = UInt8(clamping: summary.clusterListLength)
        originatorID = summary.originatorID?.raw
    }
}

struct AttributeStore: Sendable {
    private struct Record {
        var offset: Int
        var length: Int32
        /// Bytes of the next hop behind the attributes: 0, 4 or 16.
        var nextHopLength: UInt8
        var hash: UInt32
        var count: UInt32
        var digest: Digest
        var total: Int { Int(length) + Int(nextHopLength) }
    }

    private var records: [Record] = []
    private var free: [UInt32] = []
    private var arena: [UInt8] = []
    private var dead = 0
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private(set) var count = 0
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// The number of a set, counted once more. Give it back with `release`.
    mutating func intern(_ attributes: [UInt8], nextHop: IPAddress?) -> UInt32 {
        let tail = nextHop?.bytes ?? []
        let hash = AttributeStore.hash(attributes, tail, seed: seed)
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let mask = slots.count - 1
        var position = Int(hash) & mask
        while slots[position] != 0 {
            let index = Int(slots[position]) - 1
            if records[index].hash == hash, matches(index, attributes, tail) {
                records[index].count += 1
                return UInt32(index + 1)
            }
            position = (position + 1) & mask
        }
        let record = Record(
            offset: arena.count, length: Int32(attributes.count),
            nextHopLength: UInt8(tail.count), hash: hash, count: 1, digest: Digest(attributes))
        arena.append(contentsOf: attributes)
        arena.append(contentsOf: tail)
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
            records[index] = record
        } else {
            index = records.count
            records.append(record)
        }
        slots[position] = UInt32(index + 1)
        count += 1
        return UInt32(index + 1)
    }

    mutating func retain(_ handle: UInt32) { records[Int(handle) - 1].count += 1 }

    mutating func release(_ handle: UInt32) {
        let index = Int(handle) - 1
        records[index].count -= 1
        if records[index].count == 0 { remove(index) }
    }

    func digest(_ handle: UInt32) -> Digest { records[Int(handle) - 1].digest }

    func bytes(_ handle: UInt32) -> [UInt8] {
        let record = records[Int(handle) - 1]
        return Array(arena[record.offset..<record.offset + Int(record.length)])
    }

    func nextHop(_ handle: UInt32) -> IPAddress? {
        let record = records[Int(handle) - 1]
        let start = record.offset + Int(record.length)
        return IPAddress(bytes: arena[start..<start + Int(record.nextHopLength)])
    }

    private func matches(_ index: Int, _ attributes: [UInt8], _ tail: [UInt8]) -> Bool {
        let record = records[index]
        guard Int(record.length) == attributes.count, Int(record.nextHopLength) == tail.count
        else { return false }
        return arena[record.offset..<record.offset + Int(record.length)]
            .elementsEqual(attributes)
            && arena[record.offset + Int(record.length)..<record.offset + record.total]
                .elementsEqual(tail)
    }

    private mutating func remove(_ index: Int) {
        let mask = slots.count - 1
        var hole = Int(records[index].hash) & mask
        while slots[hole] != UInt32(index + 1) { hole = (hole + 1) & mask }
        var next = hole
        while true {
            next = (next + 1) & mask
            let slot = slots[next]
            if slot == 0 { break }
            let home = Int(records[Int(slot) - 1].hash) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slot
                hole = next
            }
        }
        slots[hole] = 0
        dead += records[index].total
        free.append(UInt32(index))
        count -= 1
        if dead > 1 << 16, dead > arena.count / 2 { compact() }
    }

    private mutating func compact() {
        var kept: [UInt8] = []
        kept.reserveCapacity(arena.count - dead)
        for index in records.indices where records[index].count > 0 {
            let start = records[index].offset
            records[index].offset = kept.count
            kept.append(contentsOf: arena[start..<start + records[index].total])
        }
        arena = kept
        dead = 0
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for index in records.indices where records[index].count > 0 {
            var position = Int(records[index].hash) & mask
            while slots[position] != 0 { position = (position + 1) & mask }
            slots[position] = UInt32(index + 1)
        }
    }

    private static func hash(_ a: [UInt8], _ b: [UInt8], seed: UInt64) -> UInt32 {
        var state = seed ^ UInt64(a.count)
        var word: UInt64 = 0
        var filled = 0
        func stir(_ value: UInt64) {
            let product = (state ^ value).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            state = product.high ^ product.low
        }
        for byte in a {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                stir(word)
                word = 0
                filled = 0
            }
        }
        stir(word)
        word = 0
        for byte in b { word = (word << 8 | word >> 56) ^ UInt64(byte) }
        stir(word)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }
}
