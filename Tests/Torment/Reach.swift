import Hosting
import Model
import Redis
import RedisServers
import RedisStore
import SQLiteStore

/// How a process reaches the tormented town.
enum Reach {
    /// In a folder.
    case sqlite(String)
    /// On a server's socket.
    case redis(String)

    /// As words for a process that is to reach it as well.
    var words: [String] {
        switch self {
        case .sqlite(let folder): ["sqlite", folder]
        case .redis(let socket): ["redis", socket]
        }
    }

    init(words: [String]) { self = words[0] == "redis" ? .redis(words[1]) : .sqlite(words[1]) }

    func open() async throws -> (store: any Store, time: any TimeSource) {
        switch self {
        case .sqlite(let folder): return (try await SQLiteStore.open(folder: folder), SystemTime())
        case .redis(let socket):
            let client = RedisClient(RedisEndpoint(.unix(path: socket)), options: .patient)
            let time: any TimeSource = try await ServerClock(client) ?? SystemTime()
            return (try await RedisStore.open(client, town: "torment", time: time), time)
        }
    }
}

/// What the command line asks for.
struct Settings {
    struct Wrong: Error, CustomStringConvertible { var description: String }

    /// Nil for SQLite.
    var server: ServerProgram?
    var kills = 150
    var seed: UInt64 = 1

    init(_ words: [String]) throws {
        var (store, name) = ("sqlite", "redis-7")
        var rest = words[...]
        while let word = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Wrong(description: "\(word) needs a value") }
            switch word {
            case "--store" where ["sqlite", "redis"].contains(value): store = value
            case "--server": name = value
            case "--kills": kills = Int(value) ?? kills
            case "--seed": seed = UInt64(value) ?? seed
            default: throw Wrong(description: "\(word) \(value) means nothing here")
            }
        }
        guard store == "redis" else { return }
        guard let program = ServerProgram.all.first(where: { $0.name == name }) else {
            throw Wrong(description: "there is no server \(name); see Tests/Servers/fetch.py")
        }
        server = program
    }
}
