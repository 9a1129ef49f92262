// What selection and export ask of an attribute set, read from canonical bytes in one pass
// without allocating.

public import Net

/// The part of an attribute set that decides, as plain numbers.
public struct AttributeSummary: Hashable, Sendable {
    /// ORIGIN.
    public var origin: Origin
    /// The length of AS_PATH as selection counts it.
    public var pathLength: Int
    /// The neighbouring AS; nil when the path is empty or begins with a set.
    public var firstAS: ASN?
    /// The AS where the route began; nil when the path is empty or ends with a set.
    public var originAS: ASN?
    /// MULTI_EXIT_DISC.
    public var med: UInt32?
    /// LOCAL_PREF.
    public var localPref: UInt32?
    /// ORIGINATOR_ID.
    public var originatorID: RouterID?
    /// The length of CLUSTER_LIST.
    public var clusterListLength: Int
    /// ONLY_TO_CUSTOMER: who sent the route to a customer or a peer first.
    public var onlyToCustomer: ASN?
    /// Well-known communities and other marks.
    public var flags: Flags

    /// Marks of an attribute set.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits.
        public var rawValue: UInt16
        /// From bits.
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// NO_EXPORT is there.
        public static let noExport = Flags(rawValue: 1)
        /// NO_ADVERTISE is there.
        public static let noAdvertise = Flags(rawValue: 2)
        /// NO_EXPORT_SUBCONFED is there.
        public static let noExportSubconfed = Flags(rawValue: 4)
        /// GRACEFUL_SHUTDOWN is there.
        public static let gracefulShutdown = Flags(rawValue: 8)
        /// BLACKHOLE is there.
        public static let blackhole = Flags(rawValue: 16)
        /// ONLY_TO_CUSTOMER is there.
        public static let onlyToCustomer = Flags(rawValue: 32)
        /// LLGR_STALE is there (RFC 9494): the route is the last choice.
        public static let longLivedStale = Flags(rawValue: 64)
        /// NO_LLGR is there (RFC 9494): the route must not be kept as the last choice.
        public static let noLongLived = Flags(rawValue: 128)
    }
}

extension AttributeSummary {
    /// Reads canonical attributes.
    public init(canonical: RawSpan) {
        origin = .incomplete
        pathLength = 0
        clusterListLength = 0
        flags = []
        var cursor = AttributeCursor(canonical)
        while cursor.advance() {
            let value = cursor.value
            var reader = Reader(value)
            switch cursor.code {
            case .origin: origin = (try? reader.u8()).flatMap(Origin.init) ?? .incomplete
            case .asPath:
                let shape = PathShape(value, isWide: true)
                pathLength = shape.length
                firstAS = shape.first
                originAS = shape.last
            case .med: med = try? reader.u32()
            case .localPref: localPref = try? reader.u32()
            case .communities:
                while let number = try? reader.u32() {
                    flags.insert(Flags(Community(rawValue: number)))
                }
            case .originatorID: originatorID = try? reader.address4()
            case .clusterList: clusterListLength = value.byteCount / 4
            case .onlyToCustomer:
                onlyToCustomer = (try? reader.u32()).map(ASN.init(_:))
                flags.insert(.onlyToCustomer)
            default: break
            }
        }
    }

    /// Reads canonical attributes.
    public init(canonical: [UInt8]) { unsafe self.init(canonical: canonical.span.bytes) }
}

extension AttributeSummary.Flags {
    fileprivate init(_ community: Community) {
        switch community {
        case .noExport: self = .noExport
        case .noAdvertise: self = .noAdvertise
        case .noExportSubconfed: self = .noExportSubconfed
        case .gracefulShutdown: self = .gracefulShutdown
        case .blackhole: self = .blackhole
        case .longLivedStale: self = .longLivedStale
        case .noLongLivedStale: self = .noLongLived
        default: self = []
        }
    }
}
