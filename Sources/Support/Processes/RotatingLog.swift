public import Files
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A log file that is appended to and starts anew when it is full: `agent.log`, then `agent.log.1`, `agent.log.2` …
///
/// Any thread may write; a write is never cut in two by a rotation or by another write. Writing never throws: what
/// cannot be written is dropped, and the first of a row of errors is reported. One object at a time writes a path.
public final class RotatingLog: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var size = 0
        var failing = false
    }

    /// The newest file.
    public let file: SafePath
    private let limit: Int
    private let generations: Int
    private let onError: @Sendable (ProcessError) -> Void
    private let state = Mutex(State())

    /// Opens nothing yet: the file and its directory are made when the first bytes come. A file that is a link, or has
    /// other names, is never written.
    ///
    /// - Parameters:
    ///   - limit: bytes after which the next write starts a new file; one longer write makes a longer file.
    ///   - generations: how many old files are kept, 0 for none.
    ///   - onError: called outside all locks for the first error, and again for the first after a success.
    public init(
        _ file: SafePath, limit: Int = 10 << 20, generations: Int = 3,
        onError: @escaping @Sendable (ProcessError) -> Void = { _ in }
    ) {
        precondition(limit > 0 && generations >= 0, "a log needs room")
        self.file = file
        self.limit = limit
        self.generations = generations
        self.onError = onError
    }

    deinit {
        let descriptor = state.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Appends one line; a line feed is added where it is missing.
    public func write(line: String) {
        var bytes = Array(line.utf8)
        if bytes.last != 0x0A { bytes.append(0x0A) }
        write(bytes)
    }

    /// Appends bytes as they are.
    public func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let report: ProcessError? = state.withLock { state in
            do throws(ProcessError) {
                try append(bytes, &state)
                state.failing = false
                return nil
            } catch {
                if state.descriptor >= 0 { close(state.descriptor) }
                state.descriptor = -1
                defer { state.failing = true }
                return state.failing ? nil : error
            }
        }
        if let report { onError(report) }
    }

    private func append(_ bytes: [UInt8], _ state: inout State) throws(ProcessError) {
        var status = stat()
        // Removed by somebody, with its directory perhaps: what is written to it now nobody would ever read. Or it has
        // got another name, which may be somebody's way to have it changed.
        if state.descriptor >= 0, fstat(state.descriptor, &status) != 0 || status.st_nlink != 1 {
            close(state.descriptor)
            state.descriptor = -1
        }
        if state.descriptor < 0 { try open(&state) }
        if state.size > 0, state.size + bytes.count > limit {
            try rotate()
            close(state.descriptor)
            state.descriptor = -1
            try open(&state)
        }
        guard writeAll(bytes, to: state.descriptor) else {
            throw ProcessError(.file, "cannot write \(file)", system: errno)
        }
        state.size += bytes.count
    }

    private func open(_ state: inout State) throws(ProcessError) {
        var opened: Int32?
        do throws(FileError) {
            do throws(FileError) { opened = try file.open(.append) } catch {
                guard error.number == ENOENT else { throw error }
                try Files.makeFolder(file.root)
                try file.makeFolderAround()
                opened = try file.open(.append)
            }
        } catch {
            throw ProcessError(error)
        }
        guard let descriptor = opened else { throw ProcessError(.file, "cannot open \(file)") }
        var status = stat()
        state.size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        state.descriptor = descriptor
    }

    private func rotate() throws(ProcessError) {
        guard generations > 0 else {
            file.remove()
            return
        }
        for generation in stride(from: generations - 1, through: 1, by: -1) {
            // A missing generation is not an error.
            try? file.sibling("\(file.name).\(generation)").rename(to: "\(file.name).\(generation + 1)")
        }
        do { try file.rename(to: "\(file.name).1") } catch { throw ProcessError(error) }
    }
}
