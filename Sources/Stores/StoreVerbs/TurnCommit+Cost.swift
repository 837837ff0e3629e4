public import Model

extension TurnCommit {
    /// ` for $0.0123`, as the log says it; empty if the CLI named no cost.
    public var costPhrase: String {
        guard let cost = usage?.cost else { return "" }
        let parts = (cost.microdollars + 50) / 100
        let fraction = String(parts % 10_000)
        return " for $\(parts / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
