// What reading a file gives: its meaning or its faults, and where each key stands, so that a check
// across files can point into it.

/// A place in a file.
public struct Place: Hashable, Comparable, Sendable {
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, in characters.
    public var column: Int

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The order of reading.
    public static func < (a: Place, b: Place) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A file that was read.
public struct Document<Value: Hashable & Sendable>: Hashable, Sendable {
    /// What it means; nil when any of the faults is more than a warning.
    public var value: Value?
    /// Everything that is wrong, in the order of the file.
    public var faults: [Fault]
    /// Where keys stand, by dotted path: `links.primary.vlan`, `networks.0`, `vrf.table`.
    public var places: [String: Place]

    /// A document.
    public init(value: Value?, faults: [Fault] = [], places: [String: Place] = [:]) {
        self.value = value
        self.faults = faults
        self.places = places
    }
}
