import Foundation
import Ordeals
import Testing

/// Inputs of the ordeals made of the golden messages.
enum Seeds {
    /// OPENs on their own, and everything as a stream.
    static func open(_ form: UInt8) -> [[UInt8]] {
        let bodies = [Golden.open, Golden.longOpen].map { [form, 0, 0] + $0.dropFirst(19) }
        let streams = Golden.all.map { [form, 2, 7] + Golden.longOpen + Golden.keepalive + $0 }
        var extended: [[UInt8]] = []
        for extent in extents {
            let terms: [UInt8] = [form, 0x20, extent, 0]
            extended.append(terms + Golden.fullOpen.dropFirst(19))
            let stream: [UInt8] = [form, 0x22, extent, 0] + Golden.fullOpen + Golden.keepalive
            for golden in Golden.all { extended.append(stream + golden) }
        }
        let both = Golden.all.map { [form, 0x12, 0] + $0 }
        return bodies + streams + both + extended
    }

    /// The third byte of terms: paths, next hops, roles, reflection, long life.
    static let extents: [UInt8] = [0x01, 0x02, 0x07, 0x08, 0x18, 0x28, 0x38, 0x53, 0xE7]

    /// Everything that came to the protocol later: for each extent, with some policy, prefixes as
    /// several paths, marks, changes, refreshes, a stale life and its end.
    static func extended(_ form: UInt8) -> [[UInt8]] {
        let deeds: [UInt8] = [
            0x05, 2, 1, 2, 0x25, 2, 1, 2, 0x45, 1, 1, 0x15, 2, 1, 2, 0x35, 2, 1, 9,
            0xA8, 0x45, 1, 2, 0xD8, 0x36, 3, 4, 0x0B, 0x0C, 0x2C, 0x4C, 0xE8, 2, 0x4C, 0x0E, 0x28,
            0x0C, 0x48, 0, 0x6B, 0x68, 0x35, 0x98, 0x0A, 0x4C, 0xE8, 0, 0x0C, 0xE8, 4, 0x27, 1, 1,
            0x09, 0x0B, 0x05, 1, 1, 0x0D, 1, 0x0B, 0x2D, 0, 0x0B,
        ]
        var messages: [UInt8] = []
        for golden in [Golden.pathIDs, Golden.announce6] {
            messages += [0x04, 0, UInt8(golden.count)] + golden
        }
        let allHabits: [UInt8] = [0x01, 0x0E, 0x33, 0xC0, 0xFF]
        var inputs: [[UInt8]] = []
        for extent in extents {
            for habits in allHabits {
                let other = form & 1 ^ habits >> 1 & 1
                let terms: [UInt8] = [form, 0x20, extent, other, extent, 0, habits, 0]
                inputs.append(terms + messages + deeds)
            }
        }
        return inputs
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
                "open": Seeds.open(form),
                "established": Seeds.established(form) + Seeds.extended(form),
            ] {
                for (index, input) in inputs.enumerated() {
                    let file = folder.appending(path: "\(target)/golden-\(form)-\(index)")
                    try Data(input).write(to: file)
                }
            }
        }
    }
}
