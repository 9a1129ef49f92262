// What the longer requests carry: where to look for a prefix, and which sessions to clear how.

public import Net

extension Request {
    /// Where a prefix is to be explained.
    public enum WhyScope: Hashable, Sendable {
        /// In the tables of all tenants of this edge.
        case all
        /// In a tenant's table.
        case tenant(String)
        /// In the tables of a circuit's tenants.
        case circuit(String)
    }

    /// Which sessions of a circuit to clear, and how.
    public struct Clear: Hashable, Sendable {
        /// What is done to a session.
        public enum Kind: Hashable, Sendable {
            /// The session ends (Cease 6/4) and starts anew.
            case hard
            /// What the peer announced is evaluated again, asked for again where need be.
            case softIn
            /// What the peer hears is computed and sent again.
            case softOut

            /// The word behind `soft`; nil for `hard`.
            public var soft: String? {
                switch self {
                case .hard: nil
                case .softIn: "in"
                case .softOut: "out"
                }
            }
        }

        /// The circuit.
        public var circuit: String
        /// The peering; nil for all.
        public var peering: String?
        /// The link; nil for all.
        public var role: String?
        /// The peer; nil for all.
        public var peer: IPAddress?
        /// What is done.
        public var kind: Kind
        /// What the peer is told (RFC 9003), at most 255 bytes; for `hard` only.
        public var reason: String

        /// Which sessions, and how.
        public init(
            circuit: String, peering: String? = nil, role: String? = nil, peer: IPAddress? = nil,
            kind: Kind = .hard, reason: String = ""
        ) {
            self.circuit = circuit
            self.peering = peering
            self.role = role
            self.peer = peer
            self.kind = kind
            self.reason = reason
        }

        /// Takes the fields of a query.
        init(circuit: String, role: String?, _ fields: inout QueryFields) throws(RequestError) {
            self.init(circuit: circuit, peering: fields.take("peering"), role: role)
            if let text = fields.take("peer") {
                guard let peer = IPAddress(text) else {
                    throw RequestError(status: 400, "peer is an address, not \(text)")
                }
                self.peer = peer
            }
            if let text = fields.take("soft") {
                switch text {
                case "in": kind = .softIn
                case "out": kind = .softOut
                default: throw RequestError(status: 400, "soft is in or out, not \(text)")
                }
            }
            guard let text = fields.take("reason") else { return }
            guard kind == .hard else {
                throw RequestError(
                    status: 400, "a soft clear ends no session, so no peer hears a reason")
            }
            if let fault = Self.fault(inReason: text) {
                throw RequestError(status: 400, fault)
            }
            reason = text
        }

        /// What is wrong with a text for a peer, or nil.
        public static func fault(inReason text: String) -> String? {
            if text.utf8.count > 255 {
                return "a peer is told 255 bytes at most, and the reason has \(text.utf8.count)"
            }
            return text == printable(text) ? nil : "the reason is not one line of text"
        }
    }
}
