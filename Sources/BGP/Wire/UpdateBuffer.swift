// A decoded UPDATE in flat arrays that are reused from message to message: once they are warm, a
// message costs no allocation. Consumers handle the withdrawn prefixes first, then the announced.

public import Net

/// How an UPDATE is to be taken (RFC 7606).
public enum UpdateVerdict: Hashable, Sendable {
    /// As it says.
    case ok
    /// Attributes were broken: what was announced already stands among the withdrawn.
    case treatAsWithdraw(WithdrawReason)
    /// Nothing in it can be trusted: the session ends.
    case reset(Notification)
}

/// Why announced routes are treated as withdrawn.
public enum WithdrawReason: Hashable, Sendable, CustomStringConvertible {
    /// The attribute list does not add up.
    case attributeList
    /// Optional or Transitive bits are wrong.
    case flags(AttributeCode)
    /// The length is wrong.
    case length(AttributeCode)
    /// The value is wrong.
    case value(AttributeCode)
    /// A mandatory attribute is missing.
    case missing(AttributeCode)

    /// `bad length of COMMUNITIES`.
    public var description: String {
        switch self {
        case .attributeList: "malformed attribute list"
        case .flags(let code): "bad flags of \(code)"
        case .length(let code): "bad length of \(code)"
        case .value(let code): "bad value of \(code)"
        case .missing(let code): "missing \(code)"
        }
    }
}

/// What must be known of a session to read its UPDATEs.
public struct UpdateRules: Hashable, Sendable {
    /// AS numbers are 4 octets wide.
    public var hasFourOctetASN: Bool
    /// The peer is in our AS.
    public var isInternal: Bool
    /// IPv4 unicast is negotiated.
    public var hasIPv4: Bool
    /// IPv6 unicast is negotiated.
    public var hasIPv6: Bool
    /// The AS that must stand first in AS_PATH, when that is enforced.
    public var firstAS: ASN?
    /// AS_SET is let through (RFC 9774 says it must not).
    public var acceptsSets: Bool
    /// IPv4 prefixes carry path identifiers (RFC 7911).
    public var hasPathIDs4 = false
    /// IPv6 prefixes carry path identifiers.
    public var hasPathIDs6 = false
    /// IPv4 prefixes may come with IPv6 next hops (RFC 8950).
    public var hasExtendedNextHop = false

    /// Rules of a session.
    public init(
        hasFourOctetASN: Bool = true, isInternal: Bool = false,
        families: Set<Family> = [.ipv4, .ipv6], firstAS: ASN? = nil, acceptsSets: Bool = false
    ) {
        self.hasFourOctetASN = hasFourOctetASN
        self.isInternal = isInternal
        self.hasIPv4 = families.contains(.ipv4)
        self.hasIPv6 = families.contains(.ipv6)
        self.firstAS = firstAS
        self.acceptsSets = acceptsSets
    }

    func has(_ family: Family) -> Bool { family == .ipv4 ? hasIPv4 : hasIPv6 }
}

/// One decoded UPDATE.
public struct UpdateBuffer: Sendable {
    /// IPv4 prefixes that are gone; handled before the announced ones.
    public internal(set) var withdrawn4: [Prefix4] = []
    /// IPv6 prefixes that are gone; handled before the announced ones.
    public internal(set) var withdrawn6: [Prefix6] = []
    /// IPv4 prefixes that are reachable through `nextHop4`.
    public internal(set) var announced4: [Prefix4] = []
    /// IPv6 prefixes that are reachable through `nextHop6`.
    public internal(set) var announced6: [Prefix6] = []
    /// The path identifiers of `withdrawn4`, one each; empty without RFC 7911.
    public internal(set) var withdrawnIDs4: [UInt32] = []
    /// The path identifiers of `withdrawn6`.
    public internal(set) var withdrawnIDs6: [UInt32] = []
    /// The path identifiers of `announced4`.
    public internal(set) var announcedIDs4: [UInt32] = []
    /// The path identifiers of `announced6`.
    public internal(set) var announcedIDs6: [UInt32] = []
    /// The attributes of all announced prefixes, canonical: what `PathAttributes` and
    /// `AttributeSummary` read, fit to be interned by bytes.
    public internal(set) var attributes: [UInt8] = []
    /// The next hop of `announced4`; an IPv6 one only with RFC 8950.
    public internal(set) var nextHop4: IPAddress?
    /// The next hop of `announced6`, global where the peer said a global one.
    public internal(set) var nextHop6: IPv6Address?
    /// The link-local next hop of `announced6`, or of `announced4` with RFC 8950, where the peer
    /// said one.
    public internal(set) var linkLocal6: IPv6Address?
    /// The family whose initial routes are complete with this message.
    public internal(set) var endOfRIB: Family?
    /// How the message is to be taken.
    public internal(set) var verdict: UpdateVerdict = .ok
    /// Attributes that were discarded as malformed or repeated, for counting.
    public internal(set) var discarded = 0

    /// Where the attributes of the message stand, while it is decoded.
    var slots: [AttributeSlot] = []
    /// Room to merge AS_PATH and AS4_PATH.
    var scratch: [UInt8] = []

    /// An empty buffer.
    public init() {}
}

/// Where one path attribute stands in the message.
struct AttributeSlot: Sendable {
    var code: AttributeCode
    var flags: UInt8
    /// Of the value, in the attribute list.
    var range: Range<Int>
}
