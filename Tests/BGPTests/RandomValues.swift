import BGP
import Net

// Random values for round trips: anything a speaker may send, within what the types can say.

extension SeededGenerator {
    mutating func prefix4() -> Prefix4 {
        Prefix4(IPv4Address(raw: u32()), length: UInt8(below(33)))
    }

    mutating func prefix6() -> Prefix6 {
        Prefix6(IPv6Address(high: next(), low: next()), length: UInt8(below(129)))
    }

    /// Small and large numbers, never 0.
    mutating func asn() -> ASN {
        ASN(flip() ? UInt32(1 + below(65535)) : max(u32(), 1))
    }

    mutating func path(upTo length: Int) -> ASPath {
        ASPath((0..<below(length + 1)).map { _ in asn() })
    }

    mutating func attributes() -> PathAttributes {
        var value = PathAttributes(
            origin: [.igp, .egp, .incomplete][below(3)],
            asPath: path(upTo: below(20) == 0 ? 600 : 6))
        value.med = optional { $0.u32() }
        value.atomicAggregate = flip()
        value.aggregator = optional { .init(asn: $0.asn(), id: IPv4Address(raw: $0.u32())) }
        value.communities = list(upTo: 70) { Community(rawValue: $0.u32()) }
        value.extendedCommunities = list(upTo: 3) { ExtendedCommunity(rawValue: $0.next()) }
        value.largeCommunities = list(upTo: 3) { LargeCommunity($0.u32(), $0.u32(), $0.u32()) }
        value.onlyToCustomer = optional { $0.asn() }
        if flip() { value.partial = Set(value.communities.isEmpty ? [] : [.communities]) }
        // Unknown ones come into being only by decoding.
        var bytes = value.canonical()
        for code in [11, 99, 255] as [UInt8] where flip() {
            let content = octets(below(300))
            bytes += [0xF0, code, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
        }
        return PathAttributes(canonical: bytes)
    }

    mutating func capability() -> Capability {
        switch below(14) {
        case 6: .role(UInt8(below(256)))
        case 7:
            .addPath(
                [AddPathEntry(AddressFamily(.ipv6), .send)]
                    + list(upTo: 4) {
                        AddPathEntry(
                            AddressFamily(afi: UInt16($0.below(3)), safi: UInt8($0.below(5))),
                            AddPath(rawValue: UInt8(1 + $0.below(3))))
                    })
        case 8:
            .extendedNextHop(
                [.ipv4]
                    + list(upTo: 3) {
                        ExtendedNextHopEntry(
                            afi: UInt16($0.below(3)), safi: UInt16($0.below(500)),
                            nextHopAFI: UInt16($0.below(3)))
                    })
        case 9:
            .longLived(
                list(upTo: 3) {
                    LongLivedEntry(
                        AddressFamily(afi: UInt16($0.below(3)), safi: UInt8($0.below(5))),
                        isPreserved: $0.flip(), staleTime: $0.u32())
                })
        case 10: .hostname(octets(below(100)), domain: octets(below(100)))
        case 11: .softwareVersion(octets(below(255)))
        case 0: .multiprotocol(AddressFamily(afi: UInt16(below(3)), safi: UInt8(below(200))))
        case 1: .routeRefresh
        case 2: .extendedMessage
        case 3: .fourOctetASN(ASN(u32()))
        case 4: .enhancedRouteRefresh
        case 5:
            .gracefulRestart(
                GracefulRestartCapability(
                    isRestarting: flip(), coversNotifications: flip(),
                    restartTime: UInt16(below(4096)),
                    families: list(upTo: 4) {
                        .init(
                            AddressFamily(afi: UInt16($0.below(3)), safi: UInt8($0.below(5))),
                            isPreserved: $0.flip())
                    }))
        default: .other(code: UInt8(128 + below(100)), value: octets(below(200)))
        }
    }

    /// A value of a capability that its length rules out; nil where none is ruled out.
    mutating func malformed(_ code: UInt8) -> [UInt8]? {
        switch code {
        case 1, 65: octets([3, 5][below(2)])
        case 2, 6, 70: octets(1 + below(4))
        case 5: octets([3, 5, 7, 9][below(4)])
        case 9: octets([0, 2, 3][below(3)])
        case 64: octets([1, 3, 5, 7][below(4)])
        case 69: octets([1, 3, 5, 7][below(4)])
        case 71: octets([1, 3, 5, 9][below(4)])
        // More than is there, and more than it says.
        case 73: flip() ? [200] + octets(5) : [1, 65, 1, 65] + octets(3)
        default: nil
        }
    }
}
