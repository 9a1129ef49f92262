// Everything at once, without a socket, a root or a clock: edges (an engine on a model kernel with
// its files), far speakers and the wires between them. One seed decides every latency, every order
// and every fault, so that a world can be lived through again.
//
// WorldQueue holds time, WorldEdge* an edge's process and kernel, Speaker the far side, Network
// the connections between, WorldPlan* what the files say, WorldFaults what goes wrong, and
// WorldInvariants what must hold nevertheless.

public import Net

/// A world in which nothing happens but what its queue says.
public final class World {
    /// What its randomness follows from.
    public let seed: UInt64
    /// The time.
    public internal(set) var now = Instant.zero
    /// Chances of this world.
    public var random: SeededGenerator
    /// The edges.
    public private(set) var edges: [Edge] = []
    /// The far ends, in the order of their making.
    public internal(set) var speakers: [Speaker] = []
    /// What was found wrong on the way; each once.
    public private(set) var violations: [String] = []
    /// The last lines of what happened, for whoever reads a failure.
    public private(set) var lines: [String] = []
    /// Whether every step and message gets a line.
    public var isTracing = false
    /// Steps refused, events lost, latencies: how rough the world is at the moment.
    public var weather = Weather()

    /// What the operator wishes now.
    public internal(set) var plan = WorldPlan()
    /// What the operator ever wished.
    var plans: [WorldPlan] = []
    /// Faults may still happen.
    var isDisturbed = false
    var lastTag: UInt16 = 1000

    var queue = WorldQueue()
    var lastConnection: UInt64 = 0
    var tagOwners: [ASN: Speaker] = [:]

    /// What the world does to those who live in it, in thousandths.
    public struct Weather: Sendable {
        /// Steps that the kernel refuses.
        public var refusedSteps = 0
        /// Reads of kernel events that overflow.
        public var lostEvents = 0
        /// Dumps that are interrupted.
        public var interruptedDumps = 0
        /// Fair weather.
        public init() {}
    }

    /// An empty world.
    public init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scheduleSecond()
    }

    /// Adds an edge with its ports; nothing runs on it yet.
    public func addEdge(_ name: String) -> Edge {
        let edge = Edge(name, in: self, seed: random.next())
        edges.append(edge)
        return edge
    }

    /// The edge of that name.
    public func edge(_ name: String) -> Edge? { edges.first { $0.name == name } }

    /// The speaker of that name.
    public func speaker(_ name: String) -> Speaker? { speakers.first { $0.name == name } }

    /// Lets time pass.
    public func run(for duration: Duration) {
        let end = now + duration
        while let next = queue.next, next <= end {
            guard let (time, action) = queue.take() else { break }
            now = max(now, time)
            action()
        }
        now = end
    }

    /// Lets time pass until something is true; false when it did not come true in time.
    public func run(upTo limit: Duration, until isDone: () -> Bool) -> Bool {
        let end = now + limit
        while !isDone() {
            guard let next = queue.next, next <= end, let (time, action) = queue.take() else {
                now = end
                return isDone()
            }
            now = max(now, time)
            action()
        }
        return true
    }

    /// Has something happen later.
    public func after(_ delay: Duration, _ action: @escaping () -> Void) {
        queue.add(now + delay, action)
    }

    /// A latency between two bounds, in microseconds.
    func latency(_ microseconds: ClosedRange<Int>) -> Duration {
        .microseconds(Int.random(in: microseconds, using: &random))
    }

    func chance(_ count: Int) -> Bool { count > 0 && random.chance(count, in: 1000) }

    /// Notes a violation, each text once.
    func violate(_ text: String) {
        guard violations.count < 50, !violations.contains(text) else { return }
        violations.append(text)
        note("VIOLATION \(text)")
    }

    /// Notes a line.
    public func note(_ text: @autoclosure () -> String) {
        lines.append("\(stamp) \(text())")
        if lines.count > 4000 { lines.removeFirst(2000) }
    }

    /// Notes a line of which there are many.
    func trace(_ text: @autoclosure () -> String) {
        if isTracing { note(text()) }
    }

    private var stamp: String {
        let milliseconds = now.nanoseconds / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }

    private func scheduleSecond() {
        after(.seconds(1)) { [unowned self] in
            for edge in edges {
                edge.kernel.passSecond()
                edge.kernelChanged()
            }
            scheduleSecond()
        }
    }
}
