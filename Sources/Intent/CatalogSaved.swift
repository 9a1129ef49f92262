// The last good configuration as it outlives restarts and reboots: the bytes of each file as last
// applied, which removals are held back, and which were done lately. No secrets: a password is
// named in these files, never written there.
//
// Format: eight bytes of magic with the version, then records of a tag, a name and contents, each
// with its checksum, then a trailer with the count and a checksum over the checksums. Anything
// torn, damaged or longer than it says is refused whole.

/// The last good configuration.
public struct SavedCatalog: Hashable, Sendable {
    /// Bytes as last applied, by path relative to the configuration directory.
    public var files: [String: [UInt8]]
    /// Paths whose removal the guard holds back.
    public var held: Set<String>
    /// Paths of circuits removed so lately that the guard still counts them.
    public var removed: Set<String>

    /// All of it.
    public init(
        files: [String: [UInt8]] = [:], held: Set<String> = [], removed: Set<String> = []
    ) {
        self.files = files
        self.held = held
        self.removed = removed
    }

    /// The bytes to write.
    public func encoded() -> [UInt8] {
        SavedCatalog.encoded(
            records: files.keys.sorted().map { path in
                SavedRecord(.file, path, files[path] ?? [])
            }, held: held, removed: removed)
    }

    /// With the files' records made already, so that one changed file does not encode all others.
    static func encoded(
        records: [SavedRecord], held: Set<String>, removed: Set<String>
    ) -> [UInt8] {
        var bytes = magic
        var checksum = Checksum()
        let marks =
            held.sorted().map { SavedRecord(.held, $0) }
            + removed.sorted().map { SavedRecord(.removed, $0) }
        for record in records + marks {
            bytes += record.bytes
            checksum.add(record.checksum)
        }
        bytes.append(SavedRecord.Tag.end.rawValue)
        bytes += bigEndian(UInt64(records.count + marks.count), count: 4)
        bytes += bigEndian(checksum.value, count: 8)
        return bytes
    }

    /// Nil when a single byte is not as written.
    public init?(decoding bytes: [UInt8]) {
        self.init()
        guard bytes.starts(with: SavedCatalog.magic) else { return nil }
        var rest = bytes.dropFirst(SavedCatalog.magic.count)
        var count: UInt64 = 0
        var checksum = Checksum()
        while let tag = rest.popFirst() {
            switch SavedRecord.Tag(rawValue: tag) {
            case .end:
                guard SavedCatalog.number(&rest, count: 4) == count,
                    SavedCatalog.number(&rest, count: 8) == checksum.value, rest.isEmpty
                else { return nil }
                return
            case .some(let tag):
                guard let name = SavedCatalog.field(&rest),
                    let contents = SavedCatalog.field(&rest),
                    let path = String(validating: name, as: UTF8.self)
                else { return nil }
                let record = SavedRecord(tag, path, Array(contents))
                guard SavedCatalog.number(&rest, count: 8) == record.checksum else { return nil }
                count += 1
                checksum.add(record.checksum)
                switch tag {
                case .file: files[path] = Array(contents)
                case .held: held.insert(path)
                case .removed: removed.insert(path)
                case .end: return nil
                }
            case nil: return nil
            }
        }
        return nil
    }

    private static let magic = Array("circatl1".utf8)

    private static func number(_ rest: inout ArraySlice<UInt8>, count: Int) -> UInt64? {
        guard rest.count >= count else { return nil }
        let value = rest.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(count)
        return value
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let length = number(&rest, count: 4), length <= UInt64(rest.count) else { return nil }
        let field = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        return field
    }
}

/// One record, encoded.
struct SavedRecord: Sendable {
    enum Tag: UInt8 {
        case end = 0
        case file = 1
        case held = 2
        case removed = 3
    }

    let bytes: [UInt8]
    let checksum: UInt64

    init(_ tag: Tag, _ path: String, _ contents: [UInt8] = []) {
        let name = Array(path.utf8)
        var bytes = [tag.rawValue]
        bytes.reserveCapacity(name.count + contents.count + 17)
        bytes += bigEndian(UInt64(name.count), count: 4)
        bytes += name
        bytes += bigEndian(UInt64(contents.count), count: 4)
        bytes += contents
        var checksum = Checksum()
        checksum.add(bytes)
        self.checksum = checksum.value
        self.bytes = bytes + bigEndian(checksum.value, count: 8)
    }
}

/// FNV-1a: against torn writes and flipped bits, not against anybody's intent.
private struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: [UInt8]) {
        var hash = value
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = hash
    }

    mutating func add(_ number: UInt64) { add(bigEndian(number, count: 8)) }
}

private func bigEndian(_ value: UInt64, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
}
