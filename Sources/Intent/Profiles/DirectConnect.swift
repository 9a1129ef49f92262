// AWS Direct Connect, hosted connections with a private interface each.

import Net

extension Profile {
    /// `direct-connect`.
    static let directConnect: Profile = {
        var profile = Profile(name: "direct-connect")
        profile.hosts = .theirsFirst
        profile.demandsPassword = true
        profile.holdTime = 90
        profile.takesNoHoldTime = false
        // Their packets carry TTL 1.
        profile.refusesTTLSecurity = true
        profile.separatesRestartAndBFD = true
        profile.bfdIntervals = .milliseconds(300) ... .seconds(60)
        profile.bfdMultipliers = 3...255
        profile.mtu = 1500
        profile.largestMTU = 9001
        // Over it the session goes idle and stays so; a public interface takes 1000.
        profile.peering = PeeringRule(outbound: [.ipv4: 100, .ipv6: 100], largestOutbound: 1000)
        return profile
    }()
}
