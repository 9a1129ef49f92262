// Graceful restart as a hostile peer may play it (RFC 4724, RFC 8538): its routes are kept for as
// long as it said and no longer, and not at all where it did not preserve them or meant it.

import Host
import Net

private func restart(_ seconds: Int, coversNotifications: Bool = true, preserved: UInt8 = 0x80)
    -> Open
{
    let head = u16(seconds | (coversNotifications ? 0x4000 : 0))
    return Open(more: [capability(64, head + [0, 1, 1, preserved, 0, 2, 1, preserved])])
}

/// The session of `opening` announces its routes, ends by `deed`, and `after` is looked at.
private func ended(
    _ name: String, _ opening: Open, by deed: @escaping @Sendable (Conversation) -> Void,
    _ after: @escaping @Sendable (Conversation) throws(Failure) -> Void
) -> Case {
    Case(
        group: "restarts", name: name, opening: opening,
        act: .script { conversation throws(Failure) in
            try conversation.establish()
            try conversation.announce()
            deed(conversation)
            conversation.drop()
            try after(conversation)
            return Outcome()
        }, reaction: .established)
}

extension Conversation {
    fileprivate func isKept(_ what: String) throws(Failure) {
        pause(0.7)
        guard outcome(nil).route == .earlier, outcome(nil).route6 == .earlier else {
            throw Failure("the routes are not kept \(what)")
        }
    }

    fileprivate func isGone(within seconds: Double) throws(Failure) {
        try poll("the routes are kept", within: seconds) {
            self.outcome(nil).route == .gone && self.outcome(nil).route6 == .gone
        }
    }

    /// The peer again, with another OPEN.
    fileprivate func comesBack(_ opening: Open) throws(Failure) {
        self.opening = opening
        // Refused until the daemon has seen the end of the connection before.
        let end = deadline(5)
        while (try? establish()) == nil {
            if Clock.now() > end { throw Failure("it is not let in again") }
            pause(0.05)
        }
    }
}

private let endsOfRIB = update() + update(attributes: [unreach([])])

let restartCases: [Case] = [
    ended("it dies, and stays away", restart(2), by: { _ in }) { conversation throws(Failure) in
        try conversation.isKept("while it may restart")
        try conversation.isGone(within: 5)
    },
    ended("it dies, and had said 0 seconds", restart(0), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.isGone(within: 2)
    },
    ended("it comes back, and announces nothing", restart(120), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.isKept("while it may restart")
        try conversation.comesBack(restart(120))
        try conversation.isKept("before End-of-RIB")
        conversation.send(endsOfRIB)
        try conversation.isGone(within: 3)
    },
    ended("it comes back, and announces the same", restart(120), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.comesBack(restart(120))
        try conversation.announce()
        conversation.send(endsOfRIB)
        try conversation.isKept("that were announced again")
        // For good, or they would stay for two minutes.
        conversation.send(notification(6, 9))
        conversation.drop()
    },
    ended("it comes back, and has preserved nothing", restart(120), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.isKept("while it may restart")
        try conversation.comesBack(restart(120, preserved: 0))
        try conversation.isGone(within: 3)
    },
    ended("it comes back, and knows no restart", restart(120), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.isKept("while it may restart")
        try conversation.comesBack(Open())
        try conversation.isGone(within: 3)
    },
    ended("it comes back, and dies before End-of-RIB", restart(3), by: { _ in }) {
        conversation throws(Failure) in
        try conversation.comesBack(restart(3))
        conversation.drop(reset: true)
        try conversation.isGone(within: 8)
    },
    ended("a NOTIFICATION that is covered", restart(2), by: { $0.send(notification(6, 4)) }) {
        conversation throws(Failure) in
        try conversation.isKept("over a NOTIFICATION")
        try conversation.isGone(within: 5)
    },
    ended(
        "a NOTIFICATION that is not covered", restart(120, coversNotifications: false),
        by: { $0.send(notification(6, 4)) }
    ) { conversation throws(Failure) in
        try conversation.isGone(within: 3)
    },
    ended("a hard reset", restart(120), by: { $0.send(notification(6, 9, [6, 4])) }) {
        conversation throws(Failure) in
        try conversation.isGone(within: 3)
    },
]
