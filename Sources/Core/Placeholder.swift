// The placeholder: a nexthop of each family on a device that never loses carrier and whose
// neighbour never resolves. It stands first in every forwarding set and takes no packet; it keeps
// the set, and so its routes, alive when the last real link goes.

import Net
import Reconcile
import Routing

/// The placeholder's device, neighbours and nexthops.
struct Placeholder {
    /// The device's name.
    static let device: InterfaceName? = InterfaceName("circuitd0")
    private static let owner = "placeholder"
    /// Routes wait no longer than this for it to stand.
    private static let patience = Duration.seconds(2)
    private static let gateway4 = IPAddress.v4(IPv4Address(192, 0, 2, 1))
    private static let gateway6 = IPAddress.v6(IPv6Address(high: 0xFE80 << 48, low: 1))

    private enum Stage: Hashable {
        /// Nothing is asked for.
        case idle
        /// The device is asked for, or its objects are being made.
        case making
        /// All stands.
        case standing
        /// Objects are being deleted, then the device.
        case removing
    }

    private var stage = Stage.idle
    private var inFlight: Set<UInt64> = []
    private var hasObjects = false
    private var adopted: Set<NextHopID> = []
    private var failures = 0
    /// When a refused step is tried again.
    private var retryAt: Instant?
    /// When routes stop waiting for it.
    private var overdueAt: Instant?
    private var isOverdue = false
    private var lastTicket: UInt64 = 0
    private var index: InterfaceIndex?

    /// Whether sets may name it: nil while that is not known yet.
    var ready: Bool? {
        switch stage {
        case .standing: true
        case .idle, .removing: false
        case .making: isOverdue || failures > 2 ? false : nil
        }
    }

    /// It is needed, and does not come to stand.
    var isMissing: Bool { stage == .making && (isOverdue || failures > 2) }

    /// When `drain` has something to do though nothing happens.
    var nextDeadline: Instant? {
        guard stage == .making else { return nil }
        return earlier(retryAt, isOverdue ? nil : overdueAt)
    }

    /// Nothing of it is left.
    var isGone: Bool { stage == .idle }

    /// Says whether it is needed. It goes only when no set names it (`canGo`).
    mutating func want(_ isWanted: Bool, canGo: Bool, reconciler: inout Reconciler) {
        guard let device = Placeholder.device else { return }
        if isWanted {
            guard stage == .idle || stage == .removing else { return }
            remake()
            reconciler.set(
                owner: Placeholder.owner,
                links: [Link(name: device, kind: .placeholder, alias: "circuitd:placeholder")],
                addresses: [])
        } else if canGo, stage == .standing || stage == .making {
            stage = .removing
        }
        if stage == .removing, !hasObjects, adopted.isEmpty, inFlight.isEmpty {
            reconciler.set(owner: Placeholder.owner, links: [], addresses: [])
            stage = .idle
        }
    }

    /// Steps towards it.
    mutating func drain(
        _ observed: Observed, marks: KernelMarks, at now: Instant,
        into steps: inout [(ticket: UInt64, step: Step)]
    ) {
        guard inFlight.isEmpty, let name = Placeholder.device else { return }
        func ticket() -> UInt64 {
            lastTicket += 1
            inFlight.insert(Engine.placeholderMark | lastTicket)
            return Engine.placeholderMark | lastTicket
        }
        switch stage {
        case .making:
            overdueAt = overdueAt ?? now + Placeholder.patience
            isOverdue = isOverdue || overdueAt.map { $0 <= now } ?? false
            if let retryAt, now < retryAt { return }
            retryAt = nil
            guard let link = observed.link(named: name), link.group == marks.linkGroup,
                link.isUsable
            else { return }
            index = link.index
            retryAt = nil
            steps.append(
                (
                    ticket(),
                    .putNeighbour(
                        Neighbour(
                            link: link.index, address: Placeholder.gateway4, purpose: .placeholder))
                ))
            steps.append(
                (
                    ticket(),
                    .putNeighbour(
                        Neighbour(
                            link: link.index, address: Placeholder.gateway6, purpose: .placeholder))
                ))
            for (id, gateway) in [
                (RIB.placeholder4, Placeholder.gateway4), (RIB.placeholder6, Placeholder.gateway6),
            ] where !adopted.contains(id) {
                steps.append(
                    (
                        ticket(),
                        .putNextHop(
                            NextHop(id, .gateway(gateway, device: link.index, onlink: true)),
                            replacing: false)
                    ))
            }
        case .removing where hasObjects || !adopted.isEmpty:
            steps.append((ticket(), .deleteNextHop(RIB.placeholder4)))
            steps.append((ticket(), .deleteNextHop(RIB.placeholder6)))
        default:
            break
        }
    }

    /// How a step ended.
    mutating func finished(_ outcome: StepOutcome, at now: Instant) {
        inFlight.remove(outcome.ticket)
        if outcome.error != nil, stage == .making {
            failures += 1
            retryAt = now + .seconds(min(30, 1 << min(failures, 5)))
        }
        if case .putNextHop(let object, _) = outcome.step {
            hasObjects = true
            // One that stands already and was not in a dump of ours is somebody's; sets do without.
            if outcome.error == nil { adopted.insert(object.id) }
        }
        guard inFlight.isEmpty else { return }
        switch stage {
        case .making where adopted.count == 2 && retryAt == nil:
            stage = .standing
        case .removing:
            hasObjects = false
            adopted = []
        default:
            break
        }
    }

    private mutating func remake() {
        stage = .making
        failures = 0
        retryAt = nil
        overdueAt = nil
        isOverdue = false
    }

    /// What a dump says of it.
    mutating func resynced(_ state: KernelState, marks: KernelMarks) {
        let device = Placeholder.device
        index = state.links.first { $0.name == device && $0.group == marks.linkGroup }?.index
        adopted = []
        for object in state.nextHops where object.routeProtocol == marks.routeProtocol {
            guard object.nextHop.id == RIB.placeholder4 || object.nextHop.id == RIB.placeholder6,
                case .gateway(_, let device, _) = object.nextHop.content, device == index
            else { continue }
            adopted.insert(object.nextHop.id)
        }
        hasObjects = !adopted.isEmpty
        if stage == .standing, adopted.count < 2 { remake() }
    }

    /// Somebody changed or deleted one of the objects.
    mutating func observed(_ id: NextHopID) {
        guard id == RIB.placeholder4 || id == RIB.placeholder6 else { return }
        adopted.remove(id)
        if stage == .standing { remake() }
    }

    /// The device's state changed: without carrier, the kernel has dropped the objects silently.
    mutating func deviceChanged(_ link: ObservedLink) {
        guard link.index == index, !link.isUsable else { return }
        deviceGone(link.index)
    }

    /// The device is gone, and the objects with it.
    mutating func deviceGone(_ gone: InterfaceIndex) {
        guard gone == index else { return }
        index = nil
        adopted = []
        hasObjects = false
        if stage == .standing { remake() }
    }
}
