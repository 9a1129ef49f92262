// The loop's sockets: connections, listeners, and the routes that are pulled when there is room.

import Core
import Host
import Net

extension Loop {
    // Connections

    func serve(_ connection: Connection, _ event: Poller.Event, at now: Instant) {
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

    func flush(_ connection: Connection, at now: Instant) {
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

    func setInterest(_ connection: Connection, _ interest: Poller.Interest) {
        guard connection.interest != interest, let token = tokens[connection.id] else { return }
        connection.interest = interest
        do throws(SystemError) {
            try poller.modify(connection.stream.descriptor, token, interest)
        } catch {
            log.error("epoll", ["error": error.description])
        }
    }

    func add(_ connection: Connection, _ interest: Poller.Interest) {
        connection.interest = interest
        let token = connections.insert(connection, kind: TokenKind.stream)
        tokens[connection.id] = token
        do throws(SystemError) {
            try poller.add(connection.stream.descriptor, token, interest)
        } catch {
            log.error("epoll", ["error": error.description])
        }
    }

    func forget(_ connection: Connection) {
        guard let token = tokens.removeValue(forKey: connection.id) else { return }
        poller.remove(connection.stream.descriptor)
        connection.stream.close()
        connections.remove(token)
        pulls.remove(connection.id)
    }

    func accept(on listener: Listener, at now: Instant) {
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
                if let rules = engine.rules(of: id) {
                    do throws(SystemError) {
                        if rules.hasTTLSecurity { try stream.setTTLSecurity(Loop.directHops) }
                        if let time = rules.userTimeout { try stream.setUserTimeout(time) }
                    } catch {
                        log.error("cannot secure a connection", ["error": error.description])
                        stream.close(reset: true)
                        engine.closed(id, at: now, into: &effects)
                        continue
                    }
                }
                add(Connection(id, stream), .read)
                perform(at: now)
            } catch {
                log.limited(
                    "accept", .warning, "cannot accept a connection",
                    ["error": error.description], at: now)
                pause(listener, until: now + .seconds(1))
                return
            }
        }
    }

    /// Stops asking a socket whose connections cannot be taken now: it would be readable for ever.
    func pause(_ listener: Listener, until end: Instant) {
        guard let (token, socket) = listeners[listener] else { return }
        do throws(SystemError) {
            try poller.modify(socket.descriptor, token, [])
            paused[listener] = end
        } catch {
            log.error("epoll", ["error": error.description])
        }
    }

    /// Asks again where a pause is over.
    func resumeListeners(at now: Instant) {
        for (listener, end) in paused where end <= now {
            paused[listener] = nil
            guard let (token, socket) = listeners[listener] else { continue }
            do throws(SystemError) {
                try poller.modify(socket.descriptor, token, .read)
            } catch {
                log.error("epoll", ["error": error.description])
            }
        }
    }

    func connection(_ id: ConnectionID) -> Connection? {
        tokens[id].flatMap { connections[$0] }
    }

    func connect(_ id: ConnectionID, _ dial: Dial, at now: Instant) {
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
        if dial.rules.hasTTLSecurity { options.ttlSecurity = Loop.directHops }
        options.userTimeout = dial.rules.userTimeout
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

    func listen(_ listener: Listener, _ rules: ListenerRules, at now: Instant) {
        var wanted: [SigningKey] = []
        for key in rules.keys {
            wanted.append(SigningKey(peer: key.peer, bytes: signature(for: key)))
        }
        // Keys of a socket that is open cannot be compared with what is wanted: it is made anew.
        stopListening(listener)
        do throws(SystemError) {
            var options = SocketOptions(device: listener.vrf)
            options.keys = wanted
            // The answer to a peer that takes nothing below it, before it is known who dials.
            options.ttl = 255
            let socket = try TCPListener(
                family: listener.family, port: listener.port, options: options)
            try socket.setTTLSecurity(peers: rules.neighbours, hops: Loop.directHops)
            let token = listenerTokens.insert(listener, kind: TokenKind.listener)
            try poller.add(socket.descriptor, token, .read)
            listeners[listener] = (token, socket)
            engine.listening(listener, at: now)
        } catch {
            engine.listenFailed(listener, error.reason, at: now, into: &effects)
        }
    }

    /// The secret of a peer. One that has none that is fit must not be left without a key, which
    /// would take its segments unsigned, nor cost the others their socket: it is given a key that
    /// nobody knows.
    private func signature(for key: ListenerKey) -> [UInt8] {
        if let secret = source.secret(key.file) { return secret }
        log.error(
            "no usable password: a peer cannot dial us",
            ["peer": key.peer.description, "file": key.file])
        return (0..<SigningKey.maximumLength).map { _ in UInt8.random(in: 0...255) }
    }

    func stopListening(_ listener: Listener) {
        guard let (token, socket) = listeners.removeValue(forKey: listener) else { return }
        paused[listener] = nil
        poller.remove(socket.descriptor)
        listenerTokens.remove(token)
    }

    func pull(at now: Instant) {
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

    func closeLate(at now: Instant) {
        for connection in connections.all {
            if let due = connection.closeAt, due <= now { forget(connection) }
        }
    }
}
