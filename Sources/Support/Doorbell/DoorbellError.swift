#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a doorbell could not be hung up or rung.
public struct DoorbellError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is. Open: switch with a `default`.
    public struct Code: Hashable, Sendable {
        private let name: String
        /// The folder cannot be made, opened or read.
        public static let folder = Code(name: "folder")
        /// A socket cannot be made, bound or used.
        public static let socket = Code(name: "socket")
    }

    /// What kind of failure it is.
    public var code: Code
    /// One line for people.
    public var message: String
    /// The system's error number, or 0.
    public var number: Int32

    /// The message.
    public var description: String { message }

    /// Why a folder is not used: EPERM stands for one that others own or can write.
    init(opening folder: String, number: Int32) {
        if number == EPERM {
            self.init(.folder, "\(folder) belongs to another user, or others can write it", number: 0)
        } else {
            self.init(.folder, "\(folder) cannot be opened", number: number)
        }
    }

    init(_ code: Code, _ what: String, number: Int32 = 0) {
        self.code = code
        self.number = number
        let reason = number == 0 ? nil : strerror(number).map { String(cString: $0) }
        let lacksSockets = [EOPNOTSUPP, ENOTSUP, ENOSYS].contains(number)
        let wayOut =
            lacksSockets
            ? ", so this file system has no sockets, which a town needs: keep the town on a local disk" : ""
        message = reason.map { "\(what): \($0)\(wayOut)" } ?? what
    }
}
