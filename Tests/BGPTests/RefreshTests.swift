import Net
import Testing

@testable import BGP

/// Routes sent anew: ROUTE-REFRESH (RFC 2918) with the marks of RFC 7313.
struct RefreshTests {
    static func mark(_ family: Family, _ subtype: UInt8) -> [UInt8] {
        message(5, [0, family == .ipv4 ? 1 : 2, subtype, 1])
    }

    /// A session with both families and marks; the OPEN of the peer may say more.
    static func probe(_ more: [Capability] = []) -> PeerProbe {
        var settings = PeerProbe.settings
        settings.families = [.ipv4, .ipv6]
        settings.gracefulRestart = GracefulRestartOffer(restartTime: 120)
        var probe = PeerProbe(settings)
        probe.establish(
            PeerProbe.open(
                [
                    .multiprotocol(AddressFamily(.ipv4)), .multiprotocol(AddressFamily(.ipv6)),
                    .routeRefresh, .enhancedRouteRefresh,
                ] + more))
        _ = probe.words()
        return probe
    }

    @Test func `RFC 7313 §4: the marks of a peer are passed up`() {
        var probe = Self.probe()
        #expect(probe.peer.negotiated?.hasEnhancedRefresh == true)
        probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv6, 1))
        probe.hear(Self.mark(.ipv4, 2) + Self.mark(.ipv6, 2))
        #expect(
            probe.words() == [
                "refresh of ipv4 began", "refresh of ipv6 began", "refresh of ipv4 ended",
                "refresh of ipv6 ended",
            ])
    }

    @Test func `RFC 7313 §4: an end without a beginning is ignored`() {
        var probe = Self.probe()
        probe.hear(Self.mark(.ipv4, 2) + Self.mark(.ipv6, 1) + Self.mark(.ipv4, 2))
        #expect(probe.words() == ["refresh of ipv6 began"])
    }

    @Test func `RFC 7313 §4: beside graceful restart marks count from End-of-RIB on`() {
        let restart = GracefulRestartCapability(
            isRestarting: false, coversNotifications: true, restartTime: 60, families: [])
        var probe = Self.probe([.gracefulRestart(restart)])
        probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv4, 2))
        #expect(probe.words().isEmpty)
        probe.hear(message(2, hex("0000 0000")))
        probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv6, 1) + Self.mark(.ipv4, 2))
        #expect(probe.words() == ["refresh of ipv4 began", "refresh of ipv4 ended"])
    }

    @Test func `a flood of marks is obeyed every five seconds at most`() {
        var probe = Self.probe()
        for _ in 0..<1000 {
            probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv4, 1) + Self.mark(.ipv4, 2))
        }
        #expect(probe.words() == ["refresh of ipv4 began", "refresh of ipv4 ended"])
        probe.now = .at(4.9)
        probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv4, 2))
        #expect(probe.words().isEmpty)
        probe.now = .at(5)
        probe.hear(Self.mark(.ipv4, 1) + Self.mark(.ipv4, 2))
        #expect(probe.words() == ["refresh of ipv4 began", "refresh of ipv4 ended"])
        #expect(probe.peer.state == .established)
    }

    @Test func `a second beginning before the end is no beginning, and one end is enough`() {
        var probe = Self.probe()
        probe.hear(Self.mark(.ipv4, 1))
        probe.now = .at(60)
        probe.hear(Self.mark(.ipv4, 1))
        #expect(probe.words() == ["refresh of ipv4 began"])
        probe.hear(Self.mark(.ipv4, 2) + Self.mark(.ipv4, 2))
        #expect(probe.words() == ["refresh of ipv4 ended"])
    }

    @Test func `a new session knows nothing of the marks before`() {
        var probe = Self.probe()
        probe.hear(Self.mark(.ipv4, 1))
        probe.peer.closed(.outgoing, at: probe.now, into: &probe.actions)
        probe.run(until: .at(2))
        probe.establish(
            PeerProbe.open([.multiprotocol(AddressFamily(.ipv4)), .enhancedRouteRefresh]))
        _ = probe.words()
        probe.hear(Self.mark(.ipv4, 2))
        #expect(probe.words().isEmpty)
        probe.hear(Self.mark(.ipv4, 1))
        #expect(probe.words() == ["refresh of ipv4 began"])
    }

    @Test(arguments: [1, 2] as [UInt8])
    func `RFC 7313 §5: a mark of a wrong length ends the session and is sent back whole`(
        _ subtype: UInt8
    ) throws {
        var probe = Self.probe()
        let bad = message(5, [0, 1, subtype, 1, 0xAA])
        probe.hear(bad)
        guard case .send(_, let bytes) = try #require(probe.actions.first) else {
            Issue.record("nothing was sent")
            return
        }
        #expect(Array(bytes.dropFirst(19)) == [7, 1] + bad)
        #expect(probe.peer.state == .idle)
    }

    @Test(arguments: [1, 2] as [UInt8])
    func `RFC 7313 §5: without agreement a mark means nothing, whatever its length`(
        _ subtype: UInt8
    ) {
        var probe = PeerProbe()
        probe.establish()
        _ = probe.words()
        probe.hear(message(5, [0, 1, subtype, 1]) + message(5, [0, 1, subtype, 1, 0xAA]))
        #expect(probe.words().isEmpty && probe.peer.state == .established)
    }

    @Test(arguments: [3, 4, 127, 255] as [UInt8])
    func `RFC 7313 §5: other subtypes are ignored`(_ subtype: UInt8) {
        var probe = Self.probe()
        probe.hear(Self.mark(.ipv4, subtype) + message(5, [0, 1, subtype, 1, 0xAA]))
        #expect(probe.words().isEmpty && probe.peer.state == .established)
    }

    @Test(arguments: ["0001", "000100", ""])
    func `RFC 4271 §6.1: a request that is too short is a bad length`(_ body: String) {
        var probe = Self.probe()
        probe.hear(message(5, hex(body)))
        #expect(probe.words().first == "1/2 outgoing")
    }

    @Test func `our marks stand among the UPDATEs`() {
        var writer = UpdateWriter()
        writer.beginRefresh(.ipv6)
        writer.endRefresh(.ipv4)
        #expect(writer.bytes == message(5, hex("0002 01 01")) + message(5, hex("0001 02 01")))
        #expect(writer.messages == 2)
    }
}
