// How attributes leave: AS_PATH, LOCAL_PREF, MED and communities as the policy says; then what its
// rules say, in their order; then what protocols demand whatever was said (OTC, graceful shutdown,
// long-lived stale routes). The common policies edit canonical bytes in one pass; those that look
// into the path or merge communities decode them. Both give the same bytes.

import BGP
import Net

struct Dress: Sendable {
    /// What is special about some paths.
    struct Occasion: Sendable {
        /// The rules that hold.
        var rules: [RouteRule] = []
        /// Who gave a path that is reflected (RFC 4456).
        var reflectedFrom: RouterID?
        /// It is kept over a long restart (RFC 9494), of its source or somewhere before.
        var isLongLived = false

        var isPlain: Bool { rules.isEmpty && reflectedFrom == nil && !isLongLived }
    }

    private var policy: ExportPolicy
    private var localID: RouterID
    /// The peer knows LLGR_STALE.
    private var knowsLongLived: Bool
    /// How often our AS is put in front.
    private var count: Int
    private var isPlain: Bool
    /// RFC 9234 §5: what goes down or beside is marked.
    private var marks: Bool

    init(
        _ policy: ExportPolicy, localID: RouterID = RouterID(raw: 0), knowsLongLived: Bool = true
    ) {
        self.policy = policy
        self.localID = localID
        self.knowsLongLived = knowsLongLived
        count = Int(policy.prepend) + (policy.isInternal ? 0 : 1)
        marks =
            !policy.isInternal
            && (policy.role == .provider || policy.role == .peer || policy.role == .routeServer)
        isPlain =
            !policy.removesPrivateAS && !policy.overridesAS && policy.communities.isEmpty
            && !policy.isDrained && !marks
    }

    /// The attributes as they leave.
    func dress(
        _ canonical: [UInt8], localPref: UInt32, _ occasion: Occasion = Occasion()
    ) -> [UInt8] {
        if isPlain, occasion.isPlain, let edited = edit(canonical, localPref: localPref) {
            return edited
        }
        return rebuild(canonical, localPref: localPref, occasion)
    }

    // In one pass

    /// The edited bytes, or nil where the general way is to be taken.
    func edit(_ canonical: [UInt8], localPref: UInt32) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(canonical.count + 24)
        var hasPath = false
        var owesMED = policy.med != nil
        var owesPreference = policy.isInternal
        var offset = 0
        func settle(before code: UInt8) {
            if owesMED, code > AttributeCode.med.rawValue, let med = policy.med {
                put(0x80, AttributeCode.med.rawValue, med, &out)
                owesMED = false
            }
            if owesPreference, code > AttributeCode.localPref.rawValue {
                put(0x40, AttributeCode.localPref.rawValue, localPref, &out)
                owesPreference = false
            }
        }
        while offset < canonical.count {
            guard canonical.count - offset >= 3 else { return nil }
            let isExtended = canonical[offset] & 0x10 != 0
            let header = isExtended ? 4 : 3
            guard canonical.count - offset >= header else { return nil }
            let length =
                isExtended
                ? Int(canonical[offset + 2]) << 8 | Int(canonical[offset + 3])
                : Int(canonical[offset + 2])
            let end = offset + header + length
            guard end <= canonical.count else { return nil }
            let code = AttributeCode(rawValue: canonical[offset + 1])
            settle(before: code.rawValue)
            switch code {
            case .asPath where count > 0:
                hasPath = true
                guard prepend(canonical[(offset + header)..<end], &out) else { return nil }
            case .med where policy.isInternal && policy.med == nil:
                out.append(contentsOf: canonical[offset..<end])
            case .med, .localPref, .originatorID, .clusterList:
                break
            default:
                if code == .asPath { hasPath = true }
                out.append(contentsOf: canonical[offset..<end])
            }
            offset = end
        }
        settle(before: .max)
        return hasPath ? out : nil
    }

    private func put(_ flags: UInt8, _ code: UInt8, _ value: UInt32, _ out: inout [UInt8]) {
        out.append(flags)
        out.append(code)
        out.append(4)
        put(value, &out)
    }

    private func put(_ value: UInt32, _ out: inout [UInt8]) {
        for shift in stride(from: 24, through: 0, by: -8) as StrideThrough<UInt32> {
            out.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Writes the path with our AS in front; false where its first segment or the attribute has no
    /// room.
    private func prepend(_ path: ArraySlice<UInt8>, _ out: inout [UInt8]) -> Bool {
        var rest = path
        var held = 0
        if path.count >= 2, path[path.startIndex] == ASPath.Kind.sequence.rawValue {
            held = Int(path[path.startIndex + 1])
            rest = path.dropFirst(2)
        }
        guard held + count <= 255 else { return false }
        let length = 2 + count * 4 + rest.count
        guard length <= 0xFFFF else { return false }
        out.append(length > 255 ? 0x50 : 0x40)
        out.append(AttributeCode.asPath.rawValue)
        if length > 255 { out.append(UInt8(truncatingIfNeeded: length >> 8)) }
        out.append(UInt8(truncatingIfNeeded: length))
        out.append(ASPath.Kind.sequence.rawValue)
        out.append(UInt8(truncatingIfNeeded: held + count))
        for _ in 0..<count { put(policy.localASN.rawValue, &out) }
        out.append(contentsOf: rest)
        return true
    }

    // The general way

    func rebuild(
        _ canonical: [UInt8], localPref: UInt32, _ occasion: Occasion = Occasion()
    ) -> [UInt8] {
        var attributes = PathAttributes(canonical: canonical)
        if let originator = occasion.reflectedFrom {
            attributes.originatorID = attributes.originatorID ?? originator
            attributes.clusterList.insert(localID, at: 0)
        } else {
            attributes.originatorID = nil
            attributes.clusterList = []
        }
        if policy.isInternal {
            attributes.localPref = localPref
            if let med = policy.med { attributes.med = med }
        } else {
            attributes.localPref = nil
            // RFC 4271 §5.1.4: a MED received is not passed on to another AS.
            attributes.med = policy.med
            if policy.removesPrivateAS { removePrivate(&attributes.asPath) }
            if policy.overridesAS { override(&attributes.asPath) }
        }
        attributes.asPath.prepend(policy.localASN, count: count)
        for community in policy.communities { attributes.add(community) }
        for rule in occasion.rules {
            attributes.apply(rule, prepending: policy.localASN)
            if policy.isInternal, let preference = rule.localPref {
                attributes.localPref = preference
            }
        }
        obey(&attributes, isLongLived: occasion.isLongLived)
        return attributes.canonical()
    }

    /// What stands above all that was said.
    private func obey(_ attributes: inout PathAttributes, isLongLived: Bool) {
        if marks, attributes.onlyToCustomer == nil {
            attributes.onlyToCustomer = policy.localASN
        }
        // RFC 8326 §4: the mark outwards, the lowest preference inwards.
        if policy.isDrained {
            if policy.isInternal {
                attributes.localPref = 0
            } else {
                attributes.add(.standard(.gracefulShutdown))
            }
        }
        if isLongLived { attributes.add(.standard(.longLivedStale)) }
        // RFC 9494 §4.6: who does not know the mark must not prefer the route, nor pass it on.
        if !knowsLongLived, policy.isInternal, attributes.communities.contains(.longLivedStale) {
            attributes.localPref = 0
            attributes.add(.standard(.noExport))
        }
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
