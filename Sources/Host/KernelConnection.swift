// The kernel worker's side of rtnetlink: executes batches of steps and dumps, and blocks on the
// kernel as long as the kernel likes. It decides nothing: what is refused is reported.
public import Net

/// A blocking connection to the kernel, used by one thread at a time.
public final class KernelConnection: @unchecked Sendable {
    /// The port id that the kernel repeats in events caused by this connection.
    public let port: UInt32

    /// Opens a connection in the calling thread's network namespace.
    public init(marks: KernelMarks) throws(KernelError) {
        throw KernelError(code: 38, text: "not built")
    }

    /// Executes the steps in their order and reports one outcome for each.
    public func apply(_ batch: [(ticket: UInt64, step: Step)]) -> [StepOutcome] { [] }

    /// Everything of the kernel that matters to us, complete or not at all.
    public func dump() throws(KernelError) -> KernelState { KernelState() }
}
