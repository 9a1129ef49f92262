// The meaning of an UPDATE, attribute by attribute as RFC 7606 §7 orders, while the canonical
// bytes are written. The strongest reaction wins: reset, then withdraw, then discard.

import Net

/// What is to be done with one attribute.
private enum Finding {
    /// It stands in the canonical bytes, or is used up otherwise.
    case kept
    /// Left out, and counted.
    case discard
    /// Left out without fault: optional, non-transitive and unknown.
    case drop
    case withdraw(WithdrawReason)
    case reset(Notification)
}

extension UpdateBuffer {
    /// The second pass.
    mutating func judge(_ list: RawSpan, rules: UpdateRules, outline: UpdateOutline) {
        var reason = outline.isListBroken ? WithdrawReason.attributeList : outline.reason
        var fieldNextHop: IPv4Address?
        for slot in slots {
            // RFC 4760 §3: where MP_REACH_NLRI alone announces, NEXT_HOP is not looked at.
            if slot.code == .nextHop, outline.hasReachable, !outline.hasField { continue }
            let value = list.extracting(slot.range)
            switch judge(slot, value: value, list: list, rules: rules) {
            case .kept:
                if slot.code == .nextHop { fieldNextHop = nextHop(value) }
            case .drop: break
            case .discard: discarded += 1
            case .withdraw(let found): reason = reason ?? found
            case .reset(let notification): return reset(notification)
            }
        }
        if reason == nil, !announced4.isEmpty || !announced6.isEmpty {
            reason = missing(rules: rules, outline: outline)
            if reason == nil { reason = placeNextHops(fieldNextHop, outline: outline) }
        }
        guard let reason else {
            if announced4.isEmpty { nextHop4 = nil }
            if announced6.isEmpty {
                nextHop6 = nil
                if nextHop4?.family != .ipv6 { linkLocal6 = nil }
                if announced4.isEmpty { attributes.removeAll(keepingCapacity: true) }
            }
            if outline.hasUnreach, !outline.hasOther, !outline.hasField, withdrawn4.isEmpty,
                withdrawn6.isEmpty
            {
                endOfRIB = outline.unreachFamily
            }
            return
        }
        // RFC 7606 §5.2: without reachable NLRI we cannot trust that all was found.
        if outline.hasOther, !outline.hasReachable {
            return reset(Notification(3, reason.subcode))
        }
        withdrawn4.append(contentsOf: announced4)
        withdrawn6.append(contentsOf: announced6)
        withdrawnIDs4.append(contentsOf: announcedIDs4)
        withdrawnIDs6.append(contentsOf: announcedIDs6)
        forgetAnnounced()
        verdict = .treatAsWithdraw(reason)
    }

    /// RFC 7606 §3(d). `slots` are in order, and few.
    private func missing(rules: UpdateRules, outline: UpdateOutline) -> WithdrawReason? {
        func has(_ code: AttributeCode) -> Bool { slots.contains { $0.code == code } }
        if !has(.origin) { return .missing(.origin) }
        if !has(.asPath) { return .missing(.asPath) }
        if outline.hasField, rules.hasIPv4, !has(.nextHop) { return .missing(.nextHop) }
        if rules.isInternal, !has(.localPref) { return .missing(.localPref) }
        return nil
    }

    /// Puts next hops in place; they must be addresses a packet can be sent to.
    private mutating func placeNextHops(
        _ field: IPv4Address?, outline: UpdateOutline
    ) -> WithdrawReason? {
        if !announced4.isEmpty {
            // The field and MP_REACH_NLRI may both announce IPv4; with two next hops it would be
            // unclear which prefix goes where.
            let inField = field.map { IPAddress.v4($0) }
            if outline.hasField, let other = outline.reachNextHop4, other != inField {
                return .value(.mpReach)
            }
            let code: AttributeCode = outline.hasField ? .nextHop : .mpReach
            guard let address = outline.hasField ? inField : outline.reachNextHop4,
                address.isUsableNextHop
            else { return .value(code) }
            nextHop4 = address
        }
        if !announced6.isEmpty {
            guard let nextHop6, nextHop6.isUsableNextHop else { return .value(.mpReach) }
        }
        return nil
    }

    private func nextHop(_ value: RawSpan) -> IPv4Address? {
        var reader = Reader(value)
        return try? reader.address4()
    }

    private mutating func judge(
        _ slot: AttributeSlot, value: RawSpan, list: RawSpan, rules: UpdateRules
    ) -> Finding {
        let code = slot.code
        guard let defined = code.definedFlags else { return judgeUnknown(slot, value: value) }
        let length = value.byteCount
        let mask = AttributeFlags.optional | AttributeFlags.transitive
        let hasFlags = slot.flags & mask == defined
        switch code {
        // First the ones whose rule is to discard, whatever is wrong with them.
        case .localPref where !rules.isInternal, .originatorID where !rules.isInternal,
            .clusterList where !rules.isInternal:
            return .discard
        case .as4Path, .as4Aggregator:
            // Merged into AS_PATH and AGGREGATOR; a 4-octet speaker must not send them.
            return rules.hasFourOctetASN ? .discard : .drop
        case .atomicAggregate:
            guard hasFlags, length == 0 else { return .discard }
        case .aggregator:
            guard hasFlags, let aggregator = aggregator(value, list: list, rules: rules) else {
                return .discard
            }
            attributes.putAttribute(
                code, flags: defined | slot.flags & AttributeFlags.partial, length: 8)
            attributes.put(aggregator.asn.rawValue)
            attributes.put(aggregator.id)
            return .kept
        default:
            guard hasFlags else { return .withdraw(.flags(code)) }
        }
        switch code {
        case .origin:
            guard length == 1 else { return .withdraw(.length(code)) }
            guard value[0] <= 2 else { return .withdraw(.value(code)) }
        case .asPath: return judgePath(slot, value: value, list: list, rules: rules)
        case .nextHop: return length == 4 ? .kept : .withdraw(.length(code))
        case .med, .localPref, .originatorID, .onlyToCustomer:
            guard length == 4 else { return .withdraw(.length(code)) }
        case .communities, .clusterList:
            guard length > 0, length % 4 == 0 else { return .withdraw(.length(code)) }
        case .extendedCommunities:
            guard length > 0, length % 8 == 0 else { return .withdraw(.length(code)) }
        case .largeCommunities:
            guard length > 0, length % 12 == 0 else { return .withdraw(.length(code)) }
        default: break
        }
        var flags = defined
        if defined == mask { flags |= slot.flags & AttributeFlags.partial }
        attributes.putAttribute(code, flags: flags, length: length)
        attributes.append(copying: value)
        return .kept
    }

    /// What we do not know we do not look into.
    private mutating func judgeUnknown(_ slot: AttributeSlot, value: RawSpan) -> Finding {
        guard slot.flags & AttributeFlags.optional != 0 else {
            var data: [UInt8] = []
            data.putAttribute(slot.code, flags: slot.flags, length: value.byteCount)
            data.append(copying: value)
            return .reset(Notification(3, 2, data: data))
        }
        guard slot.flags & AttributeFlags.transitive != 0 else { return .drop }
        // The width of its length stays as it came: others have stumbled over a changed one.
        attributes.put(slot.flags & 0xF0 | AttributeFlags.partial)
        attributes.put(slot.code.rawValue)
        if slot.flags & AttributeFlags.extendedLength != 0 {
            attributes.put(UInt16(value.byteCount))
        } else {
            attributes.put(UInt8(value.byteCount))
        }
        attributes.append(copying: value)
        return .kept
    }

    private mutating func judgePath(
        _ slot: AttributeSlot, value: RawSpan, list: RawSpan, rules: UpdateRules
    ) -> Finding {
        let code = AttributeCode.asPath
        let shape = PathShape(value, isWide: rules.hasFourOctetASN)
        guard shape.isWellFormed, !shape.hasConfederation else { return .withdraw(.value(code)) }
        if shape.hasSet, !rules.acceptsSets { return .withdraw(.value(code)) }
        if let firstAS = rules.firstAS, !rules.isInternal, shape.first != firstAS {
            return .withdraw(.value(code))
        }
        if rules.hasFourOctetASN {
            attributes.putAttribute(code, flags: AttributeFlags.transitive, length: value.byteCount)
            attributes.append(copying: value)
            return .kept
        }
        scratch.removeAll(keepingCapacity: true)
        if let slot = usableAS4Path(list: list, rules: rules) {
            let path = list.extracting(slot.range)
            let wide = PathShape(path, isWide: true)
            if wide.isWellFormed, !wide.isEmpty {
                if wide.hasSet, !rules.acceptsSets { return .withdraw(.value(.as4Path)) }
                mergePaths(
                    narrow: value, wide: path, lead: shape.length - wide.length, to: &scratch)
            } else {
                discarded += 1
            }
        }
        if scratch.isEmpty { widenPath(value, limit: .max, to: &scratch) }
        // Twice as wide, it may outgrow what an attribute can hold.
        guard scratch.count <= 0xFFFF else { return .withdraw(.length(code)) }
        attributes.putAttribute(code, flags: AttributeFlags.transitive, length: scratch.count)
        attributes.append(contentsOf: scratch)
        return .kept
    }

    /// AS4_PATH, unless RFC 6793 §4.2.3 says that AGGREGATOR makes it void.
    private func usableAS4Path(list: RawSpan, rules: UpdateRules) -> AttributeSlot? {
        let optional = AttributeFlags.optional | AttributeFlags.transitive
        guard let slot = slot(.as4Path), slot.flags & optional == optional else { return nil }
        if let aggregator = self.slot(.aggregator), self.slot(.as4Aggregator) != nil {
            var reader = Reader(list.extracting(aggregator.range))
            if let asn = try? reader.u16(), asn != UInt16(ASN.transition.rawValue) { return nil }
        }
        return slot
    }

    private func slot(_ code: AttributeCode) -> AttributeSlot? {
        slots.first { $0.code == code }
    }

    /// AGGREGATOR, with the AS of AS4_AGGREGATOR where a 2-octet speaker needed that.
    private func aggregator(
        _ value: RawSpan, list: RawSpan, rules: UpdateRules
    ) -> PathAttributes.Aggregator? {
        func read(_ value: RawSpan, isWide: Bool) -> PathAttributes.Aggregator? {
            guard value.byteCount == (isWide ? 8 : 6) else { return nil }
            var reader = Reader(value)
            guard let number = try? isWide ? reader.u32() : UInt32(reader.u16()), number != 0,
                let id = try? reader.address4()
            else { return nil }
            return PathAttributes.Aggregator(asn: ASN(number), id: id)
        }
        let narrow = read(value, isWide: rules.hasFourOctetASN)
        guard !rules.hasFourOctetASN, narrow?.asn == .transition,
            let slot = slot(.as4Aggregator)
        else { return narrow }
        return read(list.extracting(slot.range), isWide: true) ?? narrow
    }
}

extension WithdrawReason {
    /// The subcode of UPDATE error, for when nothing can be withdrawn.
    var subcode: UInt8 {
        switch self {
        case .attributeList: 1
        case .missing: 3
        case .flags: 4
        case .length: 5
        case .value(.origin): 6
        case .value(.nextHop): 8
        case .value(.asPath), .value(.as4Path): 11
        case .value: 9
        }
    }
}

extension IPAddress {
    /// A packet can be sent there.
    fileprivate var isUsableNextHop: Bool {
        switch self {
        case .v4(let address): address.isUsableNextHop
        case .v6(let address): address.isUsableNextHop
        }
    }
}

extension IPv4Address {
    /// Not 0/8, loopback, multicast or beyond.
    fileprivate var isUsableNextHop: Bool {
        raw >> 24 != 0 && raw >> 24 != 127 && raw >> 28 < 0xE
    }
}

extension IPv6Address {
    /// Not unspecified, loopback or multicast.
    fileprivate var isUsableNextHop: Bool {
        !(high == 0 && low <= 1) && high >> 56 != 0xFF
    }
}
