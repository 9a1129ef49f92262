import BGP
import Net
import Testing

@testable import Routing

/// A path that outgrows its attribute as we put ourselves in front: it must not be told, neither
/// cut nor with a length that has lost its topmost bits.
struct DressSizeTests {
    /// A path whose first segment has room, of exactly this many bytes.
    static func path(bytes: Int) -> ASPath {
        var path = ASPath(segments: [.init(.sequence, [ASN(3)])])
        var left = bytes - 6
        while left >= 6 {
            let count = min((left - 2) / 4, 255)
            path.segments.append(.init(.sequence, Array(repeating: ASN(7), count: count)))
            left -= 2 + 4 * count
        }
        return path
    }

    static func dress(prepend: UInt8, removesPrivateAS: Bool) -> Dress {
        Dress(
            ExportPolicy(
                localASN: ASN(65000), peerASN: ASN(65002), prepend: prepend,
                removesPrivateAS: removesPrivateAS))
    }

    @Test(arguments: [65_400, 65_528, 65_530, 65_532], [0, 3, 254] as [UInt8])
    func `a path that outgrows its attribute goes nowhere`(_ size: Int, _ prepend: UInt8) {
        let canonical = PathAttributes(asPath: Self.path(bytes: size)).canonical()
        let hops = PathAttributes(canonical: canonical).asPath.length + 1 + Int(prepend)
        for removesPrivateAS in [false, true] {
            let dressed = Self.dress(prepend: prepend, removesPrivateAS: removesPrivateAS)
                .dress(canonical, localPref: 100)
            var writer = UpdateWriter(maximumLength: 65535)
            let isTold = writer.announce(
                [prefix4("10.0.0.0/8")], attributes: dressed, nextHop: IPv4Address(raw: 1))
            let path = PathAttributes(canonical: dressed).asPath
            #expect(!isTold || path.length == hops, "\(path.length) hops")
        }
    }

    @Test func `a path within its attribute is told whole`() {
        let canonical = PathAttributes(asPath: Self.path(bytes: 60_000)).canonical()
        let hops = PathAttributes(canonical: canonical).asPath.length + 1
        let dressed = Self.dress(prepend: 0, removesPrivateAS: false)
            .dress(canonical, localPref: 100)
        #expect(PathAttributes(canonical: dressed).asPath.length == hops)
    }
}
