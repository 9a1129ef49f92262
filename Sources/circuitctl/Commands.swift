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
    guard let name = call.operands.first else {
        guard call.options["policy"] == nil else {
            throw Failure(.usage, "--policy goes with a circuit's NAME")
        }
        return try showCircuits(call)
    }
    if call.options["policy"] != nil {
        _ = try call.show(.policy(name), as: PolicyReply.self) { $1.policy($0) }
        return .fine
    }
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
    if let text = call.options["why"] { return try explain(text, call) }
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
    switch (call.operands.first, call.options["tenant"]) {
    case (let name?, nil):
        do throws(Failure) {
            return try pages(query, call, namesCircuits: false) { .circuitRoutes(name, $0) }
        } catch {
            guard error.code == .refused, query.view == .accepted, query.link == nil else {
                throw error
            }
            // No circuit of that name: a tenant, perhaps. Else the first answer knows best.
            do throws(Failure) {
                return try pages(query, call, namesCircuits: true) { .tenantRoutes(name, $0) }
            } catch let second {
                throw second.code == .refused ? error : second
            }
        }
    case (nil, let tenant?):
        guard query.view == .accepted else {
            throw Failure(.usage, "--view goes with a circuit, not with --tenant")
        }
        return try pages(query, call, namesCircuits: true) { .tenantRoutes(tenant, $0) }
    default:
        throw Failure(.usage, "routes needs a circuit's NAME or --tenant NAME")
    }
}

private func pages(
    _ query: Request.RouteQuery, _ call: Call, namesCircuits: Bool,
    _ request: (Request.RouteQuery) -> Request
) throws(Failure) -> ExitCode {
    var query = query
    let layout = RoutesLayout(
        namesCircuits: namesCircuits, isLong: call.options["long"] != nil)
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

/// Explains a prefix.
private func explain(_ text: String, _ call: Call) throws(Failure) -> ExitCode {
    guard let prefix = Prefix(orAddress: text) else {
        throw Failure(.usage, "\(text) is not a prefix such as 10.0.0.0/8, and no address")
    }
    for name in ["view", "link", "family", "prefix", "long"] where call.options[name] != nil {
        throw Failure(.usage, "--why explains one prefix; it takes no --\(name)")
    }
    func show(_ scope: Request.WhyScope) throws(Failure) -> ExitCode {
        _ = try call.show(.why(scope, prefix), as: WhyReply.self) { $1.why($0) }
        return .fine
    }
    switch (call.operands.first, call.options["tenant"]) {
    case (nil, nil): return try show(.all)
    case (nil, let tenant?): return try show(.tenant(tenant))
    case (_?, _?): throw Failure(.usage, "a NAME and --tenant exclude each other")
    case (let name?, nil):
        do throws(Failure) {
            return try show(.circuit(name))
        } catch {
            guard error.code == .refused else { throw error }
            // No circuit of that name: a tenant, perhaps. Else the first answer knows best.
            do throws(Failure) { return try show(.tenant(name)) } catch { throw refusal(error) }
            func refusal(_ second: Failure) -> Failure {
                second.code == .refused ? error : second
            }
        }
    }
}

/// The circuit and the link that the operands name: `CIRCUIT LINK`, `CIRCUIT PEERING/LINK`, or all
/// in one word.
private func place(
    _ call: Call
) throws(Failure) -> (circuit: String, peering: String?, role: String?) {
    let word = call.operands.joined(separator: "/")
    let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
        throw Failure(
            .usage,
            "\(call.operands.joined(separator: " ")) is not CIRCUIT LINK or CIRCUIT PEERING/LINK")
    }
    return (
        parts[0], parts.count == 3 ? parts[1] : nil,
        parts.count > 1 ? parts[parts.count - 1] : nil
    )
}

func change(_ action: Request.LinkAction, _ call: Call) throws(Failure) -> ExitCode {
    let (circuit, peering, role) = try place(call)
    guard let role else { throw Failure(.usage, "\(action.rawValue) needs a LINK of \(circuit)") }
    let link = Request.LinkName(circuit: circuit, peering: peering, role: role)
    return try act(.link(link, action), call)
}

func clear(_ call: Call) throws(Failure) -> ExitCode {
    let (circuit, peering, role) = try place(call)
    var clear = Request.Clear(circuit: circuit, peering: peering, role: role)
    if let text = call.options["peer"] {
        guard let peer = IPAddress(text) else {
            throw Failure(.usage, "--peer is an address, not \(text)")
        }
        clear.peer = peer
    }
    switch call.options["soft"] {
    case nil: break
    case "in": clear.kind = .softIn
    case "out": clear.kind = .softOut
    case let text?: throw Failure(.usage, "--soft is in or out, not \(text)")
    }
    if let reason = call.options["reason"] {
        guard clear.kind == .hard else {
            throw Failure(.usage, "a soft clear ends no session, so no peer hears a reason")
        }
        if let fault = Request.Clear.fault(inReason: reason) { throw Failure(.usage, fault) }
        clear.reason = reason
    }
    return try act(.clear(clear), call)
}

private func act(_ request: Request, _ call: Call) throws(Failure) -> ExitCode {
    _ = try call.show(request, as: ActionReply.self) { $1.line(Styled($0.done)) }
    return .fine
}
