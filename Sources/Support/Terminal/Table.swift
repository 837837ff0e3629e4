/// Rows in aligned columns that fit the terminal.
public struct Table: Sendable {
    public struct Column: Sendable {
        public var title: String
        public var isRight: Bool
        /// Gives up width, down to eight columns, when the terminal is narrow.
        public var isFlexible: Bool
        /// Is left out, the rightmost first, when the terminal is too narrow all the same.
        public var isDispensable: Bool

        public init(
            _ title: String, isRight: Bool = false, isFlexible: Bool = false, isDispensable: Bool = false
        ) {
            self.title = title
            self.isRight = isRight
            self.isFlexible = isFlexible
            self.isDispensable = isDispensable
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; its cells are put on one line and made safe to show.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(TerminalText.line))
    }

    public var isEmpty: Bool { rows.isEmpty }

    /// The table as lines, headed by the titles. With a width, flexible columns shrink until it fits; then columns that
    /// can be missed are left out; then lines are cut.
    public func lines(width: Int?, style: Style) -> [String] {
        var table = self
        while let width, table.leastWidth > width, let last = table.columns.lastIndex(where: \.isDispensable) {
            table = table.without(last)
        }
        return table.fitted(width, style)
    }

    private func natural(_ index: Int) -> Int {
        max(TerminalText.width(columns[index].title), rows.map { TerminalText.width($0[index]) }.max() ?? 0)
    }

    // With each flexible column as narrow as it may get.
    private var leastWidth: Int {
        let widths = columns.indices.map { columns[$0].isFlexible ? min(8, natural($0)) : natural($0) }
        return widths.reduce(0, +) + 2 * (columns.count - 1)
    }

    private func without(_ index: Int) -> Table {
        func rest<Item>(_ items: [Item]) -> [Item] { items.enumerated().filter { $0.offset != index }.map(\.element) }
        var table = Table(rest(columns))
        table.rows = rows.map(rest)
        return table
    }

    private func fitted(_ width: Int?, _ style: Style) -> [String] {
        var widths = columns.indices.map(natural)
        if let width {
            var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - width
            while excess > 0 {
                let candidates = columns.indices.filter { columns[$0].isFlexible && widths[$0] > 8 }
                guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
                widths[widest] -= 1
                excess -= 1
            }
        }
        func cut(_ line: String) -> String { width.map { TerminalText.truncated(line, to: $0) } ?? line }
        let head = cut(line(columns.map(\.title), widths))
        return [style.bold(head)] + rows.map { cut(line($0, widths)) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for index in cells.indices {
            let cell = TerminalText.truncated(cells[index], to: widths[index])
            let space = String(repeating: " ", count: max(0, widths[index] - TerminalText.width(cell)))
            if index > 0 { text += "  " }
            if columns[index].isRight {
                text += space + cell
            } else {
                text += index == cells.count - 1 ? cell : cell + space
            }
        }
        return text
    }
}
