// What should be: the union of what every owner (a circuit, a tenant, the daemon itself) asks
// for. One owner's change costs what that owner holds, however many others there are, and names
// the objects that really changed. Shared objects are listed by each owner and merged.

public import Net

/// The union of all owners' links and addresses.
public struct Desired: Sendable {
    /// What one owner asks for.
    private struct Share: Hashable, Sendable {
        var links: [Link]
        var addresses: [Place]
    }

    private struct Place: Hashable, Sendable {
        var link: InterfaceName
        var address: InterfaceAddress
    }

    private struct Entry: Sendable {
        /// Each distinct definition, with the number of times it is asked for.
        var variants: [Link: Int] = [:]
        var merged: Link
        var conflict: String?
    }

    private var shares: [String: Share] = [:]
    private var entries: [InterfaceName: Entry] = [:]
    private var places: [InterfaceName: [InterfaceAddress: Int]] = [:]
    /// The devices that stand on a device or belong to it.
    private var users: [InterfaceName: Set<InterfaceName>] = [:]
    private var touched: [ObjectKey] = []
    private var placeholders = 0

    /// Nothing is wanted.
    public init() {}

    /// Replaces what `owner` asks for; empty lists make it ask for nothing.
    public mutating func set(
        owner: String, links: [Link], addresses: [(InterfaceName, InterfaceAddress)]
    ) {
        let new = Share(
            links: links, addresses: addresses.map { Place(link: $0.0, address: $0.1) })
        let old = shares[owner] ?? Share(links: [], addresses: [])
        guard new != old else { return }
        shares[owner] = links.isEmpty && addresses.isEmpty ? nil : new

        var changed: [InterfaceName: Link?] = [:]
        var order: [InterfaceName] = []
        func note(_ name: InterfaceName) {
            guard changed[name] == nil else { return }
            changed.updateValue(entries[name]?.merged, forKey: name)
            order.append(name)
        }
        for link in new.links {
            note(link.name)
            claim(link)
        }
        for link in old.links {
            note(link.name)
            release(link)
        }
        for name in order {
            merge(name)
            let before = changed[name] ?? nil
            let after = entries[name]?.merged
            guard before != after else { continue }
            for name in [name] + users(of: name) {
                touched.append(.link(name))
                for address in self.addresses(on: name) { touched.append(.address(name, address)) }
            }
            follow(before, after)
        }

        for place in new.addresses {
            let count = (places[place.link]?[place.address] ?? 0) + 1
            places[place.link, default: [:]][place.address] = count
            if count == 1 { touched.append(.address(place.link, place.address)) }
        }
        for place in old.addresses where drop(place) {
            touched.append(.address(place.link, place.address))
        }
    }

    /// The device as all its owners together want it.
    public func link(_ name: InterfaceName) -> Link? { entries[name]?.merged }

    /// Whether somebody wants the address.
    public func wants(_ address: InterfaceAddress, on link: InterfaceName) -> Bool {
        places[link]?[address] != nil
    }

    /// The addresses wanted on a device, in order.
    public func addresses(on link: InterfaceName) -> [InterfaceAddress] {
        (places[link] ?? [:]).keys.sorted()
    }

    /// All wanted devices, in the order of their names.
    public var links: [Link] { entries.values.map(\.merged).sorted { $0.name < $1.name } }

    /// All wanted devices' and addresses' keys, in order: devices before addresses.
    public var keys: [ObjectKey] {
        entries.keys.sorted().map(ObjectKey.link)
            + places.keys.sorted().flatMap { name in
                addresses(on: name).map { .address(name, $0) }
            }
    }

    /// Devices that owners define differently, with a sentence each.
    public var conflicts: [InterfaceName: String] {
        entries.compactMapValues(\.conflict)
    }

    /// Nothing is wanted by anybody.
    public var isEmpty: Bool { shares.isEmpty }

    /// The largest MTU that a VLAN wanted on this device asks for.
    func childMTU(of name: InterfaceName) -> UInt32? {
        (users[name] ?? []).compactMap { entries[$0]?.merged.mtu }.max()
    }

    /// The devices that are wanted on a device or in it, in order.
    func users(of name: InterfaceName) -> [InterfaceName] { (users[name] ?? []).sorted() }

    /// Whether a device for the forwarding sets' placeholder is wanted.
    var hasPlaceholder: Bool { placeholders > 0 }

    /// The keys touched since the last call, oldest first.
    mutating func takeTouched() -> [ObjectKey] {
        defer { touched.removeAll(keepingCapacity: true) }
        return touched
    }

    private mutating func claim(_ link: Link) {
        entries[link.name, default: Entry(merged: link)].variants[link, default: 0] += 1
    }

    private mutating func release(_ link: Link) {
        guard let count = entries[link.name]?.variants[link] else { return }
        entries[link.name]?.variants[link] = count > 1 ? count - 1 : nil
    }

    /// Forgets one wish for an address; says whether nobody wants it any more.
    private mutating func drop(_ place: Place) -> Bool {
        guard let count = places[place.link]?[place.address] else { return false }
        places[place.link]?[place.address] = count > 1 ? count - 1 : nil
        if places[place.link]?.isEmpty == true { places[place.link] = nil }
        return count == 1
    }

    /// Keeps what is derived from all links: who stands on whom.
    private mutating func follow(_ before: Link?, _ after: Link?) {
        if let before {
            for base in Desired.bases(of: before) {
                users[base]?.remove(before.name)
                if users[base]?.isEmpty == true { users[base] = nil }
                touched.append(.link(base))
            }
        }
        if let after {
            for base in Desired.bases(of: after) {
                users[base, default: []].insert(after.name)
                touched.append(.link(base))
            }
        }
        if before?.kind == .placeholder { placeholders -= 1 }
        if after?.kind == .placeholder { placeholders += 1 }
    }

    /// The devices that a device stands on or belongs to.
    private static func bases(of link: Link) -> [InterfaceName] {
        var bases = link.master.map { [$0] } ?? []
        if case .vlan(let parent, _) = link.kind { bases.append(parent) }
        return bases
    }

    private mutating func merge(_ name: InterfaceName) {
        guard let variants = entries[name]?.variants else { return }
        guard let first = variants.first?.key else {
            entries[name] = nil
            return
        }
        guard variants.count > 1 else {
            entries[name]?.merged = first
            entries[name]?.conflict = nil
            return
        }
        let (merged, conflict) = Desired.merge(Array(variants.keys))
        entries[name]?.merged = merged
        entries[name]?.conflict = conflict
    }

    /// One definition out of several: the largest MTU; a master rather than none; else the first
    /// in a fixed order. A difference that loses something is a conflict.
    static func merge(_ variants: [Link]) -> (Link, conflict: String?) {
        let sorted = variants.sorted {
            ("\($0.kind)", $0.master?.description ?? "", $0.mtu ?? 0, $0.alias)
                < ("\($1.kind)", $1.master?.description ?? "", $1.mtu ?? 0, $1.alias)
        }
        guard var merged = sorted.first else { preconditionFailure("merging no definitions") }
        let kinds = Set(sorted.map(\.kind))
        let masters = sorted.compactMap(\.master)
        let sizes = sorted.compactMap(\.mtu)
        merged.master = masters.first
        merged.mtu = sizes.max()
        merged.alias = sorted.map(\.alias).first { !$0.isEmpty } ?? ""
        var differences: [String] = []
        if kinds.count > 1 { differences.append("what kind of device it is") }
        if Set(masters).count > 1 {
            let names = Set(masters).sorted().map(\.description).joined(separator: " and ")
            differences.append("its VRF (\(names))")
        }
        if Set(sizes).count > 1 {
            let all = Set(sizes).sorted().map(String.init).joined(separator: " and ")
            differences.append("its MTU (\(all): the largest is used)")
        }
        guard !differences.isEmpty else { return (merged, nil) }
        return (
            merged,
            "device \(merged.name) is defined differently by several owners: "
                + differences.joined(separator: ", ")
        )
    }
}
