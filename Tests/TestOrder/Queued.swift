// A release with the runtime inside is built without the testing library.
#if canImport(Testing)
    public import Testing

    /// Tests of a suite wait until few others run that start processes or servers, or that work hard.
    ///
    /// Swift Testing starts all tests at once. Those that only compute are done within seconds. The rest would wait for each
    /// other's processes until their time limits end them. A limit begins after this wait.
    public struct QueueTrait: SuiteTrait, TestTrait, TestScoping {
        fileprivate let places: Int

        public var isRecursive: Bool { true }

        /// Only around a whole test: its time limit begins before the scopes of its cases.
        public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
            testCase == nil && !test.isSuite ? self : nil
        }

        @concurrent public func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
        ) async throws {
            // A suite inside a suite, each with such a trait: the outer one waited.
            if Queue.isInside { return try await function() }
            await Queue.shared.enter(places)
            defer { Queue.shared.leave(places) }
            try await Queue.$isInside.withValue(true) { try await function() }
        }
    }

    extension Trait where Self == QueueTrait {
        /// A few such tests run at a time. Cases of one test run together, so the suite is `.serialized` as well.
        public static var queued: Self { QueueTrait(places: 1) }
        /// No queued test runs beside one of this suite: it measures time, or looks at what all share.
        public static var alone: Self { QueueTrait(places: Queue.width) }
    }
#endif
