// A world from a plan: hosts with their ports, far ends with what they announce, files in their
// directories. And its course: disturbed for a while, healed, and looked at.

import Control
public import Net

extension World {
    /// Puts up everything that a plan speaks of, with far ends that announce something, and
    /// starts it.
    public func build(_ plan: WorldPlan) {
        addHosts(plan)
        for circuit in plan.circuits {
            for link in circuit.links { addFarEnds(circuit, link, plan) }
        }
        wish(plan)
        start()
    }

    /// Puts up everything that a plan speaks of, with far ends that announce nothing and all
    /// restart gracefully, or none.
    public func prepare(_ plan: WorldPlan, restartTime: UInt16?) {
        addHosts(plan)
        for circuit in plan.circuits {
            for link in circuit.links {
                guard let wire = wire(link, plan) else { continue }
                for end in link.ends {
                    var settings = settings(circuit, end)
                    settings.restartTime = restartTime
                    addSpeaker(
                        "\(circuit.name)/\(link.role)/\(end.peer.family)", circuit: circuit.name,
                        settings, on: wire)
                }
            }
        }
        wish(plan)
    }

    /// Starts everything.
    public func start() {
        for speaker in speakers { speaker.start() }
        for edge in edges { edge.start() }
    }

    private func addHosts(_ plan: WorldPlan) {
        for wish in plan.edges {
            let edge = addEdge(wish.name)
            for port in wish.ports {
                edge.addPort(literal(InterfaceName(port.device), port.device))
            }
        }
    }

    private func wire(_ link: WorldPlan.LinkPlan, _ plan: WorldPlan) -> Wire? {
        guard let edge = edge(link.edge),
            let port = plan.edge(link.edge)?.ports.first(where: { $0.name == link.port })
        else { return nil }
        return Wire(edge, literal(InterfaceName(port.device), port.device), plan.tags(link))
    }

    private func settings(
        _ circuit: WorldPlan.CircuitPlan, _ end: WorldPlan.EndPlan
    ) -> SpeakerSettings {
        var settings = SpeakerSettings(
            address: end.peer, edgeAddress: end.address.address, asn: circuit.peerASN,
            edgeASN: WorldPlan.asn, id: RouterID(raw: 0x0A00_0001 + UInt32(speakers.count)))
        settings.speaks = !circuit.isStatic
        return settings
    }

    private func addFarEnds(
        _ circuit: WorldPlan.CircuitPlan, _ link: WorldPlan.LinkPlan, _ plan: WorldPlan
    ) {
        guard let edge = edge(link.edge), let wire = wire(link, plan) else { return }
        if let key = link.key { edge.writeKey(key, Edge.Secret("secret-\(key.count)-\(key)")) }
        for end in link.ends {
            var settings = settings(circuit, end)
            settings.isPassive = !link.isPassive && random.chance(1, in: 4)
            settings.restartTime = random.chance(1, in: 2) ? 60 : nil
            settings.holdTime = random.pick([9, 30, 90]) ?? 30
            settings.secret = link.key.flatMap { edge.secrets[$0]?.text }
            let speaker = addSpeaker(
                "\(circuit.name)/\(link.role)/\(end.peer.family)", circuit: circuit.name,
                settings, on: wire)
            if circuit.isStatic {
                for route in circuit.routes { speaker.announce(literal(Prefix(route), route)) }
            } else {
                for prefix in prefixes(of: speaker) where random.chance(1, in: 2) {
                    speaker.announce(prefix, extra: randomLength(speaker))
                }
            }
        }
    }

    /// What a far end may announce: its circuit's own, what several announce, and what nobody
    /// should take from it.
    func prefixes(of speaker: Speaker) -> [Prefix] {
        let serial = Int(speaker.circuit.split(separator: "c").last ?? "0") ?? 0
        var texts: [String]
        switch speaker.address.family {
        case .ipv4:
            texts = serial == 0 ? (0..<3).map { "10.20.\($0).0/24" } : []
            texts += (0..<3).map { "10.\(30 + serial).\($0).0/24" }
            texts += ["10.\(30 + serial).0.0/16", "10.99.0.0/24", "10.99.1.0/24", "10.99.0.0/16"]
            texts += ["192.168.\(serial).0/24", "10.\(30 + serial).9.0/32", "169.254.0.0/24"]
            texts += ["10.\(30 + serial).255.0/30", "0.0.0.0/0"]
        case .ipv6:
            texts = serial == 0 ? ["fd20:0:1::/48", "fd20:0:2::/64"] : []
            texts += ["fd\(30 + serial):0:1::/48", "fd\(30 + serial):0:1:2::/64", "2001:db8::/32"]
        }
        return texts.map { literal(Prefix($0), $0) }
    }

    /// Other wishes from now on: every file that differs is written, every far end moves along.
    public func wish(_ plan: WorldPlan) {
        self.plan = plan
        plans.append(plan)
        for circuit in plan.circuits {
            for link in circuit.links {
                for speaker in speakers(of: circuit, link) { speaker.wire.tags = plan.tags(link) }
            }
        }
        writeFiles()
    }

    /// Every edge's directory is as the plan says.
    public func writeFiles() {
        for wish in plan.edges {
            guard let edge = edge(wish.name) else { continue }
            let files = plan.files(for: wish)
            for path in Set(edge.files.keys).union(files.keys).sorted() {
                edge.write(path, files[path])
            }
        }
    }

    /// Ends every fault, and lets so much time pass that nothing may be left of any.
    public func heal(for duration: Duration = .seconds(400)) {
        note("--- healed")
        weather = Weather()
        isDisturbed = false
        for edge in edges {
            edge.effectsLeft = nil
            edge.kernel.interruptedDumps = 0
            for port in edge.unplugged.sorted() {
                edge.plug(literal(InterfaceName(port), port), true)
            }
            for key in edge.secrets.keys.sorted() {
                edge.writeKey(key, Edge.Secret("secret-\(key.count)-\(key)"))
            }
        }
        for speaker in speakers {
            speaker.wire.isCut = false
            speaker.start()
        }
        writeFiles()
        for edge in edges { edge.start() }
        run(for: .seconds(10))
        for edge in edges { edge.ask(.confirm) }
        run(for: duration)
    }

    /// Removes every file and lets it happen.
    public func removeFiles() {
        note("--- all files are removed")
        for edge in edges {
            for path in edge.files.keys.sorted() { edge.write(path, nil) }
        }
        run(for: .seconds(10))
        for edge in edges { edge.ask(.confirm) }
        run(for: .seconds(120))
    }
}

extension Edge {
    /// Adds a device to the host that the plan may use as a port.
    public func addPort(_ port: InterfaceName) {
        let isUp = world.random.chance(1, in: 2)
        let mtu: UInt32 = world.random.chance(1, in: 3) ? 9000 : 1500
        do throws(KernelError) {
            try kernel.addDevice(port, mtu: mtu, isUp: isUp)
        } catch {
            preconditionFailure("a new port is refused: \(error)")
        }
        if world.random.chance(1, in: 4), let address = InterfaceAddress("198.51.100.1/24") {
            interfere { kernel throws(KernelError) in
                guard let link = kernel.link(port) else { return }
                try kernel.interfere(.addAddress(link.index, address))
            }
            foreign.addresses[port] = [address]
        }
        foreign.ports[port] = kernel.link(port)
    }

    /// Plugs a port's cable in or out.
    public func plug(_ port: InterfaceName, _ isPlugged: Bool) {
        world.note("\(name): cable of \(port) is \(isPlugged ? "in" : "out")")
        kernel.setCable(port, isPlugged)
        if isPlugged { unplugged.remove("\(port)") } else { unplugged.insert("\(port)") }
        kernelChanged()
    }

    /// Somebody else does something to the kernel; what the kernel refuses does not happen.
    @discardableResult
    public func interfere(_ body: (inout ModelKernel) throws(KernelError) -> Void) -> Bool {
        do throws(KernelError) {
            try body(&kernel)
            kernelChanged()
            return true
        } catch {
            kernelChanged()
            return false
        }
    }
}
