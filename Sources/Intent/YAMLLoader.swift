// Bytes to a tree, by libyaml's events. The tree is bounded before it is built: bytes, depth, and
// nodes with every alias followed; an alias can neither be endless nor refer to what holds it.

import CYAML

/// Loads one YAML document.
struct YAMLLoader {
    /// The largest file.
    static let byteLimit = 1 << 20
    /// The deepest nesting.
    static let depthLimit = 32
    /// The most keys of one mapping.
    static let keyLimit = 4096
    /// The most values, with every alias followed.
    static let nodeLimit = 100_000

    /// The file's root, if anything can be read, and what is wrong with its shape.
    static func load(_ bytes: [UInt8], file: String) -> (root: YAMLNode?, faults: [Fault]) {
        func refusal(_ place: Place, _ sentence: String) -> (YAMLNode?, [Fault]) {
            (nil, [Fault(file: file, line: place.line, column: place.column, sentence)])
        }
        guard bytes.count <= byteLimit else {
            return refusal(Place(line: 1, column: 1), "the file is larger than 1 MB")
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let bytes = hasMark ? Array(bytes.dropFirst(3)) : bytes
        guard let string = String(validating: bytes, as: UTF8.self) else {
            return refusal(firstInvalid(bytes), "the file is not UTF-8 text")
        }
        var text = YAMLText(string)
        var torn: [Fault] = []
        var work = 0
        while true {
            var loader = YAMLLoader(text: text, file: file)
            let root = loader.read()
            let end = loader.errorIndex.map { text.endOfLine($0) } ?? text.characters.count
            work += bytes.count
            // Each round may uncover more behind a syntax error; the work stays bounded.
            guard torn.count < 64, work < 4 << 20,
                let range = text.tornAddress(outside: loader.texts, upto: end)
            else { return (root, torn + loader.faults) }
            let place = text.place(range.lowerBound)
            torn.append(
                Fault(
                    file: file, line: place.line, column: place.column,
                    "an IPv6 address that begins or ends with \"::\" must be quoted"))
            text.quote(range)
        }
    }

    private let text: YAMLText
    private let file: String
    private var faults: [Fault] = []
    /// Where scalars stand, ascending.
    private var texts: [Range<Int>] = []
    /// Where libyaml gave up.
    private var errorIndex: Int?
    private var anchors: [String: YAMLNode] = [:]
    private var openAnchors: Set<String> = []
    private var nodes = 0

    private init(text: YAMLText, file: String) {
        self.text = text
        self.file = file
    }

    private mutating func fault(_ place: Place, _ sentence: String) {
        faults.append(Fault(file: file, line: place.line, column: place.column, sentence))
    }

    private mutating func read() -> YAMLNode? {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else {
            fault(Place(line: 1, column: 1), "no memory to read the file")
            return nil
        }
        defer { yaml_parser_delete(parser) }
        return text.utf8.withUnsafeBufferPointer { input in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, input.baseAddress, input.count)
            do throws(Stop) {
                return try document(parser)
            } catch {
                return nil
            }
        }
    }
}

/// The end of reading; its fault is written already.
private struct Stop: Error {}

/// One event with what it held, freed already.
private struct Event {
    var type: yaml_event_type_t
    var place: Place
    var range: Range<Int>
    var text = ""
    var isPlain = false
    var anchor: String?
    var hasTag = false
}

extension YAMLLoader {
    private mutating func document(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Stop)
        -> YAMLNode?
    {
        var root: YAMLNode?
        var documents = 0
        while true {
            let event = try next(parser)
            switch event.type {
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT:
                continue
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                if documents > 1 {
                    fault(event.place, "a file holds one document; a second one begins here")
                    return root
                }
            case YAML_STREAM_END_EVENT:
                if root == nil { fault(Place(line: 1, column: 1), "the file is empty") }
                return root
            default:
                root = try node(event, parser, depth: 1)
            }
        }
    }

    private mutating func node(
        _ event: Event, _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
    ) throws(Stop) -> YAMLNode {
        guard depth <= Self.depthLimit else {
            fault(event.place, "nested deeper than \(Self.depthLimit) levels")
            throw Stop()
        }
        if event.hasTag { fault(event.place, "tags (!...) are not used in these files") }
        if event.type == YAML_ALIAS_EVENT { return try alias(event) }
        try count(1, at: event.place)
        if let anchor = event.anchor { openAnchors.insert(anchor) }
        var node = YAMLNode(
            content: .scalar(event.text, isPlain: event.isPlain), place: event.place)
        switch event.type {
        case YAML_SEQUENCE_START_EVENT: try sequence(&node, parser, depth: depth)
        case YAML_MAPPING_START_EVENT: try mapping(&node, parser, depth: depth)
        default: texts.append(event.range)
        }
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    private mutating func sequence(
        _ node: inout YAMLNode, _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
    ) throws(Stop) {
        var items: [YAMLNode] = []
        while true {
            let event = try next(parser)
            if event.type == YAML_SEQUENCE_END_EVENT { break }
            let item = try self.node(event, parser, depth: depth + 1)
            node.size += item.size
            items.append(item)
        }
        node.content = .sequence(items)
    }

    private mutating func mapping(
        _ node: inout YAMLNode, _ parser: UnsafeMutablePointer<yaml_parser_t>, depth: Int
    ) throws(Stop) {
        var entries: [YAMLNode.Entry] = []
        var places: [String: Place] = [:]
        while true {
            let event = try next(parser)
            if event.type == YAML_MAPPING_END_EVENT { break }
            let key = try self.node(event, parser, depth: depth + 1)
            let value = try self.node(try next(parser), parser, depth: depth + 1)
            node.size += key.size + value.size
            guard case .scalar(let name, let isPlain) = key.content else {
                if case .broken = key.content { continue }
                fault(event.place, "a key must be a single word, not a list or a mapping")
                continue
            }
            if isPlain, name == "<<" {
                fault(
                    event.place,
                    "merge keys (<<) are not used here; a key that holds for several links stands "
                        + "one level up")
            } else if let first = places[name] {
                fault(
                    event.place,
                    "duplicate key \(quoted(name)); the first is at \(first.line):\(first.column)")
            } else if entries.count == Self.keyLimit {
                fault(event.place, "more than \(Self.keyLimit) keys in one mapping")
                throw Stop()
            } else {
                places[name] = event.place
                entries.append(YAMLNode.Entry(key: name, keyPlace: event.place, value: value))
            }
        }
        node.content = .mapping(entries)
    }

    private mutating func alias(_ event: Event) throws(Stop) -> YAMLNode {
        let name = event.anchor ?? ""
        if openAnchors.contains(name) {
            fault(event.place, "anchor \(quoted(name)) refers to itself")
        } else if var node = anchors[name] {
            try count(node.size, at: event.place)
            node.place = event.place
            return node
        } else {
            fault(event.place, "alias \(quoted(name)) has no anchor before it")
        }
        return YAMLNode(content: .broken, place: event.place)
    }

    private mutating func count(_ more: Int, at place: Place) throws(Stop) {
        nodes += more
        guard nodes <= Self.nodeLimit else {
            fault(place, "more than \(Self.nodeLimit) values, aliases followed")
            throw Stop()
        }
    }

    private mutating func next(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Stop) -> Event
    {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else {
            syntaxFault(parser.pointee)
            throw Stop()
        }
        defer { yaml_event_delete(&raw) }
        let range = raw.start_mark.index..<max(raw.start_mark.index, raw.end_mark.index)
        var event = Event(type: raw.type, place: text.place(range.lowerBound), range: range)
        switch raw.type {
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            event.text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                as: UTF8.self)
            event.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            event.anchor = name(scalar.anchor)
            event.hasTag = scalar.tag != nil
        case YAML_SEQUENCE_START_EVENT:
            event.anchor = name(raw.data.sequence_start.anchor)
            event.hasTag = raw.data.sequence_start.tag != nil
        case YAML_MAPPING_START_EVENT:
            event.anchor = name(raw.data.mapping_start.anchor)
            event.hasTag = raw.data.mapping_start.tag != nil
        case YAML_ALIAS_EVENT:
            event.anchor = name(raw.data.alias.anchor)
        default: break
        }
        return event
    }

    private func name(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private mutating func syntaxFault(_ parser: yaml_parser_t) {
        let complaint = YAMLSyntax(parser, text)
        errorIndex = complaint.index
        fault(complaint.place, complaint.sentence)
    }
}
