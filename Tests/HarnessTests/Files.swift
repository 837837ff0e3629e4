#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct FileProblem: Error { var path: String, number: Int32 }

func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw FileProblem(path: path, number: errno) }
}

func link(_ target: String, _ path: String) throws {
    guard symlink(target, path) == 0 else { throw FileProblem(path: path, number: errno) }
}

/// The file's permissions; nil where there is none.
func mode(of path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt32(status.st_mode & 0o777) : nil
}

/// The file's bytes; nil where it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count <= 0 { return bytes }
        bytes += buffer[..<count]
    }
}
