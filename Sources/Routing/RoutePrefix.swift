// What the tables need of a prefix, for both families by one generic code that stays inside this
// module. Hashes are keyed: prefixes come from outside.

import BGP
import Net

protocol RoutePrefix: Hashable, Comparable, Sendable {
    static var family: Family { get }
    var length: UInt8 { get }
    var prefix: Prefix { get }
    /// The same network cut to fewer bits.
    func cut(to length: UInt8) -> Self
    func contains(_ other: Self) -> Bool
    func hash(seed: UInt64) -> UInt64
    init?(_ prefix: Prefix)
    /// Never routable anywhere.
    var isMartian: Bool { get }
    /// RFC 1918, 100.64/10, or unique local.
    var isPrivate: Bool { get }
    /// The family's half of a source's `accept`.
    static func accept(_ source: Source) -> FilterTable<Self>?
    /// The family's half of a space's reserved prefixes.
    static func reserved(_ space: Space) -> ReservedTable<Self>
    /// The family's half of a receiver's `advertise`.
    static func advertise(_ receiver: Receiver) -> FilterTable<Self>?
    /// The family's half of a receiver's `exchange`.
    static func exchange(_ receiver: Receiver) -> [Receiver.ExchangeTable<Self>]
    /// The half of a compiled filter that is of this family.
    static func half(
        _ four: FilterTable<Prefix4>?, _ six: FilterTable<Prefix6>?
    ) -> FilterTable<Self>?
    /// Writes announcements, with a path identifier for each or none; false when the attributes
    /// leave no room.
    static func announce(
        _ prefixes: [Self], _ ids: [UInt32], attributes: [UInt8], _ hop: Hop,
        _ writer: inout UpdateWriter
    ) -> Bool
    /// Writes withdrawals.
    static func withdraw(_ prefixes: [Self], _ ids: [UInt32], _ writer: inout UpdateWriter)
}

@inline(__always)
private func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}

extension Prefix4: RoutePrefix {
    static var family: Family { .ipv4 }
    static func accept(_ source: Source) -> FilterTable<Prefix4>? { source.accept4 }
    static func half(
        _ four: FilterTable<Prefix4>?, _ six: FilterTable<Prefix6>?
    ) -> FilterTable<Prefix4>? { four }
    static func reserved(_ space: Space) -> ReservedTable<Prefix4> { space.reserved4 }
    var prefix: Prefix { .v4(self) }
    func cut(to length: UInt8) -> Prefix4 { Prefix4(address, length: length) }
    func hash(seed: UInt64) -> UInt64 {
        mix((UInt64(raw) << 8 | UInt64(length)) ^ seed, 0x9E37_79B9_7F4A_7C15)
    }
    init?(_ prefix: Prefix) {
        guard case .v4(let value) = prefix else { return nil }
        self = value
    }
    var isMartian: Bool {
        guard length > 0 else { return false }
        // Shorter prefixes than the block itself would swallow it whole, and are refused as well
        // when they begin inside: 0.0.0.0/1 to /7 begins in 0/8; 224/3 begins in multicast.
        let top = raw >> 24
        return top == 0 || top == 127 || top >= 224 || raw >> 16 == 0xA9FE
    }
    var isPrivate: Bool {
        func inside(_ network: UInt32, _ bits: UInt8) -> Bool {
            length >= bits && raw & Prefix4.mask(bits) == network
        }
        return inside(0x0A00_0000, 8) || inside(0xAC10_0000, 12) || inside(0xC0A8_0000, 16)
            || inside(0x6440_0000, 10)
    }
}

extension Prefix6: RoutePrefix {
    static var family: Family { .ipv6 }
    static func accept(_ source: Source) -> FilterTable<Prefix6>? { source.accept6 }
    static func half(
        _ four: FilterTable<Prefix4>?, _ six: FilterTable<Prefix6>?
    ) -> FilterTable<Prefix6>? { six }
    static func reserved(_ space: Space) -> ReservedTable<Prefix6> { space.reserved6 }
    var prefix: Prefix { .v6(self) }
    func cut(to length: UInt8) -> Prefix6 { Prefix6(address, length: length) }
    func hash(seed: UInt64) -> UInt64 {
        let high = mix(address.high ^ seed, 0x9E37_79B9_7F4A_7C15)
        return mix(high ^ address.low, 0xC2B2_AE3D_27D4_EB4F ^ UInt64(length) &* 0xFF51_AFD7)
    }
    init?(_ prefix: Prefix) {
        guard case .v6(let value) = prefix else { return nil }
        self = value
    }
    var isMartian: Bool {
        guard length > 0 else { return false }
        // ::/8 (unspecified, loopback, mapped), fe80::/10, fec0::/10, multicast.
        return address.high >> 56 == 0 || address.high >> 55 == 0x1FD || address.high >> 56 == 0xFF
    }
    var isPrivate: Bool { length >= 7 && address.high >> 57 == 0x7E }
}

/// A prefix filter compiled for one family.
struct FilterTable<P: RoutePrefix>: Sendable {
    struct Range: Sendable {
        var network: P
        var from: UInt8
        var upto: UInt8
    }

    var ranges: [Range]

    init(_ filter: PrefixFilter) {
        ranges = filter.rules.compactMap { rule in
            P(rule.prefix).map { Range(network: $0, from: rule.from, upto: rule.upto) }
        }
    }

    func matches(_ prefix: P) -> Bool {
        for range in ranges
        where prefix.length >= range.from && prefix.length <= range.upto
            && range.network.contains(prefix)
        {
            return true
        }
        return false
    }
}

/// Prefixes that nobody may announce to us: a prefix that is one of them or lies inside.
struct ReservedTable<P: RoutePrefix>: Sendable {
    private var members: Set<P> = []
    private var lengths: [UInt8] = []

    init(_ prefixes: [Prefix] = []) {
        for case let prefix? in prefixes.map({ P($0) }) { members.insert(prefix) }
        lengths = Set(members.map(\.length)).sorted()
    }

    func covers(_ prefix: P) -> Bool {
        for length in lengths {
            if length > prefix.length { return false }
            if members.contains(prefix.cut(to: length)) { return true }
        }
        return false
    }
}
