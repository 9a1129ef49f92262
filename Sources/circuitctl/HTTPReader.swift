// One HTTP/1.1 response, read from bytes as they come in any pieces. Everything is bounded, and
// whatever is not HTTP ends in a sentence.

/// Reads the head and body of one response.
struct HTTPReader {
    /// What answers does not speak HTTP, or too much of it.
    struct Garbage: Error, Equatable {
        var sentence: String
        init(_ sentence: String) { self.sentence = sentence }
    }

    private enum Phase {
        case head
        case counted(Int)
        case untilClose
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case done
    }

    private static let longestHead = 64 * 1024
    private static let longestLine = 8 * 1024

    /// The status, once the head is read.
    private(set) var status: Int?
    /// The body so far that nobody has taken.
    private(set) var body: [UInt8] = []
    private var phase = Phase.head
    private var buffer: [UInt8] = []
    private let longestBody: Int
    private var bodyCount = 0

    init(longestBody: Int = 256 * 1024 * 1024) { self.longestBody = longestBody }

    /// Whether the response has ended.
    var isComplete: Bool {
        if case .done = phase { true } else { false }
    }

    /// Takes the body that has come so far: for streams.
    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Reads more bytes.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(Garbage) {
        buffer.append(contentsOf: bytes)
        while try step() {}
        guard bodyCount <= longestBody else {
            throw Garbage("the answer is longer than \(longestBody) bytes")
        }
    }

    /// The other end has closed.
    mutating func close() throws(Garbage) {
        switch phase {
        case .done: return
        case .untilClose: phase = .done
        case .head where buffer.isEmpty: throw Garbage("it closed without an answer")
        default: throw Garbage("the answer ends in its middle")
        }
    }

    /// One part of the response; false when more bytes are needed.
    private mutating func step() throws(Garbage) -> Bool {
        switch phase {
        case .head:
            guard let head = try takeHead() else { return false }
            try readHead(head)
        case .counted(let left):
            let taken = takeIntoBody(left)
            phase = taken == left ? .done : .counted(left - taken)
            return taken > 0 && taken == left
        case .untilClose:
            _ = takeIntoBody(buffer.count)
            return false
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
            guard digits.count <= 8, digits.first != UInt8(ascii: "+"),
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0
            else { throw Garbage("a chunk without a size") }
            phase = size == 0 ? .trailer : .chunk(size)
        case .chunk(let left):
            let taken = takeIntoBody(left)
            phase = taken == left ? .chunkEnd : .chunk(left - taken)
            return taken > 0 && taken == left
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw Garbage("a chunk longer than its size") }
            phase = .chunkSize
        case .trailer:
            guard let line = try takeLine() else { return false }
            if line.isEmpty { phase = .done }
        case .done:
            return false
        }
        return true
    }

    private mutating func takeIntoBody(_ most: Int) -> Int {
        let taken = min(most, buffer.count)
        body.append(contentsOf: buffer.prefix(taken))
        buffer.removeFirst(taken)
        bodyCount += taken
        return taken
    }

    private mutating func takeLine() throws(Garbage) -> [UInt8]? {
        guard let end = buffer.firstIndex(of: 0x0A) else {
            guard buffer.count <= Self.longestLine else { throw Garbage("a line without an end") }
            return nil
        }
        var line = Array(buffer[..<end])
        buffer.removeFirst(end + 1)
        if line.last == 0x0D { line.removeLast() }
        return line
    }

    private mutating func takeHead() throws(Garbage) -> [[UInt8]]? {
        let start: [UInt8] = Array("HTTP/1.".utf8)
        guard zip(buffer, start).allSatisfy(==) else {
            throw Garbage("what answers there does not speak HTTP")
        }
        var lines: [[UInt8]] = []
        var position = 0
        while let end = buffer[position...].firstIndex(of: 0x0A) {
            var line = Array(buffer[position..<end])
            if line.last == 0x0D { line.removeLast() }
            position = end + 1
            if line.isEmpty {
                buffer.removeFirst(position)
                return lines
            }
            lines.append(line)
            guard position <= Self.longestHead else { break }
        }
        guard buffer.count <= Self.longestHead else { throw Garbage("a head without an end") }
        return nil
    }

    private mutating func readHead(_ lines: [[UInt8]]) throws(Garbage) {
        let words = lines.first?.split(separator: 0x20, maxSplits: 2) ?? []
        guard words.count >= 2, words[1].count == 3,
            let status = Int(String(decoding: words[1], as: UTF8.self)), status >= 100
        else { throw Garbage("what answers there does not speak HTTP") }
        self.status = status
        var length: Int?
        var isChunked = false
        for line in lines.dropFirst() {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = String(decoding: parts[0], as: UTF8.self).lowercased()
            let value = String(decoding: parts[1], as: UTF8.self).filter { !$0.isWhitespace }
            if name == "transfer-encoding" { isChunked = value.lowercased() == "chunked" }
            if name == "content-length" {
                guard let count = Int(value), (0...longestBody).contains(count) else {
                    throw Garbage("an answer of \(value) bytes is refused")
                }
                length = count
            }
        }
        if isChunked {
            phase = .chunkSize
        } else if let length {
            phase = length == 0 ? .done : .counted(length)
        } else {
            phase = status == 204 ? .done : .untilClose
        }
    }
}
