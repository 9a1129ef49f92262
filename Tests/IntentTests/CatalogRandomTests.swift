// Random operators: files are written, broken, removed, brought back, the daemon restarts, time
// passes. After every step the catalog must keep its promises, told here without its bookkeeping.

import Net
import Testing

@testable import Intent

@Suite struct CatalogRandomTests {
    @Test(arguments: 0..<10)
    func `the promises hold for random operators`(seed: UInt64) {
        var run = RandomRun(seed: seed, spelling: .plain)
        for _ in 0..<80 { run.step() }
    }

    @Test(arguments: 100..<105)
    func `they hold with real files and real checks`(seed: UInt64) {
        var run = RandomRun(seed: seed, spelling: .yaml)
        for _ in 0..<60 { run.step() }
    }
}

/// How a random file is written.
struct Spelling: Sendable {
    var parsing: Parsing
    var settings: @Sendable (_ asn: Int) -> String
    var tenant: @Sendable (_ name: String, _ table: Int?, _ exchange: String?) -> String
    var circuit: @Sendable (_ name: String, _ tenants: [String], _ vlan: Int, _ net: Int) -> String

    static let plain = Spelling(
        parsing: .plain,
        settings: { "edge ord1\nasn \($0)" },
        tenant: { name, table, exchange in
            "tenant \(name)\n" + (table.map { "table \($0)\n" } ?? "")
                + (exchange.map { "from \($0)\n" } ?? "")
        },
        circuit: { name, tenants, vlan, net in
            "circuit \(name)\nvlan \(vlan)\nnet 10.\(net).0.1/\(net == 0 ? 8 : 24)\n"
                + tenants.map { "tenant \($0)\n" }.joined()
        })

    static let yaml = Spelling(
        parsing: .files,
        settings: {
            "edge: ord1\nrouter-id: 192.0.2.1\nasn: \($0)\nports: { p: { device: eth0 } }\n"
        },
        tenant: { name, table, exchange in
            "tenant: \(name)\nvrf: \(table.map { "{ table: \($0) }" } ?? "none")\n"
                + (exchange.map { "exchange: [{ from: \($0), to: \($0)x }]\n" } ?? "")
        },
        circuit: { name, tenants, vlan, net in
            let address = "10.\(net).0.1/\(net == 0 ? 8 : 24)"
            let head = "circuit: \(name)\nprovider: dedicated\nbgp: { peer-asn: 65001 }\n"
            func link(_ last: Int) -> String {
                "{ main: { port: p, address: \(address), peer: 10.\(net).0.\(last) } }"
            }
            guard tenants.count > 1 else {
                return head + "tenant: \(tenants[0])\nvlan: \(vlan)\nlinks: \(link(2))\n"
            }
            let peerings = tenants.enumerated().map { number, tenant in
                "  p\(number): { tenant: \(tenant), vlan: { outer: \(vlan), inner: \(number + 1) }"
                    + ", links: \(link(2)) }\n"
            }
            return head + "peerings:\n" + peerings.joined()
        })
}

/// One random operator at work.
struct RandomRun {
    private let spelling: Spelling
    private let seed: UInt64
    private var random: SplitMix
    private var desk: Desk
    /// Texts that were on disk once, to be brought back.
    private var old: [String: String] = [:]
    /// Shares as a listener to changes believes them.
    private var shares: [String: CircuitShare] = [:]
    private var before: [String: Circuit] = [:]
    /// Since when an applied file is absent.
    private var absent: [String: Instant] = [:]
    /// Circuits removed unasked, by when what removed them had gone.
    private var removed: [(name: String, since: Instant)] = []
    private var settled: Set<String> = []
    private var held: Set<String> = []

    init(seed: UInt64, spelling: Spelling) {
        self.seed = seed
        self.spelling = spelling
        random = SplitMix(state: seed)
        desk = Desk(parsing: spelling.parsing)
        desk.files["circuitd.yaml"] = spelling.settings(64600)
        for number in 0..<3 {
            desk.files["tenants/t\(number).yaml"] = spelling.tenant(
                "t\(number)", number == 2 ? nil : 100 + number, nil)
        }
        for number in 0..<14 {
            desk.files["circuits/c\(number).yaml"] = spelling.circuit(
                "c\(number)", ["t\(number % 3)"], 10 + number, 10 + number)
        }
        listen(desk.readAll())
        examine("start", confirmed: false)
    }

    mutating func step() {
        let name = "c\(random.below(16))"
        let path = "circuits/\(name).yaml"
        switch random.below(22) {
        case 0...5: write(path, circuit(name))
        case 6: write(path, "broken")
        case 7...9: write(path, nil)
        case 10: wipe(1 + random.below(8))
        case 11...12: if let text = old[path] { write(path, text) }
        case 13: bringBack()
        case 14: tenant()
        case 15:
            write("circuitd.yaml", random.below(2) == 0 ? "broken" : spelling.settings(64601))
        case 16...18: wait(random.below(3) == 0 ? random.below(40_000) : random.below(3000))
        case 19: restart()
        case 20:
            listen(desk.confirm())
            held = []
            examine("confirm", confirmed: true)
        default:
            var files: [String: String?] = [path: circuit(name)]
            let other = "c\(random.below(16))"
            files["circuits/\(other).yaml"] = circuit(other)
            act("two", files)
        }
    }

    private mutating func circuit(_ name: String) -> String {
        let tenant = "t\(random.below(4))"
        let tenants = random.below(5) == 0 ? [tenant, "t\(random.below(3))"] : [tenant]
        let net = random.below(12) == 0 ? 0 : 10 + random.below(20)
        return spelling.circuit(
            name, tenants.count == 2 && tenants[0] == tenants[1] ? [tenant] : tenants,
            10 + random.below(20), net)
    }

    private mutating func tenant() {
        let number = random.below(4)
        let path = "tenants/t\(number).yaml"
        switch random.below(6) {
        case 0: write(path, nil)
        case 1: write(path, "broken")
        default:
            let table = random.below(4) == 0 ? nil : 100 + random.below(5)
            let exchange = random.below(3) == 0 ? "c\(random.below(16))" : nil
            write(path, spelling.tenant("t\(number)", table, exchange))
        }
    }

    private mutating func write(_ path: String, _ text: String?) {
        act("\(text == nil ? "remove" : "write") \(path)", [path: text])
    }

    private mutating func wipe(_ count: Int) {
        let paths = desk.files.keys.filter { $0.hasPrefix("circuits/") }.sorted().prefix(count)
        act("wipe \(count)", Dictionary(uniqueKeysWithValues: paths.map { ($0, nil) }))
    }

    private mutating func bringBack() {
        let paths = old.keys.filter { desk.files[$0] == nil }
        act("bring back", Dictionary(uniqueKeysWithValues: paths.map { ($0, old[$0]) }))
    }

    private mutating func act(_ what: String, _ files: [String: String?]) {
        for path in files.keys {
            if let text = desk.files[path], text != "broken" { old[path] = text }
        }
        let change = desk.write(files)
        listen(change)
        examine(what, confirmed: false)
    }

    private mutating func wait(_ milliseconds: Int) {
        let end = desk.now + .milliseconds(milliseconds)
        while let deadline = desk.catalog.nextDeadline, deadline <= end {
            for change in desk.wait(deadline - desk.now) { listen(change) }
            examine("tick", confirmed: false)
        }
        desk.wait(end - desk.now)
    }

    private mutating func restart() {
        shares = [:]
        // What was about to go is looked at for two seconds more.
        absent = absent.mapValues { _ in desk.now }
        listen(desk.restart())
        examine("restart", confirmed: false)
    }

    private mutating func listen(_ change: CatalogChange) {
        for (name, share) in change.circuits { shares[name] = share }
    }

    private mutating func examine(_ what: String, confirmed: Bool) {
        let trace: Comment = "seed \(seed), after \(what) at \(desk.now.nanoseconds / 1_000_000)"
        let catalog = desk.catalog
        let circuits = catalog.circuits
        let now = desk.now
        examineValues(circuits, trace)
        examineRemovals(circuits, confirmed: confirmed, trace)

        // Changes add up to the whole, and the whole is what the files compile to.
        #expect(shares == catalog.shares, trace)
        if let settings = catalog.settings {
            let tenants = catalog.tenants
            for (name, circuit) in circuits {
                #expect(
                    catalog.shares[name]
                        == Compile.share(of: circuit, tenants: tenants, settings: settings), trace)
            }
        }
        // What is saved is what is applied.
        let saved = SavedCatalog(decoding: desk.saved ?? [])
        #expect(
            Set(circuits.keys.map { "circuits/\($0).yaml" })
                == Set((saved?.files.keys ?? [:].keys).filter { $0.hasPrefix("circuits/") }), trace)
        #expect(saved?.held == Set(catalog.heldRemovals), trace)

        // What was held is applied still, unless it returned or the operator spoke.
        for path in held where desk.files[path] == nil {
            #expect(catalog.heldRemovals.contains(path), "\(trace): \(path) was held")
        }
        held = Set(catalog.heldRemovals)
        before = circuits
        for (path, since) in absent where !catalog.heldRemovals.contains(path) {
            #expect(since + .seconds(2) > now, "\(trace): \(path) should have been removed")
        }
    }

    /// What is applied is what was, or what the file says; all of it fits together; and what is
    /// not applied could not be.
    private func examineValues(_ circuits: [String: Circuit], _ trace: Comment) {
        let parsing = spelling.parsing
        guard let settings = desk.catalog.settings else { return }
        func read(_ path: String) -> Document<Circuit>? {
            desk.files[path].map { parsing.circuit(Array($0.utf8), path, settings, [:]) }
        }
        for (name, circuit) in circuits {
            let file = read("circuits/\(name).yaml")?.value
            let plain = { (circuit: Circuit?) in circuit?.withoutASN }
            #expect(
                plain(circuit) == plain(before[name]) || circuit == file, "\(trace): \(name)")
        }
        var documents: [String: Document<Circuit>] = [:]
        for (path, held) in desk.catalog.circuitFiles { documents[path] = held.good?.document }
        var tenants: [String: Document<Tenant>] = [:]
        for (path, held) in desk.catalog.tenantFiles { tenants[path] = held.good?.document }
        // A circuit that has lost one of its tenants keeps its claims for the other.
        for path in documents.keys {
            documents[path]?.value?.peerings.removeAll { peering in
                tenants["tenants/\(peering.tenant).yaml"] == nil
            }
        }
        func faults(with candidate: (String, Document<Circuit>)? = nil) -> Set<Fault> {
            var all = documents
            if let candidate { all[candidate.0] = candidate.1 }
            let order = (Array(tenants.keys) + documents.keys).sorted() + [candidate?.0 ?? ""]
            let faults = parsing.cross(
                Document(value: settings), tenants, all,
                order.filter { $0 != candidate?.0 } + [candidate?.0 ?? ""])
            return Set(faults.values.joined().filter { $0.isFault && !$0.isAboutAbsence })
        }
        let applied = faults()
        #expect(applied.isEmpty, trace)
        for path in desk.files.keys where path.hasPrefix("circuits/") {
            guard let document = read(path), let value = document.value,
                value != documents[path]?.value, value != circuits[value.name]
            else { continue }
            #expect(desk.catalog.faults.contains { $0.file == path && $0.isFault }, trace)
            let isOrphan = value.peerings.contains {
                tenants["tenants/\($0.tenant).yaml"] == nil
            }
            #expect(
                isOrphan || !faults(with: (path, document)).subtracting(applied).isEmpty,
                "\(trace): nothing speaks against \(path)")
        }
    }

    /// Nothing goes unasked but two seconds after its file, and never so much as to be a failed
    /// copy.
    private mutating func examineRemovals(
        _ circuits: [String: Circuit], confirmed: Bool, _ trace: Comment
    ) {
        let now = desk.now
        var gone: [(String, Instant)] = []
        for (name, circuit) in before where circuits[name] == nil && !confirmed {
            let causes =
                ["circuits/\(name).yaml"] + circuit.peerings.map { "tenants/\($0.tenant).yaml" }
            let since = causes.compactMap { absent[$0] }.min()
            #expect(since.map { $0 + .seconds(2) <= now } ?? false, "\(trace): \(name) went")
            gone.append((name, since ?? now))
        }
        if confirmed {
            removed = []
        } else if !gone.isEmpty {
            removed += gone
            removed.removeAll { $0.since + .seconds(30) <= now || circuits[$0.name] != nil }
            let count = Set(removed.map(\.name)).count
            #expect(!circuits.isEmpty, trace)
            #expect(count < 4 || count * 4 < settled.count, "\(trace): \(count) went")
        }
        var applied = Set(circuits.keys.map { "circuits/\($0).yaml" })
        applied.formUnion(desk.catalog.tenants.keys.map { "tenants/\($0).yaml" })
        absent = absent.filter { applied.contains($0.key) && desk.files[$0.key] == nil }
        for path in applied where desk.files[path] == nil && absent[path] == nil {
            absent[path] = now
        }
        removed.removeAll { $0.since + .seconds(30) <= now }
        if absent.isEmpty && removed.isEmpty || confirmed { settled = Set(circuits.keys) }
    }
}

extension Fault {
    /// What is gone by the operator's own wish may be missed by what stays.
    fileprivate var isAboutAbsence: Bool {
        sentence.hasPrefix("there is no tenant") || sentence.hasPrefix("there is no circuit")
            || sentence.hasPrefix("tenant \"") && sentence.contains("has faults of its own")
    }
}

extension Circuit {
    /// Settings change our AS in every circuit; that is not the circuit's own change.
    fileprivate var withoutASN: Circuit {
        var copy = self
        for peering in copy.peerings.indices {
            for link in copy.peerings[peering].links.indices {
                for session in copy.peerings[peering].links[link].sessions.indices {
                    copy.peerings[peering].links[link].sessions[session].localASN = ASN(0)
                }
            }
        }
        return copy
    }
}

/// A small generator with a seed.
struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((word ^ (word >> 31)) % UInt64(bound))
    }
}
