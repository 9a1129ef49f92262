// Attributes on their way out: NEXT_HOP in its place, and for a peer that reads 2-octet AS numbers
// only, the paths it can read with the truth beside them (RFC 6793 §4.2.2).

import Net

extension UpdateWriter {
    /// The canonical attributes with NEXT_HOP in its place, in the numbers the peer reads.
    mutating func translate(_ attributes: [UInt8], nextHop: IPv4Address?) {
        wire.removeAll(keepingCapacity: true)
        var nextHop = nextHop
        var path: [UInt8]?
        var aggregator: [UInt8]?
        var cursor = unsafe AttributeCursor(attributes.span.bytes)
        while cursor.advance() {
            if cursor.code > .nextHop { putNextHop(&nextHop) }
            if cursor.code > .as4Path { putOldSpeaker(&path, &aggregator) }
            switch cursor.code {
            case .asPath where !hasFourOctetASN:
                let shape = PathShape(cursor.value, isWide: true)
                var narrow: [UInt8] = []
                narrowPath(cursor.value, to: &narrow)
                wire.putAttribute(.asPath, flags: cursor.flags, length: narrow.count)
                wire.append(contentsOf: narrow)
                // RFC 6793 §4.2.2: only where AS_TRANS hides something.
                if shape.hasLargeNumber { path = cursor.value.copy() }
            case .aggregator where !hasFourOctetASN:
                var reader = Reader(cursor.value)
                guard let asn = try? reader.u32(), let id = try? reader.address4() else { continue }
                wire.putAttribute(.aggregator, flags: cursor.flags, length: 6)
                wire.put(UInt16(exactly: asn) ?? UInt16(ASN.transition.rawValue))
                wire.put(id)
                if asn > 0xFFFF { aggregator = cursor.value.copy() }
            default: wire.append(copying: cursor.whole)
            }
        }
        putNextHop(&nextHop)
        putOldSpeaker(&path, &aggregator)
    }

    private mutating func putNextHop(_ nextHop: inout IPv4Address?) {
        guard let address = nextHop else { return }
        nextHop = nil
        wire.putAttribute(.nextHop, flags: AttributeFlags.transitive, length: 4)
        wire.put(address)
    }

    private mutating func putOldSpeaker(_ path: inout [UInt8]?, _ aggregator: inout [UInt8]?) {
        let flags = AttributeFlags.optional | AttributeFlags.transitive
        for (code, value) in [(AttributeCode.as4Path, path), (.as4Aggregator, aggregator)] {
            guard let value else { continue }
            wire.putAttribute(code, flags: flags, length: value.count)
            wire.append(contentsOf: value)
        }
        path = nil
        aggregator = nil
    }
}
