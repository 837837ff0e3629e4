/// The version of this program.
public enum Version {
    /// Without a leading `v`.
    public static let current = "0.1.0"
}
