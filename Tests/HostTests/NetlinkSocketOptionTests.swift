// The shim's options of TCP and Unix sockets.
import CLinux
import Glibc
import Net
import Testing

@Suite struct `Socket options of the shim` {
    private func withSocket(_ family: Int32, _ body: (Int32) throws -> Void) throws {
        let fd = socket(family, CLINUX_SOCK_STREAM, 0)
        try #require(fd >= 0)
        defer { close(fd) }
        try body(fd)
    }

    @Test(arguments: ["10.0.0.1", "10.9.0.0", "fd00::1"])
    func `a key is set, replaced and removed for an address or a prefix`(_ text: String) throws {
        let peer = try address(text)
        let length = UInt8(peer.family.addressBits / 2)
        try withSocket(peer.family == .ipv4 ? AF_INET : AF_INET6) { fd in
            func set(_ key: String) -> Int32 {
                clinux_set_md5(
                    fd, peer.bytes, peer.bytes.count, length, 0, Array(key.utf8), key.utf8.count)
            }
            // A prefix has no bits behind its length.
            let masked = Prefix(peer, length: length).address
            #expect(
                clinux_set_md5(fd, masked.bytes, masked.bytes.count, length, 0, [1, 2], 2) == 0)
            #expect(set("secret") == 0)
            #expect(set("another") == 0)
            #expect(set("") == 0)
            #expect(set("") == -ENOENT)
        }
    }

    @Test func `a key longer than TCP takes and an address of no family are refused`() throws {
        try withSocket(AF_INET) { fd in
            let long = [UInt8](repeating: 1, count: 81)
            let peer = try address("10.0.0.1").bytes
            #expect(clinux_set_md5(fd, peer, 4, 32, 0, long, 81) == -EINVAL)
            #expect(clinux_set_md5(fd, peer, 3, 32, 0, long, 8) == -EAFNOSUPPORT)
        }
    }

    @Test func `TTL security sets both directions and can be taken back`() throws {
        try withSocket(AF_INET) { fd in
            func option(_ name: Int32) -> Int32 {
                var value: Int32 = -1
                var length = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(fd, Int32(IPPROTO_IP), name, &value, &length)
                return value
            }
            #expect(clinux_set_ttl_security(fd, CLINUX_FAMILY_IPV4, 255) == 0)
            #expect(option(IP_TTL) == 255)
            #expect(option(IP_MINTTL) == 255)
            #expect(clinux_set_ttl_security(fd, CLINUX_FAMILY_IPV4, 0) == 0)
            #expect(option(IP_TTL) == 64)
            #expect(option(IP_MINTTL) == 0)
        }
        try withSocket(AF_INET6) { fd in
            #expect(clinux_set_ttl_security(fd, CLINUX_FAMILY_IPV6, 254) == 0)
        }
    }

    @Test func `the other end of a Unix socket is known with its groups`() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, CLINUX_SOCK_STREAM, 0, &ends) == 0)
        defer { ends.forEach { close($0) } }
        var (uid, gid, pid): (UInt32, UInt32, Int32) = (99, 99, 0)
        var groups = [UInt32](repeating: 0, count: 64)
        var count = groups.count
        #expect(clinux_peer_credentials(ends[0], &uid, &gid, &pid, &groups, &count) == 0)
        #expect(uid == getuid())
        #expect(gid == getgid())
        #expect(pid == getpid())
        #expect(count == Int(getgroups(0, nil)))
    }
}
