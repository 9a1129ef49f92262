// Random wishes, strangers, refusals, lost events and crashes, all from one seed; whatever
// happened, the kernel ends as wanted, foreign things are as they were, and nothing is left to do.

import Net
import Reconcile
import Simulation
import Testing

/// Random circuits on three ports, as the files would compile them.
private struct World {
    var random: SeededGenerator
    var rig: Rig
    var portMTU: [UInt32?] = [nil, nil, nil]
    var tables: [UInt32] = [1001, 1002, 1003]
    var owners: [String: (links: [Link], addresses: [(InterfaceName, InterfaceAddress)])] = [:]
    var intruders: [InterfaceName] = []
    let before: [InterfaceName: ObservedLink]

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        rig = Rig(seed: seed)
        try rig.kernel.addDevice(name("br0"), kind: "bridge", isUp: true)
        for number in 0..<3 {
            let port = name("p\(number)")
            rig.ports.insert(port)
            let index = try rig.kernel.addDevice(
                port, mtu: random.chance(1, in: 3) ? 9000 : 1500, isUp: random.chance(1, in: 2))
            let foreign = address("192.0.2.\(number)/32")
            rig.foreignAddresses.insert(foreign)
            try rig.kernel.interfere(.addAddress(index, foreign))
            try rig.kernel.interfere(
                .createVLAN(name("f\(number)"), parent: index, tag(4000), mtu: nil))
        }
        let bridge = rig.kernel.link(name("br0"))?.index ?? .none
        let last = rig.kernel.link(name("p2"))?.index ?? .none
        try rig.kernel.interfere(.changeLink(last, LinkChange(master: bridge)))
        before = Dictionary(
            uniqueKeysWithValues: rig.kernel.allLinks.map { ($0.name, $0) })
    }

    /// A new wish of one owner: nothing, the port itself, a VLAN, or a VLAN in a VLAN.
    mutating func wish(_ number: Int) {
        let owner = "c\(number)"
        let site = number % 3
        var links = [port("p\(site)", mtu: portMTU[site])]
        var vrfName: String?
        if random.chance(2, in: 3) {
            let which = Int.random(in: 0..<3, using: &random)
            vrfName = "vrf-\(which)"
            links.append(vrf("vrf-\(which)", tables[which]))
        }
        let sizes: [UInt32?] = portMTU[site] == nil ? [nil, 1400] : [nil, 1400, 9000]
        let mtu = random.pick(sizes) ?? nil
        let variant = random.chance(1, in: 4) ? "b" : "a"
        let tagNumber = UInt16(100 + number)
        var device = "x\(number)\(variant)"
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            owners[owner] = nil
            rig.reconciler.set(owner: owner, links: [], addresses: [])
            return
        case 1 where number < 3:
            device = "p\(site)"
            links[0].master = vrfName.map(name)
        case 1, 2, 3, 4:
            links.append(vlan(device, on: "p\(site)", tagNumber, master: vrfName, mtu: mtu))
        default:
            let outer = "q\(site)-\(10 + number / 3 % 2)"
            links.append(vlan(outer, on: "p\(site)", UInt16(10 + number / 3 % 2)))
            links.append(vlan(device, on: outer, tagNumber, master: vrfName, mtu: mtu))
        }
        let host = Int.random(in: 1..<4, using: &random)
        let addresses = [
            (name(device), address("10.\(number).0.\(host)/24")),
            (name(device), address("fd00:\(number)::\(host)/64")),
        ]
        owners[owner] = (links, addresses)
        rig.reconciler.set(owner: owner, links: links, addresses: addresses)
    }

    /// What a stranger may do. Refusals are the stranger's business.
    mutating func interfere() {
        let ours = rig.kernel.allLinks.filter { $0.group == rig.kernel.marks.linkGroup }
        let portIndex = rig.kernel.link(name("p\(Int.random(in: 0..<3, using: &random))"))?.index
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            if let link = random.pick(ours) { try? rig.kernel.interfere(.deleteLink(link.index)) }
        case 1:
            guard let link = random.pick(ours) else { return }
            let change = LinkChange(isUp: random.chance(1, in: 2), mtu: 1300)
            try? rig.kernel.interfere(.changeLink(link.index, change))
        case 2:
            guard let link = random.pick(ours) else { return }
            try? rig.kernel.interfere(
                .changeLink(link.index, LinkChange(master: InterfaceIndex.none)))
        case 3:
            guard let link = random.pick(ours),
                let held = random.pick(
                    rig.kernel.addresses(on: link.name))
            else { return }
            try? rig.kernel.interfere(.deleteAddress(link.index, held.address))
        case 4:
            guard let link = random.pick(ours) else { return }
            guard case .vlan = link.kind else { return }
            try? rig.kernel.interfere(.addAddress(link.index, address("10.99.0.1/24")))
        case 5:
            let intruder = name("i\(Int.random(in: 0..<5, using: &random))")
            let id = UInt16(100 + Int.random(in: 0..<9, using: &random))
            guard let portIndex else { return }
            let step = Step.createVLAN(intruder, parent: portIndex, tag(id), mtu: nil)
            if (try? rig.kernel.interfere(step)) != nil { intruders.append(intruder) }
        case 6:
            let intruder = name("x\(Int.random(in: 0..<9, using: &random))a")
            let step = Step.createPlaceholder(intruder)
            if (try? rig.kernel.interfere(step)) != nil { intruders.append(intruder) }
        case 7:
            rig.kernel.setCable(
                name("p\(Int.random(in: 0..<3, using: &random))"), random.chance(1, in: 2))
        case 8:
            guard let link = random.pick(ours) else { return }
            try? rig.kernel.rename(link.name, to: name("r\(link.index)"))
        default: rig.kernel.loseEvents()
        }
    }

    /// A moment of the daemon's life.
    mutating func live() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2: wish(Int.random(in: 0..<9, using: &random))
        case 3:
            let port = Int.random(in: 0..<3, using: &random)
            portMTU[port] = portMTU[port] == nil ? 9000 : nil
            for number in 0..<9 where number % 3 == port && owners["c\(number)"] != nil {
                wish(number)
            }
        case 4:
            let which = Int.random(in: 0..<3, using: &random)
            tables[which] = tables[which] < 2000 ? tables[which] + 1000 : tables[which] - 1000
            for number in 0..<9 where owners["c\(number)"] != nil { wish(number) }
        case 5, 6: if !rig.isAlone { interfere() }
        case 7: rig.pass()
        case 8: rig.readsEventsFirst.toggle()
        default: rig.round(limit: Int.random(in: 1..<20, using: &random))
        }
    }

    mutating func crash() {
        rig.round(crashAfter: Int.random(in: 0..<8, using: &random))
        rig.crash(allowsDeletion: false)
        rig.readsEventsFirst = false
        rig.round()
        for (owner, share) in owners.sorted(by: { $0.key < $1.key }) {
            rig.reconciler.set(owner: owner, links: share.links, addresses: share.addresses)
        }
        rig.round()
        rig.reconciler.allowsDeletion = true
    }

    /// Strangers leave and cables are plugged, so that nothing stands in the way.
    mutating func calm() {
        rig.kernel.faultsPerMille = 0
        for intruder in intruders {
            if rig.kernel.link(intruder)?.group == 0 { rig.kernel.removeDevice(intruder) }
        }
        for number in 0..<3 { rig.kernel.setCable(name("p\(number)"), true) }
        rig.settle()
    }

    /// The ports and foreign devices, against what they were.
    func disturbances() -> [String] {
        before.keys.sorted().compactMap { name -> String? in
            guard let was = before[name], let link = rig.kernel.link(name) else {
                return "\(name) is gone"
            }
            if link.index != was.index { return "\(name) is another device" }
            // A foreign VLAN follows its port up and in size, as the kernel has it.
            guard rig.ports.contains(name) else { return nil }
            if link.isUp != was.isUp { return "\(name) is up: \(link.isUp)" }
            if link.mtu != was.mtu { return "\(name) has MTU \(link.mtu), had \(was.mtu)" }
            if link.master != was.master { return "\(name) has master \(link.master)" }
            let held = rig.kernel.addresses(on: name).map(\.address)
            let foreign = rig.foreignAddresses.filter { held.contains($0) }
            if held.count != 1 || foreign.count != 1 { return "\(name) holds \(held)" }
            return nil
        }
    }
}

@Suite struct `Convergence` {
    @Test(arguments: 1...25)
    func `random wishes, strangers, refusals and lost events end as wanted`(
        seed: UInt64
    ) throws {
        var world = try World(seed: seed)
        world.rig.kernel.faultsPerMille = 50
        for _ in 0..<150 { world.live() }
        world.calm()
        #expect(world.rig.differences() == [], "seed \(seed)")
        #expect(world.rig.reconciler.unsettled.map { "\($0)" } == [], "seed \(seed)")

        let count = world.rig.steps.count
        guard let state = world.rig.kernel.dump() else { return }
        world.rig.reconciler.resynced(state, at: world.rig.now)
        world.rig.settle()
        #expect(world.rig.steps.count == count, "a second plan is empty, seed \(seed)")
    }

    @Test(arguments: 301...325)
    func `no tenant's VLAN is ever up or addressed outside its VRF`(seed: UInt64) throws {
        var world = try World(seed: seed)
        world.rig.isAlone = true
        world.rig.kernel.faultsPerMille = 50
        for _ in 0..<100 { world.live() }
        world.calm()
        #expect(world.rig.differences() == [], "seed \(seed)")
    }

    @Test(arguments: 101...125)
    func `a crash after any prefix of a plan is healed by a fresh reconciler`(
        seed: UInt64
    ) throws {
        var world = try World(seed: seed)
        world.rig.kernel.faultsPerMille = 20
        for _ in 0..<6 {
            for _ in 0..<25 { world.live() }
            world.crash()
        }
        world.calm()
        #expect(world.rig.differences() == [], "seed \(seed)")
    }

    @Test(arguments: 201...225)
    func `when nothing is wanted nothing of ours is left and ports are as they were`(
        seed: UInt64
    ) throws {
        var world = try World(seed: seed)
        for _ in 0..<4 {
            for _ in 0..<25 { world.live() }
            world.crash()
        }
        world.calm()
        for owner in world.owners.keys.sorted() {
            world.rig.reconciler.set(owner: owner, links: [], addresses: [])
        }
        world.rig.settle()
        #expect(world.rig.differences() == [], "seed \(seed)")
        #expect(world.disturbances() == [], "seed \(seed)")
        #expect(world.rig.reconciler.adoptions.isEmpty, "seed \(seed)")
        #expect(world.rig.reconciler.isSettled, "seed \(seed)")
    }
}
