// Small text shared by daemon and CLI: the version, time stamps, and what was probably meant.

/// The version of daemon and CLI.
public let circuitdVersion = "0.1.0"

/// A time stamp in RFC 3339 with milliseconds, UTC.
public func timestamp(unixNanoseconds: Int64) -> String {
    let (seconds, rest) = unixNanoseconds.floored(by: 1_000_000_000)
    let (day, second) = seconds.floored(by: 86_400)
    // Civil date from days, with years that begin in March (H. Hinnant's algorithm).
    let shifted = day + 719_468
    let (era, dayOfEra) = shifted.floored(by: 146_097)
    let yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date =
        "\(padded(year, 4))-\(padded(month, 2))-"
        + padded(dayOfYear - (153 * march + 2) / 5 + 1, 2)
    let time =
        "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):"
        + "\(padded(second % 60, 2)).\(padded(rest / 1_000_000, 3))"
    return "\(date)T\(time)Z"
}

extension Int64 {
    /// Quotient and remainder with a remainder that is never negative.
    fileprivate func floored(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// The known name that `name` was probably meant to be: nil when none is near.
public func nearest(to name: String, among known: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8.prefix(100))
    let limit = max(1, min(3, wanted.count / 3))
    var best: (name: String, distance: Int)?
    for candidate in known {
        let bytes = Array(candidate.utf8)
        guard abs(bytes.count - wanted.count) <= limit else { continue }
        let distance = editDistance(wanted, bytes)
        guard distance <= limit else { continue }
        if let best, (best.distance, best.name) <= (distance, candidate) { continue }
        best = (candidate, distance)
    }
    return best?.name
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
