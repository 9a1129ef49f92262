import Control
import Testing

@Suite struct `Who may ask what` {
    static let host = Permission(ownUID: 990, readGroup: 50, adminGroup: 60)

    @Test(arguments: [
        (0 as UInt32, [] as [UInt32], true, true), (990, [], true, true),
        (1000, [60], true, true), (1000, [4, 50], true, false), (1000, [50, 60], true, true),
        (1000, [4], false, false), (1000, [], false, false), (1000, [0], false, false),
    ])
    func `root, the daemon's user and the two groups may`(
        uid: UInt32, gids: [UInt32], mayRead: Bool, mayAct: Bool
    ) {
        #expect((Self.host.refusal(uid: uid, gids: gids, needsAdmin: false) == nil) == mayRead)
        #expect((Self.host.refusal(uid: uid, gids: gids, needsAdmin: true) == nil) == mayAct)
        #expect(Self.host.maySeeNames(uid: uid, gids: gids) == mayRead)
    }

    @Test func `a refusal names the group to join`() {
        let read = Self.host.refusal(uid: 1000, gids: [], needsAdmin: false)
        let act = Self.host.refusal(uid: 1000, gids: [50], needsAdmin: true)
        #expect(
            read
                == RequestError(
                    status: 403, "only root and members of group circuitd may ask this"))
        #expect(
            act
                == RequestError(
                    status: 403, "only root and members of group circuitd-admin may do this"))
    }

    @Test func `a host without the groups leaves root alone`() {
        let bare = Permission(ownUID: 0, readGroup: nil, adminGroup: nil)
        #expect(bare.refusal(uid: 1000, gids: [0], needsAdmin: false) != nil)
        #expect(bare.refusal(uid: 0, gids: [], needsAdmin: true) == nil)
    }
}
