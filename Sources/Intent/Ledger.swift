// What files have claimed so far. The file whose turn it is claims one thing after the other; when
// one of them is taken, all of its claims are given back at the end of its turn.

import Net

/// What is taken, and by whom.
struct Ledger {
    /// Something that only one can have.
    enum Claim: Hashable {
        case name(isTenant: Bool, String)
        case table(TableID)
        case network(Prefix)
        case untagged(port: String)
        case tag(port: String, TagProtocol, VLANID)
        case pair(port: String, TagProtocol, outer: VLANID, inner: VLANID)
    }

    /// Who has something, in words only when somebody asks.
    struct Owner: CustomStringConvertible {
        private var parts: (String, String, String)

        init(_ first: String, _ second: String = "", _ third: String = "") {
            parts = (first, second, third)
        }

        var description: String {
            [parts.0, parts.1, parts.2].filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    /// What a device is.
    enum Meaning: Hashable, CustomStringConvertible {
        case port(String)
        case vrf(tenant: String)
        case outer(port: String, VLANID)
        case link(port: String, Encapsulation)

        var description: String {
            switch self {
            case .port(let name): "port \(name)"
            case .vrf(let tenant): "the VRF of tenant \(tenant)"
            case .outer(let port, let id): "\(port) outer VLAN \(id)"
            case .link(let port, .untagged): "\(port) untagged"
            case .link(let port, .vlan(let id)): "\(port) VLAN \(id)"
            case .link(let port, .qinq(let outer, let inner)): "\(port) VLAN \(outer)/\(inner)"
            }
        }
    }

    /// What the file whose turn it is took so far.
    private enum Taken {
        case claim(Claim)
        case outer(Claim)
        case device(InterfaceName)
        case subnet(TableID, Prefix)
    }

    let settings: Settings?
    private(set) var faults: [String: [Fault]] = [:]
    private var owners: [Claim: Owner] = [:]
    /// Outer tags are shared by those who stack on them, and by nobody else.
    private var outers: [Claim: Owner] = [:]
    private var devices: [InterfaceName: (meaning: Meaning, owner: Owner)] = [:]
    private var subnets: [TableID: Subnets] = [:]

    /// The file whose turn it is.
    private(set) var file = ""
    private var places: [String: Place] = [:]
    private var isFaulty = false
    private var taken: [Taken] = []

    init(settings: Settings?) {
        self.settings = settings
        for port in (settings?.ports ?? [:]).values {
            devices[port.device] = (.port(port.name), Owner("circuitd.yaml"))
        }
    }

    /// A file's turn begins.
    mutating func begin(_ file: String, _ places: [String: Place]) {
        self.file = file
        self.places = places
        isFaulty = false
        taken.removeAll(keepingCapacity: true)
    }

    /// A file's turn ends: false when its claims failed.
    mutating func settle() -> Bool {
        if isFaulty {
            for thing in taken { giveBack(thing) }
        }
        taken.removeAll(keepingCapacity: true)
        return !isFaulty
    }

    private mutating func giveBack(_ thing: Taken) {
        switch thing {
        case .claim(let claim): owners[claim] = nil
        case .outer(let claim): outers[claim] = nil
        case .device(let device): devices[device] = nil
        case .subnet(let table, let subnet): subnets[table]?.remove(subnet)
        }
    }

    /// Faults a place of the file whose turn it is.
    mutating func fault(_ path: String, _ sentence: String, _ severity: Fault.Severity = .fault) {
        if severity == .fault { isFaulty = true }
        let place = places[path] ?? Place(line: 1, column: 1)
        faults[file, default: []].append(
            Fault(
                file: file, line: place.line, column: place.column, sentence, severity: severity))
    }

    /// Whether the file has this key.
    func isAt(_ path: String) -> Bool { places[path] != nil }

    /// Takes something, or faults with the sentence made of who has it.
    mutating func claim(
        _ claim: Claim, for owner: Owner, at path: @autoclosure () -> String,
        _ sentence: (Owner) -> String
    ) {
        if let other = owners[claim] ?? outers[claim] {
            fault(path(), sentence(other))
        } else {
            owners[claim] = owner
            taken.append(.claim(claim))
        }
    }

    /// Takes a share of an outer tag.
    mutating func share(
        _ claim: Claim, for owner: Owner, at path: @autoclosure () -> String,
        _ sentence: (Owner) -> String
    ) {
        if let other = owners[claim] {
            fault(path(), sentence(other))
        } else if outers[claim] == nil {
            outers[claim] = owner
            taken.append(.outer(claim))
        }
    }

    /// Takes a device's name; who means the same device shares it.
    mutating func claim(
        device: InterfaceName, meaning: Meaning, for owner: Owner,
        at path: @autoclosure () -> String
    ) {
        if let other = devices[device] {
            if other.meaning != meaning {
                fault(
                    path(),
                    "the device of \(meaning) would be named \(device), as is that of "
                        + "\(other.meaning) (\(other.owner))")
            }
        } else {
            devices[device] = (meaning, owner)
            taken.append(.device(device))
        }
    }

    /// Takes a subnet of a table.
    mutating func claim(
        subnet: Prefix, in table: TableID, for owner: Owner, at path: @autoclosure () -> String
    ) {
        if let other = subnets[table, default: Subnets()].insert(subnet, owner) {
            let place = table == .main ? "the main table" : "table \(table)"
            fault(path(), "subnet \(subnet) overlaps \(other.prefix) of \(other.owner) in \(place)")
        } else {
            taken.append(.subnet(table, subnet))
        }
    }
}

/// Subnets of one table, none of which overlaps another, so that only neighbours need a look.
struct Subnets {
    private var sorted: [(prefix: Prefix, owner: Ledger.Owner)] = []

    /// Inserts, or returns the one in the way.
    mutating func insert(
        _ prefix: Prefix, _ owner: Ledger.Owner
    ) -> (prefix: Prefix, owner: Ledger.Owner)? {
        let position = position(of: prefix)
        for neighbour in [position - 1, position] where sorted.indices.contains(neighbour) {
            if sorted[neighbour].prefix.overlaps(prefix) { return sorted[neighbour] }
        }
        sorted.insert((prefix, owner), at: position)
        return nil
    }

    /// Removes one that was inserted.
    mutating func remove(_ prefix: Prefix) {
        let position = position(of: prefix)
        if sorted.indices.contains(position), sorted[position].prefix == prefix {
            sorted.remove(at: position)
        }
    }

    private func position(of prefix: Prefix) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].prefix < prefix { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
