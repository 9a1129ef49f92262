// How attributes leave: AS_PATH, LOCAL_PREF, MED and communities as the policy says. Works on
// canonical bytes; only the rare policies that look into the path decode it.

import BGP
import Net

struct Dress: Sendable {
    private var policy: ExportPolicy

    init(_ policy: ExportPolicy) { self.policy = policy }

    /// The attributes as they leave.
    func dress(_ canonical: [UInt8], localPref: UInt32) -> [UInt8] {
        var attributes = PathAttributes(canonical: canonical)
        attributes.originatorID = nil
        attributes.clusterList = []
        if policy.isInternal {
            attributes.localPref = localPref
            if let med = policy.med { attributes.med = med }
            attributes.asPath.prepend(policy.localASN, count: Int(policy.prepend))
        } else {
            attributes.localPref = nil
            // RFC 4271 §5.1.4: a MED received is not passed on to another AS.
            attributes.med = policy.med
            if policy.removesPrivateAS { removePrivate(&attributes.asPath) }
            if policy.overridesAS { override(&attributes.asPath) }
            attributes.asPath.prepend(policy.localASN, count: Int(policy.prepend) + 1)
        }
        for value in policy.communities {
            let community = Community(rawValue: value)
            if !attributes.communities.contains(community) {
                attributes.communities.append(community)
            }
        }
        for parts in policy.largeCommunities where parts.count == 3 {
            let community = LargeCommunity(parts[0], parts[1], parts[2])
            if !attributes.largeCommunities.contains(community) {
                attributes.largeCommunities.append(community)
            }
        }
        return attributes.canonical()
    }

    private func removePrivate(_ path: inout ASPath) {
        for index in path.segments.indices {
            path.segments[index].numbers.removeAll { $0.isPrivate && $0 != policy.peerASN }
        }
        path.segments.removeAll { $0.numbers.isEmpty }
    }

    private func override(_ path: inout ASPath) {
        for index in path.segments.indices {
            for place in path.segments[index].numbers.indices
            where path.segments[index].numbers[place] == policy.peerASN {
                path.segments[index].numbers[place] = policy.localASN
            }
        }
    }
}
