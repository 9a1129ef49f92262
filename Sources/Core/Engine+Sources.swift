// What routing and a peer's machine are told of a session's settings.

import BGP
import Intent
import Net
import Routing

extension Engine {
    mutating func setGateway(_ slot: Int, _ isUsable: Bool, at now: Instant) {
        guard let device = links[sessions[slot].link].device else { return }
        rib.setGateway(
            GatewayID(device, sessions[slot].settings.peer), isUsable: isUsable, at: now)
        for address in otherGateways(slot) {
            rib.setGateway(GatewayID(device, address), isUsable: isUsable, at: now)
        }
    }

    /// Gateways of a family that the session carries besides its own: the link's other peer.
    func otherGateways(_ slot: Int) -> [IPAddress] {
        let session = sessions[slot]
        let others = session.settings.families.subtracting([session.settings.peer.family])
        return links[session.link].spec.gateways.filter { others.contains($0.family) }
    }

    // What routing is told

    mutating func updateSource(_ slot: Int) {
        let session = sessions[slot]
        rib.update(
            session.source,
            sourceSettings(session.settings, session.link, session.peer.negotiated?.peerID))
        ribIsTouched = true
    }

    mutating func sourceSettings(
        _ settings: SessionSettings, _ link: Int, _ routerID: RouterID?
    ) -> SourceSettings {
        let spec = links[link].spec
        var gateways: [GatewayID] = []
        if let device = links[link].device {
            gateways = [GatewayID(device, settings.peer)]
            for other in spec.gateways
            where other.family != settings.peer.family && settings.families.contains(other.family) {
                gateways.append(GatewayID(device, other))
            }
        }
        return SourceSettings(
            space: spec.table, circuit: number(of: links[link].key.circuit),
            kind: settings.localASN == settings.peerASN ? .internal : .external,
            peer: settings.peer, routerID: routerID ?? RouterID(raw: 0),
            peerASN: settings.peerASN, localASN: settings.localASN, gateways: gateways,
            subnets: spec.addresses.map(\.network), locals: spec.addresses.map(\.address),
            policy: ImportPolicy(
                accept: settings.accept,
                acceptsDefault: settings.acceptsDefault,
                isPublic: settings.isPublic, allowOwnAS: settings.allowOwnAS,
                localPref: settings.localPref, limit: settings.limits.inbound))
    }

    func peerSettings(_ settings: SessionSettings, _ link: Int) -> PeerSettings {
        var offer: GracefulRestartOffer?
        if settings.hasGracefulRestart {
            let isRestarting = holdUntil != nil
            offer = GracefulRestartOffer(
                restartTime: UInt16(clamping: options.restartHold.components.seconds),
                isRestarting: isRestarting,
                preserved: rib.staleCount(links[link].spec.table) > 0 ? settings.families : [])
        }
        return PeerSettings(
            localASN: settings.localASN, peerASN: settings.peerASN,
            localID: catalog.settings?.routerID ?? RouterID(raw: 0), holdTime: settings.holdTime,
            families: settings.families, isPassive: settings.isPassive, gracefulRestart: offer)
    }

    func ends(_ slot: Int, _ settings: SessionSettings) -> Ends {
        Ends(
            vrf: links[sessions[slot].link].spec.vrf, local: settings.local, peer: settings.peer)
    }

    func seed(for id: SessionID) -> UInt64 {
        var hash = options.seed ^ 0xCBF2_9CE4_8422_2325
        for byte in id.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
