import CBSD
import CLinux
import Glibc
public import Net

// The passive side: one listener for each family and VRF. Keys of peers are set on the live
// listener; a peer with a wrong key gets no answer at all, by TCP MD5's design.

/// A listening TCP socket. Belongs to one thread.
public final class TCPListener {
    private let owner: FileDescriptor
    /// The family it listens for.
    public let family: Family

    /// Listens on a port, at all addresses unless `options.local` says one. Bound to a device it
    /// takes only what comes in there (or in that VRF).
    public init(
        family: Family, port: UInt16 = 179, options: SocketOptions = SocketOptions(),
        backlog: Int32 = 1024
    ) throws(SystemError) {
        self.family = family
        owner = try openSocket(family.domain, SOCK_STREAM)
        try setOption(owner.raw, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        if family == .ipv6 {
            try setOption(owner.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
        }
        try options.apply(to: owner.raw, family)
        let local = options.localEndpoint(family, port: port)
        try bind(owner.raw, to: local)
        _ = try check("listen", local.description) { listen(owner.raw, backlog) }
    }

    /// Readable when a connection waits; for a `Poller`.
    public var descriptor: Int32 { owner.raw }

    /// The address and port it got.
    public var local: Endpoint? { Endpoint { getsockname(owner.raw, $0, $1) } }

    /// Takes one connection, or nil when none waits. EMFILE and its kin are thrown: the
    /// connection still waits, so the caller has to pause before it asks again.
    public func accept() throws(SystemError) -> Stream? {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let number = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    clinux_accept(owner.raw, $0, &length)
                }
            }
            if number >= 0 {
                let descriptor = FileDescriptor(adopting: number)
                guard let remote = Endpoint(storage) else { continue }
                return Stream(descriptor, remote: remote, isConnecting: false)
            }
            let code = errno
            switch code {
            case EAGAIN: return nil
            // The connection at hand has died; the next may be well (accept(2), "Error handling").
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH,
                ENONET, ENOPROTOOPT, EOPNOTSUPP:
                continue
            default: throw SystemError(code, "accept")
            }
        }
    }

    /// Adds or replaces the key of a peer; running connections keep theirs.
    public func setKey(_ key: SigningKey) throws(SystemError) {
        try Host.setKey(owner.raw, key.peer, key.bytes, key.device)
    }

    /// Segments of these peers count only when they come from at most so many hops away
    /// (RFC 5082), from the first SYN on; other peers of the socket are not judged.
    public func setTTLSecurity(peers: [IPAddress], hops: UInt8) throws(SystemError) {
        let bytes = peers.filter { $0.family == family }.flatMap(\.bytes)
        let descriptor = owner.raw
        let domain = family.domain
        let width = family == .ipv4 ? 4 : 16
        _ = try check("SO_ATTACH_FILTER") {
            clinux_filter_ttl(
                descriptor, domain, UInt8(256 - Int(max(hops, 1))), bytes, bytes.count / width)
        }
    }

    /// Removes the key of a peer.
    public func removeKey(peers: Prefix, device: InterfaceIndex = .none) throws(SystemError) {
        try Host.setKey(owner.raw, peers, [], device)
    }
}
