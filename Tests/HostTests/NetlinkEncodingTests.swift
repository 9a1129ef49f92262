// Requests byte by byte against annotated hexadecimal (little endian), for what the kernel of the
// test's host may not be able to make.
import CLinux
import Net
import Testing

@testable import Host

/// The bytes of annotated hexadecimal: what stands behind `;` is for people.
func bytes(_ annotated: String) -> [UInt8] {
    annotated.split(separator: "\n").flatMap { line in
        line.prefix { $0 != ";" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
}

@Suite struct `Netlink encoding` {
    private func encoded(_ step: Step) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        var requests = NetlinkRequests(in: buffer, first: 0x1122_3344)
        return requests.write(step, marks: KernelMarks()) ? Array(requests.bytes) : nil
    }

    @Test func `a VLAN names its tag, its protocol, its parent and our group`() throws {
        let id = try #require(VLANID(rawValue: 100))
        let step = Step.createVLAN(
            try name("a.100"), parent: InterfaceIndex(7), VLANTag(.dot1ad, id), mtu: 1400)
        #expect(
            encoded(step)
                == bytes(
                    """
                    68 00 00 00 ; 104 bytes
                    10 00 05 06 ; RTM_NEWLINK, REQUEST ACK EXCL CREATE
                    44 33 22 11 ; number
                    00 00 00 00 ; port
                    00 00 00 00 ; family, type
                    00 00 00 00 ; index: the kernel's choice
                    00 00 00 00 ; flags: down
                    00 00 00 00 ; changed flags: none
                    0a 00 03 00 ; IFLA_IFNAME
                    61 2e 31 30 30 00 00 00
                    08 00 1b 00 ; IFLA_GROUP
                    63 72 69 43
                    24 00 12 80 ; IFLA_LINKINFO, nested
                    09 00 01 00 ;   IFLA_INFO_KIND
                    76 6c 61 6e 00 00 00 00
                    14 00 02 80 ;   IFLA_INFO_DATA, nested
                    06 00 01 00 ;     IFLA_VLAN_ID
                    64 00 00 00
                    06 00 05 00 ;     IFLA_VLAN_PROTOCOL, network order
                    88 a8 00 00
                    08 00 05 00 ; IFLA_LINK
                    07 00 00 00
                    08 00 04 00 ; IFLA_MTU
                    78 05 00 00
                    """))
    }

    @Test func `a VLAN without an MTU leaves it to the kernel`() throws {
        let id = try #require(VLANID(rawValue: 100))
        let step = Step.createVLAN(
            try name("a.100"), parent: InterfaceIndex(7), VLANTag(.dot1q, id), mtu: nil)
        let written = try #require(encoded(step))
        #expect(written.count == 96)
        #expect(Array(written[80..<88]) == bytes("06 00 05 00 81 00 00 00"))
    }

    @Test func `a VRF names its table and our group`() throws {
        #expect(
            encoded(.createVRF(try name("vrf-a"), TableID(1001)))
                == bytes(
                    """
                    4c 00 00 00 10 00 05 06 44 33 22 11 00 00 00 00 ; RTM_NEWLINK
                    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ; ifinfomsg
                    0a 00 03 00 ; IFLA_IFNAME
                    76 72 66 2d 61 00 00 00
                    08 00 1b 00 ; IFLA_GROUP
                    63 72 69 43
                    18 00 12 80 ; IFLA_LINKINFO, nested
                    08 00 01 00 ;   IFLA_INFO_KIND
                    76 72 66 00
                    0c 00 02 80 ;   IFLA_INFO_DATA, nested
                    08 00 01 00 ;     IFLA_VRF_TABLE
                    e9 03 00 00
                    """))
    }

    @Test func `a dummy loses NOARP in the message that makes it`() throws {
        #expect(
            encoded(.createPlaceholder(try name("circuitd0")))
                == bytes(
                    """
                    48 00 00 00 10 00 05 06 44 33 22 11 00 00 00 00 ; RTM_NEWLINK
                    00 00 00 00 00 00 00 00
                    00 00 00 00 ; flags: none
                    80 00 00 00 ; changed flags: IFF_NOARP
                    0e 00 03 00 ; IFLA_IFNAME
                    63 69 72 63 75 69 74 64 30 00 00 00
                    08 00 1b 00 ; IFLA_GROUP
                    63 72 69 43
                    10 00 12 80 ; IFLA_LINKINFO, nested
                    0a 00 01 00 ;   IFLA_INFO_KIND
                    64 75 6d 6d 79 00 00 00
                    """))
    }

    @Test func `a group's weights are one less on the wire, its list is not nested`() {
        let members = [
            NextHop.Member(NextHopID(2), weight: 1), NextHop.Member(NextHopID(3), weight: 256),
        ]
        #expect(
            encoded(.putNextHop(NextHop(NextHopID(0x4300_0001), .group(members)), replacing: true))
                == bytes(
                    """
                    34 00 00 00
                    68 00 05 05 ; RTM_NEWNEXTHOP, REQUEST ACK REPLACE CREATE
                    44 33 22 11 00 00 00 00
                    00 00 43 00 ; family none, scope, protocol 67
                    00 00 00 00 ; flags
                    08 00 01 00 ; NHA_ID
                    01 00 00 43
                    14 00 02 00 ; NHA_GROUP
                    02 00 00 00 00 00 00 00 ; weight 1
                    03 00 00 00 ff 00 00 00 ; weight 256
                    """))
    }

    @Test func `a route names table, metric, prefix and object`() throws {
        let key = RouteKey(
            table: TableID(1001), prefix: try #require(Prefix("fd00:20::/32")), metric: 20)
        #expect(
            encoded(.putRoute(Route(key, .nextHop(NextHopID(0x4300_0001))), replacing: false))
                == bytes(
                    """
                    48 00 00 00
                    18 00 05 06 ; RTM_NEWROUTE, REQUEST ACK EXCL CREATE
                    44 33 22 11 00 00 00 00
                    0a 20 00 00 ; AF_INET6, /32
                    00 43 00 01 ; table elsewhere, protocol 67, universe, unicast
                    00 00 00 00
                    08 00 0f 00 ; RTA_TABLE
                    e9 03 00 00
                    08 00 06 00 ; RTA_PRIORITY
                    14 00 00 00
                    14 00 01 00 ; RTA_DST
                    fd 00 00 20 00 00 00 00 00 00 00 00 00 00 00 00
                    08 00 1e 00 ; RTA_NH_ID
                    01 00 00 43
                    """))
    }

    @Test func `a managed neighbour carries the extended flag`() throws {
        let neighbour = Neighbour(
            link: InterfaceIndex(7), address: try address("10.0.1.2"), purpose: .managed)
        #expect(
            encoded(.putNeighbour(neighbour))
                == bytes(
                    """
                    2c 00 00 00
                    1c 00 05 05 ; RTM_NEWNEIGH, REQUEST ACK REPLACE CREATE
                    44 33 22 11 00 00 00 00
                    02 00 00 00 ; AF_INET
                    07 00 00 00 ; device
                    00 00 10 00 ; NUD_NONE, NTF_EXT_LEARNED
                    08 00 01 00 ; NDA_DST
                    0a 00 01 02
                    08 00 0f 00 ; NDA_FLAGS_EXT
                    01 00 00 00 ; NTF_EXT_MANAGED
                    """))
    }

    @Test(arguments: [0, 4, 15, 16, 31, 32, 40, 63, 70, 100, 103])
    func `a request that does not fit leaves nothing behind`(_ size: Int) throws {
        let id = try #require(VLANID(rawValue: 100))
        let step = Step.createVLAN(
            try name("a.100"), parent: InterfaceIndex(7), VLANTag(.dot1ad, id), mtu: 1400)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0xEE)
        var requests = NetlinkRequests(
            in: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]), first: 1)
        let fits = requests.write(step, marks: KernelMarks())
        #expect(!fits)
        #expect(requests.count == 0)
        #expect(requests.bytes.isEmpty)
        #expect(buffer[size...].allSatisfy { $0 == 0xEE })
    }

    @Test func `only the last message of a buffer asks for an answer`() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        var requests = NetlinkRequests(in: buffer, first: 1)
        for number in 1...3 {
            let fits = requests.write(.deleteNextHop(NextHopID(UInt32(number))), marks: .init())
            #expect(fits)
        }
        let written = Array(requests.bytes)
        let length = written.count / 3
        #expect([0, 1, 2].map { written[$0 * length + 6] & 4 } == [0, 0, 4])
        #expect([0, 1, 2].map { written[$0 * length + 8] } == [1, 2, 3])
    }
}
