import Glibc
import Host
import Net
import Testing

@Suite struct DirectoryReaderTests {
    private func prepared() -> TemporaryDirectory {
        let place = TemporaryDirectory()
        for name in ["tenants", "circuits", "keys"] { place.make(name) }
        return place
    }

    private func reader(_ place: TemporaryDirectory, _ credentials: String? = nil)
        -> DirectoryReader
    {
        DirectoryReader(root: place.path, credentials: credentials)
    }

    @Test func `files and keys are read by their names in the directory`() {
        let place = prepared()
        place.write("circuitd.yaml", "edge: a")
        place.write("tenants/acme.yaml", "t")
        place.write("circuits/acme-azure.yaml", "c")
        place.write("keys/acme-azure", "secret\n", mode: 0o640)
        let contents = reader(place).read()
        #expect(
            contents.files.mapValues { String(decoding: $0, as: UTF8.self) } == [
                "circuitd.yaml": "edge: a", "tenants/acme.yaml": "t",
                "circuits/acme-azure.yaml": "c",
            ])
        #expect(contents.keys == ["keys/acme-azure": .init(bytes: Array("secret\n".utf8))])
        #expect(contents.refused.isEmpty)
        #expect(!contents.isMissing)
    }

    @Test func `a directory that is not there is missing, not empty`() {
        let place = TemporaryDirectory()
        #expect(DirectoryReader(root: place.file("none"), credentials: nil).read().isMissing)
        #expect(reader(place).read() == DirectoryContents(hasAllKeys: false))
    }

    @Test func `what is not a directory is refused, not missing`() {
        let place = TemporaryDirectory()
        place.write("conf", "x")
        let contents = DirectoryReader(root: place.file("conf"), credentials: nil).read()
        #expect(!contents.isMissing)
        #expect(contents.refused["."] != nil)
        #expect(!contents.hasAllKeys)
    }

    @Test func `credentials that cannot be listed may hold more keys`() {
        let place = prepared()
        #expect(reader(place).read().hasAllKeys)
        #expect(!reader(place, place.file("none")).read().hasAllKeys)
    }

    @Test(arguments: [
        ("", ""), (" \r\n", ""), (" a b \n\n", "a b "), ("\na", "\na"),
    ])
    func `a secret has no spaces before it and no line ends behind it`(
        _ text: String, _ secret: String
    ) {
        let key = DirectoryContents.Key(bytes: Array(text.utf8))
        #expect(String(decoding: key.secret, as: UTF8.self) == secret)
        #expect((key.fault != nil) == secret.isEmpty)
    }

    @Test(arguments: [
        ".hidden.yaml", "acme.yaml~", "acme.yaml.tmp", ".acme.yaml.swp", "acme.yaml.dpkg-new",
        "#acme.yaml#", "acme.swp",
    ])
    func `an editor's leftover is not even refused`(_ name: String) {
        let place = prepared()
        place.write("circuits/\(name)", "x")
        #expect(reader(place).read() == DirectoryContents())
    }

    @Test func `only plain files are read`() {
        let place = prepared()
        place.write("outside", "x")
        symlink(place.file("outside"), place.file("circuits/link.yaml"))
        mkfifo(place.file("circuits/fifo.yaml"), 0o644)
        place.make("circuits/directory.yaml")
        place.write("circuits/other.yml", "x")
        let contents = reader(place).read()
        #expect(contents.files.isEmpty)
        #expect(contents.refused["circuits/link.yaml"]?.contains("symbolic link") == true)
        #expect(contents.refused["circuits/fifo.yaml"]?.contains("regular") == true)
        #expect(contents.refused["circuits/directory.yaml"]?.contains("regular") == true)
        #expect(contents.refused["circuits/other.yml"]?.contains(".yaml") == true)
    }

    @Test func `a linked directory is refused whole`() {
        let place = TemporaryDirectory()
        place.make("elsewhere")
        place.write("elsewhere/acme.yaml", "x")
        symlink(place.file("elsewhere"), place.file("circuits"))
        let contents = reader(place).read()
        #expect(contents.files.isEmpty)
        #expect(contents.refused["circuits"] != nil)
    }

    @Test func `a file is read up to one megabyte`() {
        let place = prepared()
        place.write("circuits/fits.yaml", String(repeating: "x", count: 1 << 20))
        place.write("circuits/large.yaml", String(repeating: "x", count: 1 << 20 + 1))
        let contents = reader(place).read()
        #expect(contents.files["circuits/fits.yaml"]?.count == 1 << 20)
        #expect(contents.refused["circuits/large.yaml"]?.contains("larger") == true)
    }

    @Test func `a file that everybody may write to is refused`() {
        let place = prepared()
        place.write("circuits/open.yaml", "x", mode: 0o666)
        let contents = reader(place).read()
        #expect(contents.files.isEmpty)
        #expect(contents.refused["circuits/open.yaml"]?.contains("write") == true)
    }

    @Test(arguments: [
        (0o400, false), (0o600, false), (0o640, false), (0o660, true), (0o644, true), (0o604, true),
    ])
    func `a key is too open beyond 0640`(_ mode: Int, _ isTooOpen: Bool) {
        let place = prepared()
        place.write("keys/one", "s", mode: mode_t(mode))
        #expect(reader(place).read().keys["keys/one"]?.isTooOpen == isTooOpen)
    }

    @Test func `credentials are a second place for keys`() {
        let place = prepared()
        let second = TemporaryDirectory()
        place.write("keys/one", "first", mode: 0o600)
        second.write("one", "second", mode: 0o400)
        second.write("two", "second", mode: 0o400)
        let keys = reader(place, second.path).read().keys.mapValues {
            String(decoding: $0.bytes, as: UTF8.self)
        }
        #expect(keys == ["keys/one": "first", "keys/two": "second"])
        #expect(reader(place, second.path).read(["keys/two"]).keys.keys.sorted() == ["keys/two"])
    }

    @Test func `named files only, and the vanished ones are absent`() {
        let place = prepared()
        place.write("circuits/a.yaml", "a")
        place.write("circuits/b.yaml", "b")
        let contents = reader(place).read([
            "circuits/b.yaml", "circuits/c.yaml", "../etc/passwd", "circuits/../a.yaml", "",
        ])
        #expect(contents == DirectoryContents(files: ["circuits/b.yaml": Array("b".utf8)]))
    }
}

@Suite struct DirectoryWatchTests {
    private final class Watched {
        let place = TemporaryDirectory()
        let watch: DirectoryWatch
        var root: String { place.file("conf") }

        init(_ directories: [String] = ["conf", "conf/tenants", "conf/circuits", "conf/keys"])
            throws
        {
            for name in directories { place.make(name) }
            watch = try DirectoryWatch(root: place.file("conf"))
        }

        // Events are queued by the kernel before the call that made them returns.
        func changes() -> DirectoryWatch.Changes { watch.drain() }
    }

    @Test func `a file renamed into place is named once, its temporary name never`() throws {
        let it = try Watched()
        it.place.write("conf/circuits/.acme.yaml.tmp", "x")
        #expect(it.changes().isEmpty)
        it.place.move("conf/circuits/.acme.yaml.tmp", "conf/circuits/acme.yaml")
        #expect(it.changes() == .init(names: ["circuits/acme.yaml"], needsRescan: false))
    }

    @Test func `a half-written file is not named until it is closed`() throws {
        let it = try Watched()
        let number = open(
            it.place.file("conf/circuits/a.yaml"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        _ = write(number, "half", 4)
        fchmod(number, 0o644)
        #expect(it.changes().isEmpty)
        _ = write(number, "whole", 5)
        #expect(it.changes().isEmpty)
        close(number)
        // A child that another test has just forked may hold the file for a moment longer.
        #expect(eventually { it.changes().names == ["circuits/a.yaml"] })
    }

    @Test func `a removed file is named`() throws {
        let it = try Watched()
        it.place.write("conf/circuitd.yaml", "x")
        _ = it.changes()
        unlink(it.place.file("conf/circuitd.yaml"))
        #expect(it.changes() == .init(names: ["circuitd.yaml"], needsRescan: false))
    }

    @Test func `a file moved between directories is named twice`() throws {
        let it = try Watched()
        it.place.write("conf/circuits/a.yaml", "x")
        _ = it.changes()
        it.place.move("conf/circuits/a.yaml", "conf/tenants/a.yaml")
        #expect(it.changes().names == ["circuits/a.yaml", "tenants/a.yaml"])
    }

    @Test func `a key whose mode changes is named`() throws {
        let it = try Watched()
        it.place.write("conf/keys/one", "x", mode: 0o644)
        _ = it.changes()
        chmod(it.place.file("conf/keys/one"), 0o600)
        #expect(it.changes().names == ["keys/one"])
    }

    @Test func `a second name of a whole file is named`() throws {
        let it = try Watched()
        it.place.write("elsewhere", "x")
        link(it.place.file("elsewhere"), it.place.file("conf/circuits/a.yaml"))
        #expect(it.changes().names == ["circuits/a.yaml"])
    }

    @Test(arguments: [".x.yaml", "x.yaml~", "x.yaml.tmp", "x.swp", "x.yaml.dpkg-dist", "#x.yaml#"])
    func `leftovers are not named`(_ name: String) throws {
        let it = try Watched()
        it.place.write("conf/circuits/\(name)", "x")
        #expect(it.changes().isEmpty)
    }

    @Test func `a directory that comes later is seen with what is in it`() throws {
        let it = try Watched([])
        it.place.make("other")
        #expect(it.changes().isEmpty, "a neighbour's name is nothing to us")
        it.place.make("conf")
        #expect(it.changes().needsRescan)
        it.place.make("conf/circuits")
        #expect(it.changes().needsRescan)
        it.place.write("conf/circuits/a.yaml", "x")
        #expect(it.changes().names == ["circuits/a.yaml"])
    }

    @Test func `a directory deeper than what exists is waited for step by step`() throws {
        let place = TemporaryDirectory()
        let watch = try DirectoryWatch(root: place.file("a/b/conf"))
        place.make("a")
        _ = watch.drain()
        place.make("a/b")
        _ = watch.drain()
        place.make("a/b/conf")
        #expect(watch.drain().needsRescan)
        place.write("a/b/conf/circuitd.yaml", "x")
        #expect(watch.drain().names == ["circuitd.yaml"])
    }

    @Test func `a directory made in one go is seen`() throws {
        let place = TemporaryDirectory()
        let watch = try DirectoryWatch(root: place.file("a/b/conf"))
        run("mkdir -p \(place.file("a/b/conf/circuits"))")
        #expect(watch.drain().needsRescan)
        place.write("a/b/conf/circuits/x.yaml", "x")
        #expect(watch.drain().names == ["circuits/x.yaml"])
    }

    @Test func `a replaced root is followed`() throws {
        let it = try Watched()
        run("cp -r \(it.root) \(it.place.file("new"))")
        it.place.write("new/circuits/a.yaml", "x")
        _ = it.changes()
        it.place.move("conf", "old")
        it.place.move("new", "conf")
        #expect(it.changes().needsRescan)
        it.place.write("old/circuits/b.yaml", "x")
        #expect(it.changes().isEmpty, "the old directory is nothing to us")
        it.place.write("conf/circuits/b.yaml", "x")
        #expect(it.changes().names == ["circuits/b.yaml"])
    }

    @Test func `a replaced subdirectory is followed`() throws {
        let it = try Watched()
        it.place.make("new")
        it.place.write("new/a.yaml", "x")
        it.place.move("conf/circuits", "old")
        it.place.move("new", "conf/circuits")
        #expect(it.changes().needsRescan)
        it.place.write("conf/circuits/a.yaml", "y")
        #expect(it.changes().names == ["circuits/a.yaml"])
    }

    @Test func `a removed root is told, and its return too`() throws {
        let it = try Watched()
        run("rm -rf \(it.root)")
        #expect(it.changes().needsRescan)
        it.place.make("conf")
        #expect(it.changes().needsRescan)
    }

    @Test func `an overflow asks for a full reading`() throws {
        let it = try Watched()
        let limit =
            Int(
                run("cat /proc/sys/fs/inotify/max_queued_events").filter(\.isNumber)) ?? 16384
        // Alternating names are not merged into one event.
        it.place.write("conf/circuits/a.yaml", "x")
        it.place.write("conf/circuits/b.yaml", "x")
        for _ in 0...limit / 2 {
            chmod(it.place.file("conf/circuits/a.yaml"), 0o600)
            chmod(it.place.file("conf/circuits/b.yaml"), 0o600)
        }
        #expect(it.changes().needsRescan)
        it.place.write("conf/circuits/c.yaml", "x")
        #expect(it.changes().names == ["circuits/c.yaml"])
    }

    @Test func `its descriptor is readable when something has changed`() throws {
        let it = try Watched()
        #expect(!waitReadable(it.watch.descriptor, milliseconds: 0))
        it.place.write("conf/circuitd.yaml", "x")
        #expect(waitReadable(it.watch.descriptor, milliseconds: 0))
        _ = it.changes()
        #expect(!waitReadable(it.watch.descriptor, milliseconds: 0))
        #expect(it.watch.verify().isEmpty)
    }
}
