// RFC 4271 §9.1.2.2, step by step over all candidates of a row, which makes the outcome
// independent of the order in which they came (MED compares only within one neighbour AS, so
// pairs alone are no order). Before it: originated, then static, then BGP; the operator's word
// on this edge stands above what a peer says; what is kept over a long restart is the last of BGP's
// choices (RFC 9494 §4.2). Paths that differ only in the steps behind MED may share the traffic,
// where their circuits say so.

import BGP
import Net

struct Candidate: Sendable {
    var path: UInt32
    var gateway: UInt32
    var source: UInt32
    var kind: UInt8
    /// Kept over a long restart (RFC 9494), here or at somebody before.
    var isLongLived: Bool
    var isInternal: Bool
    var origin: UInt8
    var pathLength: UInt16
    var localPref: UInt32
    var med: UInt32
    var firstAS: UInt32
    var routerID: UInt32
    var clusterLength: UInt8
    var peerHigh: UInt64
    var peerLow: UInt64
    var pathID: UInt32
    var circuit: UInt32
    var multipath: Multipath

    init(path: UInt32, gateway: UInt32, source: Int, rank: Source.Rank, digest: Digest) {
        self.path = path
        self.gateway = gateway
        self.source = UInt32(truncatingIfNeeded: source)
        kind = rank.kind
        isLongLived = digest.flags.contains(.longLivedStale)
        isInternal = rank.isInternal
        origin = digest.origin
        pathLength = digest.pathLength
        let received = rank.isInternal ? digest.localPref : nil
        let said = digest.hasOwnPref ? digest.localPref : rank.localPref ?? received
        // RFC 8326: a route marked for graceful shutdown is the last choice.
        localPref =
            rank.isDrained || digest.flags.contains(.gracefulShutdown) ? 0 : said ?? 100
        med = digest.med
        firstAS = digest.firstAS
        routerID = digest.originatorID ?? rank.routerID
        clusterLength = digest.clusterLength
        pathID = digest.pathID
        peerHigh = rank.peerHigh
        peerLow = rank.peerLow
        circuit = rank.circuit
        multipath = rank.multipath
    }

    /// Whether both circuits let the two share the traffic, if they are equal. What is kept over a
    /// long restart does not: nobody has said for hours where it leads.
    func mayShare(with other: Candidate) -> Bool {
        if multipath == .off || other.multipath == .off { return false }
        if isLongLived || other.isLongLived { return false }
        return circuit == other.circuit || multipath == .circuits && other.multipath == .circuits
    }
}

enum Selection {
    /// Puts candidates in order of preference. `reasons`, when asked for, gets for each the step
    /// that put it behind the one before; the first gets the step that put the second behind it.
    static func order(_ candidates: inout [Candidate], reasons: inout [SelectionReason]?) {
        let count = candidates.count
        if reasons != nil { reasons = Array(repeating: .only, count: count) }
        guard count > 1 else { return }
        for place in 0..<(count - 1) {
            let winner = best(candidates, from: place)
            candidates.swapAt(place, winner)
        }
        guard reasons != nil else { return }
        for place in 1..<count {
            reasons?[place] = decision(candidates, winner: place - 1, loser: place)
        }
        let first = reasons?[1] ?? .only
        reasons?[0] = first
    }

    /// Puts the winner of the candidates at and behind `start` there, and behind it those that
    /// share the traffic with it; the place behind them.
    static func gather(_ candidates: inout [Candidate], from start: Int) -> Int {
        guard start < candidates.count else { return start }
        candidates.swapAt(start, best(candidates, from: start))
        var end = start + 1
        for index in end..<candidates.count
        where candidates[start].mayShare(with: candidates[index])
            && isBefore(candidates[index], candidates[start]) == .equal
            && candidates[index].isInternal == candidates[start].isInternal
            && !hasWorseMED(index, candidates, from: start, leader: start)
        {
            candidates.swapAt(end, index)
            end += 1
        }
        return end
    }

    /// The winner of the candidates at and behind `start`.
    private static func best(_ candidates: [Candidate], from start: Int) -> Int {
        if candidates.count - start == 2 {
            return beats(candidates[start + 1], candidates[start], med: true) == nil
                ? start : start + 1
        }
        // Without MED the steps are an order, so the winner of the steps before MED is compared
        // with all that tie with it there.
        var leader = start
        for index in (start + 1)..<candidates.count
        where isBefore(candidates[index], candidates[leader]) == .lower {
            leader = index
        }
        var winner: Int?
        for index in start..<candidates.count
        where isBefore(candidates[index], candidates[leader]) == .equal {
            if hasWorseMED(index, candidates, from: start, leader: leader) { continue }
            guard let held = winner else {
                winner = index
                continue
            }
            if beats(candidates[index], candidates[held], med: false) != nil { winner = index }
        }
        return winner ?? leader
    }

    private static func hasWorseMED(
        _ index: Int, _ candidates: [Candidate], from start: Int, leader: Int
    ) -> Bool {
        for other in start..<candidates.count
        where candidates[other].firstAS == candidates[index].firstAS
            && candidates[other].med < candidates[index].med
            && isBefore(candidates[other], candidates[leader]) == .equal
        {
            return true
        }
        return false
    }

    private enum Comparison { case lower, equal, higher }

    /// Steps up to ORIGIN.
    private static func isBefore(_ a: Candidate, _ b: Candidate) -> Comparison {
        if a.kind != b.kind { return a.kind < b.kind ? .lower : .higher }
        if a.isLongLived != b.isLongLived { return b.isLongLived ? .lower : .higher }
        if a.localPref != b.localPref { return a.localPref > b.localPref ? .lower : .higher }
        if a.pathLength != b.pathLength { return a.pathLength < b.pathLength ? .lower : .higher }
        if a.origin != b.origin { return a.origin < b.origin ? .lower : .higher }
        return .equal
    }

    /// The step by which `a` beats `b`, or nil if it does not.
    private static func beats(_ a: Candidate, _ b: Candidate, med: Bool) -> SelectionReason? {
        func decide(_ isBetter: Bool, _ reason: SelectionReason) -> SelectionReason? {
            isBetter ? reason : nil
        }
        if a.kind != b.kind { return decide(a.kind < b.kind, .kind) }
        if a.isLongLived != b.isLongLived { return decide(b.isLongLived, .longLived) }
        if a.localPref != b.localPref { return decide(a.localPref > b.localPref, .localPref) }
        if a.pathLength != b.pathLength {
            return decide(a.pathLength < b.pathLength, .pathLength)
        }
        if a.origin != b.origin { return decide(a.origin < b.origin, .origin) }
        if med, a.firstAS == b.firstAS, a.med != b.med { return decide(a.med < b.med, .med) }
        if a.isInternal != b.isInternal { return decide(!a.isInternal, .internal) }
        if a.routerID != b.routerID { return decide(a.routerID < b.routerID, .routerID) }
        // RFC 4456 §9: before the peer's address.
        if a.clusterLength != b.clusterLength {
            return decide(a.clusterLength < b.clusterLength, .clusterLength)
        }
        if (a.peerHigh, a.peerLow) != (b.peerHigh, b.peerLow) {
            return decide((a.peerHigh, a.peerLow) < (b.peerHigh, b.peerLow), .peerAddress)
        }
        return decide((a.source, a.pathID) < (b.source, b.pathID), .source)
    }

    /// The step that put `loser` behind `winner`, where all behind the winner stood against it.
    static func decision(
        _ candidates: [Candidate], winner: Int, loser: Int
    ) -> SelectionReason {
        let a = candidates[winner]
        let b = candidates[loser]
        if isBefore(a, b) == .equal, hasWorseMED(loser, candidates, from: winner, leader: winner) {
            return .med
        }
        return beats(a, b, med: false) ?? .med
    }
}
