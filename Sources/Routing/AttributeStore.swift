// Interned attribute sets: canonical bytes and next hop behind one number, counted, with what
// selection asks beside it. Equal sets have equal numbers. The bytes stand in one arena that is
// rewritten when more than half of it is dead. A path with an identifier (RFC 7911), or one that
// rules have changed, has a number of its own that shares the bytes of a set and names what was
// received; sources without either cost nothing.

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
    /// `localPref` is a rule's word, and stands above that of the source.
    var hasOwnPref = false
    /// What tells the paths of one source apart; 0 where it gives one only.
    var pathID: UInt32 = 0

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
        /// Where the bytes stand; for a wrap its base and origin.
        var place: UInt64
        /// Of the attributes; -1 for a wrap, which has no bytes.
        var length: Int32
        /// Bytes of the next hop behind the attributes: 0, 4 or 16.
        var nextHopLength: UInt8
        var hash: UInt32
        var count: UInt32
        var digest: Digest
        var isWrap: Bool { length < 0 }
        var offset: Int { Int(truncatingIfNeeded: place) }
        var total: Int { isWrap ? 0 : Int(length) + Int(nextHopLength) }
        /// The set whose bytes a wrap shares.
        var base: UInt32 { UInt32(truncatingIfNeeded: place >> 32) }
        /// What was received, for a wrap of a changed set; else 0.
        var origin: UInt32 { UInt32(truncatingIfNeeded: place) }
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
    mutating func intern(
        _ attributes: [UInt8], nextHop: IPAddress?, hasOwnPref: Bool = false
    ) -> UInt32 {
        let tail = nextHop?.bytes ?? []
        let hash = AttributeStore.hash(attributes, tail, seed: seed)
        let position: Int
        switch find(hash, where: { matches($0, attributes, tail, hasOwnPref) }) {
        case .known(let index): return retained(index)
        case .free(let slot): position = slot
        }
        var digest = Digest(attributes)
        digest.hasOwnPref = hasOwnPref
        let record = Record(
            place: UInt64(arena.count), length: Int32(attributes.count),
            nextHopLength: UInt8(tail.count), hash: hash, count: 1, digest: digest)
        arena.append(contentsOf: attributes)
        arena.append(contentsOf: tail)
        return add(record, at: position)
    }

    /// The number of the set `base` with a path identifier, and as what became of `origin` where
    /// rules changed it (0: nothing did), counted once more.
    mutating func wrap(_ base: UInt32, origin: UInt32, pathID: UInt32) -> UInt32 {
        let place = UInt64(base) << 32 | UInt64(origin)
        let product = (place ^ seed ^ UInt64(pathID) << 16)
            .multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        let mixed = product.high ^ product.low
        let hash = UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
        let position: Int
        switch find(
            hash,
            where: {
                records[$0].isWrap && records[$0].place == place
                    && records[$0].digest.pathID == pathID
            })
        {
        case .known(let index): return retained(index)
        case .free(let slot): position = slot
        }
        var digest = records[Int(base) - 1].digest
        digest.pathID = pathID
        let record = Record(
            place: place, length: -1, nextHopLength: 0, hash: hash, count: 1, digest: digest)
        retain(base)
        if origin != 0 { retain(origin) }
        return add(record, at: position)
    }

    private enum Finding {
        case known(Int)
        case free(Int)
    }

    private func find(_ hash: UInt32, where isEqual: (Int) -> Bool) -> Finding {
        let mask = slots.count - 1
        var position = Int(hash) & mask
        while slots[position] != 0 {
            let index = Int(slots[position]) - 1
            if records[index].hash == hash, isEqual(index) { return .known(index) }
            position = (position + 1) & mask
        }
        return .free(position)
    }

    private mutating func retained(_ index: Int) -> UInt32 {
        records[index].count += 1
        return UInt32(index + 1)
    }

    private mutating func add(_ record: Record, at position: Int) -> UInt32 {
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
        if (count + 1) * 4 > slots.count * 3 { grow() }
        return UInt32(index + 1)
    }

    mutating func retain(_ handle: UInt32) { records[Int(handle) - 1].count += 1 }

    mutating func release(_ handle: UInt32) {
        let index = Int(handle) - 1
        records[index].count -= 1
        guard records[index].count == 0 else { return }
        let record = records[index]
        remove(index)
        guard record.isWrap else { return }
        release(record.base)
        if record.origin != 0 { release(record.origin) }
    }

    func digest(_ handle: UInt32) -> Digest { records[Int(handle) - 1].digest }

    func pathID(_ handle: UInt32) -> UInt32 { records[Int(handle) - 1].digest.pathID }

    /// The set whose bytes stand behind a number: equal for all that leave alike.
    func base(_ handle: UInt32) -> UInt32 {
        let record = records[Int(handle) - 1]
        return record.isWrap ? record.base : handle
    }

    /// What the peer said, where rules have changed it since.
    func received(_ handle: UInt32) -> UInt32 {
        let record = records[Int(handle) - 1]
        return record.isWrap && record.origin != 0 ? record.origin : handle
    }

    func bytes(_ handle: UInt32) -> [UInt8] {
        let record = records[Int(base(handle)) - 1]
        return Array(arena[record.offset..<record.offset + Int(record.length)])
    }

    func nextHop(_ handle: UInt32) -> IPAddress? {
        let record = records[Int(base(handle)) - 1]
        let start = record.offset + Int(record.length)
        return IPAddress(bytes: arena[start..<start + Int(record.nextHopLength)])
    }

    private func matches(
        _ index: Int, _ attributes: [UInt8], _ tail: [UInt8], _ hasOwnPref: Bool
    ) -> Bool {
        let record = records[index]
        guard Int(record.length) == attributes.count, Int(record.nextHopLength) == tail.count,
            record.digest.hasOwnPref == hasOwnPref
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
        for index in records.indices where records[index].count > 0 && !records[index].isWrap {
            let start = records[index].offset
            records[index].place = UInt64(kept.count)
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
