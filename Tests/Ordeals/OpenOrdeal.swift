// OPEN: any bytes at a peer that has sent its own, on either connection. Input: the terms, the
// size of chunks, then the body of an OPEN (a KEEPALIVE follows it), or the stream.

import BGP
import Net

enum OpenOrdeal {
    static func run(_ input: inout Input) {
        let terms = Terms(&input)
        let size = input.byte()
        let rest = input.rest()
        if !terms.isRaw { survive(rest) }
        var connection = Connection(terms.settings(), terms.way, at: .zero)
        if terms.isColliding { connection.collide(at: .zero) }
        var stream = rest
        if !terms.isRaw {
            stream = message(.open, rest)
            Keepalive.encode(into: &stream)
        }
        var update = UpdateBuffer()
        for chunk in chunks(stream, size) {
            connection.receive(chunk, at: .zero, update: &update) { update, rules in
                Rewriting.check(update, rules)
            }
            judge(connection.take(), terms)
        }
        connection.tick(at: .zero + .seconds(300))
        judge(connection.take(), terms)
    }

    /// What can be read can be written, and reads the same.
    private static func survive(_ body: [UInt8]) {
        guard case .success(let open) = Open.decode(body.span.bytes) else { return }
        // An OPEN longer than that is refused by its header.
        guard body.count <= 4096 - headerLength else { return }
        var bytes: [UInt8] = []
        open.encode(into: &bytes)
        let again = messages(bytes, maximumLength: 4096)
        hold(again.count == 1 && again[0].kind == .open, "an OPEN becomes something else")
        let body = again[0].body
        guard case .success(let other) = Open.decode(body.span.bytes) else {
            fatalError("broken promise: our own OPEN is refused")
        }
        hold(other == open, "an OPEN changes on its way")
    }

    /// What may come of an OPEN.
    private static func judge(_ actions: [PeerAction], _ terms: Terms) {
        let settings = terms.settings()
        for case .established(let agreed) in actions {
            hold(
                !agreed.families.isEmpty && agreed.families.isSubset(of: settings.families),
                "families nobody offered")
            hold(agreed.holdTime != 1 && agreed.holdTime != 2, "a hold time of \(agreed.holdTime)")
            hold(agreed.holdTime <= settings.holdTime, "a longer hold time than ours")
            hold(agreed.peerASN == settings.peerASN, "an AS that is not the peer's")
            hold(agreed.peerID.raw != 0, "no identifier")
            hold(
                agreed.maximumLength == 4096
                    || agreed.maximumLength == 65535 && settings.offersExtendedMessages,
                "messages of \(agreed.maximumLength)")
            hold(!agreed.hasFourOctetASN || settings.offersFourOctetASN, "wide numbers")
            if let restart = agreed.gracefulRestart {
                hold(settings.gracefulRestart != nil, "a graceful restart that we did not offer")
                hold(
                    restart.families.isSubset(of: agreed.families)
                        && restart.preserved.isSubset(of: restart.families),
                    "a graceful restart of other families")
            }
            judgeExtensions(agreed, settings)
        }
        for case .down(let reason) in actions {
            hold(reason.description.unicodeScalars.allSatisfy(isPrintable), "unprintable text")
        }
    }

    /// What came to the protocol later, and is agreed only where both said so.
    private static func judgeExtensions(_ agreed: Negotiated, _ settings: PeerSettings) {
        let (ours, families) = (settings.addPath, agreed.families)
        hold(
            agreed.addPathIn.isSubset(of: ours.contains(.receive) ? families : [])
                && agreed.addPathOut.isSubset(of: ours.contains(.send) ? families : []),
            "paths in a direction that we did not offer")
        hold(
            !agreed.hasExtendedNextHop
                || settings.offersExtendedNextHop && families.contains(.ipv4),
            "next hops of another family, which we did not offer")
        hold(
            agreed.longLived.isEmpty
                || settings.longLivedTime != nil && agreed.gracefulRestart != nil,
            "a long life that we did not offer")
        hold(
            agreed.longLived.allSatisfy {
                families.contains($0.key) && $0.value <= LongLivedEntry.longestStaleTime
            }, "a long life of \(agreed.longLived)")
        if let role = agreed.peerRole {
            hold(
                !settings.isInternal && role == (settings.role?.counterpart ?? role),
                "a role that does not fit")
        } else {
            hold(
                settings.isInternal || settings.role == nil || !settings.isRoleStrict,
                "a strict role without an answer")
        }
        if let identity = agreed.peerIdentity {
            hold(
                (identity.hostname + identity.domain + identity.version).unicodeScalars
                    .allSatisfy(isPrintable), "an unprintable name")
        }
    }

    /// A log line may hold it.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value)
    }
}
