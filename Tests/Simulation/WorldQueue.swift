// What is going to happen, by time and, at the same time, in the order of asking.

import Net

/// A heap of events.
struct WorldQueue {
    private struct Entry {
        var time: Instant
        var number: UInt64
        var action: () -> Void

        func isBefore(_ other: Entry) -> Bool {
            (time, number) < (other.time, other.number)
        }
    }

    private var heap: [Entry] = []
    private var last: UInt64 = 0

    /// When the next event is.
    var next: Instant? { heap.first?.time }

    mutating func add(_ time: Instant, _ action: @escaping () -> Void) {
        last += 1
        heap.append(Entry(time: time, number: last, action: action))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func take() -> (Instant, () -> Void)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            if least == parent { return (first.time, first.action) }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
