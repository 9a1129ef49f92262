import Ordeals
import Testing

// Inputs that broke a promise once, as the fuzzer found and minimised them. Each says what it broke;
// `Fuzz/run` prints the line to add.

struct Crash: CustomTestStringConvertible {
    let ordeal: Ordeal
    let bytes: [UInt8]

    init(_ ordeal: Ordeal, _ text: String) {
        self.ordeal = ordeal
        bytes = hex(text)
    }

    var testDescription: String { "\(ordeal), \(bytes.count) bytes" }

    static let all: [Crash] = [
        // A row was left out of a pass over its table, since new rows took its turn: a gateway that
        // became usable again found it unqueued, and its route never came into the kernel.
        .init(.established, "650006b5d565017a5b3b7a5b650202440b2f65ffff")
    ]
}
