// The kernel worker's side of rtnetlink: executes batches of steps, and blocks on the kernel as
// long as the kernel likes. It decides nothing: what is refused is reported with the kernel's own
// sentence, and every step gets exactly one outcome, also when the kernel falls silent.
import CBSD
import CLinux
import Glibc
public import Net

/// A blocking connection to the kernel, used by one thread at a time.
public final class KernelConnection: @unchecked Sendable {
    /// How our objects are marked.
    let marks: KernelMarks
    private let socket: NetlinkSocket
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    private var sequence: UInt32 = 1

    /// Seconds after which the kernel's silence counts as an answer.
    static let patience: Int32 = 30
    // More messages in one piece gain nothing, and hold the kernel's lock longer. A step has at
    // most two.
    private static let messagesPerSend = 256

    /// The port id that the kernel repeats in events caused by this connection.
    public var port: UInt32 { socket.port }

    /// Opens a connection in the calling thread's network namespace.
    public init(marks: KernelMarks) throws(KernelError) {
        self.marks = marks
        socket = try NetlinkSocket(
            groups: CLINUX_GROUPS_NONE, isNonblocking: false, bufferBytes: 4 << 20)
    }

    deinit { buffer.deallocate() }

    /// Executes the steps in their order and reports one outcome for each, in the same order.
    public func apply(_ batch: [(ticket: UInt64, step: Step)]) -> [StepOutcome] {
        var outcomes = batch.map { StepOutcome(ticket: $0.ticket, step: $0.step) }
        var next = 0
        while next < outcomes.count {
            var requests = NetlinkRequests(in: buffer, first: sequence)
            var owners: [Int] = []
            while next < outcomes.count, requests.count < KernelConnection.messagesPerSend - 1,
                requests.write(outcomes[next].step, marks: marks)
            {
                while owners.count < requests.count { owners.append(next) }
                next += 1
            }
            if owners.isEmpty {
                outcomes[next].error = KernelError(
                    code: EMSGSIZE, text: "the request is longer than a netlink message")
                next += 1
                continue
            }
            for (message, error) in exchange(requests).enumerated() {
                let step = owners[message]
                guard let error, outcomes[step].error == nil,
                    !outcomes[step].step.isFulfilled(by: error)
                else { continue }
                outcomes[step].error = replaced(error, of: outcomes[step].step)
            }
        }
        return outcomes
    }

    /// Sends requests and waits for the last one's answer. The error of each; what the kernel does
    /// not mention went well, unless its answers were lost.
    private func exchange(_ requests: NetlinkRequests) -> [KernelError?] {
        var errors = [KernelError?](repeating: nil, count: requests.count)
        sequence = requests.next
        do throws(KernelError) {
            try socket.send(requests.bytes)
            var isAnswered = false
            var isDamaged = false
            while !isAnswered {
                try socket.receive(within: KernelConnection.patience) { event in
                    if event.kind == CLINUX_MALFORMED { isDamaged = true }
                    guard event.kind == CLINUX_ANSWER,
                        let message = requests.position(of: event.sequence)
                    else { return }
                    errors[message] = KernelError(event)
                    isAnswered = isAnswered || message == requests.count - 1
                }
                if isDamaged {
                    throw KernelError(code: EBADMSG, text: "the kernel's answer cannot be read")
                }
            }
        } catch {
            // How the others ended is not known: whoever asked has to look.
            errors = errors.map { $0 ?? error }
        }
        return errors
    }

    /// Where the kernel has no dummy, a veth pair does as well: its peer is always up.
    private func replaced(_ error: KernelError, of step: Step) -> KernelError? {
        guard case .createPlaceholder(let name) = step, error.code == EOPNOTSUPP else {
            return error
        }
        let peer = KernelConnection.peer(of: name)
        return single {
            clinux_create_veth($0, name.description, peer.description, marks.linkGroup)
        } ?? single { clinux_raise_link($0, peer.description) }
    }

    private func single(_ request: (clinux_request) -> Int32) -> KernelError? {
        var requests = NetlinkRequests(in: buffer, first: sequence)
        guard requests.write(request) else { return KernelError(errno: EMSGSIZE) }
        return exchange(requests)[0]
    }

    /// The name of the other end of the placeholder's pair: a `p` more.
    static func peer(of name: InterfaceName) -> InterfaceName {
        var stem = name.description
        while stem.utf8.count > 14 { stem.removeLast() }
        for letter in ["p", "q"] {
            if let peer = InterfaceName(stem + letter), peer != name { return peer }
        }
        preconditionFailure("no name for the other end of \(name)")
    }
}
