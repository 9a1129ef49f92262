import Testing

@testable import Intent

@Suite struct CatalogSavedTests {
    private static let saved = SavedCatalog(
        files: [
            "circuitd.yaml": Array("edge: ord1".utf8), "circuits/ä.yaml": [0, 255, 10],
            "tenants/empty.yaml": [],
        ], held: ["circuits/ä.yaml"], removed: ["circuits/b.yaml"])

    @Test func `what is saved is read back`() {
        #expect(SavedCatalog(decoding: Self.saved.encoded()) == Self.saved)
        #expect(SavedCatalog(decoding: SavedCatalog().encoded()) == SavedCatalog())
    }

    @Test func `the same contents are the same bytes`() {
        #expect(Self.saved.encoded() == SavedCatalog(decoding: Self.saved.encoded())?.encoded())
    }

    @Test(arguments: 0..<saved.encoded().count)
    func `a torn file is refused`(length: Int) {
        #expect(SavedCatalog(decoding: Array(Self.saved.encoded().prefix(length))) == nil)
    }

    @Test(arguments: 0..<saved.encoded().count)
    func `a damaged byte is noticed`(position: Int) {
        for bit in 0..<8 {
            var bytes = Self.saved.encoded()
            bytes[position] ^= 1 << UInt8(bit)
            #expect(SavedCatalog(decoding: bytes) == nil)
        }
    }

    @Test func `bytes behind the end are refused`() {
        #expect(SavedCatalog(decoding: Self.saved.encoded() + [0]) == nil)
    }
}
