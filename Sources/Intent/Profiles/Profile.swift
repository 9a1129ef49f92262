// A provider as data: who is at the other end, what they fix, and what they refuse. One file for
// each provider beside this one. What a provider documents is a fault when broken; what is likely
// but not confirmed is at most a warning.

public import Net

/// A provider's facts and rules.
public struct Profile: Sendable {
    /// Which host of a link's subnet is ours.
    public enum Hosts: Hashable, Sendable {
        /// The first usable is ours, the second theirs.
        case oursFirst
        /// The first usable is theirs, the second ours.
        case theirsFirst
    }

    /// What a BGP password may be.
    public struct PasswordRule: Hashable, Sendable {
        /// The most bytes; the kernel's limit is 80.
        public var longest = 80
        /// Letters and digits only.
        public var isAlphanumeric = false

        /// What is wrong with a password of this form, or nil.
        public func fault(in password: PasswordForm) -> String? {
            if password.length == 0 { return "the password is empty" }
            if password.length > longest {
                return "the password has \(password.length) bytes; at most \(longest) are taken"
            }
            switch password.alphabet {
            case .alphanumeric: return nil
            case .printable where !isAlphanumeric: return nil
            default:
                return isAlphanumeric
                    ? "the password may hold letters and digits only"
                    : "the password may hold printable characters only"
            }
        }
    }

    /// What one kind of peering carries.
    public struct PeeringRule: Hashable, Sendable {
        /// The other end is public: private space and the default are refused.
        public var isPublic = false
        /// The most prefixes that they take from us, by family.
        public var outbound: [Family: UInt32] = [:]
        /// The most that any order of theirs takes, IPv4.
        public var largestOutbound: UInt32?
        /// Accepting nothing is normal.
        public var isEmptyNormal = false
        /// Which equal paths share the traffic where the file does not say.
        public var multipath = Multipath.off
    }

    /// The name in files.
    public var name: String
    /// Their AS, if it is always the same or usually.
    public var peerASN: ASN?
    /// No other AS of theirs exists.
    public var isPeerASNFixed = false
    /// AS numbers that we may not have towards them.
    public var refusedLocalASNs: [ClosedRange<UInt32>] = []
    /// Which host of `subnet` and `subnet6` is ours; nil where nobody fixed it.
    public var hosts: Hosts?
    /// The only lengths that a link's subnet can have, by family; none means any.
    public var subnetLengths: [Family: ClosedRange<UInt8>] = [:]
    /// All links of a peering carry the same tags.
    public var hasSameTags = false
    /// The links that there must be, and no others; nil leaves it to the operator.
    public var roles: [String]?
    /// They form no session without a password.
    public var demandsPassword = false
    /// What passwords they take.
    public var password = PasswordRule()
    /// The hold time that we propose, in seconds.
    public var holdTime: UInt16 = 90
    /// The hold times that they take; 0 apart.
    public var holdTimes: ClosedRange<UInt16> = 3...65535
    /// A hold time of 0 is taken.
    public var takesNoHoldTime = true
    /// Their packets arrive with a TTL below 255.
    public var refusesTTLSecurity = false
    /// They ask not to use graceful restart and BFD together.
    public var separatesRestartAndBFD = false
    /// What `bfd: on` means.
    public var bfd = SessionSettings.BFD(interval: .milliseconds(300), multiplier: 3)
    /// The intervals that they take.
    public var bfdIntervals: ClosedRange<Duration> = .milliseconds(10) ... .seconds(60)
    /// The multipliers that they take.
    public var bfdMultipliers: ClosedRange<UInt8> = 1...255
    /// A tagged link's MTU where the file gives none; nil leaves the port's.
    public var mtu: UInt32?
    /// The largest MTU that they carry.
    public var largestMTU: UInt32?
    /// Kinds of peerings by name; empty leaves names to the operator.
    public var peerings: [String: PeeringRule] = [:]
    /// The rule of a peering without a name, or of any where names are free.
    public var peering = PeeringRule()

    /// The profile of a name in files.
    public static func named(_ name: String) -> Profile? { all.first { $0.name == name } }

    /// All profiles.
    public static let all: [Profile] = [
        .expressRoute, .cloudExchange, .dedicated, .directConnect, .partnerInterconnect,
        .fastConnect, .inside,
    ]

    /// Stands in for a provider that nobody knows, so that the rest of its file is checked without
    /// faults that follow from the first.
    static let unknown: Profile = {
        var profile = Profile(name: "an unknown provider")
        profile.peerASN = ASN(64512)
        profile.hosts = .oursFirst
        return profile
    }()

    /// The rule for a peering.
    public func rule(for peering: String) -> PeeringRule {
        peerings[peering] ?? self.peering
    }
}
