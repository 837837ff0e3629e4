public import Concurrency

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    /// It ended by itself with this code, 0 to 255.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Signal)
    /// Other code of this program took the status before it could be read.
    case unknown

    /// Whether the code is 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// `exit code 1`, `ended by SIGKILL`.
    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "ended by \(signal)"
        case .unknown: "ended, status unknown"
        }
    }
}
