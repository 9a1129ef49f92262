// The store of attribute sets against a plain dictionary: numbers, sharing, and what is left.

import BGP
import Net
import Testing

@testable import Routing

struct AttributeStoreTests {
    /// What a number stands for.
    private struct Meaning: Hashable {
        var bytes: [UInt8]
        var nextHop: IPAddress?
        var hasOwnPref = false
        var pathID: UInt32 = 0
        var received: [UInt8]
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `each number keeps its meaning over any history, and nothing is left at the end`(
        seed: UInt64
    ) {
        var random = Seeded(seed)
        var store = AttributeStore(seed: seed)
        var held: [(handle: UInt32, meaning: Meaning)] = []
        for _ in 0..<1500 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                var value = PathAttributes(
                    asPath: ASPath([ASN(UInt32.random(in: 1...9, using: &random))]))
                // Long ones fill the arena, so that it is rewritten now and then.
                value.communities = Array(
                    repeating: Community(1, UInt16.random(in: 0...2, using: &random)),
                    count: [1, 400].randomElement(using: &random) ?? 1)
                let bytes = value.canonical()
                let hop = Bool.random(using: &random) ? address("10.0.0.1") : nil
                let own = Bool.random(using: &random)
                held.append(
                    (
                        store.intern(bytes, nextHop: hop, hasOwnPref: own),
                        Meaning(bytes: bytes, nextHop: hop, hasOwnPref: own, received: bytes)
                    ))
            case 4..<6:
                let plain = held.filter { store.base($0.handle) == $0.handle }
                guard let base = plain.randomElement(using: &random),
                    let origin = plain.randomElement(using: &random)
                else { continue }
                let isChanged = Bool.random(using: &random)
                let id = UInt32.random(in: 0...3, using: &random)
                var meaning = base.meaning
                meaning.pathID = id
                if isChanged { meaning.received = origin.meaning.bytes }
                held.append(
                    (
                        store.wrap(
                            base.handle, origin: isChanged ? origin.handle : 0, pathID: id),
                        meaning
                    ))
            default:
                guard !held.isEmpty else { continue }
                let index = Int.random(in: 0..<held.count, using: &random)
                store.release(held.remove(at: index).handle)
            }
        }
        for (handle, meaning) in held {
            #expect(store.bytes(handle) == meaning.bytes)
            #expect(store.nextHop(handle) == meaning.nextHop)
            #expect(store.digest(handle).hasOwnPref == meaning.hasOwnPref)
            #expect(store.pathID(handle) == meaning.pathID)
            #expect(store.bytes(store.received(handle)) == meaning.received)
        }
        for (handle, _) in held { store.release(handle) }
        #expect(store.count == 0)
    }

    @Test func `equal sets have equal numbers, and other next hops others`() {
        var store = AttributeStore(seed: 1)
        let bytes = attributes()
        let first = store.intern(bytes, nextHop: nil)
        #expect(store.intern(bytes, nextHop: nil) == first)
        #expect(store.intern(bytes, nextHop: address("10.0.0.1")) != first)
        #expect(store.intern(bytes, nextHop: nil, hasOwnPref: true) != first)
        let wrapped = store.wrap(first, origin: 0, pathID: 7)
        #expect(store.wrap(first, origin: 0, pathID: 7) == wrapped)
        #expect(store.wrap(first, origin: 0, pathID: 8) != wrapped)
        #expect(store.base(wrapped) == first)
        #expect(store.received(wrapped) == wrapped)
    }
}
