// Two sessions, a third receiver and a kernel around one RIB, driven as the engine drives them.
// The kernel does as it is told or refuses; what the receivers hear is kept beside it, and must be
// what the RIB says it told them.

import BGP
import Net
import Routing

struct Scene {
    var rib = RIB(seed: 1)
    private var now = Instant.zero
    private var update = UpdateBuffer()
    private var parties: [Party]
    private var habits: Habits
    /// Steps that nobody answered yet.
    private var wire: [StepRequest] = []
    private var kernel = PlainKernel()
    /// The tenant's own networks, and static routes through the first peer.
    private var fixed: [SourceID] = []

    static let space = TableID(1001)
    static let devices = [InterfaceIndex(7), InterfaceIndex(8)]

    init(_ terms: [Terms], _ habits: Habits) {
        self.habits = habits
        parties = []
        rib.setPlaceholder(.ipv4, RIB.placeholder4)
        rib.setPlaceholder(.ipv6, RIB.placeholder6)
        for (index, terms) in terms.enumerated() {
            let party = Party(terms, UInt32(index + 1))
            let source = rib.addSource(party.source(habits))
            parties.append(party)
            parties[index].sourceID = source
            for gateway in party.gateways { rib.setGateway(gateway, isUsable: true, at: now) }
        }
        fixed = [.originated, .static].map { kind in
            rib.addSource(
                SourceSettings(
                    space: Scene.space, circuit: kind == .static ? 4 : 0, kind: kind,
                    gateways: kind == .static ? parties[0].gateways : []))
        }
        for index in parties.indices { connect(index) }
        // Somebody inside who is only told.
        let isNextHopSelf: UInt8 = habits.hasWideListener ? 0x10 : 0
        var listener = Party(Terms(form: 0x09, manner: 0, extent: isNextHopSelf), 3)
        let settings = listener.receiver(Habits(policy: 0, extent: habits.extent & 0x80))
        listener.listen(rib.addReceiver(settings), settings)
        parties.append(listener)
    }

    // Sessions

    /// Bytes of a peer's, and all that follows from them.
    mutating func receive(_ chunk: [UInt8], on index: Int) {
        if parties[index].connection == nil { connect(index) }
        guard var connection = parties[index].connection, let source = parties[index].sourceID
        else { return }
        var isOver = false
        parties[index].connection = nil
        connection.receive(chunk, at: now, update: &update) { update, rules in
            Rewriting.check(update, rules)
            if !rib.learn(from: source, update) { isOver = true }
            if let family = update.endOfRIB { rib.sweepStale(source, family) }
        }
        if isOver { connection.notify(Notification(.maximumPrefixes), at: now) }
        parties[index].connection = connection
        follow(index)
    }

    mutating func close(_ index: Int) {
        parties[index].connection?.close(at: now)
        follow(index)
    }

    mutating func elapse(_ duration: Duration) {
        now = now + duration
        for index in parties.indices {
            parties[index].connection?.tick(at: now)
            follow(index)
        }
    }

    /// A plain announcement of prefixes that both sessions may announce. The choice is the path
    /// identifier too.
    mutating func announce(_ numbers: [UInt8], on index: Int, like choice: UInt8) {
        announce(numbers, on: index, like: choice, marks: 0)
    }

    /// The same with attributes that keep routes in, or out: bits of `marks` are 0 and 1
    /// ONLY_TO_CUSTOMER, 2 LLGR_STALE, 3 NO_LLGR, 4 ORIGINATOR_ID, 5 and 6 CLUSTER_LIST, 7
    /// NO_EXPORT.
    mutating func announce(
        _ numbers: [UInt8], on index: Int, like choice: UInt8, marks: UInt8
    ) {
        guard let connection = parties[index].connection, let agreed = connection.peer.negotiated
        else { return receive([], on: index) }
        var attributes = PathAttributes(
            origin: .igp, asPath: ASPath(agreed.isInternal ? [] : [agreed.peerASN]))
        if choice & 1 != 0 { attributes.asPath.prepend(agreed.peerASN, count: 2) }
        if choice & 2 != 0 { attributes.med = UInt32(choice) }
        if choice & 4 != 0 { attributes.communities = [Community(rawValue: UInt32(choice))] }
        if agreed.isInternal { attributes.localPref = 100 }
        Scene.mark(&attributes, marks, agreed)
        var writer = UpdateWriter(
            maximumLength: agreed.maximumLength, hasFourOctetASN: agreed.hasFourOctetASN,
            pathIDs: agreed.addPathIn)
        let party = parties[index]
        let ids = numbers.map { _ in UInt32(choice) }
        if agreed.hasExtendedNextHop, choice & 1 != 0 {
            _ = writer.announce(
                numbers.map(Scene.prefix4), ids: ids, attributes: attributes.canonical(),
                nextHop: party.address6)
        } else {
            _ = writer.announce(
                numbers.map(Scene.prefix4), ids: ids, attributes: attributes.canonical(),
                nextHop: party.address4)
        }
        _ = writer.announce(
            numbers.map(Scene.prefix6), ids: ids, attributes: attributes.canonical(),
            nextHop: party.address6)
        receive(writer.take(), on: index)
    }

    private static func mark(
        _ attributes: inout PathAttributes, _ marks: UInt8, _ agreed: Negotiated
    ) {
        switch marks & 3 {
        case 1: attributes.onlyToCustomer = agreed.peerASN
        case 2: attributes.onlyToCustomer = ASN(64999)
        case 3: attributes.onlyToCustomer = ASN(65000)
        default: break
        }
        if marks & 0x04 != 0 { attributes.communities.append(Community(65535, 6)) }
        if marks & 0x08 != 0 { attributes.communities.append(Community(65535, 7)) }
        if marks & 0x80 != 0 { attributes.communities.append(Community(65535, 65281)) }
        guard agreed.isInternal else { return }
        if marks & 0x10 != 0 { attributes.originatorID = IPv4Address(192, 0, 2, 8) }
        if marks & 0x20 != 0 { attributes.clusterList.append(IPv4Address(192, 0, 2, 7)) }
        if marks & 0x40 != 0 { attributes.clusterList.append(IPv4Address(192, 0, 2, 9)) }
    }

    /// The mandatory attributes as the peer would write them, next hop included.
    func mandatory(on index: Int) -> [UInt8] {
        let party = parties[index]
        guard let agreed = party.connection?.peer.negotiated else { return [] }
        var attributes = PathAttributes(asPath: ASPath([agreed.peerASN]))
        if agreed.isInternal { attributes.localPref = 100 }
        var writer = UpdateWriter(hasFourOctetASN: agreed.hasFourOctetASN)
        let isFitting = writer.announce(
            [Scene.prefix4(0)], attributes: attributes.canonical(), nextHop: party.address4)
        hold(isFitting, "a small message does not fit")
        // Between the header with both lengths, and the prefix.
        return Array(writer.take().dropFirst(headerLength + 4).dropLast(3))
    }

    /// All that a source other than a session offers.
    mutating func offer(_ numbers: [UInt8], from index: Int) {
        rib.offer(
            from: fixed[index],
            numbers.map {
                $0 & 32 == 0 ? .v4(Scene.prefix4($0)) : .v6(Scene.prefix6($0 & ~32))
            })
    }

    mutating func withdraw(_ numbers: [UInt8], on index: Int, like choice: UInt8) {
        var writer = UpdateWriter(pathIDs: parties[index].agreed?.addPathIn ?? [])
        let ids = numbers.map { _ in UInt32(choice) }
        writer.withdraw(numbers.map(Scene.prefix4), ids: ids)
        writer.withdraw(numbers.map(Scene.prefix6), ids: ids)
        receive(writer.take(), on: index)
    }

    /// Another policy, a mark of staleness, or its end.
    mutating func change(_ index: Int, _ choice: UInt8) {
        guard let source = parties[index].sourceID else { return }
        switch choice {
        case 0: rib.markStale(source)
        case 1: rib.sweepStale(source)
        case 2: rib.sourceDown(source)
        default:
            let policy = habits.policy
            obey(
                index, Habits(policy: policy ^ choice << 5, extent: habits.extent),
                Habits(policy: policy ^ choice << 2, extent: habits.extent))
        }
    }

    /// What came to the protocol later.
    mutating func extend(_ index: Int, _ choice: UInt8, _ body: [UInt8]) {
        let byte = body.first ?? 0
        switch choice {
        case 1:
            if let source = parties[index].sourceID { rib.markLongLived(source) }
        case 2:
            guard let source = parties[index].sourceID else { return }
            let family: Family = byte & 1 == 0 ? .ipv4 : .ipv6
            switch byte >> 1 & 3 {
            case 0: rib.markLongLived(source, family)
            case 1: rib.markStale(source, family)
            case 2: rib.sweepStale(source, family)
            default: rib.sourceDown(source, family)
            }
        case 3, 4:
            // The listener keeps what was agreed with it.
            habits.extent = habits.extent & 0x80 ^ byte & 0x7F
            let all = Array(parties.indices.dropLast())
            for index in choice == 3 ? [index] : all { obey(index, habits, habits) }
        case 5, 6:
            announce(
                Array(body.dropFirst()), on: index, like: choice == 5 ? 0 : 3, marks: byte)
        default:
            if byte & 4 != 0 {
                var writer = UpdateWriter()
                writer.endOfRIB(byte & 1 == 0 ? .ipv4 : .ipv6)
                return receive(writer.take(), on: index)
            }
            let which = byte & 2 != 0 ? parties.count - 1 : index
            guard let receiver = parties[which].receiverID else { return }
            rib.refresh(receiver, byte & 1 == 0 ? .ipv4 : .ipv6, isMarked: true)
        }
    }

    /// Another policy for a session.
    private mutating func obey(_ index: Int, _ entering: Habits, _ leaving: Habits) {
        guard let source = parties[index].sourceID else { return }
        rib.update(source, parties[index].source(entering))
        guard let receiver = parties[index].receiverID else { return }
        let settings = parties[index].receiver(leaving)
        rib.update(receiver, settings)
        parties[index].relearn(settings)
    }

    /// A session that is established, with its receiver.
    private mutating func connect(_ index: Int) {
        let party = parties[index]
        var connection = Connection(party.terms.settings(party.number), party.terms.way, at: now)
        connection.receive(party.terms.hello(party.number), at: now, update: &update) { _, _ in }
        hold(connection.isEstablished, "a good peer is refused: \(connection.take())")
        parties[index].agree(connection)
        follow(index)
        let settings = parties[index].receiver(habits)
        parties[index].listen(rib.addReceiver(settings), settings)
    }

    /// Does what the session asks for.
    private mutating func follow(_ index: Int) {
        guard let actions = parties[index].connection?.take() else { return }
        for action in actions {
            switch action {
            case .down(let reason): down(index, reason)
            case .refresh(let family):
                if let receiver = parties[index].receiverID { rib.refresh(receiver, family) }
            case .refreshBegan(let family):
                if let source = parties[index].sourceID { rib.markStale(source, family) }
            case .refreshEnded(let family):
                if let source = parties[index].sourceID { rib.sweepStale(source, family) }
            case .connect, .send, .close, .established: break
            }
        }
    }

    private mutating func down(_ index: Int, _ reason: DownReason) {
        hold(!reason.description.isEmpty, "a session ends without a word")
        parties[index].connection = nil
        guard let source = parties[index].sourceID else { return }
        let agreed = parties[index].agreed
        let isKept = agreed.map { reason.keepsRoutes($0) } ?? false
        for family in Family.allCases {
            if isKept, agreed?.gracefulRestart?.families.contains(family) ?? false {
                rib.markStale(source, family)
            } else {
                rib.sourceDown(source, family)
            }
        }
        if let receiver = parties[index].receiverID { rib.removeReceiver(receiver) }
        parties[index].listen(nil)
    }

    // Receivers

    /// Lets a receiver take some messages.
    mutating func tell(_ choice: Int, limit: Int) {
        let index = choice % parties.count
        guard let receiver = parties[index].receiverID else { return }
        var bytes: [UInt8] = []
        let hasMore = rib.produce(receiver, into: &bytes, limit: limit)
        hold(hasMore == rib.hasPending(receiver), "two answers to whether there is more")
        hold(!hasMore || !bytes.isEmpty || limit < 64, "nothing is told, and more is to come")
        let count = parties[index].hear(bytes)
        parties[index].connection?.sentUpdates(count, at: now)
    }

    // The kernel

    /// Some steps are carried out; those whose bit is set are refused, and with the highest bit
    /// for reasons that are not true.
    mutating func work(refusing bits: UInt8) {
        rib.drain(into: &wire, limit: 64, at: now)
        hold(wire.count <= 128, "more steps than asked for")
        let done = wire
        wire = []
        if bits & 4 != 0 { kernel.isHonest = false }
        for (number, request) in done.enumerated() {
            hold(request.ticket & RIB.ticketMark != 0, "a ticket that is not routing's")
            var error: KernelError?
            if bits >> UInt8(number & 1) & 1 != 0 {
                let code = bits & 4 != 0 ? Scene.lies[number % Scene.lies.count] : 12
                error = KernelError(code: code, text: "no")
            } else {
                error = kernel.apply(request.step)
            }
            rib.finished(request.ticket, error: error, at: now)
        }
    }

    private static let lies: [Int32] = [17, 2, 22, 3, 100, 105, 95]

    /// Something happens to the kernel.
    mutating func disturb(_ choice: UInt8, _ number: UInt8) {
        let device = Scene.devices[Int(number & 1)]
        let gateway = parties[Int(number & 1)].gateways[Int(number >> 1 & 1)]
        let prefix: Prefix =
            number & 2 == 0
            ? .v4(Scene.prefix4(number >> 2)) : .v6(Scene.prefix6(number >> 2))
        let key = RouteKey(table: Scene.space, prefix: prefix, metric: KernelMarks().metric)
        if (3..<7).contains(choice) { kernel.isHonest = false }
        switch choice {
        case 0: rib.setGateway(gateway, isUsable: number & 4 != 0, at: now)
        case 1:
            kernel.lose(device)
            rib.deviceLost(device, at: now)
        case 2:
            kernel.restore(device)
            rib.deviceBack(device, at: now)
        case 3: rib.observed(.routeGone(key), at: now)
        case 4: rib.observed(.route(Route(key, .unreachable)), at: now)
        case 5:
            // What is still on its way names objects that may be met again.
            rib.drain(into: &wire, limit: 8, at: now)
            for request in wire {
                guard case .putNextHop(let object, _) = request.step else { continue }
                rib.observed(.nextHopGone(object.id), at: now)
            }
        case 6: rib.setPlaceholder(number & 1 == 0 ? .ipv4 : .ipv6, nil)
        default: rib.setReserved(Scene.space, number & 1 == 0 ? [] : [prefix])
        }
    }

    // The end

    /// All comes to rest and is as it is told; then all goes, and nothing may be left.
    mutating func end() {
        for party in parties.dropLast() {
            for gateway in party.gateways { rib.setGateway(gateway, isUsable: true, at: now) }
        }
        for device in Scene.devices {
            kernel.restore(device)
            rib.deviceBack(device, at: now)
        }
        settle()
        for index in parties.indices {
            guard let receiver = parties[index].receiverID else { continue }
            var turns = 0
            while rib.hasPending(receiver) {
                tell(index, limit: 4096)
                turns += 1
                hold(turns < 10_000, "telling never ends")
            }
            parties[index].compare(rib.advertised(receiver), rib.advertisedCounts(receiver))
        }
        let sources = parties.compactMap(\.sourceID) + fixed
        compare(sources)
        for receiver in parties.compactMap(\.receiverID) { rib.removeReceiver(receiver) }
        for source in sources { rib.removeSource(source) }
        settle()
        hold(rib.forwarding.installed == 0, "\(rib.forwarding.installed) routes are left")
        hold(rib.routeCounts(Scene.space).total == 0, "rows are left")
        if kernel.isHonest { hold(kernel.routes.isEmpty, "the kernel has \(kernel.routes)") }
    }

    /// What is counted is what there is, and the kernel has what it should.
    private func compare(_ sources: [SourceID]) {
        for source in sources {
            let received = rib.paths(of: source, view: .received)
            let accepted = rib.paths(of: source, view: .accepted)
            hold(Int(rib.received(source).total) == received.count, "received is miscounted")
            hold(Int(rib.accepted(source).total) == accepted.count, "accepted is miscounted")
            hold(accepted.allSatisfy { $0.refusal == nil }, "a refused path is accepted")
            let names = Set(received.map { "\($0.prefix) \($0.pathID)" })
            hold(names.count == received.count, "a path is there twice")
            let isForwarding = accepted.contains { $0.gateway != nil }
            hold(
                rib.unacknowledged(source) == 0 || !isForwarding,
                """
                \(rib.unacknowledged(source)) prefixes are said not to be in the kernel; \
                \(rib.forwarding) \(rib.bestRoutes(Scene.space)); \(kernel.routes)
                """)
        }
        var wanted: Set<Prefix> = []
        for route in rib.bestRoutes(Scene.space) {
            hold(route.isBest || route.isMultipath, "the best path is not")
            hold(route.refusal == nil, "a refused path is the best")
            let all = rib.explain(Scene.space, route.prefix)
            hold(!route.isBest || all.first == route, "two best paths")
            // The tenant's own networks are not forwarded by; another path may be.
            let ways = all.filter { $0.refusal == nil && $0.gateway != nil }
            guard let first = ways.first?.gateway else { continue }
            hold(route.isInKernel, "\(route.prefix) is not in the kernel")
            wanted.insert(route.prefix)
            guard kernel.isHonest else { continue }
            let shared = Set([first] + ways.filter(\.isMultipath).compactMap(\.gateway))
            let found = kernel.gateways(route.prefix)
            hold(
                found == shared || found.isSubset(of: shared) && shared.count > 8,
                "\(route.prefix) leads to \(found), and should to \(shared); \(kernel)")
            let active = Set(ways.filter(\.isActive).compactMap(\.gateway))
            hold(active.isSuperset(of: found), "\(found) are used, and \(active) are said to be")
        }
        guard kernel.isHonest else { return }
        hold(
            Set(kernel.routes.keys) == wanted,
            "the kernel has \(kernel.routes), and should \(wanted)")
    }

    /// Until the kernel has nothing more to do, time included.
    private mutating func settle() {
        rib.setPlaceholder(.ipv4, RIB.placeholder4)
        rib.setPlaceholder(.ipv6, RIB.placeholder6)
        for _ in 0..<10_000 {
            work(refusing: 0)
            if rib.hasSteps { continue }
            guard let next = rib.nextDeadline else {
                hold(rib.forwarding.queued == 0, "rows wait for nothing")
                return
            }
            now = max(now, next)
        }
        fatalError("broken promise: it comes to rest; \(rib.forwarding)")
    }

    static func prefix4(_ number: UInt8) -> Prefix4 {
        Prefix4(IPv4Address(10, number & 63, 0, 0), length: 16 + (number >> 6))
    }

    static func prefix6(_ number: UInt8) -> Prefix6 {
        Prefix6(
            IPv6Address(high: 0x2001_0DB8_0000_0000 | UInt64(number & 63) << 16, low: 0),
            length: 48 + (number >> 6))
    }
}
