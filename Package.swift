// swift-tools-version: 6.2
// The manifest is the architecture: a target may import only what is listed for it, and arrows point down.
// See docs/architecture.md for what each layer is for.
import PackageDescription

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func layer(_ folder: String, _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target
{
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", exclude: exclude,
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: strict)
}

// Calls of the C library that write into memory check how much there is. It takes an optimizer, so release builds only;
// what else hardens a release needs flags that a manifest may not set (scripts/lib.sh).
let fortified = CSetting.define("_FORTIFY_SOURCE", to: "3", .when(platforms: [.linux], configuration: .release))

// C libraries: a module map and a shim header each. CShims, CTOML and CRedisScripts are all of C that is compiled here.
let c: [Target] = [
    // None has a pkgConfig: it would name the shared library, and hiredis's holds a -D flag, which SwiftPM warns about.
    .systemLibrary(
        name: "CSQLite", path: "Sources/C/CSQLite", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .systemLibrary(
        name: "CHiredis", path: "Sources/C/CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
    .systemLibrary(
        name: "COpenSSL", path: "Sources/C/COpenSSL",
        providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .target(name: "CShims", path: "Sources/C/CShims", cSettings: [fortified]),
    // Puts the files of Stores/RedisStore/Lua into the program.
    .target(name: "CRedisScripts", path: "Sources/C/CRedisScripts"),
    // It reads what strangers write: indexes and iterators of the C++ library are checked as well.
    .target(
        name: "CTOML", path: "Sources/C/CTOML",
        cxxSettings: [
            .define("_FORTIFY_SOURCE", to: "3", .when(platforms: [.linux], configuration: .release)),
            .define("_GLIBCXX_ASSERTIONS", .when(platforms: [.linux])),
        ]),
    .systemLibrary(
        name: "CSodium", path: "Sources/C/CSodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
]

// The archive where there is one: `tt` then needs no library that a system may lack, and a command that talks to no
// server does not load what it takes to do so.
func archive(_ name: String) -> LinkerSetting {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
    let isThere = folders.contains { access("\($0)/lib\(name).a", R_OK) == 0 }
    return .linkedLibrary(isThere ? ":lib\(name).a" : name)
}

// Support knows nothing of towns, agents or tasks.
let support: [Target] = [
    layer("Support", "Concurrency"),
    layer("Support", "Processes", ["CShims", "Concurrency", "Files"]),
    .target(
        name: "SQLite", dependencies: ["CSQLite"], path: "Sources/Support/SQLite", swiftSettings: strict,
        linkerSettings: [archive("sqlite3")]),
    layer("Support", "Doorbell", ["CShims", "Concurrency"]),
    // Which addresses are this machine, and whose program is at the other end of a connection.
    layer("Support", "Peers", ["CShims"]),
    .target(
        name: "Redis", dependencies: ["CHiredis", "COpenSSL", "CShims", "Concurrency", "Peers"],
        path: "Sources/Support/Redis",
        swiftSettings: strict, linkerSettings: [archive("hiredis"), archive("ssl"), archive("crypto")]),
    layer("Support", "TOML", ["CTOML", "Text"]),
    layer("Support", "Text"),
    layer("Support", "Secrets"),
    layer("Support", "Terminal", ["Text"]),
    layer("Support", "Arguments", ["Text"]),
    layer("Support", "Files", ["CShims", "Concurrency"]),
    .target(
        name: "Cryptography", dependencies: ["CSodium"], path: "Sources/Support/Cryptography", swiftSettings: strict,
        linkerSettings: [archive("sodium")]),
]

// Values, state machines and the ports that everything else plugs into.
let model: [Target] = [
    .target(name: "Model", path: "Sources/Model", swiftSettings: strict)
]

let stores: [Target] = [
    layer("Stores", "StoreVerbs", ["Model", "Text"]),
    layer("Stores", "MemoryStore", ["Model", "StoreVerbs"]),
    layer(
        "Stores", "RedisStore", ["CRedisScripts", "Model", "StoreVerbs", "Redis", "Concurrency", "Text"],
        exclude: ["Lua"]),
    layer("Stores", "SQLiteStore", ["Model", "StoreVerbs", "SQLite", "Doorbell", "Concurrency", "Files"]),
]

let engine: [Target] = [
    // The command lines of agent CLIs that are known without any configuration.
    .target(name: "Presets", path: "Sources/Presets", swiftSettings: strict),
    .target(
        name: "Engine", dependencies: ["Model", "Concurrency", "Text", "Secrets"], path: "Sources/Engine",
        swiftSettings: strict),
    .target(
        name: "Hosting", dependencies: ["Model", "Processes", "Files", "Secrets"], path: "Sources/Hosting",
        swiftSettings: strict),
    // Redis and Valkey servers of our own, and where a town's server is.
    .target(
        name: "Servers", dependencies: ["Configuration", "Redis", "Peers", "Processes", "Files"],
        path: "Sources/Servers", swiftSettings: strict),
    .target(
        name: "Harnesses", dependencies: ["Model", "Presets", "Processes", "Concurrency", "Files", "Text"],
        path: "Sources/Harnesses",
        swiftSettings: strict),
    .target(
        name: "Configuration",
        dependencies: ["Model", "Presets", "TOML", "Files", "Cryptography", "Text", "Secrets"],
        path: "Sources/Configuration",
        swiftSettings: strict),
]

let towns: [Target] = [
    // The same operations, stores and hosts serve the commands and the library.
    .target(
        name: "Towns",
        dependencies: [
            "Operations", "Model", "Presets", "Engine", "Hosting", "Harnesses", "Configuration", "SQLiteStore",
            "RedisStore", "MemoryStore", "Redis", "Servers", "Processes", "Concurrency", "Files", "Secrets",
            "Cryptography",
        ], path: "Sources/Towns", swiftSettings: strict)
]

// For programs: the same towns, in a small API of its own.
let library: [Target] = [
    .target(
        name: "Tinytown",
        dependencies: [
            "Towns", "Operations", "Model", "Configuration", "Processes", "Concurrency", "Files", "Secrets",
        ],
        path: "Sources/Tinytown", swiftSettings: strict)
]

let doors: [Target] = [
    // The plan under version control: tasks.toml.
    .target(
        name: "Plans", dependencies: ["Model", "TOML", "Text"], path: "Sources/Plans", swiftSettings: strict),
    .target(
        name: "Operations",
        dependencies: [
            "Concurrency", "Engine", "Model", "Configuration", "Plans", "Files", "Processes", "Cryptography", "Text",
            "Secrets",
        ],
        path: "Sources/Operations",
        swiftSettings: strict),
    layer(
        "Doors", "Commands",
        [
            "Towns", "Operations", "Model", "Presets", "Configuration", "Processes", "Concurrency", "Files", "Terminal",
            "Arguments", "Cryptography", "TOML", "Peers", "Text", "Secrets",
        ]),
    .executableTarget(
        name: "tt", dependencies: ["Commands", "Towns", "Operations", "Files", "Processes"], path: "Sources/tt",
        swiftSettings: strict
    ),
]

let proof: [Target] = [
    .target(name: "TestSupport", dependencies: ["Model"], path: "Tests/TestSupport", swiftSettings: strict),
    // Which tests run beside each other. No program depends on it.
    .target(name: "TestOrder", path: "Tests/TestOrder", swiftSettings: strict),
    .target(name: "CSimulation", path: "Tests/CSimulation"),
    .executableTarget(
        name: "simulate",
        dependencies: [
            "CSimulation", "Engine", "Model", "MemoryStore", "SQLiteStore", "RedisStore", "StoreVerbs", "Redis",
            "RedisServers", "Concurrency", "Configuration", "Operations", "Towns", "TestSupport",
        ], path: "Tests/Simulate", swiftSettings: strict),
    // Processes that follow a log or hold a lease, and are killed; part of scripts/torture.
    .executableTarget(
        name: "torment",
        dependencies: [
            "Engine", "Model", "SQLiteStore", "RedisStore", "Redis", "RedisServers", "Hosting", "Processes",
            "Concurrency",
            "TestSupport",
        ], path: "Tests/Torment", swiftSettings: strict),
    // Mutated inputs for everything that reads what others wrote.
    .executableTarget(
        name: "fuzz",
        dependencies: [
            "Model", "Harnesses", "Redis", "RedisStore", "SQLite", "SQLiteStore", "TOML", "Arguments", "Configuration",
            "Plans", "Operations", "Files", "Text",
        ], path: "Tests/Fuzz", swiftSettings: strict),
    tests("ConcurrencyTests", ["Concurrency", "TestSupport"]),
    tests("FilesTests", ["Files", "CShims", "TestSupport"]),
    tests("ProcessesTests", ["Processes", "Files", "TestSupport", "TestOrder"]),
    tests("SQLiteTests", ["SQLite", "TestSupport", "TestOrder"]),
    tests("DoorbellTests", ["Doorbell", "TestSupport", "TestOrder"]),
    tests("PeersTests", ["Peers", "TestOrder"]),
    // Private Redis and Valkey servers; see Tests/Servers/fetch.py.
    .target(
        name: "RedisServers", dependencies: ["Redis", "Processes", "Files", "Concurrency", "TestSupport"],
        path: "Tests/RedisServers",
        swiftSettings: strict),
    tests(
        "ServersTests",
        [
            "Servers", "Configuration", "Redis", "RedisServers", "Processes", "Files", "Concurrency", "TestSupport",
            "TestOrder",
        ]),
    tests("RedisTests", ["Redis", "RedisServers", "Processes", "Concurrency", "TestSupport", "TestOrder"]),
    tests("TOMLTests", ["TOML", "TestSupport"]),
    tests("TextTests", ["Text"]),
    tests("SecretsTests", ["Secrets"]),
    tests("TerminalTests", ["Terminal"]),
    tests("CryptographyTests", ["Cryptography"]),
    tests("ArgumentsTests", ["Arguments", "TestSupport", "TestOrder"]),
    tests("ModelTests", ["Model"]),
    // A process to be killed between receiving a message and acknowledging it.
    .executableTarget(name: "Receiver", dependencies: ["Tinytown"], path: "Tests/Receiver", swiftSettings: strict),
    tests("TinytownTests", ["Tinytown", "Receiver", "Concurrency", "Processes", "TestSupport", "TestOrder"]),
    // A scratch town that is driven through the real binary.
    .target(
        name: "TestTown", dependencies: ["Processes", "Files", "RedisServers", "Concurrency", "TestSupport"],
        path: "Tests/TestTown", swiftSettings: strict),
    // What strangers try: each attack of docs/security.md by its name.
    tests(
        "AttackTests",
        ["tt", "TestTown", "Redis", "RedisServers", "Processes", "Concurrency", "Files", "TestSupport", "TestOrder"]),
    tests(
        "IntegrationTests",
        [
            "tt", "TestTown", "single-agent", "multi-agent", "task-pipeline", "recovery", "Redis", "RedisServers",
            "Processes",
            "Concurrency", "TestSupport", "TestOrder",
        ]),
    // Each kind of store, and the town that tests of all of them make.
    .target(
        name: "StoreSupport",
        dependencies: [
            "Model", "MemoryStore", "SQLiteStore", "RedisStore", "Redis", "RedisServers", "Processes", "Concurrency",
            "TestSupport",
        ], path: "Tests/StoreSupport", swiftSettings: strict),
    tests(
        "ConformanceTests",
        ["Model", "StoreVerbs", "MemoryStore", "Engine", "StoreSupport", "TestSupport", "TestOrder"]),
    tests(
        "RedisStoreTests",
        [
            "Model", "MemoryStore", "SQLiteStore", "RedisStore", "Redis", "RedisServers", "Processes", "Concurrency",
            "StoreSupport", "TestSupport", "TestOrder",
        ]),
    // A process to be killed in the middle of its commits.
    .executableTarget(
        name: "StoreCrasher", dependencies: ["Model", "SQLiteStore"], path: "Tests/StoreCrasher", swiftSettings: strict),
    // Counts what SQLite asks of the disk, and lets it fail.
    .target(name: "CSyncCounter", dependencies: ["CSQLite"], path: "Tests/CSyncCounter"),
    tests(
        "StoreFaultTests",
        ["Model", "StoreVerbs", "SQLiteStore", "SQLite", "StoreCrasher", "CSyncCounter", "TestSupport", "TestOrder"]),
    tests("ConfigurationTests", ["Configuration", "Files", "TestSupport"]),
    tests("EngineTests", ["Engine", "Model", "MemoryStore", "Concurrency", "TestSupport"]),
    tests("HostingTests", ["Hosting", "Files", "Model", "Processes", "TestSupport", "TestOrder"]),
    .executableTarget(name: "FakeCLI", path: "Tests/FakeCLI", swiftSettings: strict),
    tests(
        "HarnessTests",
        ["Harnesses", "Model", "Presets", "Processes", "Concurrency", "TestSupport", "FakeCLI", "Text", "TestOrder"]),
    tests("PlansTests", ["Plans", "Model"]),
    tests(
        "OperationsTests", ["Operations", "Configuration", "Model", "MemoryStore", "Files", "TestSupport", "Text"]),
    tests(
        "CommandsTests",
        [
            "Commands", "Towns", "Operations", "Configuration", "Model", "MemoryStore", "Arguments", "Terminal",
            "Processes", "Cryptography", "SQLiteStore", "TestSupport", "Text",
        ]),
]

// What the product is measured against, and the program that measures; see docs/performance.md.
let benchmarks: [Target] = [
    .target(name: "CBaseline", dependencies: ["CSQLite"], path: "Benchmarks/CBaseline"),
    .executableTarget(
        name: "bench",
        dependencies: ["CBaseline", "Concurrency", "Model", "SQLiteStore", "RedisStore", "Redis", "Hosting"],
        path: "Benchmarks/bench",
        swiftSettings: strict),
]

// The book's tutorials as programs; they are run by the tests.
let examples: [Target] = [
    ("single-agent", "SingleAgent"), ("multi-agent", "MultiAgent"), ("task-pipeline", "TaskPipeline"),
    ("recovery", "Recovery"),
].map { name, folder in
    .executableTarget(
        name: name, dependencies: ["Tinytown"], path: "examples/tutorials/\(folder)", swiftSettings: strict)
}

let package = Package(
    name: "tinytown",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "tt", targets: ["tt"]), .library(name: "Tinytown", targets: ["Tinytown"])],
    targets: c + support + model + stores + engine + towns + library + doors + proof + benchmarks + examples,
    cLanguageStandard: .c2x,
    cxxLanguageStandard: .cxx17
)
