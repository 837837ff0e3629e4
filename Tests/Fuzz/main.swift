// fuzz [--inputs N] [--seed S] [--from I] [--only READER] [--verbose]: gives mutated inputs to everything that reads what
// others wrote. Each input follows from the seed and its number. A trap ends the program; the last line names the batch,
// which repeats with --seed S --from I --inputs 1000 --verbose.
import Files
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

var inputs = 20_000
var seed: UInt64 = 1
var first = 0
var only: String?
var isVerbose = false
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    switch word {
    case "--inputs": inputs = words.popFirst().flatMap { Int($0) } ?? inputs
    case "--seed": seed = words.popFirst().flatMap { UInt64($0) } ?? seed
    case "--from": first = words.popFirst().flatMap { Int($0) } ?? first
    case "--only": only = words.popFirst()
    case "--verbose": isVerbose = true
    default:
        print("usage: fuzz [--inputs N] [--seed S] [--from I] [--only READER] [--verbose]")
        exit(2)
    }
}

var template = Array("/tmp/tt-fuzz-XXXXXX".utf8CString)
guard let made = mkdtemp(&template) else {
    print("no folder can be made in /tmp")
    exit(1)
}
let folder = String(cString: made)
let database = try await DatabaseReader(folder: folder)
let readers = Reader.all.filter { only == nil || $0.name == only }
// A database takes a hundred times as long as a text.
let databaseEvery = only == "database" ? 1 : only == nil ? 200 : Int.max
let clock = ContinuousClock()
let begun = clock.now
var counts: [String: Int] = [:]
var slow = 0
for number in first..<(first + inputs) {
    if number.isMultiple(of: 1000) || number == first {
        print("inputs from \(number), seed \(seed)")
        fflush(nil)
    }
    var mutator = Mutator(seed: seed &+ UInt64(number) &* 0x1_0000_0001)
    let started = clock.now
    if number % databaseEvery == 0 {
        if isVerbose { print("\(number) database"); fflush(nil) }
        await database.read(&mutator, number: number)
        counts["database", default: 0] += 1
    } else if !readers.isEmpty {
        let reader = readers[number % readers.count]
        let bytes = mutator.input(reader.samples)
        if isVerbose {
            print("\(number) \(reader.name) \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            fflush(nil)
        }
        reader.read(bytes, &mutator)
        counts[reader.name, default: 0] += 1
    }
    if clock.now - started > .seconds(5) {
        slow += 1
        print("input \(number) took \((clock.now - started).inSeconds) s")
    }
}
Files.remove(folder)
let parts = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
print("\(inputs) inputs in \(Int((clock.now - begun).inSeconds)) s, 0 crashes, \(slow) too slow: \(parts)")
exit(slow == 0 ? 0 : 1)
