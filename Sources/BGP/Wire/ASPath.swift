// AS_PATH as a value: for policy and display. Loop checks and selection work on bytes instead.

public import Net

/// The path of autonomous systems a route has crossed, nearest first.
public struct ASPath: Hashable, Sendable {
    /// The segments, nearest first.
    public var segments: [Segment]

    /// A run of numbers of one kind.
    public struct Segment: Hashable, Sendable {
        /// Ordered, unordered, or either inside a confederation.
        public var kind: Kind
        /// The numbers.
        public var numbers: [ASN]
        /// A segment.
        public init(_ kind: Kind, _ numbers: [ASN]) {
            self.kind = kind
            self.numbers = numbers
        }
    }

    /// The kinds of segments, by their number on the wire.
    public enum Kind: UInt8, Hashable, Sendable {
        /// AS_SET.
        case set = 1
        /// AS_SEQUENCE.
        case sequence = 2
        /// AS_CONFED_SEQUENCE (RFC 5065).
        case confederationSequence = 3
        /// AS_CONFED_SET (RFC 5065).
        case confederationSet = 4
    }

    /// An empty path, or the given segments.
    public init(segments: [Segment] = []) { self.segments = segments }

    /// A path of one sequence, cut into segments of at most 255.
    public init(_ numbers: [ASN]) {
        segments = []
        for number in numbers.reversed() { prepend(number) }
    }

    /// The length that selection counts: a set is one, confederation segments are none.
    public var length: Int {
        segments.reduce(0) { sum, segment in
            switch segment.kind {
            case .sequence: sum + segment.numbers.count
            case .set: sum + 1
            case .confederationSequence, .confederationSet: sum
            }
        }
    }

    /// The neighbouring AS: the first number of a leading sequence.
    public var first: ASN? {
        guard let segment = segments.first, segment.kind == .sequence else { return nil }
        return segment.numbers.first
    }

    /// The AS where the route began: the last number of a closing sequence.
    public var origin: ASN? {
        guard let segment = segments.last, segment.kind == .sequence else { return nil }
        return segment.numbers.last
    }

    /// Puts `number` in front, `count` times; a full segment is followed by a new one.
    public mutating func prepend(_ number: ASN, count: Int = 1) {
        for _ in 0..<max(count, 0) {
            if let segment = segments.first, segment.kind == .sequence, segment.numbers.count < 255
            {
                segments[0].numbers.insert(number, at: 0)
            } else {
                segments.insert(Segment(.sequence, [number]), at: 0)
            }
        }
    }
}

extension ASPath: CustomStringConvertible {
    /// `65001 65002 {65003,65004}`.
    public var description: String {
        segments.map { segment in
            let numbers = segment.numbers.map(\.description)
            return switch segment.kind {
            case .sequence: numbers.joined(separator: " ")
            case .set: "{" + numbers.joined(separator: ",") + "}"
            case .confederationSequence: "(" + numbers.joined(separator: " ") + ")"
            case .confederationSet: "[" + numbers.joined(separator: ",") + "]"
            }
        }.joined(separator: " ")
    }
}
