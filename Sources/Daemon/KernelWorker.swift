// The second thread: carries steps to the kernel and outcomes back. It may wait for the kernel's
// rtnl lock as long as it likes; the loop never does.

import Core
import Host
import Net

/// What the loop hears from other threads.
enum LoopMessage: Sendable {
    case finished([StepOutcome])
    case dumped(KernelState)
    case dumpFailed(String)
    case asked(APIRequest)
}

/// The kernel worker's mailbox and thread.
final class KernelWorker: Sendable {
    private enum Order: Sendable {
        case program([TicketedStep])
        case dump
        case end
    }

    private let orders: Mailbox<Order>
    let port: UInt32

    /// Starts the thread.
    init(
        connection: KernelConnection, loop: Mailbox<LoopMessage>
    ) throws(SystemError) {
        let orders = try Mailbox<Order>()
        self.orders = orders
        port = connection.port
        try Thread.start(name: "kernel") {
            while true {
                for order in orders.wait() {
                    switch order {
                    case .program(let steps):
                        loop.post(
                            .finished(connection.apply(steps.map { ($0.ticket, $0.step) })))
                    case .dump:
                        do throws(KernelError) {
                            loop.post(.dumped(try connection.dump()))
                        } catch {
                            loop.post(.dumpFailed(error.description))
                        }
                    case .end:
                        return
                    }
                }
            }
        }
    }

    func program(_ steps: [TicketedStep]) { orders.post(.program(steps)) }
    func dump() { orders.post(.dump) }
    func end() { orders.post(.end) }
}
