// Wrong circuitd.yaml, each with every fault it must give, word for word.

import Intent
import Testing

@Suite struct ReadingEdgeFaultsTests {
    @Test(arguments: wrongEdges)
    func `wrong settings are faulted at their places, all at once`(_ wrong: Wrong) {
        #expect(settings(wrong.text).sentences == wrong.faults)
    }
}

private let wrongEdges: [Wrong] = [
    Wrong(
        "",
        """
        circuitd.yaml:1:1: the file is empty
        """),
    Wrong(
        """
        # only words
        """,
        """
        circuitd.yaml:1:1: the file is empty
        """),
    Wrong(
        """
        edge: ord1
        """,
        """
        circuitd.yaml:1:1: asn is missing
        circuitd.yaml:1:1: router-id is missing
        """),
    Wrong(
        """
        [1, 2]
        """,
        """
        circuitd.yaml:1:1: the file must be a mapping of keys to values
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        prots: {}
        """,
        """
        circuitd.yaml:3:1: unknown key "prots"; did you mean "ports"?
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        asn: 64601
        """,
        """
        circuitd.yaml:3:1: duplicate key "asn"; the first is at 2:1
        """),
    Wrong(
        """
        router-id: 203.0.113
        asn: 0
        """,
        """
        circuitd.yaml:1:12: router-id "203.0.113" is not an IPv4 address such as 203.0.113.7
        circuitd.yaml:2:6: asn "0" is reserved and nobody's AS number
        """),
    Wrong(
        """
        router-id: 0.0.0.0
        asn: 4294967296
        """,
        """
        circuitd.yaml:1:12: router-id "0.0.0.0" is not an IPv4 address such as 203.0.113.7
        circuitd.yaml:2:6: asn "4294967296" is not an AS number
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 23456
        """,
        """
        circuitd.yaml:2:6: asn "23456" is reserved and nobody's AS number
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 064600
        """,
        """
        circuitd.yaml:2:6: asn "064600" is not an AS number
        """),
    Wrong(
        """
        router-id: [203.0.113.7]
        asn: {}
        """,
        """
        circuitd.yaml:1:12: router-id is a list, not an IPv4 address such as 203.0.113.7
        circuitd.yaml:2:6: asn is a mapping, not an AS number
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn:
        """,
        """
        circuitd.yaml:2:5: asn has no value; it is an AS number
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: { a: { device: eth0/1 } }
        """,
        """
        circuitd.yaml:3:23: device "eth0/1" is not a device's name of at most 15 characters
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: { a: { device: eth0, outer-tpid: 0x9100 }, b: { device: eth0 } }
        """,
        """
        circuitd.yaml:3:41: outer-tpid "0x9100" cannot be made by Linux: an outer tag is 802.1q (0x8100) or 802.1ad (0x88a8)
        circuitd.yaml:3:64: device eth0 is port "a" already
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: { a: { mtu: 90 } }
        """,
        """
        circuitd.yaml:3:13: ports.a has no device
        circuitd.yaml:3:20: mtu "90" is not a number from 576 to 65535
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: { a.b: { device: e, mtu: 09000, outer-tpid: 802.1x } }
        """,
        """
        circuitd.yaml:3:10: port "a.b" is not a name of at most 63 letters, digits, - and _
        circuitd.yaml:3:33: mtu "09000" begins with a zero; write plain decimal numbers
        circuitd.yaml:3:52: outer-tpid "802.1x" is not 802.1q or 802.1ad
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: []
        kernel: { protocol: 4, metric: 0 }
        """,
        """
        circuitd.yaml:3:8: ports must be a mapping of keys to values
        circuitd.yaml:4:21: protocol "4" is not a number from 5 to 255
        circuitd.yaml:4:32: metric "0" is not a number from 1 to 4278198271
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        kernel: { protocol: 186, metrik: 0 }
        """,
        """
        circuitd.yaml:3:21: warning: protocol 186 is FRR's; its routes would be ours
        circuitd.yaml:3:26: unknown key "metrik"; did you mean "metric"?
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        \tasn: 64600
        """,
        """
        circuitd.yaml:2:1: a tab cannot indent; use spaces
        """),
    Wrong(
        """
        router-id: "203.0.113.7
        asn: 64600
        """,
        """
        circuitd.yaml:1:12: this quote is not closed
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: { a: { device: x }
        """,
        """
        circuitd.yaml:3:8: this brace { is not closed
        """),
    Wrong(
        """
        router-id: &a 203.0.113.7
        asn: *b
        """,
        """
        circuitd.yaml:2:6: alias "b" has no anchor before it
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ports: &p { a: *p }
        """,
        """
        circuitd.yaml:3:16: anchor "p" refers to itself
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: !!int 64600
        """,
        """
        circuitd.yaml:2:6: tags (!...) are not used in these files
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        ---
        edge: x
        """,
        """
        circuitd.yaml:3:1: a file holds one document; a second one begins here
        """),
    Wrong(
        """
        ? [a, b]
        : c
        router-id: 203.0.113.7
        asn: 64600
        """,
        """
        circuitd.yaml:1:3: a key must be a single word, not a list or a mapping
        """),
    Wrong(
        """
        <<: {a: b}
        router-id: 203.0.113.7
        asn: 64600
        """,
        """
        circuitd.yaml:1:1: merge keys (<<) are not used here; a key that holds for several links stands one level up
        """),
    Wrong(
        """
        router-id: 203.0.113.7
        asn: 64600
        edge: @home
        """,
        """
        circuitd.yaml:3:7: this character must be inside quotes here
        """),
    Wrong(
        """
        router-id: 203.0.113.7
         asn: 64600
        """,
        """
        circuitd.yaml:2:5: a second "key:" on one line, or an indentation that does not fit
        """),
    Wrong(
        """
        router-id: 203.0.113.7 asn: 64600
        """,
        """
        circuitd.yaml:1:27: a second "key:" on one line, or an indentation that does not fit
        """),
]
