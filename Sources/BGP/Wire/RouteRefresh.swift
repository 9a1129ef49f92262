// The small messages: ROUTE-REFRESH (RFC 2918, RFC 7313), KEEPALIVE, and the bytes of a
// NOTIFICATION.

import Net

/// A request for all routes of a family, or a mark around the answer.
public struct RouteRefresh: Hashable, Sendable {
    /// The family.
    public var family: AddressFamily
    /// 0 request, 1 the answer begins, 2 the answer is complete.
    public var subtype: UInt8

    /// A message.
    public init(_ family: AddressFamily, subtype: UInt8 = 0) {
        self.family = family
        self.subtype = subtype
    }

    /// All our routes of a family follow (RFC 7313).
    static func begin(_ family: Family) -> RouteRefresh {
        RouteRefresh(AddressFamily(family), subtype: 1)
    }

    /// All our routes of a family were sent.
    static func end(_ family: Family) -> RouteRefresh {
        RouteRefresh(AddressFamily(family), subtype: 2)
    }

    /// Reads the body. Nil is to be ignored: a request with trailing bytes (ORF entries, which we
    /// never offer). A mark of any other length is an error (RFC 7313 §5).
    static func decode(_ body: RawSpan) -> Result<RouteRefresh?, OpenFault> {
        var reader = Reader(body)
        do throws(ShortRead) {
            let afi = try reader.u16()
            let subtype = try reader.u8()
            let message = RouteRefresh(
                AddressFamily(afi: afi, safi: try reader.u8()), subtype: subtype)
            if reader.isAtEnd { return .success(message) }
            guard subtype == 1 || subtype == 2 else { return .success(nil) }
            var data: [UInt8] = []
            data.putMessage(.routeRefresh) { $0.append(copying: body, atMost: 4000) }
            return .failure(OpenFault(Notification(7, 1, data: data)))
        } catch {
            return .success(nil)
        }
    }

    /// Appends the whole message.
    public func encode(into bytes: inout [UInt8]) {
        bytes.putMessage(.routeRefresh) { bytes in
            bytes.put(family.afi)
            bytes.put(subtype)
            bytes.put(family.safi)
        }
    }
}

/// KEEPALIVE: a header and nothing else.
public enum Keepalive {
    /// Appends the whole message.
    public static func encode(into bytes: inout [UInt8]) { bytes.putMessage(.keepalive) }
}

extension Notification {
    /// Reads the body of a NOTIFICATION; the frame has at least its two codes.
    public init(body: RawSpan) {
        self.init(
            body.byteCount > 0 ? body[0] : 0, body.byteCount > 1 ? body[1] : 0,
            data: body.byteCount > 2 ? body.extracting(2..<body.byteCount).copy() : [])
    }

    /// Appends the whole message; data is cut where a message of 4096 bytes ends.
    public func encode(into bytes: inout [UInt8]) {
        bytes.putMessage(.notification) { bytes in
            bytes.put(code)
            bytes.put(subcode)
            bytes.append(contentsOf: data.prefix(4096 - 21))
        }
    }
}
