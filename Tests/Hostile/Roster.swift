// All cases with their addresses, and the daemon's files for them: every case is a peer of its own,
// so that none is held back for the sins of another.

struct Roster {
    /// Each with the number that its address and prefixes follow from.
    let cases: [(number: Int, case: Case)]

    static let all = Roster(
        joined(
            headerCases, openCases, stateCases, framingCases, attributeCases, unknownCases,
            familyCases, agreedCases, slowCases, dialedCases, restartCases, floodCases))

    init(_ list: [Case]) {
        // Place holds 200 numbers a byte, in a /20.
        precondition(list.count < 2000, "too many cases for the addresses")
        cases = list.enumerated().map { ($0.offset, $0.element) }
    }

    func place(_ number: Int) -> Place { Place(number, cases[number].case.link) }

    /// The files of the edge, by name.
    var files: [(String, String)] {
        [
            ("circuitd.yaml", edge), ("tenants/acme.yaml", tenant),
            ("circuits/good-1.yaml", good(1)), ("circuits/good-2.yaml", good(2)),
        ] + HostileLink.allCases.map { ("circuits/\($0.name).yaml", circuit($0)) }
    }

    private var edge: String {
        """
        edge: ord1
        router-id: 203.0.113.7
        asn: \(Numbers.edge)
        ports:
          hostile: { device: hostile }
          stuck: { device: stuck }
          dialed: { device: dialed }
          good-1: { device: good-1 }
          good-2: { device: good-2 }

        """
    }

    private var tenant: String {
        let ways = [
            ("hostile", "good-1"), ("hostile", "good-2"), ("good-1", "good-2"),
            ("good-2", "good-1"), ("good-1", "hostile"), ("good-2", "hostile"),
            ("dialed", "good-1"), ("dialed", "good-2"), ("hostile", "stuck"), ("good-1", "stuck"),
            ("good-2", "stuck"),
        ]
        return "tenant: acme\nvrf: none\nnetworks: [10.20.0.0/16]\nexchange:\n"
            + ways.map { "  - { from: \($0), to: \($1) }\n" }.joined()
    }

    private func circuit(_ link: HostileLink) -> String {
        """
        circuit: \(link.name)
        tenant: acme
        provider: dedicated
        vlan: untagged
        links:
          main:
            port: \(link.name)
            address: 10.\(link.block).0.1/20
            address6: "fd\(link.block)::1/64"
            peers:
        \(peers(link))
        bgp:
          peer-asn: \(Numbers.hostile)
          passive: \(link == .dialed ? "off" : "on")
          families: [ipv4, ipv6]
          accept: [10.96.0.0/11 upto 32, 10.192.0.0/10 upto 32, "fd10::/16 upto 128"]
          advertise: [10.0.0.0/8 upto 32, "fd10::/16 upto 128"]

        """
    }

    private func peers(_ link: HostileLink) -> String {
        cases.filter { $0.case.link == link }.map { number, one in
            var keys: [String] = []
            if one.isInternal { keys.append("peer-asn: \(Numbers.edge)") }
            if let more = one.keys { keys.append(more) }
            let address = place(number).address.map(String.init).joined(separator: ".")
            let own = keys.isEmpty ? "" : " bgp: { \(keys.joined(separator: ", ")) } "
            return "      \(address): {\(own)}"
        }.joined(separator: "\n")
    }

    private func good(_ number: Int) -> String {
        """
        circuit: good-\(number)
        tenant: acme
        provider: dedicated
        vlan: untagged
        links:
          main: { port: good-\(number), address: 10.68.\(number).1/30, peer: 10.68.\(number).2, address6: "fd68:\(number)::1/64" }
        bgp:
          peer-asn: \(65000 + number)
          passive: on
          hold-time: 3s
          families: [ipv4, ipv6]
          accept: [10.2\(number - 1).0.0/16 upto 24]
          advertise: [10.0.0.0/8 upto 32, "fd10::/16 upto 128"]

        """
    }
}
