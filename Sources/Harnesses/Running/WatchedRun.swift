import Concurrency
import Model
import Processes

/// A child that runs a turn, with everything that watches it: readers, timers, and the one loop that decides.
struct WatchedRun: Sendable {
    /// How it went, once nothing of it is left.
    struct Outcome: Sendable {
        var transcript: any Transcript
        var reason: EndReason?
        var exit: ChildExit
        /// The last 64 KiB of the error output.
        var errors: String
    }

    let child: ChildProcess
    /// The child's, which has adopted what the child started.
    let keeper: Keeper?
    let request: TurnRequest
    let isStructured: Bool
    let transcript: any Transcript

    /// What the loop is told.
    enum Tick: Sendable {
        case output
        case observed(Observation)
        /// The alarm with its number.
        case due(TurnTimer, Int)
        case cancelled
        case exited
        /// Nothing of the turn runs any more.
        case cleared
    }

    /// Watches the child to its end, and ends it where it must. Cancelling the task ends it in steps.
    func outcome(clock: any Clock<Duration>) async -> Outcome {
        let (ticks, tell) = AsyncStream.makeStream(of: Tick.self)
        return await withTaskCancellationHandler {
            // A task of its own, because what follows a cancellation has to be waited for.
            await Task { await watch(ticks, tell, clock: clock) }.value
        } onCancel: {
            tell.yield(.cancelled)
        }
    }

    private func watch(
        _ ticks: AsyncStream<Tick>, _ tell: AsyncStream<Tick>.Continuation, clock: some Clock<Duration>
    ) async -> Outcome {
        let output = Task { await readOutput(tell) }
        let errors = Task { await readErrors(tell) }
        let exit = Task {
            let status = await child.exit
            tell.yield(.exited)
            return status
        }
        var control = RunControl(limits: request.limits, isStructured: isStructured, clock: clock, tell: tell)
        var clearing: Task<Void, Never>?
        // Whatever is told while the tree is being ended no longer changes why.
        loop: for await tick in ticks {
            for event in control.take(tick) { request.emit(event) }
            if case .cleared = tick { break loop }
            if control.mustClear, clearing == nil {
                clearing = Task {
                    let report = await ProcessTree.terminate(
                        child.identity, marker: marker, keeper: keeper, grace: request.limits.grace, clock: clock)
                    if !report.survivors.isEmpty {
                        let list = report.survivors.map(\.description).joined(separator: ", ")
                        request.emit(.notice("These processes of the turn could not be ended: \(list)."))
                    }
                    tell.yield(.cleared)
                }
            }
        }
        control.stopTimers()
        // Everybody who could write is gone; what is in the pipes is read to its end.
        child.finishOutput()
        let status = await exit.value
        let transcript = await output.value
        return Outcome(
            transcript: transcript, reason: control.reason, exit: Self.childExit(status), errors: await errors.value)
    }

    /// What every process of the turn has in its environment.
    private var marker: String? { request.environment["TINYTOWN_TURN"].map { "TINYTOWN_TURN=\($0)" } }

    private func readOutput(_ tell: AsyncStream<Tick>.Continuation) async -> any Transcript {
        var transcript = transcript
        var framer = LineFramer()
        guard let output = child.output else { return transcript }
        for await chunk in output {
            tell.yield(.output)
            request.emit(.raw(chunk))
            for line in framer.append(chunk) { take(line, &transcript, tell) }
        }
        if let last = framer.finish() { take(last, &transcript, tell) }
        if framer.skippedLines > 0 {
            request.emit(.notice("\(framer.skippedLines) lines of output were too long and were left out."))
        }
        return transcript
    }

    private func take(_ line: [UInt8], _ transcript: inout any Transcript, _ tell: AsyncStream<Tick>.Continuation) {
        // Programs that think of other systems end lines with both characters.
        let line = line.last == 0x0D ? Array(line.dropLast()) : line
        for observation in transcript.take(line) {
            if case .event(let event) = observation { request.emit(event) }
            tell.yield(.observed(observation))
        }
    }

    private func readErrors(_ tell: AsyncStream<Tick>.Continuation) async -> String {
        var tail: [UInt8] = []
        guard let errors = child.errors else { return "" }
        for await chunk in errors {
            tell.yield(.output)
            request.emit(.raw(chunk))
            tail += chunk
            if tail.count > 2 * Self.errorTail { tail.removeFirst(tail.count - Self.errorTail) }
        }
        return String(decoding: tail.suffix(Self.errorTail), as: UTF8.self)
    }

    private static let errorTail = 1 << 16

    private static func childExit(_ status: ExitStatus) -> ChildExit {
        switch status {
        case .exited(let code): .code(code)
        case .signalled(let signal): .signal(signal.rawValue)
        case .unknown: .code(255)
        }
    }
}
