// What a dump of the kernel says, and what its events say afterwards.

/// How our objects are marked in the kernel.
public struct KernelMarks: Hashable, Sendable {
    /// `rtm_protocol` and `nh_protocol` of all that is ours.
    public var routeProtocol: UInt8
    /// The metric of our routes.
    public var metric: UInt32
    /// The metric of a table's unreachable default and of unreachable aggregates: the highest.
    public var unreachableMetric: UInt32
    /// IFLA_GROUP of the links that we create.
    public var linkGroup: UInt32

    /// Our defaults: protocol 67, metric 20.
    public init(
        routeProtocol: UInt8 = 67, metric: UInt32 = 20, unreachableMetric: UInt32 = 4_278_198_272,
        linkGroup: UInt32 = 0x4369_7263
    ) {
        self.routeProtocol = routeProtocol
        self.metric = metric
        self.unreachableMetric = unreachableMetric
        self.linkGroup = linkGroup
    }
}

/// Settings of the host that we check and never change.
public struct HostSettings: Hashable, Sendable {
    /// Sentences for people, one for each setting that is wrong; empty is well.
    public var faults: [String]
    /// `net.ipv4.nexthop_compat_mode` is 0, so that one replace moves a set without a storm.
    public var hasSilentReplace: Bool

    /// All of it.
    public init(faults: [String] = [], hasSilentReplace: Bool = true) {
        self.faults = faults
        self.hasSilentReplace = hasSilentReplace
    }
}

/// A complete dump of what matters to us. Links and addresses of everybody; routes of our
/// protocol; nexthop objects of everybody, since their numbers are shared.
public struct KernelState: Sendable {
    /// All devices.
    public var links: [ObservedLink]
    /// All addresses.
    public var addresses: [ObservedAddress]
    /// Routes of our protocol, in all tables.
    public var routes: [Route]
    /// All nexthop objects.
    public var nextHops: [ObservedNextHop]
    /// The host's settings.
    public var settings: HostSettings

    /// All of it.
    public init(
        links: [ObservedLink] = [], addresses: [ObservedAddress] = [], routes: [Route] = [],
        nextHops: [ObservedNextHop] = [], settings: HostSettings = HostSettings()
    ) {
        self.links = links
        self.addresses = addresses
        self.routes = routes
        self.nextHops = nextHops
        self.settings = settings
    }
}

/// What the kernel told us, in its order. Events are hints: what they say is compared with what
/// should be, and doubt ends in a dump.
public enum KernelEvent: Hashable, Sendable {
    /// A device is new or changed.
    case link(ObservedLink)
    /// A device is gone.
    case linkGone(InterfaceIndex)
    /// An address is new or changed.
    case address(ObservedAddress)
    /// An address is gone.
    case addressGone(ObservedAddress)
    /// A route of our protocol is new or changed, and not by our worker.
    case route(Route)
    /// A route of our protocol is gone, and not by our worker.
    case routeGone(RouteKey)
    /// A nexthop object is new or changed, and not by our worker.
    case nextHop(ObservedNextHop)
    /// A nexthop object is gone, and not by our worker.
    case nextHopGone(NextHopID)
    /// Events were lost: dump again.
    case overflow
}
