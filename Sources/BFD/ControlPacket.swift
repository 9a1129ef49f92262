// The BFD control packet (RFC 5880 §4.1) and the part of the reception checks (§6.8.6) that needs
// no session. Authentication is not spoken: a packet that carries it is refused.

/// The states of a session, by their number on the wire.
public enum BFDState: UInt8, Hashable, CaseIterable, Sendable, CustomStringConvertible {
    /// Held down by an operator.
    case adminDown = 0
    /// Nothing is heard, or the peer says it hears nothing.
    case down = 1
    /// The peer is heard and does not hear us yet.
    case `init` = 2
    /// Both hear each other.
    case up = 3

    /// The name used in replies.
    public var description: String {
        switch self {
        case .adminDown: "admin-down"
        case .down: "down"
        case .`init`: "init"
        case .up: "up"
        }
    }
}

/// Why a session last left Up (RFC 5880 §4.1); numbers that are not named stand as they came.
public struct BFDDiagnostic: RawRepresentable, Hashable, Sendable {
    /// 0 to 31.
    public let rawValue: UInt8
    /// The five bits of a number.
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x1F }
    /// No diagnostic.
    public static let none = BFDDiagnostic(rawValue: 0)
    /// Nothing was heard for the detection time.
    public static let detectionTimeExpired = BFDDiagnostic(rawValue: 1)
    /// The peer says that the session is down.
    public static let neighborSignaledDown = BFDDiagnostic(rawValue: 3)
    /// The forwarding plane was reset.
    public static let forwardingPlaneReset = BFDDiagnostic(rawValue: 4)
    /// The path is down.
    public static let pathDown = BFDDiagnostic(rawValue: 5)
    /// Held down by an operator.
    public static let administrativelyDown = BFDDiagnostic(rawValue: 7)
}

extension BFDDiagnostic: CustomStringConvertible {
    /// A few words.
    public var description: String {
        switch rawValue {
        case 0: "none"
        case 1: "detection time expired"
        case 2: "echo failed"
        case 3: "neighbor signaled down"
        case 4: "forwarding plane reset"
        case 5: "path down"
        case 6: "concatenated path down"
        case 7: "administratively down"
        case 8: "reverse concatenated path down"
        default: "diagnostic \(rawValue)"
        }
    }
}

/// One control packet without authentication.
public struct ControlPacket: Hashable, Sendable {
    /// Why the sender's session last left Up.
    public var diagnostic = BFDDiagnostic.none
    /// The sender's state.
    public var state: BFDState
    /// P: an answer is asked for at once.
    public var isPoll = false
    /// F: this is that answer.
    public var isFinal = false
    /// C: the sender's BFD outlives its control plane.
    public var isControlPlaneIndependent = false
    /// D: the sender asks not to be sent periodic packets while both are Up.
    public var isDemand = false
    /// How many packets may be lost.
    public var detectMultiplier: UInt8
    /// The sender's number of the session, never 0.
    public var myDiscriminator: UInt32
    /// The receiver's number of the session, or 0 when not known.
    public var yourDiscriminator: UInt32
    /// Microseconds between packets the sender would like to send.
    public var desiredMinTx: UInt32
    /// Microseconds between packets the sender can bear; 0 wants none.
    public var requiredMinRx: UInt32
    /// Microseconds between echo packets the sender can bear; 0 supports none.
    public var requiredMinEchoRx: UInt32 = 0

    /// A packet with no bits set.
    public init(
        state: BFDState, detectMultiplier: UInt8, myDiscriminator: UInt32,
        yourDiscriminator: UInt32, desiredMinTx: UInt32, requiredMinRx: UInt32
    ) {
        self.state = state
        self.detectMultiplier = detectMultiplier
        self.myDiscriminator = myDiscriminator
        self.yourDiscriminator = yourDiscriminator
        self.desiredMinTx = desiredMinTx
        self.requiredMinRx = requiredMinRx
    }

    /// Reads the payload of a UDP datagram; nil is to be dropped (RFC 5880 §6.8.6).
    public init?(_ payload: RawSpan) {
        guard payload.byteCount >= 24 else { return nil }
        // In bounds by the guard above.
        func u8(_ offset: Int) -> UInt8 {
            unsafe payload.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
        }
        func u32(_ offset: Int) -> UInt32 {
            unsafe UInt32(
                bigEndian: payload.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: offset, as: UInt32.self))
        }
        let bits = u8(1)
        let isVersion1 = u8(0) >> 5 == 1
        let isAuthenticated = bits & 0x04 != 0
        let isMultipoint = bits & 0x01 != 0
        guard isVersion1, !isAuthenticated, !isMultipoint, u8(2) != 0, u8(3) >= 24,
            Int(u8(3)) <= payload.byteCount, let state = BFDState(rawValue: bits >> 6)
        else { return nil }
        self.init(
            state: state, detectMultiplier: u8(2), myDiscriminator: u32(4),
            yourDiscriminator: u32(8), desiredMinTx: u32(12), requiredMinRx: u32(16))
        diagnostic = BFDDiagnostic(rawValue: u8(0))
        isPoll = bits & 0x20 != 0
        isFinal = bits & 0x10 != 0
        isControlPlaneIndependent = bits & 0x08 != 0
        isDemand = bits & 0x02 != 0
        requiredMinEchoRx = u32(20)
        guard myDiscriminator != 0 else { return nil }
        // Only a sender that has heard nothing may leave ours out.
        guard yourDiscriminator != 0 || state == .down || state == .adminDown else { return nil }
    }

    /// The 24 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [
            1 << 5 | diagnostic.rawValue,
            state.rawValue << 6 | (isPoll ? 0x20 : 0) | (isFinal ? 0x10 : 0)
                | (isControlPlaneIndependent ? 0x08 : 0) | (isDemand ? 0x02 : 0),
            detectMultiplier, 24,
        ]
        for word in [
            myDiscriminator, yourDiscriminator, desiredMinTx, requiredMinRx, requiredMinEchoRx,
        ] {
            for shift in stride(from: 24 as UInt32, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }
}
