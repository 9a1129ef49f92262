// A reconciler and a model kernel, joined as the worker and the event socket join them, with a
// clock that only moves when told. Each step is checked against the rules of ownership.

import Net
import Reconcile
import Simulation
import Testing

struct Rig {
    var kernel: ModelKernel
    var reconciler: Reconciler
    var now = Instant.zero
    /// The steps taken, in order.
    var steps: [Step] = []
    /// Devices of the host that steps may change, and addresses that they may not remove.
    var ports: Set<InterfaceName> = []
    var foreignAddresses: Set<InterfaceAddress> = []
    /// Nobody else changes anything: the rules of order can be checked at each step.
    var isAlone = false
    /// Events are read before outcomes, as a loop may do it; else after them.
    var readsEventsFirst = false
    /// What the daemon wrote down before its steps were taken.
    var written: [InterfaceName: Adoption] = [:]

    init(seed: UInt64 = 0, window: Int = 256, allowsDeletion: Bool = true) {
        kernel = ModelKernel(seed: seed)
        reconciler = Reconciler(window: window)
        reconciler.allowsDeletion = allowsDeletion
    }

    /// Hands over what the kernel has to say.
    mutating func listen() {
        for event in kernel.takeEvents() { reconciler.observed(event, at: now) }
        if reconciler.needsResync, let state = kernel.dump() {
            reconciler.resynced(state, at: now)
        }
    }

    /// One round: events, a batch, its outcomes. Says whether there was anything to do.
    @discardableResult
    mutating func round(limit: Int = 64, crashAfter: Int? = nil) -> Bool {
        listen()
        var batch: [(ticket: UInt64, step: Step)] = []
        reconciler.drain(limit: limit, at: now, into: &batch)
        written = reconciler.exportAdoptions()
        var outcomes: [StepOutcome] = []
        for (ticket, step) in batch.prefix(crashAfter ?? batch.count) {
            check(step)
            if isAlone { checkOrder(step) }
            steps.append(step)
            outcomes += kernel.execute([(ticket, step)])
        }
        if readsEventsFirst { listen() }
        for outcome in outcomes { reconciler.finished(outcome, at: now) }
        return !batch.isEmpty
    }

    /// Rounds and seconds until all is settled, or the seconds are over.
    mutating func settle(seconds: Int = 300) {
        for _ in 0..<seconds {
            var rounds = 0
            while round(), rounds < 200 { rounds += 1 }
            listen()
            if reconciler.isSettled { return }
            pass()
        }
    }

    mutating func pass(seconds: Int = 1) {
        for _ in 0..<seconds {
            now = now + .seconds(1)
            kernel.passSecond()
        }
    }

    /// The daemon dies and starts again with what it wrote down; `owners` as the files say.
    mutating func crash(allowsDeletion: Bool = true) {
        reconciler = Reconciler(adoptions: written)
        reconciler.allowsDeletion = allowsDeletion
        _ = kernel.takeEvents()
    }

    private func check(_ step: Step) {
        func owner(_ index: InterfaceIndex) -> ObservedLink? {
            kernel.allLinks.first { $0.index == index }
        }
        switch step {
        case .deleteLink(let index):
            if let link = owner(index) {
                #expect(link.group == kernel.marks.linkGroup, "deletes foreign \(link.name)")
            }
        case .changeLink(let index, _), .addAddress(let index, _):
            if let link = owner(index) {
                let isOurs = link.group == kernel.marks.linkGroup || ports.contains(link.name)
                #expect(isOurs, "changes foreign \(link.name)")
            }
        case .deleteAddress(_, let address):
            #expect(!foreignAddresses.contains(address), "removes foreign \(address)")
        default: break
        }
    }

    /// A VLAN of a tenant never stands outside its VRF where it could carry packets.
    private func checkOrder(_ step: Step) {
        let links = kernel.allLinks
        func misplaced(_ index: InterfaceIndex) -> InterfaceName? {
            guard let link = links.first(where: { $0.index == index }),
                let wanted = reconciler.desired.link(link.name), let master = wanted.master
            else { return nil }
            return kernel.link(master)?.index == link.master ? nil : link.name
        }
        switch step {
        case .deleteLink(let index):
            let users = links.filter { $0.master == index || $0.parent == index }
            #expect(users.map(\.name) == [], "deletes what is used")
        case .addAddress(let index, _):
            #expect(misplaced(index) == nil, "addressed outside its VRF")
        case .changeLink(let index, let change):
            let isCreated = links.contains {
                $0.index == index && $0.group == kernel.marks.linkGroup
            }
            guard isCreated else { return }
            if change.isUp == true { #expect(misplaced(index) == nil, "up outside its VRF") }
            if change.master == InterfaceIndex.none {
                #expect(
                    reconciler.desired.links.first { kernel.link($0.name)?.index == index }?.master
                        == nil, "released while its VRF is wanted")
            }
        default: break
        }
    }

    /// What is not as it should be, in words; empty is well.
    func differences() -> [String] {
        var found: [String] = []
        let marks = kernel.marks
        for wanted in reconciler.desired.links {
            guard let link = kernel.link(wanted.name) else {
                found.append("\(wanted.name) is missing")
                continue
            }
            let isPort = wanted.kind == .port
            if isPort == (link.group == marks.linkGroup) { found.append("\(wanted.name) group") }
            if !link.isUp { found.append("\(wanted.name) is down") }
            if let mtu = wanted.mtu, link.mtu != mtu { found.append("\(wanted.name) mtu") }
            if !isPort, link.alias != wanted.alias { found.append("\(wanted.name) alias") }
            let master = wanted.master.flatMap { kernel.link($0)?.index } ?? .none
            if !isPort || wanted.master != nil, link.master != master {
                found.append("\(wanted.name) master")
            }
            switch (wanted.kind, link.kind) {
            case (.vlan(let parent, let tag), .vlan(let other)):
                if tag != other || link.parent != kernel.link(parent)?.index {
                    found.append("\(wanted.name) tag")
                }
            case (.vrf(let table), .vrf(let other)):
                if table != other { found.append("\(wanted.name) table") }
            case (.port, _), (.placeholder, .other): break
            default: found.append("\(wanted.name) kind")
            }
        }
        for link in kernel.allLinks where link.group == marks.linkGroup {
            if reconciler.desired.link(link.name) == nil { found.append("\(link.name) is left") }
        }
        for key in reconciler.desired.keys {
            guard case .address(let name, let address) = key else { continue }
            if !kernel.addresses(on: name).contains(where: { $0.address == address }) {
                found.append("\(address) on \(name) is missing")
            }
        }
        for link in kernel.allLinks where link.group == marks.linkGroup {
            for address in kernel.addresses(on: link.name)
            where !reconciler.desired.wants(address.address, on: link.name) {
                found.append("\(address.address) on \(link.name) is left")
            }
        }
        return found
    }
}

/// A literal for tests; a spelling that is refused is a fault of the test.
func name(_ text: String) -> InterfaceName {
    guard let name = InterfaceName(text) else { preconditionFailure("bad name \(text)") }
    return name
}

func address(_ text: String) -> InterfaceAddress {
    guard let address = InterfaceAddress(text) else { preconditionFailure("bad address \(text)") }
    return address
}

func tag(_ id: UInt16, _ tagProtocol: TagProtocol = .dot1q) -> VLANTag {
    guard let id = VLANID(rawValue: id) else { preconditionFailure("bad VLAN \(id)") }
    return VLANTag(tagProtocol, id)
}

func port(_ text: String, master: String? = nil, mtu: UInt32? = nil) -> Link {
    Link(name: name(text), kind: .port, master: master.map(name), mtu: mtu)
}

func vlan(
    _ text: String, on parent: String, _ id: UInt16, master: String? = nil, mtu: UInt32? = nil
) -> Link {
    Link(
        name: name(text), kind: .vlan(parent: name(parent), tag: tag(id)),
        master: master.map(name), mtu: mtu, alias: "circuitd:\(text)")
}

func vrf(_ text: String, _ table: UInt32) -> Link {
    Link(name: name(text), kind: .vrf(table: TableID(table)), alias: "circuitd:\(text)")
}

/// Whether a round of the rig does anything.
func acts(_ rig: inout Rig) -> Bool { rig.round() }
