// What the shim decoded, as values of Net. A message that says what Net cannot express (a name the
// kernel should not have, a prefix with a TOS) becomes nil and is passed over.
import CBSD
import CLinux
import Glibc
import Net

extension String {
    /// The bytes inside a received buffer, copied.
    init(_ text: clinux_text) {
        guard let bytes = text.bytes else {
            self = ""
            return
        }
        self.init(
            decoding: UnsafeRawBufferPointer(start: bytes, count: text.length), as: UTF8.self)
    }
}

extension IPAddress {
    /// The shim's address, or nil where there is none.
    init?(_ address: clinux_address) {
        if address.family == CLINUX_FAMILY_IPV4 {
            self = .v4(IPv4Address(raw: UInt32(truncatingIfNeeded: address.low)))
        } else if address.family == CLINUX_FAMILY_IPV6 {
            self = .v6(IPv6Address(high: address.high, low: address.low))
        } else {
            return nil
        }
    }

    /// The shim's form.
    var shim: clinux_address {
        switch self {
        case .v4(let address):
            clinux_address(high: 0, low: UInt64(address.raw), family: CLINUX_FAMILY_IPV4)
        case .v6(let address):
            clinux_address(high: address.high, low: address.low, family: CLINUX_FAMILY_IPV6)
        }
    }
}

extension Family {
    /// AF_INET or AF_INET6.
    var shim: UInt8 { self == .ipv4 ? CLINUX_FAMILY_IPV4 : CLINUX_FAMILY_IPV6 }
}

extension ObservedLink {
    init?(_ info: clinux_link_info) {
        guard let name = InterfaceName(String(info.name)) else { return nil }
        let kind: Kind
        let word = String(info.kind)
        if word == "vlan", let tagProtocol = TagProtocol(rawValue: info.tag_protocol),
            let id = VLANID(rawValue: info.tag)
        {
            kind = .vlan(VLANTag(tagProtocol, id))
        } else if word == "vrf" {
            kind = .vrf(TableID(info.vrf_table))
        } else {
            kind = .other(word)
        }
        // IFLA_LINK is also a veth's other end or a tunnel's carrier: only a VLAN has a parent.
        var parent = InterfaceIndex.none
        if case .vlan = kind { parent = InterfaceIndex(info.parent) }
        self.init(
            index: InterfaceIndex(info.index), name: name, kind: kind, parent: parent,
            master: InterfaceIndex(info.master), mtu: info.mtu, group: info.group,
            alias: String(info.alias), isUp: info.is_up != 0, hasCarrier: info.has_carrier != 0)
    }
}

extension ObservedAddress {
    init?(_ info: clinux_address_info) {
        guard let address = IPAddress(info.address),
            let pair = InterfaceAddress(address, length: info.length)
        else { return nil }
        let state: State =
            switch info.state {
            case CLINUX_ADDRESS_DUPLICATE: .duplicate
            case CLINUX_ADDRESS_TENTATIVE: .tentative
            default: .ready
            }
        self.init(link: InterfaceIndex(info.index), address: pair, state: state)
    }
}

extension RouteKey {
    init?(_ info: clinux_route_info) {
        guard info.is_special == 0, let address = IPAddress(info.route.destination) else {
            return nil
        }
        self.init(
            table: TableID(info.route.table), prefix: Prefix(address, length: info.route.length),
            metric: info.route.metric)
    }
}

extension Route {
    /// A route that is neither unreachable nor through an object is none that we make: it leads
    /// through object 0, which differs from whatever is wanted.
    init?(_ info: clinux_route_info) {
        guard let key = RouteKey(info) else { return nil }
        self.init(
            key,
            info.is_unreachable != 0 && info.route.nexthop == 0
                ? .unreachable : .nextHop(NextHopID(info.route.nexthop)))
    }
}

extension ObservedNextHop {
    init(_ info: clinux_nexthop_info) {
        var content = NextHop.Content.group([])
        if info.is_special != 0 {
            // Blackhole, resilient, encapsulation: never ours.
        } else if info.member_count > 0 {
            content = .group(
                (0..<info.member_count).map { position in
                    var info = info
                    let member = clinux_member_at(&info, position)
                    return NextHop.Member(
                        NextHopID(member.id), weight: UInt16(clamping: member.weight))
                })
        } else if let gateway = IPAddress(info.gateway) {
            content = .gateway(
                gateway, device: InterfaceIndex(info.device), onlink: info.is_onlink != 0)
        }
        self.init(NextHop(NextHopID(info.id), content), routeProtocol: info.protocol)
    }
}
