// How much a changed circuit disturbs what runs. Every field of the model declares its impact
// here; a field that nobody declared counts as the worst, so forgetting one is loud, not harmful.

/// The most that a change does.
public enum Impact: Int, Hashable, Comparable, CaseIterable, Sendable, CustomStringConvertible {
    /// Nothing runs differently.
    case none
    /// Routes are evaluated again; the session stays.
    case soft
    /// A session is closed, opened, or made anew.
    case session
    /// A device is made, removed, or carries other addresses.
    case interface

    /// By disturbance.
    public static func < (a: Impact, b: Impact) -> Bool { a.rawValue < b.rawValue }

    /// The word in a plan.
    public var description: String {
        switch self {
        case .none: "none"
        case .soft: "soft"
        case .session: "session"
        case .interface: "interface"
        }
    }
}

extension Catalog {
    /// The impact of replacing one circuit by another of the same name. With `edge`, links of
    /// other edges do not count.
    public static func impact(
        from old: Circuit, to new: Circuit, on edge: String? = nil
    ) -> Impact {
        let old = old.seen(from: edge)
        let new = new.seen(from: edge)
        return old == new ? .none : CircuitFields.impact(old, new)
    }

    /// The impact of replacing one session's keys by others.
    public static func impact(from old: SessionSettings, to new: SessionSettings) -> Impact {
        old == new ? .none : FieldImpact.worst(CircuitFields.session, old, new)
    }
}

extension Circuit {
    fileprivate func seen(from edge: String?) -> Circuit {
        guard let edge else { return self }
        var copy = self
        for index in copy.peerings.indices {
            copy.peerings[index].links.removeAll { $0.edge != nil && $0.edge != edge }
        }
        copy.peerings.removeAll { $0.links.isEmpty }
        return copy
    }
}

/// A field's impact: how to reset it to the other side's value, so that what is left unequal after
/// all declared fields is a field that nobody declared.
struct FieldImpact<Model: Hashable> {
    let name: String
    let impact: (Model, Model) -> Impact
    let copy: (_ from: Model, _ to: inout Model) -> Void

    init<Value: Equatable>(
        _ name: String, _ path: WritableKeyPath<Model, Value>, _ impact: Impact
    ) {
        self.init(name, path) { _, _ in impact }
    }

    init<Value: Equatable>(
        _ name: String, _ path: WritableKeyPath<Model, Value>,
        _ impact: @escaping (Value, Value) -> Impact
    ) {
        self.name = name
        self.impact = { old, new in
            old[keyPath: path] == new[keyPath: path]
                ? .none : impact(old[keyPath: path], new[keyPath: path])
        }
        copy = { $1[keyPath: path] = $0[keyPath: path] }
    }

    static func worst(_ fields: [FieldImpact], _ old: Model, _ new: Model) -> Impact {
        var rest = new
        var worst = Impact.none
        for field in fields {
            worst = max(worst, field.impact(old, new))
            field.copy(old, &rest)
        }
        return rest == old ? worst : .interface
    }
}

/// The declared impacts.
enum CircuitFields {
    static var circuit: [FieldImpact<Circuit>] {
        [
            FieldImpact("name", \.name, .interface),
            FieldImpact("provider", \.provider, .none),
            FieldImpact("note", \.note, .none),
            FieldImpact("bandwidth", \.bandwidth, .none),
            FieldImpact("serviceKey", \.serviceKey, .none),
            FieldImpact("peerings", \.peerings) { old, new in
                matched(old, new, by: \.name, unmatched: .interface, fields: peering)
            },
        ]
    }

    static var peering: [FieldImpact<Peering>] {
        [
            FieldImpact("name", \.name, .interface),
            FieldImpact("tenant", \.tenant, .interface),
            FieldImpact("routing", \.routing) { old, new in
                // BGP goes or comes; otherwise only the file's routes do.
                (old == .static) != (new == .static) ? .session : .soft
            },
            FieldImpact("routes", \.routes, .soft),
            FieldImpact("links", \.links) { old, new in
                matched(old, new, by: \.role, unmatched: .interface, fields: link)
            },
        ]
    }

    static var link: [FieldImpact<CircuitLink>] {
        [
            FieldImpact("role", \.role, .interface),
            // Another edge's name matters only where it puts the link here or away.
            FieldImpact("edge", \.edge, .interface),
            FieldImpact("port", \.port, .interface),
            FieldImpact("encapsulation", \.encapsulation, .interface),
            FieldImpact("mtu", \.mtu, .interface),
            FieldImpact("addresses", \.addresses, .interface),
            FieldImpact("peers", \.peers, .soft),
            FieldImpact("sessions", \.sessions) { old, new in
                matched(old, new, by: \.peer, unmatched: .session, fields: session)
            },
        ]
    }

    static var session: [FieldImpact<SessionSettings>] {
        [
            FieldImpact("local", \.local, .session),
            FieldImpact("peer", \.peer, .session),
            FieldImpact("port", \.port, .session),
            FieldImpact("localASN", \.localASN, .session),
            FieldImpact("peerASN", \.peerASN, .session),
            FieldImpact("families", \.families, .session),
            FieldImpact("isPassive", \.isPassive, .session),
            FieldImpact("holdTime", \.holdTime, .session),
            FieldImpact("password", \.password, .session),
            FieldImpact("hasTTLSecurity", \.hasTTLSecurity, .session),
            FieldImpact("hasGracefulRestart", \.hasGracefulRestart, .session),
            FieldImpact("role", \.role, .session),
            FieldImpact("isRoleStrict", \.isRoleStrict, .session),
            FieldImpact("addPath", \.addPath, .session),
            FieldImpact("hasExtendedNextHop", \.hasExtendedNextHop, .session),
            FieldImpact("restartTime", \.restartTime, .session),
            FieldImpact("longLived", \.longLived, .session),
            FieldImpact("identifies", \.identifies, .session),
            FieldImpact("enforcesFirstAS", \.enforcesFirstAS, .session),
            FieldImpact("hasExtendedMessages", \.hasExtendedMessages, .session),
            FieldImpact("shutdown", \.shutdown, .session),
            FieldImpact("multipath", \.multipath, .soft),
            FieldImpact("isNextHopSelf", \.isNextHopSelf, .soft),
            FieldImpact("isReflectorClient", \.isReflectorClient, .soft),
            FieldImpact("importRules", \.importRules, .soft),
            FieldImpact("exportRules", \.exportRules, .soft),
            FieldImpact("bfd", \.bfd) { old, new in
                // BFD beside BGP comes and goes without it, unless BGP waits for it.
                (old?.isStrict ?? false) != (new?.isStrict ?? false) ? .session : .soft
            },
            FieldImpact("accept", \.accept, .soft),
            FieldImpact("advertise", \.advertise, .soft),
            FieldImpact("acceptsDefault", \.acceptsDefault, .soft),
            FieldImpact("advertisesDefault", \.advertisesDefault, .soft),
            FieldImpact("isPublic", \.isPublic, .soft),
            FieldImpact("limits", \.limits, .soft),
            FieldImpact("minPrefixes", \.minPrefixes, .soft),
            FieldImpact("localPref", \.localPref, .soft),
            FieldImpact("med", \.med, .soft),
            FieldImpact("prepend", \.prepend, .soft),
            FieldImpact("communities", \.communities, .soft),
            FieldImpact("allowOwnAS", \.allowOwnAS, .soft),
            FieldImpact("overridesAS", \.overridesAS, .soft),
            FieldImpact("removesPrivateAS", \.removesPrivateAS, .soft),
        ]
    }

    static func impact(_ old: Circuit, _ new: Circuit) -> Impact {
        FieldImpact.worst(circuit, old, new)
    }

    /// Elements of two lists by name: those in one list only, and the fields of those in both.
    /// Order alone is a matter of preference.
    private static func matched<Element: Hashable, Name: Hashable>(
        _ old: [Element], _ new: [Element], by name: KeyPath<Element, Name>, unmatched: Impact,
        fields: [FieldImpact<Element>]
    ) -> Impact {
        let byName = Dictionary(
            old.map { ($0[keyPath: name], $0) }, uniquingKeysWith: { first, _ in first })
        guard old.count == new.count else { return unmatched }
        var worst = Impact.soft
        var left = byName
        for element in new {
            guard let before = left.removeValue(forKey: element[keyPath: name]) else {
                return unmatched
            }
            if before != element { worst = max(worst, FieldImpact.worst(fields, before, element)) }
        }
        return worst
    }
}
