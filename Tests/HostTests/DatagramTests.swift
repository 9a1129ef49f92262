import Glibc
import Host
import Net
import Testing

@Suite struct DatagramTests {
    private func text(_ buffer: ReadBuffer, _ count: Int) -> String {
        String(decoding: buffer.bytes[..<count], as: UTF8.self)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `a packet is told with its ttl, ends and device`(_ loopback: String) throws {
        let address = try #require(IPAddress(loopback))
        let receiver = try DatagramSocket(family: address.family)
        let port = try #require(receiver.local?.port)
        let buffer = ReadBuffer(capacity: 64)
        #expect(receiver.receive(into: buffer) == nil)
        for ttl in [UInt8(255), 7] {
            let sender = try DatagramSocket(
                family: address.family, options: SocketOptions(local: address, ttl: ttl))
            #expect(try sender.send(Array("hello".utf8), to: Endpoint(address, port: port)))
            try #require(waitReadable(receiver.descriptor))
            let datagram = try #require(receiver.receive(into: buffer))
            #expect(text(buffer, datagram.count) == "hello")
            #expect(datagram.ttl == ttl)
            #expect(datagram.source == sender.local)
            #expect(datagram.destination == address)
            #expect(datagram.device == interfaceIndex(of: try #require(InterfaceName("lo"))))
        }
    }

    @Test func `a packet larger than the buffer is passed over`() throws {
        let address = try #require(IPAddress("127.0.0.1"))
        let receiver = try DatagramSocket(family: .ipv4, options: SocketOptions(local: address))
        let target = try #require(receiver.local)
        let sender = try DatagramSocket(family: .ipv4)
        #expect(try sender.send([UInt8](repeating: 1, count: 65), to: target))
        #expect(try sender.send([2], to: target))
        let buffer = ReadBuffer(capacity: 64)
        try #require(waitReadable(receiver.descriptor))
        #expect(receiver.receive(into: buffer)?.count == 1)
        #expect(receiver.receive(into: buffer) == nil)
    }

    @Test func `a port that nobody listens on does not spoil the next packet`() throws {
        let address = try #require(IPAddress("127.0.0.1"))
        let sender = try DatagramSocket(family: .ipv4, options: SocketOptions(local: address))
        let nobody = try #require(try DatagramSocket(family: .ipv4).local?.port)
        _ = try? sender.send([1], to: Endpoint(address, port: nobody))
        #expect(sender.receive(into: ReadBuffer(capacity: 64)) == nil)
    }
}

/// Between two network namespaces of the thread's own, joined by a veth pair and nothing else.
@Suite(.enabled(if: geteuid() == 0, "network namespaces need root"))
struct LinkLocalTests {
    // unshare(2) and setns(2) are GNU extensions that Swift's Glibc module does not show.
    private static let newNetwork: Int32 = 0x4000_0000

    private static func enterNew() -> Bool {
        typealias Unshare = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "unshare") else { return false }
        return unsafeBitCast(symbol, to: Unshare.self)(newNetwork) == 0
    }

    private static func enter(_ namespace: Int32) -> Bool {
        typealias SetNS = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { return false }
        return unsafeBitCast(symbol, to: SetNS.self)(namespace, newNetwork) == 0
    }

    private static func up(_ device: String, _ address: String) -> String {
        "ip link set lo up; ip link set \(device) addrgenmode none; ip link set \(device) up; "
            + "ip addr add \(address)/64 dev \(device) nodad"
    }

    @Test func `link-local peers meet on their device, by TCP and by UDP`() throws {
        let result = try Mailbox<String>()
        try Thread.start(name: "namespace") { result.post(LinkLocalTests.meet()) }
        #expect(result.wait(timeout: .seconds(30)) == ["met"])
    }

    private static func meet() -> String {
        guard enterNew() else { return "no namespace" }
        // Left open over exec, so that `ip` can name it; both namespaces go with the sockets.
        let first = open("/proc/thread-self/ns/net", O_RDONLY)
        defer { close(first) }
        guard first >= 0, enterNew() else { return "no second namespace" }
        run("ip link add host-a type veth peer name host-b")
        run("ip link set host-a netns /proc/self/fd/\(first); \(up("host-b", "fe80::b"))")
        guard let near = InterfaceName("host-a"), let far = InterfaceName("host-b"),
            let a = IPAddress("fe80::a"), let b = IPAddress("fe80::b"),
            let index = interfaceIndex(of: far)
        else { return "no devices" }
        do {
            let listener = try TCPListener(
                family: .ipv6, port: 179,
                options: SocketOptions(device: far, local: b, ttlSecurity: 1))
            let receiver = try DatagramSocket(
                family: .ipv6, port: 3784, options: SocketOptions(device: far))
            guard enter(first) else { return "not back" }
            run(up("host-a", "fe80::a"))
            let active = try TCPConnector.connect(
                to: b, options: SocketOptions(device: near, local: a, ttlSecurity: 1))
            guard waitWritable(active.descriptor), try active.finishConnect() else {
                return "not connected"
            }
            guard waitReadable(listener.descriptor), let passive = try listener.accept() else {
                return "not accepted"
            }
            guard passive.remote.address == a, passive.remote.scope == index else {
                return "from \(passive.remote)"
            }
            let sender = try DatagramSocket(
                family: .ipv6, options: SocketOptions(device: near, local: a, ttl: 255))
            guard let scope = interfaceIndex(of: near),
                try sender.send([1], to: Endpoint(b, port: 3784, scope: scope)),
                waitReadable(receiver.descriptor),
                let datagram = receiver.receive(into: ReadBuffer(capacity: 64))
            else { return "no packet" }
            guard datagram.device == index, datagram.ttl == 255 else { return "\(datagram)" }
            return "met"
        } catch {
            return "\(error)"
        }
    }
}
