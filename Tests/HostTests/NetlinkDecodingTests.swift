// What the kernel says, from bytes: the meaning of single messages, and that no damage to a message
// leads outside its bytes. The buffer under test ends where its page ends, and the next page cannot
// be read.
import CLinux
import Glibc
import Net
import Testing

@testable import Host

/// A message from parts, for what the kernel of the test's host does not say.
struct Message {
    var type: UInt16
    var flags: UInt16 = 0
    var port: UInt32 = 0
    var fixed: [UInt8]
    var attributes: [UInt8] = []

    static func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
        return number16(UInt16(payload.count + 4)) + number16(type) + payload + padding
    }

    static func number16(_ value: UInt16) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    static func number32(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    var bytes: [UInt8] {
        Message.number32(UInt32(16 + fixed.count + attributes.count)) + Message.number16(type)
            + Message.number16(flags) + Message.number32(5) + Message.number32(port) + fixed
            + attributes
    }
}

/// Bytes with an unreadable page right behind them.
private final class Cliff {
    private let page = 4096
    private let pages: Int
    private let base: UnsafeMutableRawPointer

    init(_ most: Int) {
        pages = (most + page - 1) / page
        guard
            let base = mmap(
                nil, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            base != MAP_FAILED, mprotect(base + pages * page, page, PROT_NONE) == 0
        else { preconditionFailure("no memory for a test") }
        self.base = base
    }

    deinit { munmap(base, (pages + 1) * page) }

    /// Decodes all messages of `bytes`; the kinds.
    func kinds(_ bytes: some Collection<UInt8>) -> [UInt32] {
        let start = UnsafeMutableRawBufferPointer(
            start: base + pages * page - bytes.count, count: bytes.count)
        start.copyBytes(from: bytes)
        var kinds: [UInt32] = []
        NetlinkSocket.walk(UnsafeRawBufferPointer(start), filter: clinux_filter()) { event in
            kinds.append(event.kind)
            // Whatever was decoded is read, as the callers read it.
            _ = KernelEvent(event, marks: KernelMarks())
            _ = KernelError(event)
        }
        return kinds
    }
}

@Suite struct `Netlink decoding` {
    private func event(
        _ message: Message, filter: clinux_filter = clinux_filter()
    ) -> KernelEvent? {
        var result: KernelEvent?
        message.bytes.withUnsafeBytes { bytes in
            NetlinkSocket.walk(bytes, filter: filter) {
                result = KernelEvent($0, marks: KernelMarks())
            }
        }
        return result
    }

    private let word = Message.number32

    private func link(_ attributes: [UInt8], flags: UInt32 = 0x1_0043, family: UInt8 = 0)
        -> Message
    {
        Message(
            type: 16, fixed: [family, 0, 1, 0] + word(12) + word(flags) + word(0),
            attributes: Message.attribute(3, Array("a.100\0".utf8)) + attributes)
    }

    private var vlanInformation: [UInt8] {
        Message.attribute(
            18,
            Message.attribute(1, Array("vlan\0".utf8))
                + Message.attribute(
                    2,
                    Message.attribute(1, Message.number16(100))
                        + Message.attribute(5, [0x88, 0xA8])))
    }

    private func vlan(parent: Int32) throws -> ObservedLink {
        ObservedLink(
            index: InterfaceIndex(12), name: try name("a.100"),
            kind: .vlan(VLANTag(.dot1ad, try #require(VLANID(rawValue: 100)))),
            parent: InterfaceIndex(parent), master: InterfaceIndex(9), mtu: 1400, group: 77,
            alias: "circuitd:x", isUp: true, hasCarrier: true)
    }

    private var usual: [UInt8] {
        Message.attribute(4, word(1400)) + Message.attribute(5, word(7))
            + Message.attribute(10, word(9)) + Message.attribute(27, word(77))
            + Message.attribute(20, Array("circuitd:x\0".utf8)) + vlanInformation
    }

    @Test func `a VLAN's link message has all that matters`() throws {
        #expect(event(link(usual)) == .link(try vlan(parent: 7)))
    }

    @Test func `a parent in another namespace is none`() throws {
        #expect(
            event(link(usual + Message.attribute(37, word(0)))) == .link(try vlan(parent: 0)))
    }

    @Test func `a VRF's link message has its table`() throws {
        let information = Message.attribute(
            18,
            Message.attribute(1, Array("vrf\0".utf8))
                + Message.attribute(2, Message.attribute(1, word(1001))))
        guard case .link(let found) = event(link(information)) else {
            Issue.record("no link")
            return
        }
        #expect(found.kind == .vrf(TableID(1001)))
    }

    @Test func `a dormant device has no carrier`() throws {
        guard case .link(let found) = event(link(usual, flags: 0x3_0043)) else {
            Issue.record("no link")
            return
        }
        #expect(found.isUp)
        #expect(!found.hasCarrier)
    }

    @Test func `a bridge's word about its port and a radio's news are not about the device`() {
        #expect(event(link(usual, family: 7)) == nil)
        #expect(event(link(Message.attribute(11, [0, 0, 0, 0]))) == nil)
    }

    @Test(arguments: [
        (UInt32(0x80), ObservedAddress.State.ready), (0x40, .tentative), (0x44, .ready),
        (0x48, .duplicate), (0x08, .duplicate),
    ])
    func `an address is usable or says why not`(_ flags: UInt32, _ state: ObservedAddress.State)
        throws
    {
        let added = try pair("fd00::1/64")
        let message = Message(
            type: 20, fixed: [10, 64, 0, 0] + word(3),
            attributes: Message.attribute(1, added.address.bytes)
                + Message.attribute(8, word(flags)))
        #expect(
            event(message)
                == .address(
                    ObservedAddress(link: InterfaceIndex(3), address: added, state: state)))
    }

    @Test func `on a point-to-point device the local address is ours`() throws {
        let message = Message(
            type: 20, fixed: [2, 32, 0, 0] + word(3),
            attributes: Message.attribute(1, [10, 0, 0, 2]) + Message.attribute(2, [10, 0, 0, 1]))
        #expect(
            event(message)
                == .address(
                    ObservedAddress(link: InterfaceIndex(3), address: try pair("10.0.0.1/32"))))
    }

    @Test func `routes with a TOS or a source prefix are none of ours`() {
        func route(source: UInt8, tos: UInt8) -> Message {
            Message(
                type: 24, fixed: [2, 0, source, tos, 254, 67, 0, 7] + word(0),
                attributes: Message.attribute(6, word(20)))
        }
        #expect(event(route(source: 0, tos: 0)) != nil)
        #expect(event(route(source: 0, tos: 16)) == nil)
        #expect(event(route(source: 8, tos: 0)) == nil)
    }

    @Test func `what our worker caused is dropped for routes and nexthops`() {
        let filter = clinux_filter(own_port: 99, route_protocol: 67)
        var route = Message(
            type: 25, fixed: [2, 0, 0, 0, 254, 67, 0, 7] + word(0),
            attributes: Message.attribute(6, word(20)))
        #expect(event(route, filter: filter) != nil)
        route.port = 99
        #expect(event(route, filter: filter) == nil)
        var nexthop = Message(
            type: 105, fixed: [0, 0, 67, 0] + word(0), attributes: Message.attribute(1, word(8)))
        #expect(event(nexthop, filter: filter) == .nextHopGone(NextHopID(8)))
        nexthop.port = 99
        #expect(event(nexthop, filter: filter) == nil)
    }

    @Test(arguments: [UInt16(4), 7])
    func `a blackhole or an encapsulated nexthop is reported as content that is never ours`(
        _ attribute: UInt16
    ) {
        let message = Message(
            type: 104, fixed: [2, 0, 3, 0] + word(0),
            attributes: Message.attribute(1, word(8)) + Message.attribute(attribute, []))
        #expect(
            event(message)
                == .nextHop(
                    ObservedNextHop(
                        NextHop(NextHopID(8), .group([])), routeProtocol: 3)))
    }

    @Test func `an attribute shorter than its kind makes doubt, not a guess`() {
        #expect(event(link(Message.attribute(4, [1, 2]))) == .overflow)
        #expect(
            event(
                Message(
                    type: 104, fixed: [0, 0, 3, 0] + word(0),
                    attributes: Message.attribute(1, [8]))) == .overflow)
    }

    @Test func `messages of a kind that we do not follow are passed over`() {
        #expect(event(Message(type: 9_999, fixed: [1, 2, 3])) == nil)
    }

    @Test func `no damage to what the kernel really says leads outside its bytes`() throws {
        try inNamespace { bench in
            let datagrams = try captured(bench)
            let cliff = Cliff(65_536)
            var kinds: Set<UInt32> = []
            for datagram in datagrams {
                let whole = cliff.kinds(datagram)
                #expect(!whole.contains(CLINUX_MALFORMED))
                kinds.formUnion(whole)
                // Cut anywhere, with and without a length that admits it.
                for length in 0..<datagram.count {
                    var cut = Array(datagram[..<length])
                    let verdict = cliff.kinds(cut)
                    #expect(verdict.isEmpty == (length == 0))
                    if length >= 16 {
                        cut.replaceSubrange(0..<4, with: word(UInt32(length)))
                        #expect(!cliff.kinds(cut).isEmpty)
                    }
                }
                // Every byte too small, too large, and flipped.
                for position in datagram.indices {
                    for value in [0, 1, 0xFF, datagram[position] ^ 0x80] as [UInt8] {
                        var damaged = datagram
                        damaged[position] = value
                        #expect(!cliff.kinds(damaged).isEmpty)
                    }
                }
            }
            #expect(
                kinds.isSuperset(of: [
                    CLINUX_LINK, CLINUX_ADDRESS, CLINUX_ROUTE, CLINUX_NEXTHOP, CLINUX_NEIGHBOUR,
                    CLINUX_RULE, CLINUX_DONE, CLINUX_ANSWER,
                ]))
        }
    }

    /// One datagram of each kind, as the kernel of this host says it, and its refusals.
    private func captured(_ bench: KernelBench) throws -> [[UInt8]] {
        let index = try bench.makePair("a", "10.0.1.1/24")
        let gateway = try address("10.0.1.2")
        let hop = NextHop(NextHopID(1), .gateway(gateway, device: index, onlink: true))
        try bench.build(
            .putNextHop(hop, replacing: false),
            .putNextHop(
                NextHop(NextHopID(2), .group([.init(hop.id, weight: 9)])), replacing: false),
            .putNeighbour(Neighbour(link: index, address: gateway, purpose: .managed)),
            .changeLink(index, LinkChange(alias: "circuitd:x")),
            .putRoute(try bench.route("10.20.0.0/16", .nextHop(hop.id)), replacing: false))
        let requests: [(clinux_request) -> Int32] = [
            { clinux_dump_addresses($0) }, { clinux_dump_routes($0, CLINUX_FAMILY_IPV4, 67) },
            { clinux_dump_nexthops($0) }, { clinux_dump_neighbours($0, CLINUX_FAMILY_IPV4) },
            { clinux_dump_rules($0, CLINUX_FAMILY_IPV4) },
            { request in
                let length = clinux_delete_nexthop(request, 77)
                if let message = request.buffer { clinux_ask_ack(message) }
                return length
            },
            { clinux_put_gateway($0, 5, 67, clinux_address(), 0, 0, 0) },
            { clinux_dump_links($0) },
        ]
        var datagrams: [[UInt8]] = []
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { storage.deallocate() }
        for request in requests {
            let socket = try NetlinkSocket(
                groups: CLINUX_GROUPS_NONE, isNonblocking: false, bufferBytes: 1 << 20)
            var written = NetlinkRequests(in: storage, first: 5)
            let fits = written.write(request)
            try #require(fits)
            try socket.send(written.bytes)
            while clinux_netlink_wait(socket.fd, 0) == 1 {
                let count = clinux_netlink_receive(socket.fd, storage.baseAddress, storage.count)
                try #require(count > 0)
                datagrams.append(Array(storage[..<Int(count)]))
            }
        }
        return datagrams
    }
}
