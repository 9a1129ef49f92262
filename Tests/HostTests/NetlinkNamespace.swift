// A network namespace of a test's own: the calling thread enters a fresh one, runs the test in it
// without a suspension point, and comes back. The namespace goes with its last descriptor.
import CLinux
import Glibc
import Host
import Net
import Testing

/// Why a test cannot run here, said as a failure.
struct Unprepared: Error, CustomStringConvertible {
    var description: String
}

/// Runs `body` in an empty network namespace with loopback up.
func inNamespace(_ body: (KernelBench) throws -> Void) throws {
    let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    let result = home < 0 ? -errno : clinux_new_network_namespace()
    guard result == 0 else {
        throw Unprepared(
            description: "these tests need root, to make network namespaces: "
                + String(cString: strerror(-result)))
    }
    defer {
        let result = clinux_enter_network_namespace(home)
        precondition(result == 0, "the thread cannot go back to its network namespace")
        close(home)
    }
    try execute("ip link set lo up")
    try body(KernelBench())
}

/// Runs a command in the calling thread's namespace and returns what it printed.
@discardableResult
func execute(_ command: String) throws -> String {
    guard let pipe = popen(command + " 2>&1", "r") else {
        throw Unprepared(description: "cannot start \(command)")
    }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    let text = String(decoding: output, as: UTF8.self)
    let status = pclose(pipe)
    guard status == 0 else { throw Unprepared(description: "\(command): \(text) (\(status))") }
    return text
}

/// A connection in a test's namespace, with short ways to say the usual.
struct KernelBench {
    var marks = KernelMarks()
    var kernel: KernelConnection

    init() throws { kernel = try KernelConnection(marks: marks) }

    /// The refusal of one step, nil for done.
    func apply(_ step: Step) throws -> KernelError? {
        let outcomes = kernel.apply([(ticket: 1, step: step)])
        try #require(outcomes.count == 1)
        return outcomes[0].error
    }

    /// Applies steps that must all succeed.
    func build(_ steps: Step...) throws {
        let outcomes = kernel.apply(steps.enumerated().map { (UInt64($0.offset), $0.element) })
        for outcome in outcomes {
            if let error = outcome.error {
                throw Unprepared(description: "\(outcome.step): \(error)")
            }
        }
    }

    /// A device by its name.
    func link(_ name: String) throws -> ObservedLink {
        let found = try kernel.dump().links.first { $0.name.description == name }
        return try #require(found, "no device \(name)")
    }

    /// `NAME0`, up with `address`, and its other end `NAME1`, up.
    func makePair(_ name: String, _ address: String) throws -> InterfaceIndex {
        try execute("ip link add \(name)0 type veth peer name \(name)1")
        try execute("ip link set \(name)1 up && ip link set \(name)0 up")
        try execute("ip address add \(address) dev \(name)0 nodad")
        return try link("\(name)0").index
    }

    /// A route of ours in table 100.
    func route(_ prefix: String, _ target: Route.Target) throws -> Route {
        Route(try key(prefix), target)
    }

    /// The key of a route of ours in table 100.
    func key(_ prefix: String) throws -> RouteKey {
        RouteKey(table: TableID(100), prefix: try #require(Prefix(prefix)), metric: marks.metric)
    }
}

/// An address of either family, from a literal.
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// An address with its length, from a literal.
func pair(_ text: String) throws -> InterfaceAddress { try #require(InterfaceAddress(text)) }

/// A device name, from a literal.
func name(_ text: String) throws -> InterfaceName { try #require(InterfaceName(text)) }

/// Polls until `condition` holds, for at most ten seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<1_000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}
