// torment [--store sqlite|redis] [--server NAME] [--kills N] [--seed N]: kills processes that follow a town's log, write
// events and hold leases, and then counts what they did. It starts itself as those: torment PART STORE PLACE.
import Concurrency

let words = Array(CommandLine.arguments.dropFirst())
if words.count == 3, let part = Part(rawValue: words[0]) {
    endWithParent()
    do {
        try await part.play(in: try await Reach(words: Array(words[1...])).open(), noting: words[2])
    } catch { say("torment \(part): \(error)\n", to: 2) }
    exitProcess(1)
}
do {
    let settings = try Settings(words)
    exitProcess(try await Torment(settings).run() ? 0 : 1)
} catch {
    say("torment: \(error)\n", to: 2)
    exitProcess(2)
}
