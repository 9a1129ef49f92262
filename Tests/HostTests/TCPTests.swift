import Glibc
import Host
import Net
import Testing

@Suite struct TCPTests {
    static let loopbacks = ["127.0.0.1", "::1"]

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private func listen(
        _ address: IPAddress, _ options: SocketOptions = SocketOptions()
    ) throws -> (TCPListener, UInt16) {
        var options = options
        options.local = address
        let listener = try TCPListener(family: address.family, port: 0, options: options)
        return (listener, try #require(listener.local?.port))
    }

    private func joined(
        _ address: IPAddress, _ options: SocketOptions = SocketOptions()
    ) throws -> (Stream, Stream) {
        let (listener, port) = try listen(address, options)
        let active = try TCPConnector.connect(to: address, port: port, options: options)
        try #require(waitWritable(active.descriptor))
        try #require(try active.finishConnect())
        try #require(waitReadable(listener.descriptor))
        return (active, try #require(try listener.accept()))
    }

    @Test(arguments: loopbacks)
    func `both ends agree on their addresses`(_ text: String) throws {
        let (active, passive) = try joined(try address(text))
        #expect(active.remote == passive.local)
        #expect(passive.remote == active.local)
        #expect(passive.remote.address == (try address(text)))
    }

    @Test(arguments: loopbacks)
    func `the local address is the one asked for`(_ text: String) throws {
        // 127/8 has more than one address; ::1 is alone.
        let local = try address(text == "::1" ? "::1" : "127.0.0.9")
        let (listener, port) = try listen(try address(text))
        let active = try TCPConnector.connect(
            to: try address(text), port: port, options: SocketOptions(local: local))
        try #require(waitReadable(listener.descriptor))
        let passive = try #require(try listener.accept())
        #expect(passive.remote.address == local)
        active.close()
    }

    @Test(arguments: loopbacks)
    func `more than the kernel takes at once arrives whole and in order`(_ text: String) throws {
        let (active, passive) = try joined(try address(text))
        let sent = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var isDone = try active.write(sent)
        #expect(!isDone, "eight megabytes do not fit")
        #expect(active.pendingBytes > 0)
        let buffer = ReadBuffer()
        var received: [UInt8] = []
        while received.count < sent.count {
            switch passive.read(into: buffer) {
            case .bytes(let count):
                buffer.withBytes(count) { span in
                    span.withUnsafeBytes { received.append(contentsOf: $0) }
                }
            case .wouldBlock:
                if !isDone { isDone = try active.flush() }
                if isDone { try #require(waitReadable(passive.descriptor)) }
            case .closed, .failed: try #require(Bool(false), "the connection broke")
            }
        }
        #expect(isDone)
        #expect(active.pendingBytes == 0)
        #expect(received == sent)
    }

    @Test func `reading tells nothing yet, the end and a reset apart`() throws {
        let buffer = ReadBuffer(capacity: 16)
        let (first, second) = try joined(try address("127.0.0.1"))
        #expect(first.read(into: buffer) == .wouldBlock)
        second.close()
        try #require(waitReadable(first.descriptor))
        #expect(first.read(into: buffer) == .closed)
        let (third, fourth) = try joined(try address("127.0.0.1"))
        fourth.close(reset: true)
        try #require(waitReadable(third.descriptor))
        guard case .failed(let error) = third.read(into: buffer) else {
            Issue.record("a reset is a failure")
            return
        }
        #expect(error.code == ECONNRESET)
    }

    @Test(arguments: loopbacks)
    func `a refused connection says so in words`(_ text: String) throws {
        // The listener is gone with the end of the statement; its port is nobody's now.
        let port = try listen(try address(text)).1
        let error = #expect(throws: SystemError.self) {
            let stream = try TCPConnector.connect(to: try address(text), port: port)
            _ = waitWritable(stream.descriptor)
            _ = try stream.finishConnect()
        }
        #expect(error?.reason == "connection refused")
        #expect(error?.subject.hasSuffix(":\(port)") == true)
    }

    @Test func `a foreign local address says what is wrong with it`() throws {
        let error = #expect(throws: SystemError.self) {
            _ = try TCPConnector.connect(
                to: try address("127.0.0.1"),
                options: SocketOptions(local: try address("192.0.2.77")))
        }
        #expect(error?.reason.contains("not on this host") == true)
    }

    @Test func `a link-local peer needs a device`() throws {
        #expect(throws: SystemError.self) {
            _ = try TCPConnector.connect(to: try address("fe80::1"))
        }
    }

    @Test func `a device that is not there is named`() throws {
        let error = #expect(throws: SystemError.self) {
            _ = try TCPConnector.connect(
                to: try address("127.0.0.1"),
                options: SocketOptions(device: InterfaceName("no-such-dev")))
        }
        #expect(error?.code == ENODEV)
        #expect(error?.subject == "no-such-dev")
    }

    @Test func `a socket bound to a device connects and knows it`() throws {
        let options = SocketOptions(device: InterfaceName("lo"))
        let (active, passive) = try joined(try address("127.0.0.1"), options)
        #expect(active.device == interfaceIndex(of: try #require(InterfaceName("lo"))))
        #expect(passive.device == active.device)
    }

    @Test(arguments: loopbacks)
    func `an unanswered accept brings nothing and does not block`(_ text: String) throws {
        let (listener, _) = try listen(try address(text))
        #expect(try listener.accept() == nil)
    }

    @Test func `listeners of both families share a port`() throws {
        let any = try TCPListener(family: .ipv6, port: 0)
        let port = try #require(any.local?.port)
        _ = try TCPListener(family: .ipv4, port: port)
    }

    @Test(arguments: loopbacks)
    func `ttl security from one hop refuses a lower ttl`(_ text: String) throws {
        let loopback = try address(text)
        let (listener, port) = try listen(loopback, SocketOptions(ttlSecurity: 1))
        let far = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 64))
        let near = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttlSecurity: 1))
        try #require(waitWritable(near.descriptor))
        #expect(try near.finishConnect())
        #expect(try !far.finishConnect(), "its packets are dropped in silence")
        #expect(try listener.accept()?.remote == near.local)
    }

    @Test(arguments: loopbacks)
    func `a listener judges the ttl of some peers only, from the first segment`(
        _ text: String
    ) throws {
        let loopback = try address(text)
        let other = try address(loopback.family == .ipv4 ? "127.0.0.9" : "fd00::9")
        let (listener, port) = try listen(loopback)
        // Many others before it: jumps in the filter stay right.
        let crowd = (0..<100).map { number -> IPAddress in
            loopback.family == .ipv4
                ? .v4(IPv4Address(10, 0, 0, UInt8(number)))
                : .v6(IPv6Address(high: 0xFD00 << 48, low: UInt64(number) << 32))
        }
        try listener.setTTLSecurity(peers: crowd + [loopback], hops: 1)
        let far = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 254))
        let near = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 255))
        try #require(waitWritable(near.descriptor))
        #expect(try near.finishConnect())
        #expect(try !far.finishConnect(), "its SYN is dropped in silence")
        #expect(try listener.accept()?.remote == near.local)

        try listener.setTTLSecurity(peers: crowd + [other], hops: 1)
        let free = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 1))
        try #require(waitWritable(free.descriptor))
        #expect(try free.finishConnect(), "nobody asked for this peer")
        try listener.setTTLSecurity(peers: [], hops: 1)
        try listener.setTTLSecurity(peers: [], hops: 1)
    }

    @Test(arguments: loopbacks)
    func `the same key joins and another one gets no answer`(_ text: String) throws {
        let loopback = try address(text)
        let (listener, port) = try listen(loopback)
        let key = SigningKey(peer: loopback, bytes: Array("open sesame".utf8))
        try listener.setKey(key)
        let wrong = try TCPConnector.connect(
            to: loopback, port: port,
            options: SocketOptions(
                keys: [SigningKey(peer: loopback, bytes: Array("open barley".utf8))]))
        let right = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(keys: [key]))
        try #require(waitWritable(right.descriptor))
        #expect(try right.finishConnect())
        #expect(try !wrong.finishConnect())
        #expect(TCPConnector.timedOut(wrong.remote).reason.contains("TCP MD5 key"))
    }

    @Test(arguments: loopbacks)
    func `TTL security begins on a connection that was accepted without`(_ text: String) throws {
        let loopback = try address(text)
        let isV4 = loopback.family == .ipv4
        let (listener, port) = try listen(loopback)
        let far = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 64))
        let near = try TCPConnector.connect(
            to: loopback, port: port, options: SocketOptions(ttl: 255))
        let buffer = ReadBuffer()
        for active in [far, near] {
            try #require(waitReadable(listener.descriptor))
            let passive = try #require(try listener.accept())
            try passive.setTTLSecurity(1)
            var ttl = Int32(0)
            var length = socklen_t(4)
            getsockopt(
                passive.descriptor, Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6),
                isV4 ? IP_TTL : IPV6_UNICAST_HOPS, &ttl, &length)
            #expect(ttl == 255)
            try #require(waitWritable(active.descriptor))
            try #require(try active.finishConnect())
            _ = try active.write([1])
            #expect(waitReadable(passive.descriptor, milliseconds: 300) == (active === near))
            #expect(passive.read(into: buffer) == (active === near ? .bytes(1) : .wouldBlock))
        }
    }

    @Test func `a listener that is paused wakes nobody, and keeps what waits`() throws {
        let loopback = try address("127.0.0.1")
        let (listener, port) = try listen(loopback)
        let active = try TCPConnector.connect(to: loopback, port: port)
        try #require(waitReadable(listener.descriptor))
        let poller = try Poller()
        let token = Token(kind: 1, slot: 1)
        try poller.add(listener.descriptor, token, .read)
        var events: [Poller.Event] = []
        try poller.wait(until: nil, into: &events)
        #expect(events.map(\.token) == [token])
        try poller.modify(listener.descriptor, token, [])
        try poller.wait(until: Clock.now() + .milliseconds(50), into: &events)
        #expect(events.isEmpty, "a paused listener does not wake anybody")
        try poller.modify(listener.descriptor, token, .read)
        try poller.wait(until: Clock.now() + .seconds(5), into: &events)
        #expect(events.map(\.token) == [token])
        active.close()
    }

    @Test func `a key can be replaced and removed on the live listener`() throws {
        let loopback = try address("127.0.0.1")
        let (listener, port) = try listen(loopback)
        let peers = Prefix(loopback, length: 8)
        try listener.setKey(SigningKey(peers: peers, bytes: [1]))
        try listener.setKey(SigningKey(peers: peers, bytes: [2]))
        try listener.removeKey(peers: peers)
        try listener.removeKey(peers: peers)
        let plain = try TCPConnector.connect(to: loopback, port: port)
        try #require(waitWritable(plain.descriptor))
        #expect(try plain.finishConnect())
    }

    @Test func `a key longer than the kernel takes is refused with its length`() throws {
        let loopback = try address("127.0.0.1")
        let error = #expect(throws: SystemError.self) {
            let key = SigningKey(peer: loopback, bytes: [UInt8](repeating: 7, count: 81))
            _ = try TCPConnector.connect(to: loopback, options: SocketOptions(keys: [key]))
        }
        #expect(error?.reason.contains("81") == true)
    }
}
