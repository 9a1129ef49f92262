// A case: what a hostile peer does, and the reaction that the RFC asks for. Reactions come from RFC
// 4271, 4760, 5492, 6286, 6608, 6793, 7606, 7607, 8654, 9003 and 9072, not from the daemon.

import Net

/// The edge's links to hostile peers.
enum HostileLink: Int, CaseIterable, Sendable {
    /// The daemon waits for the peers.
    case usual = 66
    /// The same, and all routes of the others go there, until all others are done.
    case stuck = 67
    /// The daemon dials the peers.
    case dialed = 69

    /// The second octet of its addresses.
    var block: UInt8 { UInt8(rawValue) }
    /// Its circuit, port and device.
    var name: String { self == .usual ? "hostile" : "\(self)" }
}

struct Case: Sendable {
    var group: String
    var name: String
    /// How the session is opened where the case is about what follows.
    var opening = Open()
    var isInternal = false
    /// More keys of the peer in the daemon's file, where the case needs them.
    var keys: String?
    var link = HostileLink.usual
    var act: Act
    var reaction: Reaction
}

/// What is done.
enum Act: Sendable {
    /// Said in place of an OPEN, on a new connection.
    case opening(Bytes)
    /// Said when both OPENs are exchanged and the daemon's KEEPALIVE has come, in place of ours.
    case confirming(Bytes)
    /// Said on an established session that has announced its routes already.
    case saying(@Sendable (Place) -> Bytes)
    /// All else; what it returns is judged.
    case script(@Sendable (Conversation) throws(Failure) -> Outcome)
}

/// What became of it.
struct Outcome: Sendable {
    enum End: Hashable, Sendable {
        case notification(UInt8, UInt8, Bytes)
        case closed
        case other(String)
    }

    enum Told: Hashable, Sendable {
        /// As it was announced before the case.
        case earlier
        case changed(Bytes)
        case gone
    }

    /// How the session ended; nil when it serves on.
    var end: End?
    /// What the good peers know of the case's routes.
    var route: Told = .gone
    var route6: Told = .gone
}

/// A path with the edge's AS in front, in one sequence.
func behindEdge(_ numbers: UInt32...) -> Bytes { segment(2, [Numbers.edge] + numbers) }

/// What must become of it.
indirect enum Reaction: Sendable {
    /// This NOTIFICATION, and the end; with this data where it is said. The peer may come back.
    case notification(UInt8, UInt8, Bytes? = nil)
    /// The end without a NOTIFICATION.
    case closed
    /// The session serves.
    case established
    /// The session serves, and the route is gone.
    case withdrawn
    case withdrawn6
    /// The session serves, and the new form of the route is told onward, with these attributes
    /// byte by byte and without those types. `path` is the value of AS_PATH.
    case told(path: Bytes = behindEdge(Numbers.hostile), with: [Bytes] = [], without: [UInt8] = [])
    case told6
    /// The session serves, and the routes stand as they stood.
    case ignored
    case either(Reaction, Reaction)

    /// Whether it can be told from a moment's look that nothing has happened.
    var isNothing: Bool {
        switch self {
        case .ignored: true
        case .either(let a, let b): a.isNothing || b.isNothing
        default: false
        }
    }

    /// What is wrong with an outcome, or nil.
    func complaint(_ outcome: Outcome) -> String? {
        switch self {
        case .either(let a, let b):
            guard let first = a.complaint(outcome), let second = b.complaint(outcome) else {
                return nil
            }
            return "\(first); or \(second)"
        case .notification(let code, let subcode, let data):
            guard case .notification(let itsCode, let itsSubcode, let itsData)? = outcome.end else {
                return "wanted NOTIFICATION \(code)/\(subcode), got \(outcome.end.described)"
            }
            guard (code, subcode) == (itsCode, itsSubcode), data == nil || data == itsData else {
                return
                    "wanted NOTIFICATION \(code)/\(subcode) \(data.map { "\($0)" } ?? ""), "
                    + "got \(itsCode)/\(itsSubcode) \(itsData.prefix(40).map { $0 })"
            }
            guard outcome.route == .gone, outcome.route6 == .gone else {
                return "the routes of the session that ended are still told"
            }
            return nil
        case .closed:
            return outcome.end == .closed
                ? nil : "wanted an end without words, got \(outcome.end.described)"
        case .established, .withdrawn, .withdrawn6, .told, .told6, .ignored:
            guard outcome.end == nil else {
                return "the session had to stay, got \(outcome.end.described)"
            }
            return routeComplaint(outcome)
        }
    }

    private func routeComplaint(_ outcome: Outcome) -> String? {
        switch self {
        case .withdrawn where outcome.route != .gone: "the route lives on: \(outcome.route)"
        case .withdrawn6 where outcome.route6 != .gone: "the IPv6 route lives on"
        case .ignored where outcome.route != .earlier: "the route was touched: \(outcome.route)"
        case .ignored where outcome.route6 != .earlier: "the IPv6 route was touched"
        case .told6:
            if case .changed = outcome.route6 {
                nil
            } else {
                "the new IPv6 route is not told: \(outcome.route6)"
            }
        case .told(let path, let with, let without):
            Reaction.toldComplaint(outcome.route, path, with, without)
        default: nil
        }
    }

    private static func toldComplaint(
        _ told: Outcome.Told, _ path: Bytes, _ with: [Bytes], _ without: [UInt8]
    ) -> String? {
        guard case .changed(let bytes) = told, let list = Attributes(bytes) else {
            return "the new route is not told: \(told)"
        }
        guard list[2]?.value == path else {
            return "the path is \(list[2]?.value.prefix(64).map { $0 } ?? [])"
        }
        for attribute in with where !list.entries.values.contains(where: { $0.whole == attribute })
        {
            return "told without \(attribute.prefix(24).map { $0 }), "
                + "with \(list.entries.values.map { Array($0.whole.prefix(16)) })"
        }
        for type in without where list[type] != nil {
            return "told with \(list[type]?.whole.prefix(24).map { $0 } ?? [])"
        }
        return nil
    }
}

extension Outcome.End? {
    var described: String {
        switch self {
        case nil: "a session that goes on"
        case .notification(let code, let subcode, let data):
            "NOTIFICATION \(code)/\(subcode) \(data.prefix(24).map { $0 })"
        case .closed: "an end without words"
        case .other(let text): text
        }
    }
}

extension Case {
    /// An UPDATE for the case's IPv4 prefix with these attributes.
    init(
        _ group: String, _ name: String, _ attributes: [Bytes], _ reaction: Reaction,
        isInternal: Bool = false, opening: Open = Open()
    ) {
        self.init(
            group: group, name: name, opening: opening, isInternal: isInternal,
            act: .saying { update(attributes: attributes, field: $0.field) }, reaction: reaction)
    }

    /// Bytes that depend on nothing, on an established session.
    init(
        _ group: String, _ name: String, saying bytes: Bytes, _ reaction: Reaction,
        opening: Open = Open()
    ) {
        self.init(
            group: group, name: name, opening: opening, act: .saying { _ in bytes },
            reaction: reaction)
    }

    /// Bytes that name the case's prefixes, on an established session.
    init(
        _ group: String, _ name: String, _ reaction: Reaction, opening: Open = Open(),
        isInternal: Bool = false, _ bytes: @escaping @Sendable (Place) -> Bytes
    ) {
        self.init(
            group: group, name: name, opening: opening, isInternal: isInternal,
            act: .saying(bytes), reaction: reaction)
    }
}
