// Drained links: their traffic is moved away, both ways, while sessions and routes stay. What the
// operator drained stays drained over restarts of the daemon, until undrained.

import BGP
import Control
import Intent
import Net
import Routing

extension Engine {
    /// Moves a link's traffic away, or takes it back.
    mutating func setDrained(
        _ isDrained: Bool, _ slot: Int, at now: Instant, into effects: inout [Effect]
    ) {
        guard links[slot].isDrained != isDrained else { return }
        let key = links[slot].key
        links[slot].isDrained = isDrained
        if isDrained { drained.insert(key) } else { drained.remove(key) }
        effects.append(
            .save(name: Engine.drainedName, bytes: Engine.encode(drained: drained)))
        applyDrain(slot)
        let text = isDrained ? "link is drained by the operator" : "link is taken back"
        log(.notice, text, ["circuit": key.circuit, "link": key.role], into: &effects)
        tell("link", text, circuit: key.circuit, link: key.role, at: now, into: &effects)
        healthBook.isTouched = true
    }

    /// Tells routing and peers: what enters is the last choice, what leaves is marked so.
    mutating func applyDrain(_ slot: Int) {
        setStatics(slot)
        for session in links[slot].sessions {
            updateSource(session)
            updateReceiver(session)
        }
        ribIsTouched = true
    }

    /// The operator's word takes the link out of service on purpose: not a fault of it.
    func isInMaintenance(_ slot: Int) -> Bool {
        let link = links[slot]
        return link.isDrained
            || (!link.sessions.isEmpty
                && link.sessions.allSatisfy { sessions[$0].settings.shutdown != nil })
    }

    // The record: a line for each link.

    static func encode(drained: Set<LinkKey>) -> [UInt8] {
        let lines = drained.sorted().map { "\($0.circuit)/\($0.peering)/\($0.role)\n" }
        return Array(lines.joined().utf8)
    }

    static func drainedLinks(decoding bytes: [UInt8]) -> Set<LinkKey> {
        var result: Set<LinkKey> = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "/", omittingEmptySubsequences: false).map(
                String.init)
            guard parts.count == 3 else { continue }
            result.insert(LinkKey(circuit: parts[0], peering: parts[1], role: parts[2]))
        }
        return result
    }
}
