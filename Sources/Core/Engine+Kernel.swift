// The kernel's side: dumps, events and outcomes in; steps out. What a device's state means for its
// sessions and routes is worked out here once, for every cause alike.

import BGP
import Intent
public import Net
import Reconcile
import Routing

extension Engine {
    /// Steps handed to the kernel worker and not answered: enough for two full batches.
    static let stepWindow = 512
    /// Dumps after lost events come no faster than this.
    static let dumpInterval = Duration.seconds(2)
    /// And without any reason, as an audit.
    static let auditInterval = Duration.seconds(60)
    /// Tickets of the reconciler, of the placeholder; routing's have the topmost bit.
    static let reconcileMark: UInt64 = 1 << 56
    static let placeholderMark: UInt64 = 2 << 56

    /// A complete dump of the kernel.
    public mutating func dumped(
        _ state: KernelState, at now: Instant, into effects: inout [Effect]
    ) {
        isDumping = false
        dumpNotBefore = nil
        lastDump = now
        nextDump = now + Engine.auditInterval
        hostSettings = state.settings
        totals.resyncs += 1
        reconciler.resynced(state, at: now)
        // What was heard while the dump was made may be newer than the dump.
        for event in heardMeanwhile { reconciler.observed(event, at: now) }
        heardMeanwhile = []
        placeholder.resynced(state, marks: marks)
        if hasDump {
            rib.compare(state)
        } else {
            hasDump = true
            rib.adopt(state)
            // At the very first start nothing is taken over, so nobody is kept waiting.
            if !hasEarlierRun, !hasOurs(in: state) { rib.releaseAll() }
            if rib.isHolding { holdUntil = now + options.restartHold }
        }
        for slot in links.indices where links[slot].isLive {
            touchedDevices.insert(links[slot].spec.device)
        }
        ribIsTouched = true
        healthBook.isTouched = true
        begin(at: now, into: &effects)
    }

    /// Whether routes or nexthops of an earlier run stand in the kernel.
    private func hasOurs(in state: KernelState) -> Bool {
        !state.routes.isEmpty
            || state.nextHops.contains { $0.routeProtocol == marks.routeProtocol }
    }

    /// The dump failed: it is tried again.
    public mutating func dumpFailed(
        _ text: String, at now: Instant, into effects: inout [Effect]
    ) {
        isDumping = false
        dumpNotBefore = now + Engine.dumpInterval
        nextDump = dumpNotBefore
        log(.error, "the kernel could not be dumped", ["error": text], into: &effects)
    }

    /// Files and kernel are both known: to work.
    mutating func begin(at now: Instant, into effects: inout [Effect]) {
        guard phase == .starting, hasDump, hasRead else { return }
        phase = .running
        reconciler.allowsDeletion = catalog.settings != nil
        log(
            .notice, "running",
            [
                "circuits": "\(shares.count)", "tenants": "\(tenants.count)",
                "faults": "\(catalog.faults.filter { $0.severity == .fault }.count)",
            ], into: &effects)
        effects.append(.ready)
        if shutdownBefore != nil { shutDown(at: now, into: &effects) }
    }

    /// Asks for a dump, unless one is under way or was just made.
    mutating func requestDump(at now: Instant, into effects: inout [Effect]) {
        guard !isDumping else { return }
        let recent = hasDump ? lastDump.map { $0 + Engine.dumpInterval } : nil
        if let notBefore = [recent, dumpNotBefore].compactMap(\.self).max(), now < notBefore {
            nextDump = notBefore
            return
        }
        isDumping = true
        nextDump = nil
        effects.append(.dump)
    }

    /// What the kernel told.
    public mutating func observed(
        _ events: [KernelEvent], at now: Instant, into effects: inout [Effect]
    ) {
        for event in events where isDumping || !hasDump {
            switch event {
            case .link, .linkGone, .address, .addressGone: heardMeanwhile.append(event)
            case .route, .routeGone, .nextHop, .nextHopGone, .overflow: continue
            }
        }
        guard hasDump else { return }
        for event in events {
            switch event {
            case .overflow:
                totals.overflows += 1
                log(
                    .warning, "events of the kernel were lost; reading its state anew",
                    into: &effects)
                requestDump(at: now, into: &effects)
            case .link(let link):
                if let old = reconciler.observed.link(link.index), old.name != link.name {
                    touchedDevices.insert(old.name)
                }
                reconciler.observed(event, at: now)
                touchedDevices.insert(link.name)
                placeholder.deviceChanged(link)
                // Its nexthops are gone even if it is back before anybody looks.
                if !link.isUsable { rib.deviceLost(link.index, at: now) }
            case .linkGone(let index):
                if let old = reconciler.observed.link(index) { touchedDevices.insert(old.name) }
                reconciler.observed(event, at: now)
                placeholder.deviceGone(index)
                rib.deviceLost(index, at: now)
            case .address(let address), .addressGone(let address):
                reconciler.observed(event, at: now)
                if let link = reconciler.observed.link(address.link) {
                    touchedDevices.insert(link.name)
                }
            case .nextHop(let object):
                placeholder.observed(object.nextHop.id)
                rib.observed(event, at: now)
            case .nextHopGone(let id):
                placeholder.observed(id)
                rib.observed(event, at: now)
            case .route, .routeGone:
                rib.observed(event, at: now)
            }
        }
        healthBook.isTouched = true
    }

    /// How steps ended.
    public mutating func finished(
        _ outcomes: [StepOutcome], at now: Instant, into effects: inout [Effect]
    ) {
        stepsInFlight -= outcomes.count
        var isRefused = false
        for outcome in outcomes {
            if let error = outcome.error {
                totals.stepsFailed += 1
                refused(outcome.step, error, at: now, into: &effects)
            } else {
                totals.stepsDone += 1
            }
            if outcome.ticket & RIB.ticketMark != 0 {
                rib.finished(outcome.ticket, error: outcome.error, at: now)
            } else if outcome.ticket & Engine.placeholderMark != 0 {
                placeholder.finished(outcome, at: now)
            } else {
                reconciler.finished(outcome, at: now)
                isRefused = isRefused || outcome.error != nil
            }
        }
        if isRefused {
            // A link that waits says what was refused, and not that it waits.
            for entry in reconciler.unsettled { touchedDevices.insert(entry.key.link) }
        }
        ribIsTouched = true
        healthBook.isTouched = true
    }

    /// A refusal is worth a warning once; what is tried again and refused again is not news.
    private mutating func refused(
        _ step: Step, _ error: KernelError, at now: Instant, into effects: inout [Effect]
    ) {
        let what = describe(step)
        let isNews = refusals[what].map { $0 + .seconds(300) <= now } ?? true
        if refusals.count > 256 { refusals = [:] }
        if isNews { refusals[what] = now }
        log(
            isNews ? .warning : .debug, "the kernel refused a step",
            ["step": what, "error": error.description], into: &effects)
    }

    /// Looks at the links whose devices changed, and starts or stops what stands on them.
    mutating func evaluateTouchedLinks(at now: Instant, into effects: inout [Effect]) {
        guard !touchedDevices.isEmpty else { return }
        var slots: Set<Int> = []
        for device in touchedDevices { slots.formUnion(linksByDevice[device] ?? []) }
        touchedDevices.removeAll(keepingCapacity: true)
        for slot in slots.sorted() where links[slot].isLive {
            evaluate(slot, at: now, into: &effects)
        }
        if !slots.isEmpty { settleListeners(into: &effects) }
    }

    private mutating func evaluate(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        let spec = links[slot].spec
        let trouble = trouble(of: spec)
        let muted = trouble == nil ? mutedFamilies(of: spec) : [:]
        let device = trouble == nil ? reconciler.observed.index(of: spec.device) : nil
        let before = links[slot].worstTrouble
        let gatewaysBefore = Set(gateways(of: slot))
        let deviceBefore = links[slot].device
        links[slot].trouble = trouble
        links[slot].muted = muted
        if links[slot].worstTrouble != before { tellTrouble(slot, at: now, into: &effects) }
        if let device { rib.deviceBack(device, at: now) }
        links[slot].device = device
        let gatewaysNow = Set(gateways(of: slot))
        settleGateways(slot, at: now)
        if deviceBefore != device {
            // The kernel drops nexthops with the device only, not with an address or a VRF.
            if let old = deviceBefore, !(reconciler.observed.link(old)?.isUsable ?? false) {
                rib.deviceLost(old, at: now)
            }
            if device != nil { links[slot].wasUp = true }
            offerNetworks(of: spec.tenant)
            for session in links[slot].sessions { updateSource(session) }
            ribIsTouched = true
        }
        if gatewaysBefore != gatewaysNow, let source = links[slot].source {
            rib.update(
                source,
                SourceSettings(
                    space: spec.table, circuit: number(of: links[slot].key.circuit),
                    kind: .static, gateways: gateways(of: slot)))
            offerStatics(slot)
        }
        for session in links[slot].sessions {
            admit(session, at: now, into: &effects)
        }
    }

    private mutating func tellTrouble(_ slot: Int, at now: Instant, into effects: inout [Effect]) {
        healthBook.isTouched = true
        let key = links[slot].key
        let trouble = links[slot].worstTrouble
        let text = trouble ?? "the link is up"
        tell("link", text, circuit: key.circuit, link: key.role, at: now, into: &effects)
        log(
            trouble == nil ? .notice : links[slot].wasUp ? .warning : .info, text,
            [
                "circuit": key.circuit, "link": key.role,
                "device": links[slot].spec.device.description,
            ], into: &effects)
    }

    /// Why a link's device cannot carry packets now; nil when it can.
    private func trouble(of spec: LocalLink) -> String? {
        let observed = reconciler.observed
        let reason = reconciler.status(of: .link(spec.device)).reason
        guard let link = observed.link(named: spec.device) else {
            return reason ?? "device \(spec.device) is being made"
        }
        if let reason { return reason }
        if spec.device != spec.port, !observed.isUsable(spec.port) {
            return "port \(spec.port) has no carrier"
        }
        if !observed.isUsable(link.index) {
            return link.isUp ? "\(spec.device) has no carrier" : "\(spec.device) is down"
        }
        if let vrf = spec.vrf, observed.index(of: vrf) != link.master || link.master == .none {
            return "\(spec.device) is not in \(vrf) yet"
        }
        return nil
    }

    /// Families whose address cannot be used yet, with why: the other family does not wait.
    private func mutedFamilies(of spec: LocalLink) -> [Family: String] {
        var result: [Family: String] = [:]
        for address in spec.addresses {
            let reason: String? =
                switch reconciler.observed.addressState(address, on: spec.device) {
                case .ready: nil
                case .tentative: "\(address) is being checked for duplicates"
                case .duplicate: "\(address) is in use by another host on \(spec.device)"
                case nil:
                    reconciler.status(of: .address(spec.device, address)).reason
                        ?? "\(address) is not on \(spec.device) yet"
                }
            if let reason { result[address.address.family] = reason }
        }
        return result
    }

    /// Steps towards the wanted links and addresses, and the placeholder.
    mutating func reconcile(at now: Instant, into effects: inout [Effect]) -> [TicketedStep] {
        guard phase != .starting else { return [] }
        if !leaving.isEmpty {
            let routesAreGone =
                !rib.hasWork && !rib.hasSteps && rib.forwarding.queued == 0
                && rib.forwarding.inFlight == 0
            if routesAreGone || leaving.deadline.map({ $0 <= now }) ?? false { finishLeaving() }
        }
        if reconciler.needsResync { requestDump(at: now, into: &effects) }
        placeholder.want(
            !linkSlots.isEmpty && phase == .running, canGo: rib.forwarding.groups == 0,
            reconciler: &reconciler)
        var steps: [(ticket: UInt64, step: Step)] = []
        let room = Engine.stepWindow - stepsInFlight
        if room > 0 { reconciler.drain(limit: room, at: now, into: &steps) }
        placeholder.drain(reconciler.observed, marks: marks, at: now, into: &steps)
        return steps.map { TicketedStep(ticket: $0.ticket, step: $0.step) }
    }

    /// Steps towards the wanted nexthops and routes, behind the others.
    mutating func forward(at now: Instant, into batch: inout [TicketedStep]) {
        guard phase != .starting else { return }
        if rib.hasWork {
            // Every part of a pass may have something to tell, not only the first.
            ribIsTouched = true
            rib.sweep(limit: 4096)
        }
        // A set without its placeholder would lose its routes with its link: the few milliseconds
        // until it is there are waited for.
        guard let ready = placeholder.ready else { return }
        rib.setPlaceholder(.ipv4, ready ? RIB.placeholder4 : nil)
        rib.setPlaceholder(.ipv6, ready ? RIB.placeholder6 : nil)
        let room = Engine.stepWindow - stepsInFlight - batch.count
        guard room > 0 else { return }
        var requests: [StepRequest] = []
        rib.drain(into: &requests, limit: room, at: now)
        batch += requests.map { TicketedStep(ticket: $0.ticket, step: $0.step) }
    }

    mutating func program(_ batch: [TicketedStep], into effects: inout [Effect]) {
        guard !batch.isEmpty else { return }
        stepsInFlight += batch.count
        effects.append(.program(batch))
    }

    /// Routes of an earlier run are no longer kept for their own sake.
    mutating func endHold(at now: Instant, into effects: inout [Effect]) {
        holdUntil = nil
        guard rib.isHolding else { return }
        rib.releaseAll()
        ribIsTouched = true
        log(.notice, "routes of the earlier run are confirmed or removed", into: &effects)
        feedAll(at: now, into: &effects)
    }

    mutating func saveAdoptions(into effects: inout [Effect]) {
        guard reconciler.adoptionRevision != savedAdoptions else { return }
        savedAdoptions = reconciler.adoptionRevision
        effects.append(
            .save(
                name: Engine.adoptionsName,
                bytes: AdoptionRecord.encode(
                    reconciler.exportAdoptions(), bootID: options.bootID)))
    }

    private func describe(_ step: Step) -> String {
        func name(_ index: InterfaceIndex) -> String {
            reconciler.observed.link(index)?.name.description ?? "device \(index)"
        }
        return switch step {
        case .createVLAN(let link, let parent, let tag, _):
            "make \(link): \(tag) on \(name(parent))"
        case .createVRF(let link, let table): "make VRF \(link) with table \(table)"
        case .createPlaceholder(let link): "make \(link)"
        case .changeLink(let index, _): "change \(name(index))"
        case .deleteLink(let index): "delete \(name(index))"
        case .addAddress(let index, let address): "add \(address) to \(name(index))"
        case .deleteAddress(let index, let address): "remove \(address) from \(name(index))"
        case .silenceNeighbours(let index): "silence neighbours of \(name(index))"
        case .putNeighbour(let entry): "neighbour \(entry.address) on \(name(entry.link))"
        case .putNextHop(let object, _): "nexthop \(object.id)"
        case .deleteNextHop(let id): "delete nexthop \(id)"
        case .putRoute(let route, _): "route \(route.key)"
        case .deleteRoute(let key): "delete route \(key)"
        }
    }
}
