// simulate [--store memory|sqlite|redis] [--server NAME] [--seeds N] [--from SEED] [--trace]: lives of simulated towns;
// see Options.
import Model
import RedisServers
import TestSupport

hashDeterministically()
let options = Options(CommandLine.arguments.dropFirst())
let clock = ContinuousClock()
let begun = clock.now
var turns = 0
var work = (done: 0, inVain: 0)
var failed: [UInt64] = []
// Before anything is made that runs beside the simulation.
_ = Scheduler.shared
let source: StoreSource
do { source = try StoreSource(options.store, server: options.server) } catch {
    print("simulate: no store: \(error)")
    exitProcess(1)
}

/// One life, from beginning to end.
func live(_ seed: UInt64, in stores: TownStores) -> Witness {
    Scheduler.shared.begin(seed: seed)
    let world = World(seed: seed, stores: stores)
    let flag = DoneFlag()
    Task.detached {
        await Scenario(world: world).run()
        flag.set()
    }
    if !Scheduler.shared.run(until: { flag.isSet }) {
        world.witness.violation("stuck: nothing can happen any more")
    }
    return world.witness
}

for seed in options.seeds {
    let (stores, folder): (TownStores, ScratchFolder?)
    do { (stores, folder) = try source.town(seed) } catch {
        print("simulate: no store: \(error)")
        exitProcess(1)
    }
    let witness = live(seed, in: stores)
    turns += witness.turns
    work.done += witness.work.done
    work.inVain += witness.work.inVain
    let steps = Scheduler.shared.steps
    Scheduler.shared.finish()
    stores.close()
    withExtendedLifetime(folder) {}
    if options.store != .memory {
        let model = live(seed, in: try source.model())
        Scheduler.shared.finish()
        witness.compare(with: model)
        try source.empty()
    }
    if !witness.violations.isEmpty {
        failed.append(seed)
        print("seed \(seed) FAILED after \(steps) steps:")
        for violation in witness.violations.prefix(10) { print("  \(violation)") }
        print("  repeat with: simulate \(options.place)--from \(seed) --seeds 1 --trace")
        showOutput()
    }
    if options.showsTrace { for line in witness.trace { print(line) } }
}
source.end()
let seconds = max((clock.now - begun).inSeconds, 0.000_001)
print("\(options.seeds.count) towns, \(turns) turns, \(Int(Double(turns) / seconds)) turns a second")
print("\(work.done) turns did their work to the end, \(work.inVain) of them in vain: their host died, or their link")
print("\(options.seeds.count - failed.count) passed, \(failed.count) failed")
exitProcess(failed.isEmpty ? 0 : 1)
