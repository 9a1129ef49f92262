// Wrong circuits, each with every fault it must give, word for word.

import Intent
import Testing

@Suite struct ReadingCircuitFaultsTests {
    @Test(arguments: wrongCircuits)
    func `a wrong circuit is faulted at its places, all at once`(_ wrong: Wrong) {
        #expect(circuit(wrong.text).sentences == wrong.faults)
    }
}

private let wrongCircuits: [Wrong] = [
    Wrong(
        """
        circuit: c
        """,
        """
        c.yaml:1:1: links is missing
        c.yaml:1:1: provider is missing
        c.yaml:1:1: tenant is missing
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: expresroute
        vlan: 5
        links: { a: { port: p, subnet: 10.0.0.0/30 } }
        """,
        """
        c.yaml:3:11: provider "expresroute" is unknown; did you mean "expressroute"?
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        bandwidth: 1000
        vlan: 4095
        links: { main: { port: campus, subnet: 10.0.0.0/30 } }
        """,
        """
        c.yaml:4:12: bandwidth "1000" needs a unit, as in 200Mbps or 1Gbps
        c.yaml:5:7: vlan "4095" is not a VLAN from 1 to 4094, { outer, inner }, or untagged
        c.yaml:6:40: dedicated does not say which host of subnet is ours; write address and peer
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        bandwidth: 1 Gbps
        vlan: { outer: 0, iner: 5 }
        links: { main: { port: campus, address: 10.0.0.1, peer: 10.0.0.2/30 } }
        bgp: { peer-asn: 1 }
        """,
        """
        c.yaml:4:12: bandwidth "1 Gbps" is not a rate such as 200Mbps or 1Gbps
        c.yaml:5:7: vlan has no inner tag at any level
        c.yaml:5:16: outer "0" is not a VLAN, 1 to 4094
        c.yaml:5:19: unknown key "iner"; did you mean "inner"?
        c.yaml:6:41: address "10.0.0.1" needs the length of its subnet, as in 10.0.0.1/30
        c.yaml:6:57: peer "10.0.0.2/30" must stand without its length
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        links: { main: { address: 10.0.0.1/30, peer: 10.0.0.2 } }
        """,
        """
        c.yaml:4:10: link main has no peer-asn, and dedicated no usual one
        c.yaml:4:10: link main has no port
        c.yaml:4:10: link main has no vlan: a number, { outer, inner } or untagged
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        port: campus
        links: { main: { address: 10.0.0.1/30, peer: 10.0.0.6 }, b: { address: 10.0.1.1/30, peer: 10.0.1.1 }, c: { address: 10.0.2.0/30, peer: fd00::1 }, d: { address: 10.0.2.3/30 }, e: {} }
        bgp: { peer-asn: 65000 }
        """,
        """
        c.yaml:6:46: peer 10.0.0.6 lies outside the link's subnet 10.0.0.0/30
        c.yaml:6:91: peer 10.0.1.1 is our own address
        c.yaml:6:136: peer "fd00::1" is IPv6; the key for that ends in 6
        c.yaml:6:147: link d has no peer for BGP
        c.yaml:6:161: 10.0.2.3/30 is the subnet's broadcast address and no host
        c.yaml:6:176: link e has no address
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: untaged
        port: campus
        mtu: 100
        links: {}
        bgp: { peer-asn: 65000, hold-time: 90, bdf: on, accept: 10.0.0.0/8 }
        """,
        """
        c.yaml:4:7: vlan "untaged" is not a VLAN from 1 to 4094, { outer, inner }, or untagged
        c.yaml:6:6: mtu "100" is not a number from 576 to 65535
        c.yaml:7:8: a peering has one to eight links, not 0
        c.yaml:8:36: hold-time "90" needs a unit, as in 90s
        c.yaml:8:40: unknown key "bdf"; did you mean "bfd"?
        c.yaml:8:57: accept must be a list in brackets or with dashes
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: { outer: 7 }
        port: campus
        links: { main: { address6: fd00::1/64, peer6: fd00::2, mtu: 1000 } }
        bgp: { peer-asn: 65000, hold-time: 2s, bfd: maybe, accept: [10.0.0.0/8 upto 4, 10.0.0.0/8 to 24], communities: [1:2:3:4, 65000:1], max-prefixes: { in: 0, warn: 101% }, families: [ipv4, ipv5], role: costumer, prepend: 21, ttl-security: 1, password-file: /etc/key, local-pref: -1, port: 70000, default-route: yes }
        """,
        """
        c.yaml:4:7: vlan has no inner tag at any level
        c.yaml:6:61: IPv6 needs an MTU of 1280 or more
        c.yaml:7:36: hold-time "2s" is not a time of whole seconds, 0s or 3s to 65535s, such as 90s
        c.yaml:7:45: bfd "maybe" is not on, off, or { interval, multiplier, strict }
        c.yaml:7:61: accept "10.0.0.0/8 upto 4" has lengths out of order: the prefix's own, from and upto must rise
        c.yaml:7:80: accept "10.0.0.0/8 to 24" has the word "to", not from or upto
        c.yaml:7:113: communities "1:2:3:4" is not a community such as 65000:1, 65000:1:2 or no-export
        c.yaml:7:152: in "0" is not a number from 1 to 4294967295
        c.yaml:7:161: warn "101%" is not a percentage from 1% to 100%
        c.yaml:7:179: families has ipv4, and the link has no such address
        c.yaml:7:186: families "ipv5" is not ipv4 or ipv6
        c.yaml:7:199: role "costumer" is unknown; did you mean "customer"?
        c.yaml:7:218: prepend "21" is not a number from 0 to 20
        c.yaml:7:236: ttl-security "1" is not on or off
        c.yaml:7:254: password-file "/etc/key" must be below the configuration directory, as in keys/NAME
        c.yaml:7:276: local-pref "-1" is not a number from 0 to 4294967295
        c.yaml:7:286: port "70000" is not a number from 1 to 65535
        c.yaml:7:308: default-route "yes" is not one of accept, advertise, both, off
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        port: campus
        links: { main: { address6: fd00::1/64, peer6: fd00:: } }
        bgp: { peer-asn: 65000 }
        """,
        """
        c.yaml:6:47: an IPv6 address that begins or ends with "::" must be quoted
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        port: campus
        links:
          main:
            address6: fd00::/64
            peer6: fd00::
            peers6: [::1, fd00::2]
            mtu: abc
        bgp: { peer-asn: 65000, accept: [::/0 upto 48, fd30::/16 upto 48], advertise: ["::/0"] }
        """,
        """
        c.yaml:9:12: an IPv6 address that begins or ends with "::" must be quoted
        c.yaml:10:13: peer6 and peers6 both name peers; one is enough
        c.yaml:10:14: an IPv6 address that begins or ends with "::" must be quoted
        c.yaml:11:10: mtu "abc" is not a number from 576 to 65535
        c.yaml:12:34: an IPv6 address that begins or ends with "::" must be quoted
        c.yaml:12:80: ::/0 passes only with default-route: advertise
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: dedicated
        vlan: 5
        routing: static
        routes: [172.16.0.0/12, fd00::/48, 172.16.0.0/12, 127.0.0.0/8]
        bgp: {}
        links: { main: { port: campus, address: 192.0.2.1/30, peer: 192.0.2.2 } }
        """,
        """
        c.yaml:6:25: route fd00::/48 needs a link with an IPv6 peer
        c.yaml:6:36: route 172.16.0.0/12 stands here twice
        c.yaml:6:51: 127.0.0.0/8 is never routed
        c.yaml:7:6: warning: bgp is not used with routing: static
        """),
]
