// What the engine asks for, carried out: sockets by the network, steps and dumps by the kernel
// worker, which takes its time and may be outlived by nobody.

import Core
import Net

extension Edge {
    /// The kernel worker's orders, in their order.
    struct Worker {
        enum Order {
            case program([TicketedStep])
            case dump
        }

        var orders: [Order] = []
        var isBusy = false
        /// No answer overtakes another.
        var lastAnswer = Instant.zero
    }

    /// Carries out effects in their order.
    func perform() {
        while !effects.isEmpty {
            let batch = effects
            effects = []
            for effect in batch {
                if let left = effectsLeft {
                    if left == 0 {
                        kill()
                        return
                    }
                    effectsLeft = left - 1
                }
                perform(effect)
                guard isRunning else { return }
            }
        }
    }

    private func perform(_ effect: Effect) {
        let now = world.now
        switch effect {
        case .listen(let listener, let rules): listen(listener, rules.keys)
        case .stopListening(let listener): listeners[listener] = nil
        case .dial(let id, let dial): world.dial(id, dial, from: self)
        case .send(let id, let bytes): send(bytes, on: id)
        case .pull(let id): if live[id] != nil { pulls.insert(id) }
        case .close(let id):
            dialing.remove(id)
            live.removeValue(forKey: id)?.closed(by: .toSpeaker)
            pulls.remove(id)
        case .mark: order(.dump)
        case .program(let batch): order(.program(batch))
        case .dump: order(.dump)
        case .save(let name, let bytes): saved[name] = bytes
        case .reread:
            engine?.changed(everything, at: now, into: &effects)
        case .log(let level, let text, let fields):
            world.note(
                "\(name) \(level): \(text)"
                    + fields.map { " \($0.0)=\($0.1)" }.joined())
        case .tell, .ready: break
        case .stop:
            world.note("\(name): stops")
            hasStopped = true
            let open = live.values.sorted { $0.number < $1.number }
            live = [:]
            for connection in open { connection.closed(by: .toSpeaker) }
            die()
        }
    }

    private func listen(_ listener: Listener, _ keys: [ListenerKey]) {
        let device = listener.vrf.flatMap { kernel.link($0)?.index }
        listeners[listener] = nil
        guard listener.vrf == nil || device != nil else {
            engine?.listenFailed(
                listener, "No such device", at: world.now, into: &effects)
            return
        }
        let files = keys.map { ($0.peer, $0.file) }
        listeners[listener] = OpenListener(
            device: device, keys: Dictionary(files) { first, _ in first })
        engine?.listening(listener, at: world.now)
    }

    // The kernel worker

    func order(_ order: Worker.Order) {
        worker.orders.append(order)
        work()
    }

    private func work() {
        guard !worker.isBusy, !worker.orders.isEmpty else { return }
        worker.isBusy = true
        let process = process
        world.after(world.latency(50...4000)) { [unowned self] in
            guard self.process == process else { return }
            worker.isBusy = false
            let order = worker.orders.removeFirst()
            carryOut(order)
            work()
        }
    }

    private func carryOut(_ order: Worker.Order) {
        kernel.faultsPerMille = world.weather.refusedSteps
        if world.chance(world.weather.interruptedDumps) { kernel.interruptedDumps = 1 }
        switch order {
        case .program(let batch):
            let outcomes = batch.map { execute($0) }
            kernelChanged()
            answer { $0.finished(outcomes, at: $2, into: &$1) }
        case .dump:
            if let state = kernel.dump() {
                answer { $0.dumped(state, at: $2, into: &$1) }
            } else {
                answer { $0.dumpFailed("the dump was interrupted", at: $2, into: &$1) }
            }
        }
    }

    private func execute(_ ticketed: TicketedStep) -> StepOutcome {
        check(ticketed.step)
        steps.append((world.now, ticketed.step))
        var outcome = StepOutcome(ticket: ticketed.ticket, step: ticketed.step)
        for result in kernel.execute([(ticketed.ticket, ticketed.step)]) { outcome = result }
        world.trace(
            "\(name) step \(ticketed.step)\(outcome.error.map { " REFUSED \($0)" } ?? "")")
        checkRows(after: ticketed.step)
        return outcome
    }

    private func answer(
        _ body: @escaping (inout Engine, inout [Effect], Instant) -> Void
    ) {
        let process = process
        let time = max(world.now + world.latency(20...3000), worker.lastAnswer)
        worker.lastAnswer = time
        world.after(time - world.now) { [unowned self] in
            guard self.process == process else { return }
            tell { body(&$0, &$1, world.now) }
        }
    }

    /// The process is gone: of what was ordered some may have been done all the same.
    func abandonWork() {
        if case .program(let batch)? = worker.orders.first, world.random.chance(1, in: 2) {
            kernel.faultsPerMille = 0
            let count = Int.random(in: 0...batch.count, using: &world.random)
            for step in batch.prefix(count) { _ = execute(step) }
        }
        worker = Worker()
    }

    // What the kernel tells

    /// The kernel has something to tell, maybe.
    func kernelChanged() {
        guard isRunning, !isReadDue else { return }
        isReadDue = true
        let process = process
        world.after(world.latency(50...3000)) { [unowned self] in
            isReadDue = false
            guard self.process == process else { return kernelChanged() }
            if world.chance(world.weather.lostEvents) {
                kernel.loseEvents()
                world.note("\(name): events are lost")
            }
            let events = kernel.takeEvents()
            guard !events.isEmpty else { return }
            if world.isTracing { for event in events { world.note("\(name) event \(event)") } }
            tell { $0.observed(events, at: world.now, into: &$1) }
        }
    }
}
