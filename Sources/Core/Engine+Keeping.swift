// Routes of a peer that is away: kept for its restart time, and beyond that as the last choice where
// both sides agreed on it. Every family by itself, as the peer says it of each.

import BGP
import Intent
import Net
import Routing

extension Engine {
    /// How long a peer that is back may take to say all its routes again.
    static let longestStale: Duration = .seconds(360)

    /// A session has ended. Families that the peer restarts gracefully are kept, if this was no end
    /// for good; those that an earlier restart left half said are not.
    mutating func keepRoutes(_ slot: Int, after reason: DownReason, at now: Instant) {
        let source = sessions[slot].source
        let earlier = sessions[slot].kept
        sessions[slot].kept = [:]
        if sessions[slot].settings.hasGracefulRestart, sessions[slot].isStarted,
            let negotiated = sessions[slot].negotiated, reason.keepsRoutes(negotiated),
            let restart = negotiated.gracefulRestart
        {
            let until = now + .seconds(Int(restart.restartTime))
            for family in restart.families where earlier[family] == nil {
                sessions[slot].kept[family] = Keeping(until: until)
            }
        }
        if sessions[slot].kept.isEmpty { settleGateways(sessions[slot].link, at: now) }
        for family in Family.allCases {
            if sessions[slot].kept[family] != nil {
                rib.markStale(source, family)
            } else {
                rib.sourceDown(source, family)
            }
        }
    }

    /// The peer is back. Only what it kept forwarding may be kept here (RFC 4724 §4.2); of what is
    /// long-lived another bit says so (RFC 9494 §4.2).
    mutating func sweepUnpreserved(_ slot: Int, _ negotiated: Negotiated, at now: Instant) {
        let preserved = negotiated.gracefulRestart?.preserved ?? []
        for family in Family.allCases {
            guard let keeping = sessions[slot].kept[family] else { continue }
            let isPreserved =
                keeping.isLongLived
                ? negotiated.longLivedPreserved.contains(family) : preserved.contains(family)
            if isPreserved {
                // It came back within its time, which ends with that: for its End-of-RIB it may
                // take longer.
                sessions[slot].kept[family]?.until = now + Engine.longestStale
            } else {
                sessions[slot].kept[family] = nil
                rib.sweepStale(sessions[slot].source, family)
            }
        }
    }

    /// Families whose time is over: their routes go, or stay as the last choice where both sides
    /// agreed on that.
    mutating func endKeeping(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        let source = sessions[slot].source
        var isLongLived = false
        for family in Family.allCases {
            guard let keeping = sessions[slot].kept[family], keeping.until <= now else { continue }
            ribIsTouched = true
            if !keeping.isLongLived, sessions[slot].peer.state != .established,
                let time = longLivedTime(slot, family)
            {
                isLongLived = true
                sessions[slot].kept[family] = Keeping(until: now + time, isLongLived: true)
                rib.markLongLived(source, family)
            } else {
                sessions[slot].kept[family] = nil
                rib.sweepStale(source, family)
                if sessions[slot].kept.isEmpty { settleGateways(sessions[slot].link, at: now) }
            }
        }
        if isLongLived {
            report(
                slot, .notice, "its routes are kept as the last choice until it is back", at: now,
                into: &effects)
        }
    }

    /// Ends the time that a peer which is away was given to come back, with all that it had
    /// announced: a session that is ended here, by a file or a word, leaves nothing behind.
    mutating func forgetKept(_ slot: Int, at now: Instant) {
        guard !sessions[slot].kept.isEmpty, sessions[slot].peer.state != .established else {
            return
        }
        sessions[slot].kept = [:]
        settleGateways(sessions[slot].link, at: now)
        rib.sourceDown(sessions[slot].source)
        ribIsTouched = true
    }

    /// How long routes of a peer that does not come back are kept; nil for not at all.
    private func longLivedTime(_ slot: Int, _ family: Family) -> Duration? {
        guard let ours = sessions[slot].settings.longLived, sessions[slot].isStarted,
            let theirs = sessions[slot].negotiated?.longLived[family], theirs > 0
        else { return nil }
        return min(ours, .seconds(Int(theirs)))
    }
}
