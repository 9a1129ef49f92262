// One link: its port, tags, addresses and peers.

import Net

/// A peer as the file names it.
struct PeerEntry {
    var address: IPAddress
    var place: Place
    /// What the file says for this peer alone.
    var bgp: YAMLNode?
}

struct LinkReading {
    let peering: PeeringReading
    let role: String
    let routing: Peering.Routing?
    let path: String
    let place: Place

    var findings: Findings { peering.findings }
    var profile: Profile { peering.profile }

    func read(_ fields: inout Fields, over above: CircuitReading.Level) -> CircuitLink? {
        let level = peering.circuit.lay(&fields, over: above, CircuitReading.linkKeys)
        for (key, node) in level { findings.stands("\(path).\(key)", at: node.place) }
        _ = fields.read("note", .text)
        let edge = level["edge"].flatMap { findings.read($0, "edge", .hostName) }
        let port = level["port"].flatMap { findings.read($0, "port", .name) }
        if level["port"] == nil { findings.fault(place, "link \(role) has no port") }
        let encapsulation = level["vlan"].flatMap {
            Encapsulation.read($0, "\(path).vlan", findings, isWhole: true)
        }
        if level["vlan"] == nil {
            findings.fault(
                place, "link \(role) has no vlan: a number, { outer, inner } or untagged")
        }
        var addresses: [InterfaceAddress] = []
        var peers: [PeerEntry] = []
        var isReadable = true
        for family in Family.allCases {
            isReadable = ends(of: family, &fields, &addresses, &peers) && isReadable
        }
        if isReadable { check(addresses, peers) }
        var sessions: [SessionSettings] = []
        if routing == .bgp || routing == .both {
            sessions = SessionReading(link: self, addresses: addresses, peers: peers)
                .read(level["bgp"], isReadable: isReadable)
        } else if routing == .static, let bgp = level["bgp"] {
            findings.warn(bgp.place, "bgp is not used with routing: static")
        }
        let mtu = mtu(level["mtu"], encapsulation, addresses)
        guard let port, let encapsulation else { return nil }
        return CircuitLink(
            role: role, edge: edge, port: port, encapsulation: encapsulation, mtu: mtu,
            addresses: addresses, peers: peers.map(\.address), sessions: sessions)
    }

    /// Our address of one family and its peers; false when something there could not be read.
    private func ends(
        of family: Family, _ fields: inout Fields, _ addresses: inout [InterfaceAddress],
        _ peers: inout [PeerEntry]
    ) -> Bool {
        let suffix = family == .ipv4 ? "" : "6"
        let subnet = fields.read("subnet\(suffix)", .prefix(family))
        let address = fields.read("address\(suffix)", .interface(family))
        let peer = fields.read("peer\(suffix)", .address(family))
        let list = fields.take("peers\(suffix)")
        let named = list.flatMap { several($0, "peers\(suffix)", family == .ipv4 ? nil : .ipv6) }
        var isReadable =
            fields.has("subnet\(suffix)") == (subnet != nil)
            && fields.has("address\(suffix)") == (address != nil)
            && fields.has("peer\(suffix)") == (peer != nil)
            && fields.has("peers\(suffix)") == (named != nil)
        func place(_ key: String) -> Place {
            findings.places["\(path).\(key)\(suffix)"] ?? self.place
        }
        if fields.has("subnet\(suffix)"), fields.has("address\(suffix)") {
            findings.fault(
                place("address"),
                "subnet\(suffix) and address\(suffix) both say our address; one is enough")
            isReadable = false
        }
        if fields.has("peer\(suffix)"), fields.has("peers\(suffix)") {
            findings.fault(
                place("peers"), "peer\(suffix) and peers\(suffix) both name peers; one is enough")
            isReadable = false
        }
        if let address { addresses.append(address) }
        if let peer { peers.append(PeerEntry(address: peer, place: place("peer"))) }
        peers += named ?? []
        if let subnet, address == nil {
            guard let (ours, theirs) = hosts(of: subnet, at: place("subnet"), suffix) else {
                return false
            }
            addresses.append(ours)
            if peer == nil, named == nil {
                peers.append(PeerEntry(address: theirs, place: place("subnet")))
            }
        }
        return isReadable
    }

    /// Which hosts of a subnet are ours and theirs.
    private func hosts(
        of subnet: Prefix, at place: Place, _ suffix: String
    ) -> (InterfaceAddress, IPAddress)? {
        let bits = UInt8(subnet.family.addressBits)
        if let lengths = profile.subnetLengths[subnet.family], !lengths.contains(subnet.length) {
            let wanted =
                lengths.count == 1
                ? "/\(lengths.lowerBound)" : "/\(lengths.lowerBound) to /\(lengths.upperBound)"
            findings.fault(
                place, "a link of \(profile.name) has a \(wanted), not /\(subnet.length)")
            return nil
        }
        guard let rule = profile.hosts else {
            findings.fault(
                place,
                "\(profile.name) does not say which host of subnet\(suffix) is ours; write "
                    + "address\(suffix) and peer\(suffix)")
            return nil
        }
        guard subnet.length < bits else {
            findings.fault(place, "a /\(bits) has no room for two ends")
            return nil
        }
        // RFC 3021, RFC 6164: the two addresses of a /31 and a /127 are both hosts.
        let first: UInt64 = subnet.length == bits - 1 ? 0 : 1
        let low = host(first, of: subnet)
        let high = host(first + 1, of: subnet)
        let ours = rule == .oursFirst ? low : high
        return InterfaceAddress(ours, length: subnet.length).map {
            ($0, rule == .oursFirst ? high : low)
        }
    }

    private func host(_ number: UInt64, of subnet: Prefix) -> IPAddress {
        switch subnet {
        case .v4(let prefix):
            .v4(IPv4Address(raw: prefix.raw | UInt32(truncatingIfNeeded: number)))
        case .v6(let prefix):
            .v6(IPv6Address(high: prefix.address.high, low: prefix.address.low | number))
        }
    }

    /// `peers`: a list of addresses, or a mapping of addresses to what holds for each.
    private func several(_ node: YAMLNode, _ key: String, _ family: Family?) -> [PeerEntry]? {
        if case .mapping = node.content, var fields = Fields(node, path: "\(path).\(key)", findings)
        {
            let entries = fields.all()
            let peers = entries.compactMap { entry -> PeerEntry? in
                let name = YAMLNode(
                    content: .scalar(entry.key, isPlain: false), place: entry.keyPlace)
                var bgp: YAMLNode?
                let own = "\(fields.path).\(entry.key)"
                if !entry.value.isEmpty,
                    var keys = Fields(entry.value, path: own, name: entry.key, findings)
                {
                    bgp = keys.take("bgp")
                    if let bgp { _ = BGPKeys(bgp, path: "\(own).bgp", findings) }
                    keys.end(elsewhere: peering.circuit.elsewhere(in: .link))
                }
                return findings.read(name, key, .address(family)).map {
                    PeerEntry(address: $0, place: entry.keyPlace, bgp: bgp)
                }
            }
            return peers.count == entries.count ? peers : nil
        }
        guard case .sequence(let items) = node.content else {
            findings.fault(
                node.place, "\(key) is a list of addresses, or a mapping of addresses to their keys"
            )
            return nil
        }
        let peers = items.compactMap { item in
            findings.read(item, key, .address(family)).map {
                PeerEntry(address: $0, place: item.place)
            }
        }
        return peers.count == items.count ? peers : nil
    }

    private func check(_ addresses: [InterfaceAddress], _ peers: [PeerEntry]) {
        if addresses.isEmpty {
            findings.fault(place, "link \(role) has no address")
            return
        }
        for address in addresses { check(address) }
        for (position, peer) in peers.enumerated() {
            let family = peer.address.family
            let name = family == .ipv4 ? "IPv4" : "IPv6"
            guard let ours = addresses.first(where: { $0.address.family == family }) else {
                findings.fault(
                    peer.place,
                    "peer \(peer.address) is \(name), and the link has no \(name) address")
                continue
            }
            if ours.address == peer.address {
                findings.fault(peer.place, "peer \(peer.address) is our own address")
            } else if !ours.network.contains(peer.address) {
                findings.fault(
                    peer.place,
                    "peer \(peer.address) lies outside the link's subnet \(ours.network)")
            } else if peers[..<position].contains(where: { $0.address == peer.address }) {
                findings.fault(peer.place, "peer \(peer.address) stands here twice")
            }
        }
    }

    private func check(_ address: InterfaceAddress) {
        let suffix = address.address.family == .ipv4 ? "" : "6"
        let place =
            findings.places["\(path).address\(suffix)"]
            ?? findings.places["\(path).subnet\(suffix)"] ?? place
        let isLink = ["169.254.0.0/16", "fe80::/10"].contains {
            Prefix($0)?.contains(address.address) ?? false
        }
        if address.address == address.network.address, address.length < 31, suffix.isEmpty {
            findings.fault(place, "\(address) is the subnet itself and no host")
        } else if case .v4(let host) = address.address, address.length < 31,
            host.raw | Prefix4.mask(address.length) == .max
        {
            findings.fault(place, "\(address) is the subnet's broadcast address and no host")
        } else if !isLink, AddressSpace.isRefused(Prefix(address.address, length: 128)) {
            findings.fault(place, "\(address) cannot be an address of a link")
        } else if peering.rule.isPublic,
            isLink || AddressSpace.isPrivate(Prefix(address.address, length: 128))
        {
            findings.fault(place, "links of \(peering.name) need public addresses")
        }
    }

    private func mtu(
        _ node: YAMLNode?, _ encapsulation: Encapsulation?, _ addresses: [InterfaceAddress]
    ) -> UInt32? {
        guard let node else {
            // An untagged link is the port, whose MTU is the port's own matter.
            return encapsulation == .untagged ? nil : profile.mtu
        }
        guard let mtu = findings.read(node, "mtu", .mtu) else { return nil }
        if let largest = profile.largestMTU, mtu > largest {
            findings.fault(
                node.place, "\(profile.name) carries at most \(largest) bytes, not \(mtu)")
        } else if mtu < 1280, addresses.contains(where: { $0.address.family == .ipv6 }) {
            findings.fault(node.place, "IPv6 needs an MTU of 1280 or more")
        }
        return mtu
    }
}
