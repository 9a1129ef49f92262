import CBSD
import CLinux
import Glibc
public import Net

// Addresses as the kernel's structures, and back.

/// One end of a connection.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    public var address: IPAddress
    /// The port.
    public var port: UInt16
    /// The device of a link-local address, else none.
    public var scope: InterfaceIndex

    /// An end.
    public init(_ address: IPAddress, port: UInt16, scope: InterfaceIndex = .none) {
        self.address = address
        self.port = port
        self.scope = scope
    }

    /// `10.0.0.1:179`, `[fe80::1%3]:179`.
    public var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: scope == .none ? "[\(address)]:\(port)" : "[\(address)%\(scope)]:\(port)"
        }
    }
}

extension Endpoint {
    /// Calls `body` with the kernel's form.
    func withSockaddr<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        withUnsafeMutableBytes(of: &storage) { raw in
            switch address {
            case .v4(let address):
                var name = sockaddr_in()
                name.sin_family = sa_family_t(AF_INET)
                name.sin_port = port.bigEndian
                name.sin_addr.s_addr = address.raw.bigEndian
                raw.storeBytes(of: name, as: sockaddr_in.self)
                length = socklen_t(MemoryLayout<sockaddr_in>.size)
            case .v6:
                var name = sockaddr_in6()
                name.sin6_family = sa_family_t(AF_INET6)
                name.sin6_port = port.bigEndian
                name.sin6_scope_id = UInt32(bitPattern: scope.rawValue)
                withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.bytes) }
                raw.storeBytes(of: name, as: sockaddr_in6.self)
                length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            }
        }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Fills a kernel's structure by `body` and reads it; nil when the call fails or the family
    /// is neither of ours.
    init?(_ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
        guard result >= 0 else { return nil }
        self.init(storage)
    }

    /// From the kernel's structure.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let family = Int32(storage.ss_family)
        let parts = withUnsafeMutableBytes(of: &storage) { raw -> (IPAddress, UInt16, UInt32)? in
            if family == AF_INET {
                let name = raw.load(as: sockaddr_in.self)
                let address = IPv4Address(raw: UInt32(bigEndian: name.sin_addr.s_addr))
                return (.v4(address), UInt16(bigEndian: name.sin_port), 0)
            }
            guard family == AF_INET6 else { return nil }
            var name = raw.load(as: sockaddr_in6.self)
            let bytes = withUnsafeBytes(of: &name.sin6_addr) { Array($0) }
            return IPAddress(bytes: bytes).map {
                ($0, UInt16(bigEndian: name.sin6_port), name.sin6_scope_id)
            }
        }
        guard let parts else { return nil }
        self.init(parts.0, port: parts.1, scope: InterfaceIndex(Int32(bitPattern: parts.2)))
    }
}

extension Family {
    /// AF_INET or AF_INET6.
    var domain: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
}

/// A new socket, closed on exec.
func openSocket(
    _ domain: Int32, _ type: __socket_type, nonblocking: Bool = true
) throws(SystemError) -> FileDescriptor {
    let flags = nonblocking ? SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue : SOCK_CLOEXEC.rawValue
    return FileDescriptor(
        adopting: try check("socket") { socket(domain, Int32(type.rawValue | flags), 0) })
}

/// An integer socket option.
func setOption(
    _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ name: String
) throws(SystemError) {
    var value = value
    _ = try check("setsockopt", name) {
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// The kernel's number of a device.
public func interfaceIndex(of name: InterfaceName) -> InterfaceIndex? {
    let index = if_nametoindex(name.description)
    return index == 0 ? nil : InterfaceIndex(Int32(bitPattern: index))
}
