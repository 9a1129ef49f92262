// A peer as the tests of Adj-RIB-Out have it: it reads our messages and holds what they say.

import BGP
import Net
import Testing

@testable import Routing

/// A peer that reads our messages.
struct Listener {
    var routes: [Prefix: (attributes: [UInt8], nextHop: IPAddress?)] = [:]
    var ends: [Family] = []
    var messages = 0
    var announcements = 0
    var withdrawals = 0
    var isInternal = false
    var limit = Int.max
    /// Families whose prefixes carry identifiers; their routes stand in `wide`.
    var pathIDs: Set<Family> = []
    var hasExtendedNextHop = false
    var wide: [Prefix: [UInt32: (attributes: [UInt8], nextHop: IPAddress?)]] = [:]
    var wideCount: Int { wide.values.reduce(0) { $0 + $1.count } }

    mutating func read(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            guard
                case .whole(let kind, let length) = Frame(
                    bytes.span.bytes, at: offset, maximumLength: 4096), kind == .update
            else {
                Issue.record("no UPDATE at \(offset)")
                return
            }
            var buffer = UpdateBuffer()
            let body = Array(bytes[(offset + headerLength)..<(offset + length)])
            var rules = UpdateRules(isInternal: isInternal)
            rules.hasPathIDs4 = pathIDs.contains(.ipv4)
            rules.hasPathIDs6 = pathIDs.contains(.ipv6)
            rules.hasExtendedNextHop = hasExtendedNextHop
            buffer.decode(body.span.bytes, rules: rules)
            if buffer.verdict != .ok { Issue.record("verdict \(buffer.verdict)") }
            take(buffer)
            offset += length
            messages += 1
        }
    }

    private mutating func take(_ buffer: UpdateBuffer) {
        takeWide(buffer)
        let gone: [Prefix] =
            buffer.withdrawn4.map { .v4($0) } + buffer.withdrawn6.map { .v6($0) }
        for prefix in gone where !pathIDs.contains(prefix.family) {
            withdrawals += 1
            if routes.removeValue(forKey: prefix) == nil { Issue.record("never said: \(prefix)") }
        }
        for prefix in buffer.announced4 where !pathIDs.contains(.ipv4) {
            announcements += 1
            routes[.v4(prefix)] = (buffer.attributes, buffer.nextHop4)
        }
        for prefix in buffer.announced6 where !pathIDs.contains(.ipv6) {
            announcements += 1
            routes[.v6(prefix)] = (buffer.attributes, buffer.nextHop6.map { .v6($0) })
        }
        if routes.count > limit || wideCount > limit {
            Issue.record("\(routes.count) are over the limit")
        }
        if let end = buffer.endOfRIB { ends.append(end) }
    }

    private mutating func takeWide(_ buffer: UpdateBuffer) {
        let gone =
            zip(buffer.withdrawn4.map { Prefix.v4($0) }, buffer.withdrawnIDs4)
            .map { ($0, $1) }
            + zip(buffer.withdrawn6.map { Prefix.v6($0) }, buffer.withdrawnIDs6)
            .map { ($0, $1) }
        for (prefix, id) in gone {
            withdrawals += 1
            if wide[prefix]?.removeValue(forKey: id) == nil {
                Issue.record("never said: \(prefix) \(id)")
            }
            if wide[prefix]?.isEmpty == true { wide[prefix] = nil }
        }
        for (prefix, id) in zip(buffer.announced4, buffer.announcedIDs4) {
            announcements += 1
            wide[.v4(prefix), default: [:]][id] = (buffer.attributes, buffer.nextHop4)
        }
        for (prefix, id) in zip(buffer.announced6, buffer.announcedIDs6) {
            announcements += 1
            wide[.v6(prefix), default: [:]][id] =
                (buffer.attributes, buffer.nextHop6.map { .v6($0) })
        }
    }

    mutating func pull(_ bench: inout Bench, _ receiver: ReceiverID, limit: Int = 4096) {
        for _ in 0..<10_000 {
            var bytes: [UInt8] = []
            let hasMore = bench.rib.produce(receiver, into: &bytes, limit: limit)
            read(bytes)
            if !hasMore {
                #expect(!bench.rib.hasPending(receiver))
                return
            }
        }
        Issue.record("messages without end")
    }

    func path(_ prefix: Prefix) -> String? {
        routes[prefix].map { PathAttributes(canonical: $0.attributes).asPath.description }
    }
}
