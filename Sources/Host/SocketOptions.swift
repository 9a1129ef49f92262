import CBSD
import CLinux
import Glibc
public import Net

// What a BGP socket needs beyond an address, applied before connect or listen.

/// A TCP MD5 key (RFC 2385) for the peers inside a prefix.
public struct SigningKey: Hashable, Sendable {
    /// The longest key that the kernel takes.
    public static let maximumLength = SigningSecret.maximumLength
    /// Whom the key is for.
    public var peer: Prefix
    /// The key, 1 to 80 bytes.
    public var bytes: [UInt8]
    /// The VRF device that the key is limited to (the kernel takes no other kind), or none.
    public var device: InterfaceIndex

    /// A key for one address.
    public init(peer: IPAddress, bytes: [UInt8], device: InterfaceIndex = .none) {
        self.init(
            peers: Prefix(peer, length: UInt8(peer.family.addressBits)), bytes: bytes,
            device: device)
    }

    /// A key for all addresses of a prefix.
    public init(peers: Prefix, bytes: [UInt8], device: InterfaceIndex = .none) {
        self.peer = peers
        self.bytes = bytes
        self.device = device
    }
}

/// What a TCP socket is set to before it connects or listens.
public struct SocketOptions: Hashable, Sendable {
    /// Bound to this device or VRF (SO_BINDTODEVICE).
    public var device: InterfaceName?
    /// Our address; nil lets the kernel choose.
    public var local: IPAddress?
    /// TCP MD5 keys.
    public var keys: [SigningKey]
    /// Generalized TTL security (RFC 5082): sends 255 and accepts only from that many hops.
    public var ttlSecurity: UInt8?
    /// The TTL or hop limit of what is sent, unless `ttlSecurity` says 255.
    public var ttl: UInt8?
    /// How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT).
    public var userTimeout: Duration?
    /// The TOS byte or traffic class; network control unless said otherwise.
    public var typeOfService: UInt8

    /// Options; each has the kernel's default unless given.
    public init(
        device: InterfaceName? = nil, local: IPAddress? = nil, keys: [SigningKey] = [],
        ttlSecurity: UInt8? = nil, ttl: UInt8? = nil, userTimeout: Duration? = nil,
        typeOfService: UInt8 = 0xC0
    ) {
        self.device = device
        self.local = local
        self.keys = keys
        self.ttlSecurity = ttlSecurity
        self.ttl = ttl
        self.userTimeout = userTimeout
        self.typeOfService = typeOfService
    }

    /// Sets all but the local address.
    func apply(to descriptor: Int32, _ family: Family) throws(SystemError) {
        try applyBelowTCP(to: descriptor, family)
        try setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1, "TCP_NODELAY")
        if let hops = ttlSecurity { try setSmallestTTL(descriptor, family, hops: hops) }
        if let userTimeout { try Host.setUserTimeout(descriptor, userTimeout) }
        for key in keys where key.peer.family == family {
            try setKey(descriptor, key.peer, key.bytes, key.device)
        }
    }

    /// Sets what UDP has too: device, class and TTL.
    func applyBelowTCP(to descriptor: Int32, _ family: Family) throws(SystemError) {
        if let device { try bind(descriptor, to: device) }
        let isV4 = family == .ipv4
        let level = Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6)
        try setOption(
            descriptor, level, isV4 ? IP_TOS : IPV6_TCLASS, Int32(typeOfService), "IP_TOS")
        if let ttl = ttlSecurity == nil ? ttl : 255 {
            try setTTL(descriptor, family, ttl)
        }
    }

    /// Where to bind, with the device's number for a link-local address.
    func localEndpoint(_ family: Family, port: UInt16) -> Endpoint {
        let any: IPAddress =
            family == .ipv4 ? .v4(IPv4Address(raw: 0)) : .v6(IPv6Address(high: 0, low: 0))
        var endpoint = Endpoint(local ?? any, port: port)
        if case .v6(let address) = endpoint.address, address.isLinkLocal, let device {
            endpoint.scope = interfaceIndex(of: device) ?? .none
        }
        return endpoint
    }

    private func bind(_ descriptor: Int32, to device: InterfaceName) throws(SystemError) {
        let name = device.bytes
        _ = try check("SO_BINDTODEVICE", device.description) {
            setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.count))
        }
    }
}

/// The kernel ends a connection whose peer acknowledges nothing, or takes nothing, for this long.
func setUserTimeout(_ descriptor: Int32, _ time: Duration) throws(SystemError) {
    let milliseconds = Int32(clamping: time.nanoseconds / 1_000_000)
    try setOption(
        descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, max(milliseconds, 1), "TCP_USER_TIMEOUT")
}

/// Drops what comes from farther than that many hops (RFC 5082).
func setSmallestTTL(_ descriptor: Int32, _ family: Family, hops: UInt8) throws(SystemError) {
    let isV4 = family == .ipv4
    // IPV6_MINHOPCOUNT is 73; glibc's headers hide it behind linux/in6.h.
    try setOption(
        descriptor, Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6), isV4 ? IP_MINTTL : 73,
        256 - Int32(max(hops, 1)), "IP_MINTTL")
}

/// What is sent leaves with this TTL or hop limit.
func setTTL(_ descriptor: Int32, _ family: Family, _ ttl: UInt8) throws(SystemError) {
    let isV4 = family == .ipv4
    try setOption(
        descriptor, Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6), isV4 ? IP_TTL : IPV6_UNICAST_HOPS,
        Int32(ttl), "IP_TTL")
}

/// Adds, replaces or, when `bytes` is empty, removes a TCP MD5 key.
func setKey(
    _ descriptor: Int32, _ peers: Prefix, _ bytes: [UInt8], _ device: InterfaceIndex
) throws(SystemError) {
    guard bytes.count <= SigningKey.maximumLength else {
        throw SystemError(
            EINVAL, "TCP_MD5SIG", "\(peers)",
            reason: "a key has at most \(SigningKey.maximumLength) bytes, not \(bytes.count)")
    }
    let result = Endpoint(peers.address, port: 0).withSockaddr { name, length in
        clinux_tcp_md5(
            descriptor, name, length, peers.length, device.rawValue, bytes, bytes.count)
    }
    guard result < 0 else { return }
    // Removing a key that is not there is no failure.
    if bytes.isEmpty, errno == ENOENT { return }
    throw SystemError.last("TCP_MD5SIG", "\(peers)")
}
