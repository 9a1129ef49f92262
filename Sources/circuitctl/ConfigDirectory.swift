// A configuration directory read for `circuitctl check`: which files count, and what is known of key
// files. A password is judged by its form where this user may read it; it goes no further than here.

import Control
import Glibc
import Intent
import Net

/// The files of a directory as `Check.directory` wants them.
struct ConfigDirectory {
    /// Contents by path relative to the directory.
    private(set) var files: [String: [UInt8]] = [:]
    /// Key files by path relative to the directory.
    private(set) var keys: [String: KeyFile] = [:]
    /// Files that could not be read.
    private(set) var faults: [Fault] = []

    private static let longestFile = 4 * 1024 * 1024

    /// Reads the directory.
    init(_ directory: String) throws(Failure) {
        let (_, error) = entries(directory)
        if let error { throw Failure(.refused, "\(directory): \(words(error))") }
        if access("\(directory)/circuitd.yaml", F_OK) == 0 { read("circuitd.yaml", in: directory) }
        for folder in ["tenants", "circuits"] {
            let (names, error) = entries("\(directory)/\(folder)")
            if let error, error != ENOENT { faults.append(Fault(file: folder, words(error))) }
            // Which of them mean something is for `Check` to say: it warns of `a.yml`.
            for name in names where !name.hasPrefix(".") {
                read("\(folder)/\(name)", in: directory)
            }
        }
        let (names, keysError) = entries("\(directory)/keys")
        if let keysError, keysError != ENOENT {
            let sentence = "\(words(keysError)), so keys cannot be checked by this user"
            faults.append(Fault(file: "keys", sentence, severity: .warning))
        }
        for name in names where !name.hasPrefix(".") {
            var status = stat()
            guard stat("\(directory)/keys/\(name)", &status) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            let isTooOpen = status.st_mode & 0o027 != 0
            if let password = password("\(directory)/keys/\(name)") {
                keys["keys/\(name)"] = KeyFile(
                    password: password, digest: 0, isTooOpen: isTooOpen)
            } else {
                keys["keys/\(name)"] = KeyFile(digest: 0, isTooOpen: isTooOpen)
            }
        }
    }

    /// Files of one folder.
    func count(in folder: String) -> Int {
        files.keys.count { $0.hasPrefix("\(folder)/") && $0.hasSuffix(".yaml") }
    }

    private mutating func read(_ name: String, in directory: String) {
        guard let file = fopen("\(directory)/\(name)", "re") else {
            faults.append(Fault(file: name, words(errno)))
            return
        }
        defer { fclose(file) }
        let contents = contents(of: file, upto: Self.longestFile + 1)
        if ferror(file) != 0 {
            faults.append(Fault(file: name, words(errno)))
        } else if contents.count > Self.longestFile {
            faults.append(Fault(file: name, "longer than 4 MiB"))
        } else {
            files[name] = contents
        }
    }
}

/// The bytes of an open file, or its first `most` and a few more.
private func contents(of file: UnsafeMutablePointer<FILE>, upto most: Int) -> [UInt8] {
    var contents: [UInt8] = []
    while contents.count < most {
        let piece = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        if piece.isEmpty { break }
        contents += piece
    }
    return contents
}

/// What a key file would sign with; nil where this user may not read it.
private func password(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    let contents = contents(of: file, upto: 64 * 1024)
    return ferror(file) == 0 ? SigningSecret.password(in: contents) : nil
}

/// `circuitctl check`.
func checkDirectory(_ call: Call) throws(Failure) -> ExitCode {
    let name = call.operands.first ?? "/etc/circuitd"
    let directory = try ConfigDirectory(name)
    let faults =
        directory.faults
        + Check.directory(
            files: directory.files, keys: directory.keys, hostName: hostName())
    if call.isJSON {
        let reply = CheckReply(faults: faults.map(FileFault.init))
        call.output.write(prettyJSON(JSON.encode(reply)))
    } else {
        // Whole lines, never wrapped: editors and CI read them.
        for fault in faults { call.output.write(printable(fault.description) + "\n") }
        call.output.write(closingLine(faults, directory) + "\n")
    }
    return faults.contains { $0.severity == .fault } ? .refused : .fine
}

/// The reply of `circuitctl check --json`.
struct CheckReply: Codable {
    var faults: [FileFault]
}

extension FileFault {
    fileprivate init(_ fault: Fault) {
        self.init(
            file: fault.file, line: fault.line, column: fault.column, sentence: fault.sentence,
            severity: fault.severity == .fault ? .fault : .warning)
    }
}

private func closingLine(_ faults: [Fault], _ directory: ConfigDirectory) -> String {
    let hard = faults.filter { $0.severity == .fault }
    let warnings = faults.count - hard.count
    let also = warnings > 0 ? ", \(counted(warnings, "warning"))" : ""
    guard hard.isEmpty else {
        let files = Set(hard.map(\.file)).count
        return "\(counted(hard.count, "fault")) in \(counted(files, "file"))\(also)"
    }
    let circuits = counted(directory.count(in: "circuits"), "circuit")
    return "\(circuits), \(counted(directory.count(in: "tenants"), "tenant")): no faults\(also)"
}

private func entries(_ directory: String) -> (names: [String], error: Int32?) {
    guard let stream = opendir(directory) else { return ([], errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return (names.sorted(), nil)
}

private func hostName() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "" }
    return withUnsafeBytes(of: name.nodename) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

private func words(_ error: Int32) -> String { String(cString: strerror(error)) }
