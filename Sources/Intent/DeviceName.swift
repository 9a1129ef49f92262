// Names of the devices that we make: at most 15 bytes, without dots (which break sysctl paths),
// the same on every run. What does not fit keeps a readable stem and gets a hash.

public import Net

/// Derives device names from the files' names.
public enum DeviceName {
    /// The device of a tagged link: `PORT-VID` or `PORT-OUTER-INNER`; nil when untagged, where the
    /// port itself is the device.
    public static func vlan(port: String, _ encapsulation: Encapsulation) -> InterfaceName? {
        switch encapsulation {
        case .untagged: nil
        case .vlan(let id): name("\(port)-\(id)")
        case .qinq(let outer, let inner): name("\(port)-\(outer)-\(inner)")
        }
    }

    /// The shared device of an outer tag: `PORT-sVID`, apart from a plain VLAN of that number.
    public static func outer(port: String, vlan: VLANID) -> InterfaceName {
        name("\(port)-s\(vlan)")
    }

    /// The device of a tenant's VRF: `vrf-TENANT`.
    public static func vrf(tenant: String) -> InterfaceName {
        name("vrf-\(tenant)")
    }

    private static func name(_ wanted: String) -> InterfaceName {
        let clean = String(
            decoding: wanted.utf8.map { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: byte
                default: 0x5F
                }
            }, as: UTF8.self)
        if clean == wanted, let name = InterfaceName(wanted) { return name }
        // FNV-1a over the wanted name; five digits of base 36 leave nine bytes of stem.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in wanted.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash % 60_466_176, radix: 36)
        let tail = String(repeating: "0", count: 5 - digits.count) + digits
        guard let name = InterfaceName("\(clean.prefix(9))_\(tail)") else {
            preconditionFailure("a derived device name is always 15 plain bytes")
        }
        return name
    }
}
