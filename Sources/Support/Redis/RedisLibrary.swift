import Concurrency
import Synchronization

/// A function in Lua that a server keeps. Unlike a script, whose parts a server builds anew for each call, it is built
/// once, and may keep what it has built.
///
/// Its name carries the digest of its source, so that programs of several versions work on one server side by side.
public struct RedisLibrary: Sendable, Hashable {
    /// The name of the library and of its function.
    public let name: String
    /// All that is loaded.
    public let source: String
    /// What the names of all versions begin with.
    let family: String

    /// A library of one function; hashing makes it worth keeping.
    ///
    /// - Parameters:
    ///   - family: a word for what it does; the name begins with it.
    ///   - body: Lua that defines `entry`. While it is loaded, the server offers neither `redis.call` nor Lua's own
    ///     tables; they are there once the function runs.
    ///   - entry: the name of a function in `body` that takes the keys and the arguments.
    public init(family: String, body: String, entry: String) {
        self.family = family + "_"
        name = self.family + RedisScript(body).digest.prefix(20)
        source = """
            #!lua name=\(name)
            \(body)
            redis.register_function('\(name)', \(entry))

            """
    }

    fileprivate func command(keys: [any RedisArgument], arguments: [any RedisArgument]) -> RedisCommand {
        RedisCommand("FCALL", arguments: [name, keys.count] + keys + arguments)
    }

    /// Other versions that stay when this one is loaded. One that is deleted is loaded again by its next user.
    fileprivate static let spared = 7
}

/// What a client knows about functions on its server.
struct LibraryState: Sendable {
    /// The connection on which the server refused functions; not asked again on the same.
    var refusedBy: Int?
    /// Loads under way, shared by all who want them.
    var loads: [String: OneShot<RedisError?>] = [:]
    /// How often each library was loaded.
    var loaded: [String: Int] = [:]
}

extension RedisClient {
    /// Calls a library's function, which is loaded where the server does not have it, as after a restart. Where the
    /// server takes no functions now or from this user, `script` is run, which has to do the same.
    ///
    /// - Parameter isRepeatable: whether carrying it out twice does no harm, so that it is sent again if its answer is
    ///   lost.
    /// - Throws: what the function raised, as `other` with its words in `reply`, or the code that they stand for.
    public func call(
        _ library: RedisLibrary, otherwise script: RedisScript, keys: [any RedisArgument],
        arguments: [any RedisArgument] = [], timeout: Duration? = nil, isRepeatable: Bool = false
    ) async throws(RedisError) -> RedisValue {
        if libraries.withLock({ $0.refusedBy }) != generation {
            var command = library.command(keys: keys, arguments: arguments)
            if isRepeatable { command = command.repeatable }
            let loaded = libraries.withLock { $0.loaded[library.name] ?? 0 }
            do throws(RedisError) {
                do throws(RedisError) {
                    return try await send(command, timeout: timeout)
                } catch {
                    guard error.isMissingFunction else { throw error }
                    try await load(library, after: loaded)
                }
                return try await send(command, timeout: timeout)
            } catch {
                // Whatever this is, the function has not run, or has changed nothing.
                guard error.refusesFunctions || error.isMissingFunction else { throw error }
                if error.refusesFunctionsForGood {
                    let generation = generation
                    libraries.withLock { $0.refusedBy = generation }
                }
            }
        }
        return try await run(script, keys: keys, arguments: arguments, timeout: timeout, isRepeatable: isRepeatable)
    }

    /// Loads a library, once for all who want it at the same time.
    /// - Parameter loaded: how often it had been loaded when the call was sent that missed it. Who is told of that late,
    ///   when it has been loaded again meanwhile, needs no load.
    private func load(_ library: RedisLibrary, after loaded: Int) async throws(RedisError) {
        let (load, isNew): (OneShot<RedisError?>?, Bool) = libraries.withLock { state in
            if state.loaded[library.name, default: 0] > loaded { return (nil, false) }
            if let load = state.loads[library.name] { return (load, false) }
            let load = OneShot<RedisError?>()
            state.loads[library.name] = load
            return (load, true)
        }
        guard let load else { return }
        if isNew {
            // Unstructured, because it belongs to everybody who waits; it ends with the timeout of its requests.
            Task {
                let error = await self.loadNow(library)
                self.libraries.withLock {
                    $0.loads[library.name] = nil
                    if error == nil { $0.loaded[library.name, default: 0] += 1 }
                }
                load.set(error)
            }
        }
        let error: RedisError?
        do { error = try await load.wait() } catch { throw .wasCancelled(mayHaveRun: false) }
        if let error { throw error }
    }

    private func loadNow(_ library: RedisLibrary) async -> RedisError? {
        do throws(RedisError) {
            try await send(RedisCommand("FUNCTION", "LOAD", library.source).repeatable)
        } catch {
            // Another program has loaded the same.
            if error.reply?.contains("already exists") != true { return error }
        }
        // Versions that nobody uses any more would stay for ever.
        let list = try? await send(RedisCommand("FUNCTION", "LIST", "LIBRARYNAME", library.family + "*").repeatable)
        let others = (list?.array ?? []).compactMap { $0.fields?["library_name"]?.text }.filter { $0 != library.name }
        for name in others.dropFirst(RedisLibrary.spared) { _ = try? await send(["FUNCTION", "DELETE", name]) }
        return nil
    }
}

extension RedisError {
    fileprivate var isMissingFunction: Bool { reply == "ERR Function not found" }

    /// Whether the server or its administrator does not offer functions to this user.
    fileprivate var refusesFunctionsForGood: Bool {
        code == .notPermitted || reply?.lowercased().hasPrefix("err unknown command") == true
    }

    /// Whether the server carries out no function, while a script that only reads may still be carried out: a function
    /// is refused before it begins, a script with its first write.
    fileprivate var refusesFunctions: Bool {
        refusesFunctionsForGood || [.readOnlyReplica, .cannotPersist, .outOfMemory].contains(code)
    }
}
