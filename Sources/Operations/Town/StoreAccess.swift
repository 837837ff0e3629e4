/// How a store is to be used.
public enum StoreAccess: Sendable, Equatable {
    /// Nothing is written, not even recovery; cheap.
    case readOnly
    case readWrite
    /// The same as `readOnly`, but a store that is not there is not made: `OperationError` (`notFound`).
    case existing
}
