// Steps as rtnetlink messages: one buffer of them, and which message belongs to which step.
import CBSD
import CLinux
import Glibc
import Net

/// A buffer of requests with consecutive sequence numbers.
struct NetlinkRequests {
    private let buffer: UnsafeMutableRawBufferPointer
    private var length = 0
    private var last = 0
    /// The first message's number.
    private(set) var first: UInt32
    /// How many messages there are.
    private(set) var count = 0

    init(in buffer: UnsafeMutableRawBufferPointer, first: UInt32) {
        self.buffer = buffer
        self.first = first
    }

    /// The number of the message after the last.
    var next: UInt32 { first &+ UInt32(truncatingIfNeeded: count) }

    /// Which message an answer belongs to, nil for one of an earlier buffer.
    func position(of sequence: UInt32) -> Int? {
        let position = Int(sequence &- first)
        return position < count ? position : nil
    }

    /// Writes one message; false when it does not fit.
    mutating func write(_ body: (clinux_request) -> Int32) -> Bool {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[length...])
        let written = body(
            clinux_request(buffer: rest.baseAddress, size: rest.count, sequence: next))
        guard written > 0 else { return false }
        last = length
        length += Int(written)
        count += 1
        return true
    }

    /// Writes a step's messages, all or none; false when they do not fit.
    mutating func write(_ step: Step, marks: KernelMarks) -> Bool {
        let before = self
        if encode(step, marks: marks) { return true }
        self = before
        return false
    }

    /// What is to be sent, with an answer asked for the last message.
    var bytes: UnsafeRawBufferPointer {
        if let base = buffer.baseAddress, count > 0 { clinux_ask_ack(base + last) }
        return UnsafeRawBufferPointer(rebasing: buffer[..<length])
    }

    private mutating func encode(_ step: Step, marks: KernelMarks) -> Bool {
        switch step {
        case .createVLAN(let name, let parent, let tag, let mtu):
            return write {
                clinux_create_vlan(
                    $0, name.description, parent.rawValue, tag.tagProtocol.rawValue,
                    tag.id.rawValue, marks.linkGroup, mtu ?? 0)
            }
        case .createVRF(let name, let table):
            return write {
                clinux_create_vrf($0, name.description, table.rawValue, marks.linkGroup)
            }
        case .createPlaceholder(let name):
            return write { clinux_create_dummy($0, name.description, marks.linkGroup) }
        case .changeLink(let link, let change):
            return encode(link, change)
        case .deleteLink(let link):
            return write { clinux_delete_link($0, link.rawValue) }
        case .addAddress(let link, let pair):
            return write {
                clinux_put_address($0, link.rawValue, pair.address.shim, pair.length)
            }
        case .deleteAddress(let link, let pair):
            return write {
                clinux_delete_address($0, link.rawValue, pair.address.shim, pair.length)
            }
        case .silenceNeighbours(let link):
            return write { clinux_silence_neighbours($0, link.rawValue, CLINUX_FAMILY_IPV4) }
                && write { clinux_silence_neighbours($0, link.rawValue, CLINUX_FAMILY_IPV6) }
        case .putNeighbour(let neighbour):
            return write {
                switch neighbour.purpose {
                case .placeholder:
                    clinux_put_failed_neighbour(
                        $0, neighbour.link.rawValue, neighbour.address.shim)
                case .managed:
                    clinux_put_managed_neighbour(
                        $0, neighbour.link.rawValue, neighbour.address.shim)
                }
            }
        case .putNextHop(let nextHop, let replacing):
            return encode(nextHop, replacing: replacing ? 1 : 0, marks: marks)
        case .deleteNextHop(let id):
            return write { clinux_delete_nexthop($0, id.rawValue) }
        case .putRoute(let route, let replacing):
            var message = shim(route.key, marks: marks)
            if case .nextHop(let id) = route.target { message.nexthop = id.rawValue }
            return write { clinux_put_route($0, &message, replacing ? 1 : 0) }
        case .deleteRoute(let key):
            var message = shim(key, marks: marks)
            return write { clinux_delete_route($0, &message) }
        }
    }

    private mutating func encode(_ link: InterfaceIndex, _ change: LinkChange) -> Bool {
        var changes: UInt32 = 0
        if change.mtu != nil { changes |= CLINUX_CHANGE_MTU }
        if change.master != nil { changes |= CLINUX_CHANGE_MASTER }
        if change.alias != nil { changes |= CLINUX_CHANGE_ALIAS }
        let flag =
            change.isUp.map { $0 ? CLINUX_CHANGE_UP : CLINUX_CHANGE_DOWN } ?? 0
        func message(_ request: clinux_request, _ changes: UInt32) -> Int32 {
            clinux_change_link(
                request, link.rawValue, changes, change.mtu ?? 0,
                (change.master ?? .none).rawValue, change.alias ?? "")
        }
        // In one message the kernel would bring the device up before it is enslaved, and cycle it.
        if change.isUp == true, change.master != nil {
            return write { message($0, changes) } && write { message($0, flag) }
        }
        return write { message($0, changes | flag) }
    }

    private mutating func encode(
        _ nextHop: NextHop, replacing: Int32, marks: KernelMarks
    ) -> Bool {
        switch nextHop.content {
        case .gateway(let address, let device, let onlink):
            return write {
                clinux_put_gateway(
                    $0, nextHop.id.rawValue, marks.routeProtocol, address.shim, device.rawValue,
                    onlink ? 1 : 0, replacing)
            }
        case .group(let members):
            let list = members.map {
                clinux_member(id: $0.id.rawValue, weight: UInt32($0.weight))
            }
            return write {
                clinux_put_group(
                    $0, nextHop.id.rawValue, marks.routeProtocol, list, list.count, replacing)
            }
        }
    }

    private func shim(_ key: RouteKey, marks: KernelMarks) -> clinux_route {
        clinux_route(
            destination: key.prefix.address.shim, table: key.table.rawValue, metric: key.metric,
            nexthop: 0, length: key.prefix.length, protocol: marks.routeProtocol)
    }
}

extension Step {
    /// Whether a refusal says only that what was to go is gone already.
    func isFulfilled(by error: KernelError) -> Bool {
        switch self {
        case .deleteLink, .deleteAddress, .deleteNextHop, .deleteRoute:
            [ENODEV, ENOENT, ESRCH, EADDRNOTAVAIL].contains(error.code)
        default:
            false
        }
    }
}
