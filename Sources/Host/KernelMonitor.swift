// The loop thread's side of rtnetlink: what the kernel tells everybody, without ever blocking.
// What our own worker did to routes and nexthops is not told, since its outcomes say it; links and
// addresses are, since only they bring the index of what was made. Lost messages are an event too.
import CBSD
import CLinux
import Glibc
public import Net

/// A nonblocking subscription to the kernel's changes of links, addresses, routes and nexthops.
public final class KernelMonitor {
    private let socket: NetlinkSocket
    private let marks: KernelMarks
    private let filter: clinux_filter

    /// What epoll waits on.
    public var fd: Int32 { socket.fd }

    /// Subscribes in the calling thread's network namespace; `worker` is the port of the connection
    /// whose own routes and nexthops need not be told.
    public init(
        marks: KernelMarks, worker: UInt32, bufferBytes: Int32 = 16 << 20
    ) throws(KernelError) {
        self.marks = marks
        filter = clinux_filter(own_port: worker, route_protocol: marks.routeProtocol)
        socket = try NetlinkSocket(
            groups: CLINUX_GROUP_LINKS | CLINUX_GROUP_ADDRESSES | CLINUX_GROUP_ROUTES
                | CLINUX_GROUP_NEXTHOPS,
            isNonblocking: true, bufferBytes: bufferBytes)
    }

    /// Appends the events of at most `limit` datagrams; true when there may be more.
    public func read(into events: inout [KernelEvent], limit: Int) -> Bool {
        for _ in 0..<limit {
            do throws(KernelError) {
                try socket.read(filter: filter) { message in
                    if let event = KernelEvent(message, marks: marks) { events.append(event) }
                }
            } catch {
                if error.code == EAGAIN { return false }
                // ENOBUFS: messages were lost. Any other error leaves the same doubt.
                events.append(.overflow)
                if error.code != ENOBUFS, error.code != EMSGSIZE { return false }
            }
        }
        return true
    }
}

extension KernelEvent {
    /// What a message means to us, if anything.
    init?(_ message: clinux_event, marks: KernelMarks) {
        switch message.kind {
        case CLINUX_LINK:
            guard let link = ObservedLink(message.link) else { return nil }
            self = .link(link)
        case CLINUX_LINK_GONE:
            self = .linkGone(InterfaceIndex(message.link.index))
        case CLINUX_ADDRESS:
            guard let address = ObservedAddress(message.address) else { return nil }
            self = .address(address)
        case CLINUX_ADDRESS_GONE:
            guard let address = ObservedAddress(message.address) else { return nil }
            self = .addressGone(address)
        case CLINUX_ROUTE:
            guard let route = Route(message.route) else { return nil }
            if message.route.route.protocol == marks.routeProtocol {
                self = .route(route)
            } else if [marks.metric, marks.unreachableMetric].contains(route.key.metric) {
                // A foreign route that replaced one of our key: no message says that ours went.
                self = .routeGone(route.key)
            } else {
                return nil
            }
        case CLINUX_ROUTE_GONE:
            guard let key = RouteKey(message.route) else { return nil }
            self = .routeGone(key)
        case CLINUX_NEXTHOP:
            self = .nextHop(ObservedNextHop(message.nexthop))
        case CLINUX_NEXTHOP_GONE:
            self = .nextHopGone(NextHopID(message.nexthop.id))
        case CLINUX_MALFORMED, CLINUX_OVERRUN:
            self = .overflow
        default:
            return nil
        }
    }
}
