import CRedisScripts

/// The Lua that the verbs are made of: the files of `RedisStore/Lua`, which are in the program. Every part is plain text
/// that is put before the next; all of it together is one script, so a verb is one call whatever it touches.
enum LuaParts {
    /// All parts, in the order in which they are joined.
    static var all: [String] { named { _ in true } }

    /// The parts of these names, in that order.
    static func only(_ names: Set<String>) -> [String] {
        let found = named(names.contains)
        precondition(found.count == names.count, "no such part in CRedisScripts.c: \(names.sorted())")
        return found
    }

    private static func named(_ isWanted: (String) -> Bool) -> [String] {
        var texts: [String] = []
        var part = lua_parts()
        while let name = part.pointee.name, let text = part.pointee.text {
            if isWanted(String(cString: name)) { texts.append(String(cString: text)) }
            part += 1
        }
        return texts
    }
}
