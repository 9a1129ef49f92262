// A device's name as 16 plain bytes, so that links and steps carry no reference.

/// A device name: 1 to 15 bytes, none of them a space, a slash or a colon.
public struct InterfaceName: Hashable, Comparable, Sendable, LosslessStringConvertible {
    private var high: UInt64
    private var low: UInt64

    /// Refuses what the kernel would refuse.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...15).contains(bytes.count), text != ".", text != ".." else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (position, byte) in bytes.enumerated() {
            guard byte > 0x20, byte != 0x2F, byte != 0x3A, byte != 0x7F else { return nil }
            if position < 8 {
                high |= UInt64(byte) << UInt64(56 - 8 * position)
            } else {
                low |= UInt64(byte) << UInt64(56 - 8 * (position - 8))
            }
        }
        self.high = high
        self.low = low
    }

    /// The bytes, without padding.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(shift))
                if byte != 0 { result.append(byte) }
            }
        }
        return result
    }

    /// The name.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Byte order.
    public static func < (a: InterfaceName, b: InterfaceName) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}
