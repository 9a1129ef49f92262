// Random worlds, disturbed and healed. CIRCUITD_SEEDS says how many, CIRCUITD_SEED names one.
// A failing seed is lived through again with every step and message written down; with
// SWIFT_DETERMINISTIC_HASHING=1 it is the same life.

import Foundation
import Net
import Simulation
import Testing

/// What a world that followed from a seed had to complain of.
struct Life {
    var complaints: [String]
    var lines: [String]
}

func live(_ seed: UInt64, isTracing: Bool = false) -> Life {
    let world = World(seed: seed)
    world.isTracing = isTracing
    let plan = WorldPlan.random(&world.random)
    world.build(plan)
    let count = Int.random(in: 0...25, using: &world.random)
    world.disturb(count, over: .seconds(Int.random(in: 5...200, using: &world.random)))
    world.heal()
    var complaints = world.violations + world.differences()
    if complaints.isEmpty, world.random.chance(1, in: 2) {
        world.removeFiles()
        complaints = world.violations + world.edges.flatMap { $0.leftovers() }
    }
    return Life(complaints: complaints, lines: world.lines)
}

private func seeds() -> [UInt64] {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["CIRCUITD_SEED"].flatMap({ UInt64($0) }) { return [seed] }
    let count = environment["CIRCUITD_SEEDS"].flatMap { UInt64($0) } ?? 200
    // Behind the first ones, those that found something once.
    return Array(1...max(1, count))
        + [225, 282, 288, 309, 347, 687, 707, 727].filter { $0 > count }
}

@Suite struct SeedTests {
    @Test(arguments: seeds())
    func `a world in which everything fails is as the files say once faults are over`(
        _ seed: UInt64
    ) {
        let life = live(seed)
        if life.complaints.isEmpty { return }
        let again = live(seed, isTracing: true)
        let text = (life.complaints + ["---"] + again.lines.suffix(300)).joined(separator: "\n")
        Issue.record("seed \(seed):\n\(text)")
    }
}
