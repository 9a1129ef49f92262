// The operator's files: nothing a file says may crash, and a file that is wrong says where. Input:
// a byte that chooses which file, then its bytes, beside good ones.

import Intent
import Net

enum FilesOrdeal {
    static func run(_ input: inout Input) {
        let choice = input.byte()
        let bytes = input.rest()
        var files = good
        files[names[Int(choice) % names.count]] = bytes
        let faults = Check.directory(
            files: files, keys: ["keys/a": KeyFile(digest: 1, isTooOpen: false)],
            hostName: "ord1")
        let lines = bytes.reduce(1) { $0 + ($1 == 0x0A || $1 == 0x0D ? 1 : 0) }
        for fault in faults {
            hold(!fault.description.isEmpty, "a fault without a sentence")
            hold(fault.line <= lines + 64, "a fault behind the end: \(fault)")
        }
        apply(files)
    }

    /// What the daemon makes of it, from the start and again from what it saved.
    private static func apply(_ files: [String: [UInt8]]) {
        var catalog = Catalog(restoring: nil, hostName: "ord1")
        _ = catalog.changed(
            DirectoryDelta(files: good.mapValues { .bytes($0) }, keys: [:], isComplete: true),
            at: .zero)
        hold(
            catalog.circuits.count == 1 && catalog.faults.isEmpty,
            "good files are faulty: \(catalog.faults)")
        let change = catalog.changed(
            DirectoryDelta(files: files.mapValues { .bytes($0) }), at: .zero + .seconds(1))
        _ = catalog.faults
        if let saved = change.saved {
            guard let restored = SavedCatalog(decoding: saved) else {
                fatalError("broken promise: what was saved can be read")
            }
            var other = Catalog(restoring: restored, hostName: "ord1")
            _ = other.changed(
                DirectoryDelta(files: files.mapValues { .bytes($0) }, isComplete: true),
                at: .zero)
        }
    }

    private static let names = [
        "circuits/a.yaml", "circuitd.yaml", "tenants/acme.yaml", "circuits/b.yaml",
    ]

    private static let good: [String: [UInt8]] = [
        "circuitd.yaml": Array(
            """
            edge: ord1
            router-id: 198.51.100.7
            asn: 64600
            ports:
              ecx-a: { device: bond0, mtu: 9000 }
              campus: { device: eth3 }

            """.utf8),
        "tenants/acme.yaml": Array(
            """
            tenant: acme
            vrf: { table: 1001 }
            networks: [10.20.0.0/16]

            """.utf8),
        "circuits/b.yaml": Array(
            """
            circuit: b
            tenant: acme
            provider: inside
            vlan: 310
            links:
              main: { port: campus, address: 10.20.0.1/24, peers: [10.20.0.2] }
            bgp: { peer-asn: 64710, accept: [10.20.0.0/16 upto 24] }

            """.utf8),
    ]
}
