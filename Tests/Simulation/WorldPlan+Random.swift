// Random wishes: a few tenants, some with the same addresses, with circuits of every shape, small
// enough that a hundred worlds are lived through in a minute.

import Net

extension WorldPlan {
    /// Wishes that follow from chance alone, and no two of which conflict.
    public static func random(_ random: inout SeededGenerator) -> WorldPlan {
        var plan = WorldPlan()
        let names = random.chance(1, in: 3) ? ["ord1", "ord2"] : ["ord1"]
        for (position, name) in names.enumerated() {
            let ports = (0..<Int.random(in: 1...3, using: &random)).map { number in
                Port(
                    name: "p\(number)", device: "eth\(number)",
                    mtu: random.pick([nil, nil, 1500, 9000]) ?? nil,
                    hasServiceTags: random.chance(1, in: 3))
            }
            plan.edges.append(
                EdgePlan(
                    name: name, ports: ports,
                    routerID: RouterID(raw: 0xCB00_7101 + UInt32(position))))
        }
        var wires = WireBook()
        for number in 0..<Int.random(in: 1...3, using: &random) {
            var tenant = TenantPlan(
                name: "t\(number)", table: number == 2 ? nil : 1001 + UInt32(number))
            // The first two tenants have the same addresses, always.
            tenant.networks = [("10.20.0.0/16", random.chance(1, in: 3))]
            if random.chance(1, in: 2) { tenant.networks.append(("fd20::/32", true)) }
            let first = plan.circuits.count
            for serial in 0..<Int.random(in: 1...3, using: &random) {
                plan.circuits.append(
                    plan.circuit(tenant.name, number, serial, &wires, &random))
            }
            let own = plan.circuits[first...].map(\.name)
            for from in own {
                for to in own where from != to && random.chance(1, in: 2) {
                    let choices: [[String]?] = [
                        nil, ["10.20.0.0/16 upto 24"], ["10.0.0.0/8 upto 24", "fd00::/8 upto 64"],
                    ]
                    tenant.exchange.append((from, to, random.pick(choices) ?? nil))
                }
            }
            plan.tenants.append(tenant)
        }
        plan.shareTraffic(random)
        return plan
    }

    /// Half of the worlds have circuits that share traffic. The chances are drawn apart, so that
    /// the others are what they were.
    private mutating func shareTraffic(_ random: SeededGenerator) {
        var now = random
        var own = SeededGenerator(seed: now.next() ^ 0x6D75_6C74_6970_6174)
        guard own.chance(1, in: 2) else { return }
        for index in circuits.indices where !circuits[index].isStatic {
            circuits[index].multipath = own.pick([.off, .links, .circuits, .circuits]) ?? .off
            guard circuits[index].multipath != .off else { continue }
            // With one preference more of their paths are equal.
            for place in circuits[index].links.indices where own.chance(5, in: 6) {
                circuits[index].links[place].localPref = nil
            }
        }
    }

    /// What is taken on ports and in address spaces.
    struct WireBook {
        var nextTag: UInt16 = 100
        var untagged: Set<String> = []
        var subnets: [String: UInt32] = [:]
        var circuits = 0
    }

    private func circuit(
        _ tenant: String, _ tenantNumber: Int, _ serial: Int, _ wires: inout WireBook,
        _ random: inout SeededGenerator
    ) -> CircuitPlan {
        wires.circuits += 1
        let isInside = serial == 0
        let isStatic = !isInside && random.chance(1, in: 5)
        var circuit = CircuitPlan(name: "\(tenant)-c\(serial)", tenant: tenant)
        circuit.provider =
            isInside ? "inside" : random.pick(["dedicated", "cloud-exchange"]) ?? "dedicated"
        circuit.peerASN = ASN(65001 + UInt32(wires.circuits))
        circuit.holdTime = random.pick([9, 30, 90]) ?? 30
        circuit.hasGracefulRestart = random.chance(2, in: 3)
        if isInside {
            circuit.accept = ["10.20.0.0/16 upto 24", "fd20::/32 upto 64"]
        } else {
            circuit.accept = [
                "10.\(30 + serial).0.0/16 upto 30", "10.99.0.0/16 upto 24",
                "fd\(30 + serial)::/32 upto 64",
            ]
        }
        if random.chance(1, in: 8) { circuit.accept = nil }
        circuit.advertise =
            random.pick([
                nil, ["10.20.0.0/16 upto 24", "fd20::/32 upto 64"],
                ["10.0.0.0/8 upto 24", "fd00::/8 upto 64"],
            ]) ?? nil
        if isStatic { circuit.routes = ["172.16.\(serial).0/24", "10.99.\(serial).0/24"] }
        let count = Int.random(in: 1...2, using: &random)
        for number in 0..<count {
            guard let edge = random.pick(edges), let port = random.pick(edge.ports) else {
                continue
            }
            circuit.links.append(
                link(
                    "l\(number)", edge.name, port, tenantNumber, serial, isStatic, &wires, &random))
        }
        return circuit
    }

    private func link(
        _ role: String, _ edge: String, _ port: Port, _ tenant: Int, _ serial: Int,
        _ isStatic: Bool, _ wires: inout WireBook, _ random: inout SeededGenerator
    ) -> LinkPlan {
        let tags: [UInt16]
        wires.nextTag += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0 where wires.untagged.insert("\(edge)/\(port.name)").inserted: tags = []
        case 1...3: tags = [2000 + UInt16.random(in: 0...1, using: &random), wires.nextTag]
        default: tags = [wires.nextTag]
        }
        var link = LinkPlan(role: role, edge: edge, port: port.name, tags: tags, ends: [])
        // Each tenant counts its subnets from the same first one.
        let subnet = wires.subnets["\(tenant)", default: 0]
        wires.subnets["\(tenant)"] = subnet + 1
        let isInner = random.chance(1, in: 4)
        let base =
            isInner ? "10.\(30 + serial).255.\(subnet * 4)" : "169.254.\(tenant).\(subnet * 4)"
        let network = literal(IPv4Address(base), base)
        let ours = IPv4Address(raw: network.raw + 1)
        let theirs = IPv4Address(raw: network.raw + 2)
        let has6 = random.chance(1, in: 3)
        if isStatic || !has6 || random.chance(2, in: 3) {
            link.ends.append(EndPlan(ours: "\(ours)/30", theirs: "\(theirs)"))
        }
        if has6 {
            let stem = "fdaa:\(tenant):0:\(subnet + 1)"
            link.ends.append(EndPlan(ours: "\(stem)::1/126", theirs: "\(stem)::2"))
        }
        link.localPref = random.pick([nil, nil, 50, 200]) ?? nil
        if !tags.isEmpty, random.chance(1, in: 4) { link.mtu = random.pick([1400, 1500]) }
        if random.chance(1, in: 6), !isStatic { link.key = "keys/k\(wires.nextTag)" }
        link.isPassive = random.chance(1, in: 6)
        return link
    }
}
