// Path records of 16 bytes in one arena per family, linked from their row in the order of
// selection.

import Net

/// Who gave a path, whether it entered, and in which life of the source it came.
struct PathTag: Hashable, Sendable {
    private var bits: UInt32

    init(source: Int, epoch: UInt8, isRefused: Bool) {
        bits = UInt32(truncatingIfNeeded: source) << 9 | (isRefused ? 256 : 0) | UInt32(epoch)
    }

    static let maximumSource = 1 << 23 - 1
    var source: Int { Int(bits >> 9) }
    var epoch: UInt8 { UInt8(truncatingIfNeeded: bits) }
    var isRefused: Bool { bits & 256 != 0 }
}

struct Path: Sendable {
    /// The next path of the row, 0 for none.
    var next: UInt32
    /// The interned attributes.
    var attributes: UInt32
    /// Where packets go; 0 for nowhere.
    var gateway: UInt32
    var tag: PathTag
}

struct PathArena: Sendable {
    private var paths: [Path] = [
        Path(
            next: 0, attributes: 0, gateway: 0,
            tag: PathTag(source: 0, epoch: 0, isRefused: true))
    ]
    private var firstFree: UInt32 = 0

    subscript(handle: UInt32) -> Path {
        get { paths[Int(handle)] }
        set { paths[Int(handle)] = newValue }
    }

    mutating func link(_ handle: UInt32, to next: UInt32) { paths[Int(handle)].next = next }

    mutating func add(_ path: Path) -> UInt32 {
        if firstFree != 0 {
            let handle = firstFree
            firstFree = paths[Int(handle)].next
            paths[Int(handle)] = path
            return handle
        }
        paths.append(path)
        return UInt32(truncatingIfNeeded: paths.count - 1)
    }

    mutating func remove(_ handle: UInt32) {
        paths[Int(handle)].next = firstFree
        firstFree = handle
    }
}
