import Concurrency
import Model
import Operations
import Synchronization
import Terminal
import Towns

/// Draws the status again whenever the town changes, until a signal or a reader that went away ends it.
///
/// The store tells when to read; nothing is polled. Between two readings at least `pace` passes, so that a busy town
/// is not read all the time. Times that grow are drawn anew from what was read, once a second while there are any.
struct StatusWatch {
    let town: OpenTown
    let context: CommandContext
    let deep: Bool
    let tasks: Bool
    let all: Bool
    private let pace = Duration.milliseconds(100)

    init(town: OpenTown, context: CommandContext, deep: Bool, tasks: Bool, all: Bool) {
        self.all = all
        self.town = town
        self.context = context
        self.deep = deep
        self.tasks = tasks
    }

    func run() async throws {
        let shutdown = Shutdown()
        try await shutdown.guarding { [self] in try await draw(until: shutdown) }
    }

    /// What happened since it was looked at last.
    private final class News: Sendable {
        enum Kind: Sendable { case changed, redraw, ended }

        private let kinds = Mutex<Set<Kind>>([])
        private let ring: AsyncStream<Void>.Continuation
        let rings: AsyncStream<Void>

        init() { (rings, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

        func add(_ kind: Kind) {
            _ = kinds.withLock { $0.insert(kind) }
            ring.yield()
        }

        func take() -> Set<Kind> {
            kinds.withLock { kinds in
                defer { kinds = [] }
                return kinds
            }
        }
    }

    private func draw(until shutdown: Shutdown) async throws {
        let news = News()
        let (changes, stopping) = (try await town.store.changes(), shutdown.ending.stream)
        let resizes = SignalSource([.windowChanged])
        let isScreen = !context.wantsJSON
        var listeners = [
            Task {
                for await _ in changes { news.add(.changed) }
                news.add(.ended)
            },
            Task {
                for await _ in stopping {}
                news.add(.ended)
            },
        ]
        if isScreen {
            listeners.append(Task { for await _ in resizes.signals { news.add(.redraw) } })
            context.console.write(LiveScreen.enter)
        }
        defer {
            if isScreen { context.console.write(LiveScreen.leave) }
            for listener in listeners { listener.cancel() }
            resizes.cancel()
        }
        var report = try await read()
        var bells = news.rings.makeAsyncIterator()
        while try show(report) {
            let tick = isScreen && report.isTicking ? nextTick(news) : nil
            _ = await bells.next()
            tick?.cancel()
            let kinds = news.take()
            if kinds.contains(.ended) { return }
            if kinds.contains(.changed) {
                // Bursts end in one reading; what changes after it rings once more.
                try await town.time.sleep(for: pace)
                report = try await read()
            }
        }
    }

    private func read() async throws -> StatusReport {
        try await StatusReport.read(
            town, context, deep: deep, tasks: tasks, dayBegan: context.zone.dayBegan(town.time.now()))
    }

    private func nextTick(_ news: News) -> Task<Void, Never> {
        let time = town.time
        return Task { if (try? await time.sleep(for: .seconds(1))) != nil { news.add(.redraw) } }
    }

    /// - Returns: false where nobody looks any more.
    private func show(_ report: StatusReport) throws -> Bool {
        if context.wantsJSON { return context.console.write(try JSONText.line(report) + "\n") }
        let size = context.console.size
        let now = town.time.now()
        let head = "\(context.zone.dateAndClock(now)) \(context.zone.name(at: now)) · Ctrl-C ends"
        let layout = StatusLayout(
            width: size.columns - 1, rows: all || deep ? nil : size.rows - 2, zone: context.zone)
        let lines = [StyledText(head, .faint), StyledText()] + report.lines(now: now, layout: layout)
        return context.console.write(
            LiveScreen.frame(lines, columns: size.columns, rows: size.rows, style: context.style))
    }
}
