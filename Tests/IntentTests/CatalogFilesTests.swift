// The catalog over the real format: what the examples of the format come to on an edge.

import Net
import Testing

@testable import Intent

@Suite struct CatalogFilesTests {
    private static let settings = """
        edge: ord1
        router-id: 203.0.113.7
        asn: 64600
        ports:
          ecx-a:  { device: bond0, mtu: 9000, outer-tpid: 802.1ad }
          campus: { device: eth3 }
        """

    private static let azure = """
        circuit: acme-azure
        provider: expressroute
        vlan: { outer: 1010 }
        peerings:
          azure-private:
            tenant: acme
            vlan: { inner: 100 }
            links:
              primary:   { edge: ord1, port: ecx-a, subnet: 169.254.10.0/30 }
              secondary: { edge: ord2, port: ecx-a, subnet: 169.254.10.4/30 }
            bgp: { password-file: keys/acme-azure, accept: [10.30.0.0/16 upto 24] }
          azure-microsoft:
            tenant: acme-public
            vlan: { inner: 200 }
            links:
              primary:   { edge: ord1, port: ecx-a, subnet: 198.51.100.0/30 }
              secondary: { edge: ord2, port: ecx-a, subnet: 198.51.100.4/30 }
            bgp: { accept: [8.0.0.0/8 upto 24], advertise: [198.51.100.64/28] }
        """

    private func desk() -> Desk {
        var desk = Desk(parsing: .files)
        desk.files["circuitd.yaml"] = Self.settings
        desk.files["tenants/acme.yaml"] =
            "tenant: acme\nvrf: { table: 1001 }\nnetworks: [10.20.0.0/16]\n"
        desk.files["tenants/acme-public.yaml"] = "tenant: acme-public\nvrf: { table: 1002 }\n"
        desk.files["circuits/acme-azure.yaml"] = Self.azure
        desk.files["circuits/other.yaml"] = Self.plain(
            "other", "port: campus, vlan: 7, address: 192.0.2.1/30, peer: 192.0.2.2")
        desk.keys = ["keys/acme-azure": KeyFile(digest: 9, isTooOpen: false)]
        return desk
    }

    private static func plain(_ name: String, _ link: String) -> String {
        """
        circuit: \(name)
        tenant: acme
        provider: dedicated
        links: { main: { \(link) } }
        routing: static
        """
    }

    @Test func `one circuit of two peerings makes one outer and two inner devices here`() {
        var desk = desk()
        let change = desk.readAll()
        #expect(desk.catalog.faults.filter { $0.severity == .fault } == [])
        let share = change.circuits["acme-azure"] ?? nil
        #expect(
            share?.links.map(\.name.description) == [
                "vrf-acme", "bond0", "ecx-a-s1010", "ecx-a-1010-100", "vrf-acme-public",
                "ecx-a-1010-200",
            ])
        #expect(
            share?.remoteLinks == [
                "azure-private/secondary on ord2", "azure-microsoft/secondary on ord2",
            ])
        #expect(share?.localLinks.first?.sessions.first?.password?.digest == 9)
        #expect(change.tenants.keys.sorted() == ["acme", "acme-public"])
    }

    @Test func `a key that is too open or gone takes its digest away`() {
        var desk = desk()
        desk.readAll()
        for keys in [["keys/acme-azure": KeyFile(digest: 9, isTooOpen: true)], [:]] {
            desk.change(DirectoryDelta(keys: keys))
            let session = desk.catalog.shares["acme-azure"]?.localLinks.first?.sessions.first
            #expect(session?.password?.file == "keys/acme-azure")
            #expect(session?.password?.digest == nil)
            #expect(!desk.catalog.faults(forCircuit: "acme-azure").isEmpty)
        }
    }

    @Test func `a key that is not fit takes its digest away and says why`() {
        var desk = desk()
        desk.readAll()
        desk.change(
            DirectoryDelta(keys: [
                "keys/acme-azure": KeyFile(digest: 9, isTooOpen: false, fault: "is empty")
            ]))
        let session = desk.catalog.shares["acme-azure"]?.localLinks.first?.sessions.first
        #expect(session?.password == .init(file: "keys/acme-azure", digest: nil))
        #expect(
            desk.catalog.faults(forCircuit: "acme-azure").map(\.sentence) == [
                "keys/acme-azure is empty; its sessions stay down"
            ])
    }

    @Test func `a directory that is missing takes no key away`() {
        var desk = desk()
        desk.readAll()
        desk.change(.missingDirectory)
        let session = desk.catalog.shares["acme-azure"]?.localLinks.first?.sessions.first
        #expect(session?.password?.digest == 9)
    }

    @Test func `a circuit that has lost one of two tenants keeps its tags from newcomers`() {
        var desk = desk()
        desk.readAll()
        desk.write(["tenants/acme-public.yaml": nil])
        desk.wait(.seconds(2))
        #expect(desk.catalog.shares["acme-azure"]?.localLinks.map(\.tenant) == ["acme"])
        desk.write([
            "circuits/new.yaml": Self.plain(
                "new",
                "port: ecx-a, vlan: { outer: 1010, inner: 100 }, address: 192.0.2.5/30, "
                    + "peer: 192.0.2.6")
        ])
        #expect(desk.names == ["acme-azure", "other"])
        #expect(
            desk.catalog.faults(forCircuit: "new").first?.sentence
                .contains("1010/100 of port ecx-a is acme-azure azure-private primary's") == true)
        #expect(
            desk.catalog.faults(forCircuit: "acme-azure").map(\.description).contains(
                "circuits/acme-azure.yaml:13:13: there is no tenant acme-public"))
    }

    @Test func `a circuit may not arrive under a tenant where another's exchange counts on it`() {
        var desk = desk()
        desk.readAll()
        desk.write([
            "tenants/third.yaml": """
            tenant: third
            vrf: { table: 1003 }
            exchange: [{ from: new, to: new-too }]
            """
        ])
        #expect(desk.catalog.tenant(named: "third") != nil)
        desk.write([
            "circuits/new.yaml": Self.plain(
                "new", "port: campus, vlan: 8, address: 192.0.2.9/30, peer: 192.0.2.10")
        ])
        #expect(desk.catalog.circuit(named: "new") == nil)
        #expect(
            desk.catalog.faults(forCircuit: "new").first?.sentence.hasPrefix(
                "would break what is applied: tenants/third.yaml:3:") == true)
    }

    @Test func `a fault is reported at its place, and the last good runs on`() {
        var desk = desk()
        desk.readAll()
        let change = desk.write([
            "circuits/acme-azure.yaml": Self.azure.replacing("outer: 1010", with: "outer: 5000")
        ])
        #expect(change.isEmpty)
        #expect(desk.faultTexts.contains { $0.hasPrefix("circuits/acme-azure.yaml:3:") })
        #expect(change.notes.contains { $0.hasPrefix("circuits/acme-azure.yaml:3:") })
    }
}

extension String {
    /// Without Foundation.
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = ranges(of: old).first else { return self }
        return String(self[..<range.lowerBound]) + new
            + String(self[range.upperBound...]).replacing(old, with: new)
    }
}
