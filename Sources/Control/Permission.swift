// Who may ask what, told by the credentials of the socket's other end.

/// The group whose members read.
public let readGroupName = "circuitd"
/// The group whose members act.
public let adminGroupName = "circuitd-admin"

/// Who is at the other end of a control socket.
public struct Permission: Hashable, Sendable {
    /// The daemon's own user, who may do everything.
    public var ownUID: UInt32
    /// The reading group's number, if the host has it.
    public var readGroup: UInt32?
    /// The acting group's number, if the host has it.
    public var adminGroup: UInt32?

    /// The host's numbers.
    public init(ownUID: UInt32, readGroup: UInt32?, adminGroup: UInt32?) {
        self.ownUID = ownUID
        self.readGroup = readGroup
        self.adminGroup = adminGroup
    }

    /// nil when the user may; else 403 with the group to join. Root and the daemon's own user may
    /// everything; who may act may also read.
    public func refusal(uid: UInt32, gids: [UInt32], needsAdmin: Bool) -> RequestError? {
        if uid == 0 || uid == ownUID { return nil }
        if let adminGroup, gids.contains(adminGroup) { return nil }
        if needsAdmin {
            return RequestError(
                status: 403, "only root and members of group \(adminGroupName) may do this")
        }
        if let readGroup, gids.contains(readGroup) { return nil }
        return RequestError(
            status: 403, "only root and members of group \(readGroupName) may ask this")
    }

    /// Whether the user may learn names of tenants and circuits on `health.sock`.
    public func maySeeNames(uid: UInt32, gids: [UInt32]) -> Bool {
        refusal(uid: uid, gids: gids, needsAdmin: false) == nil
    }
}
