// simulate [--seeds N] [--from SEED] [--trace]: lives of simulated towns, one a seed; a seed that fails is printed and
// repeats exactly with --from SEED --seeds 1 --trace.
import MemoryStore
import Model

hashDeterministically()
var seeds = 300
var first: UInt64 = 1
var showTrace = false
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    switch word {
    case "--seeds": seeds = words.popFirst().flatMap { Int($0) } ?? seeds
    case "--from": first = words.popFirst().flatMap { UInt64($0) } ?? first
    case "--trace": showTrace = true
    default:
        print("usage: simulate [--seeds N] [--from SEED] [--trace]")
        exitProcess(2)
    }
}

let clock = ContinuousClock()
let begun = clock.now
var turns = 0
var work = (done: 0, inVain: 0)
var failed: [UInt64] = []
for seed in first..<(first + UInt64(seeds)) {
    Scheduler.shared.begin(seed: seed)
    let world = World(seed: seed, store: MemoryStore())
    let flag = DoneFlag()
    Task.detached {
        await Scenario(world: world).run()
        flag.set()
    }
    if !Scheduler.shared.run(until: { flag.isSet }) {
        world.witness.violation("stuck: nothing can happen any more")
    }
    turns += world.witness.turns
    work.done += world.witness.work.done
    work.inVain += world.witness.work.inVain
    if !world.witness.violations.isEmpty {
        failed.append(seed)
        print("seed \(seed) FAILED after \(Scheduler.shared.steps) steps:")
        for violation in world.witness.violations.prefix(10) { print("  \(violation)") }
        print("  repeat with: simulate --from \(seed) --seeds 1 --trace")
    }
    if showTrace { for line in world.witness.trace { print(line) } }
    Scheduler.shared.finish()
}
let seconds = max((clock.now - begun).inSeconds, 0.000_001)
print("\(seeds) towns, \(turns) turns, \(Int(Double(turns) / seconds)) turns a second")
print("\(work.done) turns did their work to the end, \(work.inVain) of them in vain: their host died, or their link")
print("\(seeds - failed.count) passed, \(failed.count) failed")
exitProcess(failed.isEmpty ? 0 : 1)
