// What was accepted from a peer can be read as a value and told to others, and says the same
// there: the bytes of its attributes are canonical, and what UpdateWriter makes of them decodes
// to the same prefixes and attributes.

import BGP
import Net

enum Rewriting {
    /// Checks one UPDATE that `Peer` let through.
    static func check(_ update: borrowing UpdateBuffer, _ rules: UpdateRules) {
        if case .reset = update.verdict { fatalError("broken promise: a reset let through") }
        let hasRoutes = !update.announced4.isEmpty || !update.announced6.isEmpty
        if update.verdict != .ok { hold(!hasRoutes, "routes of a message that is withdrawn") }
        hold(rules.hasIPv4 || update.announced4.isEmpty && update.withdrawn4.isEmpty, "IPv4")
        hold(rules.hasIPv6 || update.announced6.isEmpty && update.withdrawn6.isEmpty, "IPv6")
        count(update.announcedIDs4, update.announced4.count, rules.hasPathIDs4)
        count(update.withdrawnIDs4, update.withdrawn4.count, rules.hasPathIDs4)
        count(update.announcedIDs6, update.announced6.count, rules.hasPathIDs6)
        count(update.withdrawnIDs6, update.withdrawn6.count, rules.hasPathIDs6)
        if case .v6 = update.nextHop4 {
            hold(rules.hasExtendedNextHop, "a next hop of another family")
        }
        takeBack(update, rules)
        guard hasRoutes else { return }

        let canonical = update.attributes
        let value = PathAttributes(canonical: canonical)
        hold(value.canonical() == canonical, "attributes that are not canonical: \(canonical)")
        agree(AttributeSummary(canonical: canonical), value)
        for number in value.asPath.segments.flatMap(\.numbers).prefix(8) {
            hold(PathAttributes.containsAS(number, canonical: canonical), "an AS is overlooked")
        }
        write(update, value, rules, isWide: true)
        write(update, value, rules, isWide: false)
    }

    /// One identifier stands beside each prefix, or none beside any.
    private static func count(_ ids: [UInt32], _ prefixes: Int, _ hasIDs: Bool) {
        hold(
            ids.count == (hasIDs ? prefixes : 0), "\(ids.count) identifiers of \(prefixes)")
    }

    private static func pathIDs(_ rules: UpdateRules) -> Set<Family> {
        Set((rules.hasPathIDs4 ? [.ipv4] : []) + (rules.hasPathIDs6 ? [.ipv6] : []))
    }

    /// What is withdrawn is so for others too.
    private static func takeBack(_ update: borrowing UpdateBuffer, _ rules: UpdateRules) {
        var writer = UpdateWriter(pathIDs: pathIDs(rules))
        writer.withdraw(update.withdrawn4, ids: update.withdrawnIDs4)
        writer.withdraw(update.withdrawn6, ids: update.withdrawnIDs6)
        var gone4: [Prefix4] = []
        var gone6: [Prefix6] = []
        var ids: [UInt32] = []
        var again = UpdateBuffer()
        for (_, body) in messages(writer.take(), maximumLength: 4096) {
            again.decode(body.span.bytes, rules: rules)
            hold(again.verdict == .ok, "our own withdrawal gets \(again.verdict)")
            gone4 += again.withdrawn4
            gone6 += again.withdrawn6
            ids += again.withdrawnIDs4 + again.withdrawnIDs6
        }
        hold(
            gone4 == update.withdrawn4 && gone6 == update.withdrawn6
                && ids == update.withdrawnIDs4 + update.withdrawnIDs6, "withdrawals change")
    }

    private static func agree(_ summary: AttributeSummary, _ value: PathAttributes) {
        hold(summary.pathLength == value.asPath.length, "two lengths of one path")
        hold(summary.firstAS == value.asPath.first, "two first AS of one path")
        hold(summary.originAS == value.asPath.origin, "two last AS of one path")
        hold(summary.origin == value.origin, "two origins")
        hold(summary.med == value.med, "two MEDs")
        hold(summary.localPref == value.localPref, "two preferences")
        hold(summary.originatorID == value.originatorID, "two originators")
        hold(summary.clusterListLength == value.clusterList.count, "two cluster lists")
    }

    /// Towards somebody with long messages, and with or without 4-octet numbers.
    private static func write(
        _ update: borrowing UpdateBuffer, _ value: PathAttributes, _ rules: UpdateRules,
        isWide: Bool
    ) {
        var writer = UpdateWriter(
            maximumLength: 65535, hasFourOctetASN: isWide, pathIDs: pathIDs(rules))
        let nextHop4 = IPv4Address(192, 0, 2, 1)
        let nextHop6 = IPv6Address(high: 0x2001_0db8_0000_0000, low: 1)
        let isFitting4 =
            if case .v6(let address)? = update.nextHop4 {
                writer.announce(
                    update.announced4, ids: update.announcedIDs4, attributes: update.attributes,
                    nextHop: address, linkLocal: update.linkLocal6)
            } else {
                writer.announce(
                    update.announced4, ids: update.announcedIDs4, attributes: update.attributes,
                    nextHop: nextHop4)
            }
        let isFitting =
            isFitting4
            && writer.announce(
                update.announced6, ids: update.announcedIDs6, attributes: update.attributes,
                nextHop: nextHop6, linkLocal: update.linkLocal6)
        let isLarge = update.attributes.count > 20_000
        hold(isFitting || isLarge, "attributes that came do not go")
        guard isFitting else { return }
        var got4: [Prefix4] = []
        var got6: [Prefix6] = []
        var ids4: [UInt32] = []
        var ids6: [UInt32] = []
        var read = rules
        read.hasFourOctetASN = isWide
        var again = UpdateBuffer()
        for (kind, body) in messages(writer.take(), maximumLength: 65535) {
            hold(kind == .update, "a message of another kind")
            again.decode(body.span.bytes, rules: read)
            hold(again.verdict == .ok, "our own message gets \(again.verdict)")
            got4 += again.announced4
            got6 += again.announced6
            ids4 += again.announcedIDs4
            ids6 += again.announcedIDs6
            if case .v6 = update.nextHop4, !again.announced4.isEmpty {
                hold(again.nextHop4 == update.nextHop4, "a next hop changes")
            }
            if isWide {
                hold(again.attributes == update.attributes, "attributes change on their way")
            } else {
                compare(again.attributes, value)
            }
        }
        hold(got4 == update.announced4 && got6 == update.announced6, "prefixes change")
        hold(
            ids4 == update.announcedIDs4 && ids6 == update.announcedIDs6, "identifiers change")
    }

    /// Through an old speaker a path may come back in other segments, with the same hops.
    private static func compare(_ canonical: [UInt8], _ before: PathAttributes) {
        var after = PathAttributes(canonical: canonical)
        hold(
            joined(after.asPath) == joined(before.asPath),
            "a path changes through an old speaker: \(before.asPath) becomes \(after.asPath)")
        after.asPath = before.asPath
        hold(after == before, "attributes change through an old speaker")
    }

    private static func joined(_ path: ASPath) -> [ASPath.Segment] {
        var result: [ASPath.Segment] = []
        for segment in path.segments {
            if segment.kind == .sequence, result.last?.kind == .sequence {
                result[result.count - 1].numbers += segment.numbers
            } else {
                result.append(segment)
            }
        }
        return result
    }
}
