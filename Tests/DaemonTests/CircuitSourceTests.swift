// The operator's directory as the engine hears of it: what is gone, and what only cannot be seen.

import Glibc
import Intent
import Net
import Testing

@testable import Daemon

@Suite struct CircuitSourceTests {
    /// A directory with a source on it.
    private final class Place {
        let path: String

        init() {
            var template = Array("/tmp/circuitd-source-XXXXXX".utf8CString)
            precondition(mkdtemp(&template) != nil, "mkdtemp")
            path = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            for name in ["", "/tenants", "/circuits", "/keys"] {
                mkdir("\(path)/conf\(name)", 0o755)
            }
            write("circuitd.yaml", "edge: a")
            write("keys/one", "secret\n", mode: 0o600)
        }

        deinit { system("rm -rf \(path)") }

        func source() throws -> CircuitSource {
            try CircuitSource(directory: "\(path)/conf", seed: 1, credentials: nil)
        }

        func write(_ name: String, _ text: String, mode: mode_t = 0o644) {
            let number = open("\(path)/conf/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
            precondition(number >= 0, "open \(name)")
            _ = Glibc.write(number, text, text.utf8.count)
            close(number)
        }

        func move(_ old: String, _ new: String) {
            precondition(rename("\(path)/\(old)", "\(path)/\(new)") == 0, "rename \(old)")
        }
    }

    private let secret = Array("secret".utf8)

    @Test(arguments: [
        "", "\n", "\r\n", "  \n", String(repeating: "x", count: 81) + "\n",
    ])
    func `a file that holds no key gives neither secret nor a fit key`(_ text: String) throws {
        let place = Place()
        place.write("keys/one", text, mode: 0o600)
        let source = try place.source()
        let key = source.everything().keys?["keys/one"]
        #expect(key?.isTooOpen == false)
        #expect(key?.fault != nil)
        #expect(source.secret("keys/one") == nil)
    }

    @Test(arguments: ["secret", "secret\n", " secret\r\n"])
    func `spaces and the end of the line are not the secret's`(_ text: String) throws {
        let place = Place()
        place.write("keys/one", text, mode: 0o600)
        place.write("keys/two", "secret", mode: 0o600)
        let source = try place.source()
        let keys = source.everything().keys
        #expect(source.secret("keys/one") == secret)
        #expect(keys?["keys/one"] == keys?["keys/two"], "the same secret is the same key")
    }

    @Test func `a key of eighty bytes is the longest`() throws {
        let place = Place()
        place.write("keys/one", String(repeating: "x", count: 80) + "\n", mode: 0o600)
        let source = try place.source()
        #expect(source.everything().keys?["keys/one"]?.fault == nil)
        #expect(source.secret("keys/one")?.count == 80)
    }

    @Test(arguments: ["conf", "conf/keys"])
    func `a directory that is not there leaves its keys known`(_ name: String) throws {
        let place = Place()
        let source = try place.source()
        let before = source.everything().keys
        place.move(name, "elsewhere")
        let delta = source.everything()
        #expect(delta.isComplete)
        #expect(delta.keys == before)
        #expect(source.secret("keys/one") == secret)
    }

    @Test func `a directory that cannot be opened says nothing of files and keys`() throws {
        let place = Place()
        let source = try place.source()
        let before = source.everything().keys
        place.move("conf", "elsewhere")
        close(open("\(place.path)/conf", O_WRONLY | O_CREAT, 0o644))
        let delta = source.everything()
        #expect(!delta.isComplete)
        #expect(delta.keys == before)
        guard case .unreadable = delta.files["circuitd.yaml"] else {
            Issue.record("settings are said to be \(String(describing: delta.files))")
            return
        }
    }

    @Test func `a key file that is refused leaves its key known`() throws {
        let place = Place()
        let source = try place.source()
        let before = source.everything().keys
        place.move("conf/keys/one", "one")
        symlink("\(place.path)/one", "\(place.path)/conf/keys/one")
        let delta = source.everything()
        #expect(delta.isComplete, "keys are no files of circuits")
        #expect(delta.keys == before)
    }

    @Test func `a key that is gone from its directory is gone`() throws {
        let place = Place()
        let source = try place.source()
        _ = source.everything()
        place.move("conf/keys/one", "one")
        #expect(source.everything().keys == [:])
        #expect(source.secret("keys/one") == nil)
    }

    @Test func `a key that is named as gone is gone`() throws {
        let place = Place()
        let source = try place.source()
        _ = source.everything()
        place.move("conf/keys/one", "one")
        source.heard(at: .zero)
        #expect(source.take(at: .zero + CircuitSource.patience)?.keys == [:])
    }

    @Test func `keys that are named while their directory goes stay known`() throws {
        let place = Place()
        let source = try place.source()
        let before = source.everything().keys
        place.write("keys/one", "other", mode: 0o600)
        source.heard(at: .zero)
        place.move("conf/keys", "elsewhere")
        #expect(source.take(at: .zero + CircuitSource.patience)?.keys == before)
    }

    @Test(arguments: ["keys/link", "circuits/README", "tenants/README", "circuits/notes.yaml"])
    func `a name that is not read does not make the listing incomplete`(_ name: String) throws {
        let place = Place()
        symlink("/dev/null", "\(place.path)/conf/\(name)")
        let delta = try place.source().everything()
        #expect(delta.isComplete)
    }

    @Test func `a directory that is a link makes the listing incomplete`() throws {
        let place = Place()
        place.move("conf/circuits", "circuits")
        symlink("\(place.path)/circuits", "\(place.path)/conf/circuits")
        let source = try place.source()
        #expect(!source.everything().isComplete)
        #expect(source.auditInterval == CircuitSource.retryInterval)
    }
}
