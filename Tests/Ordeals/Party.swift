// One peer of a scene: what the RIB knows of it as a source and as a receiver, and what it has been
// told so far.

import BGP
import Net
import Routing

struct Party {
    let terms: Terms
    /// From 1.
    let number: UInt32
    var connection: Connection?
    var sourceID: SourceID?
    private(set) var receiverID: ReceiverID?
    /// What it was told, by prefix: canonical attributes.
    private var told: [Prefix: [UInt8]] = [:]
    private var isWide = true

    init(_ terms: Terms, _ number: UInt32) {
        self.terms = terms
        self.number = number
    }

    var address4: IPv4Address { IPv4Address(raw: 0xC000_0200 + number) }
    var address6: IPv6Address { IPv6Address(high: 0x2001_0DB8_FFFF_0000, low: UInt64(number)) }
    var gateways: [GatewayID] {
        let device = Scene.devices[Int(number - 1) % Scene.devices.count]
        return [GatewayID(device, .v4(address4)), GatewayID(device, .v6(address6))]
    }

    /// As a source. Bits of the policy: 7 limit, 6 public, 5 own AS allowed.
    func source(_ policy: UInt8) -> SourceSettings {
        SourceSettings(
            space: Scene.space, circuit: number, kind: terms.isInternal ? .internal : .external,
            peer: .v4(address4), routerID: address4, peerASN: terms.peerASN(number),
            localASN: terms.localASN, gateways: gateways,
            subnets: [
                Prefix(.v4(address4), length: 24), Prefix(.v6(address6), length: 64),
            ],
            locals: [.v4(IPv4Address(192, 0, 2, 9))],
            policy: ImportPolicy(
                accept: Party.everything, acceptsDefault: true, isPublic: policy & 0x40 != 0,
                allowOwnAS: policy & 0x20 != 0 ? 2 : 0, limit: policy & 0x80 != 0 ? 20 : nil))
    }

    /// As a receiver. Bits of the policy: 0 and 1 prepends, 2 MED, 3 communities, 4 private AS and
    /// the peer's AS, 5 large communities, 6 limit.
    func receiver(_ agreed: Negotiated?, policy: UInt8) -> ReceiverSettings {
        let isInternal = agreed?.isInternal ?? terms.isInternal
        return ReceiverSettings(
            space: Scene.space, circuit: number, families: agreed?.families ?? [.ipv4, .ipv6],
            nextHop4: IPv4Address(192, 0, 2, 9),
            nextHop6: IPv6Address(high: 0x2001_0DB8_FFFF_0000, low: 9),
            linkLocal6: number == 2 ? IPv6Address(high: 0xFE80_0000_0000_0000, low: 9) : nil,
            hasFourOctetASN: agreed?.hasFourOctetASN ?? true,
            messageLimit: agreed?.maximumLength ?? 4096,
            policy: ExportPolicy(
                exchange: (1...4).filter { $0 != number }.map { .init(circuit: $0) },
                advertise: Party.everything, localASN: terms.localASN,
                peerASN: terms.peerASN(number), isInternal: isInternal, prepend: policy & 3,
                med: policy & 4 != 0 ? 77 : nil,
                communities: communities(policy),
                removesPrivateAS: policy & 0x10 != 0, overridesAS: policy & 0x10 != 0,
                limit: policy & 0x40 != 0 ? 5 : nil))
    }

    /// Those that a policy adds.
    private func communities(_ policy: UInt8) -> [AnyCommunity] {
        (policy & 8 != 0 ? [.standard(Community(65000, 1)), .standard(Community(65000, 2))] : [])
            + (policy & 0x20 != 0 ? [.large(LargeCommunity(65000, 1, 2))] : [])
    }

    /// Begins anew as this receiver, or as none.
    mutating func listen(_ receiver: ReceiverID?, isWide: Bool) {
        receiverID = receiver
        self.isWide = isWide
        told = [:]
    }

    /// Takes messages that were written for it; how many they were is returned.
    mutating func hear(_ bytes: [UInt8]) -> Int {
        let agreed = connection?.peer.negotiated
        let isInternal = agreed?.isInternal ?? terms.isInternal
        let rules = UpdateRules(
            hasFourOctetASN: isWide, isInternal: isInternal,
            families: agreed?.families ?? [.ipv4, .ipv6],
            firstAS: isInternal ? nil : terms.localASN, acceptsSets: true)
        let heard = messages(bytes, maximumLength: agreed?.maximumLength ?? 4096)
        var update = UpdateBuffer()
        for (kind, body) in heard {
            hold(kind == .update, "a message of another kind")
            update.decode(body.span.bytes, rules: rules)
            hold(update.verdict == .ok, "we tell what is taken as \(update.verdict): \(body)")
            hold(update.discarded == 0, "we tell what is discarded: \(body)")
            for prefix in update.withdrawn4 { told[.v4(prefix)] = nil }
            for prefix in update.withdrawn6 { told[.v6(prefix)] = nil }
            for prefix in update.announced4 { told[.v4(prefix)] = update.attributes }
            for prefix in update.announced6 { told[.v6(prefix)] = update.attributes }
        }
        return heard.count
    }

    /// What it heard is what the RIB says it told.
    func compare(_ advertised: [AdvertisedEntry]) {
        hold(
            told.count == advertised.count,
            """
            receiver \(number): \(told.count) prefixes are told, \(advertised.count) are \
            remembered; \(told.keys.sorted()) and \(advertised.map(\.prefix))
            """)
        for entry in advertised {
            guard let attributes = told[entry.prefix] else {
                fatalError("broken promise: \(entry.prefix) is told")
            }
            if isWide {
                hold(attributes == entry.attributes, "\(entry.prefix) is told otherwise")
            }
        }
    }

    private static let everything = PrefixFilter(
        ["0.0.0.0/0 upto 32", "::/0 upto 128"].compactMap { PrefixRule($0) })
}
