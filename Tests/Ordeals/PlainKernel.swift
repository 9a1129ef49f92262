// The routes and nexthop objects of a kernel that does as it is told, with its rules: what names an
// object that is not there is refused, and what hangs on an object goes with it. Once something
// was said of it that is not true, it takes everything.

import Net
import Routing

struct PlainKernel {
    private(set) var routes: [Prefix: Route.Target] = [:]
    private var objects: [NextHopID: NextHop.Content] = [:]
    private var downDevices: Set<InterfaceIndex> = []
    /// Routes have gone without a word, so that both sides may differ for a while.
    private var hasLost = false
    /// Whether all that was answered is true, so that both sides must agree.
    var isHonest = true

    mutating func apply(_ step: Step) -> KernelError? {
        switch step {
        case .putRoute(let route, let isReplacing):
            if case .nextHop(let id) = route.target, isMissing(id) {
                return KernelError(code: 22, text: "Nexthop id does not exist.")
            }
            let isNew = routes[route.key.prefix] == nil
            hold(
                !isHonest || hasLost || isNew != isReplacing,
                "\(route) is put over what is not there")
            if isHonest, !isNew, !isReplacing {
                return KernelError(code: 17, text: "File exists")
            }
            routes[route.key.prefix] = route.target
        case .deleteRoute(let key):
            let isThere = routes.removeValue(forKey: key.prefix) != nil
            hold(!isHonest || hasLost || isThere, "\(key) is deleted, and was not there")
            if isHonest, !isThere { return KernelError(code: 3, text: "No such process") }
        case .putNextHop(let object, let isReplacing):
            return put(object, isReplacing)
        case .deleteNextHop(let id):
            if isMissing(id) { return KernelError(code: 2, text: "No such file or directory") }
            hold(
                !isHonest || !routes.values.contains(.nextHop(id)),
                "\(id) is deleted under its routes")
            drop(id)
        default: break
        }
        return nil
    }

    private mutating func put(_ object: NextHop, _ isReplacing: Bool) -> KernelError? {
        if isReplacing, isMissing(object.id) {
            return KernelError(code: 2, text: "No such file or directory")
        }
        if isHonest, !isReplacing, objects[object.id] != nil {
            return KernelError(code: 17, text: "File exists")
        }
        switch object.content {
        case .gateway(_, let device, _) where isHonest && downDevices.contains(device):
            return KernelError(code: 100, text: "Carrier for nexthop device is down.")
        case .group(let members) where members.contains(where: { isMissing($0.id) }):
            return KernelError(code: 22, text: "Invalid nexthop id.")
        default: break
        }
        objects[object.id] = object.content
        return nil
    }

    private func isMissing(_ id: NextHopID) -> Bool {
        isHonest && objects[id] == nil && id != RIB.placeholder4 && id != RIB.placeholder6
    }

    /// Groups get shorter, and empty ones go with their routes.
    private mutating func drop(_ id: NextHopID) {
        objects[id] = nil
        routes = routes.filter { $0.value != .nextHop(id) }
        for (group, content) in objects {
            guard case .group(let members) = content, members.contains(where: { $0.id == id })
            else { continue }
            let rest = members.filter { $0.id != id }
            if rest.isEmpty { drop(group) } else { objects[group] = .group(rest) }
        }
    }

    /// Carrier is lost: the objects on the device go, and nobody is told.
    mutating func lose(_ device: InterfaceIndex) {
        downDevices.insert(device)
        hasLost = true
        for (id, content) in objects {
            if case .gateway(_, device, _) = content { drop(id) }
        }
    }

    mutating func restore(_ device: InterfaceIndex) { downDevices.remove(device) }

    /// The neighbours that a route leads to.
    func gateways(_ prefix: Prefix) -> Set<GatewayID> {
        guard case .nextHop(let id)? = routes[prefix] else { return [] }
        return gateways(of: id)
    }

    private func gateways(of id: NextHopID) -> Set<GatewayID> {
        switch objects[id] {
        case .gateway(let address, let device, _): [GatewayID(device, address)]
        case .group(let members): Set(members.flatMap { gateways(of: $0.id) })
        case nil: []
        }
    }
}
