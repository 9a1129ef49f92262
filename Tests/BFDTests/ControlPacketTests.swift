import BFD
import Testing

struct ControlPacketTests {
    /// Up with P and D, detection 3, discriminators 1 and 2, 300 ms, 50 ms, no echo.
    static let golden: [UInt8] = [
        0x23, 0xE2, 3, 24,
        0, 0, 0, 1,
        0, 0, 0, 2,
        0, 4, 0x93, 0xE0,
        0, 0, 0xC3, 0x50,
        0, 0, 0, 0,
    ]

    static func read(_ bytes: [UInt8]) -> ControlPacket? { ControlPacket(bytes.span.bytes) }

    @Test func `a packet is read field by field`() throws {
        let packet = try #require(Self.read(Self.golden))
        #expect(packet.diagnostic == .neighborSignaledDown)
        #expect(packet.state == .up)
        #expect(packet.isPoll && packet.isDemand)
        #expect(!packet.isFinal && !packet.isControlPlaneIndependent)
        #expect(packet.detectMultiplier == 3)
        #expect(packet.myDiscriminator == 1 && packet.yourDiscriminator == 2)
        #expect(packet.desiredMinTx == 300_000 && packet.requiredMinRx == 50000)
        #expect(packet.bytes == Self.golden)
    }

    static let refusals: [(name: String, offset: Int, value: [UInt8])] = [
        ("version 0", 0, [0x03]), ("version 2", 0, [0x43]), ("authenticated", 1, [0xE6]),
        ("multipoint", 1, [0xE3]), ("multiplier 0", 2, [0]), ("length 23", 3, [23]),
        ("length 25 of 24", 3, [25]), ("no discriminator", 4, [0, 0, 0, 0]),
        ("Up without ours", 8, [0, 0, 0, 0]),
    ]

    @Test(arguments: refusals.indices)
    func `what no session can use is dropped`(_ index: Int) {
        let (_, offset, value) = Self.refusals[index]
        var bytes = Self.golden
        bytes.replaceSubrange(offset..<offset + value.count, with: value)
        #expect(Self.read(bytes) == nil)
    }

    @Test func `bytes behind the packet are ignored`() {
        #expect(Self.read(Self.golden + [1, 2, 3]) != nil)
    }

    @Test(arguments: 0..<24)
    func `a truncated packet is dropped`(_ count: Int) {
        #expect(Self.read(Array(Self.golden[..<count])) == nil)
    }

    @Test(arguments: 0..<24)
    func `whatever is read is written back`(_ position: Int) {
        var bytes = Self.golden
        for value in UInt8.min ... .max {
            bytes[position] = value
            guard let packet = Self.read(bytes) else { continue }
            #expect(packet.bytes == bytes)
        }
    }
}
