// A session as people ask for it: state, what was agreed, how full it is, how it last ended.

import BGP
import Control
import Intent
import Net
import Routing

extension Engine {
    func session(_ slot: Int, at now: Instant) -> SessionReply {
        let session = sessions[slot]
        let isUp = session.peer.state == .established
        let negotiated = isUp ? session.peer.negotiated : nil
        return SessionReply(
            peer: session.settings.peer.description, local: session.settings.local.description,
            peerASN: session.settings.peerASN.rawValue,
            localASN: session.settings.localASN.rawValue,
            state: rfcName(session.peer.state), sinceSeconds: seconds(since: session.since, now),
            lastError: session.hold ?? session.lastError,
            holdSeconds: negotiated.map { Int($0.holdTime) },
            keepaliveSeconds: negotiated.map { Int($0.holdTime) / 3 },
            bfd: session.settings.bfd.map { _ in "not run by this version" },
            role: session.settings.isInternal ? nil : session.settings.role?.description,
            peerRole: negotiated?.peerRole?.description,
            capabilities: negotiated.map { CapabilitiesReply($0) },
            families: families(slot, negotiated),
            holdDownSeconds: session.overLimit.map { Int(max(0, ($0.until - now).seconds)) },
            shutdown: session.settings.shutdown, lastSent: reply(session.lastSent, now),
            lastReceived: reply(session.lastReceived, now), warnings: sessionWarnings(slot))
    }

    private func families(_ slot: Int, _ negotiated: Negotiated?) -> [FamilyReply] {
        let session = sessions[slot]
        let received = rib.received(session.source)
        let accepted = rib.accepted(session.source)
        let advertised = session.receiver.map { rib.advertisedCounts($0) } ?? PrefixCounts()
        let heldBack = session.receiver.map { rib.heldBackCounts($0) } ?? PrefixCounts()
        let limits = session.settings.limits
        return session.settings.families.sorted().map { family in
            FamilyReply(
                family: family.description,
                negotiated: negotiated?.families.contains(family) ?? false,
                received: Int(received[family]), accepted: Int(accepted[family]),
                advertised: Int(advertised[family]), heldBack: Int(heldBack[family]),
                limitIn: limits.inbound.map { Int($0) }, limitOut: limits.outbound.map { Int($0) })
        }
    }

    private func reply(
        _ last: (notification: Notification, at: Instant)?, _ now: Instant
    ) -> NotificationReply? {
        last.map {
            let text = $0.notification.shutdownText
            // The description carries the text behind the name.
            let name = $0.notification.description
            return NotificationReply(
                code: Int($0.notification.code), subcode: Int($0.notification.subcode),
                name: text.map { String(name.dropLast($0.count + 2)) } ?? name, text: text,
                sinceSeconds: seconds(since: $0.at, now))
        }
    }

    /// The state as RFC 4271 writes it, which is how other daemons show it too.
    func rfcName(_ state: SessionState) -> String {
        switch state {
        case .idle: "Idle"
        case .connect: "Connect"
        case .active: "Active"
        case .openSent: "OpenSent"
        case .openConfirm: "OpenConfirm"
        case .established: "Established"
        }
    }
}

extension CapabilitiesReply {
    fileprivate init(_ negotiated: Negotiated) {
        func names(_ families: Set<Family>) -> [String] { families.sorted().map(\.description) }
        let restart = negotiated.gracefulRestart
        let identity = negotiated.peerIdentity
        let host = identity.map {
            $0.domain.isEmpty ? $0.hostname : "\($0.hostname).\($0.domain)"
        }
        self.init(
            fourOctetASN: negotiated.hasFourOctetASN, routeRefresh: negotiated.hasRouteRefresh,
            enhancedRefresh: negotiated.hasEnhancedRefresh,
            extendedMessages: negotiated.maximumLength > 4096,
            extendedNextHop: negotiated.hasExtendedNextHop, pathsIn: names(negotiated.addPathIn),
            pathsOut: names(negotiated.addPathOut),
            restartSeconds: restart.map { Int($0.restartTime) },
            restartFamilies: names(restart?.families ?? []),
            restartOnNotification: restart?.coversNotifications ?? false,
            longLivedSeconds: Dictionary(
                uniqueKeysWithValues: negotiated.longLived.map {
                    ($0.key.description, Int($0.value))
                }), hostname: host, version: identity?.version)
    }
}
