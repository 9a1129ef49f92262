// Oracle FastConnect.

import Net

extension Profile {
    /// `fastconnect`.
    static let fastConnect: Profile = {
        var profile = Profile(name: "fastconnect")
        // One region and the government clouds have others.
        profile.peerASN = ASN(31898)
        profile.subnetLengths = [.ipv4: 28...31, .ipv6: 64...127]
        profile.holdTime = 180
        profile.holdTimes = 18...180
        profile.mtu = 1500
        profile.largestMTU = 9000
        profile.peering = PeeringRule(outbound: [.ipv4: 2000, .ipv6: 2000])
        return profile
    }()
}
