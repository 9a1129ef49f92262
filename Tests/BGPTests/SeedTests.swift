import Foundation
import Ordeals
import Testing

/// Inputs of the ordeals made of the golden messages.
enum Seeds {
    /// OPENs on their own, and everything as a stream.
    static func open(_ form: UInt8) -> [[UInt8]] {
        let bodies = [Golden.open, Golden.longOpen].map { [form, 0, 0] + $0.dropFirst(19) }
        let streams = Golden.all.map { [form, 2, 7] + Golden.longOpen + Golden.keepalive + $0 }
        return bodies + streams + Golden.all.map { [form, 0x12, 0] + $0 }
    }

    /// Each message as a deed and as a stream, with something of every other deed around it.
    static func established(_ form: UInt8) -> [[UInt8]] {
        // Terms, form of the second session, policy, size of chunks.
        let deeds: [UInt8] = [form, 0, form ^ 3, form << 3, 0]
        let stream: [UInt8] = [form, 2, 0, 0, 50]
        // Announce the same twice, offer, work, tell all, disturb, change, sweep.
        let rest: [UInt8] = [
            0x05, 2, 1, 2, 0x15, 1, 1, 0x06, 2, 3, 35, 0x16, 2, 1, 4, 0x0B, 0x0C, 0x2C, 0x4C, 0x2D,
            0, 0x0F,
        ]
        var inputs: [[UInt8]] = []
        for golden in Golden.all {
            inputs.append(deeds + [0x04, 0, UInt8(golden.count)] + golden + rest)
            inputs.append(stream + golden + Golden.announce4 + Golden.keepalive)
        }
        // The parts of an UPDATE, with attributes of every type that we know.
        let attributes: [UInt8] = [
            0x80, 4, 4, 0, 0, 0, 9, 0xC0, 8, 4, 0xFD, 0xE9, 0, 1, 0xC0, 16, 8, 0, 2, 0, 1, 0, 0,
            0, 1, 0xC0, 32, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xC0, 35, 4, 0, 0, 0xFD, 0xE9,
            0xD0, 99, 2, 1, 2, 0x80, 9, 4, 1, 1, 1, 1, 0x80, 10, 4, 1, 1, 1, 2,
        ]
        let parts = [2, 3, 8, 9, 8, 10] + attributes
        inputs.append(deeds + [0x21, 0, UInt8(parts.count)] + parts + rest + [0x07, 1, 1] + rest)
        return inputs
    }
}

struct SeedTests {
    static let folder = ProcessInfo.processInfo.environment["CIRCUITD_SEEDS"]

    /// `Fuzz/run --seed` asks for it.
    @Test(.enabled(if: folder != nil)) func `the seeds are written where they are asked for`()
        throws
    {
        let folder = URL(fileURLWithPath: try #require(Self.folder))
        for form in [0, 1, 2, 4, 8, 16, 31] as [UInt8] {
            for (target, inputs) in [
                "open": Seeds.open(form), "established": Seeds.established(form),
            ] {
                for (index, input) in inputs.enumerated() {
                    let file = folder.appending(path: "\(target)/golden-\(form)-\(index)")
                    try Data(input).write(to: file)
                }
            }
        }
    }
}
