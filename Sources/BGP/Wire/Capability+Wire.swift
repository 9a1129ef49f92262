// The bytes of capabilities, value by value. A value whose length or content is not what its RFC
// says is kept as bytes, and so is a list of families with one entry that cannot be.

import Net

extension Capability {
    /// Reads the value of one capability.
    init(code: UInt8, value: RawSpan) {
        var reader = Reader(value)
        if let known = try? Capability(code: code, reading: &reader), reader.isAtEnd {
            self = known
        } else {
            self = .other(code: code, value: value.copy())
        }
    }

    private init?(code: UInt8, reading reader: inout Reader) throws(ShortRead) {
        switch (code, reader.remaining) {
        case (1, 4):
            let afi = try reader.u16()
            _ = try reader.u8()
            self = try .multiprotocol(AddressFamily(afi: afi, safi: reader.u8()))
        case (2, 0): self = .routeRefresh
        case (5, let length) where length > 0 && length % 6 == 0:
            var entries: [ExtendedNextHopEntry] = []
            while !reader.isAtEnd {
                try entries.append(
                    ExtendedNextHopEntry(
                        afi: reader.u16(), safi: reader.u16(), nextHopAFI: reader.u16()))
            }
            self = .extendedNextHop(entries)
        case (6, 0): self = .extendedMessage
        case (9, 1): self = try .role(reader.u8())
        case (64, let length) where length >= 2 && length % 4 == 2:
            let head = try reader.u16()
            var families: [GracefulRestartCapability.Entry] = []
            while !reader.isAtEnd {
                let family = try reader.family()
                try families.append(.init(family, isPreserved: reader.u8() & 0x80 != 0))
            }
            self = .gracefulRestart(
                GracefulRestartCapability(
                    isRestarting: head & 0x8000 != 0, coversNotifications: head & 0x4000 != 0,
                    restartTime: head & 0x0FFF, families: families))
        case (65, 4): self = try .fourOctetASN(ASN(reader.u32()))
        case (69, let length) where length > 0 && length % 4 == 0:
            var entries: [AddPathEntry] = []
            while !reader.isAtEnd {
                let family = try reader.family()
                let bits = try reader.u8()
                // RFC 7911 §4: with any other value the capability is not understood.
                guard 1...3 ~= bits else { return nil }
                entries.append(AddPathEntry(family, AddPath(rawValue: bits)))
            }
            self = .addPath(entries)
        case (70, 0): self = .enhancedRouteRefresh
        case (71, let length) where length % 7 == 0:
            var entries: [LongLivedEntry] = []
            while !reader.isAtEnd {
                let family = try reader.family()
                let word = try reader.u32()
                entries.append(
                    LongLivedEntry(
                        family, isPreserved: word >> 31 != 0, staleTime: word & 0xFF_FFFF))
            }
            self = .longLived(entries)
        case (73, _):
            let host = try reader.counted()
            self = try .hostname(host, domain: reader.counted())
        case (75, _): self = try .softwareVersion(reader.counted())
        default: return nil
        }
    }

    /// Appends code, length and value. What does not fit a value of 255 bytes is left out.
    func encode(into bytes: inout [UInt8]) {
        bytes.put(code)
        let length = bytes.count
        bytes.put(UInt8(0))
        switch self {
        case .multiprotocol(let family):
            bytes.put(family.afi)
            bytes.put(UInt8(0))
            bytes.put(family.safi)
        case .routeRefresh, .extendedMessage, .enhancedRouteRefresh: break
        case .extendedNextHop(let entries):
            for entry in entries.prefix(42) {
                bytes.put(entry.afi)
                bytes.put(entry.safi)
                bytes.put(entry.nextHopAFI)
            }
        case .role(let number): bytes.put(number)
        case .gracefulRestart(let restart):
            bytes.put(
                (restart.isRestarting ? 0x8000 : 0) | (restart.coversNotifications ? 0x4000 : 0)
                    | restart.restartTime & 0x0FFF)
            for entry in restart.families.prefix(63) {
                bytes.put(entry.family)
                bytes.put(UInt8(entry.isPreserved ? 0x80 : 0))
            }
        case .fourOctetASN(let asn): bytes.put(asn.rawValue)
        case .addPath(let entries):
            for entry in entries.prefix(63) {
                bytes.put(entry.family)
                bytes.put(entry.directions.rawValue)
            }
        case .longLived(let entries):
            for entry in entries.prefix(36) {
                bytes.put(entry.family)
                bytes.put((entry.isPreserved ? 0x8000_0000 : 0) | entry.staleTime & 0xFF_FFFF)
            }
        case .hostname(let host, let domain):
            bytes.putCounted(host.prefix(200))
            bytes.putCounted(domain.prefix(253 - min(host.count, 200)))
        case .softwareVersion(let text): bytes.putCounted(text.prefix(254))
        case .other(_, let value): bytes.append(contentsOf: value.prefix(255))
        }
        bytes[length] = UInt8(bytes.count - length - 1)
    }
}

extension Reader {
    /// AFI and SAFI without anything between them.
    @_lifetime(self: copy self)
    fileprivate mutating func family() throws(ShortRead) -> AddressFamily {
        try AddressFamily(afi: u16(), safi: u8())
    }

    /// Bytes behind a length of one octet.
    @_lifetime(self: copy self)
    fileprivate mutating func counted() throws(ShortRead) -> [UInt8] {
        try take(Int(u8())).copy()
    }
}

extension [UInt8] {
    fileprivate mutating func put(_ family: AddressFamily) {
        put(family.afi)
        put(family.safi)
    }

    fileprivate mutating func putCounted(_ text: ArraySlice<UInt8>) {
        append(UInt8(text.count))
        append(contentsOf: text)
    }
}
