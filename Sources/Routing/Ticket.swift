// What a step's number says, so that an outcome finds its object without a table of what is in
// flight: the topmost bit marks routing's, three bits the kind, the rest names the object.

import Net

enum Ticket: Hashable, Sendable {
    case row(RowRef)
    case unreachable(slot: UInt32)
    case group(UInt32, serial: UInt32)
    case groupDeletion(UInt32)
    case single(UInt32)
    /// The number of an object that is deleted.
    case deletion(UInt32)
    /// Nobody waits for the outcome.
    case nobody

    var number: UInt64 {
        func pack(_ kind: UInt64, _ payload: UInt64) -> UInt64 {
            RIB.ticketMark | kind << 60 | payload
        }
        return switch self {
        case .row(let ref): ref.family == .ipv4 ? pack(0, ref.payload) : pack(1, low(ref.payload))
        case .unreachable(let slot): pack(2, UInt64(slot))
        case .group(let handle, let serial):
            pack(3, UInt64(serial & 0xFFF_FFFF) << 32 | UInt64(handle))
        case .groupDeletion(let handle): pack(4, UInt64(handle))
        case .single(let handle): pack(5, UInt64(handle))
        case .deletion(let id): pack(6, UInt64(id))
        case .nobody: pack(7, 0)
        }
    }

    private func low(_ payload: UInt64) -> UInt64 { payload & ((1 << 60) - 1) }

    init(_ number: UInt64) {
        let payload = number & ((1 << 60) - 1)
        let handle = UInt32(truncatingIfNeeded: payload)
        switch number >> 60 & 7 {
        case 0: self = .row(RowRef(payload: payload))
        case 1: self = .row(RowRef(payload: payload | 1 << 60))
        case 2: self = .unreachable(slot: handle)
        case 3: self = .group(handle, serial: UInt32(truncatingIfNeeded: payload >> 32))
        case 4: self = .groupDeletion(handle)
        case 5: self = .single(handle)
        case 6: self = .deletion(handle)
        default: self = .nobody
        }
    }
}
