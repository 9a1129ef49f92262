// The words that values are made of: numbers with their range, addresses, prefixes, rates, times.
// Each says in half a sentence what is expected, and why a likely slip is refused.

import Net

/// How one kind of scalar is read.
struct Term<Value> {
    /// `a VLAN, 1 to 4094`: what a sentence says was expected.
    var expected: String
    /// The value, or nil.
    var read: (String) -> Value?
    /// The end of a sentence that begins with the text, for slips worth a word of their own.
    var why: (String) -> String?

    init(
        _ expected: String, read: @escaping (String) -> Value?,
        why: @escaping (String) -> String? = { _ in nil }
    ) {
        self.expected = expected
        self.read = read
        self.why = why
    }
}

extension Term where Value: FixedWidthInteger & Sendable {
    /// A plain decimal number; a leading zero is refused, since some read it as octal.
    static func number(_ range: ClosedRange<Value>) -> Term {
        Term("a number from \(range.lowerBound) to \(range.upperBound)") { text in
            plainNumber(text).flatMap { Value(exactly: $0) }.flatMap {
                range.contains($0) ? $0 : nil
            }
        } why: { text in
            text.utf8.count > 1 && text.first == "0" && text.utf8.allSatisfy(isDigit)
                ? "begins with a zero; write plain decimal numbers" : nil
        }
    }
}

extension Term where Value == String {
    /// Any text.
    static var text: Term { Term("a text") { $0 } }

    /// A name of the operator's.
    static var name: Term {
        Term("a name of at most 63 letters, digits, - and _") { isName($0, dots: false) ? $0 : nil }
    }

    /// A host's name, which may hold dots.
    static var hostName: Term {
        Term("a host's name") { isName($0, dots: true) ? $0 : nil }
    }

    /// One of several words.
    static func word(_ words: [String]) -> Term {
        Term(words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")) { text in
            words.contains(text) ? text : nil
        } why: { text in
            nearest(to: text, among: words).map { "is unknown; did you mean \"\($0)\"?" }
        }
    }

    /// A key file's place.
    static var keyFile: Term {
        Term("a file below keys/, such as keys/acme-azure") { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isPlain = parts.dropFirst().allSatisfy { isName(String($0), dots: true) }
            return parts.count >= 2 && parts[0] == "keys" && isPlain ? text : nil
        } why: { text in
            text.hasPrefix("/") ? "must be below the configuration directory, as in keys/NAME" : nil
        }
    }
}

extension Term where Value == Bool {
    /// on or off, in YAML's spellings.
    static var flag: Term {
        Term("on or off") { text in
            switch text {
            case "on", "true", "yes": true
            case "off", "false", "no": false
            default: nil
            }
        }
    }
}

extension Term where Value == UInt64 {
    /// Bits a second.
    static var rate: Term {
        Term("a rate such as 200Mbps or 1Gbps") { text in
            let units: [(String, UInt64)] = [
                ("Tbps", 1_000_000_000_000), ("Gbps", 1_000_000_000), ("Mbps", 1_000_000),
                ("kbps", 1000),
            ]
            for (unit, factor) in units where text.hasSuffix(unit) {
                guard let count = plainNumber(text.dropLast(unit.count)), count > 0 else {
                    return nil
                }
                let (bits, overflow) = count.multipliedReportingOverflow(by: factor)
                return overflow ? nil : bits
            }
            return nil
        } why: { text in
            text.utf8.allSatisfy(isDigit) ? "needs a unit, as in 200Mbps or 1Gbps" : nil
        }
    }
}

extension Term where Value == Duration {
    /// A time with its unit.
    static func time(_ range: ClosedRange<Duration>, such example: String) -> Term {
        let bounds = "from \(spelled(range.lowerBound)) to \(spelled(range.upperBound))"
        return Term("a time \(bounds), such as \(example)") { text in
            duration(text).flatMap { range.contains($0) ? $0 : nil }
        } why: { text in
            duration(text) == nil && text.utf8.allSatisfy(isDigit)
                ? "needs a unit, as in \(example)" : nil
        }
    }

    /// A time of whole seconds.
    static func seconds(_ range: ClosedRange<Int64>, such example: String) -> Term {
        let bounds = "from \(range.lowerBound)s to \(range.upperBound)s"
        return Term("a time of whole seconds \(bounds), such as \(example)") { text in
            duration(text).flatMap {
                $0.components.attoseconds == 0 && range.contains($0.components.seconds) ? $0 : nil
            }
        } why: { text in
            text.utf8.allSatisfy(isDigit) ? "needs a unit, as in \(example)" : nil
        }
    }

    /// A hold time: 0, or 3 to 65535 seconds.
    static var holdTime: Term {
        Term("a time of whole seconds, 0s or 3s to 65535s, such as 90s") { text in
            guard let time = text == "0" ? .zero : duration(text) else { return nil }
            let seconds = time.components.seconds
            guard time.components.attoseconds == 0, seconds == 0 || (3...65535).contains(seconds)
            else { return nil }
            return time
        } why: { text in
            text.utf8.allSatisfy(isDigit) ? "needs a unit, as in 90s" : nil
        }
    }
}

extension Term where Value == ASN {
    /// An AS number that a speaker can have.
    static var asn: Term {
        Term("an AS number") { text in
            let isPadded = text.split(separator: ".").contains { $0.count > 1 && $0.first == "0" }
            guard !isPadded, let asn = ASN(text) else { return nil }
            return [0, 23456, 65535, .max].contains(asn.rawValue) ? nil : asn
        } why: { text in
            ASN(text).flatMap {
                [0, 23456, 65535, .max].contains($0.rawValue)
                    ? "is reserved and nobody's AS number" : nil
            }
        }
    }
}

extension Term where Value == VLANID {
    /// A VLAN's number.
    static var vlan: Term {
        Term("a VLAN, 1 to 4094") { text in
            plainNumber(text).flatMap { UInt16(exactly: $0) }.flatMap { VLANID(rawValue: $0) }
        }
    }
}

/// A plain decimal number without leading zeros.
func plainNumber(_ text: some StringProtocol) -> UInt64? {
    guard text.utf8.count == 1 || text.utf8.first != 0x30 else { return nil }
    return decimal(text, below: .max)
}

/// `300ms`, `90s`, `2m`, `1h`.
private func duration(_ text: String) -> Duration? {
    let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
    for (unit, factor) in units where text.hasSuffix(unit) {
        guard let count = plainNumber(text.dropLast(unit.count)), count < 1 << 32 else {
            return nil
        }
        return .milliseconds(Int64(count) * factor)
    }
    return nil
}

/// `300ms`, `90s`, `24h`.
func spelled(_ duration: Duration) -> String {
    let milliseconds = duration.nanoseconds / 1_000_000
    if milliseconds > 0, milliseconds % 3_600_000 == 0 { return "\(milliseconds / 3_600_000)h" }
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// Letters, digits, - and _, not beginning with - (which tools take for an option).
func isName(_ text: String, dots: Bool) -> Bool {
    (1...63).contains(text.utf8.count) && text.first != "-" && text.first != "."
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
            case 0x2E: dots
            default: false
            }
        }
}

extension Term where Value == AnyCommunity {
    /// A BGP community: `65000:1`, a large or extended one, or a well-known name.
    static var community: Term {
        Term("a community such as 65000:1, 65000:1:2 or no-export") { AnyCommunity($0) }
    }
}
