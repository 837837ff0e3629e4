import Concurrency
import Configuration
import Model
import Operations

/// Removes old messages and events, once a day.
struct TidyService: Service {
    let town: OpenTown
    let log: @Sendable (String) -> Void

    var name: String { "tidying" }

    func start() -> Work? {
        { stopping in try await stopping.interrupting { await tidyDaily() } }
    }

    private func tidyDaily() async {
        let retention = Retention(doneMessages: town.configuration.keepDone, events: town.configuration.keepEvents)
        repeat {
            do { try await town.store.tidy(retention, now: town.time.now()) } catch {
                log("old messages and events could not be removed: \(error)")
            }
        } while (try? await town.time.sleep(for: .seconds(86_400))) != nil
    }
}
