/// A store that may hold records in a form which Tinytown gave up, and that can bring them into today's.
public protocol OldRecordKeeper: Store {
    /// What is there in an old form, in the order in which it has to be moved. Changes nothing.
    func oldRecords(_ form: OldForm) async throws(StoreError) -> OldRecords

    /// Brings one of them into today's form, or says why it stays as it is. Safe to repeat, and to be interrupted at any
    /// moment: what was not moved is where it was.
    func bring(_ record: OldRecord, now: Timestamp) async throws(StoreError) -> OldRecordFate
}

/// The forms that were given up.
public enum OldForm: String, Sendable, Codable, CaseIterable {
    /// Keys without the name of a town, which all towns of a server shared.
    case sharedKeys = "shared_keys"
    /// Agents and tasks as JSON texts, under keys that have the name.
    case jsonRecords = "json_records"
}

/// One thing in an old form.
public struct OldRecord: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case agent, task, backlog, urgent, inbox, activity, stop
    }

    public var kind: Kind
    /// Where it is.
    public var from: String
    /// Where it belongs; the same where only its form changes.
    public var to: String

    public init(kind: Kind, from: String, to: String) {
        self.kind = kind
        self.from = from
        self.to = to
    }
}

/// What was found.
public struct OldRecords: Sendable, Equatable {
    public var records: [OldRecord] = []
    /// What looks like an old record and is none.
    public var odd: [LeftRecord] = []
    /// Names of other towns that keep their state in the same place, sorted; at most a few hundred.
    public var otherTowns: [String] = []

    public init() {}
}

/// Something that stays as it is, and why.
public struct LeftRecord: Sendable, Equatable, Codable {
    public var key: String
    /// A clause.
    public var reason: String

    public init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }
}

/// What became of a record.
public enum OldRecordFate: Sendable, Equatable {
    /// - Parameter entries: of a list, those that were moved; 1 for anything else.
    case moved(entries: Int)
    /// Somebody else was faster.
    case gone
    /// Some or all of it stays as it is.
    case left([LeftRecord], moved: Int)
}
