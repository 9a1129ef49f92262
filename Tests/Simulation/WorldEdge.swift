// An edge: the host with its kernel, files and state directory, and the daemon's process on it,
// which may die at any moment. The process here does what the real shell does and nothing more.

public import Control
import Core
import Intent
public import Net

/// A host with a daemon.
public final class Edge {
    /// Its name.
    public let name: String
    /// Its kernel, which outlives the daemon.
    public var kernel: ModelKernel
    /// The configuration directory.
    public private(set) var files: [String: [UInt8]] = [:]
    /// Secrets of the key files.
    public private(set) var secrets: [String: Secret] = [:]
    /// The state directory.
    public internal(set) var saved: [String: [UInt8]] = [:]
    /// What is not the daemon's on this host.
    public var foreign = ForeignObjects()
    /// Steps that the kernel was asked for, with their time.
    public internal(set) var steps: [(time: Instant, step: Step)] = []
    /// Whether the daemon asked to end by itself.
    public internal(set) var hasStopped = false
    /// The boot, which a reboot changes.
    public var boot = 1

    /// Ports without a cable.
    var unplugged: Set<String> = []
    /// Counts what others made here.
    var serial = 0

    unowned let world: World
    var engine: Engine?
    /// Whether a process runs.
    public internal(set) var isRunning = false
    /// The number of the process; whatever belongs to an older one is void.
    var process = 0
    var effects: [Effect] = []
    /// The process dies after so many more effects.
    var effectsLeft: Int?
    var listeners: [Listener: OpenListener] = [:]
    var dialing: Set<ConnectionID> = []
    var live: [ConnectionID: NetworkConnection] = [:]
    var pulls: Set<ConnectionID> = []
    var isTurnDue = false
    var wakeAt: Instant?
    var turnsAtOnce = 0
    var lastTurn = Instant.zero
    var worker = Worker()
    var isReadDue = false
    var changedPaths: Set<String> = []
    var hasChangedKeys = false

    /// A key file.
    public struct Secret: Hashable, Sendable {
        /// What stands in it.
        public var text: String
        /// Whether others can read it.
        public var isTooOpen: Bool
        /// A key file.
        public init(_ text: String, isTooOpen: Bool = false) {
            self.text = text
            self.isTooOpen = isTooOpen
        }
    }

    /// A listening socket.
    struct OpenListener {
        /// The VRF device that it is bound to.
        var device: InterfaceIndex?
        /// Key files by peer.
        var keys: [IPAddress: String] = [:]
    }

    init(_ name: String, in world: World, seed: UInt64) {
        self.name = name
        self.world = world
        kernel = ModelKernel(seed: seed)
    }

    // The process

    /// Starts the daemon with what the state directory holds.
    public func start() {
        guard !isRunning else { return }
        process += 1
        isRunning = true
        hasStopped = false
        world.note("\(name): start \(process)")
        engine = Engine(
            options: EngineOptions(
                hostName: name, seed: world.seed &+ UInt64(process), bootID: "boot-\(boot)"),
            saved: saved)
        _ = kernel.takeEvents()
        kernel.faultsPerMille = 0
        changedPaths = []
        hasChangedKeys = false
        engine?.changed(everything, at: world.now, into: &effects)
        perform()
        guard isRunning else { return }
        order(.dump)
        scheduleTurn()
    }

    /// `kill -9`: outcomes are lost, the kernel goes on. Of a batch under way some steps are done.
    public func kill() {
        guard isRunning else { return }
        world.note("\(name): killed")
        die()
        for connection in live.values.sorted(by: { $0.number < $1.number }) {
            connection.edgeDied()
        }
        live = [:]
    }

    /// The process dies while it carries out its next effects.
    public func killSoon() {
        effectsLeft = Int.random(in: 0...3, using: &world.random)
    }

    /// SIGTERM.
    public func terminate() {
        engine?.terminate(at: world.now, into: &effects)
        perform()
    }

    func die() {
        engine = nil
        isRunning = false
        effects = []
        effectsLeft = nil
        listeners = [:]
        dialing = []
        pulls = []
        isTurnDue = false
        wakeAt = nil
        abandonWork()
        process += 1
    }

    /// Asks the control API.
    @discardableResult
    public func ask(_ request: Request) -> Reply? {
        guard isRunning else { return nil }
        let reply = engine?.asked(request, at: world.now, into: &effects)
        perform()
        scheduleTurn()
        return reply
    }

    // Turns of the loop

    /// Tells the engine something, carries out what follows, and has it settle.
    func tell(_ body: (inout Engine, inout [Effect]) -> Void) {
        guard isRunning else { return }
        tellFirst(body)
        perform()
        scheduleTurn()
    }

    /// Tells the engine something whose effects must wait for `perform`.
    func tellFirst(_ body: (inout Engine, inout [Effect]) -> Void) {
        guard var running = engine.take() else { return }
        body(&running, &effects)
        engine = consume running
    }

    func scheduleTurn(after delay: Duration = .zero) {
        guard isRunning, !isTurnDue else { return }
        isTurnDue = true
        let process = process
        world.after(delay) { [unowned self] in
            guard self.process == process else { return }
            isTurnDue = false
            turn()
        }
    }

    private func turn() {
        let now = world.now
        turnsAtOnce = lastTurn + .milliseconds(10) > now ? turnsAtOnce + 1 : 0
        lastTurn = now
        if turnsAtOnce > 3000 {
            world.violate("\(name): the loop spins")
            return
        }
        engine?.tick(at: now, into: &effects)
        perform()
        engine?.settle(at: now, into: &effects)
        perform()
        pull()
        guard isRunning else { return }
        if engine?.hasWork ?? false || !pulls.isEmpty {
            scheduleTurn(after: .microseconds(100))
        } else {
            scheduleWake()
        }
    }

    private func scheduleWake() {
        guard let next = engine?.nextDeadline ?? nil else { return }
        if let wakeAt, wakeAt <= next, wakeAt > world.now { return }
        // A deadline that stays due makes the real loop spin: here it turns without pause.
        let at = max(next, world.now + .microseconds(1))
        wakeAt = at
        let process = process
        world.after(at - world.now) { [unowned self] in
            guard self.process == process, wakeAt == at else { return }
            wakeAt = nil
            scheduleTurn()
        }
    }

    private func pull() {
        for id in pulls.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let connection = live[id] else {
                pulls.remove(id)
                continue
            }
            // A full socket: what waits for the wire must leave first.
            guard connection.toSpeaker.bytes.count < 65536 else { continue }
            var bytes: [UInt8] = []
            let limit = Int.random(in: 1...8192, using: &world.random)
            let more =
                engine?.produce(id, into: &bytes, limit: limit, at: world.now) ?? false
            if !more { pulls.remove(id) }
            if !bytes.isEmpty { send(bytes, on: id) }
        }
        pulls = pulls.filter { (live[$0]?.toSpeaker.bytes.count ?? .max) < 65536 }
    }

    func send(_ bytes: [UInt8], on id: ConnectionID) {
        guard let connection = live[id] else { return }
        connection.send(bytes, .toSpeaker)
        engine?.wrote(id, at: world.now)
    }

    // Files

    /// Writes, or removes, a file of the configuration directory. The daemon hears of it soon.
    public func write(_ path: String, _ text: String?) {
        let bytes = text.map { Array($0.utf8) }
        guard files[path] != bytes else { return }
        files[path] = bytes
        changedPaths.insert(path)
        scheduleReread()
    }

    /// Writes, or removes, a key file.
    public func writeKey(_ path: String, _ secret: Secret?) {
        guard secrets[path] != secret else { return }
        secrets[path] = secret
        hasChangedKeys = true
        scheduleReread()
    }

    private func scheduleReread() {
        guard isRunning else { return }
        let process = process
        world.after(world.latency(10_000...200_000)) { [unowned self] in
            guard self.process == process, !changedPaths.isEmpty || hasChangedKeys else { return }
            var delta = DirectoryDelta(keys: hasChangedKeys ? keyFiles : nil)
            for path in changedPaths {
                delta.files[path] = files[path].map { .bytes($0) } ?? .gone
            }
            changedPaths = []
            hasChangedKeys = false
            tell { $0.changed(delta, at: world.now, into: &$1) }
        }
    }

    var everything: DirectoryDelta {
        DirectoryDelta(
            files: files.mapValues { .bytes($0) }, keys: keyFiles, isComplete: true)
    }

    private var keyFiles: [String: KeyFile] {
        secrets.mapValues { secret in
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in secret.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return KeyFile(digest: hash, isTooOpen: secret.isTooOpen)
        }
    }
}
