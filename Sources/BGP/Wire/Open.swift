// OPEN (RFC 4271 §4.2) with its capabilities, in short and in long parameters (RFC 9072).
// Decoding judges the structure; whether the values suit us is decided in `Negotiated`.

public import Net

/// What a speaker says of itself.
public struct Open: Hashable, Sendable {
    /// The 2-octet AS field: the AS itself, or AS_TRANS.
    public var shortASN: UInt16
    /// The hold time it offers, in seconds.
    public var holdTime: UInt16
    /// Its identifier.
    public var id: RouterID
    /// Its capabilities in the order said, repeats included.
    public var capabilities: [Capability]

    /// An OPEN.
    public init(shortASN: UInt16, holdTime: UInt16, id: RouterID, capabilities: [Capability]) {
        self.shortASN = shortASN
        self.holdTime = holdTime
        self.id = id
        self.capabilities = capabilities
    }

    /// The AS: of the 4-octet capability where it is said, else of the field.
    public var asn: ASN {
        for case .fourOctetASN(let asn) in capabilities { return asn }
        return ASN(UInt32(shortASN))
    }

    /// Reads the body of an OPEN, or says the NOTIFICATION it deserves.
    public static func decode(_ body: RawSpan) -> Result<Open, OpenFault> {
        var reader = Reader(body)
        do throws(ShortRead) {
            let version = try reader.u8()
            guard version == 4 else {
                return .failure(OpenFault(Notification(2, 1, data: [0, 4])))
            }
            var open = Open(
                shortASN: try reader.u16(), holdTime: try reader.u16(),
                id: try reader.address4(), capabilities: [])
            if let fault = try open.readParameters(from: &reader) {
                return .failure(OpenFault(fault))
            }
            return .success(open)
        } catch {
            return .failure(OpenFault(Notification(2, 0)))
        }
    }

    private mutating func readParameters(
        from reader: inout Reader
    ) throws(ShortRead) -> Notification? {
        var length = Int(try reader.u8())
        var isLong = false
        // RFC 9072 §2: a first parameter of type 255 makes all lengths two octets wide. The
        // length in front of it should be 255 and is not to be trusted otherwise; 0 means none.
        if length != 0, reader.remaining > 0, reader.bytes[reader.position] == 255 {
            _ = try reader.u8()
            length = Int(try reader.u16())
            isLong = true
        }
        guard length == reader.remaining else { return Notification(2, 0) }
        while !reader.isAtEnd {
            let type = try reader.u8()
            let size = isLong ? Int(try reader.u16()) : Int(try reader.u8())
            let value = try reader.take(size)
            guard type == 2 else { return Notification(2, 4) }
            var inner = Reader(value)
            while !inner.isAtEnd {
                let code = try inner.u8()
                let size = Int(try inner.u8())
                capabilities.append(Capability(code: code, value: try inner.take(size)))
            }
        }
        return nil
    }

    /// Appends the whole message. Capabilities share one parameter; the long form is used only
    /// when the short one cannot hold them.
    public func encode(into bytes: inout [UInt8]) {
        var list: [UInt8] = []
        for capability in capabilities {
            let mark = list.count
            capability.encode(into: &list)
            // An OPEN is at most 4096 bytes whatever was negotiated (RFC 8654 §4).
            if list.count > 4096 - 35 { list.removeSubrange(mark...) }
        }
        bytes.putMessage(.open) { bytes in
            bytes.put(UInt8(4))
            bytes.put(shortASN)
            bytes.put(holdTime)
            bytes.put(id)
            if list.isEmpty {
                bytes.put(UInt8(0))
            } else if list.count <= 253 {
                bytes.put(UInt8(list.count + 2))
                bytes.put(UInt8(2))
                bytes.put(UInt8(list.count))
            } else {
                bytes.append(contentsOf: [255, 255])
                bytes.put(UInt16(list.count + 3))
                bytes.put(UInt8(2))
                bytes.put(UInt16(list.count))
            }
            bytes.append(contentsOf: list)
        }
    }
}

/// An OPEN that cannot be accepted, with the answer to it.
public struct OpenFault: Error, Hashable, Sendable {
    /// What to say.
    public let notification: Notification
    init(_ notification: Notification) { self.notification = notification }
}
