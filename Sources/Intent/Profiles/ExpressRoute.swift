// Azure ExpressRoute, from the provider's side: two links, one pair of tags, AS 12076.

import Net

extension Profile {
    /// `expressroute`.
    static let expressRoute: Profile = {
        var profile = Profile(name: "expressroute")
        profile.peerASN = ASN(12076)
        profile.isPeerASNFixed = true
        // 65515-65520 are Azure's own; documentation numbers are refused in paths.
        profile.refusedLocalASNs = [12076...12076, 64496...64511, 65515...65520]
        profile.hosts = .oursFirst
        profile.subnetLengths = [.ipv4: 30...30, .ipv6: 126...126]
        profile.hasSameTags = true
        profile.roles = ["primary", "secondary"]
        profile.password = PasswordRule(longest: 25, isAlphanumeric: true)
        profile.holdTime = 180
        profile.mtu = 1500
        profile.largestMTU = 1500
        let privatePeering = PeeringRule(
            outbound: [.ipv4: 4000, .ipv6: 100], largestOutbound: 10_000,
            // Both links carry traffic.
            multipath: .links)
        profile.peering = privatePeering
        profile.peerings = [
            "azure-private": privatePeering,
            // Nothing is announced to us until a route filter is attached.
            "azure-microsoft": PeeringRule(
                isPublic: true, outbound: [.ipv4: 200, .ipv6: 200], largestOutbound: 200,
                isEmptyNormal: true),
        ]
        return profile
    }()
}
