// Wishes of many owners, retries, lost events, readiness, and what it all costs.

import Net
import Reconcile
import Simulation
import Testing

@Suite struct `Wishes` {
    @Test func `one of 4,000 owners touches its own objects only`() {
        var reconciler = Reconciler()
        for number in 0..<4000 {
            let link = vlan("v\(number)", on: "o\(number)", 5)
            let outer = vlan("o\(number)", on: "eth0", UInt16(number + 1))
            reconciler.set(
                owner: "c\(number)", links: [port("eth0"), outer, link],
                addresses: [(link.name, address("10.0.0.1/30"))])
        }
        let dump = KernelState()
        reconciler.resynced(dump, at: .zero)
        var batch: [(ticket: UInt64, step: Step)] = []
        reconciler.drain(limit: 1, at: .zero, into: &batch)
        #expect(reconciler.isIdle)
        reconciler.set(
            owner: "c7", links: [port("eth0"), vlan("o7", on: "eth0", 8)], addresses: [])
        let working = reconciler.unsettled.filter { $0.status == .working }
        #expect(working.isEmpty, "what waited is compared again, nothing else is touched")
        reconciler.drain(limit: 1, at: .zero, into: &batch)
        #expect(reconciler.unsettled.count == 3 * 4000 + 1 - 2)
    }

    @Test func `equal shared objects stay until their last owner lets go`() {
        var desired = Desired()
        desired.set(owner: "a", links: [port("eth0"), port("eth0")], addresses: [])
        desired.set(owner: "b", links: [port("eth0")], addresses: [])
        desired.set(owner: "a", links: [], addresses: [])
        #expect(desired.link(name("eth0")) != nil)
        desired.set(owner: "b", links: [], addresses: [])
        #expect(desired.link(name("eth0")) == nil)
        #expect(desired.isEmpty)
    }

    @Test(arguments: [["a", "b"], ["b", "a"]])
    func `conflicting definitions are merged alike in any order and reported`(
        order: [String]
    ) {
        var desired = Desired()
        let wishes = [
            "a": port("eth0", master: "vrf-a", mtu: 1500), "b": port("eth0", mtu: 9000),
        ]
        for owner in order {
            desired.set(owner: owner, links: [wishes[owner]].compactMap { $0 }, addresses: [])
        }
        #expect(desired.link(name("eth0")) == port("eth0", master: "vrf-a", mtu: 9000))
        #expect(
            desired.conflicts == [
                name("eth0"): "device eth0 is defined differently by several owners: "
                    + "its MTU (1500 and 9000: the largest is used)"
            ])
        desired.set(owner: "b", links: [], addresses: [])
        #expect(desired.conflicts.isEmpty)
    }

    @Test func `a port with a VRF for one owner and without for another is no conflict`() {
        var desired = Desired()
        desired.set(owner: "a", links: [port("eth0", master: "vrf-a")], addresses: [])
        desired.set(owner: "b", links: [port("eth0")], addresses: [])
        #expect(desired.link(name("eth0"))?.master == name("vrf-a"))
        #expect(desired.conflicts.isEmpty)
    }
}

@Suite struct `Retries` {
    private func refusing(_ attempts: Int) throws -> (Rig, [Double]) {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.listen()
        rig.kernel.faultsPerMille = 1000
        var waits: [Double] = []
        for _ in 0..<attempts {
            try #require(acts(&rig))
            let next = try #require(rig.reconciler.nextDeadline)
            waits.append((next - rig.now).seconds)
            rig.now = next
        }
        return (rig, waits)
    }

    @Test func `a refused step is tried again with growing patience up to a minute`() throws {
        let (_, waits) = try refusing(9)
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60])
    }

    @Test func `the kernel's words stand in the status`() throws {
        let (rig, _) = try refusing(2)
        #expect(
            rig.status("a")
                == .failed(
                    "cannot create VLAN a (802.1q 100) on eth0: Cannot allocate memory (errno 12)",
                    retry: rig.now))
    }

    @Test func `an event about what failed brings the next try forward`() throws {
        var (rig, _) = try refusing(8)
        rig.kernel.faultsPerMille = 0
        try #require(acts(&rig))
        rig.settle(seconds: 2)
        #expect(rig.differences() == [])

        (rig, _) = try refusing(8)
        rig.now = rig.now + .seconds(-30)
        try #require(!acts(&rig), "half of its minute is not over")
        rig.kernel.faultsPerMille = 0
        rig.kernel.setCable(name("eth0"), false)
        try #require(acts(&rig), "the port changed")
    }

    @Test func `no more than the window is under way, each with its ticket`() throws {
        var rig = Rig(window: 3)
        for number in 1...10 { rig.want("c\(number)", [vrf("vrf-\(number)", UInt32(number))]) }
        rig.listen()
        var batch: [(ticket: UInt64, step: Step)] = []
        rig.reconciler.drain(limit: 100, at: rig.now, into: &batch)
        #expect(batch.count == 3)
        #expect(Set(batch.map(\.ticket)).count == 3)
        #expect(batch.allSatisfy { Reconciler.owns(ticket: $0.ticket) })
        rig.reconciler.drain(limit: 100, at: rig.now, into: &batch)
        #expect(batch.count == 3)
        for outcome in rig.kernel.execute(batch) { rig.reconciler.finished(outcome, at: rig.now) }
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `a made device that never appears asks for a dump`() throws {
        var rig = Rig()
        rig.want("t", [vrf("vrf-a", 1001)])
        rig.round()
        _ = rig.kernel.takeEvents()
        rig.round()
        #expect(rig.reconciler.needsResync == false)
        rig.now = try #require(rig.reconciler.nextDeadline)
        var batch: [(ticket: UInt64, step: Step)] = []
        rig.reconciler.drain(limit: 9, at: rig.now, into: &batch)
        #expect(batch.isEmpty)
        #expect(rig.reconciler.needsResync)
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `lost events ask for a dump, an interrupted dump is asked for again`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.settle()
        try rig.kernel.interfere(.deleteLink(rig.index("a")))
        rig.kernel.loseEvents()
        rig.kernel.interruptedDumps = 2
        rig.listen()
        #expect(rig.reconciler.needsResync)
        #expect(!rig.reconciler.isSettled)
        rig.settle()
        #expect(rig.differences() == [])
    }

    @Test func `an event that comes before its step's outcome outweighs the outcome`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", [port("eth0"), vlan("a", on: "eth0", 100)])
        rig.listen()
        var steps: [(ticket: UInt64, step: Step)] = []
        while rig.kernel.link(name("a"))?.isUp != true {
            steps.removeAll()
            rig.reconciler.drain(limit: 9, at: rig.now, into: &steps)
            let outcomes = rig.kernel.execute(steps)
            if rig.kernel.link(name("a"))?.isUp == true {
                try rig.kernel.interfere(.changeLink(rig.index("a"), LinkChange(isUp: false)))
                rig.listen()
                for outcome in outcomes { rig.reconciler.finished(outcome, at: rig.now) }
                break
            }
            rig.listen()
            for outcome in outcomes { rig.reconciler.finished(outcome, at: rig.now) }
        }
        rig.settle()
        #expect(rig.differences() == [])
    }
}

@Suite struct `Readiness` {
    let circuit = [port("eth0"), vlan("a", on: "eth0", 100)]

    @Test func `an IPv6 address is ready when detection ends`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit, [("a", "fd00::1/64")])
        while rig.round() {}
        rig.listen()
        rig.round()
        #expect(
            rig.status("a") == .waiting("fd00::1/64 on a waits for duplicate address detection"))
        #expect(
            rig.reconciler.observed.addressState(address("fd00::1/64"), on: name("a")) == .tentative
        )
        rig.pass()
        rig.listen()
        rig.round()
        #expect(rig.status("a") == .settled)
    }

    @Test func `a duplicate IPv6 address fails with a sentence and is tried again`() throws {
        var rig = try Rig.withPort(isUp: true)
        let held = address("fd00::1/64")
        rig.kernel.duplicates = [held.address]
        rig.want("c", circuit, [("a", "fd00::1/64")])
        rig.settle(seconds: 3)
        #expect(
            rig.status("a").reason
                == "fd00::1 on a is used by another host: duplicate address detection failed")
        rig.kernel.duplicates = []
        rig.settle(seconds: 90)
        #expect(rig.status("a") == .settled)
    }

    @Test func `a VLAN is unusable as soon as its port has no carrier`() throws {
        var rig = try Rig.withPort(isUp: true)
        rig.want("c", circuit + [vlan("i", on: "a", 7)])
        rig.settle()
        #expect(rig.reconciler.observed.isUsable(name("i")))
        rig.kernel.setCable(name("eth0"), false)
        rig.listen()
        #expect(rig.kernel.link(name("i"))?.hasCarrier == true, "linkwatch has yet to come by")
        #expect(!rig.reconciler.observed.isUsable(name("i")))
        rig.kernel.setCable(name("eth0"), true)
        rig.pass(seconds: 3)
        rig.listen()
        #expect(rig.reconciler.observed.isUsable(name("i")))
    }
}
