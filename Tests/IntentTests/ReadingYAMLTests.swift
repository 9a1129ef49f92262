// The shape of files: what YAML would guess and we do not, places, limits, and what is torn apart.

import Intent
import Net
import Testing

/// Bytes that are shown by a word.
struct Raw: Sendable, CustomStringConvertible {
    let description: String
    let bytes: [UInt8]
    let fault: String

    init(_ description: String, _ bytes: [UInt8], _ fault: String) {
        self.description = description
        self.bytes = bytes
        self.fault = fault
    }
}

@Suite struct ReadingYAMLTests {
    private let rest = "asn: 64600\nrouter-id: 203.0.113.7\n"

    @Test(arguments: ["no", "12:30", "0123", "1e3", "0x10", "~", "null", "2026-11-20", ".5", "yes"])
    func `text that YAML would take for something else stays text`(_ text: String) throws {
        let document = settings("\(rest)ports: { a: { device: eth0, cage: \(text) } }")
        #expect(document.value?.ports["a"]?.place["cage"] == text)
    }

    @Test(arguments: ["on", "true", "yes", "\"on\""])
    func `a flag is on in any of YAML's spellings`(_ text: String) throws {
        let document = circuit(link("bgp: { peer-asn: 1, as-override: \(text) }"))
        #expect(document.value?.peerings.first?.links.first?.sessions.first?.overridesAS == true)
    }

    @Test func `a name that looks like a flag is a name`() {
        #expect(tenant("tenant: no\nvrf: none").value?.name == "no")
    }

    @Test(arguments: [
        ("\u{FEFF}edge: a b", "circuitd.yaml:1:7: edge \"a b\" is not a host's name"),
        ("site: 1\r\nedge: a b", "circuitd.yaml:2:7: edge \"a b\" is not a host's name"),
        ("# é\nedge: é", "circuitd.yaml:2:7: edge \"é\" is not a host's name"),
        (
            "ports: { é: {}, a b: {} }",
            "circuitd.yaml:1:17: port \"a b\" is not a name of at most 63 letters, digits, - and _"
        ),
        ("edge: |\n  a\n  b", "circuitd.yaml:1:7: edge \"a?b\" is not a host's name"),
    ])
    func `columns count characters, whatever the bytes`(_ text: String, _ fault: String) {
        #expect(settings(text).sentences.contains(fault))
    }

    @Test(arguments: [
        Raw(
            "a control", Array("edge: a\nasn: \u{1}1".utf8), "2:6: a control character is not text"),
        Raw("broken", Array("edge: a\nasn: ".utf8) + [0xFF], "2:6: the file is not UTF-8 text"),
        Raw("UTF-16", [0xFF, 0xFE, 0x61, 0x00], "1:1: the file is not UTF-8 text"),
        Raw(
            "large", Array(repeating: 0x20, count: (1 << 20) + 1),
            "1:1: the file is larger than 1 MB"),
        Raw(
            "deep", Array("a: \(String(repeating: "[", count: 100_000))".utf8),
            "1:35: nested deeper than 32 levels"),
        Raw(
            "long", Array("a: [\(String(repeating: "1,", count: 100_000))]".utf8),
            "1:199999: more than 100000 values, aliases followed"),
        Raw(
            "wide", Array((0..<5000).map { "k\($0):\n" }.joined().utf8),
            "4097:1: more than 4096 keys in one mapping"),
    ])
    func `what is no text of ours is refused before it is read`(_ raw: Raw) {
        let document = Reader.settings(raw.bytes, file: "f", hostName: "h")
        #expect(document.sentences == ["f:\(raw.fault)"])
    }

    @Test func `aliases that multiply are refused`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            let many = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(many)]\n"
        }
        #expect(
            settings(text).sentences == [
                "circuitd.yaml:5:45: more than 100000 values, aliases followed"
            ])
    }

    @Test func `an alias stands for what its anchor holds`() {
        let document = circuit(
            """
            circuit: c
            tenant: t
            provider: dedicated
            port: campus
            bgp: { peer-asn: 65001 }
            links:
              a: { vlan: 5, address: 10.0.0.1/30, peer: 10.0.0.2, bgp: &own { med: 7 } }
              b: { vlan: 6, address: 10.0.0.5/30, peer: 10.0.0.6, bgp: *own }
            """)
        #expect(document.sentences == [])
        #expect(document.value?.peerings.first?.links.map(\.sessions.first?.med) == [7, 7])
    }

    @Test(arguments: [
        "fd00::", "::", "::1", "fd00::/64", "::/0", "::1/128", "[::1]", "[fd00::]", "[fd00::, a]",
        "[::/0 from 8 upto 48]", "{ x: ::1 }", "{ x: fd00:: }", "{ ::1: x }", "[a, ::]",
    ])
    func `an address that YAML would tear apart is named, or is read`(_ text: String) throws {
        let document = tenant("tenant: t\nvrf: none\nnote: \(text)\n")
        let column = try #require(text.firstRange(of: /[0-9a-f]*::/)).lowerBound
        let place = 7 + text.distance(from: text.startIndex, to: column)
        let torn =
            "tenants/t.yaml:3:\(place): an IPv6 address that begins or ends with \"::\" must be quoted"
        // In a block, at the end of a line only an ending `::` is torn.
        let isText = ["::1", "fd00::/64", "::/0", "::1/128"].contains(text)
        #expect(document.sentences.contains(torn) == !isText)
        #expect(document.faults.count <= 2)
    }

    @Test(arguments: [
        "note: \"fd00::\"", "note: 'a ::1 b'", "note: b # fd00::", "# [::1]", "note: |\n  [::1]",
        "note: see ::1 there",
    ])
    func `quoted addresses, comments and prose are left alone`(_ line: String) {
        #expect(tenant("tenant: t\nvrf: none\n\(line)\n").sentences == [])
    }

    @Test func `a file full of torn addresses names them and the rest of what is wrong`() {
        let list = Array(repeating: "  - fd00::", count: 12).joined(separator: "\n")
        let document = tenant("tenant: t\nvrf: 5\nnetworks:\n\(list)\n")
        let torn = document.faults.filter { $0.sentence.hasPrefix("an IPv6") }
        #expect(torn.map(\.line) == Array(4...15))
        #expect(
            document.sentences.first
                == "tenants/t.yaml:2:6: vrf \"5\" is not none, or a mapping { table: NUMBER }")
    }

    @Test func `settings without an edge are those of the host`() {
        #expect(settings(rest).value?.edge == "ord9")
    }

    private func link(_ more: String) -> String {
        """
        circuit: c
        tenant: t
        provider: dedicated
        vlan: 5
        links: { a: { port: campus, address: 10.0.0.1/30, peer: 10.0.0.2 } }
        \(more)
        """
    }
}
