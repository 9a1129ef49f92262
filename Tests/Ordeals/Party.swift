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
    /// What both sides agreed when the session came up.
    private(set) var agreed: Negotiated?
    /// How it is told.
    private var hearing: ReceiverSettings?
    private var told: [Line: Said] = [:]
    /// What a refresh has not named yet, by family, while one runs.
    private var unnamed: [Family: Set<Line>] = [:]

    /// Something that it may be told of.
    private struct Line: Hashable {
        var prefix: Prefix
        var pathID: UInt32
    }

    /// What it was told of that.
    private struct Said: Hashable {
        var attributes: [UInt8]
        var nextHop: IPAddress?
    }

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

    func circuit(_ habits: Habits) -> UInt32 { habits.isOneCircuit && number == 2 ? 1 : number }

    /// As a source.
    func source(_ habits: Habits) -> SourceSettings {
        let policy = habits.policy
        var settings = SourceSettings(
            space: Scene.space, circuit: circuit(habits),
            kind: terms.isInternal ? .internal : .external,
            peer: .v4(address4), routerID: address4, peerASN: terms.peerASN(number),
            localASN: terms.localASN, gateways: gateways,
            subnets: [
                Prefix(.v4(address4), length: 24), Prefix(.v6(address6), length: 64),
            ],
            locals: [.v4(IPv4Address(192, 0, 2, 9))],
            policy: ImportPolicy(
                accept: Habits.everything, acceptsDefault: true, isPublic: policy & 0x40 != 0,
                allowOwnAS: policy & 0x20 != 0 ? 2 : 0, limit: policy & 0x80 != 0 ? 20 : nil))
        settings.policy.rules = habits.imports
        settings.policy.role = terms.role
        settings.policy.multipath = habits.multipath
        settings.policy.isDrained = habits.isDrained && number == 1
        settings.localID = Party.localID(terms)
        settings.isReflectorClient = terms.isReflectorClient
        return settings
    }

    /// As a receiver.
    func receiver(_ habits: Habits) -> ReceiverSettings {
        let policy = habits.policy
        let isInternal = agreed?.isInternal ?? terms.isInternal
        let own = circuit(habits)
        var settings = ReceiverSettings(
            space: Scene.space, circuit: own, families: agreed?.families ?? [.ipv4, .ipv6],
            nextHop4: terms.hasExtendedNextHop && number == 2 ? nil : IPv4Address(192, 0, 2, 9),
            nextHop6: IPv6Address(high: 0x2001_0DB8_FFFF_0000, low: 9),
            linkLocal6: number == 2 ? IPv6Address(high: 0xFE80_0000_0000_0000, low: 9) : nil,
            hasFourOctetASN: agreed?.hasFourOctetASN ?? true,
            messageLimit: agreed?.maximumLength ?? 4096,
            policy: ExportPolicy(
                exchange: (1...4).filter { $0 != own }.map { .init(circuit: $0) },
                advertise: Habits.everything, localASN: terms.localASN,
                peerASN: terms.peerASN(number), isInternal: isInternal, prepend: policy & 3,
                med: policy & 4 != 0 ? 77 : nil,
                communities: habits.communities,
                removesPrivateAS: policy & 0x10 != 0, overridesAS: policy & 0x10 != 0,
                limit: habits.limit))
        settings.policy.rules = habits.exports
        settings.policy.role = terms.role
        settings.policy.isNextHopSelf = terms.isNextHopSelf
        settings.policy.isReflectorClient = terms.isReflectorClient
        settings.policy.isDrained = habits.isDrained && number == 1
        let isWide = sourceID == nil && habits.hasWideListener
        settings.addPath = agreed?.addPathOut ?? (isWide ? [.ipv4, .ipv6] : [])
        settings.hasExtendedNextHop = agreed?.hasExtendedNextHop ?? isWide
        settings.knowsLongLived = agreed.map { !$0.longLived.isEmpty } ?? isWide
        settings.localID = Party.localID(terms)
        settings.session = sourceID
        return settings
    }

    private static func localID(_ terms: Terms) -> RouterID {
        terms.hasLocalID && terms.isExtended ? IPv4Address(192, 0, 2, 9) : IPv4Address(raw: 0)
    }

    /// The session is up.
    mutating func agree(_ connection: Connection) {
        self.connection = connection
        agreed = connection.peer.negotiated
    }

    /// Begins anew as this receiver, or as none.
    mutating func listen(_ receiver: ReceiverID?, _ settings: ReceiverSettings? = nil) {
        receiverID = receiver
        hearing = settings
        told = [:]
        unnamed = [:]
    }

    /// Takes messages that were written for it; how many UPDATEs they were is returned.
    mutating func hear(_ bytes: [UInt8]) -> Int {
        guard let hearing else { return 0 }
        var rules = UpdateRules(
            hasFourOctetASN: hearing.hasFourOctetASN, isInternal: hearing.policy.isInternal,
            families: hearing.families,
            firstAS: hearing.policy.isInternal ? nil : terms.localASN, acceptsSets: true)
        rules.hasPathIDs4 = hearing.addPath.contains(.ipv4)
        rules.hasPathIDs6 = hearing.addPath.contains(.ipv6)
        rules.hasExtendedNextHop = hearing.hasExtendedNextHop
        let heard = messages(bytes, maximumLength: hearing.messageLimit)
        var update = UpdateBuffer()
        for (kind, body) in heard {
            if kind == .routeRefresh {
                mark(body)
                continue
            }
            hold(kind == .update, "a message of another kind")
            update.decode(body.span.bytes, rules: rules)
            hold(update.verdict == .ok, "we tell what is taken as \(update.verdict): \(body)")
            hold(update.discarded == 0, "we tell what is discarded: \(body)")
            forget(update.withdrawn4.map { .v4($0) }, update.withdrawnIDs4)
            forget(update.withdrawn6.map { .v6($0) }, update.withdrawnIDs6)
            let hop6 = update.nextHop6.map { IPAddress.v6($0) }
            remember(
                update.announced4.map { .v4($0) }, update.announcedIDs4,
                Said(attributes: update.attributes, nextHop: update.nextHop4))
            remember(
                update.announced6.map { .v6($0) }, update.announcedIDs6,
                Said(attributes: update.attributes, nextHop: hop6))
        }
        return heard.count
    }

    private mutating func forget(_ prefixes: [Prefix], _ ids: [UInt32]) {
        for (index, prefix) in prefixes.enumerated() {
            let line = Line(prefix: prefix, pathID: ids.isEmpty ? 0 : ids[index])
            told[line] = nil
        }
    }

    private mutating func remember(_ prefixes: [Prefix], _ ids: [UInt32], _ said: Said) {
        for (index, prefix) in prefixes.enumerated() {
            let line = Line(prefix: prefix, pathID: ids.isEmpty ? 0 : ids[index])
            hold(ids.isEmpty || line.pathID != 0, "a path without an identifier")
            told[line] = said
            unnamed[prefix.family]?.remove(line)
        }
    }

    /// A mark around a refresh: at its end, what was not named again is gone (RFC 7313 §4).
    private mutating func mark(_ body: [UInt8]) {
        hold(body.count == 4 && body[0] == 0 && body[3] == 1, "a mark of \(body)")
        let family: Family = body[1] == 1 ? .ipv4 : .ipv6
        switch body[2] {
        case 1:
            unnamed[family] = Set(told.keys.filter { $0.prefix.family == family })
        case 2:
            hold(unnamed[family] != nil, "a refresh ends that did not begin")
            for line in unnamed[family] ?? [] { told[line] = nil }
            unnamed[family] = nil
        default: fatalError("broken promise: a mark of \(body)")
        }
    }

    /// What it heard is what the RIB says it told.
    func compare(_ advertised: [AdvertisedEntry], _ counts: PrefixCounts) {
        hold(unnamed.isEmpty, "a refresh has no end")
        hold(
            told.count == advertised.count && told.count == Int(counts.total),
            """
            receiver \(number): \(told.count) prefixes are told, \(advertised.count) are \
            remembered, \(counts.total) are counted; \(told.keys.map(\.prefix).sorted()) and \
            \(advertised.map(\.prefix))
            """)
        if let limit = hearing?.policy.limit {
            hold(counts.ipv4 <= limit && counts.ipv6 <= limit, "more than \(limit): \(counts)")
        }
        for entry in advertised {
            let line = Line(prefix: entry.prefix, pathID: entry.pathID)
            guard let said = told[line] else {
                fatalError("broken promise: \(entry.prefix) is told")
            }
            hold(said.nextHop == entry.nextHop, "\(entry.prefix) is told to be elsewhere")
            if hearing?.hasFourOctetASN ?? true {
                hold(said.attributes == entry.attributes, "\(entry.prefix) is told otherwise")
            }
            judge(PathAttributes(canonical: entry.attributes))
        }
    }

    /// RFC 9234 §5: marked on the way down and aside, never on the way up.
    private func judge(_ attributes: PathAttributes) {
        guard let role = hearing?.policy.role else { return }
        switch role {
        case .provider, .routeServer:
            hold(attributes.onlyToCustomer != nil, "an unmarked route goes down")
        case .peer:
            hold(attributes.onlyToCustomer == terms.localASN, "a route goes aside unmarked")
        case .customer, .routeServerClient:
            hold(attributes.onlyToCustomer == nil, "a marked route goes up")
        }
    }

    /// Another policy holds for what it is told.
    mutating func relearn(_ settings: ReceiverSettings) { hearing = settings }
}
