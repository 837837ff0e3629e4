/// How a store is to be used.
public enum StoreAccess: Sendable, Equatable {
    /// Nothing is written, not even recovery; cheap.
    case readOnly
    case readWrite
}
