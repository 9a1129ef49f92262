// BFD: datagrams and the passing of time at one session. Input: the settings, then a list of
// packets: a byte for the time before it and its length, and its bytes. The discriminator that is
// ours is put in where the byte says so, since nobody would guess it.

import BFD
import Net

enum BFDOrdeal {
    static func run(_ input: inout Input) {
        let choice = input.byte()
        var settings = BFDSettings(
            interval: .milliseconds(10 << Int(choice & 7)),
            detectMultiplier: 1 + (choice >> 3 & 7), isPassive: choice & 0x40 != 0)
        var session = BFDSession(settings: settings, localDiscriminator: 0x0102_0304, seed: 1)
        var now = Instant.zero
        var actions: [BFDAction] = []
        session.start(at: now, into: &actions)
        while !input.isAtEnd {
            let byte = input.byte()
            var bytes = input.take(byte & 0x20 != 0 ? 24 : Int(input.byte() & 63))
            if byte & 0x40 != 0, bytes.count >= 12 {
                bytes.replaceSubrange(8..<12, with: [1, 2, 3, 4])
            }
            now = now + .microseconds(1 << Int(byte & 31))
            if byte == 0xFF { session.stop(at: now, into: &actions) }
            if byte == 0xFE { session.start(at: now, into: &actions) }
            if byte == 0xFD {
                settings.detectMultiplier = settings.detectMultiplier % 7 + 1
                settings.requiredMinRx = min(settings.requiredMinRx * 2, .seconds(3600))
                session.change(settings, at: now, into: &actions)
            }
            session.tick(at: now, into: &actions)
            if let packet = ControlPacket(bytes.span.bytes) {
                survive(packet)
                session.received(packet, at: now, into: &actions)
            }
            if let next = session.nextDeadline, next <= now {
                session.tick(at: now, into: &actions)
            }
            judge(session, &actions, at: now)
        }
    }

    /// What can be read can be written, and reads the same.
    private static func survive(_ packet: ControlPacket) {
        hold(ControlPacket(packet.bytes.span.bytes) == packet, "a packet changes on its way")
    }

    private static func judge(
        _ session: BFDSession, _ actions: inout [BFDAction], at now: Instant
    ) {
        hold(actions.count < 16, "too many actions")
        for case .send(let packet) in actions {
            survive(packet)
            hold(!(packet.isPoll && packet.isFinal), "a question that is an answer")
        }
        if session.state == .up {
            hold(session.remoteDiscriminator != 0, "up with nobody")
            hold(session.upAt != nil, "up since never")
        }
        if let next = session.nextDeadline { hold(next > now, "a timer that is due stays") }
        actions = []
    }
}
