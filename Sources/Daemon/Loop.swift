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
    private static let readLimit = 256 << 10
    private static let pullLimit = 128 << 10
    private static let eventLimit = 256

    let log: Log
    private let options: Options
    private let service: ServiceManager
    private let poller: Poller
    private let mailbox: Mailbox<LoopMessage>
    private let signals: Signals
    private let source: CircuitSource
    private let pulse: Pulse
    private var worker: KernelWorker?
    private var monitor: KernelMonitor?
    private var engine: Engine
    private var effects: [Effect] = []
    private var isStopped = false

    private let buffer = ReadBuffer(capacity: Loop.readLimit)
    private var connections = SlotTable<Connection>()
    private var tokens: [ConnectionID: Token] = [:]
    private var listeners: [Listener: (token: Token, socket: TCPListener)] = [:]
    private var listenerTokens = SlotTable<Listener>()
    private var pulls: Set<ConnectionID> = []
    private var followers: [(stream: HTTPEventStream, circuit: String?)] = []
    private var kernelEvents: [KernelEvent] = []
    private var nextWatchdog: Instant?
    private var publishedHealth: UInt64?

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
        source.reread(at: Clock.now() + CircuitSource.auditInterval)
        openKernel()
        var events: [Poller.Event] = []
        while !isStopped {
            try poller.wait(until: wakeUp(), into: &events)
            let now = Clock.now()
            pulse.beat(at: now)
            for event in events { handle(event, at: now) }
            engine.tick(at: now, into: &effects)
            if let delta = source.take(at: now) {
                engine.changed(delta, at: now, into: &effects)
            }
            perform(at: now)
            engine.settle(at: now, into: &effects)
            perform(at: now)
            pull(at: now)
            closeLate(at: now)
            publish(at: now)
        }
    }

    private func wakeUp() -> Instant? {
        let now = Clock.now()
        if engine.hasWork || !pulls.isEmpty || !effects.isEmpty { return now }
        // At least once a second, so that the pulse says that the loop lives.
        var next = earlier(engine.nextDeadline, now + .seconds(1))
        next = earlier(next, source.nextDeadline)
        next = earlier(next, nextWatchdog)
        return next
    }

    // Kernel

    private func openKernel() {
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
            }
            self.monitor = monitor
            // The monitor listens before the first dump begins, so that nothing falls between.
            worker?.dump()
        } catch {
            log.error(
                "cannot speak to the kernel (CAP_NET_ADMIN is needed)",
                ["error": error.description])
            isStopped = true
        }
    }

    // Events

    private func handle(_ event: Poller.Event, at now: Instant) {
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

    private func receive(_ message: LoopMessage, at now: Instant) {
        switch message {
        case .finished(let outcomes): engine.finished(outcomes, at: now, into: &effects)
        case .dumped(let state): engine.dumped(state, at: now, into: &effects)
        case .dumpFailed(let text): engine.dumpFailed(text, at: now, into: &effects)
        case .asked(let asked): answer(asked, at: now)
        }
    }

    private func receive(_ signal: Signal, at now: Instant) {
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

    private func answer(_ asked: APIRequest, at now: Instant) {
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
            source.reread(at: now)
            if let delta = source.take(at: now) {
                engine.changed(delta, at: now, into: &effects)
            }
        }
        asked.responder.respond(
            status: reply.status, contentType: reply.contentType, reply.body)
    }

    // Connections

    private func serve(_ connection: Connection, _ event: Poller.Event, at now: Instant) {
        if connection.stream.isConnecting {
            do throws(SystemError) {
                guard try connection.stream.finishConnect() else { return }
            } catch {
                forget(connection)
                engine.dialFailed(connection.id, error.reason, at: now, into: &effects)
                return
            }
            setInterest(connection, .read)
            engine.dialed(connection.id, at: now, into: &effects)
            return
        }
        if event.isWritable { flush(connection, at: now) }
        guard event.isReadable || event.isBroken else { return }
        let kept = connection.rest.count
        connection.rest.withUnsafeBytes { rest in
            if let base = rest.baseAddress {
                buffer.bytes.baseAddress?.copyMemory(from: base, byteCount: rest.count)
            }
        }
        let outcome = connection.stream.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[kept...]))
        switch outcome {
        case .wouldBlock:
            return
        case .closed, .failed:
            forget(connection)
            engine.closed(connection.id, at: now, into: &effects)
        case .bytes(let count):
            guard connection.closeAt == nil else { return }
            let total = kept + count
            let used = buffer.withBytes(total) {
                engine.received($0, on: connection.id, at: now, into: &effects)
            }
            connection.rest = Array(buffer.bytes[min(used, total)..<total])
        }
    }

    private func flush(_ connection: Connection, at now: Instant) {
        do throws(SystemError) {
            if try connection.stream.flush() {
                setInterest(connection, .read)
                engine.wrote(connection.id, at: now)
                if connection.closeAt != nil { forget(connection) }
                if connection.wantsPull { pulls.insert(connection.id) }
            } else {
                setInterest(connection, [.read, .write])
            }
        } catch {
            let wasClosing = connection.closeAt != nil
            forget(connection)
            if !wasClosing { engine.closed(connection.id, at: now, into: &effects) }
        }
    }

    private func setInterest(_ connection: Connection, _ interest: Poller.Interest) {
        guard connection.interest != interest, let token = tokens[connection.id] else { return }
        connection.interest = interest
        do throws(SystemError) {
            try poller.modify(connection.stream.descriptor, token, interest)
        } catch {
            log.error("epoll", ["error": error.description])
        }
    }

    private func add(_ connection: Connection, _ interest: Poller.Interest) {
        connection.interest = interest
        let token = connections.insert(connection, kind: TokenKind.stream)
        tokens[connection.id] = token
        do throws(SystemError) {
            try poller.add(connection.stream.descriptor, token, interest)
        } catch {
            log.error("epoll", ["error": error.description])
        }
    }

    private func forget(_ connection: Connection) {
        guard let token = tokens.removeValue(forKey: connection.id) else { return }
        poller.remove(connection.stream.descriptor)
        connection.stream.close()
        connections.remove(token)
        pulls.remove(connection.id)
    }

    private func accept(on listener: Listener, at now: Instant) {
        for _ in 0..<16 {
            guard let socket = listeners[listener]?.socket else { return }
            do throws(SystemError) {
                guard let stream = try socket.accept() else { return }
                guard let local = stream.local,
                    let id = engine.accepted(
                        on: listener, local: local.address, remote: stream.remote.address, at: now,
                        into: &effects)
                else {
                    stream.close(reset: true)
                    continue
                }
                add(Connection(id, stream), .read)
                perform(at: now)
            } catch {
                log.warning("cannot accept a connection", ["error": error.description])
                return
            }
        }
    }

    // Effects

    private func perform(at now: Instant) {
        var position = 0
        while position < effects.count {
            let effect = effects[position]
            position += 1
            perform(effect, at: now)
        }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: Effect, at now: Instant) {
        switch effect {
        case .listen(let listener, let keys): listen(listener, keys, at: now)
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

    private func connection(_ id: ConnectionID) -> Connection? {
        tokens[id].flatMap { connections[$0] }
    }

    private func connect(_ id: ConnectionID, _ dial: Dial, at now: Instant) {
        var options = SocketOptions(device: dial.device, local: dial.local)
        if let file = dial.passwordFile {
            guard let secret = source.secret(file) else {
                engine.dialFailed(
                    id, "the password file \(file) is missing or readable by others", at: now,
                    into: &effects)
                return
            }
            options.keys = [SigningKey(peer: dial.remote, bytes: secret)]
        }
        if dial.hasTTLSecurity { options.ttlSecurity = 1 }
        do throws(SystemError) {
            let stream = try TCPConnector.connect(
                to: dial.remote, port: dial.port, options: options)
            add(Connection(id, stream), .write)
            if !stream.isConnecting {
                if let connection = connection(id) { setInterest(connection, .read) }
                engine.dialed(id, at: now, into: &effects)
            }
        } catch {
            engine.dialFailed(id, error.reason, at: now, into: &effects)
        }
    }

    private func listen(_ listener: Listener, _ keys: [ListenerKey], at now: Instant) {
        var wanted: [SigningKey] = []
        for key in keys {
            guard let secret = source.secret(key.file) else { continue }
            wanted.append(SigningKey(peer: key.peer, bytes: secret))
        }
        // Keys of a socket that is open cannot be compared with what is wanted: it is made anew.
        stopListening(listener)
        do throws(SystemError) {
            var options = SocketOptions(device: listener.vrf)
            options.keys = wanted
            let socket = try TCPListener(
                family: listener.family, port: listener.port, options: options)
            let token = listenerTokens.insert(listener, kind: TokenKind.listener)
            try poller.add(socket.descriptor, token, .read)
            listeners[listener] = (token, socket)
            engine.listening(listener, at: now)
        } catch {
            engine.listenFailed(listener, error.reason, at: now, into: &effects)
        }
    }

    private func stopListening(_ listener: Listener) {
        guard let (token, socket) = listeners.removeValue(forKey: listener) else { return }
        poller.remove(socket.descriptor)
        listenerTokens.remove(token)
    }

    private func pull(at now: Instant) {
        for id in pulls {
            guard let connection = connection(id), connection.wantsPull,
                connection.stream.pendingBytes == 0
            else {
                pulls.remove(id)
                continue
            }
            var bytes: [UInt8] = []
            let more = engine.produce(id, into: &bytes, limit: Loop.pullLimit, at: now)
            connection.wantsPull = more
            if !more { pulls.remove(id) }
            if !bytes.isEmpty { perform(.send(id, bytes), at: now) }
        }
        perform(at: now)
    }

    private func closeLate(at now: Instant) {
        for connection in connections.all {
            if let due = connection.closeAt, due <= now { forget(connection) }
        }
    }

    private func save(_ name: String, _ bytes: [UInt8]) {
        do throws(SystemError) {
            try AtomicFile.write("\(options.state)/\(name)", bytes)
        } catch {
            log.error("cannot write the state directory", ["error": error.description])
        }
    }

    private func write(_ level: LogLevel, _ text: String, _ fields: [(String, String)]) {
        guard let level = Log.Level(rawValue: Int(level.rawValue)) else { return }
        log.write(level, text, fields)
    }

    private func tell(_ event: Event) {
        guard !followers.isEmpty else { return }
        let line = JSON.encode(event)
        followers.removeAll { follower in
            if let circuit = follower.circuit, circuit != event.circuit {
                return !follower.stream.isOpen
            }
            return !follower.stream.push(line)
        }
    }

    private func publish(at now: Instant) {
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

    private func statusLine(_ health: HealthReply) -> String {
        health.reasons.first.map { "\(health.status.rawValue): \($0)" } ?? health.status.rawValue
    }

    private func stop() {
        isStopped = true
        for connection in connections.all where connection.stream.pendingBytes > 0 {
            do throws(SystemError) { _ = try connection.stream.flush() } catch {}
        }
        for connection in connections.all { forget(connection) }
        for follower in followers { follower.stream.finish() }
        worker?.end()
    }
}
