import Control
import FoundationEssentials
import Glibc
import Intent
import Testing

@testable import circuitctl

/// A directory of the test's own, taken away with all that is in it.
final class Directory {
    let path: String

    init() throws {
        var template = Array("/tmp/circuitctl-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        for folder in ["tenants", "circuits", "keys"] { mkdir("\(path)/\(folder)", 0o755) }
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
        chmod("\(path)/\(name)", mode)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct `Reading a configuration directory` {
    @Test func `all files of the two folders are read, but for hidden ones`() throws {
        let directory = try Directory()
        for name in [
            "circuitd.yaml", "notes.yaml", "tenants/acme.yaml", "circuits/a.yaml",
            "circuits/.a.yaml.swp", "circuits/.hidden.yaml", "circuits/b.yml",
        ] {
            try directory.write(name, name)
        }
        let read = try ConfigDirectory(directory.path)
        #expect(
            read.files.keys.sorted() == [
                "circuitd.yaml", "circuits/a.yaml", "circuits/b.yml", "tenants/acme.yaml",
            ])
        #expect(read.files["circuits/a.yaml"] == Array("circuits/a.yaml".utf8))
        #expect(read.count(in: "circuits") == 1)
        #expect(read.faults == [])
    }

    @Test(arguments: [(0o600 as mode_t, false), (0o640, false), (0o644, true), (0o660, true)])
    func `keys are known by mode and form, and never by what they are`(
        mode: mode_t, isTooOpen: Bool
    ) throws {
        let directory = try Directory()
        try directory.write("keys/acme", "secret", mode: mode)
        let key = try ConfigDirectory(directory.path).keys["keys/acme"]
        #expect(key?.isTooOpen == isTooOpen)
        #expect(key?.digest == 0)
        #expect(key?.form == PasswordForm(of: "secret".utf8))
        #expect(key?.fault == nil)
    }

    @Test(arguments: [
        ("", "keys/k is empty; its sessions stay down"),
        ("\n", "keys/k is empty; its sessions stay down"),
        (
            String(repeating: "x", count: 81),
            "keys/k holds 81 bytes, 80 is the most; its sessions stay down"
        ),
        (
            "two words\n",
            "keys/k is nothing for dedicated: the password may hold printable characters only"
        ),
    ])
    func `a key is judged as the daemon judges it`(password: String, sentence: String) throws {
        let directory = try Directory()
        try directory.write("circuitd.yaml", settings)
        try directory.write("tenants/acme.yaml", tenant)
        try directory.write("keys/k", password, mode: 0o600)
        try directory.write(
            "circuits/acme-dc.yaml",
            """
            circuit: acme-dc
            tenant: acme
            provider: dedicated
            vlan: untagged
            links: { main: { port: campus, address: 192.0.2.1/30, peer: 192.0.2.2 } }
            bgp: { peer-asn: 65001, password-file: keys/k }

            """)
        let end = ending(["check", directory.path])
        #expect(end.code == .fine)
        #expect(
            end.out == """
                circuits/acme-dc.yaml:6:40: warning: \(sentence)
                1 circuit, 1 tenant: no faults, 1 warning

                """)
        try directory.write("keys/k", "s3cret\n", mode: 0o600)
        #expect(ending(["check", directory.path]).out == "1 circuit, 1 tenant: no faults\n")
    }

    @Test func `a file that cannot be read is a fault of its own`() throws {
        let directory = try Directory()
        mkdir("\(directory.path)/circuits/a.yaml", 0o755)
        let read = try ConfigDirectory(directory.path)
        #expect(read.faults.map(\.description) == ["circuits/a.yaml: Is a directory"])
    }

    @Test func `a file without end is a fault of its own`() throws {
        let directory = try Directory()
        symlink("/dev/zero", "\(directory.path)/circuits/a.yaml")
        let read = try ConfigDirectory(directory.path)
        #expect(read.faults.map(\.description) == ["circuits/a.yaml: longer than 4 MiB"])
    }

    @Test func `a good directory is counted`() throws {
        let directory = try Directory()
        try directory.write("circuitd.yaml", settings)
        try directory.write("tenants/acme.yaml", tenant)
        try directory.write("circuits/acme-dc.yaml", circuit)
        let end = ending(["check", directory.path])
        #expect(end.out == "1 circuit, 1 tenant: no faults\n")
        #expect(end.code == .fine)
        #expect(end.err == "")
    }

    @Test func `every fault is a line that editors understand`() throws {
        let directory = try Directory()
        try directory.write("circuitd.yaml", settings.replacing("asn:", with: "asm:"))
        try directory.write("tenants/acme.yaml", tenant)
        try directory.write("circuits/acme-dc.yaml", circuit.replacing("untagged", with: "5000"))
        let end = ending(["check", directory.path], width: 80)
        let lines = end.out.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("circuitd.yaml:3:1: ") && $0.contains("asn") })
        #expect(lines.contains { $0.hasPrefix("circuits/acme-dc.yaml:4:7: ") })
        #expect(lines.last?.hasSuffix(" faults in 2 files") == true)
        #expect(end.code == .refused)
    }

    @Test func `a warning alone is fine`() throws {
        let directory = try Directory()
        try directory.write("circuitd.yaml", settings)
        try directory.write("tenants/acme.yaml", tenant)
        try directory.write("circuits/acme-dc.yaml", circuit)
        try directory.write("circuits/acme-b.yml", circuit)
        let end = ending(["check", directory.path])
        #expect(end.out.hasSuffix("1 circuit, 1 tenant: no faults, 1 warning\n"))
        #expect(end.code == .fine)
    }

    @Test func `faults are told as JSON too`() throws {
        let directory = try Directory()
        let end = ending(["check", directory.path, "--json"])
        let reply = JSON.decode(CheckReply.self, from: Array(end.out.utf8))
        #expect(reply?.faults.map(\.file) == ["circuitd.yaml"])
        #expect(end.code == .refused)
    }

    private let settings = """
        edge: ord1
        router-id: 203.0.113.7
        asn: 64600
        ports:
          campus: { device: eth3 }

        """
    private let tenant = """
        tenant: acme
        vrf: { table: 1001 }

        """
    private let circuit = """
        circuit: acme-dc
        tenant: acme
        provider: dedicated
        vlan: untagged
        links: { main: { port: campus, address: 192.0.2.1/30, peer: 192.0.2.2 } }
        routing: static
        routes: [172.16.0.0/12]

        """

    @Test func `a missing directory is one sentence`() {
        let end = ending(["check", "/nonexistent"])
        #expect(end.code == .refused)
        #expect(end.err == "circuitctl: /nonexistent: No such file or directory\n")
    }
}

@Suite struct `What a refused connection means` {
    @Test(arguments: [
        (
            ENOENT, ExitCode.unreachable,
            "circuitd is not running here: no socket /run/circuitd/control.sock"
        ),
        (
            ECONNREFUSED, .unreachable,
            "circuitd is not running here: nobody listens at /run/circuitd/control.sock"
        ),
        (
            EACCES, .refused,
            "permission refused at /run/circuitd/control.sock: join group circuitd to read, and "
                + "also circuitd-admin to act"
        ),
        (EPROTOTYPE, .unreachable, "/run/circuitd/control.sock: Protocol wrong type for socket"),
    ])
    func `is said in a sentence`(error: Int32, code: ExitCode, sentence: String) {
        #expect(
            UnixSocket.failure(error, "/run/circuitd/control.sock") == Failure(code, sentence))
    }
}
