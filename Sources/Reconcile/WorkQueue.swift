// The keys that may have changed, each once, in the order they came; and the keys that want to be
// looked at again at some time.

import Net

/// An ordered set of keys, first in, first out.
struct WorkQueue: Sendable {
    private var keys: [ObjectKey] = []
    private var head = 0
    private var members: Set<ObjectKey> = []

    var isEmpty: Bool { members.isEmpty }

    func contains(_ key: ObjectKey) -> Bool { members.contains(key) }

    /// All keys, oldest first.
    var all: ArraySlice<ObjectKey> { keys[head...] }

    mutating func insert(_ key: ObjectKey) {
        if members.insert(key).inserted { keys.append(key) }
    }

    mutating func popFirst() -> ObjectKey? {
        guard head < keys.count else { return nil }
        let key = keys[head]
        head += 1
        members.remove(key)
        if head == keys.count || head > 4096 {
            keys.removeFirst(head)
            head = 0
        }
        return key
    }
}

/// One deadline for each key; a binary heap whose outdated entries are dropped when they surface.
struct Deadlines: Sendable {
    private struct Entry: Sendable {
        var at: Instant
        var key: ObjectKey
    }

    private var heap: [Entry] = []
    private var times: [ObjectKey: Instant] = [:]

    /// The soonest deadline.
    var next: Instant? { heap.first?.at }

    mutating func set(_ key: ObjectKey, _ at: Instant) {
        guard times[key] != at else { return }
        times[key] = at
        heap.append(Entry(at: at, key: key))
        rise(heap.count - 1)
        prune()
    }

    mutating func clear(_ key: ObjectKey) {
        if times.removeValue(forKey: key) != nil { prune() }
    }

    /// Takes a key whose time has come.
    mutating func popDue(_ now: Instant) -> ObjectKey? {
        guard let first = heap.first, first.at <= now else { return nil }
        times[first.key] = nil
        prune()
        return first.key
    }

    private mutating func prune() {
        while let first = heap.first, times[first.key] != first.at {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
            sink()
        }
    }

    private mutating func rise(_ position: Int) {
        var child = position
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink() {
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, heap[child + 1].at < heap[child].at { child += 1 }
            guard heap[child].at < heap[parent].at else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
