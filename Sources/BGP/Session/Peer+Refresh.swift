// Routes sent anew: requests for them (RFC 2918), and the marks around them (RFC 7313) by which a
// receiver learns what is gone.

public import Net

extension Peer {
    /// Asks the peer for its routes again; false when it cannot answer that.
    public mutating func requestRefresh(
        _ family: Family, into actions: inout [PeerAction]
    ) -> Bool {
        guard let establishedWay, let negotiated, negotiated.hasRouteRefresh,
            negotiated.families.contains(family)
        else { return false }
        send(on: establishedWay, into: &actions) {
            RouteRefresh(AddressFamily(family)).encode(into: &$0)
        }
        return true
    }

    mutating func receivedRefresh(
        _ body: RawSpan, on way: Way, at now: Instant, into actions: inout [PeerAction]
    ) {
        guard let negotiated else { return }
        switch RouteRefresh.decode(body) {
        case .failure(let fault):
            guard negotiated.hasEnhancedRefresh else { return }
            handle(.end(fault.notification), on: way, at: now, into: &actions)
        case .success(let message):
            guard let message, let family = message.family.family,
                negotiated.families.contains(family)
            else { return }
            switch message.subtype {
            case 0: actions.append(.refresh(family))
            case 1 where negotiated.hasEnhancedRefresh:
                let isFed = marks.hasEndOfRIB(family) || negotiated.gracefulRestart == nil
                if isFed, marks.begin(family, at: now) { actions.append(.refreshBegan(family)) }
            case 2 where negotiated.hasEnhancedRefresh:
                if marks.end(family) { actions.append(.refreshEnded(family)) }
            default: break  // RFC 7313 §5: other subtypes are ignored.
            }
        }
    }
}

/// Which marks of a peer are obeyed. Each one obeyed may touch every route of the peer, so that it
/// may not say as many as it likes: what is ignored costs nothing but the detection of routes that
/// the peer forgot to withdraw.
struct RefreshMarks: Hashable, Sendable {
    private var complete: Set<Family> = []
    private var running: Set<Family> = []
    private var begun: [Family: Instant] = [:]

    /// From one obeyed beginning to the next.
    static let shortestPause: Duration = .seconds(5)

    mutating func heardEndOfRIB(_ family: Family) { complete.insert(family) }

    /// RFC 7313 §4: beside graceful restart there is nothing to refresh before End-of-RIB.
    func hasEndOfRIB(_ family: Family) -> Bool { complete.contains(family) }

    /// Whether a beginning counts. A second one before the end would mark the same routes.
    mutating func begin(_ family: Family, at now: Instant) -> Bool {
        if let last = begun[family], now - last < RefreshMarks.shortestPause { return false }
        guard running.insert(family).inserted else { return false }
        begun[family] = now
        return true
    }

    /// Whether an end counts: only behind a beginning that did.
    mutating func end(_ family: Family) -> Bool { running.remove(family) != nil }
}
