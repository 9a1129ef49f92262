// Health, plan, confirm, actions and events.

import Control

extension Screen {
    /// The answer of `/healthz`.
    mutating func health(_ reply: HealthReply) {
        line(reply.status.styled)
        for reason in reply.reasons { line(mark(.warning) + Styled(reason), indent: 2, hanging: 2) }
    }

    /// What is still to do.
    mutating func plan(_ reply: PlanReply) {
        guard !reply.changes.isEmpty || !reply.steps.isEmpty else {
            line("nothing to do: the kernel is as the files say")
            return
        }
        if !reply.changes.isEmpty {
            var table = Table([("CIRCUIT", .left), ("IMPACT", .left), ("CHANGE", .left)])
            for change in reply.changes {
                let style: Style =
                    switch change.impact {
                    case .none, .soft: .plain
                    case .session: .warning
                    case .interface: .bad
                    }
                table.row([
                    Styled(change.circuit, .bold), Styled(change.impact.rawValue, style),
                    Styled(change.sentence),
                ])
            }
            append(table)
        }
        guard !reply.steps.isEmpty else { return }
        gap()
        line(Styled(counted(reply.steps.count + reply.moreSteps, "step") + " towards the kernel:"))
        for step in reply.steps { line(Styled(step), indent: 2, hanging: 2) }
        if reply.moreSteps > 0 { line("and \(grouped(reply.moreSteps)) more", indent: 2) }
    }

    /// What `confirm` let go.
    mutating func confirmed(_ reply: ConfirmReply) {
        guard !reply.circuits.isEmpty || !reply.tenants.isEmpty else {
            line("nothing was held back")
            return
        }
        for (noun, names) in [("circuit", reply.circuits), ("tenant", reply.tenants)]
        where !names.isEmpty {
            line(
                Styled("removing \(counted(names.count, noun)): \(names.joined(separator: ", "))"),
                hanging: 2)
        }
    }

    /// One event.
    mutating func event(_ event: Event) {
        var text = Styled(event.time, .dim) + " " + Styled(event.kind)
        if let circuit = event.circuit {
            text += " " + Styled(event.link.map { "\(circuit)/\($0)" } ?? circuit, .bold)
        }
        line(text + ": " + Styled(event.text), hanging: 2)
    }
}
