// Tables and stores against naive models.

import BGP
import Net
import Testing

@testable import Routing

struct TableTests {
    private func random4(_ random: inout Seeded) -> Prefix4 {
        Prefix4(
            IPv4Address(raw: UInt32.random(in: 0..<64, using: &random) << 24),
            length: UInt8.random(in: 4...10, using: &random))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a table holds what was inserted and not removed`(seed: UInt64) {
        var random = Seeded(seed)
        var table = Table<Prefix4>(seed: seed)
        var model: [Prefix4: Int] = [:]
        for _ in 0..<20_000 {
            let prefix = random4(&random)
            if Bool.random(using: &random) {
                let row = table.findOrInsert(prefix)
                #expect(model[prefix] == nil || model[prefix] == row)
                model[prefix] = row
            } else if let row = model.removeValue(forKey: prefix) {
                table.remove(row)
            }
        }
        #expect(table.count == model.count)
        for (prefix, row) in model { #expect(table.find(prefix) == row) }
        #expect(table.sorted.map { table.rows[$0].prefix } == model.keys.sorted())
        for _ in 0..<1000 {
            let prefix = random4(&random)
            #expect(table.find(prefix) == model[prefix])
        }
    }

    @Test func `an IPv6 table tells prefixes of one network by length`() {
        var table = Table<Prefix6>(seed: 3)
        let address = IPv6Address(high: 0x2001_0db8 << 32, low: 0)
        let rows = (32...128).map {
            table.findOrInsert(Prefix6(address, length: UInt8($0)))
        }
        #expect(Set(rows).count == 97)
        #expect(table.find(Prefix6(address, length: 64)) == rows[32])
    }

    @Test func `a row of IPv4 takes 24 bytes and a path 16`() {
        #expect(MemoryLayout<Row<Prefix4>>.stride == 24)
        #expect(MemoryLayout<Path>.stride == 16)
    }

    @Test(arguments: [5, 6] as [UInt64])
    func `a row set is a set`(seed: UInt64) {
        var random = Seeded(seed)
        var set = RowSet()
        var model: Set<Int> = []
        for _ in 0..<5000 {
            let row = Int.random(in: 0..<700, using: &random)
            if Bool.random(using: &random) {
                let isNew = set.insert(row)
                #expect(isNew == model.insert(row).inserted)
            } else {
                let wasThere = set.remove(row)
                #expect(wasThere == (model.remove(row) != nil))
            }
        }
        var found: [Int] = []
        while let next = set.next(from: (found.last ?? -1) + 1) { found.append(next) }
        #expect(found == model.sorted())
        #expect(set.count == model.count)
    }

    @Test(arguments: [7, 8] as [UInt64])
    func `equal attributes have one number for as long as somebody counts on it`(seed: UInt64) {
        var random = Seeded(seed)
        var store = AttributeStore(seed: seed)
        var model: [UInt32: (bytes: [UInt8], nextHop: IPAddress?, count: Int)] = [:]
        for _ in 0..<20_000 {
            if Bool.random(using: &random) || model.isEmpty {
                let bytes = attributes([UInt32.random(in: 1...40, using: &random)])
                let hop: IPAddress? =
                    Bool.random(using: &random)
                    ? nil : .v4(IPv4Address(raw: UInt32.random(in: 0..<4, using: &random)))
                let handle = store.intern(bytes, nextHop: hop)
                if let known = model[handle] {
                    #expect(known.bytes == bytes && known.nextHop == hop)
                    model[handle] = (bytes, hop, known.count + 1)
                } else {
                    #expect(!model.values.contains { $0.bytes == bytes && $0.nextHop == hop })
                    model[handle] = (bytes, hop, 1)
                }
            } else if let handle = model.keys.randomElement(using: &random),
                let known = model[handle]
            {
                store.release(handle)
                model[handle] =
                    known.count == 1 ? nil : (known.bytes, known.nextHop, known.count - 1)
            }
        }
        #expect(store.count == model.count)
        for (handle, known) in model {
            #expect(store.bytes(handle) == known.bytes)
            #expect(store.nextHop(handle) == known.nextHop)
        }
    }

    @Test func `a filter compiled for a family lets through what the filter does`() {
        let rules = filter(
            "10.0.0.0/8 upto 24", "0.0.0.0/0 from 8 upto 16", "2001:db8::/32 upto 48")
        let compiled = FilterTable<Prefix4>(rules)
        var random = Seeded(9)
        for _ in 0..<5000 {
            let candidate = Prefix4(
                IPv4Address(raw: UInt32.random(in: 0...UInt32.max, using: &random) >> 3),
                length: UInt8.random(in: 0...32, using: &random))
            #expect(compiled.matches(candidate) == rules.matches(.v4(candidate)))
        }
    }

    @Test(arguments: [
        RowRef(.ipv4, table: 0, row: 0), RowRef(.ipv6, table: 3, row: 9),
        RowRef(.ipv4, table: 0xFFF_FFFF, row: 0xFFFF_FFFF),
        RowRef(.ipv6, table: 0xFFF_FFFF, row: 0xFFFF_FFFF),
    ])
    func `a ticket says which row it was`(ref: RowRef) {
        #expect(Ticket(Ticket.row(ref).number) == .row(ref))
        #expect(Ticket.row(ref).number & RIB.ticketMark != 0)
    }

    @Test(arguments: [
        Ticket.unreachable(slot: .max), .group(.max, serial: 0xFFF_FFFF), .group(1, serial: 2),
        .groupDeletion(7), .single(.max), .deletion(.max), .nobody,
    ])
    func `a ticket says what it was for`(ticket: Ticket) {
        #expect(Ticket(ticket.number) == ticket)
    }
}
