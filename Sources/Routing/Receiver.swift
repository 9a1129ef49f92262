// A session that we announce to: its compiled policy, and what may pass.

import BGP
import Net

struct Receiver: Sendable {
    struct ExchangeTable<P: RoutePrefix>: Sendable {
        var circuit: UInt32
        var filter: FilterTable<P>?

        init(_ exchange: ExportPolicy.Exchange) {
            circuit = exchange.circuit
            filter = exchange.prefixes.map { FilterTable($0) }
        }
    }

    var settings: ReceiverSettings
    var space: Int
    var isActive = true
    var advertise4: FilterTable<Prefix4>?
    var advertise6: FilterTable<Prefix6>?
    var exchange4: [ExchangeTable<Prefix4>] = []
    var exchange6: [ExchangeTable<Prefix6>] = []
    var dress: Dress
    var rules: RuleList
    /// RFC 9234 §5: what is marked does not leave upwards or beside.
    private var keepsMarked: Bool

    init(_ settings: ReceiverSettings, space: Int) {
        self.settings = settings
        self.space = space
        let policy = settings.policy
        advertise4 = policy.advertise.map { FilterTable($0) }
        advertise6 = policy.advertise.map { FilterTable($0) }
        exchange4 = policy.exchange.map { ExchangeTable($0) }
        exchange6 = policy.exchange.map { ExchangeTable($0) }
        dress = Dress(
            policy, localID: settings.localID, knowsLongLived: settings.knowsLongLived)
        rules = RuleList(policy.rules, localASN: policy.localASN)
        keepsMarked =
            !policy.isInternal
            && (policy.role == .customer || policy.role == .peer
                || policy.role == .routeServerClient)
    }

    /// Whether paths of an internal source pass to this internal peer as a reflector's.
    func isReflecting(_ source: Source) -> Bool {
        settings.policy.isInternal && source.settings.kind == .internal
    }

    /// Whether any path of the source could pass, whatever its prefix.
    func listens(to source: Source, _ id: SourceID) -> Bool {
        guard isActive, !source.isRemoved, source.space == space else { return false }
        if source.settings.kind == .originated {
            return settings.origin == nil || settings.origin == id
        }
        guard settings.policy.advertise != nil else { return false }
        if isReflecting(source) {
            // RFC 4456 §6: a client's routes go to all, the others' to clients.
            guard source.settings.isReflectorClient || settings.policy.isReflectorClient,
                settings.session != id
            else { return false }
            if source.settings.circuit == settings.circuit { return settings.session != nil }
        }
        return source.settings.circuit != settings.circuit
            && settings.policy.exchange.contains { $0.circuit == source.settings.circuit }
    }

    /// Whether a path of a source that is listened to may pass.
    func passes<P: RoutePrefix>(
        _ prefix: P, from source: Source, flags: AttributeSummary.Flags,
        advertise: FilterTable<P>?, exchange: [ExchangeTable<P>]
    ) -> Bool {
        // RFC 1997.
        if flags.contains(.noAdvertise) { return false }
        if !settings.policy.isInternal,
            !flags.isDisjoint(with: [.noExport, .noExportSubconfed])
        {
            return false
        }
        if keepsMarked, flags.contains(.onlyToCustomer) { return false }
        if flags.contains(.longLivedStale), !takesLongLived { return false }
        if source.settings.kind == .originated {
            return advertise.map { $0.matches(prefix) } ?? true
        }
        guard let advertise, advertise.matches(prefix) else { return false }
        // Reflection inside the circuit.
        if source.settings.circuit == settings.circuit { return true }
        return exchange.contains { entry in
            entry.circuit == source.settings.circuit && entry.filter?.matches(prefix) ?? true
        }
    }
}

extension Receiver {
    /// RFC 9494 §4.6: long-lived stale routes go to those who know them, and to our own.
    var takesLongLived: Bool { settings.knowsLongLived || settings.policy.isInternal }
}

/// A next hop as it leaves.
struct Hop: Hashable, Sendable {
    var address: IPAddress
    var linkLocal: IPv6Address?
}

/// One family's Adj-RIB-Out of one receiver: which rows it was told, which it must hear of.
/// Attributes are not kept: what a row says now is what was said, or the row is marked.
struct Out: Sendable {
    var isActive = false
    /// Rows to be looked at.
    var dirty = RowSet()
    /// Rows announced.
    var announced = RowSet()
    /// Rows that the limit held back.
    var heldBack = RowSet()
    /// The next row of the feed; at the end of the table there is no feed.
    var feed = Int.max
    /// Where the search for dirty rows goes on.
    var scan = 0
    var owesEndOfRIB = false
    /// Marks around the feed that is owed to a peer who asked for it (RFC 7313).
    var owesBeginMark = false
    var owesEndMark = false
    /// It hears of all paths (RFC 7911).
    var isWide = false
    /// The paths of each row that a wide one was told, and how many they are.
    var told: [Int: [Told]] = [:]
    var toldCount = 0

    /// A path that was announced, and its identifier there.
    struct Told: Sendable {
        var source: UInt32
        /// As its source gave it.
        var pathID: UInt32
        var id: UInt32
    }

    /// What counts against the limit.
    var count: Int { isWide ? toldCount : announced.count }

    /// Whether the row is known to the receiver in any way.
    func knows(_ row: Int) -> Bool {
        dirty.contains(row) || announced.contains(row) || heldBack.contains(row)
    }
}

extension RoutePrefix {
    static func isCarried(_ receiver: Receiver) -> Bool {
        receiver.settings.families.contains(family)
            && (family == .ipv4
                ? receiver.settings.nextHop4 != nil
                    || receiver.settings.hasExtendedNextHop && receiver.settings.nextHop6 != nil
                : receiver.settings.nextHop6 != nil)
    }
}
