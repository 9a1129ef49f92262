// Wrong keys of a wider speaker, each with every fault it must give, word for word.

import Intent
import Net
import Testing

@Suite struct ReadingPolicyFaultsTests {
    private static func file(_ keys: String, ends: String, peerASN: Int) -> String {
        """
        circuit: c
        tenant: t
        provider: dedicated
        vlan: 5
        port: campus
        links: { a: { \(ends) } }
        bgp:
          peer-asn: \(peerASN)
          \(keys)
        """
    }

    @Test(arguments: [
        (
            "import: { refuse: on }",
            "9:11: import must be a list of rules: [{ prefixes: [...], refuse: on }]"
        ),
        ("import: [refuse]", "9:12: a rule of import must be a mapping of keys to values"),
        (
            "import: [{ refuze: on }]",
            """
            9:12: this rule changes nothing; it needs refuse, local-pref, med, prepend, \
            add-communities or remove-communities
            9:14: unknown key "refuze"; did you mean "refuse"?
            """
        ),
        (
            "export: [{ as-path: [1], med: 1 }]",
            """
            9:14: unknown key "as-path"; known here: prefixes, as-path-contains, \
            as-path-longer-than, as-path-shorter-than, origin-as, communities, refuse, \
            local-pref, med, prepend, add-communities, remove-communities
            """
        ),
        (
            "export: [{ med: 1 }, { prefixes: [10.0.0.0/8] }]",
            """
            9:24: this rule changes nothing; it needs refuse, local-pref, med, prepend, \
            add-communities or remove-communities
            """
        ),
        (
            "export: [{ refuse: off }]",
            """
            9:12: this rule changes nothing; it needs refuse, local-pref, med, prepend, \
            add-communities or remove-communities
            """
        ),
        (
            "export: [{ add-communities: [] }]",
            """
            9:12: this rule changes nothing; it needs refuse, local-pref, med, prepend, \
            add-communities or remove-communities
            """
        ),
        ("export: [{ refuse: maybe }]", #"9:22: refuse "maybe" is not on or off"#),
        (
            "export: [{ refuse: on, med: 3 }]",
            "9:31: a rule with refuse: on changes nothing, so med has no place in it"
        ),
        (
            "import: [{ communities: [], refuse: on }]",
            "9:27: communities names nothing; leave it out where all routes are meant"
        ),
        (
            "import: [{ prefixes: [], refuse: on }]",
            "9:24: prefixes names nothing; leave it out where all routes are meant"
        ),
        (
            "import: [{ as-path-longer-than: 3, as-path-shorter-than: 4, refuse: on }]",
            "9:60: no path is longer than 3 and shorter than 4"
        ),
        (
            "import: [{ prefixes: [169.254.0.0/16 upto 24], refuse: on }]",
            "9:25: warning: 169.254.0.0/16 never passes"
        ),
        (
            "import: [{ prefixes: [10.0.0.0/8 to 24], med: 1 }]",
            #"9:25: prefixes "10.0.0.0/8 to 24" has the word "to", not from or upto"#
        ),
        (
            "import: [{ communities: [65001:*:2], med: 1 }]",
            """
            9:28: communities "65001:*:2" is not a community or a pattern such as 65000:1, \
            65000:* or 65000:1:*
            """
        ),
        ("import: [{ remove-communities: [*] }]", #"9:35: a * must be quoted: "*""#),
        (
            "import: [{ add-communities: [65001:*] }]",
            """
            9:32: add-communities "65001:*" is not a community such as 65000:1, 65000:1:2 or \
            no-export
            """
        ),
        ("import: [{ prepend: 0 }]", #"9:23: prepend "0" is not a number from 1 to 20"#),
        (
            "import: [{ as-path-contains: [x], med: 1 }]",
            #"9:33: as-path-contains "x" is not an AS number"#
        ),
        (
            "export: [{ local-pref: 3 }]",
            "9:26: warning: local-pref is told to peers of our own AS only"
        ),
        ("role: costumer", #"9:9: role "costumer" is unknown; did you mean "customer"?"#),
        (
            "role: { local: customer, strikt: on }",
            #"9:28: unknown key "strikt"; did you mean "strict"?"#
        ),
        ("role: { strict: on }", "9:9: role has no local: { local: customer, strict: on }"),
        ("add-path: recieve", #"9:13: add-path "recieve" is unknown; did you mean "receive"?"#),
        ("multipath: link", #"9:14: multipath "link" is unknown; did you mean "links"?"#),
        ("identify: maybe", #"9:13: identify "maybe" is not on or off"#),
        ("enforce-first-as: 1", #"9:21: enforce-first-as "1" is not on or off"#),
        ("extended-messages: 1", #"9:22: extended-messages "1" is not on or off"#),
        ("next-hop-self: 1", #"9:18: next-hop-self "1" is not on or off"#),
        ("route-reflector-client: 1", #"9:27: route-reflector-client "1" is not on or off"#),
        (
            "graceful-restart: maybe",
            #"9:21: graceful-restart "maybe" is not on, off, or { time, long-lived }"#
        ),
        (
            "graceful-restart: { time: 4096s, long-lived: 1500ms, stale: 4 }",
            """
            9:29: time "4096s" is not a time of whole seconds from 1s to 4095s, such as 120s
            9:48: long-lived "1500ms" is not a time of whole seconds from 1s to 16777215s, such \
            as 24h
            9:56: unknown key "stale"; known here: time, long-lived
            """
        ),
        ("graceful-restart: { time: 120 }", #"9:29: time "120" needs a unit, as in 120s"#),
        (
            "graceful-restart: { long-lived: 16777216s }",
            """
            9:35: long-lived "16777216s" is not a time of whole seconds from 1s to 16777215s, \
            such as 24h
            """
        ),
        (
            "max-prefixes: { in: 9, hold-down: 0s }",
            #"9:37: hold-down "0s" is not a time from 1s to 168h, such as 15m"#
        ),
        (
            "max-prefixes: { in: 9, hold-down: 15 }",
            #"9:37: hold-down "15" needs a unit, as in 15m"#
        ),
        (
            "shutdown: \(String(repeating: "x", count: 256))",
            """
            9:13: shutdown "\(String(repeating: "x", count: 60))..." has 256 bytes; a peer is \
            told 255 at most
            """
        ),
        ("shutdown: \"a\\nb\"", #"9:13: shutdown "a?b" must be one line of text"#),
        (
            "extended-next-hop: on",
            "9:22: extended-next-hop needs an IPv6 address, and link a has none"
        ),
        (
            "route-reflector-client: on",
            "9:27: warning: route-reflector-client is for peers of our own AS; it does nothing here"
        ),
        (
            "next-hop-self: off",
            "9:18: warning: next-hop-self is for peers of our own AS; another one hears our address"
        ),
    ])
    func `a wrong key is faulted at its place`(_ keys: String, _ faults: String) {
        let text = Self.file(keys, ends: "address: 10.0.0.1/30, peer: 10.0.0.2", peerASN: 65001)
        #expect(circuit(text).sentences == faults.split(separator: "\n").map { "c.yaml:\($0)" })
    }

    @Test(arguments: [
        ("role: peer", "9:9: role is for a peer of another AS, and 64600 is our own"),
        ("role: { local: peer }", "9:9: role is for a peer of another AS, and 64600 is our own"),
    ])
    func `a role towards our own AS is faulted`(_ keys: String, _ fault: String) {
        let text = Self.file(keys, ends: "address: 10.0.0.1/30, peer: 10.0.0.2", peerASN: 64600)
        #expect(circuit(text).sentences == ["c.yaml:\(fault)"])
    }

    @Test(arguments: [
        "next-hop-self: off", "next-hop-self: on", "route-reflector-client: on",
        "route-reflector-client: off", "export: [{ local-pref: 3 }]",
    ])
    func `what means something to our own AS only is right there`(_ keys: String) {
        let text = Self.file(keys, ends: "address: 10.0.0.1/30, peer: 10.0.0.2", peerASN: 64600)
        #expect(circuit(text).sentences == [])
    }

    @Test func `IPv4 on a link without it needs extended next hops`() {
        let text = Self.file(
            "families: [ipv4, ipv6]", ends: "address6: fd00::1/64, peer6: fd00::2",
            peerASN: 65001)
        #expect(
            circuit(text).sentences == [
                "c.yaml:9:13: families has ipv4, and the link has no such address"
            ])
    }

    @Test(arguments: ["import", "export", "role", "add-path", "shutdown", "multipath", "identify"])
    func `a key of bgp at the top says where it belongs`(_ key: String) {
        let text =
            Self.file("med: 1", ends: "address: 10.0.0.1/30, peer: 10.0.0.2", peerASN: 65001)
            + "\n\(key): x"
        #expect(
            circuit(text).sentences == [
                "c.yaml:10:1: \"\(key)\" does not stand here but under bgp"
            ])
    }
}
