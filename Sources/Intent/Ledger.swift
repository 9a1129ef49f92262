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

    let settings: Settings?
    private(set) var faults: [String: [Fault]] = [:]
    private var owners: [Claim: String] = [:]
    /// Outer tags are shared by those who stack on them, and by nobody else.
    private var outers: [Claim: String] = [:]
    private var devices: [InterfaceName: (meaning: String, owner: String)] = [:]
    private var subnets: [TableID: Subnets] = [:]

    /// The file whose turn it is.
    private(set) var file = ""
    private var places: [String: Place] = [:]
    private var isFaulty = false
    private var undo: [(inout Ledger) -> Void] = []

    init(settings: Settings?) {
        self.settings = settings
        for port in (settings?.ports ?? [:]).values {
            devices[port.device] = ("port \(port.name)", "circuitd.yaml")
        }
    }

    /// A file's turn begins.
    mutating func begin(_ file: String, _ places: [String: Place]) {
        self.file = file
        self.places = places
        isFaulty = false
        undo = []
    }

    /// A file's turn ends: false when its claims failed.
    mutating func settle() -> Bool {
        if isFaulty {
            for step in undo { step(&self) }
        }
        undo = []
        return !isFaulty
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
        _ claim: Claim, for owner: String, at path: String, _ sentence: (String) -> String
    ) {
        if let other = owners[claim] ?? outers[claim] {
            fault(path, sentence(other))
        } else {
            owners[claim] = owner
            undo.append { $0.owners[claim] = nil }
        }
    }

    /// Takes a share of an outer tag.
    mutating func share(
        _ claim: Claim, for owner: String, at path: String, _ sentence: (String) -> String
    ) {
        if let other = owners[claim] {
            fault(path, sentence(other))
        } else if outers[claim] == nil {
            outers[claim] = owner
            undo.append { $0.outers[claim] = nil }
        }
    }

    /// Takes a device's name; who means the same device shares it.
    mutating func claim(
        device: InterfaceName, meaning: String, for owner: String, at path: String
    ) {
        if let other = devices[device] {
            if other.meaning != meaning {
                fault(
                    path,
                    "the device of \(meaning) would be named \(device), as is that of "
                        + "\(other.meaning) (\(other.owner))")
            }
        } else {
            devices[device] = (meaning, owner)
            undo.append { $0.devices[device] = nil }
        }
    }

    /// Takes a subnet of a table.
    mutating func claim(subnet: Prefix, in table: TableID, for owner: String, at path: String) {
        if let other = subnets[table, default: Subnets()].insert(subnet, owner) {
            let place = table == .main ? "the main table" : "table \(table)"
            fault(path, "subnet \(subnet) overlaps \(other.prefix) of \(other.owner) in \(place)")
        } else {
            undo.append { $0.subnets[table]?.remove(subnet) }
        }
    }
}

/// Subnets of one table, none of which overlaps another, so that only neighbours need a look.
struct Subnets {
    private var sorted: [(prefix: Prefix, owner: String)] = []

    /// Inserts, or returns the one in the way.
    mutating func insert(_ prefix: Prefix, _ owner: String) -> (prefix: Prefix, owner: String)? {
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
