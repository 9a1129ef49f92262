import Ordeals
import Testing

/// The fuzzer's checks on inputs that we know; a broken promise ends the whole test run.
struct OrdealTests {
    @Test(arguments: Crash.all)
    func `what once broke a promise does not any more`(_ crash: Crash) {
        crash.ordeal.run(crash.bytes)
    }

    /// 32 forms: internal or external, old or new speaker, refresh, long messages, restart.
    @Test(arguments: 0..<32 as Range<UInt8>)
    func `every golden message passes its ordeal in every form`(_ form: UInt8) {
        for input in Seeds.open(form) { Ordeal.open.run(input) }
        for input in Seeds.established(form) { Ordeal.established.run(input) }
        // Refresh and long messages change little of the rest.
        for input in Seeds.extended(form) where form & 0x0C == 0 { Ordeal.established.run(input) }
    }

    @Test(arguments: Ordeal.allCases)
    func `an ordeal takes nothing at all`(_ ordeal: Ordeal) {
        ordeal.run([])
    }

    @Test(arguments: Ordeal.allCases)
    func `an ordeal takes any bytes`(_ ordeal: Ordeal) {
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed)
            ordeal.run(random.octets(random.below(400)))
        }
    }
}
