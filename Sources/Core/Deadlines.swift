// A heap of deadlines, one for each slot at most. A deadline that moved leaves its old entry in
// the heap, which is passed over when it comes up.

import Net

/// Deadlines of numbered slots.
struct Deadlines {
    private var heap: [(at: Instant, slot: Int)] = []
    private var current: [Instant?] = []

    /// The soonest deadline.
    var next: Instant? {
        mutating get {
            drop()
            return heap.first?.at
        }
    }

    /// Sets or clears a slot's deadline.
    mutating func set(_ slot: Int, _ deadline: Instant?) {
        while current.count <= slot { current.append(nil) }
        guard current[slot] != deadline else { return }
        current[slot] = deadline
        if let deadline { push((deadline, slot)) }
    }

    /// Takes the next slot whose deadline is due; its deadline is cleared.
    mutating func take(at now: Instant) -> Int? {
        drop()
        guard let first = heap.first, first.at <= now else { return nil }
        current[first.slot] = nil
        pop()
        return first.slot
    }

    private mutating func drop() {
        while let first = heap.first, current[first.slot] != first.at { pop() }
    }

    private mutating func push(_ entry: (at: Instant, slot: Int)) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].at < heap[least].at { least = child }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
