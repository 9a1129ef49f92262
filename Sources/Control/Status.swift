// The answer of /v1/status: the edge as a whole. Numbers are numbers and times are seconds, so that
// the same value serves a screen, a script and a metric.

/// The edge as a whole.
public struct StatusReply: Hashable, Codable, Sendable {
    /// Which edge this is.
    public var edge: String
    /// The daemon's version.
    public var version: String
    /// Since the daemon started.
    public var uptimeSeconds: Int
    /// The BGP identifier.
    public var routerID: String
    /// Our autonomous system.
    public var asn: UInt32
    /// How often the configuration has changed since the start.
    public var generation: UInt64
    /// The daemon's own health, as `/healthz?level=daemon` says it.
    public var daemon: HealthReply
    /// Faults of the files, all of them, in the files' order.
    public var faults: [FileFault]
    /// Removals that wait for `circuitctl confirm`.
    public var heldRemovals: HeldRemovals?
    /// Sentences about settings of the host that are wrong.
    public var settingsWarnings: [String]
    /// Numbers of circuits, links, sessions and routes.
    public var counts: Counts
    /// The kernel's side.
    public var kernel: KernelStatus

    /// All of it.
    public init(
        edge: String, version: String, uptimeSeconds: Int, routerID: String, asn: UInt32,
        generation: UInt64, daemon: HealthReply, faults: [FileFault] = [],
        heldRemovals: HeldRemovals? = nil, settingsWarnings: [String] = [], counts: Counts,
        kernel: KernelStatus
    ) {
        self.edge = edge
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.routerID = routerID
        self.asn = asn
        self.generation = generation
        self.daemon = daemon
        self.faults = faults
        self.heldRemovals = heldRemovals
        self.settingsWarnings = settingsWarnings
        self.counts = counts
        self.kernel = kernel
    }

    /// Daemon and circuits in one word, as `/healthz` decides it: unhealthy when the daemon is or a
    /// circuit is down, degraded when anything else is wrong.
    public var overall: HealthReply.Status {
        if daemon.status == .unhealthy || counts.down > 0 { return .unhealthy }
        let hasFault = faults.contains { $0.severity == .fault }
        if daemon.status == .degraded || counts.degraded > 0 || hasFault || heldRemovals != nil {
            return .degraded
        }
        return settingsWarnings.isEmpty ? .ok : .degraded
    }
}

/// A fault of the operator's files at its place.
public struct FileFault: Hashable, Codable, Sendable, CustomStringConvertible {
    /// How much it matters.
    public enum Severity: String, Hashable, Codable, Sendable {
        /// The file is not applied.
        case fault
        /// The file is applied; somebody should look.
        case warning
    }

    /// Relative to the configuration directory.
    public var file: String
    /// Counted from 1; 0 when the fault is about the whole file.
    public var line: Int
    /// Counted from 1.
    public var column: Int
    /// One sentence.
    public var sentence: String
    /// How much it matters.
    public var severity: Severity

    /// A fault.
    public init(
        file: String, line: Int, column: Int, sentence: String, severity: Severity = .fault
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.sentence = sentence
        self.severity = severity
    }

    /// `FILE:LINE:COLUMN: sentence`.
    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return severity == .warning ? "\(place): warning: \(sentence)" : "\(place): \(sentence)"
    }
}

/// Removals that the guard holds back.
public struct HeldRemovals: Hashable, Codable, Sendable {
    /// Circuits whose files are gone and that run on.
    public var circuits: [String]
    /// Tenants whose files are gone.
    public var tenants: [String]
    /// Since when, in seconds.
    public var sinceSeconds: Int

    /// All of it.
    public init(circuits: [String], tenants: [String] = [], sinceSeconds: Int) {
        self.circuits = circuits
        self.tenants = tenants
        self.sinceSeconds = sinceSeconds
    }
}

/// Numbers for the first line of a screen.
public struct Counts: Hashable, Codable, Sendable {
    /// Circuits of this edge.
    public var circuits: Int
    /// Of these, healthy.
    public var healthy: Int
    /// Of these, degraded.
    public var degraded: Int
    /// Of these, down.
    public var down: Int
    /// Of these, pending.
    public var pending: Int
    /// Of these, in maintenance.
    public var maintenance: Int
    /// Tenants with a circuit here.
    public var tenants: Int
    /// Links of this edge.
    public var links: Int
    /// Of these, forwarding.
    public var linksForwarding: Int
    /// BGP sessions.
    public var sessions: Int
    /// Of these, established.
    public var sessionsEstablished: Int

    /// All of it.
    public init(
        circuits: Int = 0, healthy: Int = 0, degraded: Int = 0, down: Int = 0, pending: Int = 0,
        maintenance: Int = 0, tenants: Int = 0, links: Int = 0, linksForwarding: Int = 0,
        sessions: Int = 0, sessionsEstablished: Int = 0
    ) {
        self.circuits = circuits
        self.healthy = healthy
        self.degraded = degraded
        self.down = down
        self.pending = pending
        self.maintenance = maintenance
        self.tenants = tenants
        self.links = links
        self.linksForwarding = linksForwarding
        self.sessions = sessions
        self.sessionsEstablished = sessionsEstablished
    }
}

/// How far the kernel is what it should be.
public struct KernelStatus: Hashable, Codable, Sendable {
    /// Nothing is left to do: observed equals desired.
    public var settled: Bool
    /// Steps waiting or in flight.
    public var pendingSteps: Int
    /// Steps that the kernel refused and that are tried again.
    public var refusedSteps: Int
    /// The last refusal, as a sentence.
    public var lastRefusal: String?
    /// Routes that should be there.
    public var routesWanted: Int
    /// Routes that the kernel has acknowledged.
    public var routesInstalled: Int
    /// Routes from before the start that nobody has confirmed yet.
    public var routesStale: Int
    /// Foreign objects in our place, one sentence each; they are never touched.
    public var conflicts: [String]
    /// Since the last complete dump; nil before the first.
    public var resyncSeconds: Int?

    /// All of it.
    public init(
        settled: Bool, pendingSteps: Int = 0, refusedSteps: Int = 0, lastRefusal: String? = nil,
        routesWanted: Int = 0, routesInstalled: Int = 0, routesStale: Int = 0,
        conflicts: [String] = [], resyncSeconds: Int? = nil
    ) {
        self.settled = settled
        self.pendingSteps = pendingSteps
        self.refusedSteps = refusedSteps
        self.lastRefusal = lastRefusal
        self.routesWanted = routesWanted
        self.routesInstalled = routesInstalled
        self.routesStale = routesStale
        self.conflicts = conflicts
        self.resyncSeconds = resyncSeconds
    }
}
