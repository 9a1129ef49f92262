// The sentences about the host's settings: one for each that is wrong, none when all is well.
import Net
import Testing

@testable import Host

@Suite struct `Netlink host settings` {
    private let good: [String: Int] = [
        "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1,
        "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 0,
        "net.ipv4.fib_multipath_hash_policy": 1, "net.ipv6.fib_multipath_hash_policy": 1,
        "net.ipv4.nexthop_compat_mode": 0, "net.ipv4.neigh.default.gc_thresh3": 1024,
        "net.ipv6.neigh.default.gc_thresh3": 1024,
    ]
    private let vrfFirst: [Family: [RoutingRule]] = [
        .ipv4: [
            RoutingRule(priority: 1000, table: TableID(0), isL3MasterDevice: true),
            RoutingRule(priority: 32765, table: TableID(255), isL3MasterDevice: false),
        ]
    ]

    private func links(_ count: Int, vrf: Bool = false) throws -> [ObservedLink] {
        try (1...count).map {
            ObservedLink(
                index: InterfaceIndex(Int32($0)), name: try name("x\($0)"),
                kind: vrf ? .vrf(TableID(1001)) : .other("veth"))
        }
    }

    @Test func `a host that is set up well has no faults`() throws {
        let settings = HostSettings.check(links: try links(3, vrf: true), rules: vrfFirst) {
            good[$0]
        }
        #expect(settings.faults == [])
        #expect(settings.hasSilentReplace)
    }

    @Test(arguments: [
        ("net.ipv4.ip_forward", 0), ("net.ipv6.conf.all.forwarding", 0),
        ("net.ipv4.conf.all.rp_filter", 1), ("net.ipv4.conf.default.rp_filter", 1),
        ("net.ipv4.fib_multipath_hash_policy", 0), ("net.ipv6.fib_multipath_hash_policy", 2),
        ("net.ipv4.nexthop_compat_mode", 1),
    ])
    func `a wrong setting has one sentence with its name`(_ name: String, _ value: Int) throws {
        var values = good
        values[name] = value
        let settings = HostSettings.check(links: try links(3), rules: [:]) { values[$0] }
        #expect(settings.faults.count == 1)
        #expect(settings.faults.first?.hasPrefix("\(name) is \(value)") == true)
        #expect(settings.faults.first?.contains("set ") == true)
        #expect(settings.hasSilentReplace == (name != "net.ipv4.nexthop_compat_mode"))
    }

    @Test func `a loose default outdoes a strict filter for all`() throws {
        var values = good
        values["net.ipv4.conf.all.rp_filter"] = 1
        values["net.ipv4.conf.default.rp_filter"] = 2
        #expect(HostSettings.check(links: try links(3), rules: [:]) { values[$0] }.faults == [])
    }

    @Test func `a kernel without IPv6 has nothing to set there`() throws {
        let settings = HostSettings.check(links: try links(3), rules: [:]) {
            $0.hasPrefix("net.ipv6.") ? nil : good[$0]
        }
        #expect(settings.faults == [])
    }

    @Test func `too small a neighbour table is a fault in proportion to the devices`() throws {
        let settings = HostSettings.check(links: try links(300), rules: [:]) { good[$0] }
        #expect(settings.faults.count == 2)
        #expect(settings.faults.first?.contains("set it to 1200 or more") == true)
    }

    @Test func `the local rule before that of VRFs is a fault once there is a VRF`() throws {
        let kernelDefault: [Family: [RoutingRule]] = [
            .ipv4: [
                RoutingRule(priority: 0, table: TableID(255), isL3MasterDevice: false),
                RoutingRule(priority: 1000, table: TableID(0), isL3MasterDevice: true),
            ]
        ]
        func faults(vrf: Bool) throws -> [String] {
            HostSettings.check(links: try links(1, vrf: vrf), rules: kernelDefault) { good[$0] }
                .faults
        }
        #expect(try faults(vrf: false) == [])
        #expect(try faults(vrf: true).count == 1)
        #expect(try faults(vrf: true).first?.contains("ip -4 rule del pref 0") == true)
    }

    @Test func `no rule for VRFs is a fault once there is a VRF`() throws {
        let rules: [Family: [RoutingRule]] = [
            .ipv6: [RoutingRule(priority: 0, table: TableID(255), isL3MasterDevice: false)]
        ]
        let faults = HostSettings.check(links: try links(1, vrf: true), rules: rules) { good[$0] }
            .faults
        #expect(faults.count == 1)
        #expect(faults.first?.contains("ip -6 rule add l3mdev") == true)
    }

    @Test func `the settings are those of the namespace`() throws {
        try inNamespace { bench in
            try execute(
                """
                sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
                net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
                net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1 \
                net.ipv4.nexthop_compat_mode=0
                """)
            #expect(try bench.kernel.dump().settings == HostSettings())
            try execute("sysctl -qw net.ipv4.ip_forward=0 net.ipv4.nexthop_compat_mode=1")
            let settings = try bench.kernel.dump().settings
            #expect(settings.faults.count == 2)
            #expect(!settings.hasSilentReplace)
        }
    }
}
