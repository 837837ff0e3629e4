import FoundationEssentials
import Testing

/// Doors hold no rules of their own: they call operations, and know neither stores nor the engine nor harnesses.
///
/// The manifest leaves these out of the doors' dependencies. A target that is built already can be imported all the same,
/// so the files are looked at.
struct DoorImports {
    private static let forbidden: Set<String> = [
        "SQLiteStore", "RedisStore", "MemoryStore", "StoreVerbs", "Engine", "Hosting", "Harnesses",
    ]

    @Test(arguments: ["Doors", "Tinytown", "tt"])
    func `no door imports a store, the engine or the harnesses`(folder: String) throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Sources/" + folder
        let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOfFile: root + "/" + file, encoding: .utf8)
            let imports = text.split(separator: "\n").filter { $0.contains("import ") }
                .compactMap { $0.split(separator: " ").last.map(String.init) }
            #expect(Self.forbidden.isDisjoint(with: imports), "\(folder)/\(file)")
        }
    }
}
