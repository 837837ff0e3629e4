import Model
import Redis

extension StoreError {
    /// What a failure of the server or of the way to it means for a verb.
    init(_ error: RedisError) {
        let code: Code =
            switch error.code {
            case .closed: .closed
            case .outOfMemory, .cannotPersist, .overloaded, .tooLarge: .full
            case .readOnlyReplica, .notPermitted: .readOnly
            case .busyScript: .busy
            case .wrongType, .other: .corrupt
            case _ where error.mayHaveRun: .unknownOutcome
            default: .unavailable
            }
        if error.code == .wrongType {
            self.init(
                code,
                "a key of this town holds something else than it should; where an early Tinytown wrote records as JSON "
                    + "texts, fix it with: tt migrate --hash")
            return
        }
        self.init(code, error.message)
    }
}
