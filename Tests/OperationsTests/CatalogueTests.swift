import FoundationEssentials
import Model
import Operations
import Testing

struct CatalogueTests {
    private static let specs = Catalogue.all.map { $0.spec }

    @Test func `every operation has a name of its own`() {
        let feeds = Catalogue.feeds.map { $0.spec.name }
        #expect(feeds == feeds.sorted(), "the catalogue is sorted")
        let names = Self.specs.flatMap { [$0.name] + $0.aliases } + feeds
        #expect(Set(names).count == names.count)
        let isNamed = names.allSatisfy { name in
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 2
                && parts.allSatisfy { part in
                    !part.isEmpty && part.allSatisfy { $0.isLowercase && $0.isASCII || $0 == "_" }
                }
        }
        #expect(isNamed, "\(names)")
        #expect(Self.specs.map(\.name) == Self.specs.map(\.name).sorted(), "the catalogue is sorted")
        for spec in Self.specs {
            #expect(!spec.summary.isEmpty && !spec.summary.hasSuffix("."), "\(spec.name)")
        }
    }

    @Test func `every route leads to one operation or feed`() {
        let all = Self.specs.compactMap(\.route) + Catalogue.feeds.compactMap { $0.spec.route }
        let routes = all.map { route in
            // Names of parameters tell no routes apart.
            let path = route.path.split(separator: "/").map { $0.hasPrefix("{") ? "{}" : $0 }.joined(separator: "/")
            return "\(route.method.rawValue) \(path)"
        }
        #expect(Set(routes).count == routes.count)
        let reading = Self.specs.filter { $0.scope == .read }
        #expect(reading.allSatisfy { $0.route?.method ?? .get == .get && $0.isIdempotent && !$0.isDestructive })
    }

    /// Names, scopes, effects and routes are promises: doors and scripts rely on them.
    @Test func `nobody renames an operation by accident`() throws {
        let lines = Self.specs.map { spec in
            var words = [spec.name, "\(spec.scope)", "\(spec.effect)"]
            if let route = spec.route { words.append("\(route.method.rawValue) \(route.path) \(route.status)") }
            if spec.isIdempotent, spec.scope != .read { words.append("idempotent") }
            if spec.isDestructive { words.append("destructive") }
            if !spec.aliases.isEmpty { words.append("alias \(spec.aliases.joined(separator: " "))") }
            return words.joined(separator: " · ")
        }
        try Recorded.expect(lines.joined(separator: "\n") + "\n", "catalogue.txt")
    }

    @Test(arguments: [
        (StoreError.Code.agentNotFound, OperationError.Code.agentNotFound), (.taskNotFound, .taskNotFound),
        (.messageNotFound, .messageNotFound), (.nameTaken, .nameTaken), (.tooManyAgents, .tooManyAgents),
        (.illegalMove, .illegalMove), (.dependencyCycle, .dependencyCycle), (.notEmpty, .notEmpty), (.inUse, .inUse),
        (.leaseLost, .notYourTurn), (.inboxFull, .limit), (.tooManySends, .limit), (.busy, .unavailable),
        (.full, .unavailable), (.readOnly, .unavailable), (.newerVersion, .unavailable), (.corrupt, .unavailable),
        (.unavailable, .unavailable), (.unknownOutcome, .unknownOutcome), (.closed, .closed),
    ])
    func `an error of the store has one meaning for every door`(
        store: StoreError.Code, door: OperationError.Code
    ) {
        let error = OperationError(StoreError(store, "why"))
        #expect(error.code == door)
        #expect(error.message == "why")
    }
}
