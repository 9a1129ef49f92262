// What ports were like before us, as lines of text, so that they are given back as they were even
// after a crash. Void after a reboot, when nothing of it is true any more.

import Net
import Reconcile

/// Encodes and decodes the record.
enum AdoptionRecord {
    static func encode(_ adoptions: [InterfaceName: Adoption], bootID: String) -> [UInt8] {
        var text = "circuitd-adoptions 1 \(bootID)\n"
        for (name, adoption) in adoptions.sorted(by: { $0.key < $1.key }) {
            let up = adoption.previous.isUp.map { $0 ? "up" : "down" } ?? "-"
            let mtu = adoption.previous.mtu.map(String.init) ?? "-"
            let master: String =
                switch adoption.previous.master {
                case .none: "-"
                case .some(.none): "none"
                case .some(.some(let name)): "in:\(name)"
                }
            let addresses = adoption.addresses.sorted().map(\.description).joined(separator: ",")
            text += "\(name) \(adoption.index) \(up) \(mtu) \(master) \(addresses)\n"
        }
        return Array(text.utf8) + Array("end\n".utf8)
    }

    /// nil for another boot's record, and for one that is torn.
    static func decode(_ bytes: [UInt8], bootID: String) -> [InterfaceName: Adoption]? {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")[...]
        guard lines.popFirst() == "circuitd-adoptions 1 \(bootID)", lines.popLast() == "end" else {
            return nil
        }
        var result: [InterfaceName: Adoption] = [:]
        for line in lines {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 6, let name = InterfaceName(String(words[0])),
                let index = Int32(words[1])
            else { return nil }
            var previous = PreviousValues()
            if words[2] != "-" { previous.isUp = words[2] == "up" }
            previous.mtu = UInt32(words[3])
            if words[4] == "none" {
                previous.master = .some(nil)
            } else if words[4].hasPrefix("in:") {
                previous.master = .some(InterfaceName(String(words[4].dropFirst(3))))
            }
            let addresses = words[5].split(separator: ",").compactMap {
                InterfaceAddress(String($0))
            }
            result[name] = Adoption(
                index: InterfaceIndex(index), previous: previous, addresses: Set(addresses))
        }
        return result
    }
}
