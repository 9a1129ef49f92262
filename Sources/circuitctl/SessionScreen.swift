// One session of `circuitctl circuit NAME`: state, terms, what was agreed, how full it is, and what
// was said at the last parting.

import Control

extension Screen {
    mutating func session(_ session: SessionReply) {
        field(
            "session",
            Styled("\(session.peer) AS\(session.peerASN)  ")
                + Styled(session.state, session.isEstablished ? .good : .bad)
                + Styled(" for \(elapsed(session.sinceSeconds))"))
        var terms = "from \(session.local) AS\(session.localASN)"
        if let hold = session.holdSeconds {
            terms += hold == 0 ? ", no hold time" : ", hold time \(hold)s"
        }
        if let keepalive = session.keepaliveSeconds, keepalive > 0 {
            terms += ", keepalive \(keepalive)s"
        }
        var text = Styled(terms)
        if let bfd = session.bfd { text += ", bfd " + Styled(bfd, bfd == "up" ? .good : .bad) }
        field("", text)
        if let role = roles(session) { field("", Styled(role)) }
        if let capabilities = session.capabilities { agreed(capabilities) }
        for family in session.families {
            let isRefused = session.isEstablished && !family.negotiated
            field(
                "", counts(family) + (isRefused ? Styled(", refused by the peer", .bad) : ""))
        }
        if let shutdown = session.shutdown {
            let text = shutdown.isEmpty ? "" : ": \(shutdown)"
            field("", mark(.warning) + Styled("kept down by its file\(text)"))
        }
        if let left = session.holdDownSeconds {
            field("", mark(.bad) + Styled("too many prefixes: held down for \(elapsed(left)) more"))
        }
        for warning in session.warnings { field("", mark(.warning) + Styled(warning)) }
        if let error = session.lastError {
            let name = session.isEstablished ? "last error: " : "why: "
            field("", Styled(name, .dim) + Styled(error))
        }
        if let sent = session.lastSent { notification("sent", sent) }
        if let received = session.lastReceived { notification("received", received) }
    }

    private func roles(_ session: SessionReply) -> String? {
        switch (session.role, session.peerRole) {
        case (nil, nil): nil
        case (let ours?, nil):
            session.isEstablished
                ? "our role \(ours), and the peer says none" : "our role \(ours)"
        case (nil, let theirs?): "the peer's role \(theirs), and we say none"
        case (let ours?, let theirs?): "our role \(ours), the peer's \(theirs)"
        }
    }

    private mutating func agreed(_ capabilities: CapabilitiesReply) {
        if !capabilities.names.isEmpty {
            field("", Styled("with \(capabilities.names.joined(separator: ", "))"))
        }
        let identity = [capabilities.hostname, capabilities.version].compactMap(\.self)
        if !identity.isEmpty {
            field("", Styled("the peer says it is \(identity.joined(separator: ", "))"))
        }
    }

    /// `ipv4: 1,300 of 2,000 (65%) received, 1,204 accepted, 3 advertised`.
    private func counts(_ family: FamilyReply) -> Styled {
        func filled(_ count: Int, _ limit: Int?, _ percent: Int?) -> Styled {
            guard let limit else { return Styled(grouped(count)) }
            let style: Style =
                (percent ?? 0) >= 100 ? .bad : (percent ?? 0) >= 80 ? .warning : .plain
            return Styled(
                "\(grouped(count)) of \(grouped(limit))\(percent.map { " (\($0)%)" } ?? "")", style)
        }
        var text =
            Styled("\(family.family): ")
            + filled(family.received, family.limitIn, family.percentIn)
            + Styled(" received, \(grouped(family.accepted)) accepted, ")
            + filled(family.advertised, family.limitOut, family.percentOut) + " advertised"
        if family.heldBack > 0 {
            text += ", " + Styled("\(grouped(family.heldBack)) held back", .bad)
        }
        return text
    }

    private mutating func notification(_ verb: String, _ notification: NotificationReply) {
        let text = notification.text.map { ", \"\($0)\"" } ?? ""
        field(
            "",
            Styled("last \(verb): ", .dim)
                + Styled(
                    "\(notification.name) (\(notification.code)/\(notification.subcode))\(text), "
                        + "\(elapsed(notification.sinceSeconds)) ago"))
    }
}
