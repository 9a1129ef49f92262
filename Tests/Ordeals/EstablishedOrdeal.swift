// After OPEN: two sessions bring routes into one RIB, and three receivers and a kernel are told of
// them. Input: the terms of the first session, the form of the second (two bytes where the first
// has three), the policy of all (likewise), the size of chunks, then the stream of the first
// session, or a list of deeds.

import BGP
import Net
import Routing

enum EstablishedOrdeal {
    static func run(_ input: inout Input) {
        let terms = Terms(&input)
        let form = input.byte()
        let extent = terms.isExtended ? input.byte() : 0
        let second = Terms(form: form, manner: terms.manner, extent: extent)
        let policy = input.byte()
        let habits = Habits(policy: policy, extent: terms.isExtended ? input.byte() : 0)
        var scene = Scene([terms, second], habits)
        let size = input.byte()
        if terms.isRaw {
            for chunk in chunks(input.rest(), size) { scene.receive(chunk, on: 0) }
        } else {
            while !input.isAtEnd { scene.perform(Deed(&input, terms), size) }
        }
        scene.end()
    }
}

/// Something that happens in a scene. The low four bits of its first byte are the kind, the next
/// is the session, and the last three are up to the kind.
private struct Deed {
    let kind: UInt8
    let session: Int
    let choice: UInt8
    let body: [UInt8]

    init(_ input: inout Input, _ terms: Terms) {
        let byte = input.byte()
        kind = byte & 15
        session = Int(byte >> 4 & 1)
        choice = byte >> 5
        switch kind {
        case 0...4: body = input.take(Int(input.word()))
        case 5, 6, 7: body = input.take(Int(input.byte() & 15))
        case 10, 13: body = [input.byte()]
        case 8 where terms.isExtended && choice > 0:
            body = choice == 5 || choice == 6 ? input.take(3) : [input.byte()]
        default: body = []
        }
    }
}

extension Scene {
    fileprivate mutating func perform(_ deed: Deed, _ size: UInt8) {
        let session = deed.session
        switch deed.kind {
        case 0:
            for chunk in chunks(message(.update, deed.body), size) { receive(chunk, on: session) }
        case 1:
            let body = assembled(deed.body, withMandatory: deed.choice & 1 != 0, on: session)
            receive(message(.update, body), on: session)
        case 2: receive(message(.notification, deed.body), on: session)
        case 3: receive(message(.routeRefresh, deed.body), on: session)
        case 4: for chunk in chunks(deed.body, size) { receive(chunk, on: session) }
        case 5: announce(deed.body, on: session, like: deed.choice)
        case 6: offer(deed.body, from: session)
        case 7: withdraw(deed.body, on: session, like: deed.choice)
        case 8 where !deed.body.isEmpty: extend(session, deed.choice, deed.body)
        case 8: receive(message(.keepalive, []), on: session)
        case 9: close(session)
        case 10: elapse(.milliseconds(1 << Int(deed.body[0] & 15)))
        case 11: work(refusing: deed.choice)
        case 12: tell(Int(deed.choice), limit: 1 + session * 5000)
        case 13: disturb(deed.choice, deed.body[0])
        case 14: change(session, deed.choice)
        default: rib.sweep(limit: 1 << Int(deed.choice))
        }
    }

    /// The body of an UPDATE whose lengths add up, whatever the bytes: the sizes of both lists of
    /// prefixes, the lists, then attributes, each by flags, type, one byte of length and value.
    private func assembled(
        _ bytes: [UInt8], withMandatory: Bool, on session: Int
    ) -> [UInt8] {
        var input = Input(bytes)
        let withdrawn = input.take(Int(input.byte() & 31))
        let field = input.take(Int(input.byte() & 63))
        var attributes = withMandatory ? mandatory(on: session) : []
        while !input.isAtEnd {
            let (flags, code) = (input.byte(), input.byte())
            var value = input.take(Int(input.byte()))
            // A flag without a meaning stands for one that is as long as can be.
            if flags & 0x08 != 0 { value = Array(repeatElement(value, count: 256).joined()) }
            let isLong = flags & 0x10 != 0 || value.count > 255
            attributes += [isLong ? flags | 0x10 : flags, code]
            if isLong { attributes.append(UInt8(value.count >> 8)) }
            attributes += [UInt8(value.count & 255)] + value
        }
        func counted(_ list: [UInt8]) -> [UInt8] {
            [UInt8(list.count >> 8 & 255), UInt8(list.count & 255)] + list
        }
        return counted(withdrawn) + counted(attributes) + field
    }
}
