// A model of the Linux kernel as far as circuitd touches it: the rules measured on 6.1 and 6.18,
// with the kernel's own refusals, its silent losses and its late carriers. Everything follows
// from the calls made on it; nothing is random but what a seeded fault plan asks for.
//
// ModelKernel+Links, +Addresses, +NextHops and +Routes hold the rules of each kind of object,
// +Foreign what others do on the same host, +Forwarding what becomes of a packet.

public import Net

/// A kernel in one network namespace.
public struct ModelKernel: Sendable {
    /// A device with what only the kernel knows of it.
    struct Device: Sendable {
        var link: ObservedLink
        /// The cable: what carrier follows while the device is up. VLANs follow their parent.
        var hasCable = true
        var addresses: [ObservedAddress] = []
        /// `mcast_probes 0`: unresolved packets drop at once.
        var isSilenced = false
    }

    /// A route of anybody.
    public struct TableRoute: Hashable, Sendable {
        /// Table, prefix, metric.
        public var key: RouteKey
        /// Where it leads; nil for a gateway route of somebody else.
        public var target: Route.Target?
        /// The device of a gateway route.
        public var device: InterfaceIndex
        /// The gateway of a gateway route.
        public var gateway: IPAddress?
        /// Whose it is.
        public var routeProtocol: UInt8
    }

    /// How objects of ours are marked.
    public let marks: KernelMarks
    /// Host settings that dumps report.
    public var settings = HostSettings()
    /// Dumps that are yet to be interrupted (answered by nil).
    public var interruptedDumps = 0
    /// IPv6 addresses that another host on the wire holds.
    public var duplicates: Set<IPAddress> = []
    /// Steps refused by chance: how many in a thousand.
    public var faultsPerMille = 0

    var faults: SeededGenerator
    var devices: [InterfaceIndex: Device] = [:]
    var names: [InterfaceName: InterfaceIndex] = [:]
    var nextIndex: Int32 = 1
    var nextHops: [NextHopID: ObservedNextHop] = [:]
    var routes: [TableID: [Prefix: [TableRoute]]] = [:]
    var neighbours: Set<Neighbour> = []
    var events: [KernelEvent] = []
    var isLosing = false
    /// Devices whose carrier changed below them, oldest first: linkwatch has yet to come by.
    var lateCarriers: [InterfaceIndex] = []

    /// An empty kernel; `seed` decides injected faults.
    public init(marks: KernelMarks = KernelMarks(), seed: UInt64 = 0) {
        self.marks = marks
        faults = SeededGenerator(seed: seed)
    }

    /// Takes a step as the worker would ask for it.
    public mutating func apply(_ step: Step) throws(KernelError) {
        if faultsPerMille > 0, faults.chance(faultsPerMille, in: 1000) {
            throw KernelError(code: 12, text: "Cannot allocate memory")
        }
        switch step {
        case .createVLAN(let name, let parent, let tag, let mtu):
            try createVLAN(name, parent: parent, tag, mtu: mtu, group: marks.linkGroup)
        case .createVRF(let name, let table):
            try createVRF(name, table, group: marks.linkGroup)
        case .createPlaceholder(let name):
            try createDevice(name, "dummy", group: marks.linkGroup)
        case .changeLink(let index, let change): try changeLink(index, change)
        case .deleteLink(let index): try deleteLink(index)
        case .addAddress(let index, let address): try addAddress(index, address)
        case .deleteAddress(let index, let address): try deleteAddress(index, address)
        case .silenceNeighbours(let index):
            guard devices[index] != nil else { throw .noDevice }
            devices[index]?.isSilenced = true
        case .putNeighbour(let neighbour):
            guard let device = devices[neighbour.link] else { throw .noDevice }
            guard device.link.isUp else { throw KernelError(code: 100, text: "Network is down") }
            neighbours.insert(neighbour)
        case .putNextHop(let nextHop, let replacing):
            try putNextHop(
                nextHop, replacing: replacing, routeProtocol: marks.routeProtocol)
        case .deleteNextHop(let id): try deleteNextHop(id, isOurs: true)
        case .putRoute(let route, let replacing):
            try putRoute(
                TableRoute(
                    key: route.key, target: route.target, device: .none, gateway: nil,
                    routeProtocol: marks.routeProtocol),
                replacing: replacing)
        case .deleteRoute(let key): try deleteRoute(key, routeProtocol: marks.routeProtocol)
        }
    }

    /// Takes a batch, each step whatever became of the one before.
    public mutating func execute(_ batch: [(ticket: UInt64, step: Step)]) -> [StepOutcome] {
        batch.map { ticket, step in
            do throws(KernelError) {
                try apply(step)
                return StepOutcome(ticket: ticket, step: step)
            } catch {
                return StepOutcome(ticket: ticket, step: step, error: error)
            }
        }
    }

    /// A complete dump, or nil when it was interrupted and has to be asked for again.
    public mutating func dump() -> KernelState? {
        if interruptedDumps > 0 {
            interruptedDumps -= 1
            return nil
        }
        let ordered = devices.values.sorted { $0.link.index < $1.link.index }
        return KernelState(
            links: ordered.map(\.link), addresses: ordered.flatMap(\.addresses),
            routes: allRoutes.compactMap { route in
                guard route.routeProtocol == marks.routeProtocol else { return nil }
                return route.target.map { Route(route.key, $0) }
            },
            nextHops: nextHops.values.sorted { $0.nextHop.id < $1.nextHop.id },
            settings: settings)
    }

    /// The events since the last call, in order.
    public mutating func takeEvents() -> [KernelEvent] {
        defer { events.removeAll(keepingCapacity: true) }
        isLosing = false
        return events
    }

    /// The receive buffer overflows: what was not read is lost, and so is what comes before the
    /// next read.
    public mutating func loseEvents() {
        events = [.overflow]
        isLosing = true
    }

    /// A second passes: linkwatch serves up to 100 devices, duplicate address detection ends.
    public mutating func passSecond() {
        let served = lateCarriers.prefix(100)
        lateCarriers.removeFirst(served.count)
        for index in served { followCarrier(index) }
        finishDetection()
    }

    /// All routes of everybody, in order.
    public var allRoutes: [TableRoute] {
        routes.keys.sorted().flatMap { table -> [TableRoute] in
            let prefixes = routes[table] ?? [:]
            return prefixes.keys.sorted().flatMap { prefixes[$0] ?? [] }
        }
    }

    /// All nexthop objects of everybody, in order.
    public var allNextHops: [ObservedNextHop] {
        nextHops.values.sorted { $0.nextHop.id < $1.nextHop.id }
    }

    /// All devices of everybody, in the order of their numbers.
    public var allLinks: [ObservedLink] {
        devices.values.map(\.link).sorted { $0.index < $1.index }
    }

    /// The device of that name.
    public func link(_ name: InterfaceName) -> ObservedLink? {
        names[name].flatMap { devices[$0]?.link }
    }

    /// The addresses of a device but the link-local one that the kernel makes, in order.
    public func addresses(on name: InterfaceName) -> [ObservedAddress] {
        (names[name].flatMap { devices[$0]?.addresses } ?? [])
            .filter { $0.address != linkLocal($0.link) }
            .sorted { $0.address < $1.address }
    }

    mutating func tell(_ event: KernelEvent) {
        if !isLosing { events.append(event) }
    }

    mutating func tellLink(_ index: InterfaceIndex) {
        if let link = devices[index]?.link { tell(.link(link)) }
    }
}

extension KernelError {
    static let noDevice = KernelError(code: 19, text: "No such device")
    static let exists = KernelError(code: 17, text: "File exists")
    static func invalid(_ text: String) -> KernelError { KernelError(code: 22, text: text) }
}
