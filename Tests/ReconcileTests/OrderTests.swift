// What comes before what, when things are made and when they go.

import Net
import Reconcile
import Simulation
import Testing

/// A step without numbers, so that an order can be read.
func spoken(_ step: Step, _ kernel: ModelKernel) -> String {
    func named(_ index: InterfaceIndex) -> String {
        kernel.allLinks.first { $0.index == index }?.name.description ?? "gone"
    }
    switch step {
    case .createVLAN(let link, let parent, let tag, _):
        return "create \(link) on \(named(parent)) \(tag.id)"
    case .createVRF(let link, let table): return "create \(link) table \(table)"
    case .createPlaceholder(let link): return "create \(link)"
    case .changeLink(let index, let change):
        var text = named(index)
        if let master = change.master { text += master == .none ? " free" : " in \(named(master))" }
        if let mtu = change.mtu { text += " mtu \(mtu)" }
        if let isUp = change.isUp { text += isUp ? " up" : " down" }
        if change.master == nil, change.alias != nil { text += " alias" }
        return text
    case .deleteLink(let index): return "delete \(named(index))"
    case .addAddress(let index, let address): return "add \(address) to \(named(index))"
    case .deleteAddress(let index, let address): return "remove \(address) from \(named(index))"
    case .silenceNeighbours(let index): return "silence \(named(index))"
    default: return "\(step)"
    }
}

extension Rig {
    /// A host with the port eth0.
    static func withPort(
        mtu: UInt32 = 1500, isUp: Bool = false, allowsDeletion: Bool = true
    ) throws -> Rig {
        var rig = Rig(allowsDeletion: allowsDeletion)
        try rig.kernel.addDevice(name("eth0"), mtu: mtu, isUp: isUp)
        rig.ports = [name("eth0")]
        return rig
    }

    mutating func want(
        _ owner: String = "c", _ links: [Link] = [], _ addresses: [(String, String)] = []
    ) {
        reconciler.set(
            owner: owner, links: links,
            addresses: addresses.map { (name($0.0), address($0.1)) })
    }

    /// Settles, and says which steps that took, in words.
    mutating func stepsToSettle(seconds: Int = 120) -> [String] {
        var taken: [String] = []
        for _ in 0..<seconds {
            for _ in 0..<200 {
                let before = kernel
                let count = steps.count
                guard round(limit: 1) else { break }
                for step in steps[count...] { taken.append(spoken(step, before)) }
            }
            listen()
            if reconciler.isSettled { break }
            pass()
        }
        return taken
    }

    func status(_ text: String) -> ObjectStatus { reconciler.status(of: name(text)) }

    func index(_ text: String) -> InterfaceIndex { kernel.link(name(text))?.index ?? .none }
}

@Suite struct `Order` {
    let circuit = [port("eth0"), vrf("vrf-a", 1001), vlan("a", on: "eth0", 100, master: "vrf-a")]

    @Test func `a VLAN is put into its VRF before it is up and up before it has addresses`() throws
    {
        var rig = try Rig.withPort()
        rig.want("c", circuit, [("a", "10.0.0.1/30")])
        let steps = rig.stepsToSettle()
        let order = ["create a on eth0 100", "a in vrf-a", "a up", "add 10.0.0.1/30 to a"]
            .map { steps.firstIndex(of: $0) }
        #expect(order.compactMap { $0 }.count == 4)
        #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
        let vrf = try #require(steps.firstIndex(of: "vrf-a up"))
        #expect(vrf < steps.firstIndex(of: "a up") ?? 0)
        #expect(rig.differences() == [])
    }

    @Test func `alias and VRF are written in one change`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        #expect(!rig.stepsToSettle().contains("a alias"))
        #expect(rig.kernel.link(name("a"))?.alias == "circuitd:a")
    }

    @Test func `VLANs go before their VRF and addresses go with their VLAN`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit, [("a", "10.0.0.1/30"), ("a", "fd00::1/64")])
        rig.settle()
        rig.want("c")
        #expect(rig.stepsToSettle() == ["delete a", "delete vrf-a"])
    }

    @Test func `an inner VLAN waits for its outer one and goes before it`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [vlan("i", on: "o", 7), vlan("o", on: "eth0", 10), port("eth0")])
        let steps = rig.stepsToSettle()
        #expect(
            steps.filter { $0.hasPrefix("create") } == [
                "create o on eth0 10", "create i on o 7",
            ])
        #expect(rig.differences() == [])
        rig.want("c")
        #expect(rig.stepsToSettle() == ["delete i", "delete o"])
    }

    @Test func `an outer VLAN stays until its last user is gone`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("o", on: "eth0", 10), vlan("i", on: "o", 7)])
        rig.want("d", [port("eth0"), vlan("o", on: "eth0", 10), vlan("j", on: "o", 8)])
        rig.settle()
        rig.want("c")
        #expect(rig.stepsToSettle() == ["delete i"])
        rig.want("d")
        #expect(rig.stepsToSettle() == ["delete j", "delete o"])
    }

    @Test func `an outer VLAN with a foreign one on it stays with a sentence`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("o", on: "eth0", 10)], [("o", "10.0.0.1/30")])
        rig.settle()
        try rig.kernel.interfere(
            .createVLAN(name("theirs"), parent: rig.index("o"), tag(9), mtu: nil))
        rig.listen()
        rig.want("c")
        #expect(rig.stepsToSettle(seconds: 5) == ["remove 10.0.0.1/30 from o"])
        #expect(
            rig.status("o")
                == .waiting("VLAN o stays until the foreign device theirs on it is gone"))
        rig.kernel.removeDevice(name("theirs"))
        #expect(rig.stepsToSettle() == ["delete o"])
    }

    @Test func `a VRF with a foreign member stays with a sentence`() throws {
        var rig = try Rig.withPort(isUp: true)
        let other = try rig.kernel.addDevice(name("tap0"), kind: "tun")
        rig.want("c", circuit)
        rig.settle()
        try rig.kernel.interfere(.changeLink(other, LinkChange(master: rig.index("vrf-a"))))
        rig.listen()
        rig.want("c")
        #expect(rig.stepsToSettle(seconds: 5) == ["delete a"])
        #expect(
            rig.status("vrf-a")
                == .waiting("VRF vrf-a stays until the foreign device tap0 left it"))
        try rig.kernel.interfere(.changeLink(other, LinkChange(master: InterfaceIndex.none)))
        #expect(rig.stepsToSettle() == ["delete vrf-a"])
    }

    @Test func `a VRF stays while a step that joins it is under way`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        let created: Set = ["create vrf-a table 1001", "create a on eth0 100"]
        #expect(created.isSubset(of: rig.take(only: created)))
        rig.listen()
        var held: [(ticket: UInt64, step: Step)] = []
        rig.reconciler.drain(limit: 9, at: rig.now, into: &held)
        let kernel = rig.kernel
        let joining = held.filter { spoken($0.step, kernel) == "a in vrf-a" }
        #expect(joining.count == 1)
        for item in held where spoken(item.step, kernel) != "a in vrf-a" {
            for outcome in rig.kernel.execute([item]) {
                rig.reconciler.finished(outcome, at: rig.now)
            }
        }
        rig.want("c")
        var batch: [(ticket: UInt64, step: Step)] = []
        rig.reconciler.drain(limit: 9, at: rig.now, into: &batch)
        #expect(batch.isEmpty)
        #expect(rig.status("vrf-a") == .waiting("device vrf-a is still being used by a step"))
        for outcome in rig.kernel.execute(joining) {
            rig.reconciler.finished(outcome, at: rig.now)
        }
        #expect(rig.stepsToSettle() == ["delete a", "delete vrf-a"])
    }

    @Test func `a VRF stays while its table has routes of ours`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        rig.settle()
        rig.reconciler.tablesInUse = [TableID(1001)]
        rig.want("c")
        #expect(rig.stepsToSettle(seconds: 5) == ["delete a"])
        #expect(
            rig.status("vrf-a")
                == .waiting("VRF vrf-a stays until our routes in table 1001 are gone"))
        rig.reconciler.tablesInUse = []
        #expect(rig.stepsToSettle() == ["delete vrf-a"])
    }

    @Test func `a VRF that another one took the table from goes though the table has routes`()
        throws
    {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit)
        rig.settle()
        rig.reconciler.tablesInUse = [TableID(1001)]
        rig.want(
            "c", [port("eth0"), vrf("vrf-b", 1001), vlan("a", on: "eth0", 100, master: "vrf-b")])
        let steps = rig.stepsToSettle()
        let moved = try #require(steps.firstIndex(of: "a in vrf-b"))
        #expect(steps.suffix(from: moved).contains("delete vrf-a"))
        #expect(rig.differences() == [])
    }

    @Test func `a VRF with another table is made anew and its VLANs never stand in main`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit, [("a", "10.0.0.1/30")])
        rig.settle()
        rig.want("c", [port("eth0"), vrf("vrf-a", 2002), circuit[2]], [("a", "10.0.0.1/30")])
        let steps = rig.stepsToSettle()
        #expect(steps.filter { $0.hasPrefix("delete") } == ["delete a", "delete vrf-a"])
        #expect(!steps.contains("a free"))
        #expect(rig.differences() == [])
    }

    @Test func `a port leaves a VRF that is made anew only without our addresses`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0", master: "vrf-a"), circuit[1]], [("eth0", "10.0.0.1/30")])
        rig.settle()
        rig.want(
            "c", [port("eth0", master: "vrf-a"), vrf("vrf-a", 2002)], [("eth0", "10.0.0.1/30")])
        let steps = rig.stepsToSettle()
        #expect(steps.prefix(2) == ["remove 10.0.0.1/30 from eth0", "eth0 free"])
        #expect(rig.differences() == [])
    }

    @Test func `a move to another VRF keeps or renews the addresses`() throws {
        var rig = try Rig.withPort(isUp: true)
        let addresses = [("a", "10.0.0.1/30"), ("a", "fd00::1/64")]
        rig.want("c", circuit, addresses)
        rig.settle()
        rig.want(
            "c", [port("eth0"), vrf("vrf-b", 1002), vlan("a", on: "eth0", 100, master: "vrf-b")],
            addresses)
        let steps = rig.stepsToSettle()
        #expect(steps.contains("a in vrf-b"))
        #expect(steps.contains("add fd00::1/64 to a"))
        #expect(!steps.contains("add 10.0.0.1/30 to a"))
        #expect(rig.differences() == [])
    }

    @Test func `an MTU waits for the port's to be raised`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100, mtu: 9000)])
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(
            rig.status("a")
                == .waiting(
                    "MTU 9000 of a is larger than that of eth0 (1500): waiting for it to be raised"
                ))
        rig.want("d", [port("eth0", mtu: 9216)])
        #expect(rig.stepsToSettle().first == "eth0 mtu 9216")
        #expect(rig.differences() == [])
    }

    @Test func `an outer VLAN without an MTU grows with what stands on it`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("o", on: "eth0", 10), vlan("i", on: "o", 7)])
        rig.settle()
        rig.want(
            "c",
            [port("eth0", mtu: 9000), vlan("o", on: "eth0", 10), vlan("i", on: "o", 7, mtu: 9000)])
        #expect(rig.stepsToSettle() == ["eth0 mtu 9000", "o mtu 9000", "i mtu 9000"])
    }

    @Test func `the placeholder's device is silenced before it is up`() throws {
        var rig = Rig()
        rig.want("daemon", [Link(name: name("circuitd0"), kind: .placeholder)])
        #expect(
            rig.stepsToSettle() == ["create circuitd0", "silence circuitd0", "circuitd0 up"])
        rig.crash()
        rig.want("daemon", [Link(name: name("circuitd0"), kind: .placeholder)])
        #expect(rig.stepsToSettle() == ["silence circuitd0"], "which no dump can tell")
    }

    @Test func `the older address of a subnet is removed before the newer is added`() throws {
        var rig = try Rig.withPort(isUp: true)
        let links = [port("eth0"), vlan("a", on: "eth0", 100)]
        rig.want("c", links, [("a", "10.0.0.1/24")])
        rig.settle()
        rig.want("c", links, [("a", "10.0.0.2/24")])
        #expect(
            rig.stepsToSettle() == ["remove 10.0.0.1/24 from a", "add 10.0.0.2/24 to a"])
    }

    @Test func `another tag means another device`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.settle()
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 200)])
        #expect(
            rig.stepsToSettle() == ["delete a", "create a on eth0 200", "a alias", "a up"])
    }

    @Test func `another name for the same VLAN deletes the old device first`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.settle()
        rig.want("c", [port("eth0"), vlan("b", on: "eth0", 100)])
        #expect(rig.stepsToSettle().prefix(2) == ["delete a", "create b on eth0 100"])
        #expect(rig.differences() == [])
    }

    @Test func `two VLANs that swap their tags are both made anew`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 1), vlan("b", on: "eth0", 2)])
        rig.settle()
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 2), vlan("b", on: "eth0", 1)])
        rig.settle()
        #expect(rig.differences() == [])
    }
}
