import Net
import Testing

@testable import Routing

/// A pass looks at every row that was there as it began, whatever comes meanwhile.
struct PassTests {
    /// Begins in the middle of the rows, and some come while it goes on.
    @Test(arguments: 1...4)
    func `rows that come during a pass take nobody's place`(_ limit: Int) {
        var bench = Bench()
        let gone = bench.peer(1)
        let staying = bench.peer(2)
        // One row, one pass: the next one begins behind it.
        bench.announce(gone, 1, [prefix("10.0.0.0/16")])
        bench.rib.sourceDown(gone)
        bench.rib.sweep(limit: .max)
        bench.announce(gone, 1, (1...5).map { prefix("10.\($0).0.0/16") })
        bench.rib.sourceDown(gone)
        bench.rib.sweep(limit: limit)
        bench.announce(staying, 2, (6...9).map { prefix("10.\($0).0.0/16") })
        bench.rib.sweep(limit: .max)
        #expect(!bench.rib.hasWork)
        #expect(bench.rib.routeCounts(.main).ipv4 == 4)
        #expect(bench.rib.paths(of: gone, view: .received).isEmpty)
    }
}
