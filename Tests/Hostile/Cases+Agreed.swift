// What goes wrong in what was agreed beyond the plain protocol: path identifiers (RFC 7911), roles
// and ONLY_TO_CUSTOMER (RFC 9234), and the marks around a refresh (RFC 7313).

/// An UPDATE on a session with path identifiers for IPv4.
private func numbered(
    _ name: String, _ reaction: Reaction, _ bytes: @escaping @Sendable (Place) -> Bytes
) -> Case {
    Case(
        group: "add-path", name: name, opening: Open(more: [addPath]), keys: "add-path: receive",
        act: .saying(bytes), reaction: reaction)
}

private let paths: [Case] = [
    numbered("the same identifier again", .told()) {
        update(attributes: good, field: u32(1) + $0.field)
    },
    numbered("another identifier, withdrawn again", .ignored) {
        update(attributes: good, field: u32(2) + $0.field) + update(withdrawn: u32(2) + $0.field)
    },
    numbered("an identifier that nobody announced, withdrawn", .ignored) {
        update(withdrawn: u32(9) + $0.field)
    },
    numbered("the only one withdrawn", .withdrawn) { update(withdrawn: u32(1) + $0.field) },
    numbered("the only one malformed", .withdrawn) {
        update(attributes: [attribute(0x40, 1, [9]), path, nextHop], field: u32(1) + $0.field)
    },
    numbered("an identifier alone", .notification(3, 10)) { _ in
        update(attributes: good, field: u32(1))
    },
    numbered("half an identifier", .notification(3, 10)) {
        update(attributes: good, field: u32(1) + $0.field + [0, 0])
    },
    numbered("33 bits behind an identifier", .notification(3, 10)) { _ in
        update(attributes: good, field: u32(1) + [33] + zeros(5))
    },
    numbered("a prefix past the end", .notification(3, 10)) { _ in
        update(attributes: good, field: u32(1) + [24, 10, 99])
    },
    numbered("half an identifier, withdrawn", .notification(3, 10)) { _ in
        update(withdrawn: [0, 0, 1])
    },
    numbered("no identifiers at all", .notification(3, 10)) {
        update(attributes: good, field: $0.field)
    },
    Case(
        "add-path", "identifiers that were not agreed", .notification(3, 10),
        opening: Open(more: [capability(69, [0, 1, 1, 3])])
    ) { _ in update(attributes: good, field: [0, 0, 0, 1, 24, 10, 99, 99, 0xFF]) },
]

/// The roles by their numbers on the wire.
private enum Role {
    static let provider: UInt8 = 0
    static let server: UInt8 = 1
    static let customer: UInt8 = 3
    static let peer: UInt8 = 4
}

private func opened(_ name: String, ours: String, _ said: [Bytes], isRefused: Bool) -> Case {
    Case(
        group: "roles", name: name, opening: Open(more: said), keys: "role: \(ours)",
        act: .opening(Open(more: said).bytes),
        reaction: isRefused ? .notification(2, 11) : .established)
}

private func leak(
    _ name: String, ours: String, _ said: UInt8, _ attributes: Bytes..., reaction: Reaction
) -> Case {
    Case(
        group: "roles", name: name, opening: Open(more: [role(said)]), keys: "role: \(ours)",
        act: .saying { update(attributes: good + attributes, field: $0.field) }, reaction: reaction)
}

private let own = attribute(0xC0, 35, u32(Numbers.hostile))
private let strange = attribute(0xC0, 35, u32(65001))

private let roles: [Case] = [
    opened("the pair", ours: "customer", [role(Role.provider)], isRefused: false),
    opened("both customers", ours: "customer", [role(Role.customer)], isRefused: true),
    opened("a peer for a customer", ours: "customer", [role(Role.peer)], isRefused: true),
    opened("a customer for a peer", ours: "peer", [role(Role.customer)], isRefused: true),
    opened("a server for a customer", ours: "customer", [role(Role.server)], isRefused: true),
    opened("a role nobody knows", ours: "customer", [role(99)], isRefused: true),
    opened("none", ours: "customer", [], isRefused: false),
    Case(
        group: "roles", name: "none, strictly", keys: "role: { local: customer, strict: true }",
        act: .script { conversation throws(Failure) in
            try conversation.connect()
            conversation.send(Open().bytes)
            return Outcome(end: conversation.ending(within: 5))
        }, reaction: .notification(2, 11)),
    opened(
        "the same twice", ours: "customer", [role(Role.provider), role(Role.provider)],
        isRefused: false),
    opened(
        "two that differ", ours: "customer", [role(Role.provider), role(Role.customer)],
        isRefused: true),
    leak(
        "a customer's route with ONLY_TO_CUSTOMER", ours: "provider", Role.customer, own,
        reaction: .withdrawn),
    leak(
        "a peer's route marked by another", ours: "peer", Role.peer, strange, reaction: .withdrawn),
    leak("a peer's route marked by itself", ours: "peer", Role.peer, own, reaction: .told()),
    leak(
        "a provider's route marked by another", ours: "customer", Role.provider, strange,
        reaction: .told()),
]

private let enhanced = Open(more: [capability(70)])
private let enhancedAlone = Open(families: [(1, 1)], more: [capability(70)])

private let marks: [Case] = [
    Case(
        "refresh", "a begin and an end, and nothing between", .withdrawn, opening: enhancedAlone
    ) { _ in refresh(subtype: 1) + refresh(subtype: 2) },
    Case("refresh", "a whole refresh in one segment", .told(), opening: enhancedAlone) {
        refresh(subtype: 1) + update(attributes: good, field: $0.field) + refresh(subtype: 2)
    },
    Case("refresh", "a begin for each of two ends", .told(), opening: enhancedAlone) {
        refresh(subtype: 1) + refresh(subtype: 1) + update(attributes: good, field: $0.field)
            + refresh(subtype: 2) + refresh(subtype: 2)
    },
    Case(
        "refresh", "many begins of one family, and an end", .withdrawn, opening: enhancedAlone
    ) { _ in repeated(refresh(subtype: 1), 500) + refresh(subtype: 2) },
    Case(
        "refresh", "an end without a begin", saying: refresh(subtype: 2), .ignored,
        opening: enhanced),
    Case(
        "refresh", "many begins", saying: repeated(refresh(subtype: 1), 500), .ignored,
        opening: enhanced),
]

let agreedCases: [Case] = joined(paths, roles, marks)
