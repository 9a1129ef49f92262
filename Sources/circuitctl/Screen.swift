// Lines and tables. Columns are as wide as what stands in them; long sentences wrap on a terminal
// and stay whole in a pipe, where grep wants them whole.

/// Lines for a person, gathered and then printed at once.
struct Screen {
    /// Columns of the terminal; nil when there is none.
    let width: Int?
    private(set) var lines: [Styled] = []

    init(width: Int?) { self.width = width }

    /// A line; what is too long goes on below, `indent` plus `hanging` to the right.
    mutating func line(_ text: Styled, indent: Int = 0, hanging: Int = 0) {
        let room = width.map { max($0 - indent - hanging, 20) }
        var margin = indent
        for part in text.wrapped(to: room) {
            lines.append(Styled(String(repeating: " ", count: margin)) + part)
            margin = indent + hanging
        }
    }

    /// A name and a text beside it, whose further lines align with its first.
    mutating func line(_ name: Styled, _ text: Styled, indent: Int) {
        let margin = indent + name.width
        let parts = text.wrapped(to: width.map { max($0 - margin, 20) })
        for (position, part) in parts.enumerated() {
            let left = position == 0 ? indent : margin
            lines.append(
                Styled(String(repeating: " ", count: left)) + (position == 0 ? name : "") + part)
        }
    }

    /// An empty line between two parts; none at the top.
    mutating func gap() {
        if let last = lines.last, !last.isEmpty { lines.append("") }
    }

    /// Takes empty lines off the end.
    mutating func trim() {
        while let last = lines.last, last.isEmpty { lines.removeLast() }
    }

    /// Leaves lines out at the end where there are more than `count`, and says so.
    mutating func cut(to count: Int) {
        guard lines.count > count else { return }
        let rest = lines.count - count + 1
        lines.removeLast(rest)
        line(Styled("and \(grouped(rest)) lines more: circuitctl status | less", .dim), indent: 2)
    }

    /// The lines of another.
    mutating func append(_ screen: Screen) { lines += screen.lines }

    /// The rows of a table, its long sentences wrapped.
    mutating func append(_ table: Table) {
        for row in table.rendered() {
            switch row {
            case .cells(let cells): lines.append(cells)
            case .detail(let text): line(text, indent: 2, hanging: 2)
            }
        }
    }

    func text(inColour: Bool) -> String {
        lines.map { $0.rendered(inColour: inColour) + "\n" }.joined()
    }
}

/// Rows in aligned columns, with whole-width sentences between them.
struct Table {
    enum Alignment { case left, right }
    enum Row {
        case cells([Styled])
        case detail(Styled)
    }
    enum Rendered {
        case cells(Styled)
        case detail(Styled)
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private(set) var rows: [Row] = []
    private var widths: [Int]

    init(_ columns: [(title: String, alignment: Alignment)]) {
        titles = columns.map(\.title)
        alignments = columns.map(\.alignment)
        widths = titles.map(\.count)
    }

    /// A row; missing cells are empty.
    mutating func row(_ cells: [Styled]) {
        for (column, cell) in cells.enumerated() where column < widths.count {
            widths[column] = max(widths[column], cell.width)
        }
        rows.append(.cells(cells))
    }

    /// Makes the columns at least as wide as another table's, so that the two align.
    mutating func align(with other: Table) {
        for column in widths.indices where column < other.widths.count {
            widths[column] = max(widths[column], other.widths[column])
        }
    }

    /// A sentence about the row above.
    mutating func detail(_ text: Styled) { rows.append(.detail(text)) }

    /// The titles and the rows. Columns in which nothing stands are left out.
    func rendered(withTitles: Bool = true) -> [Rendered] {
        let used = titles.indices.filter { column in
            rows.contains {
                guard case .cells(let cells) = $0, column < cells.count else { return false }
                return !cells[column].isEmpty
            }
        }
        func aligned(_ cells: [Styled]) -> Styled {
            var line = Styled("")
            for column in used {
                let cell = column < cells.count ? cells[column] : ""
                let padding = Styled(String(repeating: " ", count: widths[column] - cell.width))
                if column != used.first { line += "  " }
                switch alignments[column] {
                case .right: line += padding + cell
                case .left where column == used.last: line += cell
                case .left: line += cell + padding
                }
            }
            return line
        }
        var result: [Rendered] = []
        if withTitles { result.append(.cells(aligned(titles.map { Styled($0, .dim) }))) }
        for row in rows {
            switch row {
            case .cells(let cells): result.append(.cells(aligned(cells)))
            case .detail(let text): result.append(.detail(text))
            }
        }
        return result
    }
}
