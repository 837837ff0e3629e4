#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct FileTrouble: Error { var number: Int32 }

/// What the tests do to files.
enum TestFiles {
    static func makeLogs(_ root: String) throws {
        for folder in [root + "/.tt", root + "/.tt/logs"] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
            throw FileTrouble(number: errno)
        }
    }

    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileTrouble(number: errno) }
    }

    /// The whole content, or nil where there is no such file.
    static func text(_ path: String) throws -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileTrouble(number: errno)
        }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw FileTrouble(number: errno) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func append(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw FileTrouble(number: errno) }
        defer { _ = close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw FileTrouble(number: errno) }
    }

    static func rename(_ path: String, to new: String) throws {
        #if canImport(Glibc)
            guard Glibc.rename(path, new) == 0 else { throw FileTrouble(number: errno) }
        #elseif canImport(Musl)
            guard Musl.rename(path, new) == 0 else { throw FileTrouble(number: errno) }
        #else
            guard Darwin.rename(path, new) == 0 else { throw FileTrouble(number: errno) }
        #endif
    }
}
