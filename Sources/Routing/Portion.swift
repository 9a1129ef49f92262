// One portion of a receiver's rows on their way into messages: what its rules say of them, what
// goes, and what leaves, sorted so that equal sets share messages.

import BGP
import Net

/// One path that leaves.
struct Pick: Sendable {
    /// The set and the source: what leaves alike is equal here and in `variant`.
    var key: UInt64
    /// The rules that hold, by number of the portion, and whether it is long-lived.
    private var variant: UInt32
    private var number: UInt32
    var path: UInt32
    /// The identifier there (RFC 7911).
    var id: UInt32 = 0

    init(set: UInt32, source: Int, rules: UInt32, isLongLived: Bool, row: Int, path: UInt32) {
        key = UInt64(set) << 32 | UInt64(truncatingIfNeeded: source)
        variant = rules << 1 | (isLongLived ? 1 : 0)
        number = UInt32(truncatingIfNeeded: row)
        self.path = path
    }

    var rules: UInt32 { variant >> 1 }
    var row: Int { Int(number) }

    static func < (a: Pick, b: Pick) -> Bool {
        a.key != b.key ? a.key < b.key : a.variant < b.variant
    }

    func leavesLike(_ other: Pick) -> Bool { key == other.key && variant == other.variant }
}

/// What rules of `export` say, each set asked once.
struct Ruling {
    private let list: RuleList
    private var holdings: [UInt32: RuleList.Holding] = [:]
    private var numbers: [[Int]: UInt32] = [:]
    private var variants: [[RouteRule]] = [[]]

    init(_ list: RuleList) { self.list = list }

    /// The number of the rules that hold, 0 for none; nil where one refuses.
    mutating func variant<P: RoutePrefix>(
        _ prefix: P, _ attributes: UInt32, _ store: borrowing AttributeStore
    ) -> UInt32? {
        if list.isEmpty { return 0 }
        let set = store.base(attributes)
        let holding: RuleList.Holding
        if let known = holdings[set] {
            holding = known
        } else {
            holding = list.holding(PathAttributes(canonical: store.bytes(set)))
            holdings[set] = holding
        }
        guard let matching = list.matching(prefix, of: holding) else { return nil }
        if matching.isEmpty { return 0 }
        if let known = numbers[matching] { return known }
        let number = UInt32(truncatingIfNeeded: variants.count)
        variants.append(matching.map { list[$0] })
        numbers[matching] = number
        return number
    }

    func rules(_ variant: UInt32) -> [RouteRule] { variants[Int(variant)] }
}

struct Portion<P: RoutePrefix> {
    var ruling: Ruling
    let limit: Int
    var picks: [Pick] = []
    var gone: [P] = []
    /// One for each of `gone`, or none at all.
    var goneIDs: [UInt32] = []

    init(_ receiver: borrowing Receiver) {
        ruling = Ruling(receiver.rules)
        limit = receiver.settings.policy.limit.map(Int.init) ?? .max
    }

    /// How a path leaves; nil where a rule refuses it.
    mutating func pick(
        _ path: Path, _ handle: UInt32, _ row: Int, _ prefix: P, _ common: borrowing Common
    ) -> Pick? {
        guard let rules = ruling.variant(prefix, path.attributes, common.attributes) else {
            return nil
        }
        let source = path.tag.source
        return Pick(
            set: common.attributes.base(path.attributes), source: source, rules: rules,
            isLongLived: common.sources[source].isLongLived(path.tag, P.family), row: row,
            path: handle)
    }

    func withdraw(_ writer: inout UpdateWriter) {
        if !gone.isEmpty { P.withdraw(gone, goneIDs, &writer) }
    }
}
