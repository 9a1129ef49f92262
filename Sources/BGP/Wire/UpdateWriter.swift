// Packs prefixes that share one attribute set into as few UPDATEs as their maximum length allows.
// What does not fit is reported and leaves no byte behind.

public import Net

/// Appends whole UPDATE messages to a buffer.
///
/// `ids` are the path identifiers of RFC 7911, one for each prefix, or none at all: then each is 0.
/// They go out only for the families of `pathIDs`, so that a caller need not ask.
public struct UpdateWriter: Sendable {
    /// The messages so far.
    public private(set) var bytes: [UInt8] = []
    /// How many messages `bytes` holds.
    public private(set) var messages = 0
    /// The longest message the peer takes: 4096, or 65535 (RFC 8654).
    public let maximumLength: Int
    /// Whether the peer reads 4-octet AS numbers (RFC 6793).
    public let hasFourOctetASN: Bool
    /// The families whose prefixes carry path identifiers to the peer (RFC 7911).
    public let pathIDs: Set<Family>

    /// The attribute set as it goes to this peer.
    var wire: [UInt8] = []
    private let hasIDs4: Bool
    private let hasIDs6: Bool

    /// A writer towards a peer of these abilities.
    public init(
        maximumLength: Int = 4096, hasFourOctetASN: Bool = true, pathIDs: Set<Family> = []
    ) {
        self.maximumLength = min(max(maximumLength, 4096), 65535)
        self.hasFourOctetASN = hasFourOctetASN
        self.pathIDs = pathIDs
        hasIDs4 = pathIDs.contains(.ipv4)
        hasIDs6 = pathIDs.contains(.ipv6)
    }

    /// A writer for a session.
    public init(_ negotiated: Negotiated) {
        self.init(
            maximumLength: negotiated.maximumLength, hasFourOctetASN: negotiated.hasFourOctetASN,
            pathIDs: negotiated.addPathOut)
    }

    /// Announces IPv4 prefixes with canonical attributes; false when the attributes leave no room
    /// for a prefix: then nothing is written, and nothing can be announced with them.
    public mutating func announce(
        _ prefixes: [Prefix4], ids: [UInt32] = [], attributes: [UInt8], nextHop: IPv4Address
    ) -> Bool {
        translate(attributes, nextHop: nextHop)
        guard maximumLength - emptyLength - wire.count >= (hasIDs4 ? 9 : 5) else { return false }
        let run = Run(prefixes, ids, hasIDs: hasIDs4)
        var next = 0
        while next < prefixes.count {
            let start = beginMessage()
            bytes.put(UInt16(0))
            bytes.put(UInt16(wire.count))
            bytes.append(contentsOf: wire)
            bytes.put(run, from: &next, limit: start + maximumLength)
            endMessage(start)
        }
        return true
    }

    /// Announces IPv4 prefixes with an IPv6 next hop (RFC 8950); false as above. Only for a peer
    /// with `Negotiated.hasExtendedNextHop`.
    public mutating func announce(
        _ prefixes: [Prefix4], ids: [UInt32] = [], attributes: [UInt8], nextHop: IPv6Address,
        linkLocal: IPv6Address? = nil
    ) -> Bool {
        reach(
            Run(prefixes, ids, hasIDs: hasIDs4), .ipv4, attributes: attributes, nextHop: nextHop,
            linkLocal: linkLocal)
    }

    /// Announces IPv6 prefixes with canonical attributes; false as above.
    public mutating func announce(
        _ prefixes: [Prefix6], ids: [UInt32] = [], attributes: [UInt8], nextHop: IPv6Address,
        linkLocal: IPv6Address? = nil
    ) -> Bool {
        reach(
            Run(prefixes, ids, hasIDs: hasIDs6), .ipv6, attributes: attributes, nextHop: nextHop,
            linkLocal: linkLocal)
    }

    /// Withdraws IPv4 prefixes, whatever their next hop was.
    public mutating func withdraw(_ prefixes: [Prefix4], ids: [UInt32] = []) {
        let run = Run(prefixes, ids, hasIDs: hasIDs4)
        var next = 0
        while next < prefixes.count {
            let start = beginMessage()
            let field = bytes.count
            bytes.put(UInt16(0))
            bytes.put(run, from: &next, limit: start + maximumLength - 2)
            bytes.patchLength(at: field)
            bytes.put(UInt16(0))
            endMessage(start)
        }
    }

    /// Withdraws IPv6 prefixes.
    public mutating func withdraw(_ prefixes: [Prefix6], ids: [UInt32] = []) {
        let run = Run(prefixes, ids, hasIDs: hasIDs6)
        var next = 0
        while next < prefixes.count { unreach(run, from: &next) }
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
            unreach(Run([], [], hasIDs: false), from: &next)
        }
    }

    /// Says that all routes of a family follow (RFC 7313). Never before End-of-RIB.
    public mutating func beginRefresh(_ family: Family) {
        RouteRefresh.begin(family).encode(into: &bytes)
        messages += 1
    }

    /// Says that all routes of a family were sent: what the peer has besides is gone.
    public mutating func endRefresh(_ family: Family) {
        RouteRefresh.end(family).encode(into: &bytes)
        messages += 1
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

    private mutating func reach<P: WirePrefix>(
        _ run: Run<P>, _ family: Family, attributes: [UInt8], nextHop: IPv6Address,
        linkLocal: IPv6Address?
    ) -> Bool {
        translate(attributes, nextHop: nil)
        let head = 4 + 5 + (linkLocal == nil ? 16 : 32)
        let largest = P.largestSize + (run.hasIDs ? 4 : 0)
        guard maximumLength - emptyLength - head - wire.count >= largest else { return false }
        var next = 0
        while next < run.prefixes.count {
            let start = beginMessage()
            bytes.put(UInt16(0))
            let total = bytes.count
            bytes.put(UInt16(0))
            // RFC 7606 §5.1: MP_REACH_NLRI first, so that a receiver finds it whatever follows.
            let value = beginMP(.mpReach, family)
            bytes.put(UInt8(linkLocal == nil ? 16 : 32))
            bytes.put(nextHop)
            if let linkLocal { bytes.put(linkLocal) }
            bytes.put(UInt8(0))
            bytes.put(run, from: &next, limit: start + maximumLength - wire.count)
            bytes.patchLength(at: value)
            bytes.append(contentsOf: wire)
            bytes.patchLength(at: total)
            endMessage(start)
        }
        return true
    }

    private mutating func unreach(_ run: Run<Prefix6>, from next: inout Int) {
        let start = beginMessage()
        bytes.put(UInt16(0))
        let total = bytes.count
        bytes.put(UInt16(0))
        let value = beginMP(.mpUnreach, .ipv6)
        bytes.put(run, from: &next, limit: start + maximumLength)
        bytes.patchLength(at: value)
        bytes.patchLength(at: total)
        endMessage(start)
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

    /// Begins an MP attribute of a family; the offset of its length is returned.
    private mutating func beginMP(_ code: AttributeCode, _ family: Family) -> Int {
        bytes.put(AttributeFlags.optional | AttributeFlags.extendedLength)
        bytes.put(code.rawValue)
        let length = bytes.count
        bytes.put(UInt16(0))
        let family = AddressFamily(family)
        bytes.put(family.afi)
        bytes.put(family.safi)
        return length
    }
}

/// Prefixes on their way out, with or without identifiers.
private struct Run<P: WirePrefix> {
    let prefixes: [P]
    let ids: [UInt32]
    let hasIDs: Bool

    init(_ prefixes: [P], _ ids: [UInt32], hasIDs: Bool) {
        precondition(ids.isEmpty || ids.count == prefixes.count, "not one identifier each")
        self.prefixes = prefixes
        self.ids = ids
        self.hasIDs = hasIDs
    }
}

/// A prefix that knows its bytes.
private protocol WirePrefix {
    /// Bytes of the longest one, with its length.
    static var largestSize: Int { get }
    var length: UInt8 { get }
    func put(into bytes: inout [UInt8])
}

extension Prefix4: WirePrefix {
    fileprivate static var largestSize: Int { 5 }
    fileprivate func put(into bytes: inout [UInt8]) { bytes.put(self) }
}

extension Prefix6: WirePrefix {
    fileprivate static var largestSize: Int { 17 }
    fileprivate func put(into bytes: inout [UInt8]) { bytes.put(self) }
}

extension [UInt8] {
    /// Appends as many prefixes as fit below `limit`.
    fileprivate mutating func put<P: WirePrefix>(
        _ run: borrowing Run<P>, from next: inout Int, limit: Int
    ) {
        let prefixes = run.prefixes
        guard run.hasIDs else {
            while next < prefixes.count,
                limit - count >= 1 + (Int(prefixes[next].length) + 7) >> 3
            {
                prefixes[next].put(into: &self)
                next += 1
            }
            return
        }
        while next < prefixes.count,
            limit - count >= 5 + (Int(prefixes[next].length) + 7) >> 3
        {
            put(run.ids.isEmpty ? 0 : run.ids[next])
            prefixes[next].put(into: &self)
            next += 1
        }
    }
}
