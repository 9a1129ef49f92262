// Gateways, choices and groups. A *choice* is an ordered list of gateways that some row's paths
// offer, cut into *tiers*: the gateways of a tier share the traffic (ECMP), those of the next one
// wait until none of them is left. Packets go to the *actives*: the usable gateways of the first
// tier that has any. A *group* is a kernel object `[placeholder, actives...]` that rows name. Rows
// of one choice share a group, so that a lost gateway is one replace, whatever hangs on it.
//
// A row may stay in the group of another choice while both resolve alike (its first gateways were
// lost, withdrawn, and the rest is the same): a *stray*. A group leaves gateways out, and goes down
// its list, at once; gateways that come first, or beside those it has, are taken in only without
// strays, since those gateways do not announce them.

import Net

/// A neighbour on a device, and the kernel's single nexthop for it.
struct Gateway: Sendable {
    enum Single: Sendable {
        case absent
        case creating
        case present
        /// The kernel refused it; tried again at `retryAt`.
        case refused
    }

    var id: GatewayID
    /// What the caller said last.
    var isWanted = false
    /// The device is lost.
    var isCut = false
    /// A gateway on the same link whose word holds for this one too; 0 for none.
    var leader: UInt32 = 0
    /// The kernel's number, none before the first use.
    var single = NextHopID.none
    var state = Single.absent
    var retryAt = Instant.distantFuture
    var failures: UInt8 = 0
    /// A step for the single is queued.
    var isQueued = false
    /// The device was lost while the creation was in flight.
    var isDisturbed = false
    /// Choices that name it.
    var choices: [UInt32] = []
    /// Groups whose content names it.
    var groups = 0
    /// Paths that name it.
    var paths = 0
    /// Sources that name it.
    var pins = 0
    /// Groups of an earlier run that led to it.
    var adopted: [UInt32] = []
    /// Gateways that follow it.
    var followers: [UInt32] = []
    var isUsable = false
    /// It was usable in this run and is not now, or its device went away.
    var isLost = false
}

/// An ordered choice of gateways in one space and family.
struct Choice: Sendable {
    struct Key: Hashable, Sendable {
        var space: UInt32
        var family: Family
        /// Within a tier in the order of their handles, so that equal sets are equal.
        var gateways: [UInt32]
        /// Bit n: the gateway at place n is of the same tier as the one before it.
        var ties: UInt8 = 0

        func isTied(_ place: Int) -> Bool { ties >> UInt8(truncatingIfNeeded: place) & 1 == 1 }

        /// The place behind the tier of the gateway at `place`.
        func endOfTier(_ place: Int) -> Int {
            var end = place + 1
            while end < gateways.count, isTied(end) { end += 1 }
            return end
        }
    }

    var key: Key
    /// Where its packets go: the usable gateways of the first tier that has any.
    var actives: [UInt32] = []
    /// One of them, 0 for none.
    var first: UInt32 = 0
    /// Rows whose own choice it is.
    var rows = 0
    /// Its groups in the kernel; new rows go to the first.
    var groups: [UInt32] = []
    /// Unclaimed groups that seem to be meant for it.
    var suitors: [UInt32] = []
}

/// A nexthop group of the kernel.
struct Group: Sendable {
    enum Phase: Sendable {
        /// Not in the kernel.
        case absent
        /// Its creation is in flight.
        case creating
        /// Ours, in the kernel.
        case present
        /// Its deletion is in flight.
        case deleting
        /// Somebody took the number: never touched again.
        case foreign
    }

    var id: NextHopID
    var space: UInt32
    var family: Family
    /// Whose group it is; 0 for one of an earlier run that nobody has claimed.
    var choice: UInt32
    /// For an unclaimed one, what its rows seem to want.
    var tentative: UInt32 = 0
    /// The gateways that its content names, in the order of their handles.
    var actives: [UInt32] = []
    /// What the kernel has, or will have once all in flight has ended.
    var content: [NextHop.Member] = []
    var phase = Phase.absent
    /// Counts puts, so that only the last one's outcome matters.
    var serial: UInt32 = 0
    var isAwaiting = false
    /// Rows that hold it or are on their way to it.
    var rows = 0
    /// Those whose own choice is another one.
    var strays = 0
    /// Strays are moved out, so that it can go back to earlier gateways.
    var isEvicting = false
    /// When to look whether strays still come home by themselves.
    var checkAt: Instant?
    var straysAtCheck = 0
    var isQueued = false
    var isIdleQueued = false
    /// It must be put again whatever we believe.
    var isDoubtful = false
    var retryAt: Instant?
    var isFree = false
}

/// A route of ours whose object we do not know.
let unknownGroup = UInt32.max
