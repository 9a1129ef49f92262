// The example directory, and short ways to read a text.

import Foundation
import Intent
import Net
import Testing

/// The worked examples of etc/circuitd.
enum Example {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "etc/circuitd")

    static let files = [
        "circuitd.yaml", "tenants/acme.yaml", "tenants/acme-public.yaml",
        "circuits/acme-aws.yaml", "circuits/acme-azure.yaml", "circuits/acme-dc.yaml",
        "circuits/acme-inside.yaml", "circuits/acme-transit.yaml",
    ]

    static let keys: [String: KeyFile] = [
        "keys/acme-azure": KeyFile(digest: 1, isTooOpen: false),
        "keys/acme-aws-a": KeyFile(digest: 2, isTooOpen: false),
        "keys/acme-aws-b": KeyFile(digest: 3, isTooOpen: false),
    ]

    static func bytes(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: root.appending(path: file)))
    }

    static func directory() throws -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: try files.map { ($0, try bytes($0)) })
    }
}

/// An edge as the examples have it.
let edge = Settings(
    edge: "ord1", routerID: RouterID(203, 0, 113, 7), asn: ASN(64600),
    ports: [
        "ecx-a": Port(name: "ecx-a", device: name("bond0"), mtu: 9000),
        "campus": Port(name: "campus", device: name("eth3")),
    ])

func name(_ text: String) -> InterfaceName {
    guard let name = InterfaceName(text) else { preconditionFailure("not a device name: \(text)") }
    return name
}

func settings(_ text: String) -> Document<Settings> {
    Reader.settings(Array(text.utf8), file: "circuitd.yaml", hostName: "ord9")
}

func tenant(_ text: String) -> Document<Tenant> {
    Reader.tenant(Array(text.utf8), file: "tenants/t.yaml")
}

func circuit(_ text: String, keys: [String: KeyFile] = Example.keys) -> Document<Circuit> {
    Reader.circuit(Array(text.utf8), file: "c.yaml", settings: edge, keys: keys)
}

extension Document {
    /// The faults as they are printed.
    var sentences: [String] { faults.map(\.description) }
}

/// A wrong file and the lines that reading it must print.
struct Wrong: Sendable, CustomTestStringConvertible {
    let text: String
    let faults: [String]

    init(_ text: String, _ faults: String) {
        self.text = text
        self.faults = faults.split(separator: "\n").map(String.init)
    }

    var testDescription: String { faults.first ?? "" }
}
