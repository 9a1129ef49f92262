// What the shell must know of a connection that it has accepted, before its first byte is read.

import Intent

extension Engine {
    /// Whether nothing from beyond the neighbour may reach this connection (RFC 5082).
    public func hasTTLSecurity(_ id: ConnectionID) -> Bool {
        guard let (slot, _) = connections[id] else { return false }
        return sessions[slot].settings.hasTTLSecurity
    }
}
