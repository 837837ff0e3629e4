extension FailureClass {
    /// `rate limit`: the class as people read it.
    public var words: String { String(rawValue.map { $0 == "_" ? " " : $0 }) }
}
