// What goes wrong: in the kernel, on the wires, at the far ends, with the process and with the
// files. Each fault is one that operators have seen; which, when and how long follows from the
// seed.

import Control
import Net

extension World {
    /// Disturbs the world so many times in that time.
    public func disturb(_ count: Int, over duration: Duration) {
        isDisturbed = true
        if random.chance(1, in: 2) {
            weather.refusedSteps = random.pick([5, 30, 150]) ?? 0
            weather.lostEvents = random.pick([0, 20, 200]) ?? 0
            weather.interruptedDumps = random.pick([0, 100, 500]) ?? 0
        }
        let span = Int(duration.components.seconds) * 1000
        for _ in 0..<count {
            // Half of them come close behind others, where they meet what is under way.
            let at = Int.random(in: 0...span, using: &random)
            let time = random.chance(1, in: 2) ? at : at / 10_000 * 10_000
            after(.milliseconds(time)) { [unowned self] in
                if isDisturbed { disturb() }
            }
        }
        run(for: duration)
    }

    private func disturb() {
        guard let edge = random.pick(edges) else { return }
        switch Int.random(in: 0..<24, using: &random) {
        case 0...3: disturbSpeaker()
        case 4, 5: disturbWire()
        case 6, 7: disturbPort(edge)
        case 8...10: disturbProcess(edge)
        case 11...14: disturbFiles(edge)
        case 15...20: edge.disturbOurs()
        default: edge.disturbForeign()
        }
    }

    private func disturbSpeaker() {
        guard let speaker = random.pick(speakers.filter(\.settings.speaks)) else { return }
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            speaker.kill(silently: random.chance(1, in: 2))
            let pause = random.pick([1, 5, 40, 100]) ?? 5
            after(.seconds(pause)) { speaker.start() }
        case 1, 2:
            if let prefix = random.pick(speaker.announced.keys.sorted()) {
                note("\(speaker.name): withdraws \(prefix)")
                speaker.withdraw(prefix)
            }
        default:
            if let prefix = random.pick(prefixes(of: speaker)) {
                note("\(speaker.name): announces \(prefix)")
                speaker.announce(prefix, extra: randomLength(speaker))
            }
        }
    }

    /// How much longer a path is; mostly not at all where equal ones share the traffic.
    func randomLength(_ speaker: Speaker) -> Int {
        let length = Int.random(in: 0...2, using: &random)
        return plan.circuit(speaker.circuit)?.multipath ?? .off == .off ? length : length / 2
    }

    private func disturbWire() {
        guard let speaker = random.pick(speakers) else { return }
        note("\(speaker.name): wire is cut")
        speaker.wire.isCut = true
        after(.seconds(random.pick([1, 8, 50, 200]) ?? 8)) { [unowned self] in
            note("\(speaker.name): wire is whole")
            speaker.wire.isCut = false
        }
    }

    private func disturbPort(_ edge: Edge) {
        guard let port = random.pick(edge.foreign.ports.keys.sorted()) else { return }
        if random.chance(2, in: 3) {
            edge.plug(port, false)
            after(.milliseconds(random.pick([3, 200, 3000, 60_000]) ?? 200)) {
                edge.plug(port, true)
            }
            return
        }
        note("\(edge.name): somebody sets \(port) down")
        edge.interfere { kernel throws(KernelError) in
            guard let link = kernel.link(port) else { return }
            try kernel.interfere(.changeLink(link.index, LinkChange(isUp: false)))
        }
        // Whether that is what the port was like before us depends on the moment.
        edge.foreign.uncertain.insert(port)
    }

    private func disturbProcess(_ edge: Edge) {
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            note("\(edge.name): SIGTERM")
            edge.terminate()
        case 1, 2: edge.killSoon()
        default: edge.kill()
        }
        after(.milliseconds(random.pick([5, 300, 5000, 100_000]) ?? 300)) { edge.start() }
    }

    private func disturbFiles(_ edge: Edge) {
        var plan = plan
        guard let number = plan.circuits.indices.randomElement(using: &random) else { return }
        let name = plan.circuits[number].name
        let path = "circuits/\(name).yaml"
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            note("\(edge.name): \(path) is broken")
            edge.write(path, random.pick(["", "circuit: [", "circuit: \(name)\ntenant: nobody\n"]))
        case 1:
            let whole = edge.files[path] ?? []
            note("\(edge.name): \(path) is half written")
            edge.write(path, String(decoding: whole.prefix(whole.count / 2), as: UTF8.self))
        case 2:
            note("\(edge.name): \(path) is away for a while")
            edge.write(path, nil)
            after(.milliseconds(random.pick([500, 1900, 2500, 20_000]) ?? 500)) {
                [unowned self] in
                if isDisturbed { writeFiles() }
            }
        case 3:
            note("tenants' files are broken")
            for tenant in plan.tenants { edge.write("tenants/\(tenant.name).yaml", "tenant: [") }
        case 4:
            guard let key = random.pick(edge.secrets.keys.sorted()) else { return }
            note("\(edge.name): \(key) is missing or too open")
            let secret = edge.secrets[key]
            edge.writeKey(key, random.chance(1, in: 2) ? nil : Edge.Secret("x", isTooOpen: true))
            after(.seconds(20)) { edge.writeKey(key, secret) }
        case 5:
            note("\(name) is removed")
            let circuit = plan.circuits.remove(at: number)
            wish(plan)
            guard random.chance(2, in: 3) else { return }
            after(.seconds(random.pick([1, 5, 60]) ?? 5)) { [unowned self] in
                guard isDisturbed, self.plan.circuit(name) == nil else { return }
                note("\(name) is back")
                var plan = self.plan
                plan.circuits.append(circuit)
                wish(plan)
            }
        case 6:
            guard let link = plan.circuits[number].links.indices.first else { return }
            lastTag += 1
            let last = plan.circuits[number].links[link].tags.count - 1
            guard last >= 0 else { return }
            note("\(name) moves to tag \(lastTag)")
            plan.circuits[number].links[link].tags[last] = lastTag
            wish(plan)
        case 7:
            plan.circuits[number].advertise =
                random.pick([nil, ["10.20.0.0/16 upto 24"], ["10.0.0.0/8 upto 24"]]) ?? nil
            note("\(name) advertises \(plan.circuits[number].advertise ?? [])")
            wish(plan)
        case 8:
            plan.circuits[number].accept?.removeFirst()
            if plan.circuits[number].accept?.isEmpty ?? true {
                plan.circuits[number].accept = ["10.0.0.0/8 upto 24"]
            }
            note("\(name) accepts \(plan.circuits[number].accept ?? [])")
            wish(plan)
        case 9:
            guard let link = plan.circuits[number].links.indices.last else { return }
            plan.circuits[number].links[link].localPref = random.pick([nil, 10, 150, 300]) ?? nil
            note("\(name) has another preference")
            let multipath = plan.circuits[number].multipath
            if multipath != .off {
                plan.circuits[number].multipath = multipath == .links ? .circuits : .links
            }
            wish(plan)
        case 10:
            guard let tenant = plan.tenants.indices.randomElement(using: &random) else { return }
            if random.chance(1, in: 2), !plan.tenants[tenant].exchange.isEmpty {
                plan.tenants[tenant].exchange.removeFirst()
            } else {
                plan.tenants[tenant].networks = [("10.20.0.0/16", random.chance(1, in: 2))]
            }
            note("\(plan.tenants[tenant].name) changes")
            wish(plan)
        default:
            plan.circuits[number].holdTime = random.pick([9, 30, 60]) ?? 30
            plan.circuits[number].note = "n\(lastTag)"
            note("\(name) has another hold time")
            wish(plan)
        }
    }
}

extension Edge {
    /// Somebody changes or deletes something of ours.
    func disturbOurs() {
        let group = kernel.marks.linkGroup
        let links = kernel.allLinks.filter { $0.group == group }
        let routes = kernel.allRoutes.filter { $0.routeProtocol == kernel.marks.routeProtocol }
        let objects = kernel.allNextHops.filter {
            $0.routeProtocol == kernel.marks.routeProtocol
        }
        var step: Step?
        let link = world.random.pick(links)
        switch Int.random(in: 0..<8, using: &world.random) {
        case 0: step = link.map { .deleteLink($0.index) }
        case 1: step = link.map { .changeLink($0.index, LinkChange(isUp: false)) }
        case 2: step = link.map { .changeLink($0.index, LinkChange(mtu: 1300)) }
        case 3:
            step = link.map { .changeLink($0.index, LinkChange(master: InterfaceIndex.none)) }
        case 4:
            if let link, let address = world.random.pick(kernel.addresses(on: link.name)) {
                step = .deleteAddress(link.index, address.address)
            }
        case 5: step = world.random.pick(routes).map { .deleteRoute($0.key) }
        case 6: step = world.random.pick(objects).map { .deleteNextHop($0.nextHop.id) }
        default:
            if let link, let address = InterfaceAddress("203.0.113.9/28") {
                step = .addAddress(link.index, address)
            }
        }
        guard let step else { return }
        let isDone = interfere { kernel throws(KernelError) in try kernel.interfere(step) }
        world.note("\(name): somebody does \(step)\(isDone ? "" : ", in vain")")
    }

    /// Somebody adds something that is no business of ours.
    func disturbForeign() {
        serial += 1
        let text = "x\(serial)"
        guard let name = InterfaceName(text) else { return }
        switch Int.random(in: 0..<5, using: &world.random) {
        case 0:
            let isDone = interfere { kernel throws(KernelError) in
                try kernel.addDevice(name, kind: "dummy", isUp: true)
            }
            if isDone { foreign.links[name] = .other("dummy") }
        case 1:
            guard let port = world.random.pick(foreign.ports.keys.sorted()),
                let id = VLANID(rawValue: UInt16(3000 + serial))
            else { return }
            let tag = VLANTag(.dot1q, id)
            let isDone = interfere { kernel throws(KernelError) in
                guard let link = kernel.link(port) else { return }
                try kernel.interfere(
                    .createVLAN(name, parent: link.index, tag, mtu: nil))
            }
            if isDone { foreign.links[name] = .vlan(tag) }
        case 2:
            guard let port = world.random.pick(foreign.ports.keys.sorted()),
                let address = InterfaceAddress("203.0.113.\(serial % 200 + 20)/32")
            else { return }
            let isDone = interfere { kernel throws(KernelError) in
                guard let link = kernel.link(port) else { return }
                try kernel.interfere(.addAddress(link.index, address))
            }
            if isDone { foreign.addresses[port, default: []].insert(address) }
        case 3:
            let key = RouteKey(
                table: TableID(UInt32(1001 + serial % 2)),
                prefix: literal(Prefix("10.97.0.0/24"), ""), metric: UInt32(100 + serial))
            let isDone = interfere { kernel throws(KernelError) in
                try kernel.interfere(.putRoute(Route(key, .unreachable), replacing: false))
            }
            let route = kernel.allRoutes.first { $0.key == key }
            if isDone, let route { foreign.routes.append(route) }
        default:
            guard let device = foreign.links.keys.sorted().first,
                let index = kernel.link(device)?.index,
                let gateway = IPAddress("192.0.2.77")
            else { return }
            let id = NextHopID(UInt32(serial))
            let object = NextHop(id, .gateway(gateway, device: index, onlink: true))
            interfere { kernel throws(KernelError) in
                try kernel.interfere(.putNextHop(object, replacing: false))
            }
            if let now = kernel.nextHops[id], kernel.link(device)?.kind == .other("dummy") {
                foreign.nextHops.append(now)
            }
        }
        world.note("\(self.name): something foreign, \(text)")
    }
}
