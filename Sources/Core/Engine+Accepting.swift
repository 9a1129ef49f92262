// What the shell must know of a connection before its first byte is read.

import Intent

extension Engine {
    /// What holds for an accepted connection.
    public func rules(of id: ConnectionID) -> ConnectionRules? {
        connections[id].map { rules(sessions[$0.slot].settings) }
    }

    /// The kernel ends what RFC 9687 would: the send hold time is known to the socket too, so that
    /// a peer that takes nothing costs no memory for longer than that.
    func rules(_ settings: SessionSettings) -> ConnectionRules {
        let hold = Duration.seconds(Int(settings.holdTime))
        return ConnectionRules(
            hasTTLSecurity: settings.hasTTLSecurity,
            userTimeout: settings.holdTime == 0 ? nil : max(.seconds(480), hold * 2))
    }
}
