import Model
import Operations
import Testing

struct CatalogueTests {
    @Test func `every operation has a name of its own`() {
        let names = Catalogue.all.map { $0.name }
        #expect(Set(names).count == names.count)
        #expect(names.count == 45)
        #expect(names.allSatisfy { $0.split(separator: ".").count == 2 })
        #expect(Catalogue.all.allSatisfy { !$0.summary.isEmpty && !$0.summary.hasSuffix(".") })
    }

    @Test(arguments: [
        (StoreError.Code.agentNotFound, OperationError.Code.notFound), (.taskNotFound, .notFound),
        (.messageNotFound, .notFound), (.nameTaken, .conflict), (.tooManyAgents, .conflict), (.illegalMove, .conflict),
        (.leaseLost, .notYourTurn), (.busy, .unavailable), (.full, .unavailable), (.readOnly, .unavailable),
        (.newerVersion, .unavailable), (.corrupt, .unavailable), (.unavailable, .unavailable),
        (.unknownOutcome, .unavailable), (.closed, .unavailable),
    ])
    func `an error of the store has one meaning for every door`(
        store: StoreError.Code, door: OperationError.Code
    ) {
        let error = OperationError(StoreError(store, "why"))
        #expect(error.code == door)
        #expect(error.message == "why")
    }
}
