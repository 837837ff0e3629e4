#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Measured values of one kind.
struct Samples {
    private var values: [Double] = []

    var count: Int { values.count }

    mutating func add(_ value: Double) { values.append(value) }

    /// The value that this part of all values does not exceed; 0 of nothing.
    func quantile(_ part: Double) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
    }

    var p50: Double { quantile(0.5) }
    var p99: Double { quantile(0.99) }
}

/// One result, printed as a line of JSON.
struct Figure {
    /// What the bar limits, and to which side it is open.
    enum Bar {
        case ratioAtMost(Double)
        case ratioAtLeast(Double)
        case valueBelow(Double)
    }

    var name: String
    var unit: String
    var value: Double
    var baseline: Double?
    /// Nil for what only explains another figure.
    var bar: Bar?
    var samples: Samples

    var ratio: Double? { baseline.map { value / $0 } }

    private var isHeld: Bool {
        switch bar {
        case .ratioAtMost(let limit): ratio.map { $0 <= limit } ?? false
        case .ratioAtLeast(let limit): ratio.map { $0 >= limit } ?? false
        case .valueBelow(let limit): value < limit
        case nil: true
        }
    }

    private var limit: Double? {
        switch bar {
        case .ratioAtMost(let limit), .ratioAtLeast(let limit), .valueBelow(let limit): limit
        case nil: nil
        }
    }

    func show() {
        let line = """
            {"name":"\(name)","unit":"\(unit)","value":\(Self.text(value)),"baseline":\(Self.text(baseline)),\
            "ratio":\(Self.text(ratio)),"bar":\(Self.text(limit)),"ok":\(isHeld),"n":\(samples.count),\
            "min":\(Self.text(samples.quantile(0))),"p50":\(Self.text(samples.p50)),"p99":\(Self.text(samples.p99))}

            """
        _ = line.withCString { write(1, $0, strlen($0)) }
    }

    private static func text(_ number: Double?) -> String {
        guard let number, number.isFinite else { return "null" }
        return "\((number * 1000).rounded() / 1000)"
    }
}
