import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The system's text for an error number.
func systemMessage(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}

/// Calls `body` again while a signal interrupts it; returns its result, with `errno` as the call left it.
func retryingInterrupts<Number: SignedInteger>(_ body: () -> Number) -> Number {
    while true {
        let result = body()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Opens a file above the standard descriptors, closed on exec; -1 with `errno` set on failure.
func openFile(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) -> Int32 {
    let descriptor = retryingInterrupts { open(path, flags | O_CLOEXEC, mode_t(mode)) }
    return descriptor >= 0 ? movedAboveStandard(descriptor) : descriptor
}

/// The descriptor itself, or its duplicate above 2 with the original closed.
func movedAboveStandard(_ descriptor: Int32) -> Int32 {
    guard descriptor < 3 else { return descriptor }
    let moved = shim_fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    let error = errno
    close(descriptor)
    errno = error
    return moved
}

/// Lets reads and writes return at once with `EAGAIN` where they would wait.
func setNonBlocking(_ descriptor: Int32) {
    let flags = shim_fcntl(descriptor, F_GETFL, 0)
    _ = shim_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
}

/// A small file's bytes, or nil when it cannot be read.
func contents(of path: String) -> [UInt8]? {
    let descriptor = openFile(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return contents(of: descriptor)
}

/// Everything from the descriptor's position on, or nil when reading fails.
func contents(of descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = retryingInterrupts { read(descriptor, &chunk, chunk.count) }
        if count < 0 { return nil }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
        // Files below /proc with many entries are long; fewer calls then.
        if count == chunk.count, chunk.count < 1 << 16 { chunk = [UInt8](repeating: 0, count: chunk.count * 4) }
    }
}

/// Writes all of `bytes`; false with `errno` set when that fails.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var offset = 0
        while offset < buffer.count {
            let count = retryingInterrupts { write(descriptor, buffer.baseAddress! + offset, buffer.count - offset) }
            if count < 0 { return false }
            offset += count
        }
        return true
    }
}

/// The names in a directory without `.` and `..`; empty when it cannot be read.
func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
