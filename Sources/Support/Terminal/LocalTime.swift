#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The zone in which people read times.
public struct LocalTime: Sendable {
    private let look: @Sendable (Int64) -> (offset: Int, name: String)

    /// - Parameter look: seconds east of UTC and the zone's short name, at a time in seconds since 1970.
    public init(_ look: @escaping @Sendable (Int64) -> (offset: Int, name: String)) { self.look = look }

    /// UTC, whatever the machine says.
    public static let utc = LocalTime { _ in (0, "UTC") }

    /// The zone of this process: `TZ`, else the machine's.
    public static let system = LocalTime { seconds in
        var time = time_t(seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return (0, "UTC") }
        let name = parts.tm_zone.map { String(cString: $0) } ?? ""
        return (Int(parts.tm_gmtoff), name.isEmpty ? "UTC" : name)
    }

    /// Seconds east of UTC.
    public func offset(at seconds: Int64) -> Int { look(seconds).offset }

    /// `CET`; `UTC+05:30` where the zone has no letters for a name.
    public func name(at seconds: Int64) -> String {
        let (offset, name) = look(seconds)
        if name.utf8.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }) { return name }
        let (hours, minutes) = (abs(offset) / 3600, abs(offset) / 60 % 60)
        let digits = [hours, minutes].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return "UTC\(offset < 0 ? "-" : "+")\(digits)"
    }
}
