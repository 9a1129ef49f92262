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

    static let all: [Crash] = []
}
