// Addresses and prefixes as files write them, and which of them are no routes of anybody.

import Net

extension Term where Value == IPAddress {
    /// An address of one family, or of either.
    static func address(_ family: Family? = nil) -> Term {
        Term("an \(familyName(family)) address such as \(family == .ipv6 ? "fd00::1" : "10.0.0.1")")
        {
            text in
            IPAddress(text).flatMap { family == nil || $0.family == family ? $0 : nil }
        } why: { text in
            if let pair = InterfaceAddress(text), family == nil || pair.address.family == family {
                return "must stand without its length"
            }
            return otherFamily(IPAddress(text)?.family, than: family)
        }
    }
}

extension Term where Value == InterfaceAddress {
    /// An address with its subnet's length.
    static func interface(_ family: Family) -> Term {
        let example = family == .ipv4 ? "10.0.0.1/30" : "fd00::1/126"
        return Term("an \(familyName(family)) address with its length, such as \(example)") {
            text in
            InterfaceAddress(text).flatMap { $0.address.family == family ? $0 : nil }
        } why: { text in
            if IPAddress(text)?.family == family {
                return "needs the length of its subnet, as in \(example)"
            }
            return otherFamily(
                (InterfaceAddress(text)?.address ?? IPAddress(text))?.family, than: family)
        }
    }
}

extension Term where Value == Prefix {
    /// A prefix of one family, or of either.
    static func prefix(_ family: Family? = nil) -> Term {
        Term(family == .ipv6 ? "an IPv6 prefix such as fd00::/64" : "a prefix such as 10.0.0.0/8") {
            text in
            Prefix(text).flatMap { family == nil || $0.family == family ? $0 : nil }
        } why: { text in
            if let pair = InterfaceAddress(text), pair.network.address != pair.address {
                return "has bits behind its length; the prefix is \(pair.network)"
            }
            if IPAddress(text) != nil { return "needs a length, as in \(text)/24" }
            return otherFamily(Prefix(text)?.family, than: family)
        }
    }
}

extension Term where Value == PrefixRule {
    /// A prefix with bounds on the length.
    static var rule: Term {
        Term("a prefix rule such as 10.0.0.0/8, 10.0.0.0/8 upto 24 or 10.0.0.0/8 from 16 upto 24") {
            PrefixRule($0)
        } why: { text in
            let words = text.split(separator: " ").map(String.init)
            guard let first = words.first else { return nil }
            if Prefix(first) == nil { return Term<Prefix>.prefix().why(first) }
            let stray = words.dropFirst().enumerated().first { position, word in
                position % 2 == 0 && word != "from" && word != "upto"
            }
            if let stray { return "has the word \(quoted(stray.element)), not from or upto" }
            if words.count % 2 == 1, words.count > 1 {
                return "has lengths out of order: the prefix's own, from and upto must rise"
            }
            return nil
        }
    }
}

private func familyName(_ family: Family?) -> String {
    switch family {
    case .ipv4: "IPv4"
    case .ipv6: "IPv6"
    case nil: "IP"
    }
}

private func otherFamily(_ family: Family?, than wanted: Family?) -> String? {
    guard let family, let wanted, family != wanted else { return nil }
    return wanted == .ipv4
        ? "is IPv6; the key for that ends in 6" : "is IPv4; the key for that has no 6"
}
