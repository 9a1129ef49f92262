// Real files and the real checks, many of them: one changed file costs about one file.

import Net
import Testing

@testable import Intent

@Suite struct CatalogScaleTests {
    private static func circuit(_ number: Int, extra: String = "") -> [UInt8] {
        let net = "10.\(number / 16384).\(number / 64 % 256)"
        let host = number % 64 * 4
        return Array(
            """
            circuit: c\(number)
            tenant: t\(number % 200)
            provider: dedicated
            vlan: { outer: \(1 + number / 2000), inner: \(1 + number % 2000) }
            links:
              main: { port: ecx, address: \(net).\(host + 1)/30, peer: \(net).\(host + 2) }
            bgp: { peer-asn: 65001, accept: [10.30.0.0/16 upto 24]\(extra) }
            """.utf8)
    }

    private static func directory(circuits: Int) -> DirectoryDelta {
        var delta = DirectoryDelta(keys: [:], isComplete: true)
        delta.files["circuitd.yaml"] = .bytes(
            Array(
                """
                edge: ord1
                router-id: 203.0.113.7
                asn: 64600
                ports: { ecx: { device: bond0, mtu: 9000 } }
                """.utf8))
        for number in 0..<200 {
            delta.files["tenants/t\(number).yaml"] = .bytes(
                Array("tenant: t\(number)\nvrf: { table: \(1000 + number) }\n".utf8))
        }
        for number in 0..<circuits {
            delta.files["circuits/c\(number).yaml"] = .bytes(circuit(number))
        }
        return delta
    }

    @Test func `one changed file among 4,000 costs a small part of reading them all`() {
        var catalog = Catalog(restoring: nil, hostName: "ord1")
        let clock = ContinuousClock()
        var first = CatalogChange()
        let all = clock.measure {
            first = catalog.changed(Self.directory(circuits: 4000), at: .zero)
        }
        #expect(first.circuits.count == 4000)
        #expect(catalog.faults.first == nil)
        var change = CatalogChange()
        let one = clock.measure {
            change = catalog.changed(
                DirectoryDelta(
                    files: ["circuits/c77.yaml": .bytes(Self.circuit(77, extra: ", med: 5"))]),
                at: .zero)
        }
        #expect(Array(change.circuits.keys) == ["c77"])
        #expect(change.notes == ["circuit c77: changed, impact soft"])
        // A ratio, since the machine may be busy; alone it is about 90.
        #expect(one * 15 < all, "\(one), where all took \(all)")
        let decoded = SavedCatalog(decoding: change.saved ?? [])
        #expect(decoded?.files.count == 4201)
    }
}
