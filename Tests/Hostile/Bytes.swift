// The bytes of BGP, right and wrong: every length, flag and marker can be said by the caller. It
// shares nothing with the daemon's own codec, so that a fault there cannot hide here.

typealias Bytes = [UInt8]

func u16(_ value: Int) -> Bytes { [UInt8(value >> 8 & 255), UInt8(value & 255)] }

func u32(_ value: UInt32) -> Bytes {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// `count` times the same bytes.
func repeated(_ bytes: Bytes, _ count: Int) -> Bytes {
    var result: Bytes = []
    for _ in 0..<count { result += bytes }
    return result
}

/// One list of several; long sums of lists take the compiler minutes.
func joined<Element>(_ lists: [Element]...) -> [Element] { lists.flatMap(\.self) }

func zeros(_ count: Int) -> Bytes { Bytes(repeating: 0, count: count) }

/// Bytes of no meaning, the same in every run.
func noise(_ count: Int, seed: UInt64) -> Bytes {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 24)
    }
}

// Messages

enum Kind {
    static let open: UInt8 = 1
    static let update: UInt8 = 2
    static let notification: UInt8 = 3
    static let keepalive: UInt8 = 4
    static let refresh: UInt8 = 5
}

let marker = Bytes(repeating: 0xFF, count: 16)

/// A message whose header says the truth, or another length or marker.
func message(
    _ type: UInt8, _ body: Bytes = [], length: Int? = nil, marker: Bytes = marker
) -> Bytes {
    marker + u16(length ?? 19 + body.count) + [type] + body
}

let keepalive = message(Kind.keepalive)

func notification(_ code: UInt8, _ subcode: UInt8, _ data: Bytes = []) -> Bytes {
    message(Kind.notification, [code, subcode] + data)
}

func refresh(afi: Int = 1, subtype: UInt8 = 0, safi: UInt8 = 1, more: Bytes = []) -> Bytes {
    message(Kind.refresh, u16(afi) + [subtype, safi] + more)
}

// OPEN

/// A capability; `length` may lie.
func capability(_ code: UInt8, _ value: Bytes = [], length: Int? = nil) -> Bytes {
    [code, UInt8(length ?? value.count)] + value
}

func multiprotocol(_ afi: Int, _ safi: UInt8) -> Bytes {
    capability(1, u16(afi) + [0, safi])
}
func fourOctets(_ asn: UInt32) -> Bytes { capability(65, u32(asn)) }
let extendedMessages = capability(6)
/// We send several paths of IPv4 prefixes.
let addPath = capability(69, [0, 1, 1, 2])
func role(_ number: UInt8) -> Bytes { capability(9, [number]) }

/// An optional parameter; `length` may lie.
func parameter(_ type: UInt8, _ value: Bytes, length: Int? = nil) -> Bytes {
    [type, UInt8(length ?? value.count)] + value
}

/// The same with the two octets of RFC 9072.
func longParameter(_ type: UInt8, _ value: Bytes, length: Int? = nil) -> Bytes {
    [type] + u16(length ?? value.count) + value
}

/// Numbers of this world.
enum Numbers {
    static let edge: UInt32 = 64600
    static let hostile: UInt32 = 65066
    static let transition = 23456
    static let edgeID: UInt32 = 0xCB00_7107  // 203.0.113.7
    static let hostileID: UInt32 = 0xC000_0242  // 192.0.2.66
}

/// An OPEN as a plain modern speaker says it, with anything changed. `tail` replaces all behind
/// the identifier: the length of the parameters and the parameters.
struct Open {
    var version: UInt8 = 4
    var shortASN = Int(Numbers.hostile)
    var hold = 90
    var id = Numbers.hostileID
    var asn: UInt32? = Numbers.hostile
    var families: [(Int, UInt8)] = [(1, 1), (2, 1)]
    var more: [Bytes] = []
    var tail: Bytes?
    var length: Int?

    var capabilities: Bytes {
        let own =
            families.map(multiprotocol) + [capability(2)] + (asn.map { [fourOctets($0)] } ?? [])
        return (own + more).flatMap(\.self)
    }

    var bytes: Bytes {
        let list = capabilities
        let usual = list.isEmpty ? [0] : [UInt8(list.count + 2)] + parameter(2, list)
        return message(
            Kind.open, [version] + u16(shortASN) + u16(hold) + u32(id) + (tail ?? usual),
            length: length)
    }
}

func open(_ change: (inout Open) -> Void = { _ in }) -> Bytes {
    var open = Open()
    change(&open)
    return open.bytes
}

/// An OPEN with these capabilities beside the usual ones.
func open(with more: Bytes...) -> Bytes { open { $0.more = more } }

/// An OPEN whose optional parameters are these bytes, honestly counted unless `count` is said.
func open(parameters: Bytes, count: Int? = nil) -> Bytes {
    open { $0.tail = [UInt8(count ?? parameters.count)] + parameters }
}

// UPDATE

func update(
    withdrawn: Bytes = [], attributes: [Bytes] = [], field: Bytes = [],
    withdrawnLength: Int? = nil, attributesLength: Int? = nil
) -> Bytes {
    let list = attributes.flatMap(\.self)
    return message(
        Kind.update,
        u16(withdrawnLength ?? withdrawn.count) + withdrawn + u16(attributesLength ?? list.count)
            + list + field)
}

/// A path attribute; the length field is as wide as the flags say, and longer values need it wide.
func attribute(_ flags: UInt8, _ type: UInt8, _ value: Bytes = [], length: Int? = nil) -> Bytes {
    let count = length ?? value.count
    let isWide = flags & 0x10 != 0 || count > 255
    return [flags | (isWide ? 0x10 : 0), type] + (isWide ? u16(count) : [UInt8(count)]) + value
}

func segment(_ type: UInt8, _ numbers: [UInt32], count: Int? = nil) -> Bytes {
    [type, UInt8(count ?? numbers.count)] + numbers.flatMap(u32)
}

func asPath(_ numbers: UInt32...) -> Bytes { attribute(0x40, 2, segment(2, numbers)) }
func asPath(bytes: Bytes) -> Bytes { attribute(0x40, 2, bytes) }

let origin = attribute(0x40, 1, [0])
/// The path of the form under test; the route before it came by `earlierPath`.
let path = asPath(Numbers.hostile)
let earlierPath = asPath(Numbers.hostile, 65001)
let localPref = attribute(0x40, 5, u32(100))
/// A neighbour of all hostile speakers on their link.
let nextHop = attribute(0x40, 3, [10, 66, 4, 9])
let good = [origin, path, nextHop]
let communities = attribute(0xC0, 8, u32(65066 << 16 | 7))

let nextHop6: Bytes = [0xFD, 0x66] + zeros(13) + [9]

/// MP_REACH_NLRI of IPv6 unicast, with anything changed.
func reach(
    afi: Int = 2, safi: UInt8 = 1, nextHop: Bytes = nextHop6, nextHopLength: Int? = nil,
    reserved: UInt8 = 0, _ field: Bytes, flags: UInt8 = 0x80
) -> Bytes {
    attribute(
        flags, 14,
        u16(afi) + [safi, UInt8(nextHopLength ?? nextHop.count)] + nextHop + [reserved] + field)
}

func unreach(afi: Int = 2, safi: UInt8 = 1, _ field: Bytes, flags: UInt8 = 0x80) -> Bytes {
    attribute(flags, 15, u16(afi) + [safi] + field)
}
