// Steps that are not taken because another is still under way, and news that never came.

import Net
import Reconcile
import Simulation
import Testing

extension Rig {
    /// Drains, and takes only the steps that are spoken so; the others stay under way.
    mutating func take(only chosen: Set<String>) -> [String] {
        listen()
        var batch: [(ticket: UInt64, step: Step)] = []
        reconciler.drain(limit: 9, at: now, into: &batch)
        let words = batch.map { spoken($0.step, kernel) }
        for (word, item) in zip(words, batch) where chosen.contains(word) {
            for outcome in kernel.execute([item]) { reconciler.finished(outcome, at: now) }
        }
        return words
    }
}

@Suite struct `Under way` {
    @Test func `a VLAN is not set up before its port is`() throws {
        var rig = try Rig.withPort()
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        #expect(rig.take(only: ["create a on eth0 100"]) == ["eth0 up", "create a on eth0 100"])
        #expect(rig.take(only: ["a alias"]) == ["a alias"])
        #expect(rig.take(only: []) == [])
        #expect(rig.status("a") == .waiting("a waits for eth0 to be up"))
    }

    @Test func `a VLAN is not set up before its VRF is`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [vrf("v", 1001), port("eth0"), vlan("a", on: "eth0", 100, master: "v")])
        let created: Set = ["create v table 1001", "create a on eth0 100"]
        #expect(Set(rig.take(only: created)) == created)
        #expect(rig.take(only: ["a in v"]).contains("a in v"))
        #expect(rig.take(only: ["v alias"]) == [])
        #expect(rig.status("a") == .waiting("a waits for its VRF v to be up"))
    }

    @Test func `a port is not given back before our VLANs on it are gone`() throws {
        var rig = try Rig.withPort(isUp: false)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.settle()
        rig.want("c")
        #expect(rig.take(only: []) == ["delete a"])
        #expect(
            rig.status("eth0") == .waiting("port eth0 is kept until our VLANs on it are gone"))
    }

    @Test func `a port is not given back before deletions are allowed`() throws {
        var rig = try Rig.withPort(isUp: false)
        rig.want("c", [port("eth0")])
        rig.settle()
        rig.crash(allowsDeletion: false)
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(rig.status("eth0") == .waiting("port eth0 is kept until deletions are allowed"))
        rig.reconciler.allowsDeletion = true
        #expect(rig.stepsToSettle() == ["eth0 down"])
    }
}

@Suite struct `News` {
    @Test func `an outer VLAN that a stranger renames is made anew with what stood on it`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("o", on: "eth0", 10), vlan("i", on: "o", 7)])
        rig.settle()
        try rig.kernel.rename(name("o"), to: name("r"))
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `VLANs of a renamed port stay, and move when another bears its name`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.settle()
        try rig.kernel.rename(name("eth0"), to: name("eth9"))
        #expect(rig.stepsToSettle(seconds: 3) == [])
        #expect(rig.status("a") == .waiting("a waits: port device eth0 is missing"))
        try rig.kernel.addDevice(name("eth0"), isUp: true)
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `a device that is found to exist already asks for a dump`() throws {
        var rig = Rig()
        rig.settle(seconds: 1)
        try rig.kernel.addDevice(name("v"), kind: "dummy")
        _ = rig.kernel.takeEvents()
        rig.want("c", [vrf("v", 1001)])
        rig.settle(seconds: 2)
        #expect(
            rig.status("v")
                == .failed(
                    "device v exists already and is not ours (group 0): rename or remove it",
                    retry: nil))
    }

    @Test func `what is gone before it is deleted counts as deleted`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)], [("eth0", "10.0.0.1/30")])
        rig.settle()
        try rig.kernel.interfere(.deleteLink(rig.index("a")))
        try rig.kernel.interfere(.deleteAddress(rig.index("eth0"), address("10.0.0.1/30")))
        _ = rig.kernel.takeEvents()
        rig.want("c")
        rig.round()
        #expect(rig.reconciler.needsResync == false)
        rig.round()
        #expect(rig.reconciler.isSettled)
        #expect(rig.reconciler.adoptions.isEmpty)
    }

    @Test func `an address that is found on a port when it is added is not ours`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0")])
        rig.settle()
        rig.foreignAddresses = [address("10.0.0.1/30")]
        try rig.kernel.interfere(.addAddress(rig.index("eth0"), address("10.0.0.1/30")))
        _ = rig.kernel.takeEvents()
        rig.want("c", [port("eth0")], [("eth0", "10.0.0.1/30")])
        rig.settle()
        #expect(rig.reconciler.isSettled)
        rig.want("c")
        #expect(rig.stepsToSettle() == [])
    }
}
