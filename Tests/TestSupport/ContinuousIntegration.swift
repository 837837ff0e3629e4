#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whether `CI` is `true`. Then nothing may be missing: a test whose program is not there fails, and is not left out.
public let isCI = getenv("CI").map { String(cString: $0) } == "true"
