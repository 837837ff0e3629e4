import CShims

/// What a crash of this process leaves behind.
public enum CoreDumps {
    /// Writes none from now on; what this process starts writes none either, unless it raises its limit again.
    ///
    /// - Parameter isSecret: other processes of this user may not look into this one's memory either (Linux). What it
    ///   starts is not concerned.
    public static func leaveNone(isSecret: Bool) { shim_leave_no_core(isSecret) }
}
