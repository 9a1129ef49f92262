// Conflicts between files, and the directory as a whole.

import Intent
import Net
import Testing

@Suite struct CheckingTests {
    /// An edge with two ports, a tenant in a VRF, and the circuits given by name.
    private func directory(_ circuits: [String: String], _ more: [String: String] = [:])
        -> [String: String]
    {
        var files = [
            "circuitd.yaml": """
            edge: ord1
            router-id: 203.0.113.7
            asn: 64600
            ports:
              a: { device: eth0, mtu: 1600 }
              b: { device: eth1, outer-tpid: 802.1ad }
            """,
            "tenants/t.yaml": "tenant: t\nvrf: { table: 10 }\n",
        ]
        for (name, link) in circuits {
            files["circuits/\(name).yaml"] = """
                circuit: \(name)
                tenant: t
                provider: dedicated
                bgp: { peer-asn: 65001 }
                links: { x: { \(link) } }
                """
        }
        return files.merging(more) { _, new in new }
    }

    private func check(_ files: [String: String]) -> [String] {
        Check.directory(files: files.mapValues { Array($0.utf8) }, keys: [:], hostName: "ord1")
            .map(\.description)
    }

    @Test func `the worked examples have nothing to fault together`() throws {
        let faults = Check.directory(
            files: try Example.directory(), keys: Example.keys, hostName: "elsewhere")
        #expect(faults == [])
    }

    @Test func `examples without their keys give warnings only`() throws {
        let faults = Check.directory(
            files: try Example.directory(),
            keys: ["keys/acme-azure": KeyFile(digest: 1, isTooOpen: true)], hostName: "ord1")
        #expect(
            faults.map(\.description) == [
                "circuits/acme-aws.yaml:6:80: warning: keys/acme-aws-a is missing; its sessions stay down",
                "circuits/acme-aws.yaml:7:80: warning: keys/acme-aws-b is missing; its sessions stay down",
                "circuits/acme-azure.yaml:15:22: warning: keys/acme-azure is readable by others, mode 0640 is the most; its sessions stay down",
            ])
    }

    /// Two links that cannot both be, and what the later one's file is told.
    @Test(arguments: [
        (
            "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 5, address: 10.0.1.1/30, peer: 10.0.1.2",
            "circuits/d.yaml:5:30: VLAN 5 of port a is c x's already"
        ),
        (
            "port: a, vlan: untagged, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: untagged, address: 10.0.1.1/30, peer: 10.0.1.2",
            "circuits/d.yaml:5:30: untagged port a is c x's already"
        ),
        (
            "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.1.1/30, peer: 10.0.1.2",
            "circuits/d.yaml:5:30: VLAN 5/6 of port a is c x's already"
        ),
        (
            "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 5, address: 10.0.1.1/30, peer: 10.0.1.2",
            "circuits/d.yaml:5:30: VLAN 5 of port a is c x's already"
        ),
        (
            "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.1.1/30, peer: 10.0.1.2",
            "circuits/d.yaml:5:30: VLAN 5 of port a is c x's already, and no outer tag"
        ),
        (
            "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 6, address: 10.0.0.5/29, peer: 10.0.0.6",
            "circuits/d.yaml:5:42: subnet 10.0.0.0/29 overlaps 10.0.0.0/30 of c x in table 10"
        ),
        (
            "port: a, vlan: 5, address6: 'fd00::1/64', peer6: 'fd00::2'",
            "port: b, vlan: 6, address6: 'fd00::5/126', peer6: 'fd00::6'",
            "circuits/d.yaml:5:43: subnet fd00::4/126 overlaps fd00::/64 of c x in table 10"
        ),
    ])
    func `of two links in conflict the later file is faulted`(
        _ first: String, _ second: String, _ fault: String
    ) {
        #expect(check(directory(["c": first, "d": second])) == [fault])
    }

    @Test(arguments: [
        (
            "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: b, vlan: 5, address: 10.0.0.5/30, peer: 10.0.0.6"
        ),
        (
            "port: a, vlan: untagged, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 5, address: 10.0.0.5/30, peer: 10.0.0.6"
        ),
        (
            "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: { outer: 5, inner: 7 }, address: 10.0.0.5/30, peer: 10.0.0.6"
        ),
        (
            "port: b, vlan: { outer: 5, inner: 6 }, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: b, vlan: 5, address: 10.0.0.5/30, peer: 10.0.0.6"
        ),
        (
            "port: a, vlan: 5, edge: ord2, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2"
        ),
        (
            "port: elsewhere, vlan: 5, edge: ord2, mtu: 9000, address: 10.0.0.1/30, peer: 10.0.0.2",
            "port: a, vlan: 5, mtu: 1600, address: 10.0.0.1/30, peer: 10.0.0.2"
        ),
    ])
    func `links that do not meet stand beside each other`(_ first: String, _ second: String) {
        #expect(check(directory(["c": first, "d": second])) == [])
    }

    @Test func `tenants may use the same addresses, but not in the main table`() {
        let link = "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2"
        func both(_ vrf: String, _ other: String) -> [String] {
            check(
                directory(
                    ["c": link],
                    [
                        "tenants/t.yaml": "tenant: t\nvrf: \(vrf)\n",
                        "tenants/u.yaml": "tenant: u\nvrf: \(other)\n",
                        "circuits/d.yaml": """
                        circuit: d
                        tenant: u
                        provider: dedicated
                        bgp: { peer-asn: 65001 }
                        links: { x: { port: b, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2 } }
                        """,
                    ]))
        }
        #expect(both("{ table: 10 }", "{ table: 11 }") == [])
        #expect(both("{ table: 10 }", "none") == [])
        #expect(
            both("none", "none") == [
                "circuits/d.yaml:5:42: subnet 10.0.0.0/30 overlaps 10.0.0.0/30 of c x in the main table"
            ])
    }

    /// A file more, or in another's place, and all that is then said.
    @Test(arguments: [
        (
            "tenants/u.yaml", "tenant: u\nvrf: { table: 10 }\n",
            "tenants/u.yaml:2:15: table 10 is tenant t's already"
        ),
        (
            "tenants/u.yaml", "tenant: t\nvrf: { table: 11 }\n",
            "tenants/u.yaml:1:9: the file is named \"u\", so its tenant must be, not \"t\""
        ),
        (
            "tenants/u.yaml", "tenant: u\nvrf: { table: 11 }\nexchange: [{ from: c, to: e }]\n",
            """
            tenants/u.yaml:3:20: circuit "c" is of tenant t, not this one
            tenants/u.yaml:3:27: warning: there is no circuit "e"
            """
        ),
        (
            "tenants/t.yaml", "tenant: t\nvrf: none\nnetwork: []\n",
            """
            circuits/c.yaml:2:9: tenant "t" has faults of its own, in tenants/t.yaml
            tenants/t.yaml:3:1: unknown key "network"; did you mean "networks"?
            """
        ),
        (
            "circuits/README", "x",
            "circuits/README: warning: not read, since its name does not end in .yaml"
        ),
        (
            "circuits/a b.yaml", "x",
            "circuits/a b.yaml: warning: not read, since its name has more than letters, digits, - and _"
        ),
        ("circuits/.c.yaml.swp", "x", ""),
        ("circuits/c.yaml~", "x", ""),
        ("keys/c", "x", ""),
        (
            "circuits/d.yaml",
            """
            circuit: e
            tenant: s
            provider: dedicated
            routing: static
            links: { x: { port: aa, vlan: 7, address: 10.1.0.1/30 } }
            """,
            """
            circuits/d.yaml:1:10: the file is named "d", so its circuit must be, not "e"
            circuits/d.yaml:2:9: there is no tenant "s"
            circuits/d.yaml:5:21: edge ord1 has no port "aa"; did you mean "a"?
            """
        ),
        (
            "circuits/d.yaml",
            """
            circuit: d
            tenant: t
            provider: dedicated
            routing: static
            links: { x: { port: a, vlan: 7, mtu: 1601, address: 10.1.0.1/30 } }
            """,
            "circuits/d.yaml:5:38: port a has an MTU of 1600, which 1601 does not fit"
        ),
        (
            "circuits/d.yaml",
            """
            circuit: d
            tenant: t
            provider: dedicated
            routing: static
            links:
              x: { port: a, vlan: 7, address: 10.1.0.1/30 }
              y: { port: a, vlan: 7, address: 10.1.0.5/30 }
            """,
            "circuits/d.yaml:7:23: VLAN 7 of port a is d x's already"
        ),
        ("circuitd.yaml", "router-id: 1.1.1.1\n", "circuitd.yaml:1:1: asn is missing"),
    ])
    func `what one file cannot know is told where it stands`(
        _ file: String, _ text: String, _ faults: String
    ) {
        let link = "port: a, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2"
        let lines = faults.split(separator: "\n").map(String.init)
        #expect(check(directory(["c": link], [file: text])) == lines)
    }

    @Test func `a directory without circuitd_yaml says so`() {
        #expect(check([:]) == ["circuitd.yaml: there is no such file; it names this edge"])
    }

    @Test func `a device's name that another thing would have is faulted`() {
        let ports = """
            edge: ord1
            router-id: 203.0.113.7
            asn: 64600
            ports: { a: { device: eth0 }, a-5: { device: eth1 }, z: { device: vrf-u } }
            """
        let circuits = [
            "c": "port: a, vlan: { outer: 5, inner: 6 }, address: 10.0.0.1/30, peer: 10.0.0.2",
            "d": "port: a-5, vlan: 6, address: 10.0.1.1/30, peer: 10.0.1.2",
        ]
        let tenant = "tenant: u\nvrf: { table: 11 }\n"
        #expect(
            check(directory(circuits, ["circuitd.yaml": ports, "tenants/u.yaml": tenant])) == [
                "circuits/d.yaml:5:32: the device of a-5 VLAN 6 would be named a-5-6, as is that "
                    + "of a VLAN 5/6 (c x)",
                "tenants/u.yaml:1:9: the device of the VRF of tenant u would be named vrf-u, as "
                    + "is that of port z (circuitd.yaml)",
            ])
    }

    @Test(arguments: [
        (["circuits/c.yaml"], "circuits/d.yaml"), (["circuits/d.yaml"], "circuits/c.yaml"),
    ])
    func `the file that is applied already wins`(_ precedence: [String], _ loser: String) {
        let faults = conflicts(["c", "d"], precedence)
        #expect(faults.keys.sorted() == [loser])
    }

    @Test func `a file that lost its place harms no third`() {
        // d loses to c on the VLAN; e meets d's subnet alone, and stands.
        #expect(conflicts(["c", "d", "e"], []).keys.sorted() == ["circuits/d.yaml"])
        // Once d is there first, both others lose.
        #expect(
            conflicts(["c", "d", "e"], ["circuits/d.yaml"]).keys.sorted() == [
                "circuits/c.yaml", "circuits/e.yaml",
            ])
    }

    private func conflicts(_ names: [String], _ precedence: [String]) -> [String: [Fault]] {
        let links = [
            "c": "port: campus, vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2",
            "d": "port: campus, vlan: 5, address: 10.0.1.1/30, peer: 10.0.1.2",
            "e": "port: campus, vlan: 6, address: 10.0.1.1/29, peer: 10.0.1.2",
        ]
        var circuits: [String: Document<Circuit>] = [:]
        for name in names {
            let text = directory([name: links[name] ?? ""])["circuits/\(name).yaml"] ?? ""
            circuits["circuits/\(name).yaml"] = circuit(text)
        }
        return CrossCheck.faults(
            settings: Document(value: edge),
            tenants: ["tenants/t.yaml": tenant("tenant: t\nvrf: { table: 10 }")],
            circuits: circuits, precedence: precedence)
    }
}

@Suite struct CheckingDeviceNameTests {
    @Test(arguments: [
        ("ecx-a", Encapsulation.vlan(tag(310)), "ecx-a-310"),
        ("ecx-a", .qinq(outer: tag(1010), inner: tag(100)), "ecx-a-1010-100"),
        ("ecx-ab", .qinq(outer: tag(1010), inner: tag(100)), "ecx-ab-1010-100"),
        ("ecx-abc", .qinq(outer: tag(1010), inner: tag(100)), "ecx-abc-1_w80tj"),
        ("ecx-abc", .qinq(outer: tag(1010), inner: tag(101)), "ecx-abc-1_zdyt0"),
    ])
    func `a VLAN's device is named after its port and tags`(
        _ port: String, _ encapsulation: Encapsulation, _ name: String
    ) {
        #expect(DeviceName.vlan(port: port, encapsulation)?.description == name)
    }

    @Test func `an untagged link has no device of its own`() {
        #expect(DeviceName.vlan(port: "a", .untagged) == nil)
    }

    @Test func `an outer tag's device is not that of the plain VLAN`() {
        #expect(DeviceName.outer(port: "ecx-a", vlan: tag(1010)).description == "ecx-a-s1010")
    }

    @Test(arguments: ["acme", "a-very-long-tenant-name", "a.b", "ünï", "x/y z", ""])
    func `a name is at most 15 bytes without dots`(_ tenant: String) {
        let name = DeviceName.vrf(tenant: tenant).description
        #expect(name.utf8.count <= 15)
        #expect(name.hasPrefix("vrf-"))
        #expect(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2E && $0 != 0x2F })
    }

    @Test func `long names that differ anywhere differ`() {
        let names = (0..<500).map { DeviceName.vrf(tenant: "customer-number-\($0)") }
        #expect(Set(names).count == 500)
    }
}

private func tag(_ number: UInt16) -> VLANID {
    guard let id = VLANID(rawValue: number) else { preconditionFailure("no VLAN: \(number)") }
    return id
}
