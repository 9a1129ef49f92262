// Between the value and its canonical bytes. Reading is for bytes that were validated, and leaves
// out what it cannot read; writing never makes a field larger than its length can say.

public import Net

extension PathAttributes {
    /// Reads canonical attributes; what is malformed there is left out.
    public init(canonical: RawSpan) {
        self.init(origin: .incomplete)
        var cursor = AttributeCursor(canonical)
        while cursor.advance() {
            var reader = Reader(cursor.value)
            if cursor.flags & AttributeFlags.partial != 0, cursor.code.definedFlags != nil {
                partial.insert(cursor.code)
            }
            switch cursor.code {
            case .origin: origin = (try? reader.u8()).flatMap(Origin.init) ?? .incomplete
            case .asPath: asPath = ASPath(reading: &reader)
            case .med: med = try? reader.u32()
            case .localPref: localPref = try? reader.u32()
            case .atomicAggregate: atomicAggregate = true
            case .aggregator:
                if let asn = try? reader.u32(), let id = try? reader.address4() {
                    aggregator = Aggregator(asn: ASN(asn), id: id)
                }
            case .communities:
                while let number = try? reader.u32() {
                    communities.append(Community(rawValue: number))
                }
            case .originatorID: originatorID = try? reader.address4()
            case .clusterList:
                while let id = try? reader.address4() { clusterList.append(id) }
            case .extendedCommunities:
                while let number = try? reader.u64() {
                    extendedCommunities.append(ExtendedCommunity(rawValue: number))
                }
            case .largeCommunities:
                while let first = try? reader.u32(), let second = try? reader.u32(),
                    let third = try? reader.u32()
                {
                    largeCommunities.append(LargeCommunity(first, second, third))
                }
            case .onlyToCustomer: onlyToCustomer = (try? reader.u32()).map(ASN.init(_:))
            default: unknown.append(RawAttribute(bytes: cursor.whole.copy()))
            }
        }
    }

    /// Reads canonical attributes; what is malformed there is left out.
    public init(canonical: [UInt8]) { unsafe self.init(canonical: canonical.span.bytes) }

    /// The canonical bytes. What is too long for an attribute is cut, and then too long for any
    /// message too: `UpdateWriter` refuses it.
    public func canonical() -> [UInt8] {
        var bytes: [UInt8] = []
        var others = unknown.sorted { $0.code < $1.code }[...]
        func put(_ code: AttributeCode, _ value: [UInt8]) {
            while let other = others.first, other.code < code {
                bytes.append(contentsOf: other.bytes)
                others.removeFirst()
            }
            var flags = code.definedFlags ?? 0
            if partial.contains(code) { flags |= AttributeFlags.partial }
            bytes.putAttribute(code, flags: flags, length: value.count)
            bytes.append(contentsOf: value)
        }
        func put(_ code: AttributeCode, numbers: some Sequence<UInt32>, width: Int = 4) {
            var value: [UInt8] = []
            for number in numbers { value.put(number) }
            guard !value.isEmpty else { return }
            put(code, Array(value.prefix(0xFFFF / width * width)))
        }
        put(.origin, [origin.rawValue])
        put(.asPath, asPath.bytes)
        put(.med, numbers: CollectionOfOne(med).compactMap(\.self))
        put(.localPref, numbers: CollectionOfOne(localPref).compactMap(\.self))
        if atomicAggregate { put(.atomicAggregate, []) }
        if let aggregator {
            put(.aggregator, numbers: [aggregator.asn.rawValue, aggregator.id.raw])
        }
        put(.communities, numbers: communities.map(\.rawValue))
        put(.originatorID, numbers: CollectionOfOne(originatorID?.raw).compactMap(\.self))
        put(.clusterList, numbers: clusterList.map(\.raw))
        put(
            .extendedCommunities,
            numbers: extendedCommunities.flatMap {
                [UInt32($0.rawValue >> 32), UInt32(truncatingIfNeeded: $0.rawValue)]
            }, width: 8)
        put(
            .largeCommunities,
            numbers: largeCommunities.flatMap { [$0.administrator, $0.data1, $0.data2] },
            width: 12)
        put(.onlyToCustomer, numbers: CollectionOfOne(onlyToCustomer?.rawValue).compactMap(\.self))
        for other in others { bytes.append(contentsOf: other.bytes) }
        return bytes
    }

    /// How often `asn` stands in the AS_PATH of canonical attributes.
    public static func occurrences(of asn: ASN, canonical: RawSpan) -> Int {
        var cursor = AttributeCursor(canonical)
        var count = 0
        while cursor.advance(), cursor.code <= .asPath {
            guard cursor.code == .asPath else { continue }
            var reader = Reader(cursor.value)
            while (try? reader.u8()) != nil, let numbers = try? reader.u8() {
                for _ in 0..<numbers where (try? reader.u32()) == asn.rawValue { count += 1 }
            }
        }
        return count
    }

    /// How often `asn` stands in the AS_PATH of canonical attributes.
    public static func occurrences(of asn: ASN, canonical: [UInt8]) -> Int {
        unsafe occurrences(of: asn, canonical: canonical.span.bytes)
    }

    /// Whether `asn` stands in the AS_PATH of canonical attributes.
    public static func containsAS(_ asn: ASN, canonical: RawSpan) -> Bool {
        occurrences(of: asn, canonical: canonical) > 0
    }

    /// Whether `asn` stands in the AS_PATH of canonical attributes.
    public static func containsAS(_ asn: ASN, canonical: [UInt8]) -> Bool {
        occurrences(of: asn, canonical: canonical) > 0
    }
}

extension ASPath {
    /// Reads 4-octet segments until the end or the first that is malformed.
    init(reading reader: inout Reader) {
        segments = []
        while let type = try? reader.u8(), let count = try? reader.u8(),
            let kind = Kind(rawValue: type), reader.remaining >= Int(count) * 4
        {
            var numbers: [ASN] = []
            for _ in 0..<count {
                if let number = try? reader.u32() { numbers.append(ASN(number)) }
            }
            segments.append(Segment(kind, numbers))
        }
    }

    /// 4-octet segments of at most 255 numbers, the far end cut at the size of an attribute: at the
    /// last number that fits, so that what was cut has no room in any message.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for segment in segments {
            var rest = segment.numbers[...]
            while !rest.isEmpty {
                let room = (0xFFFF - bytes.count - 2) / 4
                guard room > 0 else { return bytes }
                let part = rest.prefix(min(room, 255))
                rest = rest.dropFirst(part.count)
                bytes.put(segment.kind.rawValue)
                bytes.put(UInt8(part.count))
                for number in part { bytes.put(number.rawValue) }
            }
        }
        return bytes
    }
}
