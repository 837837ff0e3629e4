import Model

/// What is known about a run so far, and how it becomes a result.
struct RunRecord: Sendable, Equatable {
    /// What a terminal event said.
    enum Terminal: Sendable, Equatable {
        case succeeded
        case failed(Failure)
    }

    /// The session that was to be continued.
    var wanted: HarnessSession?
    /// The session that the CLI named.
    var session: String?
    /// The final text.
    var reply = ""
    var terminal: Terminal?
    /// Cumulative figures of the session, where the CLI reports such.
    var totals: Usage?
    /// Figures of this run alone, where the CLI reports such.
    var spent: Usage?
    /// The model that answered, where the CLI says so.
    var model: String?
    var deniedTools: [String] = []
    /// The agent did something besides answering.
    var usedTools = false
    /// Lines that were not what the CLI usually prints.
    var strangeLines = 0
    /// The last of these, for a failure's message.
    var strangeText = ""

    init(wanted: HarnessSession?) { self.wanted = wanted }

    /// Keeps a line that is no event; the last 4 KiB of such text may tell why a run failed.
    mutating func keepStrange(_ line: [UInt8]) {
        guard !line.isEmpty else { return }
        strangeLines += 1
        strangeText += String(decoding: line.suffix(4096), as: UTF8.self) + "\n"
        if strangeText.utf8.count > 8192 {
            strangeText = String(decoding: strangeText.utf8.suffix(4096), as: UTF8.self)
        }
    }

    /// Notes the session's id; returns what to tell, which is nothing where it was known.
    mutating func begin(session id: String, cli: String) -> [Observation] {
        guard !id.isEmpty, session != id else { return [] }
        session = id
        var told: [Observation] = [.event(.session(id))]
        if let wanted, wanted.id != id {
            // A run that was not continued has other totals.
            self.wanted = nil
            told.append(
                .event(.notice("\(cli) did not continue session \(wanted.id); it began session \(id) instead.")))
        }
        return told
    }

    /// Notes the model that answers; the last one counts.
    mutating func answer(model: String?) {
        // A name, not a text: it is shown in lists.
        if let model, !model.isEmpty, model.utf8.count <= 100, model != "<synthetic>" { self.model = model }
    }

    /// Notes a tool that the agent was not allowed to use; returns what to tell.
    mutating func deny(_ tool: String) -> [Observation] {
        guard !deniedTools.contains(tool) else { return [] }
        deniedTools.append(tool)
        return [.event(.notice("The agent was not allowed to use \(tool)."))]
    }

    /// The result: our own reason first, then the terminal event, then how the process ended.
    ///
    /// - Parameters:
    ///   - other: the failure that the exit status and the error text stand for.
    ///   - now: the time from which a reset is counted that an answer names.
    func result(harness: String, reason: EndReason?, other: Failure?, now: Timestamp) -> HarnessResult {
        var result = HarnessResult(reply: reply)
        result.model = model
        switch (reason, terminal) {
        case (_, .succeeded): break
        // What we did for another reason does not undo what the CLI had said before.
        case (_, .failed(let failure)): result.failure = failure
        case (.cancelled, nil): result.failure = Failure(.crash, "The turn was interrupted.")
        case (.turnLimit(let limit), nil):
            let seconds = limit.components.seconds
            result.failure = Failure(.timeout, "The turn took longer than \(seconds) s and was ended.")
        case (.retries(let failure), nil): result.failure = failure
        case (.lingered, nil), (nil, nil): result.failure = other
        }
        // Some call it a success if their service answers with an error.
        if result.failure == nil, !usedTools { result.failure = FailureText.whole(reply, now: now) }
        let earlier = wanted?.totals ?? Usage()
        let newTotals = totals ?? spent.map { earlier + $0 } ?? earlier
        result.usage = spent ?? totals?.since(earlier)
        if let id = session ?? wanted?.id {
            result.session = HarnessSession(id: id, harness: harness, totals: newTotals)
        }
        return result
    }
}
