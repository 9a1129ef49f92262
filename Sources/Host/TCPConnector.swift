import CBSD
import CLinux
import Glibc
public import Net

// The active side. The kernel says why a connect failed in words for programmers; here they
// become words for the person who has to find the cause.

/// Begins connections.
public enum TCPConnector {
    /// Begins a connection; it is under way when this returns, and `Stream.finishConnect` tells
    /// its end once the stream is writable.
    public static func connect(
        to address: IPAddress, port: UInt16 = 179, options: SocketOptions = SocketOptions()
    ) throws(SystemError) -> Stream {
        var remote = Endpoint(address, port: port)
        if case .v6(let address) = address, address.isLinkLocal {
            guard let device = options.device, let index = interfaceIndex(of: device) else {
                throw SystemError(
                    ENODEV, "connect", remote.description,
                    reason: "a link-local address needs a device that exists")
            }
            remote.scope = index
        }
        let owner = try openSocket(address.family.domain, SOCK_STREAM)
        try options.apply(to: owner.raw, address.family)
        if options.local != nil {
            try bind(owner.raw, to: options.localEndpoint(address.family, port: 0))
        }
        let number = owner.raw
        let result = remote.withSockaddr { Glibc.connect(number, $0, $1) }
        let code = result < 0 ? errno : 0
        guard code == 0 || code == EINPROGRESS || code == EINTR else {
            throw failure(code, remote)
        }
        return Stream(owner, remote: remote, isConnecting: code != 0)
    }

    /// The error of a connect that nobody answered; the kernel's, or the caller's own limit.
    public static func timedOut(_ remote: Endpoint) -> SystemError { failure(ETIMEDOUT, remote) }

    static func failure(_ code: Int32, _ remote: Endpoint) -> SystemError {
        switch code {
        case ETIMEDOUT:
            SystemError(
                code, "connect", remote.description,
                reason: "timed out (a wrong or missing TCP MD5 key looks like this)")
        case EADDRNOTAVAIL:
            SystemError(
                code, "connect", remote.description,
                reason: "no local address to connect from (none of that family, or not ready yet)")
        default: SystemError(code, "connect", remote.description)
        }
    }
}

/// Binds to an address of ours.
func bind(_ descriptor: Int32, to local: Endpoint) throws(SystemError) {
    let result = local.withSockaddr { Glibc.bind(descriptor, $0, $1) }
    guard result < 0 else { return }
    let code = errno
    if code == EADDRNOTAVAIL {
        throw SystemError(
            code, "bind", local.description,
            reason: "the address is not on this host (or, for IPv6, still tentative)")
    }
    throw SystemError(code, "bind", local.description)
}
