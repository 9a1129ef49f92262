// A spelling of the three kinds of files that is small enough to see through, so that the
// catalog's rules are tested apart from YAML: `key value` lines, a line `broken` is a fault.

import Net

@testable import Intent

extension Parsing {
    static let plain = Parsing(
        settings: { bytes, file, host in
            Plain(bytes, file).document { plain in
                var settings = Settings(
                    edge: plain["edge"] ?? host, routerID: IPv4Address(192, 0, 2, 1),
                    asn: ASN(plain["asn"] ?? "64600") ?? ASN(0))
                for port in (plain["ports"] ?? "p").split(separator: ",").map(String.init) {
                    guard let device = InterfaceName("dev-\(port)") else { return nil }
                    settings.ports[port] = Port(name: port, device: device)
                }
                return settings
            }
        },
        tenant: { bytes, file in
            Plain(bytes, file).document { plain in
                guard let name = plain["tenant"] else { return nil }
                let table = plain["table"].flatMap { UInt32($0) }
                return Tenant(
                    name: name, space: table.map { .vrf(TableID($0)) } ?? .main,
                    exchange: plain.all("from").map { Tenant.Exchange(from: $0, to: $0) })
            }
        },
        circuit: { bytes, file, settings, keys in
            Plain(bytes, file).circuit(settings, keys)
        },
        cross: plainCrossCheck)
}

/// Lines of a file.
private struct Plain {
    let file: String
    let lines: [(key: String, value: String)]

    init(_ bytes: [UInt8], _ file: String) {
        self.file = file
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
    }

    subscript(key: String) -> String? { lines.first { $0.key == key }?.value }

    func all(_ key: String) -> [String] { lines.filter { $0.key == key }.map(\.value) }

    func document<Value>(_ read: (Plain) -> Value?) -> Document<Value> {
        if let line = lines.firstIndex(where: { $0.key == "broken" }) {
            return Document(
                value: nil, faults: [Fault(file: file, line: line + 1, column: 1, "is broken")])
        }
        guard let value = read(self) else {
            return Document(value: nil, faults: [Fault(file: file, "says too little")])
        }
        return Document(value: value)
    }

    func circuit(_ settings: Settings, _ keys: [String: KeyFile]) -> Document<Circuit> {
        let port = self["port"] ?? "p"
        if lines.allSatisfy({ $0.key != "broken" }), settings.ports[port] == nil {
            return Document(value: nil, faults: [Fault(file: file, "there is no port \(port)")])
        }
        return document { plain in
            guard let name = plain["circuit"], let vlan = plain["vlan"].flatMap({ UInt16($0) }),
                let id = VLANID(rawValue: vlan)
            else { return nil }
            let local = IPAddress.v4(IPv4Address(10, 0, UInt8(vlan >> 8), 1))
            let peer = IPAddress.v4(IPv4Address(10, 0, UInt8(vlan >> 8), 2))
            var session = SessionSettings(
                local: local, peer: peer, localASN: settings.asn, peerASN: ASN(65000),
                families: [.ipv4])
            session.password = plain["key"].map { file in
                SessionSettings.Password(file: file, digest: keys[file]?.digest)
            }
            let tenants = plain.all("tenant")
            return Circuit(
                name: name, provider: "dedicated", note: plain["note"] ?? "",
                peerings: tenants.enumerated().map { number, tenant in
                    Peering(
                        name: number == 0 ? "" : "p\(number)", tenant: tenant,
                        links: [
                            CircuitLink(
                                role: "main", edge: plain["edge"], port: port,
                                encapsulation: number == 0
                                    ? .vlan(id)
                                    : .qinq(outer: id, inner: id),
                                addresses: plain.all("net").compactMap(InterfaceAddress.init),
                                peers: [peer], sessions: [session])
                        ])
                })
        }
    }
}

private func plainCrossCheck(
    _: Document<Settings>, _ tenants: [String: Document<Tenant>],
    _ circuits: [String: Document<Circuit>], _ precedence: [String]
) -> [String: [Fault]] {
    var faults: [String: [Fault]] = [:]
    func fault(_ file: String, _ sentence: String) {
        faults[file, default: []].append(Fault(file: file, sentence))
    }
    let known = Dictionary(
        uniqueKeysWithValues: tenants.values.compactMap(\.value).map { ($0.name, $0) })
    let circuitNames = Set(circuits.values.compactMap(\.value?.name))
    var owners: [String: String] = [:]
    var subnets: [TableID: [(Prefix, String)]] = [:]
    for file in precedence {
        if let tenant = tenants[file]?.value {
            if case .vrf(let table) = tenant.space {
                let mark = "table \(table)"
                if let owner = owners[mark] { fault(file, "\(mark) is taken by \(owner)") }
                owners[mark] = owners[mark] ?? file
            }
            for exchange in tenant.exchange where !circuitNames.contains(exchange.from) {
                fault(file, "there is no circuit \(exchange.from)")
            }
        }
        guard let circuit = circuits[file]?.value else { continue }
        for peering in circuit.peerings {
            guard let tenant = known[peering.tenant] else {
                fault(file, "there is no tenant \(peering.tenant)")
                continue
            }
            for link in peering.links {
                if case .vlan(let id) = link.encapsulation {
                    let mark = "vlan \(id) of \(link.port)"
                    if let owner = owners[mark] { fault(file, "\(mark) is taken by \(owner)") }
                    owners[mark] = owners[mark] ?? file
                }
                for net in link.addresses.map(\.network) {
                    let taken = subnets[tenant.table, default: []]
                    if let (other, owner) = taken.first(where: { $0.0.overlaps(net) }) {
                        fault(file, "\(net) overlaps \(other) of \(owner)")
                    }
                    subnets[tenant.table, default: []].append((net, file))
                }
            }
        }
    }
    return faults
}

/// A catalog with its directory and clock, and the log of what came out.
struct Desk {
    var catalog: Catalog
    var files: [String: String] = [:]
    var keys: [String: KeyFile] = [:]
    var now = Instant.zero
    var saved: [UInt8]?

    init(restoring: SavedCatalog? = nil, parsing: Parsing = .plain) {
        catalog = Catalog(restoring: restoring, hostName: "ord1", parsing: parsing)
    }

    /// Settings, tenant acme, and these circuits of it, read at once.
    init(circuits names: [String]) {
        self.init()
        files["circuitd.yaml"] = "edge ord1"
        files["tenants/acme.yaml"] = Desk.tenant("acme", table: 1001)
        for (number, name) in names.enumerated() {
            files["circuits/\(name).yaml"] = Desk.circuit(name, vlan: 100 + number)
        }
        readAll()
    }

    static func tenant(_ name: String, table: Int, _ more: String = "") -> String {
        "tenant \(name)\ntable \(table)\n\(more)"
    }

    static func circuit(
        _ name: String, tenant: String = "acme", vlan: Int, _ more: String = ""
    ) -> String {
        "circuit \(name)\ntenant \(tenant)\nvlan \(vlan)\n\(more)"
    }

    @discardableResult
    private mutating func keep(_ change: CatalogChange) -> CatalogChange {
        saved = change.saved ?? saved
        return change
    }

    @discardableResult
    mutating func readAll() -> CatalogChange {
        keep(
            catalog.changed(
                DirectoryDelta(
                    files: files.mapValues { .bytes(Array($0.utf8)) }, keys: keys,
                    isComplete: true), at: now))
    }

    /// Several files at once; nil removes.
    @discardableResult
    mutating func write(_ new: [String: String?]) -> CatalogChange {
        var delta = DirectoryDelta()
        for (path, text) in new {
            files[path] = text
            delta.files[path] = text.map { .bytes(Array($0.utf8)) } ?? .gone
        }
        return keep(catalog.changed(delta, at: now))
    }

    @discardableResult
    mutating func write(circuit name: String, _ text: String?) -> CatalogChange {
        write(["circuits/\(name).yaml": text])
    }

    @discardableResult
    mutating func change(_ delta: DirectoryDelta) -> CatalogChange {
        keep(catalog.changed(delta, at: now))
    }

    /// Lets time pass, ticking at each deadline on the way as the loop does.
    @discardableResult
    mutating func wait(_ duration: Duration) -> [CatalogChange] {
        let end = now + duration
        var changes: [CatalogChange] = []
        while let deadline = catalog.nextDeadline, deadline <= end {
            now = max(now, deadline)
            changes.append(keep(catalog.tick(at: now)))
        }
        now = end
        return changes
    }

    @discardableResult
    mutating func confirm() -> CatalogChange { keep(catalog.confirm(at: now)) }

    /// A new process over the same directory and state.
    @discardableResult
    mutating func restart() -> CatalogChange {
        catalog = Catalog(
            restoring: saved.flatMap(SavedCatalog.init(decoding:)), hostName: "ord1",
            parsing: catalog.parsing)
        return readAll()
    }

    var names: [String] { catalog.circuits.keys.sorted() }
    var faultTexts: [String] { catalog.faults.map(\.description) }
    func vlan(_ circuit: String) -> UInt16? {
        guard let link = catalog.circuit(named: circuit)?.peerings.first?.links.first,
            case .vlan(let id) = link.encapsulation
        else { return nil }
        return id.rawValue
    }
}
