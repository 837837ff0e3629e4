#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

func exitProcess(_ code: Int32) -> Never { exit(code) }

/// Writes at once, so that the line is out even if the process is killed right afterwards.
func say(_ text: String, to descriptor: Int32 = 1) {
    let bytes = Array(text.utf8)
    _ = write(descriptor, bytes, bytes.count)
}

/// Ends this process with the one that started it, which holds the other end of its input.
func endWithParent() {
    var thread = pthread_t(bitPattern: 0)
    let code = pthread_create(
        &thread, nil,
        { _ in
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            exit(1)
        }, nil)
    precondition(code == 0, "no thread")
}

/// Adds a line to a file that several processes write.
func note(_ line: String, in path: String) {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    say(line + "\n", to: descriptor)
    close(descriptor)
}

/// What a file holds, as lines.
func lines(of path: String) -> [Substring] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
}

struct SystemError: Error, CustomStringConvertible { var description: String }

func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw SystemError(description: "\(path) cannot be made: error \(errno)") }
}
