// What the tests of routing share: short ways to say prefixes and attributes, a seeded generator,
// and a tiny model of the kernel that obeys the rules nexthop objects have there.

import BGP
import Net
import Testing

@testable import Routing

/// SplitMix64: the same numbers for the same seed, on every machine.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

func prefix(_ text: String) -> Prefix {
    guard let prefix = Prefix(text) else { preconditionFailure("no prefix: \(text)") }
    return prefix
}

func prefix4(_ text: String) -> Prefix4 {
    guard let prefix = Prefix4(prefix(text)) else { preconditionFailure("no IPv4: \(text)") }
    return prefix
}

func address(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
    return address
}

func filter(_ rules: String...) -> PrefixFilter {
    PrefixFilter(
        rules.map { text in
            guard let rule = PrefixRule(text) else { preconditionFailure("no rule: \(text)") }
            return rule
        })
}

func attributes(
    _ path: [UInt32] = [65001], origin: Origin = .igp, med: UInt32? = nil,
    localPref: UInt32? = nil, communities: [Community] = []
) -> [UInt8] {
    var value = PathAttributes(origin: origin, asPath: ASPath(path.map { ASN($0) }))
    value.med = med
    value.localPref = localPref
    value.communities = communities
    return value.canonical()
}

let everything = filter("0.0.0.0/0 upto 32", "::/0 upto 128")

/// The kernel as far as routes and nexthop objects go.
struct ModelKernel {
    static let ours: UInt8 = 67

    var nextHops: [NextHopID: ObservedNextHop] = [:]
    var routes: [RouteKey: Route.Target] = [:]
    var foreignRoutes: Set<RouteKey> = []
    var downDevices: Set<InterfaceIndex> = []
    /// A replace makes what is not there (`NLM_F_CREATE` beside `NLM_F_REPLACE`).
    var replaceCreates = false
    /// What must never happen.
    var violations: [String] = []
    /// Every step that arrived, refused ones too.
    var log: [Step] = []

    mutating func apply(_ step: Step) -> KernelError? {
        log.append(step)
        switch step {
        case .putNextHop(let object, let replacing): return put(object, replacing)
        case .deleteNextHop(let id): return delete(id)
        case .putRoute(let route, let replacing): return put(route, replacing)
        case .deleteRoute(let key):
            return routes.removeValue(forKey: key) == nil
                ? KernelError(code: 3, text: "No such process") : nil
        case .putNeighbour: return nil
        default:
            violations.append("not a step of routing: \(step)")
            return nil
        }
    }

    private mutating func put(_ object: NextHop, _ replacing: Bool) -> KernelError? {
        if let known = nextHops[object.id] {
            if !replacing { return KernelError(code: 17, text: "File exists") }
            if known.routeProtocol != Self.ours { violations.append("took over \(object.id)") }
        } else if replacing, !replaceCreates {
            return KernelError(code: 2, text: "No such file or directory")
        }
        switch object.content {
        case .gateway(_, let device, _):
            if downDevices.contains(device) {
                return KernelError(code: 100, text: "Carrier for nexthop device is down.")
            }
        case .group(let members):
            if members.isEmpty { violations.append("empty group \(object.id)") }
            for member in members where nextHops[member.id] == nil {
                return KernelError(code: 22, text: "Invalid nexthop id.")
            }
        }
        nextHops[object.id] = ObservedNextHop(object, routeProtocol: Self.ours)
        return nil
    }

    private mutating func put(_ route: Route, _ replacing: Bool) -> KernelError? {
        if case .nextHop(let id) = route.target, nextHops[id] == nil {
            return KernelError(code: 22, text: "Nexthop id does not exist.")
        }
        if !replacing, routes[route.key] != nil || foreignRoutes.contains(route.key) {
            return KernelError(code: 17, text: "File exists")
        }
        if replacing, routes[route.key] == nil, foreignRoutes.contains(route.key) {
            violations.append("replaced a foreign route at \(route.key)")
        }
        routes[route.key] = route.target
        return nil
    }

    private mutating func delete(_ id: NextHopID) -> KernelError? {
        guard let object = nextHops[id] else {
            return KernelError(code: 2, text: "No such file or directory")
        }
        if object.routeProtocol != Self.ours { violations.append("deleted foreign \(id)") }
        if routes.values.contains(.nextHop(id)) { violations.append("deleted \(id) under routes") }
        drop(id)
        return nil
    }

    /// Removes an object as the kernel does: groups shrink, empty ones go with their routes.
    mutating func drop(_ id: NextHopID) {
        nextHops[id] = nil
        routes = routes.filter { $0.value != .nextHop(id) }
        for (group, object) in nextHops {
            guard case .group(let members) = object.nextHop.content,
                members.contains(where: { $0.id == id })
            else { continue }
            let rest = members.filter { $0.id != id }
            if rest.isEmpty {
                drop(group)
            } else {
                nextHops[group] = ObservedNextHop(
                    NextHop(group, .group(rest)), routeProtocol: object.routeProtocol)
            }
        }
    }

    /// Carrier loss: the objects on the device go, and nobody is told.
    mutating func lose(_ device: InterfaceIndex) {
        downDevices.insert(device)
        for (id, object) in nextHops {
            if case .gateway(_, device, _) = object.nextHop.content { drop(id) }
        }
    }

    mutating func addPlaceholders() {
        for (id, address) in [
            (RIB.placeholder4, address("192.0.2.1")), (RIB.placeholder6, address("fe80::1")),
        ] {
            nextHops[id] = ObservedNextHop(
                NextHop(id, .gateway(address, device: InterfaceIndex(99), onlink: true)),
                routeProtocol: Self.ours)
        }
    }

    /// Where packets of a route go; nil for nowhere.
    func gateway(_ key: RouteKey) -> GatewayID? {
        guard case .nextHop(let id)? = routes[key], let object = nextHops[id],
            case .group(let members) = object.nextHop.content
        else { return nil }
        for member in members
        where member.id != RIB.placeholder4 && member.id != RIB.placeholder6 {
            if case .gateway(let address, let device, _)? = nextHops[member.id]?.nextHop.content {
                return GatewayID(device, address)
            }
        }
        return nil
    }

    /// Where packets of a route may go.
    func gateways(_ key: RouteKey) -> Set<GatewayID> {
        guard case .nextHop(let id)? = routes[key], let object = nextHops[id],
            case .group(let members) = object.nextHop.content
        else { return [] }
        return Set(
            members.compactMap { member in
                guard member.id != RIB.placeholder4, member.id != RIB.placeholder6,
                    case .gateway(let address, let device, _)? =
                        nextHops[member.id]?.nextHop.content
                else { return nil }
                return GatewayID(device, address)
            })
    }

    var dump: KernelState {
        KernelState(
            routes: routes.map { Route($0.key, $0.value) }, nextHops: Array(nextHops.values))
    }
}

/// A RIB with its kernel and a clock.
struct Bench {
    var rib = RIB(seed: 7)
    var kernel = ModelKernel()
    var now = Instant.zero
    /// The chance of a refusal out of the blue, in percent.
    var refusals = 0
    var random = Seeded(1)
    /// Steps that the worker has not come to.
    var wire: [StepRequest] = []

    init(hasPlaceholders: Bool = true) {
        guard hasPlaceholders else { return }
        kernel.addPlaceholders()
        rib.setPlaceholder(.ipv4, RIB.placeholder4)
        rib.setPlaceholder(.ipv6, RIB.placeholder6)
    }

    /// One batch to the kernel and back.
    @discardableResult
    mutating func turn(limit: Int = 64) -> Int {
        let count = ask(limit: limit)
        work(.max)
        return count
    }

    /// Hands steps to the worker.
    @discardableResult
    mutating func ask(limit: Int) -> Int {
        let count = wire.count
        rib.drain(into: &wire, limit: limit, at: now)
        return wire.count - count
    }

    /// The worker carries out some steps, in order.
    mutating func work(_ count: Int) {
        let batch = wire.prefix(count)
        wire.removeFirst(batch.count)
        for request in batch {
            var error: KernelError?
            if refusals > 0, Int.random(in: 0..<100, using: &random) < refusals {
                error = KernelError(code: 12, text: "Cannot allocate memory")
            } else {
                error = kernel.apply(request.step)
            }
            rib.finished(request.ticket, error: error, at: now)
        }
    }

    /// Until nothing is to be done, time included; that it does not come is a failure.
    mutating func settle(limit: Int = 64, patience: Int = 10_000) {
        for _ in 0..<patience {
            if turn(limit: limit) > 0 || rib.hasSteps { continue }
            guard let next = rib.nextDeadline, next - now < .seconds(25) else {
                for violation in kernel.violations { Issue.record("\(violation)") }
                return
            }
            now = max(next, now)
        }
        Issue.record("it never comes to rest")
    }

    /// The steps since the last call, neighbours left out.
    mutating func steps() -> [Step] {
        defer { kernel.log = [] }
        return kernel.log.filter { if case .putNeighbour = $0 { false } else { true } }
    }

    /// A session on a device of its own: 10.255.N.2 on device N.
    mutating func peer(
        _ number: UInt8, space: SpaceID = .main, circuit: UInt32? = nil,
        kind: SourceSettings.Kind = .external, policy: ImportPolicy? = nil
    ) -> SourceID {
        let gateway = Bench.gateway(number)
        return rib.addSource(
            SourceSettings(
                space: space, circuit: circuit ?? UInt32(number), kind: kind,
                peer: gateway.address, routerID: RouterID(10, 255, number, 2),
                peerASN: ASN(65000 + UInt32(number)), localASN: ASN(64600),
                gateways: [gateway, Bench.gateway6(number)],
                subnets: [
                    Prefix(gateway.address, length: 24),
                    Prefix(Bench.gateway6(number).address, length: 64),
                ],
                locals: [.v4(IPv4Address(10, 255, number, 1))],
                policy: policy ?? ImportPolicy(accept: everything, acceptsDefault: true)))
    }

    static func gateway(_ number: UInt8) -> GatewayID {
        GatewayID(InterfaceIndex(Int32(number)), .v4(IPv4Address(10, 255, number, 2)))
    }

    static func gateway6(_ number: UInt8) -> GatewayID {
        GatewayID(
            InterfaceIndex(Int32(number)),
            .v6(IPv6Address(high: 0x2001_0db8_0000_0000 | UInt64(number), low: 2)))
    }

    mutating func up(_ numbers: UInt8...) {
        for number in numbers {
            rib.setGateway(Bench.gateway(number), isUsable: true, at: now)
            rib.setGateway(Bench.gateway6(number), isUsable: true, at: now)
        }
    }

    mutating func down(_ number: UInt8) {
        rib.setGateway(Bench.gateway(number), isUsable: false, at: now)
        rib.setGateway(Bench.gateway6(number), isUsable: false, at: now)
    }

    /// Carrier loss, as the kernel does it and as we hear of it.
    mutating func cut(_ number: UInt8) {
        kernel.lose(InterfaceIndex(Int32(number)))
        rib.deviceLost(InterfaceIndex(Int32(number)), at: now)
    }

    mutating func mend(_ number: UInt8) {
        kernel.downDevices.remove(InterfaceIndex(Int32(number)))
        rib.deviceBack(InterfaceIndex(Int32(number)), at: now)
    }

    mutating func announce(
        _ source: SourceID, _ number: UInt8, _ prefixes: [Prefix], _ bytes: [UInt8]? = nil
    ) {
        rib.learn(
            from: source, announced4: prefixes.compactMap { Prefix4($0) },
            announced6: prefixes.compactMap { Prefix6($0) },
            attributes: bytes ?? attributes([65000 + UInt32(number)]),
            nextHop4: Bench.gateway(number).address, nextHop6: Bench.gateway6(number).address)
    }

    mutating func withdraw(_ source: SourceID, _ prefixes: [Prefix]) {
        rib.withdraw(
            from: source, withdrawn4: prefixes.compactMap { Prefix4($0) },
            withdrawn6: prefixes.compactMap { Prefix6($0) })
    }

    func gateway(_ prefix: Prefix, space: SpaceID = .main) -> GatewayID? {
        kernel.gateway(RouteKey(table: space, prefix: prefix, metric: 20))
    }

    func gateways(_ prefix: Prefix, space: SpaceID = .main) -> Set<GatewayID> {
        kernel.gateways(RouteKey(table: space, prefix: prefix, metric: 20))
    }

    func settings(_ source: SourceID) -> SourceSettings? {
        rib.slot(source).map { rib.common.sources[$0].settings }
    }

    func hasRoute(_ prefix: Prefix, space: SpaceID = .main) -> Bool {
        kernel.routes[RouteKey(table: space, prefix: prefix, metric: 20)] != nil
    }
}

extension RIB {
    /// What `unacknowledged` should say, by a walk over all rows.
    func lackingByWalk(_ source: SourceID) -> UInt32 {
        routes4.lackingByWalk(source.slot, common) + routes6.lackingByWalk(source.slot, common)
    }
}

extension Routes {
    fileprivate func lackingByWalk(_ source: Int, _ common: borrowing Common) -> UInt32 {
        var count: UInt32 = 0
        let table = common.sources[source].space
        for row in tables[table].rows.indices
        where tables[table].rows[row].flags.contains(.live) && isLacking(table, row, common) {
            var handle = tables[table].rows[row].paths
            while handle != 0 {
                let tag = paths[handle].tag
                if tag.source == source, !tag.isRefused,
                    common.sources[source].isValid(tag, P.family)
                {
                    count += 1
                }
                handle = paths[handle].next
            }
        }
        return count
    }
}

/// Peers 1 and 2 announce the same prefixes; 1 is preferred.
func pair(_ count: Int, hasPlaceholders: Bool = true) -> (Bench, SourceID, SourceID) {
    var bench = Bench(hasPlaceholders: hasPlaceholders)
    bench.up(1, 2)
    let first = bench.peer(1)
    let second = bench.peer(2)
    bench.announce(first, 1, many(count))
    bench.announce(second, 2, many(count))
    bench.settle()
    _ = bench.steps()
    return (bench, first, second)
}

/// How many of the steps replace a nexthop object.
func replaces(_ steps: [Step]) -> Int {
    steps.count { if case .putNextHop(_, replacing: true) = $0 { true } else { false } }
}

/// `count` prefixes of /24 length from 20.0.0.0 on.
func many(_ count: Int, from start: Int = 0) -> [Prefix] {
    (start..<start + count).map {
        .v4(Prefix4(IPv4Address(raw: 20 << 24 | UInt32($0) << 8), length: 24))
    }
}
