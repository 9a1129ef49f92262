// The sources with their compiled policies and what they say, rank and live by. Whether a path of
// theirs still counts is a question to the life of its family.

import BGP
import Net

struct Source: Sendable {
    var settings: SourceSettings
    /// Index of the space.
    var space: Int
    private var life4 = Life()
    private var life6 = Life()
    /// It has told paths apart by identifiers (RFC 7911).
    var hasPathIDs = false
    var isRemoved = false
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

    /// Its life in a family.
    subscript(family: Family) -> Life {
        get { family == .ipv4 ? life4 : life6 }
        set { if family == .ipv4 { life4 = newValue } else { life6 = newValue } }
    }

    /// Whether paths of a family with this tag still count.
    func isValid(_ tag: PathTag, _ family: Family) -> Bool {
        family == .ipv4 ? life4.isValid(tag) : life6.isValid(tag)
    }

    func isStale(_ tag: PathTag, _ family: Family) -> Bool {
        tag.epoch != (family == .ipv4 ? life4.epoch : life6.epoch)
    }

    func isLongLived(_ tag: PathTag, _ family: Family) -> Bool {
        (family == .ipv4 ? life4.isLongLived : life6.isLongLived) && isStale(tag, family)
    }

    // Each counts in its place: these run for every path that comes and goes.

    mutating func count(_ tag: PathTag, _ family: Family, _ change: Int32) {
        if family == .ipv4 { life4.count(tag, change) } else { life6.count(tag, change) }
    }

    mutating func countLacking(_ tag: PathTag, _ family: Family, _ change: Int) {
        if family == .ipv4 {
            life4.countLacking(tag, change)
        } else {
            life6.countLacking(tag, change)
        }
    }

    /// The lives of one that had its slot go on, so that its paths are not mistaken for this one's.
    mutating func succeed(_ other: Source) {
        life4.epoch = other.life4.epoch
        life6.epoch = other.life6.epoch
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
