// circuitd.yaml, key by key.

import Net

extension Settings {
    /// Reads the file's root; nil when something that must be there is not.
    static func read(_ root: YAMLNode, _ findings: Findings, hostName: String) -> Settings? {
        guard var fields = Fields(root, path: "", findings) else { return nil }
        let edge = fields.read("edge", .hostName) ?? hostName
        let routerID = fields.require("router-id", .routerID)
        let asn = fields.require("asn", .asn)
        var ports: [String: Port] = [:]
        if var list = fields.fields("ports") {
            var devices: [InterfaceName: String] = [:]
            for entry in list.all() {
                guard let port = Port.read(entry, list.path(entry.key), findings) else { continue }
                if let other = devices.updateValue(port.name, forKey: port.device) {
                    let place =
                        findings.places["\(list.path(entry.key)).device"] ?? entry.keyPlace
                    findings.fault(
                        place, "device \(port.device) is port \(quoted(other)) already")
                }
                ports[port.name] = port
            }
        }
        var marks = KernelMarks()
        if var kernel = fields.fields("kernel") {
            // 0 to 4 are the kernel's own and the administrator's.
            if let number = kernel.read("protocol", .number(5...255 as ClosedRange<UInt8>)) {
                marks.routeProtocol = number
                if let owner = otherDaemons[number], let place = findings.places["kernel.protocol"]
                {
                    findings.warn(
                        place, "protocol \(number) is \(owner)'s; its routes would be ours")
                }
            }
            let metrics = 1...(marks.unreachableMetric - 1)
            marks.metric = kernel.read("metric", .number(metrics)) ?? marks.metric
            kernel.end()
        }
        fields.end()
        guard let routerID, let asn else { return nil }
        return Settings(edge: edge, routerID: routerID, asn: asn, ports: ports, marks: marks)
    }

    /// Route protocol numbers of daemons that may run beside us.
    private static let otherDaemons: [UInt8: String] = [
        9: "radvd", 11: "zebra", 12: "BIRD", 15: "NetworkManager", 16: "the DHCP client",
        18: "keepalived", 42: "babeld", 186: "FRR",
    ]
}

extension Port {
    fileprivate static func read(
        _ entry: YAMLNode.Entry, _ path: String, _ findings: Findings
    ) -> Port? {
        let name = findings.read(
            YAMLNode(content: .scalar(entry.key, isPlain: false), place: entry.keyPlace), "port",
            .name)
        guard var fields = Fields(entry.value, path: path, findings) else { return nil }
        let device = fields.require("device", .device)
        let mtu = fields.read("mtu", .mtu)
        let outerTag = fields.read("outer-tpid", .tagProtocol) ?? .dot1q
        var place: [String: String] = [:]
        for key in ["site", "cage", "panel", "position", "note"] {
            place[key] = fields.read(key, .text)
        }
        fields.end()
        guard let name, let device else { return nil }
        return Port(name: name, device: device, mtu: mtu, outerTag: outerTag, place: place)
    }
}

extension Term where Value == RouterID {
    /// A BGP identifier.
    static var routerID: Term {
        Term("an IPv4 address such as 203.0.113.7") { text in
            IPv4Address(text).flatMap { $0.raw == 0 ? nil : $0 }
        }
    }
}

extension Term where Value == InterfaceName {
    /// A device's name.
    static var device: Term {
        Term("a device's name of at most 15 characters") { InterfaceName($0) }
    }
}

extension Term where Value == UInt32 {
    /// An MTU.
    static var mtu: Term { .number(576...65535) }

    /// A table that we may fill.
    static var table: Term {
        Term("a table from 1 to 4294967295") { text in
            plainNumber(text).flatMap { UInt32(exactly: $0) }.flatMap {
                $0 == 0 || (253...255).contains($0) ? nil : $0
            }
        } why: { text in
            ["0", "253", "254", "255"].contains(text)
                ? "is one of the kernel's own tables; `vrf: none` means the main table" : nil
        }
    }
}

extension Term where Value == TagProtocol {
    /// The protocol of an outer tag.
    static var tagProtocol: Term {
        Term("802.1q or 802.1ad") { text in
            switch text.lowercased() {
            case "802.1q", "0x8100": .dot1q
            case "802.1ad", "0x88a8": .dot1ad
            default: nil
            }
        } why: { text in
            ["0x9100", "0x9200"].contains(text.lowercased())
                ? "cannot be made by Linux: an outer tag is 802.1q (0x8100) or 802.1ad (0x88a8)"
                : nil
        }
    }
}
