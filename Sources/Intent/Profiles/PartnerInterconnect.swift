// Google Partner Interconnect.

import Net

extension Profile {
    /// `partner-interconnect`.
    static let partnerInterconnect: Profile = {
        var profile = Profile(name: "partner-interconnect")
        profile.peerASN = ASN(16550)
        profile.holdTime = 60
        profile.bfd = SessionSettings.BFD(interval: .seconds(1), multiplier: 5)
        profile.bfdIntervals = .seconds(1) ... .seconds(30)
        profile.bfdMultipliers = 5...16
        profile.mtu = 1440
        profile.largestMTU = 8896
        return profile
    }()
}
