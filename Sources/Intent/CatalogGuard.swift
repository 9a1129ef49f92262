// When does an absent file remove what it described? Two seconds later, unless so much goes that a
// failed copy is likelier than a wish: then everything absent is held until it returns or the
// operator confirms. A hold never lapses by itself, not even when most of the files have returned,
// since a copy that is being repaired looks exactly like that.

import Net

/// The delay of removals, and the guard over them. Circuits and tenants are named by path.
struct RemovalGuard: Sendable {
    /// How long a file must be absent.
    static let delay = Duration.seconds(2)
    /// How long a removal counts.
    static let window = Duration.seconds(30)

    struct Absence: Hashable, Sendable {
        var since: Instant
        var isHeld: Bool
    }

    /// Applied files that are not there any more.
    private(set) var absent: [String: Absence] = [:]
    /// Circuits that were removed within the window, by the time when their file went.
    private(set) var removed: [String: Instant] = [:]
    /// The circuits as they were when nothing had gone for a whole window.
    private(set) var settled: Set<String> = []

    /// Something has gone since `settled` was true.
    private var isFrozen = false

    /// Paths held back.
    var held: Set<String> { Set(absent.lazy.filter(\.value.isHeld).map(\.key)) }

    /// When to look again.
    var nextDeadline: Instant? {
        let due = absent.values.lazy.filter { !$0.isHeld }.map { $0.since + Self.delay }.min()
        return earlier(due, removed.values.min().map { $0 + Self.window })
    }

    /// Picks up where the last run stopped. What it held stays held; what it had just removed
    /// counts for one more window.
    mutating func restore(
        held: Set<String>, removed: Set<String>, applied: some Sequence<String>,
        at now: Instant
    ) {
        for path in held { absent[path] = Absence(since: now, isHeld: true) }
        for path in removed { self.removed[path] = now }
        settled = Set(applied).union(removed)
        isFrozen = !held.isEmpty || !removed.isEmpty
    }

    /// A circuit is applied.
    mutating func applied(_ path: String) {
        removed[path] = nil
        if !isFrozen { settled.insert(path) }
    }

    /// An applied file is not there any more.
    mutating func left(_ path: String, at now: Instant) {
        guard absent[path] == nil else { return }
        absent[path] = Absence(since: now, isHeld: false)
        isFrozen = true
    }

    /// A file is there.
    mutating func returned(_ path: String) { absent[path] = nil }

    /// Removals older than the window no longer count; when nothing is left to count, what is
    /// applied is the settled set. Says whether any removal was forgotten.
    mutating func expire(at now: Instant, applied: some Sequence<String>) -> Bool {
        guard isFrozen else { return false }
        let before = removed.count
        removed = removed.filter { $0.value + Self.window > now }
        if absent.isEmpty, removed.isEmpty { settle(applied) }
        return removed.count < before
    }

    /// Holds everything absent when too much goes. `going` are the applied circuits that would
    /// go with the absent files, tenants' circuits among them. Says whether it newly holds any.
    mutating func judge(
        going: Set<String>, applied: Set<String>, isDirectoryEmpty: Bool
    ) -> Bool {
        guard absent.values.contains(where: { !$0.isHeld }) else { return false }
        var gone = going
        gone.formUnion(removed.keys)
        // Late in a slow wipe the first removals have left the window: what remains decides.
        let noneRemains = { (circuits: Set<String>) in
            circuits.allSatisfy { gone.contains($0) || !applied.contains($0) }
        }
        let all =
            !going.isEmpty
            && (noneRemains(applied) || !settled.isEmpty && noneRemains(settled))
        let many = !going.isEmpty && gone.count >= 4 && gone.count * 4 >= settled.count
        guard all || many || isDirectoryEmpty else { return false }
        for path in absent.keys { absent[path]?.isHeld = true }
        return true
    }

    /// Absent files whose time has come; they are absent no more, and count as removed.
    mutating func takeDue(at now: Instant) -> [(path: String, since: Instant)] {
        let due = absent.filter { !$0.value.isHeld && $0.value.since + Self.delay <= now }
        for path in due.keys { absent[path] = nil }
        return due.map { ($0.key, $0.value.since) }.sorted { $0.path < $1.path }
    }

    /// A circuit was removed by rule, its file gone since then.
    mutating func wasRemoved(_ path: String, since: Instant) {
        removed[path] = since
        isFrozen = true
    }

    /// The operator has confirmed: what was held goes now, and what remains is the new settled set.
    mutating func takeHeld() -> [String] {
        let paths = held.sorted()
        for path in paths { absent[path] = nil }
        return paths
    }

    /// Starts counting anew from these circuits.
    mutating func settle(_ applied: some Sequence<String>) {
        removed = [:]
        settled = Set(applied)
        isFrozen = !absent.isEmpty
    }
}
