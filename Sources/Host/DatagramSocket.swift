import CBSD
import CLinux
import Glibc
public import Net

// UDP for BFD: what came in is told with its TTL, destination and device, since RFC 5881 accepts
// a packet by those (a TTL of 255 proves that no router was on the way).

/// A non-blocking UDP socket. Belongs to one thread.
public final class DatagramSocket {
    /// A packet that came in.
    public struct Datagram: Hashable, Sendable {
        /// Its bytes, from the start of the buffer.
        public var count: Int
        /// Who sent it.
        public var source: Endpoint
        /// The address it was sent to.
        public var destination: IPAddress?
        /// The TTL or hop limit it arrived with.
        public var ttl: UInt8?
        /// The device it came in by.
        public var device: InterfaceIndex
    }

    private let owner: FileDescriptor
    private let device: InterfaceName?

    /// Binds to `options.local` (any address when nil) and a port; 0 takes a free one. TTL and
    /// device are the options'; keys and TCP's options are not applied. `isShared` lets other
    /// sockets bind the same port with another address or device.
    public init(
        family: Family, port: UInt16 = 0, options: SocketOptions = SocketOptions(),
        isShared: Bool = false
    ) throws(SystemError) {
        device = options.device
        owner = try openSocket(family.domain, SOCK_DGRAM)
        if isShared { try setOption(owner.raw, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR") }
        if family == .ipv6 {
            try setOption(owner.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
        }
        try options.applyBelowTCP(to: owner.raw, family)
        let number = owner.raw
        _ = try check("setsockopt IP_PKTINFO") {
            clinux_ask_datagram_details(number, family.domain)
        }
        try bind(owner.raw, to: options.localEndpoint(family, port: port))
    }

    /// For a `Poller`.
    public var descriptor: Int32 { owner.raw }

    /// The address and port it got.
    public var local: Endpoint? { Endpoint { getsockname(owner.raw, $0, $1) } }

    /// Sends one packet; false when the kernel has no room for it just now.
    public func send(_ bytes: [UInt8], to remote: Endpoint) throws(SystemError) -> Bool {
        while true {
            let count = remote.withSockaddr { name, length in
                sendto(owner.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL), name, length)
            }
            if count >= 0 { return true }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN, ENOBUFS: return false
            default: throw SystemError(code, "sendto", remote.description)
            }
        }
    }

    /// Reads one packet, or nil when none waits. One that does not fit the buffer is passed over,
    /// and so is an error that an earlier packet has brought back.
    public func receive(into buffer: ReadBuffer) -> Datagram? {
        // Bounded, since errors can come back as fast as we send.
        for _ in 0..<64 {
            var details = clinux_datagram()
            let count = clinux_receive_datagram(
                owner.raw, buffer.bytes.baseAddress, buffer.bytes.count, &details)
            if count < 0 {
                if errno == EAGAIN { return nil }
                continue
            }
            guard count <= buffer.bytes.count, let source = Endpoint(details.source) else {
                continue
            }
            return Datagram(
                count: count, source: source, destination: Endpoint(details.destination)?.address,
                ttl: UInt8(exactly: details.ttl), device: InterfaceIndex(details.device))
        }
        return nil
    }
}
