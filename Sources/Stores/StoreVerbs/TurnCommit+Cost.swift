public import Model

extension TurnCommit {
    /// `$0.0123`, as the log says it; nil if the CLI named no cost.
    public var costText: String? {
        guard let cost = usage?.cost else { return nil }
        let parts = (cost.microdollars + 50) / 100
        let fraction = String(parts % 10_000)
        return "$\(parts / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }

    /// How long it is until the next turn; nil where that is for a person to say.
    public func pauseText(_ verdict: FailureVerdict) -> String? {
        guard let retryAt = verdict.retryAt, verdict.pause == nil else { return nil }
        return max(retryAt - now, .zero).phrase
    }
}

extension Host {
    /// What the log says of its start.
    public var startFacts: Facts {
        [.foreground: Facts.flag(isForeground), .process: String(pid)]
    }
}
