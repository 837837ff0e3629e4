public import Model
public import SQLite

// Values of the model as columns: ids are 16 bytes, the higher first; times are microseconds.

extension ID: Bindable, Readable {
    public func bind(to parameter: Parameter) throws(SQLiteError) {
        let words = (high.bigEndian, low.bigEndian)
        let result = withUnsafeBytes(of: words) { bytes -> Result<Void, SQLiteError> in
            do throws(SQLiteError) { return .success(try parameter.bind(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Zero where the column does not hold 16 bytes.
    public static func read(from row: borrowing Row, at column: Int) -> ID {
        row.withBytes(column) { bytes in
            guard bytes.count == 16 else { return ID(high: 0, low: 0) }
            return ID(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }
}

extension Timestamp: Bindable, Readable {
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(microseconds) }

    public static func read(from row: borrowing Row, at column: Int) -> Timestamp {
        Timestamp(outside: row.integer(column))
    }
}

extension Row {
    /// How often, or how many; a file may come from anywhere, so what is out of range is brought into it.
    func count(_ column: Int) -> Int { Figure.int(integer(column), in: Figure.counts) }
}

extension Delivery.State {
    /// The number in the file; see `Schema`.
    var code: Int {
        switch self {
        case .queued: 2
        case .leased: 3
        case .done: 4
        case .dead: 5
        }
    }

    /// What cannot be known counts as dead: it is shown to people and blocks nobody.
    init(code: Int) {
        switch code {
        case 2: self = .queued
        case 3: self = .leased
        case 4: self = .done
        default: self = .dead
        }
    }
}

extension TaskState {
    /// The number in the file.
    var code: Int {
        switch self {
        case .pending: 0
        case .assigned: 1
        case .running: 2
        case .completed: 3
        case .failed: 4
        case .cancelled: 5
        }
    }

    init(code: Int) { self = TaskState.allCases.first { $0.code == code } ?? .failed }
}
