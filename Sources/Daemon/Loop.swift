// The loop: one thread, one epoll, one engine. It brings events in, carries effects out in their
// order, and decides nothing. Work per wake-up is bounded everywhere: a read of one buffer for each
// connection, a batch of kernel events, one pull.

import Control
import Core
import Host
import Intent
import Net

/// The daemon at work.
final class Loop {
    static let readLimit = 256 << 10
    static let pullLimit = 128 << 10
    static let eventLimit = 256
    /// How long the events of one turn may take before timers are looked at.
    static let patience = Duration.milliseconds(100)
    /// RFC 5082 between neighbours: nothing that any router has forwarded.
    static let directHops: UInt8 = 1

    let log: Log
    let options: Options
    let service: ServiceManager
    let poller: Poller
    let mailbox: Mailbox<LoopMessage>
    let signals: Signals
    let source: CircuitSource
    let pulse: Pulse
    var worker: KernelWorker?
    var monitor: KernelMonitor?
    var engine: Engine
    var effects: [Effect] = []
    var isStopped = false
    /// Stopped for want of something that it cannot work without.
    var hasFailed = false

    let buffer = ReadBuffer(capacity: Loop.readLimit)
    var connections = SlotTable<Connection>()
    var tokens: [ConnectionID: Token] = [:]
    var listeners: [Listener: (token: Token, socket: TCPListener)] = [:]
    var listenerTokens = SlotTable<Listener>()
    /// Listeners that are not asked until then.
    var paused: [Listener: Instant] = [:]
    var pulls: Set<ConnectionID> = []
    var followers: [(stream: HTTPEventStream, circuit: String?)] = []
    var kernelEvents: [KernelEvent] = []
    var nextWatchdog: Instant?
    var publishedHealth: UInt64?

    init(
        options: Options, log: Log, service: ServiceManager, mailbox: Mailbox<LoopMessage>,
        signals: Signals, source: CircuitSource, pulse: Pulse, engine: consuming Engine
    ) throws(SystemError) {
        self.options = options
        self.log = log
        self.service = service
        self.mailbox = mailbox
        self.signals = signals
        self.source = source
        self.pulse = pulse
        self.engine = engine
        poller = try Poller()
        try poller.add(mailbox.descriptor, Token(kind: TokenKind.mailbox, slot: 0), .read)
        try poller.add(signals.descriptor, Token(kind: TokenKind.signals, slot: 0), .read)
        try poller.add(source.watch.descriptor, Token(kind: TokenKind.directory, slot: 0), .read)
    }

    /// Reads the files, looks at the kernel, and runs until told to stop.
    func run() throws(SystemError) {
        pulse.beat(at: Clock.now())
        engine.changed(source.everything(), at: Clock.now(), into: &effects)
        source.reread(at: Clock.now() + source.auditInterval)
        openKernel()
        var events: [Poller.Event] = []
        var next = 0
        while !isStopped {
            if next == events.count {
                try poller.wait(until: wakeUp(), into: &events)
                next = 0
            }
            let now = Clock.now()
            pulse.beat(at: now)
            // A crowd that floods us is served over several turns, so that timers run in between.
            while next < events.count {
                handle(events[next], at: now)
                next += 1
                if Clock.now() >= now + Loop.patience { break }
            }
            engine.tick(at: now, into: &effects)
            if let delta = source.take(at: now) {
                engine.changed(delta, at: now, into: &effects)
            }
            perform(at: now)
            engine.settle(at: now, into: &effects)
            perform(at: now)
            pull(at: now)
            closeLate(at: now)
            resumeListeners(at: now)
            publish(at: now)
        }
    }

    func wakeUp() -> Instant? {
        let now = Clock.now()
        if engine.hasWork || !pulls.isEmpty || !effects.isEmpty { return now }
        // At least once a second, so that the pulse says that the loop lives.
        var next = earlier(engine.nextDeadline, now + .seconds(1))
        next = earlier(next, source.nextDeadline)
        next = earlier(next, nextWatchdog)
        next = earlier(next, paused.values.min())
        return next
    }

    // Kernel

    func openKernel() {
        do throws(KernelError) {
            let connection = try KernelConnection(marks: engine.kernelMarks)
            let monitor = try KernelMonitor(marks: engine.kernelMarks, worker: connection.port)
            do throws(SystemError) {
                worker?.end()
                worker = try KernelWorker(connection: connection, loop: mailbox)
                if let old = self.monitor { poller.remove(old.fd) }
                try poller.add(monitor.fd, Token(kind: TokenKind.monitor, slot: 0), .read)
            } catch {
                log.error("cannot start the kernel worker", ["error": error.description])
                isStopped = true
                hasFailed = true
            }
            self.monitor = monitor
            // The monitor listens before the first dump begins, so that nothing falls between.
            worker?.dump()
        } catch {
            log.error(
                "cannot speak to the kernel (CAP_NET_ADMIN is needed)",
                ["error": error.description])
            isStopped = true
            hasFailed = true
        }
    }

    // Events

    func handle(_ event: Poller.Event, at now: Instant) {
        switch event.token.kind {
        case TokenKind.mailbox:
            for message in mailbox.drain() { receive(message, at: now) }
        case TokenKind.signals:
            for signal in signals.drain() { receive(signal, at: now) }
        case TokenKind.directory:
            source.heard(at: now)
        case TokenKind.monitor:
            kernelEvents.removeAll(keepingCapacity: true)
            _ = monitor?.read(into: &kernelEvents, limit: Loop.eventLimit)
            if !kernelEvents.isEmpty { engine.observed(kernelEvents, at: now, into: &effects) }
        case TokenKind.stream:
            if let connection = connections[event.token] {
                serve(connection, event, at: now)
            }
        case TokenKind.listener:
            if let listener = listenerTokens[event.token] { accept(on: listener, at: now) }
        default:
            break
        }
        perform(at: now)
    }

    func receive(_ message: LoopMessage, at now: Instant) {
        switch message {
        case .finished(let outcomes): engine.finished(outcomes, at: now, into: &effects)
        case .dumped(let state): engine.dumped(state, at: now, into: &effects)
        case .dumpFailed(let text): engine.dumpFailed(text, at: now, into: &effects)
        case .asked(let asked): answer(asked, at: now)
        }
    }

    func receive(_ signal: Signal, at now: Instant) {
        switch signal {
        case .terminate, .interrupt:
            service.stopping(status: "stopping; the kernel goes on forwarding")
            engine.terminate(at: now, into: &effects)
        case .hangup:
            service.reloading(at: now)
            source.reread(at: now)
            if let delta = source.take(at: now) {
                engine.changed(delta, at: now, into: &effects)
            }
            service.ready(status: "running")
        case .user1:
            log.level = log.level == .debug ? options.level : .debug
            log.notice("log level changed", ["level": "\(log.level)"])
        }
    }

    func answer(_ asked: APIRequest, at now: Instant) {
        if asked.follows {
            guard let stream = asked.responder.respondStreaming() else { return }
            var circuit: String?
            if case .events(let only) = asked.request { circuit = only }
            for event in engine.recentEvents where circuit == nil || event.circuit == circuit {
                stream.push(JSON.encode(event))
            }
            followers.append((stream, circuit))
            return
        }
        let reply = engine.asked(asked.request, at: now, into: &effects)
        if case .reload = asked.request {
            // Answered when the files have been read: what follows sees them.
            perform(at: now)
            if let delta = source.take(at: now) {
                engine.changed(delta, at: now, into: &effects)
            }
        }
        asked.responder.respond(
            status: reply.status, contentType: reply.contentType, reply.body)
    }

    // Effects

    func perform(at now: Instant) {
        var position = 0
        while position < effects.count {
            let effect = effects[position]
            position += 1
            perform(effect, at: now)
        }
        effects.removeAll(keepingCapacity: true)
    }

    func perform(_ effect: Effect, at now: Instant) {
        switch effect {
        case .listen(let listener, let rules): listen(listener, rules, at: now)
        case .stopListening(let listener): stopListening(listener)
        case .dial(let id, let dial): connect(id, dial, at: now)
        case .send(let id, let bytes):
            guard let connection = connection(id) else { return }
            do throws(SystemError) {
                if try connection.stream.write(bytes) {
                    engine.wrote(id, at: now)
                } else {
                    setInterest(connection, [.read, .write])
                }
            } catch {
                forget(connection)
                engine.closed(id, at: now, into: &effects)
            }
        case .pull(let id):
            guard let connection = connection(id) else { return }
            connection.wantsPull = true
            pulls.insert(id)
        case .close(let id):
            guard let connection = connection(id) else { return }
            if connection.stream.pendingBytes == 0 || connection.stream.isConnecting {
                forget(connection)
            } else {
                connection.closeAt = now + .seconds(2)
            }
        case .mark: openKernel()
        case .program(let steps): worker?.program(steps)
        case .dump: worker?.dump()
        case .save(let name, let bytes): save(name, bytes)
        case .reread: source.reread(at: now)
        case .log(let level, let text, let fields): write(level, text, fields)
        case .tell(let event): tell(event)
        case .ready: service.ready(status: "running")
        case .stop: stop()
        }
    }

    func save(_ name: String, _ bytes: [UInt8]) {
        do throws(SystemError) {
            try AtomicFile.write("\(options.state)/\(name)", bytes)
        } catch {
            log.error("cannot write the state directory", ["error": error.description])
        }
    }

    func write(_ level: LogLevel, _ text: String, _ fields: [(String, String)]) {
        guard let level = Log.Level(rawValue: Int(level.rawValue)) else { return }
        log.write(level, text, fields)
    }

    func tell(_ event: Event) {
        guard !followers.isEmpty else { return }
        let line = JSON.encode(event)
        followers.removeAll { follower in
            if let circuit = follower.circuit, circuit != event.circuit {
                return !follower.stream.isOpen
            }
            return !follower.stream.push(line)
        }
    }

    func publish(at now: Instant) {
        if let interval = service.watchdogInterval {
            if nextWatchdog.map({ $0 <= now }) ?? true {
                service.watchdog()
                nextWatchdog = now + interval / 3
            }
        }
        let revision = engine.healthRevision
        guard publishedHealth != revision else { return }
        publishedHealth = revision
        guard case .health(let all) = engine.asked(.health(.all), at: now, into: &effects),
            case .health(let daemon) = engine.asked(.health(.daemon), at: now, into: &effects)
        else { return }
        pulse.publish(all: all, daemon: daemon)
        service.status(statusLine(all))
    }

    func statusLine(_ health: HealthReply) -> String {
        health.reasons.first.map { "\(health.status.rawValue): \($0)" } ?? health.status.rawValue
    }

    func stop() {
        isStopped = true
        for connection in connections.all where connection.stream.pendingBytes > 0 {
            do throws(SystemError) { _ = try connection.stream.flush() } catch {}
        }
        for connection in connections.all { forget(connection) }
        for follower in followers { follower.stream.finish() }
        worker?.end()
    }
}
