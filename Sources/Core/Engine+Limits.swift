// How many prefixes a peer may announce: a warning near the limit, the end of the session above it,
// and the way back by time, by a higher limit, or by the operator's word.

import BGP
import Intent
import Net
import Routing

extension Engine {
    /// Looks at a session's limit after its peer announced something. `isWithin` is routing's word
    /// that nothing was over the limit.
    mutating func checkLimit(
        _ slot: Int, isWithin: Bool, at now: Instant, into effects: inout [Effect]
    ) {
        let limits = sessions[slot].settings.limits
        guard let limit = limits.inbound else {
            sessions[slot].nearLimit = []
            return
        }
        let counts = rib.received(sessions[slot].source)
        for family in Family.allCases where sessions[slot].settings.families.contains(family) {
            let isNear = UInt64(counts[family]) * 100 >= UInt64(limit) * UInt64(limits.warn)
            let wasNear = sessions[slot].nearLimit.contains(family)
            if isNear, !wasNear {
                sessions[slot].nearLimit.insert(family)
                report(
                    slot, .warning,
                    "\(family): \(counts[family]) prefixes of \(limit) allowed", at: now,
                    into: &effects)
            } else if !isNear, wasNear {
                sessions[slot].nearLimit.remove(family)
                healthBook.isTouched = true
            }
        }
        guard !isWithin || counts.ipv4 > limit || counts.ipv6 > limit else { return }
        let family = counts.ipv6 >= limit && counts.ipv4 < limit ? Family.ipv6 : .ipv4
        sessions[slot].overLimit = (limit, now + limits.holdDown)
        sessions[slot].peer.notify(
            .maximumPrefixes(AddressFamily(family), limit: limit), holdingFor: limits.holdDown,
            at: now, into: &actions)
    }

    /// A limit changed: a session that it held down is let go where it is higher now, and one
    /// whose peer announces more than it allows ends.
    mutating func limitChanged(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        if let over = sessions[slot].overLimit {
            let limit = sessions[slot].settings.limits.inbound
            guard limit.map({ $0 > over.limit }) ?? true else { return }
            report(
                slot, .notice, "max-prefixes in is higher now: trying again", at: now,
                into: &effects)
            endHoldDown(slot, at: now, into: &effects)
        } else if sessions[slot].peer.state == .established {
            checkLimit(slot, isWithin: true, at: now, into: &effects)
            perform(slot, at: now, into: &effects)
        }
    }

    /// Lets a session that was held down try again at once.
    mutating func endHoldDown(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        guard sessions[slot].overLimit != nil else { return }
        sessions[slot].overLimit = nil
        healthBook.isTouched = true
        guard sessions[slot].isStarted else { return admit(slot, at: now, into: &effects) }
        sessions[slot].peer.start(at: now, into: &actions)
        perform(slot, at: now, into: &effects)
    }

    /// Why a session is held down, and what to do about it.
    func holdDownReason(_ slot: Int) -> String? {
        guard let over = sessions[slot].overLimit else { return nil }
        let peer = sessions[slot].id.peer
        return "\(peer) announced more prefixes than \(over.limit): held down until "
            + "\(timeOfDay(over.until)), or until max-prefixes in is raised or the link cleared"
    }
}

extension Notification {
    /// Cease 6/1 with the family and its limit (RFC 4486 §4).
    static func maximumPrefixes(_ family: AddressFamily, limit: UInt32) -> Notification {
        var result = Notification(.maximumPrefixes)
        result.data = [
            UInt8(truncatingIfNeeded: family.afi >> 8), UInt8(truncatingIfNeeded: family.afi),
            family.safi,
        ]
        for shift in [24, 16, 8, 0] as [UInt32] {
            result.data.append(UInt8(truncatingIfNeeded: limit >> shift))
        }
        return result
    }
}
