// What bytes from outside are put through, the same in the fuzzer and in the unit tests: an input
// goes in, and whatever must always hold is checked. A broken promise ends the process, since that
// is what a fuzzer takes for a finding.

/// A way of trying bytes. All of them take any bytes at all.
public enum Ordeal: String, CaseIterable, Sendable {
    /// A peer that waits for an OPEN.
    case open
    /// Sessions that are established, with the routes they bring and what is told of them.
    case established
    /// A BFD session.
    case bfd
    /// The operator's files.
    case files

    /// Puts `input` through; returns only when nothing is wrong.
    public func run(_ input: [UInt8]) {
        var input = Input(input)
        switch self {
        case .open: OpenOrdeal.run(&input)
        case .established: EstablishedOrdeal.run(&input)
        case .bfd: BFDOrdeal.run(&input)
        case .files: FilesOrdeal.run(&input)
        }
    }
}

/// Ends the process when a promise is broken; in release builds too, and in words.
func hold(_ promise: Bool, _ sentence: @autoclosure () -> String) {
    if !promise { fatalError("broken promise: \(sentence())") }
}

/// Bytes that are taken from the front; 0 when none are left.
struct Input {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    /// At most `count` bytes.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(position + count, bytes.count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count - position) }
}
