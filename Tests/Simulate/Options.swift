import RedisServers

/// What the command line asks for.
struct Options {
    var store = StoreKind.memory
    var server = ServerProgram.any
    var seeds: Range<UInt64> = 1..<301
    var showsTrace = false

    static let help = """
        usage: simulate [--store memory|sqlite|redis] [--server NAME] [--seeds N] [--from SEED] [--trace]

        Lives of simulated towns, one for each seed. A seed that fails is printed, and repeats exactly with
        --from SEED --seeds 1 --trace.

          --store S     where the towns keep their state (default memory). In sqlite and redis each host opens the store
                        for itself. Every verb is over before anything else happens, and bells are those of the
                        simulation; so a life is the same in each store, and differs only if the store does. It is lived
                        in memory as well, and compared.
          --server S    with redis: redis-7 (the system's), redis-8 or valkey-9; see Tests/Servers/fetch.py
          --seeds N     how many (default 300)
          --from SEED   the first (default 1)
          --trace       print what happens
        """

    init(_ arguments: ArraySlice<String>) {
        var (count, first): (UInt64, UInt64) = (300, 1)
        var words = arguments
        while let word = words.popFirst() {
            switch word {
            case "--store": store = Self.value(words.popFirst().flatMap(StoreKind.init), of: word)
            case "--server":
                let name = words.popFirst()
                server = Self.value(ServerProgram.all.first { $0.name == name }, of: word)
            case "--seeds": count = Self.value(words.popFirst().flatMap(UInt64.init), of: word)
            case "--from": first = Self.value(words.popFirst().flatMap(UInt64.init), of: word)
            case "--trace": showsTrace = true
            case "-h", "--help":
                print(Self.help)
                exitProcess(0)
            default: Self.fail("unknown option '\(word)'")
            }
        }
        seeds = first..<(first + count)
    }

    /// The words with which a seed is repeated in the same place.
    var place: String {
        switch store {
        case .memory: ""
        case .sqlite: "--store sqlite "
        case .redis: "--store redis --server \(server) "
        }
    }

    private static func value<Value>(_ value: Value?, of option: String) -> Value {
        guard let value else { fail("\(option) needs another value") }
        return value
    }

    private static func fail(_ why: String) -> Never {
        print("simulate: \(why)\n\n\(help)")
        exitProcess(2)
    }
}
