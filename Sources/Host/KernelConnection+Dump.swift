// A dump of the kernel: complete, or an error. Each dump has a socket of its own, since a dump that
// is given up half-way would leave the kernel's answer in the way of the next.
import CBSD
import CLinux
import Glibc
public import Net

extension KernelConnection {
    /// Everything of the kernel that matters to us. Links and addresses of everybody, routes of our
    /// protocol, nexthop objects of everybody, and the host's settings.
    public func dump() throws(KernelError) -> KernelState {
        let dump = try KernelDump()
        let links = try dump.list(CLINUX_LINK, { clinux_dump_links($0) }) { ObservedLink($0.link) }
        let addresses = try dump.list(CLINUX_ADDRESS, { clinux_dump_addresses($0) }) {
            ObservedAddress($0.address)
        }
        let nextHops = try dump.list(CLINUX_NEXTHOP, { clinux_dump_nexthops($0) }) {
            ObservedNextHop($0.nexthop)
        }
        var routes = try dump.routes(.ipv4, routeProtocol: marks.routeProtocol)
        routes += try dump.routes(.ipv6, routeProtocol: marks.routeProtocol)
        let settings = HostSettings.read(
            links: links, rules: [.ipv4: try dump.rules(.ipv4), .ipv6: try dump.rules(.ipv6)])
        return KernelState(
            links: links, addresses: addresses, routes: routes, nextHops: nextHops,
            settings: settings)
    }
}

/// One rule of the routing policy.
struct RoutingRule: Hashable {
    var priority: UInt32
    var table: TableID
    var isL3MasterDevice: Bool
}

/// The dumps of one socket.
final class KernelDump {
    private let socket: NetlinkSocket
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 16)
    private var sequence: UInt32 = 1
    private static let attempts: UInt32 = 4

    init() throws(KernelError) {
        socket = try NetlinkSocket(
            groups: CLINUX_GROUPS_NONE, isNonblocking: false, bufferBytes: 4 << 20)
    }

    deinit { buffer.deallocate() }

    func routes(_ family: Family, routeProtocol: UInt8) throws(KernelError) -> [Route] {
        try list(CLINUX_ROUTE, { clinux_dump_routes($0, family.shim, routeProtocol) }) { event in
            // A kernel without IPv6 answers a request for it with what it has.
            guard event.route.route.protocol == routeProtocol, let route = Route(event.route),
                route.key.prefix.family == family
            else { return nil }
            return route
        }
    }

    func rules(_ family: Family) throws(KernelError) -> [RoutingRule] {
        do throws(KernelError) {
            return try list(CLINUX_RULE, { clinux_dump_rules($0, family.shim) }) { event in
                guard event.rule.family == family.shim else { return nil }
                return RoutingRule(
                    priority: event.rule.priority, table: TableID(event.rule.table),
                    isL3MasterDevice: event.rule.is_l3mdev != 0)
            }
        } catch {
            if [EOPNOTSUPP, EAFNOSUPPORT].contains(error.code) { return [] }
            throw error
        }
    }

    /// One dump, repeated when something changed under it.
    func list<Item>(
        _ kind: UInt32, _ request: (clinux_request) -> Int32, _ item: (clinux_event) -> Item?
    ) throws(KernelError) -> [Item] {
        for attempt in 0..<KernelDump.attempts {
            if attempt > 0 { usleep(10_000 << (2 * attempt)) }
            var items: [Item] = []
            let isComplete = try run(request) { event in
                if event.kind == kind, let item = item(event) { items.append(item) }
            }
            if isComplete { return items }
        }
        throw KernelError(
            code: EAGAIN, text: "the kernel's state changed under \(KernelDump.attempts) dumps")
    }

    /// One dump; false when it was interrupted and misses something.
    private func run(
        _ request: (clinux_request) -> Int32, _ body: (clinux_event) -> Void
    ) throws(KernelError) -> Bool {
        var requests = NetlinkRequests(in: buffer, first: sequence)
        guard requests.write(request) else { preconditionFailure("a dump request does not fit") }
        sequence = requests.next
        try socket.send(requests.bytes)
        var isDone = false
        var isInterrupted = false
        var failure: KernelError?
        while !isDone {
            try socket.receive(within: KernelConnection.patience) { event in
                if event.kind == CLINUX_MALFORMED {
                    failure = KernelError(
                        code: EBADMSG, text: "the kernel's dump cannot be read")
                }
                guard requests.position(of: event.sequence) != nil else { return }
                isInterrupted = isInterrupted || event.is_interrupted != 0
                if event.kind == CLINUX_DONE || event.kind == CLINUX_ANSWER {
                    isDone = true
                    failure = failure ?? KernelError(event)
                } else {
                    body(event)
                }
            }
        }
        if let failure { throw failure }
        return !isInterrupted
    }
}
