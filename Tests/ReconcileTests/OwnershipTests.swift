// What is ours, what is foreign, and how a port is given back.

import Net
import Reconcile
import Simulation
import Testing

@Suite struct `Ownership` {
    let circuit = [port("eth0"), vlan("a", on: "eth0", 100)]

    @Test func `a foreign device of a wanted name is left alone until it goes`() throws {
        var rig = try Rig.withPort(isUp: true)
        try rig.kernel.addDevice(name("a"), kind: "dummy")
        rig.want("c", circuit, [("a", "10.0.0.1/30")])
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(
            rig.status("a")
                == .failed(
                    "device a exists already and is not ours (group 0): rename or remove it",
                    retry: nil))
        rig.kernel.removeDevice(name("a"))
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `a foreign VLAN of a wanted tag is left alone until it goes`() throws {
        var rig = try Rig.withPort(isUp: true)
        try rig.kernel.interfere(
            .createVLAN(name("theirs"), parent: rig.index("eth0"), tag(100), mtu: nil))
        rig.want("c", circuit)
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(
            rig.status("a")
                == .failed(
                    "VLAN 802.1q 100 on eth0 is taken by the foreign device theirs, "
                        + "so a cannot be made: remove it", retry: nil))
        rig.kernel.removeDevice(name("theirs"))
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `a foreign VRF with our table is a conflict`() throws {
        var rig = Rig()
        try rig.kernel.interfere(.createVRF(name("blue"), TableID(1001)))
        rig.want("t", [vrf("vrf-a", 1001)])
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(
            rig.status("vrf-a").reason
                == "table 1001 of VRF vrf-a belongs to the foreign VRF blue")
    }

    @Test func `the same tag with another EtherType is another VLAN`() throws {
        var rig = try Rig.withPort(isUp: true)
        try rig.kernel.interfere(
            .createVLAN(name("theirs"), parent: rig.index("eth0"), tag(100, .dot1ad), mtu: nil))
        rig.want("c", circuit)
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `two names for one VLAN are reported and the first keeps it`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        rig.settle()
        rig.want("d", [port("eth0"), vlan("b", on: "eth0", 100)])
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(
            rig.status("b").reason
                == "VLAN 802.1q 100 on eth0 is wanted as b and as a, which has it")
        rig.want("c", [port("eth0")])
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `what a killed daemon left is swept, though only when allowed`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit + [vrf("vrf-a", 1001)])
        rig.settle()
        rig.crash(allowsDeletion: false)
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(rig.status("a").reason?.contains("until deletions are allowed") == true)
        rig.reconciler.allowsDeletion = true
        rig.settle()
        #expect(rig.differences() == [])
        #expect(rig.kernel.allLinks.map(\.name) == [name("eth0")])
    }

    @Test func `nothing happens before the kernel has been read once`() throws {
        var rig = try Rig.withPort()
        rig.want("c", circuit)
        var batch: [(ticket: UInt64, step: Step)] = []
        rig.reconciler.drain(limit: 10, at: .zero, into: &batch)
        #expect(batch.isEmpty)
        #expect(rig.reconciler.needsResync)
        #expect(rig.status("a") == .waiting("a waits until the kernel has been read once"))
    }

    @Test func `a missing port is waited for and never a failure`() throws {
        var rig = Rig()
        rig.ports = [name("eth0")]
        rig.want("c", circuit, [("a", "10.0.0.1/30")])
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(rig.status("eth0") == .waiting("port device eth0 is missing"))
        #expect(rig.status("a") == .waiting("a waits: port device eth0 is missing"))
        try rig.kernel.addDevice(name("eth0"))
        rig.settle()
        #expect(rig.differences() == [])
        rig.kernel.removeDevice(name("eth0"))
        rig.listen()
        rig.round()
        #expect(rig.status("a") == .waiting("a waits: port device eth0 is missing"))
    }

    @Test func `a port gets back what it was when nobody wants it`() throws {
        var rig = try Rig.withPort(mtu: 1500, isUp: false)
        let bridge = try rig.kernel.addDevice(name("br0"), kind: "bridge", isUp: true)
        try rig.kernel.interfere(.changeLink(rig.index("eth0"), LinkChange(master: bridge)))
        rig.want(
            "c", [port("eth0", master: "vrf-a", mtu: 9000), vrf("vrf-a", 1001)],
            [("eth0", "10.0.0.1/30")])
        rig.settle()
        #expect(rig.differences() == [])
        #expect(
            rig.reconciler.adoptedPorts[name("eth0")]
                == PreviousValues(isUp: false, mtu: 1500, master: .some(name("br0"))))
        rig.want("c")
        #expect(
            rig.stepsToSettle() == [
                "remove 10.0.0.1/30 from eth0", "eth0 in br0 mtu 1500", "eth0 down", "delete vrf-a",
            ])
        #expect(rig.reconciler.adoptions.isEmpty)
    }

    @Test func `a port below VLANs is set up and its master is left alone`() throws {
        var rig = try Rig.withPort()
        let bridge = try rig.kernel.addDevice(name("br0"), kind: "bridge", isUp: true)
        try rig.kernel.interfere(.changeLink(rig.index("eth0"), LinkChange(master: bridge)))
        rig.want("c", circuit)
        rig.settle()
        #expect(rig.kernel.link(name("eth0"))?.master == bridge)
        #expect(rig.kernel.link(name("eth0"))?.isUp == true)
    }

    @Test func `one property of a port is given back while the port is still wanted`() throws {
        var rig = try Rig.withPort(mtu: 1500)
        rig.want("c", [port("eth0", mtu: 9000)])
        rig.want("d", [port("eth0")])
        rig.settle()
        rig.want("c")
        #expect(rig.stepsToSettle() == ["eth0 mtu 1500"])
        #expect(rig.reconciler.adoptedPorts[name("eth0")] == PreviousValues(isUp: false))
    }

    @Test func `what was there before a crash is given back after it`() throws {
        var rig = try Rig.withPort(mtu: 1500, isUp: false)
        rig.want("c", [port("eth0", mtu: 9000)], [("eth0", "10.0.0.1/30")])
        rig.settle()
        rig.crash()
        rig.settle()
        let link = try #require(rig.kernel.link(name("eth0")))
        #expect(link.mtu == 1500)
        #expect(!link.isUp)
        #expect(rig.kernel.addresses(on: name("eth0")).isEmpty)
    }

    @Test func `a record of another device of the same name is not believed`() throws {
        var rig = try Rig.withPort(mtu: 1500)
        rig.want("c", [port("eth0", mtu: 9000)])
        rig.settle()
        rig.kernel.removeDevice(name("eth0"))
        try rig.kernel.addDevice(name("eth0"), mtu: 1400, isUp: true)
        rig.settle()
        #expect(rig.reconciler.adoptedPorts[name("eth0")] == PreviousValues(mtu: 1400))
    }

    @Test func `a record is not believed of a device that came while the daemon was dead`() throws {
        var rig = try Rig.withPort(mtu: 1500)
        rig.want("c", [port("eth0", mtu: 9000)])
        rig.settle()
        rig.kernel.removeDevice(name("eth0"))
        try rig.kernel.addDevice(name("eth0"), mtu: 1400, isUp: true)
        rig.crash()
        #expect(rig.stepsToSettle() == [])
        #expect(rig.reconciler.adoptions.isEmpty)
    }

    @Test func `a foreign address on a port stays, also where it is the one wanted`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.foreignAddresses = [address("10.0.0.1/30"), address("192.0.2.1/32")]
        for held in rig.foreignAddresses.sorted() {
            try rig.kernel.interfere(.addAddress(rig.index("eth0"), held))
        }
        rig.want("c", [port("eth0")], [("eth0", "10.0.0.1/30"), ("eth0", "10.0.0.5/30")])
        #expect(rig.stepsToSettle() == ["add 10.0.0.5/30 to eth0"])
        rig.want("c")
        #expect(rig.stepsToSettle() == ["remove 10.0.0.5/30 from eth0"])
    }

    @Test func `a stranger's address on a VLAN of ours goes, the kernel's own stays`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit, [("a", "10.0.0.1/30")])
        rig.settle()
        try rig.kernel.interfere(.addAddress(rig.index("a"), address("10.9.9.9/24")))
        #expect(rig.stepsToSettle() == ["remove 10.9.9.9/24 from a"])
        let local = rig.reconciler.observed.addresses(on: rig.index("a"))
        #expect(local.contains { $0.description.hasPrefix("fe80") })
    }

    @Test(arguments: ["delete", "down", "free", "mtu", "address"])
    func `a stranger's change of what is ours is repaired`(what: String) throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want(
            "c",
            [port("eth0"), vrf("vrf-a", 1), vlan("a", on: "eth0", 5, master: "vrf-a", mtu: 1400)],
            [("a", "10.0.0.1/30")])
        rig.settle()
        let index = rig.index("a")
        switch what {
        case "delete": try rig.kernel.interfere(.deleteLink(index))
        case "down": try rig.kernel.interfere(.changeLink(index, LinkChange(isUp: false)))
        case "free":
            try rig.kernel.interfere(
                .changeLink(index, LinkChange(master: InterfaceIndex.none)))
        case "mtu": try rig.kernel.interfere(.changeLink(index, LinkChange(mtu: 1300)))
        default: try rig.kernel.interfere(.deleteAddress(index, address("10.0.0.1/30")))
        }
        #expect(!rig.differences().isEmpty)
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `somebody who undoes every step is answered with patience`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        rig.settle()
        let count = rig.steps.count
        for _ in 0..<200 {
            try rig.kernel.interfere(.changeLink(rig.index("a"), LinkChange(isUp: false)))
            rig.round()
        }
        #expect(rig.steps.count - count <= 24)
        #expect(
            rig.status("a").reason
                == "a was set right 24 times within 10 s and is changed back each time")
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `the far end of the placeholder's pair is not swept`() throws {
        var rig = Rig()
        rig.want("daemon", [Link(name: name("circuitd0"), kind: .placeholder)])
        for end in ["circuitd0", "circuitd1"] {
            try rig.kernel.addDevice(name(end), kind: "veth", isUp: true)
            rig.kernel.setGroup(name(end), rig.kernel.marks.linkGroup)
        }
        #expect(rig.stepsToSettle() == ["silence circuitd0"])
    }
}
