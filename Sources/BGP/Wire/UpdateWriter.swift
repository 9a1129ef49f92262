// Packs prefixes that share one attribute set into as few UPDATEs as their maximum length allows.
// What does not fit is reported and leaves no byte behind.

public import Net

/// Appends whole UPDATE messages to a buffer.
public struct UpdateWriter: Sendable {
    /// The messages so far.
    public private(set) var bytes: [UInt8] = []
    /// How many messages `bytes` holds.
    public private(set) var messages = 0
    /// The longest message the peer takes: 4096, or 65535 (RFC 8654).
    public let maximumLength: Int
    /// Whether the peer reads 4-octet AS numbers (RFC 6793).
    public let hasFourOctetASN: Bool

    /// The attribute set as it goes to this peer.
    private var wire: [UInt8] = []

    /// A writer towards a peer of these abilities.
    public init(maximumLength: Int = 4096, hasFourOctetASN: Bool = true) {
        self.maximumLength = min(max(maximumLength, 4096), 65535)
        self.hasFourOctetASN = hasFourOctetASN
    }

    /// A writer for a session.
    public init(_ negotiated: Negotiated) {
        self.init(
            maximumLength: negotiated.maximumLength, hasFourOctetASN: negotiated.hasFourOctetASN)
    }

    /// Announces IPv4 prefixes with canonical attributes; false when the attributes leave no room
    /// for a prefix: then nothing is written, and nothing can be announced with them.
    public mutating func announce(
        _ prefixes: [Prefix4], attributes: [UInt8], nextHop: IPv4Address
    ) -> Bool {
        translate(attributes, nextHop: nextHop)
        guard maximumLength - emptyLength - wire.count >= 5 else { return false }
        var next = 0
        while next < prefixes.count {
            let start = beginMessage()
            bytes.put(UInt16(0))
            bytes.put(UInt16(wire.count))
            bytes.append(contentsOf: wire)
            putPrefixes(prefixes, from: &next, limit: start + maximumLength)
            endMessage(start)
        }
        return true
    }

    /// Announces IPv6 prefixes with canonical attributes; false as above.
    public mutating func announce(
        _ prefixes: [Prefix6], attributes: [UInt8], nextHop: IPv6Address,
        linkLocal: IPv6Address? = nil
    ) -> Bool {
        translate(attributes, nextHop: nil)
        let head = 4 + 5 + (linkLocal == nil ? 16 : 32)
        guard maximumLength - emptyLength - head - wire.count >= 17 else { return false }
        var next = 0
        while next < prefixes.count {
            let start = beginMessage()
            bytes.put(UInt16(0))
            let total = bytes.count
            bytes.put(UInt16(0))
            // RFC 7606 §5.1: MP_REACH_NLRI first, so that a receiver finds it whatever follows.
            let value = beginMP(.mpReach)
            bytes.put(UInt8(linkLocal == nil ? 16 : 32))
            bytes.put(nextHop)
            if let linkLocal { bytes.put(linkLocal) }
            bytes.put(UInt8(0))
            putPrefixes(prefixes, from: &next, limit: start + maximumLength - wire.count)
            bytes.patchLength(at: value)
            bytes.append(contentsOf: wire)
            bytes.patchLength(at: total)
            endMessage(start)
        }
        return true
    }

    /// Withdraws IPv4 prefixes.
    public mutating func withdraw(_ prefixes: [Prefix4]) {
        var next = 0
        while next < prefixes.count {
            let start = beginMessage()
            let field = bytes.count
            bytes.put(UInt16(0))
            putPrefixes(prefixes, from: &next, limit: start + maximumLength - 2)
            bytes.patchLength(at: field)
            bytes.put(UInt16(0))
            endMessage(start)
        }
    }

    /// Withdraws IPv6 prefixes.
    public mutating func withdraw(_ prefixes: [Prefix6]) {
        var next = 0
        while next < prefixes.count {
            putUnreach(prefixes, from: &next)
        }
    }

    /// Says that the initial routes of a family are complete (RFC 4724 §2).
    public mutating func endOfRIB(_ family: Family) {
        switch family {
        case .ipv4:
            let start = beginMessage()
            bytes.put(UInt32(0))
            endMessage(start)
        case .ipv6:
            var next = 0
            putUnreach([], from: &next)
        }
    }

    /// Hands out the messages and begins anew.
    public mutating func take() -> [UInt8] {
        defer { removeAll() }
        return bytes
    }

    /// Forgets the messages and keeps the room, for a caller that copied them.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        messages = 0
    }

    private mutating func putUnreach(_ prefixes: [Prefix6], from next: inout Int) {
        let start = beginMessage()
        bytes.put(UInt16(0))
        let total = bytes.count
        bytes.put(UInt16(0))
        let value = beginMP(.mpUnreach)
        putPrefixes(prefixes, from: &next, limit: start + maximumLength)
        bytes.patchLength(at: value)
        bytes.patchLength(at: total)
        endMessage(start)
    }

    private mutating func putPrefixes(_ prefixes: [Prefix4], from next: inout Int, limit: Int) {
        while next < prefixes.count,
            limit - bytes.count >= 1 + (Int(prefixes[next].length) + 7) >> 3
        {
            bytes.put(prefixes[next])
            next += 1
        }
    }

    private mutating func putPrefixes(_ prefixes: [Prefix6], from next: inout Int, limit: Int) {
        while next < prefixes.count,
            limit - bytes.count >= 1 + (Int(prefixes[next].length) + 7) >> 3
        {
            bytes.put(prefixes[next])
            next += 1
        }
    }

    /// Header, and both length fields.
    private var emptyLength: Int { headerLength + 4 }

    private mutating func beginMessage() -> Int {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0xFF, count: 16))
        bytes.put(UInt16(0))
        bytes.put(MessageKind.update.rawValue)
        return start
    }

    private mutating func endMessage(_ start: Int) {
        bytes.patchLength(at: start + 16, extra: 18)
        messages += 1
    }

    /// Begins an MP attribute of IPv6 unicast; the offset of its length is returned.
    private mutating func beginMP(_ code: AttributeCode) -> Int {
        bytes.put(AttributeFlags.optional | AttributeFlags.extendedLength)
        bytes.put(code.rawValue)
        let length = bytes.count
        bytes.put(UInt16(0))
        let family = AddressFamily(.ipv6)
        bytes.put(family.afi)
        bytes.put(family.safi)
        return length
    }
}

extension UpdateWriter {
    /// The canonical attributes with NEXT_HOP in its place, in the numbers the peer reads.
    private mutating func translate(_ attributes: [UInt8], nextHop: IPv4Address?) {
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
