// The host's settings that decide whether packets flow: read, never written. Each sentence names
// the setting, what goes wrong with it, and the value that it should have.
import CBSD
import CLinux
import Glibc
import Net

extension HostSettings {
    /// The settings of the calling thread's network namespace.
    static func read(links: [ObservedLink], rules: [Family: [RoutingRule]]) -> HostSettings {
        check(links: links, rules: rules) { readSetting($0) }
    }

    /// Checks the settings that `value` tells by their dotted name, nil for one that is not there.
    static func check(
        links: [ObservedLink], rules: [Family: [RoutingRule]], value: (String) -> Int?
    ) -> HostSettings {
        let compatibility = value("net.ipv4.nexthop_compat_mode")
        var faults: [String] = []
        func expect(_ name: String, _ good: [Int], _ harm: String) {
            guard let value = value(name) else {
                // A kernel without IPv6 has none of its settings, and nothing to set.
                if !name.hasPrefix("net.ipv6.") { faults.append("\(name) cannot be read") }
                return
            }
            if !good.contains(value) {
                faults.append("\(name) is \(value): \(harm); set it to \(good[0])")
            }
        }
        expect("net.ipv4.ip_forward", [1], "IPv4 packets are not forwarded")
        expect("net.ipv6.conf.all.forwarding", [1, 2], "IPv6 packets are not forwarded")
        // The stricter of all and the device's own counts by number: 2 (loose) outdoes 1.
        let strictness = ["all", "default"].map {
            value("net.ipv4.conf.\($0).rp_filter") ?? 0
        }
        if strictness.max() == 1 {
            let name = "net.ipv4.conf.\(strictness[0] == 1 ? "all" : "default").rp_filter"
            faults.append(
                "\(name) is 1 (strict): packets that come back over another link are dropped; "
                    + "set net.ipv4.conf.all.rp_filter to 2, or both all and default to 0")
        }
        // 3 is a choice of fields that the operator made.
        let hash = "flows between two addresses share one path of several"
        expect("net.ipv4.fib_multipath_hash_policy", [1, 3], hash)
        expect("net.ipv6.fib_multipath_hash_policy", [1, 3], hash)
        expect(
            "net.ipv4.nexthop_compat_mode", [0],
            "moving a forwarding set rewrites and announces each of its routes")
        faults += neighbourFaults(links: links, value: value)
        faults += ruleFaults(links: links, rules: rules)
        return HostSettings(faults: faults, hasSilentReplace: compatibility == 0)
    }

    /// The neighbour tables' limit is the whole host's: it can be read in the first namespace only.
    private static func neighbourFaults(
        links: [ObservedLink], value: (String) -> Int?
    ) -> [String] {
        // A peer, its link-local address and two more on each device.
        let needed = 4 * links.count
        return ["net.ipv4", "net.ipv6"].compactMap { family in
            let name = "\(family).neigh.default.gc_thresh3"
            guard let limit = value(name), limit < needed else { return nil }
            return "\(name) is \(limit): too few neighbours for \(links.count) devices; "
                + "set it to \(needed) or more"
        }
    }

    private static func ruleFaults(
        links: [ObservedLink], rules: [Family: [RoutingRule]]
    ) -> [String] {
        let hasVRF = links.contains {
            if case .vrf = $0.kind { true } else { false }
        }
        guard hasVRF else { return [] }
        var faults: [String] = []
        for family in Family.allCases {
            guard let list = rules[family], !list.isEmpty else { continue }
            let option = family == .ipv4 ? "-4" : "-6"
            guard let device = list.filter(\.isL3MasterDevice).map(\.priority).min() else {
                faults.append(
                    "\(family) has no rule for VRFs: packets of a VRF use the main table; "
                        + "run: ip \(option) rule add l3mdev pref 1000")
                continue
            }
            let localTable = TableID(255)
            let local = list.filter { $0.table == localTable && !$0.isL3MasterDevice }
                .map(\.priority).min()
            if let local, local < device {
                faults.append(
                    "the \(family) rule of table local (\(local)) stands before that of VRFs "
                        + "(\(device)): a host in a VRF reaches this edge's addresses outside it; "
                        + "run: ip \(option) rule add pref 32765 table local && "
                        + "ip \(option) rule del pref \(local)")
            }
        }
        return faults
    }
}

/// A number under /proc/sys by its dotted name.
private func readSetting(_ name: String) -> Int? {
    let path = "/proc/sys/" + name.split(separator: ".").joined(separator: "/")
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    let text = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { buffer in
        let length = Glibc.read(fd, buffer.baseAddress, buffer.count)
        return String(decoding: buffer.prefix(max(0, length)), as: UTF8.self)
    }
    return Int(text.prefix { $0.isNumber || $0 == "-" })
}
