// Which rows the kernel has not as they should be, counted for each source whose accepted paths
// they hold. Every change of a row ends in `check`, which counts it; whoever changes its paths
// takes it out of the count first.

import Net

extension Routes {
    /// Whether the kernel is known, or has reason, to forward nothing for a row that has gateways.
    func isLacking(_ table: Int, _ row: Int, _ common: borrowing Common) -> Bool {
        let own = tables[table].rows[row].own
        let held = tables[table].rows[row].held
        if own == 0 { return false }
        if held == 0 { return true }
        // A route that nothing usable is behind, or that may be gone; what an earlier run left and
        // still leads somewhere counts as a route.
        return (held == unknownGroup || common.forwarding.choices[Int(own)].first == 0)
            && !isSettled(table, row, common)
    }

    /// Brings the count up to date with the row.
    mutating func countLacking(_ table: Int, _ row: Int, _ common: inout Common) {
        let isLacking = isLacking(table, row, common)
        guard isLacking != tables[table].rows[row].flags.contains(.lacking) else { return }
        if isLacking {
            tables[table].rows[row].flags.insert(.lacking)
        } else {
            tables[table].rows[row].flags.remove(.lacking)
        }
        changeLacking(table, row, isLacking ? 1 : -1, &common)
    }

    /// Takes a row out of the count before its paths change.
    mutating func uncountLacking(_ table: Int, _ row: Int, _ common: inout Common) {
        guard tables[table].rows[row].flags.contains(.lacking) else { return }
        tables[table].rows[row].flags.remove(.lacking)
        changeLacking(table, row, -1, &common)
    }

    private func changeLacking(
        _ table: Int, _ row: Int, _ change: Int, _ common: inout Common
    ) {
        var handle = tables[table].rows[row].paths
        while handle != 0 {
            let path = paths[handle]
            common.sources[path.tag.source].countLacking(path.tag, P.family, change)
            handle = path.next
        }
    }
}
