import BGP
import Net
import Testing

/// Whatever bytes come, there is a verdict; a trap would end the whole test run.
struct MutationTests {
    /// Ours, and what the peer says first.
    static let pairs: [(settings: PeerSettings, open: [UInt8])] = {
        var plain = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9),
            families: [.ipv4, .ipv6],
            gracefulRestart: GracefulRestartOffer(restartTime: 120, preserved: [.ipv4]))
        var narrow = plain
        narrow.offersFourOctetASN = false
        narrow.offersEnhancedRefresh = false
        return [
            (plain, Golden.longOpen), (narrow, Golden.longOpen),
            (CapabilityTests.everything, Golden.fullOpen),
        ]
    }()

    /// Feeds the bytes to a peer that waits for an OPEN, and to one that is established.
    static func feed(_ bytes: [UInt8]) {
        var update = UpdateBuffer()
        for (settings, open) in pairs {
            for isEstablished in [false, true] {
                var peer = Peer(settings: settings, seed: 1)
                var actions: [PeerAction] = []
                peer.start(at: .zero, into: &actions)
                peer.dialed(at: .zero, into: &actions)
                if isEstablished {
                    let hello = open + Golden.keepalive
                    _ = peer.received(
                        hello.span.bytes, on: .outgoing, at: .zero, update: &update, into: &actions)
                    precondition(peer.state == .established, "the good peer is refused")
                }
                var offset = 0
                while offset < bytes.count {
                    let rest = Array(bytes[offset...])
                    let (consumed, hasUpdate) = peer.received(
                        rest.span.bytes, on: .outgoing, at: .zero, update: &update, into: &actions)
                    precondition(consumed >= 0 && consumed <= rest.count, "consumed too much")
                    if hasUpdate { read(update) }
                    guard hasUpdate, consumed > 0 else { break }
                    offset += consumed
                }
                for case .send(_, let reply) in actions {
                    let frame = Frame(reply.span.bytes)
                    guard case .whole = frame else { preconditionFailure("we sent \(frame)") }
                }
            }
        }
    }

    /// What a consumer would do with it.
    static func read(_ update: UpdateBuffer) {
        for (ids, prefixes) in [
            (update.withdrawnIDs4, update.withdrawn4.count),
            (update.withdrawnIDs6, update.withdrawn6.count),
            (update.announcedIDs4, update.announced4.count),
            (update.announcedIDs6, update.announced6.count),
        ] { precondition(ids.isEmpty || ids.count == prefixes, "not one identifier each") }
        let attributes = PathAttributes(canonical: update.attributes)
        let summary = AttributeSummary(canonical: update.attributes)
        guard !update.announced4.isEmpty || !update.announced6.isEmpty else { return }
        precondition(summary.pathLength == attributes.asPath.length, "two lengths of one path")
        if !update.announced4.isEmpty { precondition(update.nextHop4 != nil, "no next hop") }
        if !update.announced6.isEmpty { precondition(update.nextHop6 != nil, "no next hop") }
        var writer = UpdateWriter(maximumLength: 65535, hasFourOctetASN: false)
        _ = writer.announce(
            update.announced4, attributes: update.attributes, nextHop: IPv4Address(raw: 1))
    }

    @Test(arguments: Golden.all)
    func `every truncation gets a verdict`(_ golden: [UInt8]) {
        for count in 0..<golden.count {
            Self.feed(Array(golden[..<count]))
            // The same, with a header that says so.
            guard count >= 19 else { continue }
            Self.feed(message(golden[18], Array(golden[19..<count])))
        }
    }

    @Test(arguments: Golden.all)
    func `every single-byte change gets a verdict`(_ golden: [UInt8]) {
        for position in 16..<golden.count {
            for value in [
                0, 1, 2, 3, 4, 5, 0x0E, 0x0F, 0x20, 0x21, 0x40, 0x7F, 0x80, 0x81, 0x90,
                0xC0, 0xFE, 0xFF,
            ] as [UInt8] {
                var bytes = golden
                bytes[position] = value
                Self.feed(bytes)
            }
        }
    }

    @Test(arguments: Golden.updates)
    func `every byte of an UPDATE may be anything`(_ golden: [UInt8]) {
        var buffer = UpdateBuffer()
        let rules = [
            UpdateRules(), UpdateRules(isInternal: true, acceptsSets: true),
            UpdateRules(hasFourOctetASN: false, firstAS: ASN(65001)), PathIDTests.rules,
            ExtendedNextHopTests.rules,
        ]
        var body = Array(golden.dropFirst(19))
        for position in body.indices {
            let before = body[position]
            for value in UInt8.min ... .max {
                body[position] = value
                for rules in rules {
                    buffer.decode(body.span.bytes, rules: rules)
                    Self.read(buffer)
                }
            }
            body[position] = before
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `several changes at once get a verdict`(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        for _ in 0..<300 {
            var bytes = Golden.all[random.below(Golden.all.count)]
            for _ in 0...random.below(4) {
                bytes[18 + random.below(bytes.count - 18)] = UInt8(random.below(256))
            }
            if random.flip() { bytes += Golden.updates[random.below(Golden.updates.count)] }
            Self.feed(bytes)
        }
    }
}
