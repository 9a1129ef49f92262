// What the commands do: ask, draw, and say how it ended.

import Control
import Net

func showStatus(_ call: Call) throws(Failure) -> ExitCode {
    let (status, bytes) = try call.ask(.status, as: StatusReply.self)
    if call.isJSON {
        call.output.write(prettyJSON(bytes))
    } else {
        let circuits = try call.ask(.circuits, as: CircuitsReply.self).value.circuits
        var screen = Screen(width: call.output.width)
        screen.status(status, circuits, height: call.output.height)
        call.output.show(screen)
    }
    return status.overall == .unhealthy ? .refused : .fine
}

func showCircuits(_ call: Call) throws(Failure) -> ExitCode {
    _ = try call.show(.circuits, as: CircuitsReply.self) { $1.circuits($0) }
    return .fine
}

func showCircuit(_ call: Call) throws(Failure) -> ExitCode {
    guard let name = call.operands.first else { return try showCircuits(call) }
    let reply = try call.show(.circuit(name), as: CircuitReply.self) { $1.circuit($0) }
    return reply.summary.health == .down ? .refused : .fine
}

func showHealth(_ call: Call) throws(Failure) -> ExitCode {
    let scope: Request.HealthScope =
        if let name = call.operands.first {
            .circuit(name)
        } else if call.options["daemon"] != nil {
            .daemon
        } else {
            .all
        }
    let reply = try call.show(.health(scope), as: HealthReply.self) { $1.health($0) }
    return reply.status == .unhealthy ? .refused : .fine
}

func showRoutes(_ call: Call) throws(Failure) -> ExitCode {
    var query = Request.RouteQuery()
    if let text = call.options["view"] {
        let known = RouteView.allCases.filter { $0.rawValue.hasPrefix(text) }
        guard known.count == 1, let view = known.first else {
            throw Failure(.usage, "--view is received, accepted or advertised, not \(text)")
        }
        query.view = view
    }
    if let text = call.options["family"] {
        guard let family = Family.allCases.first(where: { $0.description == text }) else {
            throw Failure(.usage, "--family is ipv4 or ipv6, not \(text)")
        }
        query.family = family
    }
    if let text = call.options["prefix"] {
        guard let prefix = Prefix(text) else {
            throw Failure(.usage, "\(text) is not a prefix such as 10.0.0.0/8")
        }
        query.prefix = prefix
    }
    query.link = call.options["link"]
    let request: (Request.RouteQuery) -> Request
    switch (call.operands.first, call.options["tenant"]) {
    case (let circuit?, nil):
        request = { .circuitRoutes(circuit, $0) }
    case (nil, let tenant?):
        guard query.view == .accepted else {
            throw Failure(.usage, "--view goes with a circuit, not with --tenant")
        }
        request = { .tenantRoutes(tenant, $0) }
    default:
        throw Failure(.usage, "routes needs a CIRCUIT or --tenant NAME")
    }
    let layout = RoutesLayout(
        namesCircuits: call.operands.isEmpty, isLong: call.options["long"] != nil)
    var isFirst = true
    repeat {
        let page = try call.show(request(query), as: RoutesReply.self) {
            $1.routes($0, layout, isFirst: isFirst)
        }
        isFirst = false
        // A page that does not move on would be asked for ever.
        query.after = page.next == query.after ? nil : page.next
    } while query.after != nil
    return .fine
}

func showPlan(_ call: Call) throws(Failure) -> ExitCode {
    _ = try call.show(.plan, as: PlanReply.self) { $1.plan($0) }
    return .fine
}

func followEvents(_ call: Call) throws(Failure) -> ExitCode {
    let answer = try call.client.follow(.events(circuit: call.operands.first)) { line in
        guard !call.isJSON, let event = JSON.decode(Event.self, from: line) else {
            call.output.write(printable(String(decoding: line, as: UTF8.self)) + "\n")
            return
        }
        var screen = Screen(width: call.output.width)
        screen.event(event)
        call.output.show(screen)
    }
    guard answer.status == 200 else { throw call.refusal(answer) }
    throw Failure(.unreachable, "circuitd has ended the stream of events")
}

func confirm(_ call: Call) throws(Failure) -> ExitCode {
    _ = try call.show(.confirm, as: ConfirmReply.self) { $1.confirmed($0) }
    return .fine
}

func reload(_ call: Call) throws(Failure) -> ExitCode { try act(.reload, call) }

func shutdown(_ call: Call) throws(Failure) -> ExitCode {
    if call.options["yes"] == nil {
        let status = try call.ask(.status, as: StatusReply.self).value
        call.output.warn(
            printable(
                "This stops \(counted(status.counts.circuits, "circuit")) of "
                    + "\(counted(status.counts.tenants, "tenant")) on \(status.edge): their "
                    + "sessions end, and all that circuitd made here is removed.")
                + "\nType yes to go on: ")
        guard let answer = call.output.readLine() else {
            throw Failure(.usage, "nobody is here to ask; say shutdown --yes")
        }
        guard answer == "yes" else { throw Failure(.refused, "nothing was done") }
    }
    return try act(.shutdown, call)
}

func change(_ action: Request.LinkAction, _ call: Call) throws(Failure) -> ExitCode {
    let word = call.operands.first ?? ""
    let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
        throw Failure(.usage, "\(word) is not CIRCUIT/LINK or CIRCUIT/PEERING/LINK")
    }
    let link = Request.LinkName(
        circuit: parts[0], peering: parts.count == 3 ? parts[1] : nil,
        role: parts[parts.count - 1])
    return try act(.link(link, action), call)
}

private func act(_ request: Request, _ call: Call) throws(Failure) -> ExitCode {
    _ = try call.show(request, as: ActionReply.self) { $1.line(Styled($0.done)) }
    return .fine
}
