// What a password's file is judged by, and that a changed one is a changed session.

import Intent
import Net
import Testing

@Suite struct KeyFileTests {
    private func file(_ password: String, digest: UInt64 = 7, tooOpen: Bool = false) -> KeyFile {
        KeyFile(password: password.utf8, digest: digest, isTooOpen: tooOpen)
    }

    private func azure(_ key: KeyFile?) -> Document<Circuit> {
        circuit(
            """
            circuit: c
            tenant: t
            provider: expressroute
            vlan: 5
            links:
              primary: { edge: ord1, port: ecx-a, subnet: 169.254.10.0/30 }
              secondary: { edge: ord2, port: ecx-a, subnet: 169.254.10.4/30 }
            bgp: { password-file: keys/k }
            """, keys: key.map { ["keys/k": $0] } ?? [:])
    }

    private func digest(_ document: Document<Circuit>) -> UInt64? {
        document.value?.peerings.first?.links.first?.sessions.first?.password?.digest
    }

    @Test(arguments: [
        ("", "is empty"), (String(repeating: "x", count: 81), "holds 81 bytes, 80 is the most"),
    ])
    func `what nothing can be signed with keeps sessions down`(
        _ password: String, _ reason: String
    ) {
        let document = azure(file(password))
        #expect(
            document.sentences == ["c.yaml:8:23: warning: keys/k \(reason); its sessions stay down"]
        )
        #expect(document.value != nil)
        #expect(digest(document) == nil)
    }

    @Test(arguments: [
        ("abc-123", "the password may hold letters and digits only"),
        (
            "abcdefghijklmnopqrstuvwxyz",
            "the password has 26 bytes; at most 25 are taken"
        ),
    ])
    func `what the provider does not take is warned of, and tried`(
        _ password: String, _ reason: String
    ) {
        let document = azure(file(password))
        #expect(
            document.sentences == [
                "c.yaml:8:23: warning: keys/k is nothing for expressroute: \(reason)"
            ])
        #expect(digest(document) == 7)
    }

    @Test func `a file that could not be opened is judged by its presence`() {
        #expect(azure(KeyFile(digest: 7, isTooOpen: false)).sentences == [])
    }

    @Test func `another password is another session`() throws {
        let before = try #require(azure(file("abc", digest: 1)).value)
        let after = try #require(azure(file("abd", digest: 2)).value)
        #expect(Catalog.impact(from: before, to: after) == .session)
        #expect(Catalog.impact(from: before, to: before) == .none)
    }

    @Test func `a password that goes or comes is another session`() throws {
        let before = try #require(azure(file("abc")).value)
        let after = try #require(azure(nil).value)
        #expect(Catalog.impact(from: before, to: after) == .session)
        #expect(Catalog.impact(from: after, to: before) == .session)
    }

    @Test(arguments: [
        ("secret", "secret"), ("  secret\r\n\n", "secret"), ("two words\n", "two words"),
        ("secret ", "secret "), ("\n", ""), ("   ", ""),
    ])
    func `spaces before a password and line ends behind it are none of it`(
        _ contents: String, _ password: String
    ) {
        #expect(SigningSecret.password(in: Array(contents.utf8)) == Array(password.utf8))
    }
}
