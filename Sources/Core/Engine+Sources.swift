// What routing and a peer's machine are told of a session's settings.

import BGP
import Control
import Intent
import Net
import Routing

extension Engine {
    /// Tells routing which of a link's neighbours packets can be handed to: those of static routes
    /// while their address is usable, those of sessions while they are established or their
    /// routes are kept. A neighbour of both is usable as long as one of them says so.
    mutating func settleGateways(_ slot: Int, at now: Instant) {
        var usable = Set(links[slot].spec.routes.isEmpty ? [] : gateways(of: slot))
        if links[slot].isLive, let device = links[slot].device {
            for session in links[slot].sessions where sessions[session].isLive {
                let keeps = !sessions[session].kept.isEmpty
                guard sessions[session].peer.state == .established || keeps else { continue }
                usable.insert(GatewayID(device, sessions[session].settings.peer))
                for address in otherGateways(session) { usable.insert(GatewayID(device, address)) }
            }
        }
        if !links[slot].isLive { usable = [] }
        let before = links[slot].usable
        guard usable != before else { return }
        links[slot].usable = usable
        for gateway in before.subtracting(usable).sorted(by: { $0.address < $1.address }) {
            rib.setGateway(gateway, isUsable: false, at: now)
        }
        for gateway in usable.subtracting(before).sorted(by: { $0.address < $1.address }) {
            rib.setGateway(gateway, isUsable: true, at: now)
        }
        ribIsTouched = true
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
        var result = SourceSettings(
            space: spec.table, circuit: number(of: links[link].key.circuit),
            kind: settings.isInternal ? .internal : .external,
            peer: settings.peer, routerID: routerID ?? RouterID(raw: 0),
            peerASN: settings.peerASN, localASN: settings.localASN, gateways: gateways,
            subnets: spec.addresses.map(\.network), locals: spec.addresses.map(\.address),
            policy: importPolicy(settings, isDrained: links[link].isDrained))
        result.localID = catalog.settings?.routerID ?? RouterID(raw: 0)
        result.isReflectorClient = settings.isReflectorClient
        return result
    }

    private func importPolicy(_ settings: SessionSettings, isDrained: Bool) -> ImportPolicy {
        var policy = ImportPolicy(
            accept: settings.accept, acceptsDefault: settings.acceptsDefault,
            isPublic: settings.isPublic, allowOwnAS: settings.allowOwnAS,
            localPref: settings.localPref, limit: settings.limits.inbound)
        policy.rules = settings.importRules
        policy.role = settings.isInternal ? nil : settings.role
        policy.multipath = settings.multipath
        policy.isDrained = isDrained
        return policy
    }

    func peerSettings(_ settings: SessionSettings, _ link: Int) -> PeerSettings {
        var offer: GracefulRestartOffer?
        if settings.hasGracefulRestart {
            let isRestarting = holdUntil != nil
            offer = GracefulRestartOffer(
                restartTime: settings.restartTime,
                isRestarting: isRestarting,
                preserved: rib.staleCount(links[link].spec.table) > 0 ? settings.families : [])
        }
        var result = PeerSettings(
            localASN: settings.localASN, peerASN: settings.peerASN,
            localID: catalog.settings?.routerID ?? RouterID(raw: 0), holdTime: settings.holdTime,
            families: settings.families, isPassive: settings.isPassive, gracefulRestart: offer)
        result.offersExtendedMessages = settings.hasExtendedMessages
        result.enforcesFirstAS = settings.enforcesFirstAS
        result.role = settings.isInternal ? nil : settings.role
        result.isRoleStrict = settings.isRoleStrict
        result.addPath = settings.addPath
        result.offersExtendedNextHop = settings.hasExtendedNextHop
        result.longLivedTime = settings.longLived.map { UInt32(clamping: $0.components.seconds) }
        if settings.identifies {
            result.identity = SpeakerIdentity(
                hostname: catalog.settings?.edge ?? options.hostName,
                version: "circuitd/\(circuitdVersion)")
        }
        return result
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
