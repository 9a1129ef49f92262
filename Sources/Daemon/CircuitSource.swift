// The operator's directory, from the kernel's notifications to the engine's deltas. Keeps the
// secrets, which the engine never sees: it knows their hashes.

import Host
import Intent
import Net

/// Reads what inotify names, after a moment of quiet.
final class CircuitSource {
    /// Editors and copies come in bursts: read when nothing was heard for this long.
    static let quiet = Duration.milliseconds(100)
    /// And no later than this after the first word.
    static let patience = Duration.seconds(1)
    /// What notifications may have missed is found by reading everything again.
    static let auditInterval = Duration.seconds(60)

    let watch: DirectoryWatch
    private let reader: DirectoryReader
    private let seed: UInt64
    private var names: Set<String> = []
    private var needsAll = false
    private var firstWord: Instant?
    private var due: Instant?
    private var nextAudit: Instant?
    private var secrets: [String: DirectoryContents.Key] = [:]

    init(directory: String, seed: UInt64) throws(SystemError) {
        watch = try DirectoryWatch(root: directory)
        reader = DirectoryReader(root: directory)
        self.seed = seed
    }

    /// The next time to call `take`.
    var nextDeadline: Instant? { earlier(due, nextAudit) }

    /// The secret that stands in a key file, without its newline; nil when it is not usable.
    func secret(_ file: String) -> [UInt8]? {
        guard let key = secrets[file], !key.isTooOpen else { return nil }
        let bytes = key.bytes.drop { $0 == 0x20 }
        let end = bytes.lastIndex { $0 != 0x0A && $0 != 0x0D }
        return end.map { Array(bytes[...$0]) }
    }

    /// Something moved in the directory.
    func heard(at now: Instant) {
        note(watch.drain(), at: now)
    }

    /// Everything must be read again, at once.
    func reread(at now: Instant) {
        needsAll = true
        due = now
    }

    private func note(_ changes: DirectoryWatch.Changes, at now: Instant) {
        guard !changes.isEmpty else { return }
        names.formUnion(changes.names)
        needsAll = needsAll || changes.needsRescan
        let first = firstWord ?? now
        firstWord = first
        due = min(now + CircuitSource.quiet, first + CircuitSource.patience)
    }

    /// What changed, when it is time to say so.
    func take(at now: Instant) -> DirectoryDelta? {
        if let audit = nextAudit, audit <= now {
            note(watch.verify(), at: now)
            reread(at: now)
        }
        guard let due, due <= now else { return nil }
        self.due = nil
        firstWord = nil
        defer {
            names = []
            needsAll = false
        }
        if needsAll {
            nextAudit = now + CircuitSource.auditInterval
            return everything()
        }
        let contents = reader.read(names)
        var delta = DirectoryDelta()
        var hasKeys = false
        for name in names {
            if name.hasPrefix("keys/") {
                hasKeys = true
                secrets[name] = contents.keys[name]
            } else if let bytes = contents.files[name] {
                delta.files[name] = .bytes(bytes)
            } else if let reason = contents.refused[name] {
                delta.files[name] = .unreadable(reason)
            } else {
                delta.files[name] = .gone
            }
        }
        if hasKeys { delta.keys = keyFiles }
        return delta
    }

    /// The whole directory.
    func everything() -> DirectoryDelta {
        let contents = reader.read()
        if contents.isMissing {
            secrets = [:]
            return .missingDirectory
        }
        secrets = contents.keys
        var delta = DirectoryDelta(keys: keyFiles, isComplete: true)
        for (name, bytes) in contents.files { delta.files[name] = .bytes(bytes) }
        for (name, reason) in contents.refused {
            delta.files[name] = .unreadable(reason)
            // A directory that could not be listed says nothing about what is in it.
            if !name.contains(".yaml") { delta.isComplete = false }
        }
        return delta
    }

    private var keyFiles: [String: KeyFile] {
        secrets.mapValues { key in
            var hash = seed ^ 0xCBF2_9CE4_8422_2325
            for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return KeyFile(digest: hash, isTooOpen: key.isTooOpen)
        }
    }
}
