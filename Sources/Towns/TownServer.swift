public import Configuration
import Files
import Operations
import Processes
import Redis
import Secrets
import Servers

/// The Redis server that tt runs for a town: its own, or the one for all towns of a user.
public struct TownServer: Sendable {
    /// What became of it.
    public enum Ending: String, Sendable, Codable {
        case ended
        case notRunning = "not_running"
    }

    private let server: ManagedServer
    /// Whether nobody but this town can reach it.
    public let isPrivate: Bool
    /// Whether other towns of this user use it, too.
    private let isShared: Bool

    /// - Throws: `OperationError` (`conflict`) for a town whose server is not one that tt runs.
    public init(
        _ configuration: TownConfiguration, _ files: TownFiles, environment: [String: String]
    ) throws {
        let name = configuration.name
        // What was started for a store that was copied elsewhere goes on until somebody ends it.
        if configuration.store != .redis, let left = Self.leftBehind(configuration, files, environment) {
            server = left
            isPrivate = true
            isShared = false
            return
        }
        guard configuration.store == .redis else {
            throw OperationError(.conflict, "the town '\(name)' keeps its state in .tt/town.db and has no server")
        }
        let plan: ServerChoice
        do {
            plan = try ServerChoice(configuration, files, environment)
        } catch let error as ServerError {
            throw OperationError(error)
        }
        guard let server = plan.server else {
            throw OperationError(
                .conflict, "the server at \(plan.endpoint) is not one that tt starts, so tt does not end it")
        }
        self.server = server
        isPrivate = plan.mode == .townSocket
        isShared = plan.mode == .central
    }

    /// The server in the town's folder, of a town that now keeps its state elsewhere.
    private static func leftBehind(
        _ configuration: TownConfiguration, _ files: TownFiles, _ environment: [String: String]
    ) -> ManagedServer? {
        var own = RedisConfiguration()
        own.useSocket = true
        for settings in [configuration.redis, own] {
            var before = configuration
            (before.store, before.redis) = (.redis, settings)
            guard let plan = try? ServerChoice(before, files, environment), plan.mode != .central,
                let server = plan.server,
                Files.exists(server.settings.folder)
            else { continue }
            return server
        }
        return nil
    }

    /// The password that its server was given, where the town has a server of tt's.
    static func secrets(
        _ configuration: TownConfiguration, _ files: TownFiles, environment: [String: String]
    ) -> [Secret] {
        guard configuration.store == .redis, let plan = try? ServerChoice(configuration, files, environment) else {
            return []
        }
        let kept = plan.server?.keptPassword
        return [plan.endpoint.password, kept].compactMap { $0 }.map { Secret(name: "redis.password", value: $0) }
    }

    /// Its process, where it runs on its socket and tt started it.
    func servingProcess() async -> ProcessIdentity? { await server.servingProcess() }

    /// Where its data is.
    var folder: String { server.settings.folder }

    /// Whether it answers.
    public func isRunning() async throws -> Bool {
        do {
            guard let client = try await server.running() else { return false }
            client.close()
            return true
        } catch {
            throw OperationError(.unavailable, error.message)
        }
    }

    /// Ends it, and returns when everything is on the disk and it has ended. Any later command starts it again. One that
    /// serves other towns ends only if nobody of those is connected.
    public func stop() async throws -> Ending {
        do {
            return try await server.stop(isShared: isShared) ? .ended : .notRunning
        } catch let error as ServerError {
            throw OperationError(error)
        } catch let error as RedisError {
            throw OperationError(.unavailable, error.message)
        }
    }
}

extension ServerChoice {
    /// Where a town's Redis is, by everything that this user and process say about it.
    init(_ configuration: TownConfiguration, _ files: TownFiles, _ environment: [String: String]) throws {
        guard !RedisAccess.isTurn(environment) else {
            throw OperationError(
                .conflict, "a turn has nothing to do with the town's server", hint: "ask the person to run this command"
            )
        }
        let home = GlobalConfiguration.home(environment)
        try self.init(
            configuration.redis, global: try GlobalConfiguration.load(home: home), root: files.root, home: home,
            environment: environment)
    }
}

extension OperationError {
    init(_ error: ServerError) {
        let code: Code =
            switch error.code {
            case .configuration: .invalid
            case .notOurs, .inUse: .conflict
            default: .unavailable
            }
        self.init(code, error.message, hint: error.hint.isEmpty ? nil : error.hint)
    }
}
