// Wrong links and peerings, each with every fault it must give, word for word.

import Intent
import Testing

@Suite struct ReadingLinkFaultsTests {
    @Test(arguments: wrongLinks)
    func `a wrong link is faulted at its places, all at once`(_ wrong: Wrong) {
        #expect(circuit(wrong.text).sentences == wrong.faults)
    }
}

private let wrongLinks: [Wrong] = [
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        routing: dynamic
        routes: [172.16.0.0/12]
        subnet: 10.0.0.0/30
        links: { main: { port: campus, address: 192.0.2.1/30, peer: 192.0.2.2, peers: [192.0.2.2], tenant: b, hold-time: 90s, provider: x, foo: 1 } }
        """,
        """
        c.yaml:5:10: routing "dynamic" is not bgp, static or both
        c.yaml:7:1: "subnet" does not stand here but in a link
        c.yaml:8:79: peer and peers both name peers; one is enough
        c.yaml:8:92: "tenant" does not stand here but in the peering or at the top
        c.yaml:8:103: "hold-time" does not stand here but under bgp
        c.yaml:8:119: "provider" does not stand here but at the top of the file
        c.yaml:8:132: unknown key "foo"
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        routes: [172.16.0.0/12]
        links: { main: { port: campus, address: 192.0.2.1/29, peers: { 192.0.2.2: { bgp: { med: x } }, 192.0.2.3: , 192.0.2.2x: {}, 192.0.2.4: { hold-time: 9s } } } }
        bgp: { peer-asn: 65000 }
        """,
        """
        c.yaml:5:9: routes are only used with routing: static or both
        c.yaml:6:89: med "x" is not a number from 0 to 4294967295
        c.yaml:6:109: peers "192.0.2.2x" is not an IP address such as 10.0.0.1
        c.yaml:6:138: "hold-time" does not stand here but under bgp
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        links: { main: { port: campus, address: 192.0.2.1/29, peers: [192.0.2.2, 192.0.2.2], bgp: { families: [ipv4, ipv6], max-prefixes: 5, password-file: keys/../x } } }
        bgp: { peer-asn: 65000 }
        """,
        """
        c.yaml:5:74: peer 192.0.2.2 stands here twice
        c.yaml:5:103: families has ipv6, and the link has no such address
        c.yaml:5:131: max-prefixes must be a mapping of keys to values
        c.yaml:5:149: password-file "keys/../x" is not a file below keys/, such as keys/acme-azure
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        routing: static
        vlan: 5
        links:
          main: { port: campus, address6: fd00::5/64, peer6: ::1 }   # not ::1, nor fd00::
        note: ::1 is text here, and so is "fd00::
        """,
        """
        c.yaml:7:54: an IPv6 address that begins or ends with "::" must be quoted
        c.yaml:8:41: a second "key:" on one line, or an indentation that does not fit
        """),
    Wrong(
        """
        circuit: c
        provider: dedicated
        peerings: {}
        """,
        """
        c.yaml:3:11: a circuit has at least one peering
        """),
    Wrong(
        """
        circuit: c
        provider: dedicated
        peerings:
          a: { vlan: 5, subnet: 10.0.0.0/30, provider: x }
          b c: []
        """,
        """
        c.yaml:4:3: peerings.a has no links
        c.yaml:4:3: peerings.a has no tenant
        c.yaml:4:17: "subnet" does not stand here but in a link
        c.yaml:4:38: "provider" does not stand here but at the top of the file
        c.yaml:5:3: peering "b c" is not a name of at most 63 letters, digits, - and _
        c.yaml:5:8: b c must be a mapping of keys to values
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: inside
        vlan: 5
        links: { a: { port: ecx-a, address: 127.0.0.1/8, peer: 127.0.0.2 }, b: { port: ecx-a, address: 224.0.0.1/24, peer: 224.0.0.2 } }
        bgp: { peer-asn: 64710, password-file: keys/gone }
        """,
        """
        c.yaml:5:37: 127.0.0.1/8 cannot be an address of a link
        c.yaml:5:96: 224.0.0.1/24 cannot be an address of a link
        c.yaml:6:40: warning: keys/gone is missing; its sessions stay down
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: inside
        vlan: [5]
        links: { a: { port: ecx-a, address: 10.0.0.1/24, peer: 10.0.0.2, bgp: on } }
        """,
        """
        c.yaml:4:7: vlan is a list, not a VLAN from 1 to 4094, { outer, inner }, or untagged
        c.yaml:5:10: link a has no peer-asn, and inside no usual one
        c.yaml:5:71: bgp must be a mapping of keys to values
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        links: { main: { port: campus, address: 10.0.0.1/30, address6: 10.0.0.1/30, peers6: [10.0.0.2] }, b: { port: campus, address: fd00::1/64, peer: x } }
        bgp: { peer-asn: 64710 }
        """,
        """
        c.yaml:5:64: address6 "10.0.0.1/30" is IPv4; the key for that has no 6
        c.yaml:5:86: peers6 "10.0.0.2" is IPv4; the key for that has no 6
        c.yaml:5:127: address "fd00::1/64" is IPv6; the key for that ends in 6
        c.yaml:5:145: peer "x" is not an IPv4 address such as 10.0.0.1
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        links: { main: { port: campus, address: 10.0.0.1/30, peers: { 10.0.0.2: 5 } } }
        bgp: { peer-asn: 64710, accept: [10.1.0.0/8, 10.0.0.0/8 upto, [10.0.0.0/8], ], communities: [65536:1, no-exports] }
        """,
        """
        c.yaml:5:73: 10.0.0.2 must be a mapping of keys to values
        c.yaml:6:34: accept "10.1.0.0/8" has bits behind its length; the prefix is 10.0.0.0/8
        c.yaml:6:46: accept "10.0.0.0/8 upto" is not a prefix rule such as 10.0.0.0/8, 10.0.0.0/8 upto 24 or 10.0.0.0/8 from 16 upto 24
        c.yaml:6:63: accept is a list, not a prefix rule such as 10.0.0.0/8, 10.0.0.0/8 upto 24 or 10.0.0.0/8 from 16 upto 24
        c.yaml:6:94: communities "65536:1" is not a community such as 65000:1, 65000:1:2 or no-export
        c.yaml:6:103: communities "no-exports" is not a community such as 65000:1, 65000:1:2 or no-export
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        edge: "ord 1"
        service-key: [a]
        bandwidth: 99999999999999999999Gbps
        links: { "a.b": { port: campus, address: 10.0.0.1/30, peer: 10.0.0.2 } }
        bgp: { peer-asn: 64710, peer-asn: 64711 }
        """,
        """
        c.yaml:5:7: edge "ord 1" is not a host's name
        c.yaml:6:14: service-key is a list, not a text
        c.yaml:7:12: bandwidth "99999999999999999999Gbps" is not a rate such as 200Mbps or 1Gbps
        c.yaml:8:10: link "a.b" is not a name of at most 63 letters, digits, - and _
        c.yaml:9:25: duplicate key "peer-asn"; the first is at 9:8
        """),
    Wrong(
        """
        circuit: *c
        tenant: acme
        provider: dedicated
        vlan: 0123
        links: { main: { port: campus, address: 010.0.0.1/30, peer: 10.0.0.2 } }
        bgp: { peer-asn: 64710 }
        """,
        """
        c.yaml:1:10: alias "c" has no anchor before it
        c.yaml:4:7: vlan "0123" is not a VLAN from 1 to 4094, { outer, inner }, or untagged
        c.yaml:5:41: address "010.0.0.1/30" is not an IPv4 address with its length, such as 10.0.0.1/30
        """),
]
