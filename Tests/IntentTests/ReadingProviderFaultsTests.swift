// Wrong circuits against the rules of their provider, each with every fault it must give, word for word.

import Intent
import Testing

@Suite struct ReadingProviderFaultsTests {
    @Test(arguments: wrongProviders)
    func `what a provider refuses is faulted, and what it may refuse is warned of`(_ wrong: Wrong) {
        #expect(circuit(wrong.text).sentences == wrong.faults)
    }
}

private let wrongProviders: [Wrong] = [
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: expressroute
        vlan: 5
        links:
          primary: { edge: ord1, port: ecx-a, subnet: 169.254.10.0/29 }
          second: { edge: ord1, port: ecx-a, vlan: 6, subnet: 169.254.10.8/30, mtu: 9000 }
        bgp: { peer-asn: 12077, local-asn: 65515, max-prefixes: { out: 20000 } }
        """,
        """
        c.yaml:6:3: expressroute demands the links primary and secondary; secondary is missing
        c.yaml:6:47: a link of expressroute has a /30, not /29
        c.yaml:7:3: expressroute has the links primary and secondary, and no link "second"
        c.yaml:7:31: warning: primary and second share one port and so are not redundant
        c.yaml:7:44: expressroute demands the same VLAN on primary and second
        c.yaml:7:77: expressroute carries at most 1500 bytes, not 9000
        c.yaml:8:18: expressroute is always AS 12076, not 12077
        c.yaml:8:36: expressroute refuses AS 65515 as ours
        c.yaml:8:64: expressroute takes at most 10000 prefixes from us
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: expressroute
        port: ecx-a
        peerings:
          azure-privat:
            vlan: { outer: 1, inner: 1 }
            links: { primary: { subnet: 169.254.10.0/30 }, secondary: { subnet: 169.254.10.4/30 } }
          azure-microsoft:
            vlan: { outer: 2, inner: 1 }
            links: { primary: { subnet: 169.254.10.0/30 }, secondary: { subnet: 198.51.100.4/30 } }
            bgp: { accept: [10.0.0.0/8, 127.0.0.0/8], default-route: accept, advertise: [0.0.0.0/0] }
        links: {}
        """,
        """
        c.yaml:4:7: warning: primary and secondary share one port and so are not redundant
        c.yaml:6:3: peering "azure-privat" is unknown; did you mean "azure-private"?
        c.yaml:10:11: expressroute gives a circuit one outer tag for all its peerings
        c.yaml:11:33: links of azure-microsoft need public addresses
        c.yaml:12:21: 10.0.0.0/8 is private space, which azure-microsoft refuses
        c.yaml:12:33: warning: 127.0.0.0/8 never passes
        c.yaml:12:62: azure-microsoft carries no default route
        c.yaml:12:82: 0.0.0.0/0 passes only with default-route: advertise
        c.yaml:13:8: links stands in each peering where there are peerings
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: direct-connect
        links:
          a: { port: ecx-a, vlan: 1401, subnet: 169.254.96.0/30, address: 169.254.96.2/30, bgp: { peer-asn: 64512, ttl-security: on, hold-time: 0, bfd: { interval: 100ms, multiplier: 2 }, graceful-restart: on, password-file: keys/none } }
        """,
        """
        c.yaml:5:67: subnet and address both say our address; one is enough
        c.yaml:5:122: direct-connect sends with TTL 1, so ttl-security would refuse it
        c.yaml:5:137: direct-connect refuses a hold time of 0
        c.yaml:5:145: warning: direct-connect takes BFD intervals from 300ms to 60s
        c.yaml:5:145: warning: direct-connect takes BFD multipliers from 3 to 255
        c.yaml:5:199: warning: direct-connect asks for graceful restart or BFD, not both
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: partner-interconnect
        vlan: 5
        links: { a: { port: ecx-a, address: 169.254.1.2/29, peer: 169.254.1.1 } }
        bgp: { peer-asn: 16551, bfd: { interval: 300ms, multiplier: 5 } }
        """,
        """
        c.yaml:6:18: warning: partner-interconnect is usually AS 16550, not 16551
        c.yaml:6:30: warning: partner-interconnect takes BFD intervals from 1s to 30s
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: fastconnect
        vlan: 5
        links: { a: { port: ecx-a, subnet: 10.0.0.0/24, mtu: 9001 }, b: { port: ecx-a, address: 10.0.1.1/32, peers: 10.0.1.2 } }
        bgp: { hold-time: 10s }
        """,
        """
        c.yaml:5:36: a link of fastconnect has a /28 to /31, not /24
        c.yaml:5:54: fastconnect carries at most 9000 bytes, not 9001
        c.yaml:5:109: peers is a list of addresses, or a mapping of addresses to their keys
        c.yaml:6:19: fastconnect takes hold times from 18s to 180s
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: direct-connect
        links: { a: { port: ecx-a, vlan: 7, subnet: 10.0.0.0/30, bgp: { peer-asn: 64512, max-prefixes: { out: 200 } } }, b: { port: ecx-a, vlan: 8, subnet: 10.0.0.4/32, bgp: { peer-asn: 64512, max-prefixes: { out: 2000 } } } }
        """,
        """
        c.yaml:4:10: warning: direct-connect demands a password-file
        c.yaml:4:103: warning: direct-connect usually takes at most 100 ipv4 prefixes from us
        c.yaml:4:114: warning: direct-connect demands a password-file
        c.yaml:4:149: a /32 has no room for two ends
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: expressroute
        peering: azure-microsoft
        vlan: 7
        links:
          primary:   { edge: ord1, port: ecx-a, subnet: 198.51.100.0/30 }
          secondary: { edge: ord2, port: ecx-a, subnet: 198.51.100.4/30 }
        bgp: { prepend: 2, hold-time: soon, bfd: { interval: 5ms, multiplier: 0, strikt: on } }
        """,
        """
        c.yaml:9:17: warning: expressroute strips the private AS 64600, so prepending it does nothing
        c.yaml:9:31: hold-time "soon" is not a time of whole seconds, 0s or 3s to 65535s, such as 90s
        c.yaml:9:54: interval "5ms" is not a time from 10ms to 60s, such as 300ms
        c.yaml:9:71: multiplier "0" is not a number from 1 to 255
        c.yaml:9:74: unknown key "strikt"; did you mean "strict"?
        """),
    Wrong(
        """
        circuit: c
        tenant: acme
        provider: expressroute
        peerings:
          azure-private:
            vlan: 7
            links: { primary: { edge: ord1, port: ecx-a, subnet: 10.0.0.0/30 }, secondary: { edge: ord2, port: ecx-a, subnet: 10.0.0.4/30 } }
          azure-microsoft:
            vlan: 7
            links: { primary: { edge: ord1, port: ecx-a, subnet: 192.0.2.0/30 }, secondary: { edge: ord2, port: ecx-a, subnet: 192.0.2.4/30 } }
        """,
        """
        c.yaml:9:11: each peering has a VLAN of its own; azure-private has this one
        """),
]
