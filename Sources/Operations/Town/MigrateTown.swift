public import Model

/// Brings what Tinytown kept in a form that it gave up into today's form. Without `confirm` it only says what it would do
/// (W59).
public struct MigrateTown: Operation {
    public static let spec = OperationSpec(
        "town.migrate", "Bring records of older versions into today's form", .manage,
        route: .post("/v1/migrate"), effect: .bringsWork,
        isIdempotent: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        /// Agents and tasks that are JSON texts become hashes; otherwise keys get the town's name.
        public var hash: Bool?
        /// Old keys are taken although other towns keep their state in the same place: nothing says whose they are.
        public var takeAll: Bool?
        /// Does it.
        public var confirm: Bool?

        enum CodingKeys: String, CodingKey {
            case hash, confirm
            case takeAll = "take_all"
        }

        public init(hash: Bool? = nil, takeAll: Bool? = nil, confirm: Bool? = nil) {
            self.hash = hash
            self.takeAll = takeAll
            self.confirm = confirm
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var form: OldForm
        /// What was found, in the order in which it is moved.
        public var keys: [OldRecord]
        /// How many of them were moved; 0 for a preview.
        public var moved: Int
        /// What stays as it is.
        public var left: [LeftRecord]
        /// Other towns on the same server.
        public var otherTowns: [String]
        /// Agents and tasks of this town that are JSON texts, for which the other form has to be asked.
        public var jsonRecords: Int
        /// False for a preview.
        public var done: Bool

        enum CodingKeys: String, CodingKey {
            case form, keys, moved, left, done
            case otherTowns = "other_towns"
            case jsonRecords = "json_records"
        }

        init(_ form: OldForm) {
            (self.form, keys, moved, left, otherTowns) = (form, [], 0, [], [])
            (jsonRecords, done) = (0, false)
        }
    }

    public static func hasEffect(_ output: Output) -> Bool { output.moved > 0 }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let form = input.hash == true ? OldForm.jsonRecords : .sharedKeys
        var output = Output(form)
        // A store that was never anything else has nothing old in it.
        guard let keeper = town.store as? any OldRecordKeeper else {
            output.done = input.confirm == true
            return output
        }
        let found = try await keeper.oldRecords(form)
        output.keys = found.records
        output.left = found.odd
        output.otherTowns = found.otherTowns
        if form == .sharedKeys { output.jsonRecords = try await keeper.oldRecords(.jsonRecords).records.count }
        guard input.confirm == true else { return output }
        if !found.records.isEmpty, !found.otherTowns.isEmpty, input.takeAll != true {
            let names = found.otherTowns.prefix(5).joined(separator: ", ")
            throw OperationError(
                .conflict,
                "old keys do not say which town they belong to, and the server holds other towns: \(names)",
                .operation("town.migrate", ["take_all": "true"], why: "if they are this town's, take them with"))
        }
        try await move(found.records, with: keeper, in: town, &output)
        output.done = true
        return output
    }

    // A program that still writes under old keys makes them anew, so what is there is looked at until there is nothing
    // more, or until it is clear that this does not end.
    private static func move(
        _ records: [OldRecord], with keeper: any OldRecordKeeper, in town: OpenTown, _ output: inout Output
    ) async throws {
        var (records, left) = (records, [LeftRecord]())
        for pass in 1... {
            left = []
            for record in records {
                try Task.checkCancellation()
                switch try await keeper.bring(record, now: town.time.now()) {
                case .moved: output.moved += 1
                case .gone: break
                case .left(let reasons, let moved):
                    left += reasons
                    if moved > 0 { output.moved += 1 }
                }
            }
            let again = try await keeper.oldRecords(output.form)
            output.left = again.odd + left
            let stays = Set(left.map(\.key))
            records = again.records.filter { !stays.contains($0.from) }
            if records.isEmpty { return }
            if pass == 3 {
                output.left += records.map {
                    LeftRecord(key: $0.from, reason: "a program older than 0.10 still writes to it; stop that first")
                }
                return
            }
        }
    }
}

extension MigrateTown.Input: Described {
    public static let fields =
        [
            Field("hash", "convert agents and tasks from JSON texts to hashes"),
            Field("take_all", "upgrade old keys even if other towns use the server"),
            Field("confirm", "do it; only a preview if omitted"),
        ] as [Field<Self>]
}
