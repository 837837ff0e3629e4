/// Rows in aligned columns that fit the terminal.
public struct Table: Sendable {
    public struct Column: Sendable {
        public var title: String
        public var isRight: Bool
        /// Gives up width, down to `least`, when the terminal is narrow.
        public var isFlexible: Bool
        /// The columns that it keeps, if its content is that wide.
        public var least: Int
        /// Is left out, the rightmost first, when the terminal is too narrow all the same.
        public var isDispensable: Bool

        public init(
            _ title: String, isRight: Bool = false, isFlexible: Bool = false, isDispensable: Bool = false,
            least: Int = 8
        ) {
            self.title = title
            self.isRight = isRight
            self.isFlexible = isFlexible
            self.isDispensable = isDispensable
            self.least = least
        }
    }

    private let columns: [Column]
    private var rows: [[StyledText]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; its cells are put on one line and made safe to show.
    public mutating func add(_ cells: [String]) { add(cells.map { StyledText($0) }) }

    /// The same with emphasis.
    public mutating func add(_ cells: [StyledText]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells)
    }

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
        max(TerminalText.width(columns[index].title), rows.map { $0[index].width }.max() ?? 0)
    }

    // With each flexible column as narrow as it may get.
    private var leastWidth: Int {
        let widths = columns.indices.map { columns[$0].isFlexible ? min(columns[$0].least, natural($0)) : natural($0) }
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
                let candidates = columns.indices.filter { columns[$0].isFlexible && widths[$0] > columns[$0].least }
                guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
                widths[widest] -= 1
                excess -= 1
            }
        }
        let head = columns.map { StyledText($0.title, .strong) }
        return ([head] + rows).map { cells in
            let line = line(cells, widths)
            return (width.map { line.truncated(to: $0) } ?? line).rendered(style)
        }
    }

    private func line(_ cells: [StyledText], _ widths: [Int]) -> StyledText {
        var text = StyledText()
        for index in cells.indices {
            let cell = cells[index].truncated(to: widths[index])
            let space = StyledText(spaces: widths[index] - cell.width)
            if index > 0 { text += StyledText(spaces: 2) }
            if columns[index].isRight {
                text += space + cell
            } else {
                text += index == cells.count - 1 ? cell : cell + space
            }
        }
        return text
    }
}
