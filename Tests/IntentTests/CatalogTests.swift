import Net
import Testing

@testable import Intent

@Suite struct CatalogTests {
    @Test func `the first reading applies settings, tenants and circuits`() {
        var desk = Desk()
        desk.files["circuitd.yaml"] = "edge ord1"
        desk.files["tenants/acme.yaml"] = Desk.tenant("acme", table: 1001)
        desk.files["circuits/a.yaml"] = Desk.circuit("a", vlan: 100)
        let change = desk.readAll()
        #expect(change.settings?.edge == "ord1")
        #expect(change.circuits["a"]??.localLinks.count == 1)
        #expect(change.tenants["acme"]??.vrf?.name.description == "vrf-acme")
        #expect(change.saved != nil)
        #expect(desk.catalog.faults.isEmpty)
    }

    @Test func `without settings nothing is applied, and the fault says so`() {
        var desk = Desk()
        desk.files["circuits/a.yaml"] = Desk.circuit("a", vlan: 100)
        let change = desk.readAll()
        #expect(change.isEmpty)
        #expect(!desk.catalog.hasSettings)
        #expect(
            desk.faultTexts == [
                "circuitd.yaml: is not there; without it nothing can be applied"
            ])
        desk.write([
            "circuitd.yaml": "edge ord1", "tenants/acme.yaml": Desk.tenant("acme", table: 1),
        ])
        #expect(desk.names == ["a"])
    }

    @Test func `a faulty file keeps its circuit and disturbs no other`() {
        var desk = Desk(circuits: ["a", "b"])
        let change = desk.write([
            "circuits/a.yaml": "broken", "circuits/b.yaml": Desk.circuit("b", vlan: 777),
        ])
        #expect(Array(change.circuits.keys) == ["b"])
        #expect(desk.vlan("a") == 100)
        #expect(desk.vlan("b") == 777)
        #expect(desk.faultTexts == ["circuits/a.yaml:1:1: is broken"])
        #expect(desk.catalog.faults(forCircuit: "a").count == 1)
        #expect(desk.catalog.faults(forCircuit: "b").isEmpty)
    }

    @Test func `the last good of a faulty file outlives a restart`() {
        var desk = Desk(circuits: ["a"])
        desk.write(circuit: "a", "broken")
        let change = desk.restart()
        #expect(change.circuits["a"]??.localLinks.count == 1)
        #expect(desk.faultTexts == ["circuits/a.yaml:1:1: is broken"])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 55))
        #expect(desk.vlan("a") == 55)
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a last good that cannot be read any more is given up, and the log says so`() {
        var desk = Desk(circuits: ["a"])
        var saved = SavedCatalog(decoding: desk.saved ?? [])
        saved?.files["circuits/a.yaml"] = Array("of another age broken".utf8)
        desk.saved = saved?.encoded()
        desk.files["circuits/a.yaml"] = "broken"
        let change = desk.restart()
        #expect(desk.names.isEmpty)
        #expect(change.notes.first?.hasPrefix("circuits/a.yaml: the last good form") == true)
        desk.write(circuit: "a", Desk.circuit("a", vlan: 3))
        #expect(desk.names == ["a"])
    }

    @Test func `a tenant's fault keeps the tenant and its circuits`() {
        var desk = Desk(circuits: ["a"])
        let change = desk.write(["tenants/acme.yaml": "broken"])
        #expect(change.isEmpty)
        desk.restart()
        #expect(desk.names == ["a"])
        #expect(desk.catalog.tenant(named: "acme")?.table == TableID(1001))
        #expect(desk.faultTexts == ["tenants/acme.yaml:1:1: is broken"])
    }

    @Test func `settings' fault or loss keeps the last good settings`() {
        var desk = Desk(circuits: ["a"])
        #expect(desk.write(["circuitd.yaml": "broken"]).isEmpty)
        #expect(desk.catalog.settings?.edge == "ord1")
        #expect(desk.write(["circuitd.yaml": nil]).isEmpty)
        desk.wait(.seconds(60))
        #expect(desk.catalog.settings?.edge == "ord1")
        #expect(desk.faultTexts == ["circuitd.yaml: is gone; the last good settings stay"])
        desk.restart()
        #expect(desk.catalog.settings?.edge == "ord1")
        #expect(desk.names == ["a"])
    }

    @Test func `the same meaning in other bytes changes nothing but what is saved`() {
        var desk = Desk(circuits: ["a"])
        let change = desk.write(circuit: "a", "circuit a\nvlan 100\ntenant acme\n")
        #expect(change.isEmpty)
        #expect(change.saved != nil)
        #expect(
            SavedCatalog(decoding: desk.saved ?? [])?.files["circuits/a.yaml"]
                == Array("circuit a\nvlan 100\ntenant acme\n".utf8))
    }

    @Test func `the same bytes again change nothing at all`() {
        var desk = Desk(circuits: ["a"])
        let change = desk.readAll()
        #expect(change.isEmpty)
        #expect(change.saved == nil)
        #expect(change.notes.isEmpty)
    }

    @Test func `the applied file wins over a newcomer, whatever their names`() {
        var desk = Desk(circuits: ["m"])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100))
        #expect(desk.names == ["m"])
        #expect(
            desk.faultTexts == ["circuits/a.yaml: vlan 100 of p is taken by circuits/m.yaml"])
    }

    @Test func `a VLAN moves from one file to another in two steps`() {
        var desk = Desk(circuits: ["m"])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100))
        let change = desk.write(circuit: "m", Desk.circuit("m", vlan: 101))
        #expect(change.circuits.keys.sorted() == ["a", "m"])
        #expect(desk.vlan("a") == 100)
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `two files swap their VLANs in one change`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write([
            "circuits/a.yaml": Desk.circuit("a", vlan: 101),
            "circuits/b.yaml": Desk.circuit("b", vlan: 100),
        ])
        #expect(desk.vlan("a") == 101)
        #expect(desk.vlan("b") == 100)
    }

    @Test func `a refused change leaves its old place taken`() {
        var desk = Desk(circuits: ["a", "b"])
        // a would move to b's VLAN, c to a's; since a stays, so must c wait.
        desk.write([
            "circuits/a.yaml": Desk.circuit("a", vlan: 101),
            "circuits/c.yaml": Desk.circuit("c", vlan: 100),
        ])
        #expect(desk.vlan("a") == 100)
        #expect(desk.names == ["a", "b"])
        #expect(desk.faultTexts.count == 2)
    }

    @Test func `what another's refusal makes room for is applied at once`() {
        var desk = Desk(circuits: ["z"])
        // a is refused for z's VLAN, so its subnet is free for b.
        desk.write([
            "circuits/a.yaml": Desk.circuit("a", vlan: 100, "net 10.9.0.1/24"),
            "circuits/b.yaml": Desk.circuit("b", vlan: 300, "net 10.9.0.2/24"),
        ])
        #expect(desk.names == ["b", "z"])
    }

    @Test func `at the first boot the order of names decides`() {
        var desk = Desk()
        desk.files["circuitd.yaml"] = "edge ord1"
        desk.files["tenants/acme.yaml"] = Desk.tenant("acme", table: 1001)
        for name in ["c", "a", "b"] {
            desk.files["circuits/\(name).yaml"] = Desk.circuit(name, vlan: 100)
        }
        desk.readAll()
        #expect(desk.names == ["a"])
    }

    @Test func `at a later boot the last good wins over the order of names`() {
        var desk = Desk(circuits: ["m"])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100))
        desk.restart()
        #expect(desk.names == ["m"])
        #expect(desk.faultTexts.count == 1)
    }

    @Test func `a circuit waits for its tenant, in either order of arrival`() {
        var desk = Desk(circuits: [])
        desk.write(circuit: "x", Desk.circuit("x", tenant: "new", vlan: 9))
        #expect(desk.names.isEmpty)
        #expect(desk.faultTexts == ["circuits/x.yaml: there is no tenant new"])
        desk.write(["tenants/new.yaml": Desk.tenant("new", table: 7)])
        #expect(desk.names == ["x"])
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a tenant and a circuit that name each other arrive together`() {
        var desk = Desk(circuits: [])
        desk.write([
            "tenants/new.yaml": Desk.tenant("new", table: 7, "from x"),
            "circuits/x.yaml": Desk.circuit("x", tenant: "new", vlan: 9),
        ])
        #expect(desk.names == ["x"])
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a tenant's change that would break what is applied is refused`() {
        var desk = Desk(circuits: [])
        desk.write([
            "tenants/one.yaml": Desk.tenant("one", table: 1),
            "tenants/two.yaml": Desk.tenant("two", table: 2),
            "circuits/x.yaml": Desk.circuit("x", tenant: "one", vlan: 1, "net 10.1.0.1/24"),
            "circuits/y.yaml": Desk.circuit("y", tenant: "two", vlan: 2, "net 10.1.0.1/24"),
        ])
        desk.write(["tenants/one.yaml": "tenant one"])
        #expect(desk.catalog.tenant(named: "one")?.space == .main)
        desk.write(["tenants/two.yaml": "tenant two"])
        #expect(desk.catalog.tenant(named: "two")?.space == .vrf(TableID(2)))
        #expect(
            desk.faultTexts == [
                "tenants/two.yaml: would break what is applied: circuits/y.yaml: "
                    + "10.1.0.0/24 overlaps 10.1.0.0/24 of circuits/x.yaml"
            ])
    }

    @Test func `a tenant's change of VRF changes its circuits' shares`() {
        var desk = Desk(circuits: ["a"])
        let change = desk.write(["tenants/acme.yaml": Desk.tenant("acme", table: 2002)])
        #expect(change.circuits["a"]??.localLinks.first?.table == TableID(2002))
        #expect(change.tenants["acme"]??.tenant.table == TableID(2002))
    }

    @Test func `settings that would break what is applied are refused, until they do not`() {
        var desk = Desk(circuits: ["a"])
        let change = desk.write(["circuitd.yaml": "edge ord1\nports q"])
        #expect(change.isEmpty)
        #expect(
            desk.faultTexts == [
                "circuitd.yaml: would break what is applied: circuits/a.yaml: there is no port p"
            ])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100, "port q"))
        #expect(desk.catalog.settings?.ports.keys.sorted() == ["q"])
        #expect(desk.catalog.circuit(named: "a")?.peerings.first?.links.first?.port == "q")
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `new settings are read into every circuit, the last good of faulty ones too`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write(circuit: "a", "broken")
        let change = desk.write(["circuitd.yaml": "edge ord1\nasn 65001"])
        #expect(change.settings?.asn == ASN(65001))
        #expect(change.circuits.keys.sorted() == ["a", "b"])
        #expect(
            change.circuits["a"]??.localLinks.first?.sessions.first?.localASN == ASN(65001))
    }

    @Test func `a changed key is a changed meaning, also of a faulty file's last good`() {
        var desk = Desk(circuits: ["a", "b"])
        let key = KeyFile(digest: 1, isTooOpen: false)
        desk.keys = ["keys/k": key]
        desk.readAll()
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100, "key keys/k"))
        desk.write(circuit: "a", "broken")
        var delta = DirectoryDelta()
        delta.keys = ["keys/k": KeyFile(digest: 2, isTooOpen: false)]
        let change = desk.change(delta)
        #expect(Array(change.circuits.keys) == ["a"])
        #expect(
            change.circuits["a"]??.localLinks.first?.sessions.first?.password?.digest == 2)
        #expect(
            change.notes == ["circuit a: a password of it has changed, impact session"])
        delta.keys = [:]
        let gone = desk.change(delta).circuits["a"]??.localLinks.first?.sessions.first
        #expect(gone?.password == SessionSettings.Password(file: "keys/k", digest: nil))
    }

    @Test func `an unreadable file is a fault and never a removal`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.change(
            DirectoryDelta(files: ["circuits/a.yaml": .unreadable("Permission denied")]))
        desk.wait(.seconds(60))
        #expect(desk.names == ["a", "b"])
        #expect(desk.faultTexts == ["circuits/a.yaml: cannot be read: Permission denied"])
    }

    @Test(arguments: [
        "circuits/.a.yaml.swp", "circuits/.a.yaml", "circuits/a.yaml~", "circuits/4913", "README",
        "circuits/sub/a.yaml", "keys/a.yaml", "circuits/.yaml",
    ])
    func `files that are none of ours are ignored`(path: String) {
        var desk = Desk(circuits: ["b"])
        #expect(desk.write([path: Desk.circuit("a", vlan: 9)]).isEmpty)
        #expect(desk.faultTexts.isEmpty)
    }

    @Test(arguments: ["circuits/a.yml", "circuits/a b.yaml", "tenants/a.b.yaml"])
    func `a file that is probably meant and not read is named`(path: String) {
        var desk = Desk(circuits: ["b"])
        desk.write([path: Desk.circuit("a", vlan: 9)])
        #expect(desk.names == ["b"])
        #expect(desk.faultTexts.first?.hasPrefix("\(path): warning: not read, since") == true)
        desk.write([path: nil])
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a file whose name is not its circuit's is faulty`() {
        var desk = Desk(circuits: ["a"])
        desk.write(circuit: "b", Desk.circuit("x", vlan: 9))
        #expect(desk.names == ["a"])
        #expect(desk.faultTexts == ["circuits/b.yaml: circuit x belongs into circuits/x.yaml"])
    }

    @Test func `a good file that is not applied is there to be planned with`() {
        var desk = Desk(circuits: ["m"])
        desk.write(circuit: "a", Desk.circuit("a", vlan: 100))
        #expect(desk.catalog.candidate(named: "a")?.name == "a")
        #expect(desk.catalog.candidate(named: "m") == nil)
    }

    @Test func `links of other edges are in the share as words only`() {
        var desk = Desk(circuits: [])
        let change = desk.write(circuit: "a", Desk.circuit("a", vlan: 9, "edge ord2"))
        #expect(change.circuits["a"]??.remoteLinks == ["main on ord2"])
        #expect(change.circuits["a"]??.links.isEmpty == true)
        #expect(change.tenants.isEmpty)
    }
}
