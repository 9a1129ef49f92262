import Net
import Testing

@testable import BGP

/// Each capability against the layout of its RFC, and what two OPENs make of it.
struct CapabilityTests {
    struct Layout: Sendable, CustomTestStringConvertible {
        var bytes: String
        var capability: Capability
        var testDescription: String { bytes }
    }

    static func layout(_ bytes: String, _ capability: Capability) -> Layout {
        Layout(bytes: bytes, capability: capability)
    }

    static let layouts: [Layout] = [
        // RFC 4760 §8: AFI, reserved, SAFI.
        layout("01 04 0002 00 01", .multiprotocol(AddressFamily(.ipv6))),
        layout("02 00", .routeRefresh),  // RFC 2918 §2
        // RFC 8950 §4: AFI, SAFI in two octets, AFI of the next hop.
        layout("05 06 0001 0001 0002", .extendedNextHop([.ipv4])),
        layout(
            "05 0c 0001 0001 0002 0001 0080 0002",
            .extendedNextHop([
                .ipv4, ExtendedNextHopEntry(afi: 1, safi: 128, nextHopAFI: 2),
            ])),
        layout("06 00", .extendedMessage),  // RFC 8654 §3
        layout("09 01 00", .role(PeeringRole.provider.rawValue)),  // RFC 9234 §4.1
        layout("09 01 01", .role(PeeringRole.routeServer.rawValue)),
        layout("09 01 02", .role(PeeringRole.routeServerClient.rawValue)),
        layout("09 01 03", .role(PeeringRole.customer.rawValue)),
        layout("09 01 04", .role(PeeringRole.peer.rawValue)),
        // RFC 4724 §3, RFC 8538 §2: R and N in front of 12 bits of seconds.
        layout(
            "40 06 cfff 0002 01 80",
            .gracefulRestart(
                GracefulRestartCapability(
                    isRestarting: true, coversNotifications: true, restartTime: 4095,
                    families: [.init(AddressFamily(.ipv6), isPreserved: true)]))),
        layout("41 04 00011170", .fourOctetASN(ASN(70000))),  // RFC 6793 §3
        // RFC 7911 §4: AFI, SAFI, 1 receive, 2 send, 3 both.
        layout(
            "45 08 0001 01 01 0002 01 02",
            .addPath([
                AddPathEntry(AddressFamily(.ipv4), .receive),
                AddPathEntry(AddressFamily(.ipv6), .send),
            ])),
        layout("45 04 0001 01 03", .addPath([.init(AddressFamily(.ipv4), [.receive, .send])])),
        layout("46 00", .enhancedRouteRefresh),  // RFC 7313 §3.1
        // RFC 9494 §3.1: AFI, SAFI, flags, 24 bits of seconds.
        layout(
            "47 0e 0001 01 80 015180 0002 01 00 ffffff",
            .longLived([
                LongLivedEntry(AddressFamily(.ipv4), isPreserved: true, staleTime: 86400),
                LongLivedEntry(AddressFamily(.ipv6), isPreserved: false, staleTime: 0xFF_FFFF),
            ])),
        layout("47 00", .longLived([])),
        // draft-walton-bgp-hostname-capability: two names, each behind its length.
        layout("49 05 02 6862 01 78", .hostname([0x68, 0x62], domain: [0x78])),
        layout("49 02 00 00", .hostname([], domain: [])),
        // draft-abraitis-bgp-version-capability: one text behind its length.
        layout("4b 04 03 312e30", .softwareVersion([0x31, 0x2E, 0x30])),
        layout("c8 03 010203", .other(code: 200, value: [1, 2, 3])),
    ]

    @Test(arguments: layouts)
    func `each capability has the layout of its RFC`(_ example: Layout) {
        let bytes = hex(example.bytes)
        var written: [UInt8] = []
        example.capability.encode(into: &written)
        #expect(written == bytes)
        let value = Array(bytes.dropFirst(2))
        #expect(Capability(code: bytes[0], value: value.span.bytes) == example.capability)
        #expect(example.capability.code == bytes[0])
    }

    @Test(arguments: [
        "05", "05 000100010002 00", "05 0001000100",  // RFC 8950: not a multiple of 6
        "09", "09 0001",  // RFC 9234 §4.1: one octet
        "45", "45 000101", "45 00010103 00",  // RFC 7911 §4: not a multiple of 4
        "45 00010100", "45 00010104", "45 000101ff",  // neither 1, 2 nor 3
        "45 00010103 00020104",  // one of them
        "47 000101", "47 000101 80 000e10 00",  // RFC 9494 §3.1: not a multiple of 7
        "49", "49 ff616263", "49 0161", "49 0161 0262", "49 0161 0162 00",  // lengths that disagree
        "4b", "4b ff616263", "4b 0161 62",
    ])
    func `a capability that is malformed inside is kept as bytes and counts as not said`(
        _ text: String
    ) throws {
        let bytes = hex(text)
        let value = Array(bytes.dropFirst())
        let capability = Capability(code: bytes[0], value: value.span.bytes)
        #expect(capability == .other(code: bytes[0], value: value))
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities.removeAll { $0.code == bytes[0] }
            capabilities.append(capability)
        }.get()
        let isThere: [UInt8: Bool] = [
            5: agreed.hasExtendedNextHop, 9: agreed.peerRole != nil,
            69: !agreed.addPathIn.isEmpty || !agreed.addPathOut.isEmpty,
            71: !agreed.longLived.isEmpty, 73: agreed.peerIdentity?.hostname != "",
            75: agreed.peerIdentity?.version != "",
        ]
        #expect(isThere[bytes[0]] == false)
        #expect(agreed.peerCapabilities.contains(bytes[0]))
    }

    // What both sides make of them

    static let everything: PeerSettings = {
        var settings = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9),
            families: [.ipv4, .ipv6],
            gracefulRestart: GracefulRestartOffer(
                restartTime: 120, preserved: [.ipv4, .ipv6]))
        settings.role = .customer
        settings.addPath = [.receive, .send]
        settings.offersExtendedNextHop = true
        settings.longLivedTime = 3600
        settings.identity = SpeakerIdentity(hostname: "ed1", domain: "bar.test!", version: "x 1.0")
        return settings
    }()

    /// The same from the other side.
    static let mirrored: PeerSettings = {
        var settings = everything
        settings.localASN = ASN(65001)
        settings.peerASN = ASN(65000)
        settings.localID = IPv4Address(192, 0, 2, 1)
        settings.role = .provider
        return settings
    }()

    static func agree(
        _ settings: PeerSettings, _ change: (inout [Capability]) -> Void = { _ in }
    ) -> Result<Negotiated, OpenFault> {
        var open = mirrored.open(restart: mirrored.gracefulRestart, withCapabilities: true)
        if settings.isInternal {
            open.shortASN = UInt16(truncatingIfNeeded: settings.peerASN.rawValue)
            open.capabilities.removeAll { $0.code == 65 }
            open.capabilities.append(.fourOctetASN(settings.peerASN))
        }
        change(&open.capabilities)
        return Negotiated.agree(open, settings)
    }

    @Test func `our OPEN with everything on is what an engineer would write by hand`() throws {
        let open = Self.mirrored.open(
            restart: Self.mirrored.gracefulRestart, withCapabilities: true)
        var bytes: [UInt8] = []
        open.encode(into: &bytes)
        #expect(bytes == Golden.fullOpen)
        #expect(try OpenTests.open(bytes) == open)
    }

    @Test func `our OPEN with everything on and long names survives in long parameters`() throws {
        var settings = Self.mirrored
        settings.identity = SpeakerIdentity(
            hostname: String(repeating: "h", count: 300),
            domain: String(repeating: "é", count: 40), version: String(repeating: "v", count: 80))
        let open = settings.open(restart: settings.gracefulRestart, withCapabilities: true)
        var bytes: [UInt8] = []
        open.encode(into: &bytes)
        #expect(bytes[28] == 255 && bytes[29] == 255)
        #expect(try OpenTests.open(bytes) == open)
        #expect(
            open.capabilities.contains(
                .hostname(
                    Array(repeating: 0x68, count: 64),
                    domain: Array(String(repeating: "é", count: 32).utf8))))
    }

    @Test func `two speakers with everything on agree on everything`() throws {
        let agreed = try Self.agree(Self.everything).get()
        #expect(agreed.families == [.ipv4, .ipv6])
        #expect(agreed.hasFourOctetASN && agreed.hasRouteRefresh && agreed.hasEnhancedRefresh)
        #expect(agreed.maximumLength == 65535)
        #expect(agreed.addPathIn == [.ipv4, .ipv6] && agreed.addPathOut == [.ipv4, .ipv6])
        #expect(agreed.hasExtendedNextHop)
        #expect(agreed.peerRole == .provider)
        #expect(agreed.longLived == [.ipv4: 3600, .ipv6: 3600])
        #expect(agreed.longLivedPreserved == [.ipv4, .ipv6])
        #expect(agreed.peerIdentity == Self.everything.identity)
        #expect(agreed.gracefulRestart?.preserved == [.ipv4, .ipv6])
        #expect(
            agreed.peerCapabilities == [1, 2, 5, 6, 9, 64, 65, 69, 70, 71, 73, 75])
    }

    @Test func `a plain speaker offers enhanced refresh and nothing of the rest`() {
        let plain = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9))
        let codes = plain.open(restart: nil, withCapabilities: true).capabilities.map(\.code)
        #expect(codes == [1, 2, 6, 65, 70])
    }

    @Test func `what only the peer says is not agreed on`() throws {
        let plain = PeerSettings(
            localASN: ASN(65000), peerASN: ASN(65001), localID: IPv4Address(192, 0, 2, 9),
            families: [.ipv4, .ipv6])
        let agreed = try Self.agree(plain).get()
        #expect(agreed.addPathIn.isEmpty && agreed.addPathOut.isEmpty)
        #expect(!agreed.hasExtendedNextHop && agreed.longLived.isEmpty)
        #expect(agreed.gracefulRestart == nil)
        #expect(agreed.peerRole == .provider)
        #expect(agreed.peerIdentity?.hostname == "ed1")
    }

    @Test(
        arguments: [
            ([.receive], [.send], true, false), ([.send], [.receive], false, true),
            ([.receive], [.receive], false, false), ([.send], [.send], false, false),
            ([.receive, .send], [.send], true, false),
        ] as [(AddPath, AddPath, Bool, Bool)])
    func `RFC 7911 §4: a direction needs one who sends and one who takes`(
        _ ours: AddPath, _ theirs: AddPath, _ isIn: Bool, _ isOut: Bool
    ) throws {
        var settings = Self.everything
        settings.addPath = ours
        let agreed = try Self.agree(settings) { capabilities in
            capabilities.append(.addPath([AddPathEntry(AddressFamily(.ipv6), theirs)]))
        }.get()
        // The last instance counts, and it names IPv6 alone.
        #expect(agreed.addPathIn == (isIn ? [.ipv6] : []))
        #expect(agreed.addPathOut == (isOut ? [.ipv6] : []))
        let rules = agreed.rules(settings)
        #expect(!rules.hasPathIDs4 && rules.hasPathIDs6 == isIn)
    }

    @Test func `RFC 7911 §4: a family that is not negotiated carries no path identifiers`() throws {
        var settings = Self.everything
        settings.families = [.ipv4]
        let agreed = try Self.agree(settings).get()
        #expect(agreed.addPathIn == [.ipv4] && agreed.addPathOut == [.ipv4])
        #expect(agreed.longLived == [.ipv4: 3600] && agreed.longLivedPreserved == [.ipv4])
    }

    @Test func `RFC 9494 §3: each family has its own F bit, and the last one counts`() throws {
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities.removeAll { $0.code == 71 }
            capabilities.append(
                .longLived(
                    [(Family.ipv4, true), (.ipv6, true), (.ipv4, false)].map {
                        LongLivedEntry(AddressFamily($0), isPreserved: $1, staleTime: 3600)
                    }))
        }.get()
        #expect(agreed.longLived == [.ipv4: 3600, .ipv6: 3600])
        #expect(agreed.longLivedPreserved == [.ipv6])
    }

    @Test func `RFC 8950 §4: only IPv4 unicast over IPv6 matters`() throws {
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities.removeAll { $0.code == 5 }
            capabilities.append(
                .extendedNextHop([
                    ExtendedNextHopEntry(afi: 1, safi: 128, nextHopAFI: 2),
                    ExtendedNextHopEntry(afi: 1, safi: 257, nextHopAFI: 2),
                    ExtendedNextHopEntry(afi: 1, safi: 1, nextHopAFI: 1),
                ]))
        }.get()
        #expect(!agreed.hasExtendedNextHop)
        var settings = Self.everything
        settings.families = [.ipv6]
        #expect(try !Self.agree(settings).get().hasExtendedNextHop)
    }

    @Test func `RFC 9494 §4.2: long-lived restart without graceful restart means nothing`() throws {
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities.removeAll { $0.code == 64 }
        }.get()
        #expect(agreed.longLived.isEmpty)
        var settings = Self.everything
        settings.gracefulRestart = nil
        #expect(try Self.agree(settings).get().longLived.isEmpty)
        let codes = settings.open(restart: nil, withCapabilities: true).capabilities.map(\.code)
        #expect(!codes.contains(71))
    }

    @Test(arguments: PeeringRole.allCases, PeeringRole.allCases)
    func `RFC 9234 §4.2: roles must be counterparts`(_ ours: PeeringRole, _ theirs: PeeringRole) {
        var settings = Self.everything
        settings.role = ours
        let result = Self.agree(settings) { capabilities in
            capabilities.removeAll { $0.code == 9 }
            capabilities.append(.role(theirs.rawValue))
        }
        let pairs: [PeeringRole: PeeringRole] = [
            .provider: .customer, .customer: .provider, .routeServer: .routeServerClient,
            .routeServerClient: .routeServer, .peer: .peer,
        ]
        if pairs[ours] == theirs {
            #expect((try? result.get().peerRole) == theirs)
        } else {
            #expect(result == .failure(OpenFault(Notification(2, 11))))
        }
    }

    @Test(
        arguments: [
            ([], false, true), ([], true, false), ([5], false, false), ([255], true, false),
            ([0, 0], true, true), ([0, 3], false, false), ([3, 0], false, false),
        ] as [([UInt8], Bool, Bool)])
    func `RFC 9234 §4.2: none is refused in strict mode, two or an unknown one always`(
        _ roles: [UInt8], _ isStrict: Bool, _ isFine: Bool
    ) {
        var settings = Self.everything
        settings.isRoleStrict = isStrict
        let result = Self.agree(settings) { capabilities in
            capabilities.removeAll { $0.code == 9 }
            capabilities += roles.map { .role($0) }
        }
        if isFine {
            #expect((try? result.get()) != nil)
        } else {
            #expect(result == .failure(OpenFault(Notification(2, 11))))
        }
    }

    @Test func `RFC 9234 §4.2: two roles are refused by those who say none as well`() {
        var settings = Self.everything
        settings.role = nil
        let result = Self.agree(settings) { $0 += [.role(3), .role(4)] }
        #expect(result == .failure(OpenFault(Notification(2, 11))))
    }

    @Test func `RFC 9234 §4.1: inside an AS there are no roles`() throws {
        var settings = Self.everything
        settings.peerASN = settings.localASN
        settings.isRoleStrict = true
        let codes = settings.open(restart: nil, withCapabilities: true).capabilities.map(\.code)
        #expect(!codes.contains(9))
        let agreed = try Self.agree(settings) { $0 += [.role(3), .role(4)] }.get()
        #expect(agreed.peerRole == nil && agreed.isInternal)
    }

    @Test func `what the peer calls itself is shown without control characters`() throws {
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities.append(.hostname([0x61, 0x1B, 0xFF], domain: [0x0A]))
            capabilities.append(.softwareVersion([0xE2, 0x80, 0xAE, 0x78]))
        }.get()
        #expect(
            agreed.peerIdentity
                == SpeakerIdentity(hostname: "a?\u{FFFD}", domain: "?", version: "?x"))
    }

    @Test func `capabilities of the peer count for nothing where ours were left out`() throws {
        let open = Self.mirrored.open(
            restart: Self.mirrored.gracefulRestart, withCapabilities: true)
        var settings = Self.everything
        settings.role = nil
        let agreed = try Negotiated.agree(open, settings, saidCapabilities: false).get()
        #expect(agreed.families == [.ipv4] && agreed.maximumLength == 4096)
        #expect(!agreed.hasFourOctetASN && !agreed.hasEnhancedRefresh)
        #expect(agreed.addPathIn.isEmpty && agreed.gracefulRestart == nil)
    }

    @Test func `capabilities named a thousand times are remembered once`() throws {
        let agreed = try Self.agree(Self.everything) { capabilities in
            capabilities += (0..<1000).map { _ in .other(code: 0, value: []) }
        }.get()
        #expect(agreed.peerCapabilities.filter { $0 == 0 }.count == 1)
    }
}
