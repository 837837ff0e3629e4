public import Model

extension TurnCommit {
    /// ` for $0.0123`, as the log says it; empty if the CLI named no cost.
    public var costPhrase: String {
        guard let amount = usage?.costUSD else { return "" }
        let parts = Int64(exactly: (Figure.double(amount, in: Figure.money) * 10_000).rounded()) ?? 0
        let fraction = String(parts % 10_000)
        return " for $\(parts / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
