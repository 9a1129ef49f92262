// The sources with their compiled policies and counts. A source's epoch tells paths of its present
// life from those of an earlier one, so that a session's end is one number, whatever it announced.

import BGP
import Net

struct Source: Sendable {
    var settings: SourceSettings
    /// Index of the space.
    var space: Int
    var epoch: UInt8 = 0
    /// Paths of this epoch are stale, but valid.
    var staleEpoch: UInt8?
    /// What is stale is kept over a long restart, as the last choice (RFC 9494).
    var isLongLived = false
    /// It has told paths apart by identifiers (RFC 7911).
    var hasPathIDs = false
    /// Epochs ended since the last complete pass over the space.
    var endedEpochs = 0
    var isRemoved = false
    /// Of the present epoch: all, and those that entered.
    var received = PrefixCounts()
    var accepted = PrefixCounts()
    /// Of the stale epoch.
    var staleReceived = PrefixCounts()
    var staleAccepted = PrefixCounts()
    /// Accepted prefixes whose rows the kernel has not as they should be: of the present epoch,
    /// and of the stale one.
    var lacking = 0
    var staleLacking = 0
    /// Receivers that may hear its paths.
    var listeners: [UInt32] = []
    var accept4: FilterTable<Prefix4>?
    var accept6: FilterTable<Prefix6>?
    var rules: RuleList
    /// What a static or originated source offers.
    var offered: Set<Prefix> = []
    /// Handles of `settings.gateways`.
    var gateways: [UInt32] = []
    var rank: Rank

    /// What selection asks of a source.
    struct Rank: Sendable {
        /// 0 originated, 1 static, 2 BGP.
        var kind: UInt8
        var isInternal: Bool
        var localPref: UInt32?
        /// The last choice, whatever else is said.
        var isDrained: Bool
        var routerID: UInt32
        var peerHigh: UInt64
        var peerLow: UInt64
        var circuit: UInt32
        var multipath: Multipath

        init(_ settings: SourceSettings) {
            kind =
                switch settings.kind {
                case .originated: 0
                case .static: 1
                case .external, .internal: 2
                }
            isInternal = settings.kind == .internal
            localPref = settings.policy.localPref
            isDrained = settings.policy.isDrained
            routerID = settings.routerID.raw
            circuit = settings.circuit
            multipath = settings.policy.multipath
            switch settings.peer {
            case .v4(let address):
                peerHigh = 0
                peerLow = UInt64(address.raw)
            case .v6(let address):
                peerHigh = address.high
                peerLow = address.low
            case nil:
                peerHigh = 0
                peerLow = 0
            }
        }
    }

    init(_ settings: SourceSettings, space: Int) {
        self.settings = settings
        self.space = space
        rank = Rank(settings)
        rules = RuleList(settings.policy.rules, localASN: settings.localASN)
        compile()
    }

    mutating func compile() {
        rules = RuleList(settings.policy.rules, localASN: settings.localASN)
        rank = Rank(settings)
        accept4 = settings.policy.accept.map { FilterTable($0) }
        accept6 = settings.policy.accept.map { FilterTable($0) }
    }

    var isBGP: Bool { rank.kind == 2 }

    /// Whether paths with this tag still count.
    func isValid(_ tag: PathTag) -> Bool { tag.epoch == epoch || tag.epoch == staleEpoch }

    func isStale(_ tag: PathTag) -> Bool { tag.epoch != epoch }

    func isLongLived(_ tag: PathTag) -> Bool { isLongLived && isStale(tag) }

    mutating func count(_ tag: PathTag, _ family: Family, _ change: Int32) {
        if tag.epoch == epoch {
            received[family] = UInt32(clamping: Int64(received[family]) + Int64(change))
            if !tag.isRefused {
                accepted[family] = UInt32(clamping: Int64(accepted[family]) + Int64(change))
            }
        } else if tag.epoch == staleEpoch {
            staleReceived[family] = UInt32(clamping: Int64(staleReceived[family]) + Int64(change))
            if !tag.isRefused {
                staleAccepted[family] = UInt32(
                    clamping: Int64(staleAccepted[family]) + Int64(change))
            }
        }
    }

    /// An accepted path's row begins or ends to lack its route.
    mutating func countLacking(_ tag: PathTag, _ change: Int) {
        if tag.isRefused { return }
        if tag.epoch == epoch {
            lacking += change
        } else if tag.epoch == staleEpoch {
            staleLacking += change
        }
    }

    /// Whether any path of it counts.
    var hasPaths: Bool {
        received.total > 0 || staleReceived.total > 0
    }

    /// Ends the present epoch.
    mutating func advance(keepingStale: Bool) {
        staleEpoch = keepingStale ? epoch : nil
        isLongLived = false
        staleReceived = keepingStale ? received : PrefixCounts()
        staleAccepted = keepingStale ? accepted : PrefixCounts()
        staleLacking = keepingStale ? lacking : 0
        received = PrefixCounts()
        accepted = PrefixCounts()
        lacking = 0
        epoch &+= 1
        endedEpochs += 1
    }

    /// What the prefix itself says against its entering; the attributes are judged apart.
    static func refusal<P: RoutePrefix>(
        _ prefix: P, accept: FilterTable<P>?, _ policy: ImportPolicy, reserved: ReservedTable<P>
    ) -> Refusal? {
        if prefix.isMartian { return .martian }
        if reserved.covers(prefix) { return .reserved }
        if policy.isPublic, prefix.isPrivate { return .privateSpace }
        if prefix.length == 0, !policy.acceptsDefault { return .defaultRoute }
        guard let accept else { return .noPolicy }
        return accept.matches(prefix) ? nil : .notListed
    }
}
