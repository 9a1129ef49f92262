// Start order: signals before the first thread, one daemon for each run directory, state and files
// before the kernel, the API before all of it works, so that it can say so.

import Control
import Core
import Host
import Net

/// Runs the daemon with a command line, without the program's name; returns the exit code.
public func runDaemon(_ arguments: [String]) -> Int32 {
    if arguments == ["--version"] {
        print("circuitd \(circuitdVersion)")
        return 0
    }
    if arguments.contains("--help") || arguments.contains("-h") {
        print(Options.usage)
        return 0
    }
    let options: Options
    switch Options.parse(arguments) {
    case .success(let parsed): options = parsed
    case .failure(let error):
        complain("circuitd: \(error.sentence)\n\(Options.usage)")
        return 2
    }
    Signals.block()
    let log = Log(level: options.level)
    do throws(SystemError) {
        return try run(options, log)
    } catch {
        log.error("cannot run", ["error": error.description])
        return 1
    }
}

private func run(_ options: Options, _ log: Log) throws(SystemError) -> Int32 {
    let signals = try Signals()
    // Refused in some sandboxes; the service's own limit is high enough.
    DescriptorLimit.raise()
    for directory in [options.run, options.state] { try makeDirectory(directory) }
    let pidFile = try PIDFile(path: "\(options.run)/circuitd.pid")
    defer { pidFile.remove() }
    let service = ServiceManager()
    let mailbox = try Mailbox<LoopMessage>()
    let pulse = Pulse()

    var saved: [String: [UInt8]] = [:]
    for name in Engine.savedNames {
        do throws(SystemError) {
            saved[name] = try AtomicFile.read("\(options.state)/\(name)")
        } catch {
            log.error("cannot read the state directory", ["error": error.description])
        }
    }
    let seed = Environment.randomSeed()
    let source = try CircuitSource(directory: options.config, seed: seed)
    let engine = Engine(
        options: EngineOptions(
            hostName: Environment.hostName, seed: seed,
            wallClockOrigin: Clock.wallClockOrigin(), bootID: Environment.bootID,
            restartHold: options.restartHold),
        saved: saved)

    pulse.beat(at: Clock.now())
    let api = API(
        pulse: pulse,
        permission: Permission(
            ownUID: Credentials.effectiveUser,
            readGroup: Credentials.group(named: readGroupName),
            adminGroup: Credentials.group(named: adminGroupName)),
        loop: mailbox)
    let server = try HTTPServer(
        sockets: [
            HTTPServer.Socket(
                name: API.controlSocket, path: "\(options.run)/control.sock", mode: 0o660,
                group: Credentials.group(named: readGroupName)),
            HTTPServer.Socket(
                name: API.healthSocket, path: "\(options.run)/health.sock", mode: 0o666,
                userLimit: 16),
        ], handler: { api.handle($0, $1) })
    defer { server.stop() }
    log.notice(
        "starting",
        [
            "version": circuitdVersion, "config": options.config, "state": options.state,
            "run": options.run,
        ])
    let loop = try Loop(
        options: options, log: log, service: service, mailbox: mailbox, signals: signals,
        source: source, pulse: pulse, engine: engine)
    try loop.run()
    log.notice("ended")
    return loop.hasFailed ? 1 : 0
}
