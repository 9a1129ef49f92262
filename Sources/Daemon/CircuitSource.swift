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
    /// What could not be looked at is tried again after this long.
    static let retryInterval = Duration.seconds(5)

    let watch: DirectoryWatch
    private let reader: DirectoryReader
    private let seed: UInt64
    private var names: Set<String> = []
    private var needsAll = false
    private var firstWord: Instant?
    private var due: Instant?
    private var nextAudit: Instant?
    private var secrets: [String: DirectoryContents.Key] = [:]
    private var isPartial = false

    init(
        directory: String, seed: UInt64,
        credentials: String? = Environment.variables["CREDENTIALS_DIRECTORY"]
    ) throws(SystemError) {
        watch = try DirectoryWatch(root: directory)
        reader = DirectoryReader(root: directory, credentials: credentials)
        self.seed = seed
    }

    /// How long after a whole reading the next one is due.
    var auditInterval: Duration {
        isPartial ? CircuitSource.retryInterval : CircuitSource.auditInterval
    }

    /// The next time to call `take`.
    var nextDeadline: Instant? { earlier(due, nextAudit) }

    /// The secret that stands in a key file; nil when nothing can be signed with it.
    func secret(_ file: String) -> [UInt8]? {
        guard let key = secrets[file], !key.isTooOpen, key.fault == nil else { return nil }
        return key.secret
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
            let delta = everything()
            nextAudit = now + auditInterval
            return delta
        }
        let contents = reader.read(names)
        var delta = DirectoryDelta()
        let keys = names.filter { $0.hasPrefix("keys/") }
        if !keys.isEmpty {
            take(contents, keys: keys)
            delta.keys = keyFiles
        }
        for name in names.subtracting(keys) {
            if let bytes = contents.files[name] {
                delta.files[name] = .bytes(bytes)
            } else if let reason = contents.refused[name] {
                delta.files[name] = .unreadable(reason)
            } else {
                delta.files[name] = .gone
            }
        }
        return delta
    }

    /// The whole directory.
    func everything() -> DirectoryDelta {
        let contents = reader.read()
        take(contents, keys: Set(secrets.keys).union(contents.keys.keys))
        var delta = DirectoryDelta(keys: keyFiles, isComplete: true)
        for (name, bytes) in contents.files { delta.files[name] = .bytes(bytes) }
        for (name, reason) in contents.refused where name != "keys" && !name.hasPrefix("keys/") {
            delta.files[name] = .unreadable(reason)
        }
        // A directory that could not be listed says nothing about what is in it; a name in it that
        // is none of ours does not matter.
        for name in [".", "tenants", "circuits"] where contents.refused[name] != nil {
            delta.files[name] = nil
            delta.isComplete = false
        }
        if let reason = contents.refused["."], delta.files["circuitd.yaml"] == nil {
            delta.files["circuitd.yaml"] = .unreadable(reason)
        }
        isPartial = !delta.isComplete || contents.refused["keys"] != nil
        return delta
    }

    /// Takes keys in. Only a file that is absent where all keys were looked for takes its key away:
    /// a directory on its way to another, or a file that is refused, leaves what is known.
    private func take(_ contents: DirectoryContents, keys: Set<String>) {
        for name in keys {
            if let key = contents.keys[name] {
                // Without all places, what is found may be the second place's.
                if contents.hasAllKeys || secrets[name] == nil { secrets[name] = key }
            } else if contents.hasAllKeys, contents.refused[name] == nil {
                secrets[name] = nil
            }
        }
    }

    private var keyFiles: [String: KeyFile] {
        secrets.mapValues { key in
            var hash = seed ^ 0xCBF2_9CE4_8422_2325
            let secret = key.secret
            for byte in secret { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return KeyFile(password: secret, digest: hash, isTooOpen: key.isTooOpen)
        }
    }
}
