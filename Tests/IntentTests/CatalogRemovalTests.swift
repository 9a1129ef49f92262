import Net
import Testing

@testable import Intent

@Suite struct CatalogRemovalTests {
    private let twenty = (10..<30).map { "c\($0)" }

    @Test func `a removed file removes its circuit two seconds later`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write(circuit: "a", nil)
        desk.wait(.milliseconds(1999))
        #expect(desk.names == ["a", "b"])
        let changes = desk.wait(.milliseconds(1))
        #expect(changes.first?.circuits["a"] == .some(nil))
        #expect(changes.first?.saved != nil)
        #expect(desk.names == ["b"])
    }

    @Test func `a file that returns in time cancels its removal`() {
        var desk = Desk(circuits: ["a", "b"])
        let text = desk.files["circuits/a.yaml"]
        desk.write(circuit: "a", nil)
        desk.wait(.seconds(1))
        #expect(desk.write(circuit: "a", text).isEmpty)
        let changes = desk.wait(.seconds(60))
        #expect(!changes.contains { !$0.isEmpty })
        #expect(desk.names == ["a", "b"])
    }

    @Test func `a file that returns broken keeps its circuit`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write(circuit: "a", nil)
        desk.wait(.seconds(1))
        desk.write(circuit: "a", "broken")
        desk.wait(.seconds(60))
        #expect(desk.names == ["a", "b"])
    }

    @Test func `a removal frees its VLAN for a newcomer that waits`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write(["circuits/a.yaml": nil, "circuits/n.yaml": Desk.circuit("n", vlan: 100)])
        #expect(desk.names == ["a", "b"])
        desk.wait(.seconds(2))
        #expect(desk.names == ["b", "n"])
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `the removal of the only circuit asks`() {
        var desk = Desk(circuits: ["a"])
        desk.write(circuit: "a", nil)
        desk.wait(.seconds(600))
        #expect(desk.names == ["a"])
        #expect(desk.catalog.heldRemovals == ["circuits/a.yaml"])
        #expect(desk.faultTexts.first?.contains("circuitctl confirm") == true)
        #expect(
            desk.catalog.faults(forCircuit: "a").first?.sentence.contains("circuitctl confirm")
                == true)
        let change = desk.confirm()
        #expect(change.circuits["a"] == .some(nil))
        #expect(change.tenants["acme"] == .some(nil))
        #expect(desk.names.isEmpty)
        #expect(desk.faultTexts.isEmpty)
    }

    @Test(arguments: [(3, 12, false), (4, 17, false), (4, 16, true), (5, 20, true), (4, 5, true)])
    func `at least four and a quarter of them are held`(gone: Int, of: Int, isHeld: Bool) {
        let names = (10..<10 + of).map { "c\($0)" }
        var desk = Desk(circuits: names)
        desk.write(
            Dictionary(
                uniqueKeysWithValues: names.prefix(gone).map { ("circuits/\($0).yaml", nil) }))
        #expect(desk.catalog.heldRemovals.count == (isHeld ? gone : 0))
        desk.wait(.seconds(300))
        #expect(desk.names.count == (isHeld ? of : of - gone))
    }

    @Test func `a wipe file by file is held from the file that makes it one`() {
        var desk = Desk(circuits: twenty)
        for name in twenty {
            desk.write(circuit: name, nil)
            desk.wait(.seconds(3))
        }
        #expect(desk.names == Array(twenty.dropFirst(4)))
        #expect(desk.catalog.heldRemovals.count == 16)
    }

    @Test func `a wipe too slow for the window still leaves the last circuit`() {
        var desk = Desk(circuits: twenty)
        for name in twenty {
            desk.write(circuit: name, nil)
            desk.wait(.seconds(9))
        }
        #expect(desk.names == [twenty[19]])
        #expect(desk.catalog.heldRemovals == ["circuits/c29.yaml"])
    }

    @Test func `removals far apart are not added up`() {
        var desk = Desk(circuits: twenty)
        for name in twenty.prefix(8) {
            desk.write(circuit: name, nil)
            desk.wait(.seconds(31))
        }
        #expect(desk.names.count == 12)
        #expect(desk.catalog.heldRemovals.isEmpty)
    }

    @Test func `a removed tenant counts its circuits`() {
        var desk = Desk(circuits: twenty)
        desk.write(["tenants/acme.yaml": nil])
        desk.wait(.seconds(60))
        #expect(desk.names == twenty)
        #expect(desk.catalog.heldRemovals == ["tenants/acme.yaml"])
        #expect(desk.catalog.faults(forCircuit: "c10").isEmpty == false)
        let change = desk.confirm()
        #expect(change.circuits.count == 20)
        #expect(change.tenants["acme"] == .some(nil))
        #expect(desk.names.isEmpty)
    }

    @Test
    func `a small tenant's removal takes its circuits along, and its return brings them back`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write([
            "tenants/t.yaml": Desk.tenant("t", table: 5),
            "circuits/x.yaml": Desk.circuit("x", tenant: "t", vlan: 9),
        ])
        desk.write(["tenants/t.yaml": nil])
        desk.wait(.seconds(2))
        #expect(desk.names == ["a", "b"])
        #expect(desk.faultTexts == ["circuits/x.yaml: there is no tenant t"])
        desk.write(["tenants/t.yaml": Desk.tenant("t", table: 5)])
        #expect(desk.names == ["a", "b", "x"])
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a circuit of two tenants goes on with the one that stays`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write([
            "tenants/t.yaml": Desk.tenant("t", table: 5),
            "circuits/x.yaml": Desk.circuit("x", vlan: 9, "tenant t"),
        ])
        #expect(desk.catalog.shares["x"]?.localLinks.count == 2)
        desk.write(["tenants/t.yaml": nil])
        desk.wait(.seconds(2))
        #expect(desk.catalog.shares["x"]?.localLinks.map(\.tenant) == ["acme"])
        #expect(desk.faultTexts == ["circuits/x.yaml: there is no tenant t"])
        desk.write(["tenants/t.yaml": Desk.tenant("t", table: 6)])
        #expect(desk.catalog.shares["x"]?.localLinks.count == 2)
        #expect(desk.faultTexts.isEmpty)
    }

    @Test func `a copy of other names over all old ones is held`() {
        var desk = Desk(circuits: ["a", "b", "c"])
        desk.write([
            "circuits/a.yaml": nil, "circuits/b.yaml": nil, "circuits/c.yaml": nil,
            "circuits/x.yaml": Desk.circuit("x", vlan: 900),
            "circuits/y.yaml": Desk.circuit("y", vlan: 901),
            "circuits/z.yaml": Desk.circuit("z", vlan: 902),
        ])
        desk.wait(.seconds(60))
        #expect(desk.names == ["a", "b", "c", "x", "y", "z"])
        desk.confirm()
        #expect(desk.names == ["x", "y", "z"])
    }

    @Test func `files that return are held no more, the others still are`() {
        var desk = Desk(circuits: twenty)
        let before = desk.files
        for name in twenty { desk.files["circuits/\(name).yaml"] = nil }
        desk.readAll()
        #expect(desk.catalog.heldRemovals.count == 20)
        for name in twenty.dropLast(1) {
            desk.write(circuit: name, before["circuits/\(name).yaml"])
            desk.wait(.seconds(40))
        }
        #expect(desk.catalog.heldRemovals == ["circuits/c29.yaml"])
        #expect(desk.names == twenty)
        #expect(desk.confirm().circuits.count == 1)
    }

    @Test func `after a confirmation counting begins anew`() {
        var desk = Desk(circuits: twenty)
        desk.write(
            Dictionary(
                uniqueKeysWithValues: twenty.prefix(10).map { ("circuits/\($0).yaml", nil) }))
        desk.confirm()
        #expect(desk.names.count == 10)
        desk.write(circuit: "c29", nil)
        desk.wait(.seconds(2))
        #expect(desk.names.count == 9)
    }

    @Test func `a confirmation with nothing held does nothing`() {
        var desk = Desk(circuits: ["a", "b"])
        desk.write(circuit: "a", nil)
        let change = desk.confirm()
        #expect(change.isEmpty)
        #expect(change.saved == nil)
        #expect(desk.names == ["a", "b"])
    }

    @Test(arguments: [true, false])
    func `an empty or missing directory at start removes nothing`(isMissing: Bool) {
        var desk = Desk(circuits: twenty)
        desk.files = [:]
        desk.catalog = Catalog(
            restoring: desk.saved.flatMap(SavedCatalog.init(decoding:)), hostName: "ord1",
            parsing: .plain)
        let change = desk.change(
            isMissing ? .missingDirectory : DirectoryDelta(keys: [:], isComplete: true))
        #expect(change.circuits.count == 20)
        desk.wait(.seconds(600))
        #expect(desk.names == twenty)
        #expect(desk.catalog.heldRemovals.count == 21)
        #expect(desk.catalog.hasSettings)
    }

    @Test(arguments: [true, false])
    func `what an incomplete listing at start does not name is not gone`(hasSettings: Bool) {
        var desk = Desk(circuits: twenty)
        let before = desk.files
        desk.files = hasSettings ? ["circuitd.yaml": "edge ord1"] : [:]
        desk.catalog = Catalog(
            restoring: desk.saved.flatMap(SavedCatalog.init(decoding:)), hostName: "ord1",
            parsing: .plain)
        let change = desk.change(
            DirectoryDelta(files: desk.files.mapValues { .bytes(Array($0.utf8)) }))
        #expect(change.circuits.count == 20)
        desk.wait(.seconds(600))
        #expect(desk.names == twenty)
        #expect(desk.catalog.heldRemovals == [])
        #expect(desk.catalog.faults.isEmpty == hasSettings)
        // Once everything is listed, what is not there is gone.
        desk.files = before
        desk.files["circuits/c10.yaml"] = nil
        desk.readAll()
        desk.wait(.seconds(2))
        #expect(desk.names.count == 19)
        #expect(desk.catalog.faults.isEmpty)
    }

    @Test func `a single file missing at start is removed two seconds later`() {
        var desk = Desk(circuits: twenty)
        desk.files["circuits/c10.yaml"] = nil
        #expect(desk.restart().circuits.count == 20)
        desk.wait(.seconds(2))
        #expect(desk.names.count == 19)
    }

    @Test func `what is held stays held over a restart`() {
        var desk = Desk(circuits: twenty)
        let before = desk.files
        for name in twenty { desk.files["circuits/\(name).yaml"] = nil }
        desk.readAll()
        for name in twenty.dropLast(2) {
            desk.files["circuits/\(name).yaml"] = before["circuits/\(name).yaml"]
        }
        desk.restart()
        desk.wait(.seconds(600))
        #expect(desk.catalog.heldRemovals == ["circuits/c28.yaml", "circuits/c29.yaml"])
        #expect(desk.names == twenty)
    }

    @Test func `a restart does not forget the removals just done`() {
        var desk = Desk(circuits: twenty)
        for name in twenty.prefix(4) { desk.write(circuit: name, nil) }
        desk.wait(.seconds(3))
        #expect(desk.names.count == 16)
        desk.restart()
        desk.write(circuit: "c20", nil)
        desk.wait(.seconds(60))
        #expect(desk.names.count == 16)
        #expect(desk.catalog.heldRemovals == ["circuits/c20.yaml"])
    }

    @Test func `nothing is due when nothing is gone`() {
        var desk = Desk(circuits: ["a"])
        #expect(desk.catalog.nextDeadline == nil)
        desk.write(circuit: "b", Desk.circuit("b", vlan: 7))
        desk.write(circuit: "a", nil)
        #expect(desk.catalog.nextDeadline == desk.now + .seconds(2))
    }
}
