// The structure of an UPDATE, before any attribute is judged: prefixes are collected from all
// three places first, so that whatever is wrong with the attributes, there is something to
// withdraw. A route that is re-announced with a broken attribute must not live on.

import Net

/// What the first pass learned about a message, beside the prefixes themselves.
struct UpdateOutline {
    /// Something is announced, of a family we speak or not (RFC 7606 §5.2).
    var hasReachable = false
    /// The NLRI field is not empty.
    var hasField = false
    /// There are attributes other than MP_UNREACH_NLRI.
    var hasOther = false
    /// The attribute list does not add up.
    var isListBroken = false
    /// MP_UNREACH_NLRI stood here, of this family, when it is negotiated.
    var hasUnreach = false
    var unreachFamily: Family?
    /// The next hop that MP_REACH_NLRI gives to IPv4 prefixes.
    var reachNextHop4: IPAddress?
    /// What is already wrong with the MP attributes.
    var reason: WithdrawReason?
}

/// Which of the 256 types were met.
private struct CodeSet {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// False when it was there before.
    mutating func insert(_ code: AttributeCode) -> Bool {
        let bit: UInt64 = 1 << UInt64(code.rawValue & 63)
        func add(_ word: inout UInt64) -> Bool {
            defer { word |= bit }
            return word & bit == 0
        }
        switch code.rawValue >> 6 {
        case 0: return add(&words.0)
        case 1: return add(&words.1)
        case 2: return add(&words.2)
        default: return add(&words.3)
        }
    }
}

extension UpdateBuffer {
    /// Decodes the body of an UPDATE (what follows the header), replacing what was here.
    public mutating func decode(_ body: RawSpan, rules: UpdateRules) {
        removeAll()
        var reader = Reader(body)
        do throws(ShortRead) {
            // RFC 7606 §3(b): lengths that do not fit the message leave no way to find the NLRI.
            let withdrawn = try reader.take(Int(reader.u16()))
            let attributes = try reader.take(Int(reader.u16()))
            let field = reader.rest()
            guard withdraw4(withdrawn, rules: rules), announce4(field, rules: rules) else {
                return reset(Notification(3, 10))
            }
            if body.byteCount == 4 {
                endOfRIB = rules.hasIPv4 ? .ipv4 : nil
                return
            }
            var outline = UpdateOutline()
            outline.hasField = !announced4.isEmpty
            outline.hasReachable = outline.hasField
            if let fault = collect(attributes, rules: rules, outline: &outline) {
                return reset(fault)
            }
            if !rules.hasIPv4 {
                withdrawn4.removeAll(keepingCapacity: true)
                withdrawnIDs4.removeAll(keepingCapacity: true)
                announced4.removeAll(keepingCapacity: true)
                announcedIDs4.removeAll(keepingCapacity: true)
            }
            judge(attributes, rules: rules, outline: outline)
        } catch {
            reset(Notification(3, 1))
        }
    }

    /// Empties the buffer and keeps its room.
    mutating func removeAll() {
        withdrawn4.removeAll(keepingCapacity: true)
        withdrawn6.removeAll(keepingCapacity: true)
        withdrawnIDs4.removeAll(keepingCapacity: true)
        withdrawnIDs6.removeAll(keepingCapacity: true)
        endOfRIB = nil
        verdict = .ok
        discarded = 0
        forgetAnnounced()
    }

    mutating func forgetAnnounced() {
        announced4.removeAll(keepingCapacity: true)
        announced6.removeAll(keepingCapacity: true)
        announcedIDs4.removeAll(keepingCapacity: true)
        announcedIDs6.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        nextHop4 = nil
        nextHop6 = nil
        linkLocal6 = nil
    }

    mutating func reset(_ notification: Notification) {
        removeAll()
        verdict = .reset(notification)
    }

    /// The first pass: where each attribute stands, and the prefixes inside the MP attributes.
    private mutating func collect(
        _ list: RawSpan, rules: UpdateRules, outline: inout UpdateOutline
    ) -> Notification? {
        slots.removeAll(keepingCapacity: true)
        var seen = CodeSet()
        var isAscending = true
        var cursor = AttributeCursor(list)
        while cursor.advance() {
            let isFirst = seen.insert(cursor.code)
            if cursor.code == .mpReach || cursor.code == .mpUnreach {
                // RFC 7606 §3(g): either of them twice is beyond repair.
                guard isFirst else { return Notification(3, 1) }
                let isRead =
                    cursor.code == .mpReach
                    ? readReach(cursor.value, rules: rules, outline: &outline)
                    : readUnreach(cursor.value, rules: rules, outline: &outline)
                guard isRead else { return Notification(3, 9, data: cursor.whole.copy()) }
                let bits = cursor.flags & (AttributeFlags.optional | AttributeFlags.transitive)
                if bits != AttributeFlags.optional { outline.reason = .flags(cursor.code) }
                continue
            }
            outline.hasOther = true
            guard isFirst else {
                discarded += 1  // RFC 7606 §3(g): the first one counts.
                continue
            }
            if let last = slots.last, last.code > cursor.code { isAscending = false }
            slots.append(
                AttributeSlot(code: cursor.code, flags: cursor.flags, range: cursor.range))
        }
        switch cursor.fault {
        case .overrun(.mpReach), .overrun(.mpUnreach): return Notification(3, 1)
        case .residue, .overrun:
            outline.hasOther = true
            outline.isListBroken = true
        case nil: break
        }
        if !isAscending { sortSlots() }
        return nil
    }

    /// By insertion: at most 254 types, and most lists are nearly in order.
    private mutating func sortSlots() {
        for end in 1..<slots.count {
            var index = end
            while index > 0, slots[index - 1].code > slots[index].code {
                slots.swapAt(index - 1, index)
                index -= 1
            }
        }
    }

    /// MP_REACH_NLRI; false when it cannot be parsed (RFC 7606 §7.11).
    private mutating func readReach(
        _ value: RawSpan, rules: UpdateRules, outline: inout UpdateOutline
    ) -> Bool {
        outline.hasOther = true
        guard value.byteCount >= 5 else { return false }
        var reader = Reader(value)
        do throws(ShortRead) {
            let family = try AddressFamily(afi: reader.u16(), safi: reader.u8()).family
            guard let family, rules.has(family) else {
                // Not negotiated: not looked into (RFC 4760 §6 lets us ignore it).
                if value.byteCount > 5 { outline.hasReachable = true }
                return true
            }
            var nextHop = try Reader(reader.take(Int(reader.u8())))
            _ = try reader.u8()
            let field = reader.rest()
            if field.byteCount > 0 { outline.hasReachable = true }
            switch family {
            case .ipv4:
                switch nextHop.remaining {
                case 4: outline.reachNextHop4 = try .v4(nextHop.address4())
                case 16 where rules.hasExtendedNextHop, 32 where rules.hasExtendedNextHop:
                    let found = try readNextHop6(&nextHop)
                    outline.reachNextHop4 = .v6(found.global)
                    linkLocal6 = found.linkLocal
                default: return false
                }
                return announce4(field, rules: rules)
            case .ipv6:
                guard nextHop.remaining == 16 || nextHop.remaining == 32 else { return false }
                let found = try readNextHop6(&nextHop)
                nextHop6 = found.global
                linkLocal6 = found.linkLocal
                return rules.hasPathIDs6
                    ? announced6.append(decoding: field, ids: &announcedIDs6)
                    : announced6.append(decoding: field)
            }
        } catch {
            return false
        }
    }

    /// RFC 2545 §3: a global address, or a global and a link-local one. Some send the link-local
    /// one alone, or behind an unspecified one.
    private func readNextHop6(
        _ reader: inout Reader
    ) throws(ShortRead) -> (global: IPv6Address, linkLocal: IPv6Address?) {
        let first = try reader.address6()
        let second = reader.isAtEnd ? nil : try reader.address6()
        let linkLocal =
            second.flatMap { $0.isLinkLocal ? $0 : nil } ?? (first.isLinkLocal ? first : nil)
        let isUnspecified = first.high == 0 && first.low == 0
        return (isUnspecified ? linkLocal ?? first : first, linkLocal)
    }

    /// MP_UNREACH_NLRI; false when it cannot be parsed (RFC 7606 §7.12).
    private mutating func readUnreach(
        _ value: RawSpan, rules: UpdateRules, outline: inout UpdateOutline
    ) -> Bool {
        outline.hasUnreach = true
        var reader = Reader(value)
        do throws(ShortRead) {
            let family = try AddressFamily(afi: reader.u16(), safi: reader.u8()).family
            guard let family, rules.has(family) else { return true }
            outline.unreachFamily = family
            let field = reader.rest()
            switch family {
            case .ipv4: return withdraw4(field, rules: rules)
            case .ipv6:
                return rules.hasPathIDs6
                    ? withdrawn6.append(decoding: field, ids: &withdrawnIDs6)
                    : withdrawn6.append(decoding: field)
            }
        } catch {
            return false
        }
    }

    private mutating func announce4(_ field: RawSpan, rules: UpdateRules) -> Bool {
        rules.hasPathIDs4
            ? announced4.append(decoding: field, ids: &announcedIDs4)
            : announced4.append(decoding: field)
    }

    private mutating func withdraw4(_ field: RawSpan, rules: UpdateRules) -> Bool {
        rules.hasPathIDs4
            ? withdrawn4.append(decoding: field, ids: &withdrawnIDs4)
            : withdrawn4.append(decoding: field)
    }
}
