public import Configuration
import Peers
public import Processes
import Redis
import Servers

/// Where a town's Redis is, and how it is guarded. Connects to nothing.
public struct RedisFacts: Sendable {
    /// The address, without a password.
    public let place: String
    /// Whether it is on this machine.
    public let isLocal: Bool
    /// Whether everybody on this machine can connect to it.
    public let isPort: Bool
    public let isEncrypted: Bool
    public let hasPassword: Bool
    /// Its process, if tt started it and it runs.
    public let process: ProcessIdentity?

    /// - Throws: `OperationError`, `ServerError` or `ConfigurationError` if the configuration cannot be used.
    public init(_ configuration: TownConfiguration, _ files: TownFiles, environment: [String: String]) throws {
        let plan = try ServerChoice(configuration, files, environment)
        let endpoint = plan.endpoint
        place = "\(endpoint)"
        switch endpoint.place {
        case .unix: (isLocal, isPort) = (true, false)
        case .tcp(let host, _): (isLocal, isPort) = (MachineAddress.isThisMachine(host), true)
        }
        isEncrypted = endpoint.tls != nil
        hasPassword = endpoint.password != nil
        process = plan.server?.process
    }
}
