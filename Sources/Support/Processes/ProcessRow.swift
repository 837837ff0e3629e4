import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the kernel says of one process.
struct ProcessRow: Sendable {
    var identity: ProcessIdentity
    var parent: Int32
    var group: Int32
    var session: Int32
    /// Ended, and waits to be reaped.
    var hasEnded: Bool
    /// Runs no more lines of its program: it is on its way out, or SIGKILL waits for it. Only Linux tells before the end.
    var isLeaving = false
    /// The short name: up to 15 bytes of the program's, or what the process has called itself. Empty on macOS.
    var name = ""

    var pid: Int32 { identity.pid }
}

#if os(Linux)
    extension ProcessRow {
        static func read(_ pid: Int32) -> ProcessRow? {
            guard pid > 0, let bytes = contents(of: "/proc/\(pid)/stat") else { return nil }
            return ProcessRow(pid: pid, stat: bytes)
        }

        /// Every process that this one may see, in no order.
        static func all() -> [ProcessRow] {
            // fits: a text, so that the result is optional
            names(in: "/proc").compactMap { name in Int32(name).flatMap(read) }
        }

        /// How many processes and threads a user has.
        static func threads(of user: UInt32) -> Int {
            names(in: "/proc").reduce(0) { sum, name in
                var status = stat()
                guard name.first?.isNumber == true, stat("/proc/\(name)", &status) == 0, status.st_uid == user else {
                    return sum
                }
                var threads = stat()
                // A folder's links are its own two and one for each folder in it.
                guard stat("/proc/\(name)/task", &threads) == 0 else { return sum + 1 }
                return sum + max(1, Int(threads.st_nlink) - 2)  // fits: the kernel counts threads by an int
            }
        }

        /// The environment that the process was started with, as `KEY=VALUE`; nil when it may not be read.
        static func environment(of pid: Int32) -> [[UInt8]]? {
            contents(of: "/proc/\(pid)/environ").map { $0.split(separator: 0).map(Array.init) }
        }

        /// Whether the process is in the middle of its exec: its memory is new and has no place for an environment yet
        /// (field 50 of `stat`, proc(5)). The kernel's own threads, which never have one, are children of process 2.
        static func isBeginning(_ pid: Int32) -> Bool {
            guard let stat = contents(of: "/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: UInt8(ascii: ")"))
            else { return false }
            let fields = stat[(bracket + 1)...].split { $0 == 0x20 || $0 == 0x0A }
            guard fields.count > 47, let row = ProcessRow(pid: pid, stat: stat), !row.hasEnded else { return false }
            return row.parent > 2 || row.parent == 1 ? String(decoding: fields[47], as: UTF8.self) == "0" : false
        }

        /// Parses `/proc/PID/stat`. The second field is a name that may hold spaces and brackets: count from its end.
        init?(pid: Int32, stat: [UInt8]) {
            guard let bracket = stat.lastIndex(of: UInt8(ascii: ")")),
                let opening = stat.firstIndex(of: UInt8(ascii: "("))
            else { return nil }
            let fields = stat[(bracket + 1)...].split { $0 == 0x20 || $0 == 0x0A }
            func field(_ number: Int) -> String { String(decoding: fields[number - 3], as: UTF8.self) }
            guard fields.count > 19, let start = UInt64(field(22)), let parent = Int32(field(4)),
                // fits: texts, so that the results are optional
                let group = Int32(field(5)), let session = Int32(field(6)), let threads = Int(field(20))
            else { return nil }
            identity = ProcessIdentity(pid: pid, startTime: start)
            name = String(decoding: stat[(opening + 1)..<max(bracket, opening + 1)], as: UTF8.self)
            self.parent = parent
            self.group = group
            self.session = session
            // A process whose first thread has left while others run shows as a zombie too.
            hasEnded = (field(3) == "Z" && threads <= 1) || field(3) == "X"
            isLeaving = hasEnded || Self.isLeaving(fields, threads: threads)
        }

        /// SIGKILL is put to each thread of a process when it is sent (`complete_signal`): bit 8 of field 31. Once the
        /// first thread has taken it, its exit status says so (field 52). PF_EXITING is bit 2 of field 9; while other
        /// threads run, it only says that the first one has left.
        private static func isLeaving(_ fields: [ArraySlice<UInt8>], threads: Int) -> Bool {
            func value(_ number: Int) -> UInt64 {
                fields.count > number - 3 ? UInt64(String(decoding: fields[number - 3], as: UTF8.self)) ?? 0 : 0
            }
            return value(31) & 0x100 != 0 || value(52) == 9 || (value(9) & 0x4 != 0 && threads <= 1)
        }
    }
#else
    extension ProcessRow {
        static func read(_ pid: Int32) -> ProcessRow? {
            var row = shim_process()
            guard pid > 0, shim_process_get(pid, &row) == 1 else { return nil }
            return ProcessRow(row)
        }

        static func threads(of user: UInt32) -> Int { all().count }

        /// Arguments and environment are one block there, which comes with the exec.
        static func isBeginning(_ pid: Int32) -> Bool { false }

        static func all() -> [ProcessRow] {
            var rows: UnsafeMutablePointer<shim_process>?
            let count = shim_process_list(&rows)
            guard count > 0, let rows else { return [] }
            defer { free(rows) }
            return (0..<count).map { ProcessRow(rows[$0]) }
        }

        /// The block holds a count, the program's path, padding, that many arguments, and then the environment.
        static func environment(of pid: Int32) -> [[UInt8]]? {
            var block: UnsafeMutablePointer<CChar>?
            let size = shim_process_arguments(pid, &block)
            guard size > 4, let block else { return nil }
            defer { free(block) }
            let bytes = UnsafeRawBufferPointer(start: block, count: size)
            let arguments = max(0, Int(clamping: bytes.loadUnaligned(as: Int32.self)))
            let strings = bytes[4...].split(separator: 0).map(Array.init)
            return Array(strings.dropFirst(1 + arguments))
        }

        private init(_ row: shim_process) {
            identity = ProcessIdentity(pid: row.pid, startTime: row.start)
            parent = row.parent
            group = row.group
            session = row.session
            hasEnded = row.ended
        }
    }
#endif
