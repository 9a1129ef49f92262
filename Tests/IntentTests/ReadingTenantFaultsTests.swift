// Wrong tenants, each with every fault it must give, word for word.

import Intent
import Testing

@Suite struct ReadingTenantFaultsTests {
    @Test(arguments: wrongTenants)
    func `a wrong tenant is faulted at its places, all at once`(_ wrong: Wrong) {
        #expect(tenant(wrong.text).sentences == wrong.faults)
    }
}

private let wrongTenants: [Wrong] = [
    Wrong(
        """
        tenant: acme
        """,
        """
        tenants/t.yaml:1:1: vrf is missing: { table: NUMBER }, or none for the main table
        """),
    Wrong(
        """
        tenant: acme one
        vrf: 1001
        """,
        """
        tenants/t.yaml:1:9: tenant "acme one" is not a name of at most 63 letters, digits, - and _
        tenants/t.yaml:2:6: vrf "1001" is not none, or a mapping { table: NUMBER }
        """),
    Wrong(
        """
        tenant: acme
        vrf: { table: 254 }
        """,
        """
        tenants/t.yaml:2:15: table "254" is one of the kernel's own tables; `vrf: none` means the main table
        """),
    Wrong(
        """
        tenant: acme
        vrf: { tabel: 1001 }
        """,
        """
        tenants/t.yaml:2:6: vrf has no table
        tenants/t.yaml:2:8: unknown key "tabel"; did you mean "table"?
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        networks: 10.0.0.0/8
        """,
        """
        tenants/t.yaml:3:11: networks must be a list in brackets or with dashes
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        networks: [10.0.0.1/8, 10.0.0.0, 127.0.0.0/8, 10.1.0.0/16, 10.1.0.0/16, 10.0.0.0/33]
        """,
        """
        tenants/t.yaml:3:12: networks "10.0.0.1/8" has bits behind its length; the prefix is 10.0.0.0/8
        tenants/t.yaml:3:24: networks "10.0.0.0" needs a length, as in 10.0.0.0/24
        tenants/t.yaml:3:34: 127.0.0.0/8 is never routed
        tenants/t.yaml:3:60: network 10.1.0.0/16 stands here twice
        tenants/t.yaml:3:73: networks "10.0.0.0/33" is not a prefix such as 10.0.0.0/8
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        networks: [{ prefix: 10.0.0.0/8, when: allways }, { when: always }]
        """,
        """
        tenants/t.yaml:3:40: when "allways" is unknown; did you mean "always"?
        tenants/t.yaml:3:51: networks.1 has no prefix
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        networks: [fd00:::/32, ::/32, fd00::]
        """,
        """
        tenants/t.yaml:3:12: networks "fd00:::/32" is not a prefix such as 10.0.0.0/8
        tenants/t.yaml:3:24: an IPv6 address that begins or ends with "::" must be quoted
        tenants/t.yaml:3:31: an IPv6 address that begins or ends with "::" must be quoted
        tenants/t.yaml:3:31: networks "fd00::" needs a length, as in fd00::/24
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        exchange: [{ from: a }, { from: a, to: a }, { from: a, to: b, prefixes: [10.0.0.0/16 upto 8] }, { from: a, to: b }, {from: a, to: b}]
        """,
        """
        tenants/t.yaml:3:12: exchange.0 has no to
        tenants/t.yaml:3:40: routes never pass from a circuit back into itself
        tenants/t.yaml:3:74: prefixes "10.0.0.0/16 upto 8" has lengths out of order: the prefix's own, from and upto must rise
        tenants/t.yaml:3:97: from a to b stands here twice
        tenants/t.yaml:3:117: from a to b stands here twice
        """),
    Wrong(
        """
        tenant: acme
        vrf: none
        exchange: { from: a, to: b }
        """,
        """
        tenants/t.yaml:3:11: exchange must be a list in brackets or with dashes
        """),
]
