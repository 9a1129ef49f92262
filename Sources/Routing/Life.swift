// A source's life in one family. Its epoch tells paths of the present life from those of an earlier
// one, so that a session's end is one number, whatever it announced. Each family ends its own:
// marks around a refresh and End-of-RIB speak of one.

import Net

struct Life: Sendable {
    var epoch: UInt8 = 0
    /// Paths of this epoch are stale, but valid.
    private(set) var staleEpoch: UInt8?
    /// What is stale is kept over a long restart, as the last choice (RFC 9494).
    var isLongLived = false
    /// Epochs ended since the last complete pass over the family's rows of the space.
    var endedEpochs = 0
    /// Of the present epoch, and of the stale one.
    private(set) var present = Counts()
    private(set) var stale = Counts()

    struct Counts: Sendable {
        /// All paths, and those that entered.
        var received: UInt32 = 0
        var accepted: UInt32 = 0
        /// Those that entered and whose rows the kernel has not as they should be.
        var lacking = 0

        mutating func count(_ tag: PathTag, _ change: Int32) {
            received = UInt32(clamping: Int64(received) + Int64(change))
            if !tag.isRefused { accepted = UInt32(clamping: Int64(accepted) + Int64(change)) }
        }
    }

    /// Whether paths with this tag still count.
    func isValid(_ tag: PathTag) -> Bool { tag.epoch == epoch || tag.epoch == staleEpoch }

    func isStale(_ tag: PathTag) -> Bool { tag.epoch != epoch }

    /// Whether any path counts.
    var hasPaths: Bool { present.received > 0 || stale.received > 0 }

    mutating func count(_ tag: PathTag, _ change: Int32) {
        if tag.epoch == epoch {
            present.count(tag, change)
        } else if tag.epoch == staleEpoch {
            stale.count(tag, change)
        }
    }

    /// An accepted path's row begins or ends to lack its route.
    mutating func countLacking(_ tag: PathTag, _ change: Int) {
        if tag.isRefused { return }
        if tag.epoch == epoch {
            present.lacking += change
        } else if tag.epoch == staleEpoch {
            stale.lacking += change
        }
    }

    /// Ends the present epoch.
    mutating func advance(keepingStale: Bool) {
        staleEpoch = keepingStale ? epoch : nil
        isLongLived = false
        stale = keepingStale ? present : Counts()
        present = Counts()
        epoch &+= 1
        endedEpochs += 1
    }

    /// Ends the stale epoch.
    mutating func endStale() {
        staleEpoch = nil
        isLongLived = false
        stale = Counts()
    }
}
