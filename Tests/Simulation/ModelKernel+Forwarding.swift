// What becomes of a packet: the longest prefix, the lowest metric, the first good member.

public import Net

extension ModelKernel {
    /// Where a packet leaves.
    public struct Hop: Hashable, Sendable {
        /// The device.
        public var device: InterfaceName
        /// The gateway; nil when the destination is on the device's own subnet.
        public var gateway: IPAddress?

        /// A hop.
        public init(device: InterfaceName, gateway: IPAddress?) {
            self.device = device
            self.gateway = gateway
        }
    }

    /// Where the kernel sends a packet for `address` in `table`; nil when it drops it.
    public func forwarding(_ table: TableID, _ address: IPAddress) -> Hop? {
        let bits = UInt8(address.family.addressBits)
        for length in (0...bits).reversed() {
            let prefix = Prefix(address, length: length)
            if let device = connected(table, prefix) { return Hop(device: device, gateway: nil) }
            guard let route = routes[table]?[prefix]?.first else { continue }
            switch route.target {
            case .unreachable: return nil
            case .nextHop(let id): return hop(id)
            case nil:
                guard let link = devices[route.device]?.link, link.isUp else { continue }
                return Hop(device: link.name, gateway: route.gateway)
            }
        }
        return nil
    }

    private func connected(_ table: TableID, _ prefix: Prefix) -> InterfaceName? {
        for index in devices.keys.sorted() {
            guard let device = devices[index], device.link.isUp, self.table(of: index) == table
            else { continue }
            let isOn = device.addresses.contains {
                $0.address.network == prefix && $0.state == .ready
            }
            if isOn { return device.link.name }
        }
        return nil
    }

    /// The heaviest member whose neighbour is good; the placeholder's never is.
    private func hop(_ id: NextHopID) -> Hop? {
        switch nextHops[id]?.nextHop.content {
        case .gateway(let gateway, let index, _):
            let isDropped = neighbours.contains(
                Neighbour(link: index, address: gateway, purpose: .placeholder))
            guard let device = devices[index], !isDropped, !device.isSilenced else { return nil }
            return Hop(device: device.link.name, gateway: gateway)
        case .group(let members):
            // Sorting is stable: of equal weights the first member counts.
            for member in members.sorted(by: { $0.weight > $1.weight }) {
                if let hop = hop(member.id) { return hop }
            }
            return nil
        case nil: return nil
        }
    }
}
